"""The singular values of P are enclosed: held against planted ones, many digits and K in balls, also where they are clustered, zero, huge or tiny."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.network.estimates import mp_singular_values
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.verified import singular_values
from lossproof.numerics.verified.singular_values import enclosed_singular_values, enclosed_spectrum
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


def reflected(values, m, n, seed):
    """Return an m×n matrix in many digits with these singular values: two reflections ``I − 2vvᵀ/vᵀv`` applied to a diagonal."""
    g = np.random.default_rng(seed)
    M = mpmath.zeros(m, n)
    for k, value in enumerate(values):
        M[k, k] = mpmath.mpf(value)
    for size, left in ((m, True), (n, False)):
        v = mpmath.matrix([int(x) for x in g.integers(-9, 10, size)])
        R = mpmath.eye(size) - 2 * v * v.T / mpmath.fdot(v, v)
        M = R * M if left else M * R
    return M


PLANTED = {
    "spread": [1.0, 1e-3, 1e-6, 1e-9],
    "clustered": [1 + 2.0**-40, 1.0, 1.0, 1 - 2.0**-45],
    "rank two": [3.0, 2.0, 0.0, 0.0],
    "huge": [1e60, 1e50, 1e44, 1.0],
    "tiny": [1e-60, 1e-62, 1e-70, 0.0],
}


@pytest.mark.parametrize("shape", [(4, 4), (7, 4), (4, 9)])
@pytest.mark.parametrize("name", PLANTED)
def test_planted_singular_values(name, shape):
    with mpmath.workdps(60):
        exact = reflected(PLANTED[name], *shape, seed=3)
        M = np.array([[float(exact[i, j]) for j in range(shape[1])] for i in range(shape[0])])
        twin = sorted(
            mpmath.svd_r(mpmath.matrix(M.tolist()) if shape[0] >= shape[1] else mpmath.matrix(M.T.tolist()), compute_uv=False), reverse=True
        )
        values, error = enclosed_singular_values(M)
        assert error <= 1e-12 * max(PLANTED[name])
        assert all(abs(mpmath.mpf(float(a)) - b) <= error for a, b in zip(values, twin, strict=True))


def problem_of(widths, activation, T, seed, scale=1.0, **options):
    g = np.random.default_rng(seed)
    a = Architecture.of(widths, activation, **options)
    X, Y = scale * g.normal(size=(T, a.widths[0])), g.normal(size=(T, a.n_L))
    pairs = [
        (g.normal(size=(m, n)), g.normal(size=n) * (options.get("bias") != "none")) for m, n in zip(a.widths, a.widths[1:], strict=False)
    ]
    return Problem(a, error_named("squared"), Samples.of(X, Y)), Weights.of(a, pairs)


def check_digits(problem, weights):
    """Assert that the enclosures hold the singular values of P in 80 digits."""
    found = enclosed_spectrum(problem, weights)
    exact = mp_singular_values(jacobian(evaluate(problem.architecture, problem.samples, weights, MpmathField(80))), 80).value
    with mpmath.workdps(80):
        assert all(abs(mpmath.mpf(a) - b) <= found.within for a, b in zip(found.values, exact, strict=True))
    return found


@pytest.mark.parametrize("activation", ["tanh", "softplus", "gelu", "relu", "sin"])
@pytest.mark.parametrize(("widths", "T"), [("2-3-1", 5), ("2-3-2-2", 4), ("1-1", 6)])
def test_against_many_digits(activation, widths, T):
    found = check_digits(*problem_of(widths, activation, T, seed=1))
    assert found.within < 1e-11 * found.values[0]


@pytest.mark.parametrize(
    "options", [{"bias": "none"}, {"bias": "fixed", "output_activation": "tanh"}, {"output_activation": "sigmoid"}], ids=str
)
def test_biases_and_output_activations(options):
    check_digits(*problem_of("2-3-2", "tanh", 4, seed=4, **options))


@pytest.mark.parametrize("scale", [1e-20, 1e10, 40.0])
def test_extreme_samples(scale):
    check_digits(*problem_of("2-3-1", "tanh", 4, seed=2, scale=scale))


def test_where_nothing_is_enclosed(monkeypatch):
    a = Architecture.of("1-1-1", "relu", bias="none")
    problem = Problem(a, error_named("squared"), Samples.of([[1]], [[1]]))
    assert enclosed_spectrum(problem, Weights.of(a, [([[0]], [0]), ([[1]], [0])])) is None
    problem, weights = problem_of("2-3-1", "identity", 4, seed=0, scale=1e200)
    assert enclosed_spectrum(problem, weights) is None
    problem, weights = problem_of("2-3-1", "tanh", 4, seed=0)
    monkeypatch.setattr(singular_values, "_MOST_WORK", 10)
    assert enclosed_spectrum(problem, weights) is None
    monkeypatch.setattr(np.linalg, "svd", lambda M, **_: (np.eye(2), np.ones(2), np.array([[1.0, 1.0], [1.0, 1.0]])))
    assert enclosed_singular_values(np.eye(2))[1] == np.inf


def test_a_wrong_decomposition_is_told_by_its_bound(monkeypatch):
    true = np.linalg.svd
    monkeypatch.setattr(np.linalg, "svd", lambda M, **_: (lambda U, S, V: (U, S * (1 + 1e-6), V))(*true(M, full_matrices=False)))
    values, error = enclosed_singular_values(np.diag([2.0, 1.0]))
    assert abs(Fraction(float(values[0])) - 2) <= error < 1e-5
