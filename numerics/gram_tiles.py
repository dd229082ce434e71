r"""Sums of scaled Gram matrices of doubles, tile by tile, so that every pass over a tile finds it in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossproof.numerics.fields import Array

_COLUMNS = 512


@dataclass(frozen=True)
class GramPart:
    r"""One summand ``C_i C_i'ᵀ · (v_iᵀ v_i' + ones)``.

    ``columns`` has shape ``(T, m, k)``, or ``(T, m)`` if ``C_i`` is diagonal; ``values`` has shape ``(T, v)``; ``ones`` counts further values that are 1.
    """

    columns: Array
    values: Array
    ones: int = 0

    def inner(self, rows: slice, columns: slice) -> Array:
        """Return ``v_iᵀ v_i' + ones`` for the samples of two slices."""
        product = self.values[rows] @ self.values[columns].T
        if self.ones:
            product += self.ones
        return product


def tiled_gram(parts: Sequence[GramPart]) -> Array:
    r"""Return ``K`` of shape ``(T m, T m)`` with ``K[(i, j), (i', j')] = Σ_parts (C_i C_i'ᵀ)[j, j'] · (v_iᵀ v_i' + ones)``.

    Entry ``(i, j)`` stands at ``i m + j``. Only tiles from the diagonal on are computed, by one product of BLAS a part, and copied across it: ``K`` is
    exactly symmetric. The cost is ``T² m² Σ k`` operations for the parts that are not diagonal; beside ``K`` itself there is a buffer of the size of
    one tile. At least one part is wanted.

    >>> tiled_gram([GramPart(np.array([[[1.0], [2.0]]]), np.array([[3.0]])), GramPart(np.array([[1.0, 1.0]]), np.array([[1.0]]))]).tolist()
    [[10.0, 18.0], [18.0, 37.0]]
    """
    dense = [(part, part.columns.reshape(-1, part.columns.shape[2])) for part in parts if part.columns.ndim == 3]
    diagonal = [part for part in parts if part.columns.ndim == 2]
    T, m = parts[0].columns.shape[:2]
    step = max(1, _COLUMNS // m)
    K: Array = np.empty((T, m, T, m))
    buffer: Array = np.empty((min(step, T) * m) ** 2 if len(dense) > 1 else 0)
    slices = [slice(start, min(start + step, T)) for start in range(0, T, step)]
    for a, rows in enumerate(slices):
        for columns in slices[a:]:
            tile = K[rows, :, columns, :]
            _add_dense(tile, dense, rows, columns, buffer)
            for part in diagonal:
                _add_diagonal(tile, part, rows, columns)
            if rows != columns:
                K[columns, :, rows, :] = tile.transpose(2, 3, 0, 1)
    return K.reshape(T * m, T * m)


def _add_dense(tile: Array, parts: Sequence[tuple[GramPart, Array]], rows: slice, columns: slice, buffer: Array) -> None:
    """Write the sum of the parts that are not diagonal, each with its columns as rows of one matrix, to a tile of shape ``(t, m, t', m)``."""
    if not parts:
        tile[...] = 0
    t, m, width, _ = tile.shape
    for k, (part, matrix) in enumerate(parts):
        target = tile if k == 0 else buffer[: tile.size].reshape(tile.shape)
        left, right = matrix[rows.start * m : rows.stop * m], matrix[columns.start * m : columns.stop * m]
        np.matmul(left, right.T, out=target.reshape(t * m, width * m))
        inner = part.inner(rows, columns)
        scales = inner if m == 1 else np.repeat(inner, m, axis=1)
        by_row = target.reshape(t, m, width * m)
        by_row *= scales[:, None, :]
        if k:
            tile += target


def _add_diagonal(tile: Array, part: GramPart, rows: slice, columns: slice) -> None:
    """Add a part with diagonal ``C_i``."""
    left, right = part.columns[rows].T, part.columns[columns].T
    units = tile[None, :, 0, :, 0] if len(left) == 1 else np.einsum("ijkj->jik", tile)
    units += left[:, :, None] * right[:, None, :] * part.inner(rows, columns)
