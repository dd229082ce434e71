"""Rational points of manifolds of critical points, and weights beside kinks: exactly critical, near where they were looked for, else none."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.exact import gradient_is_zero
from lossproof.numerics.critical.rational_points import rational_point
from lossproof.numerics.critical.silent_sides import on_silent_sides
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.problem.problem import Problem


def problem_of(widths, X, Y, activation="relu", error="squared", **options):
    return Problem(lp.Architecture.of(widths, activation, "identity", **options), lp.error_named(error), lp.Samples.of(X, Y))


def near(weights, seed, size=1e-9):
    """The weights in doubles, each moved by up to ``size``."""
    rng = np.random.default_rng(seed)
    return [
        ([[float(q) + size * rng.uniform(-1, 1) for q in row] for row in W], [float(q) + size * rng.uniform(-1, 1) for q in b])
        for W, b in weights
    ]


@pytest.mark.parametrize("activation", ["identity", "relu", "leaky-relu", "power:2"])
@pytest.mark.parametrize("seed", range(2))
def test_exact_learners_of_planted_weights(activation, seed):
    """2-3-2 with three samples has 17 weights for 6 equations: a manifold with many rational points."""
    rng = random.Random(seed)
    X = [[Fraction(rng.randint(-3, 3)) for _ in range(2)] for _ in range(3)]
    W = [[Fraction(rng.randint(1, 8), 3) for _ in range(3)] for _ in range(2)], [Fraction(rng.randint(-7, 7), 5) for _ in range(3)]
    V = [[Fraction(rng.randint(-7, 7), 7) for _ in range(2)] for _ in range(3)], [Fraction(1, 3), Fraction(-1, 11)]
    blank = problem_of((2, 3, 2), X, [[0, 0]] * 3, activation)
    outputs = evaluate(blank.architecture, blank.samples, lp.Weights.of(blank.architecture, [W, V]), RationalField()).phi[2]
    problem = problem_of((2, 3, 2), X, [[Fraction(int(q.p), int(q.q)) for q in row] for row in outputs], activation)
    start = lp.Weights.of(problem.architecture, near([W, V], seed))
    found = rational_point(problem, start)
    assert found is not None
    assert gradient_is_zero(problem, found)
    assert np.max(np.abs(flat_weights(problem, found) - flat_weights(problem, start))) < 1


@pytest.mark.parametrize(
    ("activation", "error", "weights"),
    [
        ("tanh", "squared", [([[1]], [0]), ([[1]], [0])]),
        ("relu", "cauchy:1", [([[1]], [1]), ([[1]], [0])]),
        ("relu", "squared", [([[1]], [0]), ([[1]], [0])]),
        ("relu", "squared", [([[10**400]], [0]), ([[1]], [0])]),
        ("identity", "squared", [([[5]], [0]), ([[5]], [9])]),
    ],
    ids=["curved", "another error", "at a kink", "beyond doubles", "far from any"],
)
def test_none_elsewhere(activation, error, weights):
    problem = problem_of((1, 1, 1), [[0], [1], [3]], [[0], [1], [1]], activation, error)
    assert rational_point(problem, lp.Weights.of(problem.architecture, weights)) is None


def test_irrational_points_are_none():
    """The best map of rank 1 to these targets, X the identity, has the direction of the eigenvector (2, 1 + √5)."""
    problem = problem_of((2, 1, 2), [[1, 0], [0, 1]], [[1, 1], [1, 2]], "identity", bias="none")
    u = np.array([2, 1 + 5**0.5]) / np.hypot(2, 1 + 5**0.5)
    point = np.concatenate([u, (3 + 5**0.5) / 2 * u])
    assert rational_point(problem, weights_of_rows(problem, point)) is None


@pytest.mark.parametrize("bias", ["trainable", "none"])
def test_units_beside_kinks_are_silent_there(bias):
    problem = problem_of((2, 2, 2), [[1, 1], [2, -1], [0, 0], [1, 3]], [[0, 1], [1, 0], [1, 1], [2, 1]], bias=bias)
    weights = lp.Weights.of(problem.architecture, [([[1, 1], [-1, 2]], [0, 0]), ([[1, 2], [3, 4]], [0, 0])])
    z = evaluate(problem.architecture, problem.samples, on_silent_sides(problem, weights), RationalField()).z[1]
    before = evaluate(problem.architecture, problem.samples, weights, RationalField()).z[1]
    met = [(i, k) for i, k in np.ndindex(before.shape) if before[i, k] == 0 and (bias == "trainable" or i != 2)]
    assert met
    assert all((z[i, k] < 0) if (i, k) in met else (z[i, k] > 0) == (before[i, k] > 0) for i, k in np.ndindex(z.shape) if i != 2)


def test_no_side_is_silent_for_others():
    for activation in ("leaky-relu", "hard-tanh", "tanh"):
        problem = problem_of((1, 1, 2), [[0], [1]], [[0, 1], [1, 0]], activation)
        assert on_silent_sides(problem, lp.Weights.of(problem.architecture, [([[1]], [0]), ([[1, 2]], [0, 0])])) is None
    problem = problem_of((1, 1, 2), [[0], [1]], [[0, 1], [1, 0]])
    assert on_silent_sides(problem, lp.Weights.of(problem.architecture, [([[1]], [1]), ([[1, 2]], [0, 0])])) is None


def test_a_hessian_of_zeros_tells_nothing():
    problem = problem_of((1, 1, 1), [[1], [2]], [[1], [1]], "power:3", bias="none")
    assert rational_point(problem, lp.Weights.of(problem.architecture, [([[0]], None), ([[0]], None)])) is None
