"""Theorems about affine logits, separable samples and constant networks, on random problems: attacked in doubles, and not claimed where they just fail."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest
from cases.landscapes import XOR_X, XOR_Y
from scipy.optimize import minimize

import lossproof as lp
from lossproof.certificates.claims.no_critical_point import claim_no_local_minimum
from lossproof.certificates.claims.regions import bad_region
from lossproof.certificates.proof.context import ProofContext
from lossproof.numerics.samples.affine_logits import affine_logits
from lossproof.numerics.samples.constant_network import definite_output
from lossproof.numerics.training.point import training_point
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

PROVED, REFUTED = lp.Verdict.PROVED, lp.Verdict.REFUTED
ERRORS = {
    "logistic": lambda Z, Y: np.logaddexp(0, Z) - Y * Z,
    "softmax": lambda Z, Y: np.logaddexp.reduce(Z, axis=1)[:, None] / Z.shape[1] - Y * Z,
}


def problem_of(X, Y, widths, activation, error="squared", **options):
    return Problem(Architecture.of(widths, activation, **options), error_named(error), Samples.of(X, Y))


def random_inputs(rng, T, n):
    return [[Fraction(rng.randint(-16, 16), 8) for _ in range(n)] for _ in range(T)]


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_of_affine_logits_is_their_least_loss(seed):
    rng, error = random.Random(seed), ("logistic", "softmax")[seed % 2]
    n_0, n_L = 1 + seed % 3, 2 + seed % 2
    X = random_inputs(rng, 30, n_0)
    X = [[*x, x[0] - 1] for x in X] if seed % 4 == 0 else X
    drawn = [rng.randrange(n_L) for _ in X]
    Y = [[int(k == j) for j in range(n_L)] for k in drawn]
    problem = problem_of(X, Y, (len(X[0]), 4, n_L), "leaky-relu", error)
    inputs, targets = np.column_stack([np.array(X, dtype=float), np.ones(30)]), np.array(Y, dtype=float)

    def loss(flat):
        return float(ERRORS[error](inputs @ flat.reshape(-1, n_L), targets).sum() / 30)

    least = min(minimize(loss, np.zeros(inputs.shape[1] * n_L), method="BFGS").fun, loss(np.zeros(inputs.shape[1] * n_L)))
    found = bad_region(ProofContext(problem, 0, 4096), [])
    assert found is not None
    assert found.minimum.id == "linear-region"
    assert 0 <= least - float(found.minimum.facts["loss_lower"]) < 1e-6


@pytest.mark.parametrize("error", ["logistic", "softmax"])
def test_separable_samples_have_no_best_affine_logits(error):
    X = [[-2], [-1], [1], [3]]
    Y = [[1, 0], [1, 0], [0, 1], [0, 1]] if error == "softmax" else [[0], [0], [1], [1]]
    assert affine_logits(problem_of(X, Y, (1, 2, len(Y[0])), "leaky-relu", error), 0) is None


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "elu"])
@pytest.mark.parametrize(
    ("widths", "Y"),
    [((1, 8, 1), (0, 1, 0, 1)), ((1, 4, 1), (0, 1, 0, 1)), ((1, 2, 1), (0, 1, 0, 1)), ((1, 3, 1), (1, 0, 0, 1)), ((1, 8, 1), (0, 0, 1, 0)),
     ((1, 4, 4, 1), (0, 1, 0, 1))],
    ids=str,
)  # fmt: skip
def test_four_samples_on_a_line_have_bad_minima(widths, Y, activation):
    report = lp.check_architecture(widths, [[0], [1], [2], [3]], [[y] for y in Y], activation=activation)
    assert report.conclusion.verdict is REFUTED
    assert report.self_check is not None
    assert report.self_check.refused == ()
    assert lp.verify(report.certificate.text).ok


@pytest.mark.parametrize("activation", ["leaky-relu", "elu"])
def test_xor_with_probabilities_is_refuted(activation):
    report = lp.check_architecture("2-2-1", XOR_X, XOR_Y, activation=activation, error="logistic")
    assert (report.conclusion.verdict, report.conclusion.evidence["row"]) == (REFUTED, "linear-region")
    assert lp.verify(report.certificate.text).ok


def separable(seed):
    """Random inputs on two sides of a random plane, some upon it, with the targets of their sides."""
    rng, n = random.Random(seed), 1 + seed % 3
    u, X = [rng.randint(1, 3) for _ in range(n)], random_inputs(random.Random(seed), 9, n)
    values = [sum(a * b for a, b in zip(u, x, strict=True)) for x in X]
    return X, [int(v > 0) if v else rng.randint(0, 1) for v in values]


@pytest.mark.parametrize("seed", range(20))
def test_separable_samples_have_no_local_minimum(seed):
    X, sides = separable(seed)
    kind = seed % 3
    Y = [[1 - s, s] for s in sides] if kind == 1 else [[s] for s in sides]
    options = {"error": ("logistic", "softmax", "squared")[kind], "output_activation": "sigmoid" if kind == 2 else "identity"}
    report = lp.check_architecture((len(X[0]), 3, len(Y[0])), X, Y, activation=("tanh", "leaky-relu", "softsign")[kind], **options)
    assert report["separable-squashing"].verdict is PROVED
    assert report.conclusion.verdict is PROVED
    assert report.self_check is not None
    assert lp.verify(report.certificate.text).ok


@pytest.mark.parametrize("seed", range(20))
def test_units_that_lower_the_loss_of_separable_samples(seed):
    """The step of the proof, in doubles: at random weights a unit moves along the direction, and the loss falls."""
    X, sides = separable(seed)
    problem = problem_of(X, [[s] for s in sides], (len(X[0]), 2, 1), "tanh", "logistic")
    claim = claim_no_local_minimum(problem)
    assert claim is not None
    u = np.array([[float(Fraction(q)) for q in row] for row in claim.evidence["direction"]])[:, 0]
    g = np.random.default_rng(seed)
    W, b, V, c = g.normal(size=(len(X[0]), 2)), g.normal(size=2), g.normal(size=(2, 1)), g.normal(size=1)
    before = training_point(problem, [(W, b), (V, c)]).loss
    for k in range(2):
        step = 1e-3 * np.sign(V[k, 0]) / np.abs(u).max()
        moved, shifted = W.copy(), b.copy()
        moved[:, k] += step * u[:-1]
        shifted[k] += step * u[-1]
        assert training_point(problem, [(moved, shifted), (V, c)]).loss < before


@pytest.mark.parametrize("changes", [{"activation": "relu"}, {"activation": "gelu"}, {"widths": (1, 2, 2, 1)}, {"Y": [[0], ["1/2"], [1]]},
                                     {"Y": [[0], [1], [0]]}, {"error": "squared"}], ids=str)  # fmt: skip
def test_what_misses_one_hypothesis_of_separable_samples(changes):
    given = {"X": [[-1], [0], [1]], "Y": [[0], [1], [1]], "widths": (1, 2, 1), "activation": "tanh", "error": "logistic", **changes}
    assert claim_no_local_minimum(problem_of(**given)) is None


def upper_layers(widths, u, sign):
    """The weights above the first layer in the proof: rows ``τu`` in the last layer, and entries η below it."""
    layers, eta = [], 1e-2
    for l, (m, n) in enumerate(itertools.pairwise(widths[1:]), start=2):
        last = l == len(widths) - 1
        layers.append(np.tile(sign * u, (m, 1)) if last else np.full((m, n), eta))
    return layers


@pytest.mark.parametrize(
    ("activation", "hidden"), list(itertools.product(["tanh", "softplus", "gelu"], [(3,), (2, 2), (2, 3, 2)])), ids=str
)
@pytest.mark.parametrize("error", ["squared", "logistic"])
def test_constant_networks_are_local_minima(activation, hidden, error):
    """No point near the network of the proof has a smaller loss."""
    X = [[a, b] for a in (-1, 0, 1) for b in (-1, 0, 1)]
    Y = [[int(x == [0, 0]), int(abs(x[0]) + abs(x[1]) < 2)] for x in X]
    widths = (2, *hidden, 2)
    problem = problem_of(X, Y, widths, activation, error)
    u = definite_output(problem)
    assert u is not None
    a, means = 0.5, np.array(Y, dtype=float).mean(axis=0)
    best = means if error == "squared" else np.log(means / (1 - means))
    value = float(
        training_point(
            problem_of([[a]], [[0]], (1, 1), "identity", output_activation=activation), [(np.ones((1, 1)), np.zeros(1))]
        ).outputs[0, 0]
    )
    outcomes = []
    for sign in (1.0, -1.0):
        above = upper_layers(widths, np.array(u, dtype=float), sign)
        layers = [(np.zeros((2, hidden[0])), np.full(hidden[0], a))]
        for k, W in enumerate(above):
            wanted = best if k == len(above) - 1 else np.full(W.shape[1], a)
            layers.append((W, wanted - value * W.sum(axis=0)))
        here = training_point(problem, layers).loss
        g = np.random.default_rng(0)
        near = [training_point(problem, [(W + 2e-3 * g.normal(size=W.shape), b + 1e-5 * g.normal(size=b.shape)) if k == 0 else (W, b) for k, (W, b) in
                                         enumerate(layers)]).loss for _ in range(60)]  # fmt: skip
        outcomes.append(min(near) >= here - 1e-13)
    assert any(outcomes)


def test_symmetric_curves_are_refuted_at_every_width_and_depth():
    X, Y = [[i] for i in range(-4, 5)], [[abs(i)] for i in range(-4, 5)]
    for widths, activation in (((1, 5, 1), "sigmoid"), ((1, 3, 3, 1), "gelu")):
        report = lp.check_architecture(widths, X, Y, activation=activation)
        assert report.conclusion.verdict is REFUTED
        assert lp.verify(report.certificate.text).ok
    assert definite_output(problem_of([*X, [6]], [*Y, [5]], (1, 3, 1), "tanh")) is None
    assert definite_output(problem_of(XOR_X, XOR_Y, (2, 3, 1), "tanh")) is None


@pytest.mark.parametrize(("error", "Y"), [("squared", [[0], [1], [1], [0]]), ("logistic", [[0], [1], [1], [0]])])
@pytest.mark.parametrize("widths", ["2-3-1", "2-3-3-1"])
def test_a_silent_layer_without_biases_is_a_bad_minimum_where_the_inputs_lie_on_one_side(widths, error, Y):
    report = lp.check_architecture(widths, XOR_X, Y, activation="relu", bias="none", error=error)
    assert (report.conclusion.verdict, report.conclusion.evidence["row"]) == (REFUTED, "dead-region")
    assert lp.verify(report.certificate.text).ok


@pytest.mark.parametrize("options", [{"activation": "leaky-relu"}, {"activation": "hard-tanh"}, {"output_activation": "sigmoid"}])
def test_no_silent_layer_is_claimed_elsewhere(options):
    report = lp.check_architecture("2-3-1", XOR_X, [[0], [1], [1], [0]], **{"activation": "relu", "bias": "none"} | options, search="none")
    assert all(claim.id != "dead-region" for claim in report)
    across = lp.check_architecture("1-3-1", [[-1], [1], [2]], [[0], [1], [0]], activation="relu", bias="none", search="none")
    assert all(claim.id != "dead-region" for claim in across)
