"""Weight decay in the kernel: J with the penalty by twins, and nothing that is true of the mean error alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from cases.curvature_cases import NETWORKS, moved, network
from cases.kernel_cases import CASES
from cases.kernel_cases_critical import family
from cases.kernel_cases_decay import decayed_logits, ridge, turned_fit
from cases.kernel_draft import Draft, layer
from cases.kernel_twin import rational
from flint import arb, fmpq

from lossproof.certificates.kernel import check
from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.network import curvature, passes
from lossproof.certificates.kernel.network.errors import losses
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules import reasons
from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.theory.problem.decay import Decay

RATES = (
    (Fraction(1, 3), Fraction(0)),
    (Fraction(2, 7), Fraction(1, 100)),
    (Fraction(0), Fraction(5)),
    (Fraction(1, 10**9), Fraction(10**6)),
)
OF_THE_NETWORK = {
    "full-rank", "identifiable", "principle-weights", "khatri-rao", "projection", "wide-layer", "one-hidden-layer", "principles-suffice", "singular-value",
    "differentiable", "exact-learner", "exact-learning", "robust-targets", "count", "principle-activation", "principle-error", "principle-morse",
    "principle-widths", "ggn-semidefinite", "never-everywhere", "manifold", "distance",
}  # fmt: skip


OF_THE_SUM = {"loss-bounds", "no-minimum-nearby", "hessian-spectrum", "escape"}
"""Inequalities that may hold of the sum as well, at weights where they hold of the mean error: they are computed anew."""


def decayed(problem):
    """The problem with a penalty of other rates in each layer."""
    return replace(problem, decay=Decay(RATES[: problem.architecture.L]))


def told(problem, weights):
    known = read_problem(encode_problem(problem))
    return known, passes.Box(*read_points([encode_point(weights)], known))


def flat(known, point):
    return [x for W, b in point.layers for column in zip(*W, b, strict=True) for x in column]


def rates_of(known):
    """A rate for each trainable weight, by plain loops."""
    return [
        rate
        for l, (weight, bias) in enumerate(known.decay)
        for _ in range(known.widths[l + 1])
        for rate in (*[weight] * known.widths[l], bias)
    ]


@pytest.mark.parametrize("activation", ["softsign", "power:3", "identity"])
def test_gradient_hessian_and_loss_differ_by_the_penalty_exactly(activation):
    for widths in ("1-1", "2-3-2-2"):
        problem, weights = network(widths, activation, "squared")
        plain, box = told(problem, weights)
        known, _ = told(decayed(problem), weights)
        ring, rates, w, N = FormalRing(Work()), rates_of(known), flat(known, box.point), known.N_net
        difference = passes.gradient(ring, known, box) - passes.gradient(ring, plain, box)
        assert list(difference) == [known.T * rate * x for rate, x in zip(rates, w, strict=True)]
        H = passes.hessian(ring, known, box, list(range(N))) - passes.hessian(ring, plain, box, list(range(N)))
        assert H.tolist() == [[known.T * rate if k == m else fmpq(0) for m in range(N)] for k, rate in enumerate(rates)]
        assert passes.penalty(ring, known, box) == sum(rate * x * x for rate, x in zip(rates, w, strict=True)) / 2
        assert all(passes.gradient_component(ring, known, box, k) == g for k, g in enumerate(passes.gradient(ring, known, box)))


@pytest.mark.parametrize(("widths", "error"), NETWORKS)
def test_the_hessian_in_doubles_is_as_near_to_the_one_in_balls_as_it_says(widths, error):
    problem, weights = network(widths, "tanh", error)
    known, box = told(decayed(problem), weights)
    radius = Fraction(1, 2**20)
    N = known.N_net
    with ball_precision(80), np.errstate(all="ignore"):
        found, spread = curvature.hessian(Work(), known, passes.Box(box.point, fmpq(1, 2**20)), range(N))
        middle, _ = curvature.hessian(Work(), told(problem, weights)[0], passes.Box(box.point, fmpq(1, 2**20)), range(N))
    _, corner = told(decayed(problem), moved(weights, radius, 3))
    with ball_precision(160):
        exact = passes.hessian(BallRing(Work(), 160), known, corner, list(range(N)))
    apart = np.array([[float((arb(found[k, m]) - exact[k, m]).mid()) for m in range(N)] for k in range(N)])
    assert np.linalg.norm(apart, 2) <= spread * (1 + 1e-9)
    assert np.allclose(found - middle, np.diag([float(rate * known.T) for rate in rates_of(known)]), rtol=1e-12, atol=1e-12)


def test_the_gradient_is_the_slope_of_the_loss():
    """By differences of J in 60 digits, with the penalty as `loss-bounds` adds it."""
    problem, weights = network("2-2-3-2-1", "tanh", "logistic")
    known, box = told(decayed(problem), weights)
    with ball_precision(400):
        ring, step = BallRing(Work(), 400), fmpq(1, 2**100)
        g, w = passes.gradient(ring, known, box), flat(known, box.point)
        for k in (0, 7, known.N_net - 1):
            ends = [value(ring, known, moved_in(known, w, k, sign * step)) for sign in (1, -1)]
            slope = (ends[0] - ends[1]) * known.T / (2 * arb(step))
            assert abs(slope - g[k]) < arb(2) ** -150


def value(ring, known, box):
    return losses(ring, known, passes.outputs(ring, known, box)) / known.T + passes.penalty(ring, known, box)


def moved_in(known, w, k, step):
    """The box of weights with one of them moved."""
    changed = [x + step if n == k else x for n, x in enumerate(w)]
    layers = []
    for l in range(1, known.L + 1):
        m = known.fan_in(l)
        units = [changed[known.below(l) + a * m : known.below(l) + (a + 1) * m] for a in range(known.widths[l])]
        layers.append((tuple(zip(*(unit[:-1] for unit in units), strict=True)), tuple(unit[-1] for unit in units)))
    return passes.Box(type(told_point(known))(tuple(layers)))


def told_point(known):
    zero = [{"W": [["0"] * known.widths[l]] * known.widths[l - 1], "b": ["0"] * known.widths[l]} for l in range(1, known.L + 1)]
    return read_points([zero], known)[0]


@pytest.mark.parametrize("name", CASES)
def test_a_penalty_leaves_only_what_is_true_of_the_network_or_of_the_sum(name):
    """Every certificate made by hand, with a penalty added: step by step, what rests on the mean error alone is refused."""
    document = CASES[name]()
    if "decay" in document["problem"]:
        return
    layers = len(document["problem"]["widths"]) - 1
    trainable = document["problem"]["bias"] == "trainable"
    document["problem"]["decay"] = [["1/7", "1/11" if trainable else "0"]] * layers
    for k in range(1, len(document["steps"]) + 1):
        outcome = check.check_certificate(Draft.of(document, k).finish())
        if not outcome.ok:
            break
        said = document["steps"][k - 1]["conclusion"]
        if "matrix" in said or said["statement"] in OF_THE_NETWORK:
            continue
        convex = said["statement"] == "no-bad-local-minima" and layers == 1
        at_zero = all(near_zero(point) for point in document["points"])
        assert said["verdict"] == "REFUTED" or said["statement"] in OF_THE_SUM or convex or at_zero, said


def near_zero(point):
    """Whether all weights are 0, or all but: there a penalty has no slope."""
    entries = [x for layer in point for row in (*layer["W"], layer["b"]) for x in row]
    return all(isinstance(x, str) and abs(rational(x)) <= Fraction(1, 2**30) for x in entries)


def test_the_lists_of_what_holds_with_decay_name_what_there_is():
    assert set(reasons.IMPLICATIONS) >= reasons._WITH_DECAY
    assert {*reasons.RECORDS, *reasons.DEFINITIONS} >= reasons._WITHOUT_DECAY


def test_only_the_shift_that_the_penalty_allows_may_be_held():
    document = decayed_logits()
    assert check.check_certificate(document).ok
    for rates in (["1/10", "1/10"], ["0", "1/10"]):
        changed = {**document, "problem": {**document["problem"], "decay": [rates]}}
        assert "may be held" in str(check.check_certificate(Draft.of(changed).finish()).failures[0])
    for fixed in ([0], [0, 1], [3], [1, 1]):
        changed = Draft.of(document)
        changed.document["steps"][0]["evidence"]["fixed"] = fixed
        assert not check.check_certificate(changed.finish()).ok


MALFORMED = (
    ([["0", "0"]], "trainable"), ([["-1", "1"]], "trainable"), ([["1", "1"]], "none"), ([], "trainable"), ([["1", "1"]] * 2, "trainable"),
    (None, "trainable"),
)  # fmt: skip


@pytest.mark.parametrize(("decay", "bias"), MALFORMED)
def test_a_malformed_penalty_is_refused(decay, bias):
    document = ridge()
    document["problem"].update(decay=decay, bias=bias)
    failure = check.check_certificate(Draft.of(document, 0).finish()).failures[0]
    assert failure.place.startswith("problem.decay")


def test_the_minimum_of_a_penalised_line_is_that_of_the_normal_equations():
    """The case ``ridge`` against mpmath: ``(XᵀX/T + Λ) w = Xᵀy/T``."""
    with mpmath.workdps(30):
        A, y = mpmath.matrix([[0, 1], [1, 1], [2, 1]]), mpmath.matrix([1, 2, 6])
        w = mpmath.lu_solve(A.T * A / 3 + mpmath.diag([mpmath.mpf(1) / 3, 0]), A.T * y / 3)
        assert abs(w[0] - mpmath.mpf(5) / 3) < 1e-25
        assert abs(w[1] - mpmath.mpf(4) / 3) < 1e-25


def test_no_minimum_of_the_sum_is_near():
    """``J = w²/2 + 7 w²/2`` at w = 1: the slope 8 falls to 0 at a distance of 1; without the penalty it would as well, with one forgotten, farther away."""
    for radius, holds in (("63/64", True), ("65/64", False)):
        d = Draft((1, 1), [["1"]], [["0"]], [{"W": [["1"]], "b": ["0"]}], activation="identity", bias="none", decay=[["7", "0"]])
        facts = {"radius": radius, "by": "gradient"}
        d.claim("no-minimum-nearby", "no-minimum-nearby", 0, facts, (), {"radius": radius, "direction": None}, "VERIFIED_FLOAT")
        assert check.check_certificate(d.finish()).ok == holds


def test_curvature_along_a_direction_has_the_rates():
    """``J = (vw − 5)²/2`` at 0, 0 has the second derivative −10 along (1, 1), and −10 + 2λ with a penalty."""
    point = [{"W": [["0"]], "b": ["0"]}] * 2
    for rate, holds in (("49/10", True), ("51/10", False)):
        d = Draft((1, 1, 1), [["1"]], [["5"]], point, activation="identity", bias="none", decay=[[rate, "0"]] * 2)
        facts, evidence = {"radius": "1/1024", "by": "curvature"}, {"radius": "1/1024", "direction": ["1", "1"]}
        d.claim("no-minimum-nearby", "no-minimum-nearby", 0, facts, (), evidence, "VERIFIED_FLOAT")
        assert check.check_certificate(d.finish()).ok == holds


@pytest.mark.parametrize("seed", range(4))
def test_coefficients_of_the_loss_along_curves_are_those_of_a_polynomial(seed):
    """``J(W(t))`` of a 2-2-1 network of squares is a polynomial in t: its coefficients by plain arithmetic of fractions, with trainable biases that decay."""
    rng = np.random.default_rng(seed)

    def drawn(*shape):
        return np.array([Fraction(int(x), 2) for x in rng.integers(-4, 5, int(np.prod(shape)))], dtype=object).reshape(shape)

    X, Y, flat_weights, terms, rates = drawn(3, 2), drawn(3, 1), drawn(9), {1: drawn(9), 3: drawn(9)}, RATES[:2]
    rows = [[str(x) for x in row] for row in X], [[str(y) for y in row] for row in Y]
    first, last = flat_weights[:6].reshape(2, 3), flat_weights[6:].reshape(1, 3)
    point = [layer([[str(x) for x in row] for row in W[:, :-1].T], [str(x) for x in W[:, -1]]) for W in (first, last)]
    draft = Draft((2, 2, 1), *rows, point, activation="power:2", decay=[[str(x) for x in pair] for pair in rates])
    known = read_problem(draft.document["problem"])
    box = passes.Box(*read_points(draft.document["points"], known))
    moved = {k: np.array([fmpq(x.numerator, x.denominator) for x in v], dtype=object) for k, v in terms.items()}
    found = passes.loss_coefficients(FormalRing(Work()), known, box, moved, 5)

    def times(p, q):
        return [sum((p[j] * q[k - j] for j in range(k + 1)), Fraction(0)) for k in range(6)]

    w = [[flat_weights[n], terms[1][n], Fraction(0), terms[3][n], Fraction(0), Fraction(0)] for n in range(9)]
    J = [Fraction(0)] * 6
    for x, (y,) in zip(X, Y, strict=True):
        z = [[a * x[0] + b * x[1] + c for a, b, c in zip(*w[3 * u : 3 * u + 3], strict=True)] for u in (0, 1)]
        out = [a + b + c for a, b, c in zip(*(times(times(zu, zu), v) for zu, v in zip(z, w[6:8], strict=True)), w[8], strict=True)]
        out[0] -= y
        J = [j + e / 6 for j, e in zip(J, times(out, out), strict=True)]
    for n, series in enumerate(w):
        rate = rates[n // 6][1 if n in (2, 5, 8) else 0]
        J = [j + rate * s / 2 for j, s in zip(J, times(series, series), strict=True)]
    assert [Fraction(str(c)) for c in found] == J[1:]


def test_identities_must_hold_of_the_penalty():
    """A rotation keeps it where both units decay alike, a scaling of ``w`` against ``v`` only without decay, and a shear of one unit into the other never."""
    document = turned_fit()
    assert check.check_certificate(document).ok
    scaling = [[0, "1", [0]], [2, "-1", [2]]]
    shear = [[1, "1", [0]], [2, "-1", [3]]]
    for identity, implied, parameters in ((scaling, [0], [1, 2, 3]), (shear, [1], [0, 2, 3])):
        changed = Draft.of(document)
        changed.document["steps"][0]["evidence"] |= {"identities": [identity], "implied": implied, "parameters": parameters}
        assert "or of the gradient" in str(check.check_certificate(changed.finish()).failures[0])
    across = Draft.of(document)
    across.document["steps"][0]["evidence"] |= {"held": [3], "across": [3], "symmetries": [scaling], "parameters": [0, 2]}
    assert not check.check_certificate(across.finish()).ok


@pytest.mark.parametrize("rates", [["1/1000", "0"], ["7", "0"], ["1/1000", "1"]])
def test_a_bias_that_decays_is_not_free(rates):
    """A unit without weights, whose bias may be anything as long as it does not decay."""
    samples = [["-1"], ["1"]], [["0"], ["2"]]
    d = Draft((1, 1, 1), *samples, [layer([["0"]], ["1/2"]), layer([["0"]], ["1"])], decay=[[rates[0], rates[1]], [rates[0], "0"]])
    evidence = {
        "held": [0, 2],
        "parameters": [3],
        "implied": [0, 1, 2],
        "identities": [[[0, "1", []]], [[1, "1", []]], [[2, "1", []], [3, "-1", [[2, 0]]]]],
    }
    family(d, 1, at=0, radius="0", **evidence)
    outcome = check.check_certificate(d.finish())
    assert outcome.ok == (rates[1] == "0"), outcome.failures
