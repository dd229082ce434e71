"""With weight decay: the conclusion by networks of zeros and affine ones, on real data and where nothing of the kind is a minimum; minima of cells."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq_mat

import lossproof as lp
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.numerics.critical.kink_descent import falling_direction
from lossproof.numerics.critical.kinks import kink_multipliers
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem

REFUTED, UNDECIDED = lp.Verdict.REFUTED, lp.Verdict.UNDECIDED
SLOPE = [[-1], [0], [1]], [[-2], [0], [2]]


@pytest.mark.parametrize(
    ("name", "widths", "activation", "error", "biases", "row"),
    [
        ("iris", "4-3-3", "tanh", "softmax", False, "constant-region"),
        ("iris", "4-3-3", "leaky-relu", "squared", False, "linear-region"),
        ("wine", "13-3-3", "sigmoid", "softmax", False, "constant-region"),
        ("diabetes", "10-3-1", "relu", "squared", False, "constant-region"),
        ("diabetes", "10-2-2-1", "tanh", "squared", True, "constant-region"),
    ],
)
def test_real_data_with_a_decay_of_a_thousandth(name, widths, activation, error, biases, row):
    samples = load_data(name, int(widths.split("-")[-1]))
    options = {"activation": activation, "error": error, "weight_decay": "1/1000", "decay_biases": biases, "search": "none"}
    report = lp.check_architecture(widths, samples.X, samples.Y, **options)
    conclusion = report["no-bad-local-minima"]
    assert conclusion.verdict is REFUTED
    minimum, better = conclusion.premises
    assert {minimum.id} <= {row, "linear-region"}
    assert better.facts["loss_upper"] < minimum.facts["loss_lower"]
    assert not report.self_check.refused
    assert lp.verify(report.certificate.document).ok


@pytest.mark.parametrize(
    "options",
    [
        {"decay_biases": True},
        {"weight_decay": [("1/100", 0), (0, 0)]},
        {"activation": "leaky-relu", "weight_decay": [("1/100", 0), ("1/100", "1/100")]},
        {"activation": "hard-tanh", "decay_biases": True},
        {"activation": "softplus", "bias": "none"},
        {"error": "cauchy:1"},
        {"output_activation": "tanh"},
    ],
    ids=str,
)
def test_no_region_is_claimed_where_a_hypothesis_fails(options):
    options = {"activation": "tanh", "weight_decay": "1/100", "decay_biases": False, "search": "none", **options}
    report = lp.check_architecture("1-2-1", *SLOPE, **options)
    assert all(claim.id not in ("linear-region", "dead-region", "constant-region") for claim in report)
    assert report["no-bad-local-minima"].verdict is UNDECIDED


def test_zeros_that_are_best_refute_nothing():
    """Against a decay of 5 nothing does better than the constant."""
    report = lp.check_architecture("1-2-1", *SLOPE, activation="tanh", weight_decay=5, search="none")
    assert report["no-bad-local-minima"].verdict is UNDECIDED


def problem_of(widths, X, Y, activation, decay, **options):
    a = lp.Architecture.of(widths, activation, **options)
    return Problem(a, lp.error_named("squared"), lp.Samples.of(X, Y), decay=Decay.of(decay, a))


CELLS = {
    "cell-minimum": (
        problem_of("1-1-1", [[-1], [0], [1]], [[-2], [1], [1]], "relu", [("101/100", 0), ("101/100", 0)]),
        [([[0]], [1]), ([[0]], [0])],
    ),
    "dead-layer": (problem_of("1-2-1", *SLOPE, "relu", [("1/100", 0), ("1/100", 0)]), [([[0, 0]], [-1, -2]), ([[0], [0]], [0])]),
}

HINGE_X, HINGE_Y = [[-1], [0], [1], [2]], [[1], [-2], [2], [2]]
HINGE = [([[1]], [0]), ([[1]], [0])]
CELLS["kinks"] = problem_of("1-1-1", HINGE_X, HINGE_Y, "relu", [("1/4", 0), ("1/4", "1/7")]), HINGE
"""A unit on its kink at the second sample; with ``λ_1 = 1/4`` the slopes vanish."""


@pytest.mark.parametrize("rule", CELLS)
def test_points_that_inertia_leaves_open_are_minima(rule):
    problem, weights = CELLS[rule]
    found = lp.prove_points(problem, [lp.Weights.of(problem.architecture, weights)])
    assert [point.kind for point in found] == ["local-minimum"]
    document = json.loads(found.report.certificate.text)
    assert rule in {step["rule"] for step in document["steps"]}
    assert not found.report.self_check.refused
    loss, start = FloatLandscape(problem).loss, flat_weights(problem, lp.Weights.of(problem.architecture, weights))
    steps = np.random.default_rng(0).normal(size=(2000, len(start))) * 1e-2
    assert loss(start + steps).min() > loss(start[None])[0] - 1e-14


def test_an_idle_unit_against_a_weaker_decay_is_no_minimum():
    """At the rate 99/100 J falls along ``(v, w) = (−t, t)``, or the other way."""
    (problem, weights), rate = CELLS["cell-minimum"], "99/100"
    weaker = problem_of("1-1-1", problem.samples.X, problem.samples.Y, "relu", [(rate, 0), (rate, 0)])
    assert lp.prove_points(weaker, [lp.Weights.of(problem.architecture, weights)])[0].kind == "saddle"


@pytest.mark.parametrize("rates", [[("1/3", 0), ("1/4", 0)], [("1/4", 0), ("1/5", 0)], [("1/4", 0), (0, 0)]])
def test_weights_on_a_kink_from_which_the_sum_falls(rates):
    report = lp.check_architecture("1-1-1", HINGE_X, HINGE_Y, activation="relu", weights=HINGE, weight_decay=rates, search="none")
    assert report["critical-point"].verdict is REFUTED
    assert report["critical-point"].facts["kind"] == "not-critical"
    assert not report.self_check.refused


@pytest.mark.parametrize("seed", range(20))
def test_what_is_said_of_weights_on_kinks_is_true_of_steps_from_them(seed):
    """Units of small whole weights, with one or two outputs: where J is said to be least no step lowers it, where it is said to fall one does."""
    rng = np.random.default_rng(seed)
    n_L, drawn = 1 + seed % 2, lambda *shape: rng.integers(-2, 3, size=shape)
    targets, rates = drawn(4, n_L).tolist(), [(int(k), int(m)) for k, m in rng.integers(0, 3, size=(2, 2))]
    problem = problem_of((1, 2, n_L), [[-1], [0], [1], [2]], targets, "relu", [(Fraction(k, 4), Fraction(m, 4)) for k, m in rates])
    for _ in range(6):
        weights = lp.Weights.of(
            problem.architecture, [(drawn(1, 2).tolist(), drawn(2).tolist()), (drawn(2, n_L).tolist(), drawn(n_L).tolist())]
        )
        loss, start = FloatLandscape(problem).loss, flat_weights(problem, weights)
        falling = falling_direction(problem, weights)
        if falling is not None:
            step = 1e-6 * np.array(falling[0], dtype=float)
            assert loss((start + step)[None])[0] < loss(start[None])[0]
        if kink_multipliers(problem, weights) is not None:
            assert falling is None
            steps = rng.normal(size=(2000, len(start))) * 1e-3
            assert loss(start + steps).min() > loss(start[None])[0] - 1e-14


def planted_on_kinks(seed):
    """A network of small whole weights on kinks, and targets for which the equations of the rule hold with some multipliers, if there are any."""
    rng = np.random.default_rng(seed)
    n_0, n_1, n_L, T = rng.integers(1, 3), rng.integers(1, 3), rng.integers(1, 3), rng.integers(3, 7)
    X, W, V = rng.integers(-2, 3, (T, n_0)), rng.integers(-2, 3, (n_0, n_1)), rng.integers(-2, 3, (n_1, n_L))
    b, c, rates = rng.integers(-1, 2, n_1), rng.integers(-1, 2, n_L), rng.integers(0, 4, 4)
    hard = rng.integers(0, 2) == 1
    x, z = np.hstack([X, np.ones((T, 1), dtype=int)]), X @ W + b
    h = np.clip(z, -1, 1) if hard else np.maximum(z, 0)
    slopes = 2 * ((abs(z) < 1) if hard else (z > 0)) + ((abs(z) == 1) if hard else (z == 0))
    rows, right = [], []
    for j in range(n_L):
        e = np.eye(n_L, dtype=int)[j]
        rows += [np.kron(np.ones(T, dtype=int), e), *(np.kron(h[:, k], e) for k in range(n_1))]
        right += [-T * rates[3] * c[j], *(-T * rates[2] * V[k, j] for k in range(n_1))]
    for k in range(n_1):
        rows += [np.kron(slopes[:, k] * x[:, r], V[k]) for r in range(n_0 + 1)]
        right += [-2 * T * rates[0] * q for q in W[:, k]] + [-2 * T * rates[1] * b[k]]
    start = rng.integers(-3, 4, T * n_L)
    A = fmpq_mat([[int(q) for q in row] for row in rows])
    augmented = fmpq_mat([[*map(int, row), int(q) - int(row @ start)] for row, q in zip(rows, right, strict=True)])
    reduced, rank = augmented.rref()
    if rank > A.rref()[1]:
        return None
    eps = [Fraction(int(q)) for q in start]
    for i in range(rank):
        pivot = next(m for m in range(T * n_L) if reduced[i, m] != 0)
        eps[pivot] += Fraction(int(reduced[i, T * n_L].p), int(reduced[i, T * n_L].q))
    Y = (h @ V + c) - np.array(eps, dtype=object).reshape(T, n_L)
    decay = [(Fraction(int(p)), Fraction(int(q))) for p, q in (rates[:2], rates[2:])]
    problem = problem_of((n_0, n_1, n_L), X.tolist(), Y.tolist(), "hard-tanh" if hard else "relu", decay) if any(rates) else None
    return problem, [(W.tolist(), b.tolist()), (V.tolist(), c.tolist())]


def test_nothing_near_minima_on_kinks_is_lower():
    """Those of 400 planted points that the prover calls minima, the kernel accepts, and no step of two sizes from them leads lower."""
    minima = 0
    for seed in range(400):
        problem, weights = planted_on_kinks(seed) or (None, None)
        if problem is None:
            continue
        weights = lp.Weights.of(problem.architecture, weights)
        if not any(kink_multipliers(problem, weights) or ()):
            continue
        minima += 1
        found = lp.prove_points(problem, [weights])
        assert [point.kind for point in found] == ["local-minimum"]
        assert not found.report.self_check.refused
        loss, start = FloatLandscape(problem).loss, flat_weights(problem, weights)
        steps = np.random.default_rng(seed).normal(size=(1000, len(start)))
        assert min(loss(start + size * steps).min() for size in (1e-2, 1e-4)) > loss(start[None])[0] * (1 - 1e-13)
    assert minima > 2
