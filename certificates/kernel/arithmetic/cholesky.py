r"""A Cholesky factorisation in tiles of at most 1,024 rows, and a bound of its roundings.

Let L be the computed factor of A, ``u = 2^-53``, ``γ_k = k u / (1 − k u)``, b = 1024 and m the number of tile rows. Entry ``(i, j)`` in tile
``(I, J)`` starts as ``c = a_ij``; for each earlier tile ``K < J`` the product ``Σ_{k∈K} l_ik l_jk`` is formed apart and then subtracted; the rest,
at most b terms, is done in the tile by LAPACK. In any order of summation, fused or not, and with divisions done as products with a rounded reciprocal:

- the last part is exact for terms changed by at most ``γ_{b+2}`` relatively, with the value ``c'`` it starts from;
- a product formed apart changes its terms by at most ``γ_b``, and the m subtractions change what they act on by ``γ_m`` at most, so that
  ``a_ij = c'(1 + θ) + Σ_{K<J} Σ_k l_ik l_jk (1 + θ_k)`` with all ``|θ| ≤ γ_{b+m}``: what stands after a subtraction acts on both sides alike.

The products may be formed where the tiles are kept: asked of them is ``|fl(A Bᵀ) − A Bᵀ| ≤ γ_b |A||B|ᵀ`` up to underflow, flushed to 0 or not, which sums
of products of doubles obey in any order. What is subtracted, solved and factored stays with numpy and LAPACK.

Hence ``|a_ij − (LLᵀ)_ij| ≤ γ_{b+m+8} (|L||L|ᵀ)_ij``, and as ``(|L||L|ᵀ)_ij ≤ ‖l_i‖‖l_j‖``, ``‖A − LLᵀ‖₂ ≤ γ ‖L‖_F² ≤ γ/(1 − γ) tr A`` with ``γ = γ_{b+m+8}``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import blas, lapack

from lossproof.certificates.kernel.arithmetic.doubles import gamma
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.work import Tiles

TILE = 1024


def steps_of(n: int) -> list[slice]:
    """Return the rows of the tiles."""
    return [slice(start, min(start + TILE, n)) for start in range(0, n, TILE)]


def cholesky_roundings(n: int) -> int:
    """Return ``b + m + 8`` for n rows."""
    return min(TILE, n) + len(steps_of(n)) + 8


def has_positive_pivots(tile: Callable[[slice, slice], Array], n: int, shift: float = 0.0, tiles: Callable[[], Tiles] = dict) -> bool:
    """Factor ``M − σI``, M symmetric, of which ``tile(rows, columns)`` forms a part on or below the diagonal; tell whether all pivots are positive and finite.

    The tiles of L are kept in what ``tiles()`` returns, empty at first. It must give back what was put in; or, below the diagonal, what its own ``product``
    multiplies in place of `matrix_product`.
    """
    rows_of, L = steps_of(n), tiles()
    product = getattr(L, "product", matrix_product)
    right = n <= TILE or not hasattr(L, "product") or multiplies(tiles())
    require(right, "evidence", "the products of the engine are not those of doubles: take the engine numpy")
    for I, rows in enumerate(rows_of):
        for J in range(I + 1):
            rest = tile(rows, rows_of[J])
            if J == I:
                rest[np.diag_indices(len(rest))] -= shift
            for K in range(J):
                rest -= product(L[I, K], L[J, K])
            if J < I:
                found = blas.dtrsm(1.0, L[J, J].T, rest.T, lower=0, trans_a=1, overwrite_b=1)
            else:
                found, info = lapack.dpotrf(rest.T, lower=0, clean=0, overwrite_a=1)
                if info != 0 or not np.all((np.diagonal(found) > 0) & (np.diagonal(found) < np.inf)):
                    return False
            L[I, J] = found.T
    return True


def multiplies(L: Any) -> bool:
    """Tell whether every entry of a product of tiles, by L, is near that of `matrix_product`: both lie within ``γ |A||B|ᵀ`` of the exact one.

    Rows have the scales ``2^±100``, the terms of a sum others. Fewer bits, Strassen's algorithm and slices of fixed weight fail; but a test is no proof.
    """
    g, k = np.random.default_rng(0), TILE
    scales, spread = np.where(np.arange(k) % 2, 100, -100)[:, None], g.integers(-40, 41, k)
    A, B = L[2, 0], L[1, 0] = [np.ldexp(g.uniform(-1, 1, (k, k)), scales + part) for part in (spread, -spread // 2)]
    apart = np.abs(L.product(L[2, 0], L[1, 0]) - matrix_product(A, B))
    return bool(np.all(apart <= 2 * gamma(k + 1) * matrix_product(np.abs(A), np.abs(B))))


def matrix_product(A: Array, B: Array) -> Array:
    """Return ``A Bᵀ`` for arrays in C order."""
    return np.asarray(blas.dgemm(1.0, B.T, A.T, trans_a=1).T)
