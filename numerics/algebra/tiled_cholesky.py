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
from copy import deepcopy

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
    >>> A = tiled((0, 2, 3), lambda rows, columns, out: np.copyto(out, (np.ones((3, 3)) + 3 * np.eye(3))[rows, columns]))
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
    sizes = np.diff(A.starts)
    scratch = engine.empty(1, int(sizes.max(initial=0)) ** 2).reshape(-1)
    with threads_for(A.n**3 / 3), np.errstate(over="ignore", invalid="ignore"):
        for panel in A.panels:
            held = {I: A.row(I) for I in panel}
            for J in range(panel.stop):
                row = held[J] if J in held else A.row(J)
                for I in range(max(J, panel.start), panel.stop):
                    if A.is_final(I, J):
                        continue
                    tile = held[I][J]
                    product = scratch[: int(sizes[I] * sizes[J])].reshape(tile.shape)
                    left = held[I][:J]
                    found = finish_tile(engine, tile, left, left if I == J else row[: J + 1], product)
                    if found is None:
                        return None
                    squares += found
                    A.keep(I, J, tile)
                del row
            del held
            if report is not None:
                report(A.starts[panel.stop] ** 2, A.n**2)
    return float(np.sqrt(squares))


def finish_tile(engine: TileEngine, tile: Tile, left: Sequence[Tile], right: Sequence[Tile], product: Tile) -> float | None:
    """Replace tile ``(I, J)`` of ``A`` by that of ``L``, and return ``Σ R̃_ij²`` over it and its mirror image: 0 for a stable engine, None for a bad pivot.

    ``left`` are the tiles ``L_IK``, ``K < J``, and ``right`` the ``L_JK``, ``K ≤ J``, or ``left`` itself for ``I = J``; ``product`` has the shape of the tile.
    """
    subtract_products(engine, tile, left, right, product)
    return solve_tile(engine, tile, None if left is right else right[-1])


def solve_tile(engine: TileEngine, tile: Tile, factor: Tile | None) -> float | None:
    """Finish a tile from which all products are subtracted, with the factor on the diagonal of its column, or as one on the diagonal. As `finish_tile`."""
    before = None if engine.stable else deepcopy(tile)
    if factor is not None:
        engine.substitute(factor, tile)
    elif not engine.factor(tile):
        return None
    return 0.0 if before is None else _squared_residual(engine, before, tile, factor)


def subtract_products(engine: TileEngine, target: Tile, left: Sequence[Tile], right: Sequence[Tile], product: Tile) -> None:
    """Subtract ``L_IK L_JKᵀ`` for all ``K < J``, each product formed apart.

    Of the product of a tile with itself one triangle is formed; the other one is 0, and leaves what lies above the diagonal as it is.
    """
    if left is right:
        product[...] = 0
    for K, tile in enumerate(left):
        if left is right:
            engine.square(tile, product)
        else:
            engine.multiply(tile, right[K], product)
        target -= product


def _squared_residual(engine: TileEngine, before: Tile, tile: Tile, factor: Tile | None) -> float:
    """Return ``Σ R̃_ij²`` over a tile and its mirror image; without a factor the tile is one on the diagonal, and its own factor.

    The product with the transpose of a lower triangle is formed by strips of columns, each without the terms that are 0 in all of it.
    """
    lower = engine.lower(tile if factor is None else factor)
    left = lower if factor is None else tile
    for strip in strips(len(lower)):
        before[:, strip] -= engine.product(left[:, : strip.stop], lower[strip, : strip.stop])
    rest = engine.host(engine.lower(before) if factor is None else before)
    return 2 * float(np.square(rest).sum())


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
