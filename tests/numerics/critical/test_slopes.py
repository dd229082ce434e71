"""The Hessian as a linear map: elimination, which serves large indefinite matrices, agrees with the eigenvectors."""

from __future__ import annotations

import numpy as np
import pytest

from lossproof.numerics.critical.slopes import Slopes


def symmetric(n, seed):
    A = np.random.default_rng(seed).normal(size=(n, n))
    return A + A.T


@pytest.mark.parametrize("n", [3, 200, 201, 260])
@pytest.mark.parametrize("shift", [0, 100])
def test_margin_and_step_are_those_of_the_eigenvectors(n, shift):
    free, g = np.arange(n) * 2, np.random.default_rng(9).normal(size=2 * n)
    H = symmetric(n, n) + shift * np.eye(n)
    alone, known = Slopes.of(H, free), Slopes.of(H, free)
    assert alone.is_definite is (shift > 0)
    values, vectors = known.eigen
    expected = np.zeros(2 * n)
    expected[free] = vectors @ ((vectors.T @ g[free]) / values)
    assert alone.margin() == pytest.approx(np.abs(values).min(), rel=2e-3)
    assert np.allclose(alone.newton_step(g), expected, rtol=1e-8, atol=1e-10)
    assert np.allclose(known.step(g), expected, rtol=1e-8, atol=1e-10)
    assert "eigen" not in vars(alone) or n <= 200


@pytest.mark.parametrize("n", [4, 260])
def test_parameters_that_change_nothing_stay(n):
    """Rows of zeros anywhere: the step is that of the pseudo-inverse, and an eigenvalue is 0."""
    kept = np.delete(np.arange(n), [0, n // 2])
    H, g = np.zeros((n, n)), np.random.default_rng(3).normal(size=n)
    H[np.ix_(kept, kept)] = symmetric(n - 2, 1) - 0.1 * np.eye(n - 2)
    expected = np.zeros(n)
    expected[kept] = np.linalg.solve(H[np.ix_(kept, kept)], g[kept])
    slopes = Slopes.of(H, np.arange(n))
    assert not slopes.is_definite
    assert slopes.least == slopes.margin() == 0
    assert slopes.negative == np.sum(np.linalg.eigvalsh(H[np.ix_(kept, kept)]) < 0)
    for step in (slopes.newton_step(g), slopes.step(g)):
        assert np.allclose(step, expected, rtol=1e-8, atol=1e-10)
        assert step[0] == step[n // 2] == 0


def test_a_singular_matrix_is_left_to_its_eigenvectors():
    H = np.diag([-2.0, *[1.0] * 200])
    H[1:3, 1:3] = 1
    slopes = Slopes.of(H, np.arange(201))
    assert slopes.margin() < 1e-15
    g = np.array([8.0, 2.0, 2.0, *[5.0] * 198])
    assert np.allclose(slopes.newton_step(g), [-4.0, 1.0, 1.0, *[5.0] * 198])
    assert Slopes.of(np.zeros((201, 201)), np.arange(201)).newton_step(g).tolist() == [0.0] * 201
