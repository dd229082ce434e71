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

**Engines that are not stable** (`tile_engine`) may get ``L`` in a tile by any means, such as products with an inverse. Then one more product gives
``R̃ = fl(c_J − fl(Σ_{k∈J} l_ik l_jk))``. As ``|c_J − fl(Σ_{k∈J} …)| ≤ |R̃|/(1 − u)``, the bullets above give ``|a_ij − (LLᵀ)_ij| ≤ γ_m Σ_k |l_ik l_jk| +
2|R̃_ij|`` with one ``m = 2b + J_max + 8``, which counts the product of the residual, too. With ``F ≥ 2(Σ R̃_ij²)^{1/2}``, over the whole symmetric matrix,
``‖L‖_F² ≤ (tr A + √n F)/(1 − γ_m)`` by the diagonal, and ``‖A − LLᵀ‖₂ ≤ γ_m/(1 − γ_m) (tr A + √n F) + F``. Nothing is assumed of ``L``, not even that its
diagonal is positive.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import lapack

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tile_engine import Tile, TileEngine, strips
from lossproof.numerics.algebra.tiled_matrix import Report, Shared, Triangle, segments


def roundings(starts: tuple[int, ...]) -> Floats:
    """Return ``m_j`` for every column (see the head of this module)."""
    sizes = np.diff(starts)
    J = np.repeat(np.arange(len(sizes)), sizes)
    columns = np.arange(starts[-1])
    return np.asarray(np.minimum(columns + 1, sizes.max(initial=1)) + J + 4, dtype=np.float64)


def factor_in_place(A: Triangle, report: Report | None = None) -> bool:
    r"""Replace the lower triangle by ``L`` with ``A ≈ L Lᵀ`` and tell whether it ran to its end with finite positive pivots.

    ``n³/3`` operations. Where it breaks down, the content is of no use. ``report(done, total)`` is called after every tile row.

    >>> from lossproof.numerics.algebra.tiled_matrix import tiled
    >>> A = tiled((0, 2, 3), lambda rows, columns: (np.ones((3, 3)) + 3 * np.eye(3))[rows, columns].copy())
    >>> factor_in_place(A), float(A.tiles[0][0][0, 0])
    (True, 2.0)
    """
    return factor_measured(A, report) is not None


def factor_measured(A: Triangle, report: Report | None = None) -> float | None:
    """Do as `factor_in_place`, and return ``(Σ R̃_ij²)^{1/2}`` (see the head of this module), not raised: 0 for a stable engine. None where it breaks down.

    The tile rows of a panel are held at once, and of those before it one at a time, each given up before the next is taken; for every tile the order of its
    operations is the same.
    """
    if isinstance(A, Shared):
        return A.factor(report)
    engine, squares = A.engine, 0.0
    with threads_for(A.n**3 / 3), np.errstate(over="ignore", invalid="ignore"):
        for panel in A.panels:
            held = {I: A.row(I) for I in panel}
            for J in range(panel.stop):
                row = held[J] if J in held else A.row(J)
                for I in range(max(J, panel.start), panel.stop):
                    if A.is_final(I, J):
                        continue
                    left = held[I][:J]
                    found = finish_tile(engine, held[I][J], left, left if I == J else row[: J + 1])
                    if found is None:
                        return None
                    held[I][J], square = found
                    squares += square
                    A.keep(I, J, held[I][J])
                del row
            del held
            if report is not None:
                report(A.starts[panel.stop] ** 2, A.n**2)
    return float(np.sqrt(squares))


def finish_tile(engine: TileEngine, tile: Tile, left: Sequence[Tile], right: Sequence[Tile]) -> tuple[Tile, float] | None:
    """Return the tile ``(I, J)`` of ``L`` for that of ``A``, which is lost, and ``Σ R̃_ij²`` over it and its mirror image; None for a bad pivot.

    ``left`` are the tiles ``L_IK``, ``K < J``, and ``right`` the ``L_JK``, ``K ≤ J``, or ``left`` itself for ``I = J``. The sum is 0 for a stable engine.
    """
    return solve_tile(engine, subtract_products(engine, tile, left, right), None if left is right else right[-1])


def subtract_products(engine: TileEngine, tile: Tile, left: Sequence[Tile], right: Sequence[Tile]) -> Tile:
    """Return the tile less ``L_IK L_JKᵀ`` for all ``K < J``, each product formed apart; of the product of a tile with itself one triangle is."""
    for K, factor in enumerate(left):
        tile = engine.minus_square(tile, factor) if left is right else engine.minus_product(tile, factor, right[K])
    return tile


def solve_tile(engine: TileEngine, rest: Tile, factor: Tile | None) -> tuple[Tile, float] | None:
    """Finish a tile from which all products are subtracted, with the factor on the diagonal of its column, or as one on the diagonal. As `finish_tile`."""
    tile = engine.factor(rest) if factor is None else engine.substitute(factor, rest)
    if tile is None:
        return None
    return tile, 0.0 if engine.stable else _squared_residual(engine, rest, tile, factor)


def _squared_residual(engine: TileEngine, rest: Tile, tile: Tile, factor: Tile | None) -> float:
    """Return ``Σ R̃_ij²`` over a tile and its mirror image; without a factor the tile is one on the diagonal, and its own factor.

    The product with the transpose of a lower triangle is formed by strips of columns, each without the terms that are 0 in all of it. The sum over all tiles
    has at most ``n²`` roundings, for which the caller raises it.
    """
    lower, squares = engine.lower(tile if factor is None else factor), 0.0
    left = lower if factor is None else tile
    for strip in strips(lower.shape[0]):
        terms = slice(0, strip.stop)
        factors = engine.part(left, slice(None), terms), engine.part(lower, strip, terms)
        residual = engine.minus_product(engine.part(rest, slice(None), strip), *factors)
        squares += engine.sum_of_squares(residual if factor is not None else engine.lower(residual, -strip.start))
    return 2 * squares


def solve_lower(L: Triangle, b: Floats, *, transposed: bool = False) -> Floats:
    """Return ``x`` with ``L x = b``, or ``Lᵀ x = b``, in doubles."""
    x, parts = np.array(b, dtype=np.float64), segments(L.starts)
    order = range(len(parts))
    for I in reversed(order) if transposed else order:
        rows, tiles = parts[I], list(map(L.engine.host, L.row(I)))
        if not transposed:
            for J in range(I):
                x[rows] -= tiles[J] @ x[parts[J]]
        # the transpose of a tile in C order is what LAPACK reads, its upper triangle being the tile's lower one
        x[rows], _ = lapack.dtrtrs(tiles[I].T, x[rows], lower=0, trans=0 if transposed else 1)
        if transposed:
            for J in range(I):
                x[parts[J]] -= x[rows] @ tiles[J]
    return x


def solve_factored(L: Triangle, b: Floats) -> Floats:
    """Return ``x`` with ``L Lᵀ x = b``, in doubles."""
    return solve_lower(L, solve_lower(L, b), transposed=True)
