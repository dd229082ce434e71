r"""The Cholesky factorisation of a tiled matrix, in place, and what its roundings can amount to.

LAPACK's threaded routine of OpenBLAS ends the process for about 17,000 rows and more; here it only ever sees one tile, and nearly all work is
matrix products of tiles.

**Rounding.** Let ``L`` be the computed factor of ``A`` and let entry ``(i, j)``, ``i ≥ j``, lie in tile ``(I, J)``, whose rows have at most ``b``
columns a tile. It was computed as ``c_0 = a_ij``, ``c_{K+1} = fl(c_K − fl(Σ_{k∈K} l_ik l_jk))`` for the tiles ``K < J``, each product of
tiles formed apart, and then from ``c_J`` within the tile, by substitution or by LAPACK. For every order of summation, fused or not:

- within the tile, ``|c_J − Σ_{k∈J, k≤j} l_ik l_jk| ≤ γ_{d+2} Σ_{k∈J, k≤j} |l_ik l_jk|``, ``d ≤ b`` the number of its terms; this holds for a division,
  and for a product with a rounded reciprocal, and for the root on the diagonal (Higham, *Accuracy and Stability of Numerical Algorithms*, section 10.1);
- ``|fl(Σ_{k∈K} l_ik l_jk) − Σ_{k∈K} l_ik l_jk| ≤ γ_b Σ_{k∈K} |l_ik l_jk|``, and ``c_{K+1} (1 + δ_K) = c_K − fl(Σ_{k∈K} …)`` with ``|δ_K| ≤ u``. Unrolled from
  the last subtraction, ``a_ij = c_J Π_K (1 + δ_K) + Σ_K Π_{K'<K} (1 + δ_K') fl(Σ_{k∈K} …)``: ``c_J`` and every product carry at most ``J`` of the ``δ``, and
  ``|c_J| ≤ (1 + γ_{d+2}) Σ_{k∈J, k≤j} |l_ik l_jk|``.

Together ``|a_ij − (LLᵀ)_ij| ≤ γ_{m_j} Σ_k |l_ik l_jk|`` with ``m_j = min(j + 1, b) + J + 4``, counted from ``j = 0``: the length of a tile and the number of
tiles, not the length of a row. `roundings` returns the ``m_j``, which grow with ``j``. Underflow is left to the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.linalg import blas, lapack

from lossproof.numerics.algebra.products import Floats, put, times_transposed
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tiled_matrix import TiledMatrix

Report: TypeAlias = Callable[[int, int], None]
"""``report(done, total)``: called as a factorisation goes on."""


def roundings(starts: tuple[int, ...]) -> Floats:
    """Return ``m_j`` for every column (see the head of this module)."""
    sizes = np.diff(starts)
    J = np.repeat(np.arange(len(sizes)), sizes)
    columns = np.arange(starts[-1])
    return np.asarray(np.minimum(columns + 1, sizes.max(initial=1)) + J + 4, dtype=np.float64)


def factor_in_place(A: TiledMatrix, report: Report | None = None) -> bool:
    r"""Replace the lower triangle by ``L`` with ``A ≈ L Lᵀ`` and tell whether it ran to its end with finite positive pivots.

    ``n³/3`` operations. Where it breaks down, the content is of no use. ``report(done, total)`` is called after every tile row.

    >>> from lossproof.numerics.algebra.tiled_matrix import tiled
    >>> A = tiled((0, 2, 3), lambda rows, columns, out: np.copyto(out, (np.ones((3, 3)) + 3 * np.eye(3))[rows, columns]))
    >>> factor_in_place(A), float(A.tiles[0][0][0, 0])
    (True, 2.0)
    """
    scratch = np.empty(max((tile.size for row in A.tiles for tile in row), default=0))
    with threads_for(A.n**3 / 3):
        for I, row in enumerate(A.tiles):
            for J in range(I):
                _subtract_products(row[J], row, A.tiles[J], J, scratch)
                _substitute(A.tiles[J][J], row[J])
            _subtract_products(row[I], row, row, I, scratch)
            if not _factor_tile(row[I]):
                return False
            if report is not None:
                report(A.starts[I + 1] ** 2, A.n**2)
    return True


def _subtract_products(target: Floats, left: list[Floats], right: list[Floats], count: int, scratch: Floats) -> None:
    """Subtract ``L_IK L_JKᵀ`` for all ``K`` before ``count``, each product formed apart.

    Of the product of a tile with itself one triangle is formed; the other one is 0, and leaves what lies above the diagonal as it is.
    """
    product = scratch[: target.size].reshape(target.shape)
    if left is right:
        product.fill(0)
    for K in range(count):
        if left is right:
            put(blas.dsyrk(1.0, left[K].T, trans=1, lower=0, c=product.T, overwrite_c=1).T, product)
        else:
            times_transposed(left[K], right[K], product)
        np.subtract(target, product, out=target)


def _substitute(factor: Floats, tile: Floats) -> None:
    """Replace ``tile`` by ``X`` with ``X Lᵀ = tile``."""
    put(blas.dtrsm(1.0, factor.T, tile.T, lower=0, trans_a=1, overwrite_b=1).T, tile)


def _factor_tile(tile: Floats) -> bool:
    with threads_for(len(tile) ** 3 / 3):
        factor, info = lapack.dpotrf(tile.T, lower=0, clean=0, overwrite_a=1)
    put(factor.T, tile)
    pivots = tile.diagonal()
    return bool(info == 0 and np.isfinite(pivots).all() and pivots.min() > 0)


def solve_lower(L: TiledMatrix, b: Floats, *, transposed: bool = False) -> Floats:
    """Return ``x`` with ``L x = b``, or ``Lᵀ x = b``, in doubles."""
    x, segments = np.array(b, dtype=np.float64), L.segments()
    order = range(len(segments))
    for I in reversed(order) if transposed else order:
        rows = segments[I]
        if not transposed:
            for J in range(I):
                x[rows] -= L.tiles[I][J] @ x[segments[J]]
        # the transpose of a tile in C order is what LAPACK reads, its upper triangle being the tile's lower one
        x[rows], _ = lapack.dtrtrs(L.tiles[I][I].T, x[rows], lower=0, trans=0 if transposed else 1)
        if transposed:
            for J in range(I):
                x[segments[J]] -= x[rows] @ L.tiles[I][J]
    return x


def solve_factored(L: TiledMatrix, b: Floats) -> Floats:
    """Return ``x`` with ``L Lᵀ x = b``, in doubles."""
    return solve_lower(L, solve_lower(L, b), transposed=True)
