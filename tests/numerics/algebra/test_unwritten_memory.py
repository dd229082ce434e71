"""Nothing is read that was not written, and nothing is taken from an argument that a routine may or may not have overwritten: results stay the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from cases.stand_ins import PoisonedNumpy, Unwritten, copy_arguments_of_routines, poison_new_memory

import lossproof as lp
from lossproof.numerics.algebra import tiled_matrix
from lossproof.numerics.algebra.gram_sums import GramPart, gram_of_parts, gram_triangle
from lossproof.numerics.algebra.positive_solve import solve_positive
from lossproof.numerics.algebra.tiled_cholesky import factor_in_place, solve_factored
from lossproof.numerics.ranks.verified import attempt_full_column_rank, attempt_singular_value
from lossproof.numerics.training import least_squares, levenberg_marquardt
from lossproof.numerics.training.least_squares import fit_with_gram
from lossproof.numerics.verified.enclosed_gram import enclosed_gram
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

STAND_INS = {"unwritten memory": poison_new_memory, "routines that copy": copy_arguments_of_routines}


def network(widths, T, activation="tanh", seed=0):
    g = np.random.default_rng(seed)
    weights = [(g.standard_normal((m, n)), g.standard_normal(n)) for m, n in pairwise(widths)]
    return Architecture.of(widths, activation), g.standard_normal((T, widths[0])), weights


def problem_of(widths, T):
    architecture, X, _ = network(widths, T)
    return Problem(architecture, error_named("squared"), Samples.of(X, np.eye(widths[-1])[np.arange(T) % widths[-1]]))


def proved_rank():
    """Seven tile rows."""
    tried = attempt_full_column_rank(*network((4, 60, 3), 70))
    return tried.evidence.payload["method"], tried.evidence.value


def proved_rank_of_a_block():
    tried = attempt_full_column_rank(*network((4, 60, 30, 2), 50, "gelu"), block=2)
    return tried.evidence.payload["method"], tried.evidence.value


def proved_rank_by_a_preconditioner():
    architecture, X, weights = network((3, 80, 1), 60)
    X[1] = X[0] + 1e-7
    tried = attempt_full_column_rank(architecture, X, weights)
    return tried.evidence.payload["method"], tried.evidence.value


def smallest_singular_value():
    architecture, X, weights = network((4, 60, 3), 100)
    return attempt_singular_value(architecture, Samples.of(X, np.zeros((100, 3))), lp.Weights.of(architecture, weights)).evidence.payload


def gram_sums():
    g = np.random.default_rng(0)
    parts = [
        GramPart(g.standard_normal((90, 2, 3)), g.standard_normal((90, 4)), 1),
        GramPart(g.standard_normal((90, 2)), np.zeros((90, 0))),
        GramPart(g.standard_normal((90, 2, 5)), g.standard_normal((90, 2))),
    ]
    tiles = gram_triangle(parts)
    return gram_of_parts(parts).tolist(), [np.tril(row[-1]).tolist() for row in tiles.tiles], tiles.times(np.ones(180)).tolist()


def solutions():
    g = np.random.default_rng(0)
    B = g.standard_normal((40, 25))
    right = g.standard_normal(40)
    found = [solve_positive(B @ B.T, shift, right) for shift in (0.0, 1e-3)]
    L = gram_triangle([GramPart(np.ones((100, 1)), g.standard_normal((100, 130)))])
    assert factor_in_place(L)
    return [(one.rank, one.x.tolist()) for one in found], solve_factored(L, np.ones(100)).tolist()


def enclosed_kernel():
    found = enclosed_gram(*network((3, 20, 4), 12))
    return found.mid.tolist(), found.radius().tolist()


def fit_of_a_large_system(monkeypatch):
    """Conjugate gradients first, then tiles."""
    for module in (least_squares, levenberg_marquardt):
        monkeypatch.setattr(module, "MOST_WHOLE", 100)
    g = np.random.default_rng(1)
    layers = [(g.standard_normal((6, 60)), g.standard_normal(60)), (g.standard_normal((60, 3)), g.standard_normal(3))]
    fit = fit_with_gram(problem_of((6, 60, 3), 50), layers, 40, hold_output=True)
    return fit.residual, [W.tolist() for W, _ in fit.layers]


def training(method):
    problem = problem_of((3, 9, 2), 12)
    X = np.vstack([problem.samples.X, problem.samples.X[:1]])
    Y = np.vstack([problem.samples.Y, problem.samples.Y[:1]])
    found = lp.train((3, 9, 2), X, Y, method=method, max_iterations=15)
    return found.loss, str(found.weights)


def report_and_check():
    report = lp.check_architecture(
        "2-8-1", [[0.5, 1.0], [-1.0, 0.25], [1.0, 1.0], [0.0, 2.0]], [[1.0], [0.0], [2.0], [1.0]], find_weights=True
    )
    return report.certificate.text, lp.verify(report.certificate.text).ok


def map_of_a_landscape():
    found = lp.find_critical_points("1-2-1", [[0], [1], [2]], [[1], [3], [0]], starts=12, workers=1)
    return found.report.certificate.text, lp.verify(found.report.certificate.text).ok


JOBS = {
    job.__name__: job
    for job in (
        proved_rank,
        proved_rank_of_a_block,
        proved_rank_by_a_preconditioner,
        smallest_singular_value,
        gram_sums,
        solutions,
        enclosed_kernel,
        report_and_check,
        map_of_a_landscape,
    )
}


@pytest.fixture
def _small_tiles(monkeypatch):
    monkeypatch.setattr(tiled_matrix, "TILE", 32)


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("stand_in", STAND_INS)
@pytest.mark.parametrize("job", JOBS)
def test_results_stay_the_same(job, stand_in, monkeypatch):
    expected = JOBS[job]()
    STAND_INS[stand_in](monkeypatch)
    assert JOBS[job]() == expected


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("stand_in", STAND_INS)
@pytest.mark.parametrize("method", ["ggn", "lm", "newton", "bp", "lbfgs"])
def test_training_stays_the_same(method, stand_in, monkeypatch):
    """Also where two equations are the same, so that no Cholesky factorisation ends."""
    expected = training(method)
    STAND_INS[stand_in](monkeypatch)
    assert training(method) == expected


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("stand_in", STAND_INS)
def test_large_systems_stay_the_same(stand_in, monkeypatch):
    expected = fit_of_a_large_system(monkeypatch)
    STAND_INS[stand_in](monkeypatch)
    assert fit_of_a_large_system(monkeypatch) == expected


def test_the_rules_of_the_jobs_are_those_meant():
    assert proved_rank() == ("cholesky", 210)
    assert proved_rank_of_a_block() == ("cholesky", 100)
    assert proved_rank_by_a_preconditioner() == ("inverse", 60)


def test_reading_unwritten_memory_is_seen():
    fresh = PoisonedNumpy("numpy")
    with pytest.warns(RuntimeWarning, match="invalid value"):
        np.subtract(fresh.empty((3, 3)), 1.0)
    with pytest.raises(AssertionError, match="never written"):
        fresh.empty(2, dtype=object) + 1
    assert isinstance(fresh.empty_like(np.array([None, 1]))[0], Unwritten)
