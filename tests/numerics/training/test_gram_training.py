"""Training beyond 150 equations, and what `check_architecture` proves from it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.learner_problems import (
    planted,
)

import lossproof as lp
from lossproof.numerics.learners.candidates import exact_learner_candidates
from lossproof.numerics.learners.kantorovich import kantorovich_ball
from lossproof.numerics.training.least_squares import fit_with_gram
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples


@pytest.mark.parametrize(
    ("widths", "T", "output", "one_hot"),
    [((16, 40, 3), 60, "identity", False), ((16, 40, 3), 60, "sigmoid", True), ((12, 20, 20, 4), 50, "identity", True)],
)
def test_training_with_the_gram_matrix(widths, T, output, one_hot):
    """Beyond 150 equations; one-hot targets too, where least squares alone would lose rank."""
    g = np.random.default_rng(T)
    X, n_L = g.random((T, widths[0])), widths[-1]
    Y = 0.1 + 0.8 * np.eye(n_L)[g.integers(0, n_L, T)] if one_hot else g.standard_normal((T, n_L))
    problem = Problem(Architecture.of(widths, "tanh", output), error_named("squared"), Samples.of(X, Y))
    assert problem.columns > 150
    assert any(kantorovich_ball(problem, found) is not None for found in exact_learner_candidates(problem, 0, 4))


def test_gram_steps_are_the_least_squares_steps():
    """One step without damping on a linear problem of full rank solves it; held output weights stay."""
    problem, weights = planted((3, 5, 2), 6, seed=0, shift=0.05)
    start = [(np.array(layer.W, dtype=float), np.array(layer.b, dtype=float)) for layer in weights.layers]
    fit = fit_with_gram(problem, start, 40, hold_output=True)
    assert fit.residual < 1e-12
    assert np.array_equal(fit.layers[1][0], start[1][0])
    again = fit_with_gram(problem, start, 40, hold_output=True)
    assert all(np.array_equal(W, V) and np.array_equal(b, c) for (W, b), (V, c) in zip(fit.layers, again.layers, strict=True))
    assert fit_with_gram(problem, [(np.full_like(W, np.nan), b) for W, b in start], 5) is None


def test_report_beyond_150_equations(check):
    g = np.random.default_rng(5)
    X, Y = g.standard_normal((60, 8)), g.standard_normal((60, 3))
    report = check((8, 40, 3), X, Y, activation="tanh")
    learner = report["exact-learning"]
    assert learner.verdict is lp.Verdict.PROVED
    assert learner.rule == "learner-ball"
    assert learner.rigor is lp.Rigor.VERIFIED_FLOAT
    assert learner.facts["distance"] < Fraction(1, 10**6)
    assert "Kantorovich" in learner.reason
    assert report["robust-targets"].facts["radius"] > 0
    assert report["manifold"].facts["dimension"] == report.problem.architecture.N_net - 180
    assert report["hessian-rank"].facts == {"rank_lower": 180, "rank_upper": 180}
    weights = [(np.array(layer.W, dtype=float), np.array(layer.b, dtype=float)) for layer in learner.evidence["point"].weights.layers]
    given = check((8, 40, 3), X, Y, activation="tanh", weights=weights)
    assert given["exact-learning"].facts["distance"] == learner.facts["distance"]
