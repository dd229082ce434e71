"""One triangle in tiles: the factorisation, its solves, and the bound of its roundings against rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lossproof.numerics.algebra.gram_sums import GramPart, gram_of_parts, gram_triangle
from lossproof.numerics.algebra.tiled_cholesky import factor_in_place, roundings, solve_factored
from lossproof.numerics.algebra.tiled_matrix import places, tile_starts, tiled

SHAPES = [(1, 4), (2, 1), (7, 3), (100, 16), (300, 512), (900, 128)]


def positive(n, seed=0):
    B = np.random.default_rng(seed).standard_normal((n, n + 5))
    return B @ B.T


def in_tiles(M, tile):
    def fill(rows, columns):
        tile = M[rows, columns].copy()
        if rows == columns:
            tile[np.triu_indices(len(tile), 1)] = np.nan
        return tile

    return tiled(tile_starts(len(M), tile), fill)


def whole(A):
    M = np.zeros((A.n, A.n))
    for I, J, rows, columns in places(A.starts):
        M[rows, columns] = A.tiles[I][J]
    return np.tril(M)


@pytest.mark.parametrize(("n", "tile"), SHAPES)
def test_against_lapack(n, tile):
    """What stands above the diagonal of a tile is never read."""
    M, x = positive(n), np.random.default_rng(1).standard_normal(n)
    A = in_tiles(M, tile)
    assert np.allclose(A.times(x), M @ x, rtol=1e-11, atol=1e-9)
    assert np.array_equal(A.diagonal(), M.diagonal())
    L = A.copy()
    seen = []
    assert factor_in_place(L, lambda done, total: seen.append((done, total)))
    assert np.allclose(whole(L), np.linalg.cholesky(M), rtol=1e-9, atol=1e-9)
    assert np.allclose(M @ solve_factored(L, x), x, atol=1e-7)
    assert seen[-1][0] == seen[-1][1] == n * n
    assert np.array_equal(A.diagonal(), M.diagonal()), "the copy shares nothing"


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("where", [0, 5, 11])
def test_breakdown_is_seen(bad, where):
    M = np.eye(12)
    M[where, where] = bad
    with np.errstate(all="ignore"):
        assert not factor_in_place(in_tiles(M, 5))


@pytest.mark.parametrize("tile", [1, 3, 4, 12])
@pytest.mark.parametrize("condition", [1.0, 1e-12])
def test_bound_of_the_roundings(tile, condition):
    """``|a_ij − (LLᵀ)_ij| ≤ γ_{m_j} Σ_k |l_ik l_jk|``, in rational arithmetic."""
    M = positive(12, seed=2)
    M = (M * 2.0**-6 + np.ones((12, 12))) / condition
    L = in_tiles(M, tile)
    m = roundings(L.starts)
    assert factor_in_place(L)
    lower = [[Fraction(x) for x in row] for row in whole(L).tolist()]
    assert np.all(np.diff(m) >= 0)
    for i in range(12):
        for j in range(i + 1):
            products = [lower[i][k] * lower[j][k] for k in range(j + 1)]
            gamma = Fraction(int(m[j])) / (2**53 - int(m[j]))
            assert abs(Fraction(float(M[i, j])) - sum(products)) <= gamma * sum(map(abs, products))


@pytest.mark.parametrize(("T", "m"), [(1, 1), (5, 300), (700, 3), (9, 2), (40, 60)])
def test_triangle_of_the_gram_matrix(T, m):
    g = np.random.default_rng(T)
    parts = [
        GramPart(g.standard_normal((T, m, 4)), g.standard_normal((T, 3))),
        GramPart(g.standard_normal((T, m)), g.standard_normal((T, 2))),
        GramPart(g.standard_normal((T, m, 2)), g.standard_normal((T, 5))),
    ]
    assert np.allclose(whole(gram_triangle(parts)), np.tril(gram_of_parts(parts)), rtol=1e-12, atol=1e-12)
