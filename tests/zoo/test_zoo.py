"""The zoo: every entry is proved to be what it says, its certificate is accepted, and the page is up to date."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from scipy.special import expit, ndtr

import lossproof as lp
from lossproof.certificates.claims.critical_kinds import KIND_WORDS
from lossproof.certificates.zoo import complete
from lossproof.numerics.complete.search import TreeBudget
from lossproof.theory.problem.numbers import Combination

NAMES = [entry.name for entry in lp.zoo_entries()]
MINIMA = ("strict-minimum", "local-minimum")


@pytest.fixture(scope="module")
def proofs():
    return {name: lp.prove_entry(name) for name in NAMES}


def number(value):
    """The exact number in mpmath, by its own arithmetic."""
    if not isinstance(value, Combination):
        return mpmath.mpf(value.numerator) / value.denominator
    return number(value.rational) + sum((number(q) * mpmath.log(number(c.argument)) for c, q in value.terms), mpmath.mpf(0))


def layers_of(weights):
    return [
        (np.array([[number(x) for x in row] for row in layer.W], dtype=object), np.array([number(x) for x in layer.b]))
        for layer in weights.layers
    ]


_FLOAT = {
    "tanh": np.tanh,
    "sigmoid": expit,
    "identity": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "power:2": np.square,
    "leaky-relu:1/10": lambda z: np.where(z > 0, z, z / 10),
    "softplus": lambda z: np.logaddexp(0, z),
    "gelu": lambda z: z * ndtr(z),
    "silu": lambda z: z * expit(z),
    "arctan": np.arctan,
    "sin": np.sin,
}
_ERROR = {
    "squared": lambda phi, y: (phi - y) ** 2 / 2,
    "cauchy:1": lambda phi, y: np.log1p((phi - y) ** 2),
    "logistic": lambda phi, y: np.logaddexp(0, phi) - y * phi,
}


def float_loss(entry, layers):
    """The loss in doubles, written out once more."""
    problem = entry.problem
    phi = np.array(problem.samples.X, dtype=float)
    for l, (W, b) in enumerate(layers, start=1):
        activation = problem.architecture.activation_of(l).name
        phi = _FLOAT[activation](phi @ W + b)
    squares = sum((W**2).sum() + (b**2).sum() for W, b in layers)
    errors = _ERROR[problem.error.name](phi, np.array(problem.samples.Y, dtype=float)).sum(axis=1)
    return float(np.mean(errors)) + float(Fraction(entry.weight_decay)) * float(squares) / 2


def float_layers(weights):
    return [(W.astype(float), b.astype(float)) for W, b in layers_of(weights)]


def moved(entry, layers, direction, t):
    """The layers moved by ``t`` times a direction given in the order of the rows of P."""
    place, bias, result = 0, entry.problem.architecture.bias == "trainable", []
    for W, b in layers:
        block = np.array(direction[place : place + (len(W) + bias) * len(b)], dtype=float).reshape(len(b), len(W) + bias)
        place += block.size
        result.append((W + t * block[:, : len(W)].T, b + t * block[:, -1] if bias else b))
    return result


@pytest.mark.parametrize("name", NAMES)
def test_what_the_entry_says_is_proved(proofs, name):
    proof = proofs[name]
    assert proof.differences == ()
    assert len(proof.points) == len(proof.entry.points)
    for point, (claim, bad) in zip(proof.entry.points, proof.points, strict=True):
        assert claim.facts["kind"] == point.kind
        assert point.kind in KIND_WORDS
        assert (bad is not None) == point.suboptimal


@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_accepts_the_certificate(proofs, name):
    proof = proofs[name]
    verification = lp.verify(proof.certificate.text)
    assert verification.ok, verification.failures
    accepted = {tuple(step.conclusion[key] for key in ("statement", "at", "verdict")) for step in verification.claims}
    decided = [claim for claim in proof.report if claim.verdict is not lp.Verdict.UNDECIDED]
    assert {(claim.id, proof.report.numbering.name(claim.place), claim.verdict.value) for claim in decided} <= accepted


BY_THEOREM = {
    "xor-2-1-1": ("REFUTED", "parallelogram"), "xor-2-2-1": ("PROVED", "parallelogram"), "xor-2-3-1": ("PROVED", "parallelogram"),
    "xor-2-2-1-sigmoid": ("PROVED", "parallelogram"), "linear-2": ("PROVED", "independent-samples"),
    "linear-3": ("PROVED", "laurent-von-brecht-2018"), "linear-4": ("PROVED", "laurent-von-brecht-2018"),
    "decay-one-minimum": ("PROVED", "complete-list"), "decay-two-units": ("PROVED", "complete-list"), "decay-two-weights": ("PROVED", "complete-list"),
}  # fmt: skip
"""Entries without a bad minimum among their points, whose conclusion a theorem about the whole landscape, or a complete list, gives."""


@pytest.mark.parametrize("name", NAMES)
def test_bad_minima_or_theorems_decide_the_conclusion(proofs, name):
    proof = proofs[name]
    bad = any(point.suboptimal for point in proof.entry.points)
    expected = "REFUTED" if bad else "PROVED" if proof.entry.theorem else BY_THEOREM.get(name, ("UNDECIDED", ""))[0]
    assert proof.conclusion.verdict.value == expected
    if not bad and name in BY_THEOREM:
        assert BY_THEOREM[name][1] in [claim.id for claim in proof.conclusion.premises]


@pytest.mark.parametrize("name", NAMES)
def test_losses_hold_the_value_in_doubles(proofs, name):
    proof = proofs[name]
    for weights, (claim, _) in zip(proof.entry.weights, proof.points, strict=True):
        value = float_loss(proof.entry, float_layers(weights))
        assert float(claim.facts["loss_lower"]) - 1e-9 <= value <= float(claim.facts["loss_upper"]) + 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_no_random_step_leads_down_from_a_minimum(proofs, name):
    proof, random = proofs[name], np.random.default_rng(0)
    for weights, point in zip(proof.entry.weights, proof.entry.points, strict=True):
        if point.kind not in (*MINIMA, "global"):
            continue
        layers = float_layers(weights)
        here = float_loss(proof.entry, layers)
        for size in (1e-4, 1e-3):
            for _ in range(50):
                step = random.normal(size=proof.entry.problem.architecture.N_net)
                scale = size * min(1.0, min(float(np.min(np.abs(W[W != 0]), initial=1.0)) for W, _ in layers))
                assert float_loss(proof.entry, moved(proof.entry, layers, step, scale)) > here - 1e-13


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_falls_along_the_proved_curves(proofs, name):
    proof = proofs[name]
    for weights, (claim, _) in zip(proof.entry.weights, proof.points, strict=True):
        if claim.facts["kind"] != "higher-order-descent":
            continue
        evidence = next(premise for premise in claim.premises if premise.id == "higher-order-descent").evidence
        layers = float_layers(weights)
        here, moving = float_loss(proof.entry, layers), layers
        t = 0.02
        for k, vector in evidence["curve"]:
            moving = moved(proof.entry, moving, [float(Fraction(x)) for x in vector], t**k)
        fall = (float_loss(proof.entry, moving) - here) / t ** evidence["order"]
        assert fall < float(Fraction(evidence["coefficient"]))


@pytest.mark.parametrize("name", ["xor-2-1-1", "xor-2-2-1", "xor-2-2-1-sigmoid"])
def test_xor_saddles_are_minima_on_every_line(proofs, name):
    proof, random = proofs[name], np.random.default_rng(1)
    n = proof.entry.problem.architecture.N_net
    hidden = proof.entry.problem.architecture.fan_in(1) * proof.entry.problem.architecture.widths[1]
    for weights in proof.entry.weights[:2]:
        layers = float_layers(weights)
        for _ in range(100):
            step = random.normal(size=n)
            assert float_loss(proof.entry, moved(proof.entry, layers, step, 1e-3)) > 1 / 8
            step[hidden:] = 0
            assert float_loss(proof.entry, moved(proof.entry, layers, step, 1e-3)) == 1 / 8


def test_a_straight_line_descends_with_three_hidden_units(proofs):
    claim, _ = proofs["xor-2-3-1"].points[0]
    evidence = next(premise for premise in claim.premises if premise.id == "higher-order-descent").evidence
    assert evidence["order"] == 3
    assert [k for k, _ in evidence["curve"]] == [1]


def test_exact_learners_in_closed_form():
    log = sympy.log(3)
    for name in ("xor-2-2-1", "constant-5"):
        entry = lp.zoo_entry(name)
        (W, b), (V, c) = [([list(row) for row in layer.W], list(layer.b)) for layer in entry.weights[-1].layers]

        def exact(x):
            if not isinstance(x, Combination):
                return sympy.Rational(x.numerator, x.denominator)
            return sum((sympy.Rational(q.numerator, q.denominator) * log for _, q in x.terms), sympy.Rational(0))

        for x, y in zip(entry.problem.samples.X, entry.problem.samples.Y, strict=True):
            z = [sum(exact(x[i]) * exact(W[i][j]) for i in range(len(x))) + exact(b[j]) for j in range(len(b))]
            output = sum(sympy.simplify(sympy.tanh(z[j]).rewrite(sympy.exp)) * exact(V[j][0]) for j in range(len(b))) + exact(c[0])
            assert sympy.simplify(output - exact(y[0])) == 0


@pytest.mark.parametrize(
    ("name", "per_axis", "axes"), [("auer-2", 2, 1), ("auer-3", 3, 1), ("auer-4", 4, 1), ("auer-product-4", 2, 2), ("auer-product-9", 3, 2)]
)
def test_auer_counts(proofs, name, per_axis, axes):
    proof = proofs[name]
    assert per_axis * axes == proof.entry.problem.T
    assert len(proof.points) == per_axis**axes
    if axes == 2:
        assert 4 * len(proof.points) == proof.entry.problem.T**2
    assert sum(bad is not None for _, bad in proof.points) == per_axis**axes - 1


@pytest.mark.parametrize("name", [e.name for e in lp.zoo_entries() if sum(p.kind == "strict-minimum" for p in e.points) > 1])
def test_strict_minima_are_distinct_and_their_losses_too(proofs, name):
    proof = proofs[name]
    strict = [
        (claim, weights)
        for (claim, _), weights in zip(proof.points, proof.entry.weights, strict=True)
        if claim.facts["kind"] == "strict-minimum"
    ]
    for (first, u), (second, v) in itertools.combinations(strict, 2):
        apart = max(abs(x - y) for (A, a), (B, b) in zip(_flat(u), _flat(v), strict=True) for x, y in zip(A + a, B + b, strict=True))
        assert apart > first.facts["radius"] + second.facts["radius"]
        low, high = sorted((first.facts, second.facts), key=lambda facts: facts["loss_lower"])
        assert low["loss_upper"] < high["loss_lower"]


def _flat(weights):
    return [([x for row in layer.W for x in row], list(layer.b)) for layer in weights.layers]


@pytest.mark.parametrize("name", ["two-steps", "four-steps"])
def test_the_staircases_are_overdetermined(proofs, name):
    problem = proofs[name].entry.problem
    assert problem.architecture.N_net < problem.T
    assert sum(claim.facts["kind"] == "strict-minimum" for claim, _ in proofs[name].points) >= 2


@pytest.mark.parametrize(("name", "inside"), [("fukumizu-amari-inside", True), ("fukumizu-amari-beyond", False)])
def test_signs_on_both_parts_of_the_line(proofs, name, inside):
    proof = proofs[name]
    seen = set()
    for weights, (claim, bad) in zip(proof.entry.weights[:-1], proof.points[:-1], strict=True):
        outgoing = [row[0] for row in weights.layers[1].W]
        share = outgoing[0] / sum(outgoing)
        minimum = (0 < share < 1) == inside
        inertia = claim.facts["inertia"]
        assert (inertia["negative"], inertia["zero"], inertia["positive"]) == ((0, 1, 6) if minimum else (2, 1, 4))
        assert (bad is not None) == minimum
        seen.add(minimum)
    assert seen == {True, False}


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("constant-")])
def test_bad_minima_at_any_width(proofs, name):
    proof = proofs[name]
    bad, other = proof.points
    width = proof.entry.problem.architecture.widths[1]
    assert bad[0].facts["inertia"] == {"negative": 0, "zero": 2 * width, "positive": width + 1, "undecided": 0}
    assert bad[0].facts["loss_lower"] == bad[0].facts["loss_upper"] == 1
    assert other[0].facts["loss_upper"] == 0 or width == 1


@pytest.mark.parametrize("name", ["relu-valleys", "leaky-valleys"])
def test_relu_minima_are_proved_up_to_scaling(proofs, name):
    for claim, _ in proofs[name].points:
        stationary = next(premise for premise in claim.premises if premise.id == "stationary")
        assert stationary.facts["dimension"] == 1
        assert claim.facts["inertia"]["zero"] == 1


@pytest.mark.parametrize(("name", "order"), [("linear-3", 3), ("linear-4", 4)])
def test_deep_linear_networks_have_a_zero_hessian(proofs, name, order):
    claim, _ = proofs[name].points[0]
    n = proofs[name].entry.problem.architecture.N_net
    assert claim.facts["inertia"] == {"negative": 0, "zero": n, "positive": 0, "undecided": 0}
    assert next(premise for premise in claim.premises if premise.id == "higher-order-descent").facts["order"] == order


@pytest.mark.parametrize("name", ["separable-neuron", "separable-logistic"])
def test_a_tiny_gradient_is_no_critical_point(proofs, name):
    entry = proofs[name].entry
    (W, _), *_ = layers_of(entry.weights[0])
    with mpmath.workdps(60):

        def loss(w):
            total = mpmath.mpf(0)
            for (x,), (y,) in zip(entry.problem.samples.X, entry.problem.samples.Y, strict=True):
                z = w * number(x)
                total += (
                    mpmath.log(1 + mpmath.exp(z)) - y * z if entry.error == "logistic" else (1 / (1 + mpmath.exp(-z)) - number(y)) ** 2 / 2
                )
            return total / 4

        slope = mpmath.diff(loss, W[0, 0])
    assert -1e-18 < slope < 0
    claim, _ = proofs[name].points[0]
    assert claim.verdict is lp.Verdict.REFUTED


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("auer-2", 3), ("auer-3", 5), ("auer-4", 7), ("auer-product-4", 9), ("auer-product-9", 25), ("neuron-with-bias", 3), ("separable-minima", 3),
        ("decay-three-minima", 6), ("decay-one-minimum", 2), ("phase-retrieval", 5), ("decay-two-units", 3), ("decay-two-weights", 2), ("decay-neuron", 3),
        ("square-unit", 3), ("decay-softplus-neuron", 3), ("decay-gelu-neuron", 5), ("decay-silu-neuron", 5), ("decay-arctan-neuron", 3),
        ("decay-sin-neuron", 7),
    ],
)  # fmt: skip
def test_lists_are_complete(proofs, name, count):
    proof = proofs[name]
    assert proof.complete.verdict == "PROVED"
    assert proof.complete.facts["points"] == len([claim for claim in proof.report if claim.id == "critical-point"]) == count
    assert proof.complete.facts["whole"]
    assert proof.complete.facts["attained"]
    assert proof.complete.facts["points"] - proof.complete.facts["no_minima"] == sum(
        p.kind in ("global", "strict-minimum", "local-minimum") for p in proof.entry.points
    )
    if proof.entry.weight_decay:
        assert len(proof.points) == count
    assert "All critical points" in str(proof)


def test_a_list_that_is_not_proved_or_has_other_minima_is_told(monkeypatch):
    entry = lp.zoo_entry("auer-2")
    assert lp.prove_entry(replace(entry, points=entry.points[:1])).differences == ("Minima that the entry lacks: 1.",)
    monkeypatch.setattr(complete, "TreeBudget", lambda: TreeBudget(0))
    proof = lp.prove_entry(entry)
    assert proof.complete.verdict == "UNDECIDED"
    assert proof.differences == ("The list of critical points was to be complete, and this is not proved.",)
    assert "All critical points are" not in str(proof)


def test_differences_are_told():
    entry = lp.zoo_entry("auer-2")
    wrong = replace(entry, points=(replace(entry.points[0], kind="saddle", suboptimal=True), entry.points[1]), theorem="no-critical-point")
    assert lp.prove_entry(wrong).differences == (
        "Point 0 was to be saddle, proved is strict-minimum.",
        "Point 0 was to be suboptimal, and this is not proved.",
        "The landscape was to have the theorem no-critical-point, proved is none.",
    )
    assert "DIFFERENT" in str(lp.prove_entry(wrong))


def test_a_point_that_is_not_proved_is_said():
    entry = lp.zoo_entry("auer-2")
    lost = replace(entry.points[0], layers=((((Fraction(1, 3),),), None),))
    proof = lp.prove_entry(replace(entry, points=(lost, entry.points[1])))
    assert proof.differences[0] == "Point 0 was to be strict-minimum, proved is not-critical."


def test_names_and_unknown_ones():
    assert len(set(NAMES)) == len(NAMES) == 41
    assert lp.zoo_entry("Auer_2").name == "auer-2"
    with pytest.raises(lp.InputError, match="did you mean 'dead-relu'"):
        lp.prove_entry("dead-rleu")
