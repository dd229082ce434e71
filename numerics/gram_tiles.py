r"""Sums of scaled Gram matrices of doubles, tile by tile, so that every pass over a tile finds it in the cache.

Of every entry each summand has its two inner products formed first and is then multiplied: ``fl(Σ_parts fl(c_pᵀ c_q) · fl(v_iᵀ v_i'))``, with the sum over the
parts in any order; for a diagonal ``C_i`` the first is ``fl(c_p c_q)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lossproof.numerics.fields import Array
from lossproof.numerics.tiled_matrix import TiledMatrix, places, tile_rows, tile_starts, tiled

_COLUMNS = 512


@dataclass(frozen=True)
class GramPart:
    r"""One summand ``C_i C_i'ᵀ · v_iᵀ v_i'``: ``columns`` of shape ``(T, m, k)``, or ``(T, m)`` if ``C_i`` is diagonal; ``values`` of shape ``(T, v)``."""

    columns: Array
    values: Array


def tiled_gram(parts: Sequence[GramPart]) -> Array:
    r"""Return ``K`` of shape ``(T m, T m)`` with ``K[(i, j), (i', j')] = Σ_parts (C_i C_i'ᵀ)[j, j'] · v_iᵀ v_i'``, entry ``(i, j)`` at ``i m + j``.

    Only tiles from the diagonal on are computed, by one product of BLAS a part, and copied across it: ``K`` is exactly symmetric. The cost is ``T² m²
    Σ k`` operations for the parts that are not diagonal; beside ``K`` itself there is a buffer of the size of one tile. At least one part is wanted.

    >>> tiled_gram([GramPart(np.array([[[1.0], [2.0]]]), np.array([[3.0]])), GramPart(np.array([[1.0, 1.0]]), np.array([[1.0]]))]).tolist()
    [[10.0, 18.0], [18.0, 37.0]]
    """
    T, m = parts[0].columns.shape[:2]
    K: Array = np.empty((T, m, T, m))
    starts = tile_starts(T, max(1, _COLUMNS // m))
    fill = _filler(parts, starts)
    for _, _, columns, rows in places(starts):
        tile = K[rows, :, columns, :]
        fill(rows, columns, tile)
        if rows != columns:
            K[columns, :, rows, :] = tile.transpose(2, 3, 0, 1)
    return K.reshape(T * m, T * m)


def gram_triangle(parts: Sequence[GramPart]) -> TiledMatrix:
    """Return the same matrix as one triangle in tiles of whole samples.

    >>> K = gram_triangle([GramPart(np.array([[[1.0], [2.0]]]), np.array([[3.0]])), GramPart(np.array([[1.0, 1.0]]), np.array([[1.0]]))])
    >>> np.tril(K.tiles[0][0]).tolist()
    [[10.0, 0.0], [18.0, 37.0]]
    """
    T, m = parts[0].columns.shape[:2]
    starts = tile_starts(T, max(1, tile_rows(T * m) // m))
    fill = _filler(parts, starts)

    def fill_flat(rows: slice, columns: slice, out: Array) -> None:
        samples, others = (slice(part.start // m, part.stop // m) for part in (rows, columns))
        fill(samples, others, out.reshape(samples.stop - samples.start, m, others.stop - others.start, m))

    return tiled(tuple(start * m for start in starts), fill_flat)


def _filler(parts: Sequence[GramPart], starts: tuple[int, ...]) -> Callable[[slice, slice, Array], None]:
    """Return what writes the tile of some samples and others, of shape ``(t, m, t', m)``; no tile is longer than those of ``starts``."""
    dense = [GramPart(np.ascontiguousarray(part.columns), part.values) for part in parts if part.columns.ndim == 3]
    diagonal = [part for part in parts if part.columns.ndim == 2]
    longest = max(np.diff(starts).tolist()) * parts[0].columns.shape[1]
    buffer: Array = np.empty(longest**2 if len(dense) > 1 else 0)

    def fill(rows: slice, columns: slice, tile: Array) -> None:
        _add_dense(tile, dense, rows, columns, buffer)
        for part in diagonal:
            _add_diagonal(tile, part, rows, columns)

    return fill


def _add_dense(tile: Array, parts: Sequence[GramPart], rows: slice, columns: slice, buffer: Array) -> None:
    """Write the sum of the parts that are not diagonal to a tile of shape ``(t, m, t', m)``."""
    if not parts:
        tile[...] = 0
    t, m, width, _ = tile.shape
    for k, part in enumerate(parts):
        target = tile if k == 0 else buffer[: tile.size].reshape(tile.shape)
        left, right = (part.columns[samples].reshape(-1, part.columns.shape[2]) for samples in (rows, columns))
        np.matmul(left, right.T, out=target.reshape(t * m, width * m))
        scales = np.repeat(part.values[rows] @ part.values[columns].T, m, axis=1)
        by_row = target.reshape(t, m, width * m)
        by_row *= scales[:, None, :]
        if k:
            tile += target


def _add_diagonal(tile: Array, part: GramPart, rows: slice, columns: slice) -> None:
    """Add a part with diagonal ``C_i``."""
    inner = part.values[rows] @ part.values[columns].T
    left, right = part.columns[rows].T, part.columns[columns].T
    units = np.einsum("ijkj->jik", tile)
    units += left[:, :, None] * right[:, None, :] * inner
