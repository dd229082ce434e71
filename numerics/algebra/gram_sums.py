r"""Sums of scaled Gram matrices of doubles, a panel or a tile at a time, so that every pass finds its piece in the cache.

Of every entry each summand has its two inner products formed first and is then multiplied, ``fl(Σ_parts fl(c_pᵀ c_q) · fl(v_iᵀ v_i' + ones))``, with the sum
over the parts in any order; for a diagonal ``C_i`` the first is ``fl(c_p c_q)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from lossproof.numerics.algebra.numpy_engine import NUMPY, NumpyEngine
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tile_engine import Tile, TileEngine
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
    form = _former(parts, _Panels())
    spare: Array | None = np.empty(step * m * T * m) if sum(part.columns.ndim == 3 for part in parts) > 1 else None
    with threads_for(_operations(parts)):
        for start in range(0, T, step):
            stop = min(start + step, T)
            panel = K[start:stop, :, start:, :].reshape((stop - start) * m, (T - start) * m)
            found = form(slice(start, stop), slice(start, T), panel, None if spare is None else spare[: panel.size].reshape(panel.shape))
            if found is not panel:
                panel[...] = found
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
    form = _former(parts, engine)

    def fill(rows: slice, columns: slice) -> Tile:
        return form(slice(rows.start // m, rows.stop // m), slice(columns.start // m, columns.stop // m))

    with threads_for(_operations(parts)):
        return build(tuple(start * m for start in sample_starts(T, m)), fill, engine)


def sample_starts(T: int, m: int) -> tuple[int, ...]:
    """Return the first samples of the tile rows, and T at the end."""
    return tile_starts(T, max(1, tile_rows(T * m) // m))


def gram_tile(rows: Sequence[GramPart], others: Sequence[GramPart] | None) -> Floats:
    """Return one tile of the same triangle by numpy, from the parts of its samples and those of the others: None for a tile on the diagonal.

    >>> part = GramPart(np.array([[[1.0]], [[2.0]]]), np.array([[3.0], [1.0]]))
    >>> gram_tile([part], None).tolist(), gram_tile([part], [part]).tolist()
    ([[9.0, 6.0], [6.0, 4.0]], [[9.0, 6.0], [6.0, 4.0]])
    """
    t, width = len(rows[0].columns), len((rows if others is None else others)[0].columns)
    found: Floats = _former(rows, NUMPY, others)(slice(0, t), slice(0, width))
    return found


def _operations(parts: Sequence[GramPart]) -> int:
    """Return ``T² m² Σ k`` over the parts that are not diagonal, and ``T² v`` over all."""
    T, m = parts[0].columns.shape[:2]
    inner = sum(part.columns.shape[2] for part in parts if part.columns.ndim == 3)
    return int(T**2 * (m**2 * inner + sum(part.values.shape[1] for part in parts)))


class _Panels(NumpyEngine):
    """Panels of a square array, by the BLAS of numpy, which writes to a part of it."""

    def product(self, A: Floats, B: Floats, ones: int = 0, out: Floats | None = None) -> Floats:
        """Return ``fl(fl(A Bᵀ) + ones)``, in ``out`` where it is given."""
        found: Floats = np.matmul(A, B.T, out=out)
        if ones:
            found += ones
        return found


def _former(parts: Sequence[GramPart], engine: TileEngine, others: Sequence[GramPart] | None = None) -> Callable[..., Tile]:
    """Return what forms the entries of some samples ``(t)`` and others ``(t')``, as a tile of shape ``(t m, t' m)``; those may be of parts of their own.

    An engine that can forms the first part that is not diagonal, and with it the sum, in ``out``, and every other one in ``spare``, both of that shape.
    """
    m = parts[0].columns.shape[1]
    mine = [_arrays(part, engine) for part in parts]
    theirs = mine if others is None else [_arrays(part, engine) for part in others]
    pairs = [(part.columns.ndim == 3, a, b, part.ones) for part, a, b in zip(parts, mine, theirs, strict=True)]
    dense, diagonal = ([pair[1:] for pair in pairs if pair[0] == kind] for kind in (True, False))

    def form(rows: slice, columns: slice, out: Floats | None = None, spare: Floats | None = None) -> Tile:
        found = None
        for (matrix, values), (other, beside), ones in dense:
            left, right = (engine.part(C, slice(at.start * m, at.stop * m)) for C, at in ((matrix, rows), (other, columns)))
            inner = engine.product(engine.part(values, rows), engine.part(beside, columns), ones)
            summand = engine.scaled(engine.product(left, right, out=out if found is None else spare), inner, m)
            found = summand if found is None else engine.plus(found, summand)
        if found is None:
            found = engine.zeros(*((samples.stop - samples.start) * m for samples in (rows, columns)))
        for (matrix, values), (other, beside), ones in diagonal:
            inner = engine.product(engine.part(values, rows), engine.part(beside, columns), ones)
            found = engine.plus_units(found, engine.part(matrix, rows), engine.part(other, columns), inner)
        return found

    return form


def _arrays(part: GramPart, engine: TileEngine) -> tuple[Tile, Tile]:
    """Return the columns, those of one sample below each other where they are not diagonal, and the values as arrays of the engine."""
    flat = part.columns.reshape(-1, part.columns.shape[2]) if part.columns.ndim == 3 else part.columns
    return engine.array(flat), engine.array(part.values)
