r"""Sums of scaled Gram matrices of doubles, a panel or a tile at a time, so that every pass finds its piece in the cache.

Of every entry each summand has its two inner products formed first and is then multiplied, ``fl(Σ_parts fl(c_pᵀ c_q) · fl(v_iᵀ v_i' + ones))``, with the sum
over the parts in any order; for a diagonal ``C_i`` the first is ``fl(c_p c_q)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tile_engine import NUMPY, TileEngine
from lossproof.numerics.algebra.tiled_matrix import Fill, TiledMatrix, Triangle, tile_rows, tile_starts, tiled
from lossproof.numerics.fields.field import Array

_ROWS = 512
Kept = TypeVar("Kept", bound=Triangle)


@dataclass(frozen=True)
class GramPart:
    r"""One summand ``C_i C_i'ᵀ · (v_iᵀ v_i' + ones)``.

    ``columns`` has shape ``(T, m, k)``, or ``(T, m)`` if ``C_i`` is diagonal; ``values`` has shape ``(T, v)``; ``ones`` counts further values that are 1.
    """

    columns: Array
    values: Array
    ones: int = 0

    def on(self, engine: TileEngine) -> GramPart:
        """Return the part with arrays of an engine."""
        return GramPart(engine.array(self.columns), engine.array(self.values), self.ones)

    def inner(self, rows: slice, columns: slice, engine: TileEngine | None) -> Array:
        """Return ``v_iᵀ v_i' + ones`` for samples ``i`` and ``i'`` from two slices, by the same BLAS as the other products of a tile or a panel."""
        left, right = self.values[rows], self.values[columns]
        product = np.asarray(left @ right.T) if engine is None else engine.product(left, right)
        if self.ones:
            product += self.ones
        return product


def gram_of_parts(parts: Sequence[GramPart]) -> Array:
    r"""Return ``K`` of shape ``(T m, T m)`` with ``K[(i, j), (i', j')] = Σ_parts (C_i C_i'ᵀ)[j, j'] · (v_iᵀ v_i' + ones)``.

    Entry ``(i, j)`` stands at ``i m + j``. Of each panel of about 512 rows the part from the diagonal on is computed, by one product of BLAS a summand,
    and copied across it: ``K`` is exactly symmetric. The cost is ``T² m² Σ k`` operations for the parts that are not diagonal; beside ``K`` itself there
    is a buffer of the size of a panel where several are. At least one part is wanted.

    >>> gram_of_parts([GramPart(np.array([[[1.0], [2.0]]]), np.array([[3.0]])), GramPart(np.array([[1.0, 1.0]]), np.array([[1.0]]))]).tolist()
    [[10.0, 18.0], [18.0, 37.0]]
    """
    T, m = parts[0].columns.shape[:2]
    step = min(max(1, _ROWS // m), T)
    K: Array = np.empty((T, m, T, m))
    fill = _filler(parts, step * m * T * m, None)
    with threads_for(_operations(parts)):
        for start in range(0, T, step):
            stop = min(start + step, T)
            fill(slice(start, stop), slice(start, T), K[start:stop, :, start:, :])
            for left in range(stop, T, step):
                K[left : left + step, :, start:stop, :] = K[start:stop, :, left : left + step, :].transpose(2, 3, 0, 1)
    return K.reshape(T * m, T * m)


def gram_triangle(parts: Sequence[GramPart]) -> TiledMatrix:
    """Return the same matrix as one triangle in tiles of whole samples, in memory.

    >>> K = gram_triangle([GramPart(np.array([[[1.0], [2.0]]]), np.array([[3.0]])), GramPart(np.array([[1.0, 1.0]]), np.array([[1.0]]))])
    >>> np.tril(K.tiles[0][0]).tolist()
    [[10.0, 0.0], [18.0, 37.0]]
    """
    return gram_tiles(parts, NUMPY, tiled)


def gram_tiles(parts: Sequence[GramPart], engine: TileEngine, build: Callable[[tuple[int, ...], Fill, TileEngine], Kept]) -> Kept:
    """Return the same triangle, its tiles formed by an engine, and put where ``build`` keeps them."""
    T, m = parts[0].columns.shape[:2]
    starts = sample_starts(T, m)
    fill = _filler([part.on(engine) for part in parts], (max(np.diff(starts).tolist()) * m) ** 2, engine)

    def fill_flat(rows: slice, columns: slice, out: Array) -> None:
        samples, others = (slice(part.start // m, part.stop // m) for part in (rows, columns))
        fill(samples, others, out.reshape(samples.stop - samples.start, m, others.stop - others.start, m))

    with threads_for(_operations(parts)):
        return build(tuple(start * m for start in starts), fill_flat, engine)


def sample_starts(T: int, m: int) -> tuple[int, ...]:
    """Return the first samples of the tile rows, and T at the end."""
    return tile_starts(T, max(1, tile_rows(T * m) // m))


def gram_tile(rows: Sequence[GramPart], others: Sequence[GramPart] | None) -> Floats:
    """Return one tile of the same triangle by numpy, from the parts of its samples and those of the others: None for a tile on the diagonal.

    >>> part = GramPart(np.array([[[1.0]], [[2.0]]]), np.array([[3.0], [1.0]]))
    >>> gram_tile([part], None).tolist(), gram_tile([part], [part]).tolist()
    ([[9.0, 6.0], [6.0, 4.0]], [[9.0, 6.0], [6.0, 4.0]])
    """
    t, m = rows[0].columns.shape[:2]
    if others is not None:
        rows = [
            GramPart(np.concatenate([a.columns, b.columns]), np.concatenate([a.values, b.values]), a.ones)
            for a, b in zip(rows, others, strict=True)
        ]
    columns = slice(0, t) if others is None else slice(t, len(rows[0].columns))
    width = columns.stop - columns.start
    out = np.empty((t * m, width * m))
    _filler(rows, out.size, NUMPY)(slice(0, t), columns, out.reshape(t, m, width, m))
    return out


def _operations(parts: Sequence[GramPart]) -> int:
    """Return ``T² m² Σ k`` over the parts that are not diagonal, and ``T² v`` over all."""
    T, m = parts[0].columns.shape[:2]
    inner = sum(part.columns.shape[2] for part in parts if part.columns.ndim == 3)
    return int(T**2 * (m**2 * inner + sum(part.values.shape[1] for part in parts)))


def _filler(parts: Sequence[GramPart], most: int, engine: TileEngine | None) -> Callable[[slice, slice, Array], None]:
    """Return what writes the entries of some samples and others, of shape ``(t, m, t', m)`` and at most so many in number.

    All products of a tile, which lies in one piece of memory, are those of the engine, all products of a panel (None) those of numpy.
    """
    dense = [(part, part.columns.reshape(-1, part.columns.shape[2])) for part in parts if part.columns.ndim == 3]
    diagonal = [part for part in parts if part.columns.ndim == 2]
    buffer: Array = (engine or NUMPY).empty(1, most if len(dense) > 1 else 0).reshape(-1)

    def fill(rows: slice, columns: slice, out: Array) -> None:
        _add_dense(out, dense, rows, columns, buffer, engine)
        for part in diagonal:
            _add_diagonal(out, part, rows, columns, engine)

    return fill


def _add_dense(
    out: Array, parts: Sequence[tuple[GramPart, Array]], rows: slice, columns: slice, buffer: Array, engine: TileEngine | None
) -> None:
    """Write the sum of the parts that are not diagonal, each with its columns as rows of one matrix."""
    if not parts:
        out[...] = 0
    t, m, width, _ = out.shape
    for k, (part, matrix) in enumerate(parts):
        target = out if k == 0 else buffer[: t * m * width * m].reshape(out.shape)
        left, right = (matrix[samples.start * m : samples.stop * m] for samples in (rows, columns))
        product = target.reshape(t * m, width * m)
        if engine is None:
            np.matmul(left, right.T, out=product)
        else:
            engine.multiply(left, right, product)
        inner = part.inner(rows, columns, engine)
        scales = inner if m == 1 else (engine or NUMPY).repeated(inner, m)
        by_row = target.reshape(t, m, width * m)
        by_row *= scales[:, None, :]
        if k:
            out += target


def _add_diagonal(out: Array, part: GramPart, rows: slice, columns: slice, engine: TileEngine | None) -> None:
    """Add a part with diagonal ``C_i``."""
    units = (engine or NUMPY).units(out)
    units += part.columns[rows].T[:, :, None] * part.columns[columns].T[:, None, :] * part.inner(rows, columns, engine)
