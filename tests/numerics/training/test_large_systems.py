"""What large problems are solved with, at sizes where the short way can be seen to agree."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import lossproof as lp
from lossproof.certificates.inputs import memory_allowed as memory
from lossproof.numerics.network.weight_vectors import rows_of_step
from lossproof.numerics.ranks import producers as rank_producers
from lossproof.numerics.training import large_systems
from lossproof.numerics.training import least_squares as gram_training
from lossproof.numerics.training import levenberg_marquardt as optimiser_lm
from lossproof.numerics.training.gauss_newton_step import GaussNewtonSystem
from lossproof.numerics.training.large_systems import IterativeSystem, TiledSystem
from lossproof.numerics.training.least_squares import fit_with_gram
from lossproof.numerics.training.point import training_point
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

CASES = [
    ("squared", "identity", "trainable"),
    ("squared", "sigmoid", "none"),
    ("softmax", "identity", "trainable"),
    ("logistic", "identity", "trainable"),
    ("cauchy:1/4", "identity", "none"),
]


def problem_of(widths, T, error="squared", output="identity", bias="trainable"):
    g = np.random.default_rng(T)
    Y = np.eye(widths[-1])[np.arange(T) % widths[-1]]
    architecture = Architecture.of(widths, "tanh", output, bias)
    return Problem(architecture, error_named(error), Samples.of(g.standard_normal((T, widths[0])), Y))


def layers_of(problem, seed=0):
    g, widths = np.random.default_rng(seed), problem.architecture.widths
    bias = problem.architecture.bias_rows_of(1)
    return [(g.standard_normal(shape), bias * g.standard_normal(shape[1])) for shape in pairwise(widths)]


@pytest.mark.parametrize(("error", "output", "bias"), CASES)
@pytest.mark.parametrize("hold", [False, True])
def test_the_steps_are_those_of_the_whole_matrix(error, output, bias, hold, monkeypatch):
    monkeypatch.setattr(large_systems, "_TOLERANCE", 1e-13)
    problem = problem_of((3, 20, 15, 3), 17, error, output, bias)
    point = training_point(problem, layers_of(problem))
    whole, tiles, gradients = (system(point, hold_output=hold) for system in (GaussNewtonSystem, TiledSystem, IterativeSystem))
    expected = rows_of_step(problem.architecture, whole.damped_step(1e-3))
    for system in (tiles, gradients):
        assert np.allclose(
            rows_of_step(problem.architecture, system.damped_step(1e-3)), expected, rtol=1e-7, atol=1e-9 * np.abs(expected).max()
        )
    assert np.isclose(tiles.largest_diagonal(), whole.largest_diagonal())
    if error == "squared" and not hold:
        assert np.isclose(gradients.largest_diagonal(), whole.largest_diagonal())


def test_products_with_P_are_transposes_of_each_other():
    problem = problem_of((4, 7, 5, 2), 9)
    point, g = training_point(problem, layers_of(problem)), np.random.default_rng(3)
    s, step = g.standard_normal((9, 2)), [(g.standard_normal(W.shape), g.standard_normal(b.shape)) for W, b in layers_of(problem)]
    for hold in (False, True):
        left = float((point.times_P_transposed(step, hold_output=hold) * s).sum())
        right = sum(
            float((a * b).sum()) for pair in zip(point.times_P(s, hold_output=hold), step, strict=True) for a, b in zip(*pair, strict=True)
        )
        assert np.isclose(left, right)


def test_training_goes_from_conjugate_gradients_to_tiles(monkeypatch):
    monkeypatch.setattr(gram_training, "MOST_WHOLE", 100)
    monkeypatch.setattr(optimiser_lm, "MOST_WHOLE", 100)
    problem = problem_of((6, 60, 3), 50)
    seen = []
    fit = fit_with_gram(problem, layers_of(problem), 40, hold_output=True, report=seen.append)
    assert fit.residual < 1e-11
    assert fit.factorisations < len(seen), "the first steps are not factorisations"
    again = fit_with_gram(problem, layers_of(problem), 40, hold_output=True)
    assert all(np.array_equal(W, V) for (W, _), (V, _) in zip(fit.layers, again.layers, strict=True))


def test_find_weights_and_one_bound_for_all_claims(check, monkeypatch):
    """As at a thousand columns and more: rank, learner and robust targets rest on one bound of the smallest singular value."""
    monkeypatch.setattr(rank_producers, "_SINGULAR_FROM_COLUMNS", 160)
    problem = problem_of((6, 50, 3), 60)
    report = check((6, 50, 3), problem.samples.X, problem.samples.Y, activation="tanh", find_weights=True)
    learner, robust, rank = report["exact-learning"], report["robust-targets"], report["full-rank", "at these weights"]
    assert (learner.rule, robust.rule) == ("learner-ball", "implication")
    assert robust.premises[0].rule == "learner-ball"
    assert robust.premises[0].premises == learner.premises
    assert learner.premises[0] is rank.premises[0].premises[0]
    assert learner.evidence["point"].weights == report.points[0]
    assert report["hessian-rank"].facts == {"rank_lower": 180, "rank_upper": 180}
    assert report["manifold"].facts["dimension"] == problem.architecture.N_net - 180
    assert any("found by training" in note for note in report.notes)


def test_find_weights_starts_at_given_ones():
    X, Y = [[0.0], [1.0], [2.0]], [[0.5], [0.25], [0.75]]
    start = [([[1.0, -2.0, 0.5]], [0.1, 0.2, -0.3]), ([[1.0], [0.5], [2.0]], [0.0])]
    report = lp.check_architecture("1-3-1", X, Y, weights=start, find_weights=True)
    assert report["exact-learning"].verdict is lp.Verdict.PROVED
    assert report.points[0] != lp.Weights.of(report.problem.architecture, start)


def test_what_find_weights_cannot_do():
    with pytest.raises(lp.InputError, match="function of the residuals"):
        lp.check_architecture("2-2-2", [[0, 1], [1, 0]], [[1, 0], [0, 1]], error="softmax", find_weights=True)


def test_too_little_memory_is_said_at_the_start(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 2**28)
    X = np.random.default_rng(0).random((2000, 3))
    with pytest.raises(lp.InputError, match=r"T·n_L = 20000 must leave room for 1 triangle of K .* got 0.2 GiB .* take fewer samples"):
        lp.check_architecture((3, 1500, 10), X, np.zeros((2000, 10)))
    with pytest.raises(lp.InputError, match="2 triangles"):
        lp.train((3, 1500, 10), X, np.zeros((2000, 10)), method="lm")


def test_training_that_does_not_fit_is_refused_before_it_begins():
    """Also where the proof alone would fit, and where a wide layer would make it needless."""
    X = np.random.default_rng(0).random((900, 3))
    with pytest.raises(lp.InputError, match=r"must leave room for 2 triangles of K .* got 0.5 GiB .* train with bp or lbfgs"):
        lp.check_architecture((3, 1000, 10), X, np.zeros((900, 10)), find_weights=True, max_memory=0.5)
    many = np.random.default_rng(0).random((2100, 3))
    with pytest.raises(lp.InputError, match=r"lm must solve systems of at most 16000 unknowns, got 17006 \(N_net = 17006, T·n_L = 21000\)"):
        lp.check_architecture((3, 1214, 10), many, np.zeros((2100, 10)), find_weights=True)


@pytest.mark.parametrize("max_memory", [0, -1, True, "4", float("nan"), float("inf")])
def test_memory_must_be_a_positive_number(max_memory):
    with pytest.raises(lp.InputError, match="max_memory must be a positive number of GiB"):
        lp.check_architecture("1-1", [[0], [1]], [[1], [3]], max_memory=max_memory)


def test_claims_beyond_the_memory_allowed_stay_undecided_and_say_why():
    g = np.random.default_rng(0)
    X, Y = g.random((450, 4)), g.random((450, 1))
    report = lp.check_architecture((4, 20, 30, 1), X, Y, max_memory=0.001)
    claim = report["full-rank", "at these weights"]
    assert claim.verdict is lp.Verdict.UNDECIDED
    assert "of memory, more than the 0.0 GiB allowed" in claim.missing
