"""Samples whose z depend on no weight, as those of input 0 without biases: P exists there, also where z is at a kink, and so does all that follows."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lossproof.certificates.checks.check_architecture import check_architecture
from lossproof.certificates.maps.find_critical_points import find_critical_points
from lossproof.certificates.proof.verify import verify
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
LEARNER = [([[1, -2, -1], [-2, 1, -1]], None), ([[1], [1], [1]], None)]


def checked(widths, weights, inputs=X, targets=Y, activation="relu", **options):
    report = check_architecture(widths, inputs, targets, activation=activation, weights=weights, search="none", **options)
    assert verify(report.certificate.text).ok
    return report


def test_an_exact_learner_without_biases():
    """Ranks, inertia and class at ([1, −2, −1], [−2, 1, −1]): the hidden units see one of the samples each, and none sees the last."""
    report = checked("2-3-1", LEARNER, bias="none")
    point = report["critical-point"]
    assert (point.facts["kind"], point.facts["rank_lower"], point.facts["rank_upper"]) == ("global", 2, 2)
    assert point.facts["inertia"] == {"negative": 0, "zero": 7, "positive": 2, "undecided": 0}
    assert report["full-rank", "at these weights"].verdict.name == "REFUTED"
    assert report["exact-learning"].verdict.name == "PROVED"


@pytest.mark.parametrize(("activation", "least"), [("relu", 5), ("leaky-relu", 5)])
def test_a_map_without_biases(activation, least):
    found = find_critical_points("2-3-1", X, Y, activation=activation, bias="none", starts=16, workers=1)
    assert len(found) >= least
    assert found.unproved == 0
    assert {point.kind for point in found} >= {"global", "local-minimum"}


@pytest.mark.parametrize(("activation", "biases"), [("relu", (0, 1, 2)), ("hard-tanh", (1, 2, 0)), ("elu", (0, 0, 0))])
def test_fixed_biases_at_a_kink(activation, biases):
    """At the input 0 the first layer has its biases for z, at a kink or not; behind it what it gives is no longer 0."""
    weights = [([["2/7", "3/7", "-2/7"], ["1/5", "-1/5", "1/5"]], biases), ([[1], [2], [3]], [1])]
    claim = checked((2, 3, 1), weights, activation=activation, bias="fixed")["full-rank", "at these weights"]
    assert claim.facts["rank_lower"] == claim.facts["rank_upper"] >= 2


def test_other_samples_at_a_kink_stay_undecided():
    """(1, 1) meets z = 0 at these weights, and not at others."""
    weights = [([[1, 1, -1], [-1, 1, -1]], None), ([[1], [1], [1]], None)]
    claim = checked("2-3-1", weights, bias="none")["full-rank", "at these weights"]
    assert claim.verdict.name == "UNDECIDED"
    assert "does not exist at these weights: some z is 0" in claim.reason


def test_behind_a_layer_that_is_not_0_no_sample_is_at_rest():
    """sigmoid(0) = 1/2, so that the second layer has a z that its weights move: here 0, a kink of the output."""
    weights = [([[1, 2], [3, 5]], None), ([[1], [-1]], None)]
    claim = checked("2-2-1", weights, activation="sigmoid", output_activation="relu", bias="none")["full-rank", "at these weights"]
    assert claim.verdict.name == "UNDECIDED"


@pytest.mark.parametrize("name", ["relu", "leaky-relu", "elu", "softsign"])
def test_against_finite_differences_and_twins(name):
    """The Jacobian over four fields, against differences of the outputs in 60 digits."""
    rng, a = np.random.default_rng(7), Architecture.of("2-3-2-2", name, bias="none")
    samples = Samples.of(X, [[0, 1]] * 4)
    vector = [Fraction(int(n), 16) for n in rng.integers(-40, 40, 16)]
    blocks = [np.array(vector[:6]).reshape(2, 3), np.array(vector[6:12]).reshape(3, 2), np.array(vector[12:]).reshape(2, 2)]
    fields = [Float64Field(), BallField(128), MpmathField(40), *([RationalField()] if activation_named(name).rational.holds else [])]
    found = [jacobian(evaluate(a, samples, Weights.of(a, [(b.tolist(), None) for b in blocks]), field)) for field in fields]
    exact = np.array([[float(x) for x in row] for row in found[2]])
    for P in found:
        assert np.allclose(np.array([[float(x.mid()) if hasattr(x, "mid") else float(x) for x in row] for row in P]), exact, atol=1e-12)
    assert not exact[:, :2].any()
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -25
        for k in range(16):
            moved = [_outputs(name, blocks, k, sign * step) for sign in (1, -1)]
            rates = [(p - m) / (2 * step) for p, m in zip(*moved, strict=True)]
            assert np.allclose([float(r) for r in rates], exact[_row(k)], atol=1e-9)


def _row(k: int) -> int:
    """Return the row of P of a weight: they go unit by unit, those of a block source by source."""
    for first, (m, n) in ((0, (2, 3)), (6, (3, 2)), (12, (2, 2))):
        if first <= k < first + m * n:
            source, unit = divmod(k - first, n)
            return first + unit * m + source
    raise AssertionError


def _outputs(name, blocks, k, step):
    def sigma(z):
        return {
            "relu": lambda: max(z, mpmath.mpf(0)),
            "leaky-relu": lambda: z if z > 0 else z / 100,
            "elu": lambda: z if z > 0 else mpmath.expm1(z),
            "softsign": lambda: z / (1 + abs(z)),
        }[name]()

    found = []
    for x in X:
        phi, place = [mpmath.mpf(q) for q in x], 0
        for l, block in enumerate(blocks):
            W = [[mpmath.mpf(q.numerator) / q.denominator for q in row] for row in block]
            for i, j in np.ndindex(block.shape):
                W[i][j] += step if place == k else 0
                place += 1
            z = [sum(p * W[i][j] for i, p in enumerate(phi)) for j in range(block.shape[1])]
            phi = z if l == len(blocks) - 1 else [sigma(q) for q in z]
        found += phi
    return found


def test_slopes_in_balls_at_rest_are_those_of_either_side():
    """The checker takes the hull of both slopes there; what the prover claims of ranks has to hold for it."""
    report = check_architecture(
        (2, 1, 2, 1), [[0, 0], [1, 2]], [[0], [1]], activation=["relu", "tanh"], bias="none", error="logistic", weight_decay="1/100",
        seed=1037, search="none",
    )  # fmt: skip
    assert not report.self_check.refused


DEAD = {
    "all units dead": ("2-2-1", "relu", "none", [([[-1, -1], [-1, -2]], None), ([[1], [3]], None)]),
    "a bias at the output": ("2-2-1", "relu", ["none", "trainable"], [([[-1, -1], [-1, -2]], None), ([[1], [3]], [1])]),
    "the second layer": ("2-1-2-1", "relu", "none", [([[1], [1]], None), ([[-1, -1]], None), ([[1], [3]], None)]),
    "dead outputs": ("2-1", "identity", "none", [([[-1], [-1]], None)]),
}


@pytest.mark.parametrize("name", DEAD)
def test_dead_layers_at_rest_are_local_minima(name):
    """Relu units below 0 at all samples but the input 0, where they stay at their kink: no weights of 300 nearby have a smaller loss."""
    widths, activation, bias, weights = DEAD[name]
    inputs, targets = [[0, 0], [1, 1], [1, 2]], [[1], [0], [2]]
    options = {"output_activation": "relu"} if activation == "identity" else {}
    report = checked(widths, weights, inputs, targets, activation, bias=bias, **options)
    point = report["critical-point", 0]
    assert point.facts["kind"] == "local-minimum"
    rng, here = random.Random(0), loss_of(weights, inputs, targets, bool(options))
    for size in (Fraction(1, 10**k) for k in (1, 3, 9) for _ in range(100)):
        assert loss_of(weights, inputs, targets, bool(options), lambda size=size: size * Fraction(rng.randint(-99, 99), 100)) >= here


def loss_of(weights, X, Y, bent, move=lambda: 0):
    """The sum of the squared residuals in fractions, every weight moved, the last layer's values cut off at 0 if it is ``bent``."""
    layers = [([[q + move() for q in row] for row in W], b and [q + move() for q in b]) for W, b in weights]
    total = Fraction(0)
    for h, y in zip(X, Y, strict=True):
        for l, (W, b) in enumerate(layers, start=1):
            z = [sum(p * row[k] for p, row in zip(h, W, strict=True)) + (b[k] if b else 0) for k in range(len(W[0]))]
            h = [max(q, 0) for q in z] if bent or l < len(layers) else z
        total += sum((p - t) ** 2 for p, t in zip(h, y, strict=True))
    return total
