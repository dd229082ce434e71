"""Symmetric matrices of doubles, of which one triangle is stored, in tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from lossproof.numerics.algebra.products import Floats

TILE = 512
"""Most rows of a tile, small enough for the rounding bounds that grow with it; twice as many where a matrix has more than 16 tile rows, for speed."""

_LARGE = 16 * TILE


@dataclass(frozen=True, eq=False)
class TiledMatrix:
    """The lower triangle of a symmetric ``(n, n)`` matrix.

    ``starts`` are the first rows of the tile rows, ``0 = s_0 < s_1 < … < s_m = n``; ``tiles[I][J]`` for ``J ≤ I`` holds rows ``s_I..s_{I+1}`` and
    columns ``s_J..s_{J+1}``. What lies above the diagonal of a tile on the diagonal has no meaning, but is written. About ``n²/2`` doubles in all, and half
    a tile a row.

    >>> A = tiled((0, 2, 5), lambda rows, columns, out: out.fill(rows.start * 10 + columns.start))
    >>> A.n, [[float(tile[0, 0]) for tile in row] for row in A.tiles]
    (5, [[0.0], [20.0, 22.0]])
    """

    starts: tuple[int, ...]
    tiles: list[list[Floats]]

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.starts[-1]

    def segments(self) -> list[slice]:
        """Return the rows of each tile row."""
        return _segments(self.starts)

    def diagonal(self) -> Floats:
        """Return a copy of the diagonal."""
        return np.concatenate([row[-1].diagonal() for row in self.tiles])

    def set_diagonal(self, values: Floats) -> None:
        """Replace the diagonal."""
        for rows, row in zip(self.segments(), self.tiles, strict=True):
            np.fill_diagonal(row[-1], values[rows])

    def copy(self) -> TiledMatrix:
        """Return a copy that shares nothing."""
        return TiledMatrix(self.starts, [[tile.copy() for tile in row] for row in self.tiles])

    def times(self, x: Floats) -> Floats:
        """Return the product with a vector, in doubles."""
        y, segments = np.zeros(self.n), self.segments()
        for I, rows in enumerate(segments):
            for J, columns in enumerate(segments[:I]):
                tile = self.tiles[I][J]
                y[rows] += tile @ x[columns]
                y[columns] += x[rows] @ tile
            lower = np.tril(self.tiles[I][I])
            y[rows] += lower @ x[rows] + x[rows] @ np.tril(lower, -1)
        return y


def _segments(starts: Sequence[int]) -> list[slice]:
    return [slice(start, stop) for start, stop in pairwise(starts)]


def tile_rows(n: int) -> int:
    """Return the most rows of a tile of a matrix of ``n`` rows."""
    return TILE if n <= _LARGE else 2 * TILE


def tile_starts(n: int, tile: int) -> tuple[int, ...]:
    """Return ``(0, …, n)`` with equal steps, up to one, of at most ``tile``.

    >>> tile_starts(5, 2)
    (0, 1, 3, 5)
    """
    count = ceil(n / tile)
    return tuple(n * k // count for k in range(count + 1))


def tile_bytes(n: int) -> int:
    """Return about how many bytes a `TiledMatrix` of ``n`` rows takes."""
    return 4 * n * (n + tile_rows(n))


def places(starts: Sequence[int]) -> Iterator[tuple[int, int, slice, slice]]:
    """Yield ``I, J`` and the rows and columns of every tile ``J ≤ I``."""
    segments = _segments(starts)
    for I, rows in enumerate(segments):
        for J in range(I + 1):
            yield I, J, rows, segments[J]


def tiled(starts: tuple[int, ...], fill: Callable[[slice, slice, Floats], None]) -> TiledMatrix:
    """Return the matrix whose tiles ``fill(rows, columns, out)`` writes, every entry of ``out``."""
    tiles: list[list[Floats]] = [[] for _ in starts[1:]]
    for I, _, rows, columns in places(starts):
        out = np.empty((rows.stop - rows.start, columns.stop - columns.start))
        fill(rows, columns, out)
        tiles[I].append(out)
    return TiledMatrix(starts, tiles)
