"""Symmetric matrices of doubles, of which one triangle is stored, in tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from lossproof.numerics.algebra.numpy_engine import NUMPY
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.tile_engine import Tile, TileEngine

TILE = 512
"""Most rows of a tile, small enough for the rounding bounds that grow with it; twice as many where a matrix has more than 16 tile rows, for speed."""

_LARGE = 16 * TILE

Fill: TypeAlias = Callable[[slice, slice], Tile]
"""What forms the entries of some rows and columns, in a tile that nobody else has."""

Report: TypeAlias = Callable[[int, int], None]
"""``report(done, total)``: called as a factorisation goes on."""


@dataclass(frozen=True, eq=False)
class TiledMatrix:
    """The lower triangle of a symmetric ``(n, n)`` matrix.

    ``starts`` are the first rows of the tile rows, ``0 = s_0 < s_1 < … < s_m = n``; ``tiles[I][J]`` for ``J ≤ I`` holds rows ``s_I..s_{I+1}`` and
    columns ``s_J..s_{J+1}``. What lies above the diagonal of a tile on the diagonal has no meaning, but is written. About ``n²/2`` doubles in all, and half
    a tile a row.

    >>> A = tiled((0, 2, 5), lambda rows, columns: np.full((rows.stop - rows.start, columns.stop - columns.start), rows.start * 10.0 + columns.start))
    >>> A.n, [[float(tile[0, 0]) for tile in row] for row in A.tiles]
    (5, [[0.0], [20.0, 22.0]])
    """

    starts: tuple[int, ...]
    tiles: list[list[Tile]]
    engine: TileEngine = NUMPY

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.starts[-1]

    def segments(self) -> list[slice]:
        """Return the rows of each tile row."""
        return segments(self.starts)

    @property
    def panels(self) -> list[range]:
        """The tile rows that a factorisation holds at once, one after the other."""
        return [range(I, I + 1) for I in range(len(self.tiles))]

    def row(self, I: int) -> list[Tile]:
        """Return the tiles of a tile row."""
        return self.tiles[I]

    def is_final(self, I: int, J: int) -> bool:
        """Tell whether a tile is one of the factor already: nothing of it is kept from another run."""
        return False

    def keep(self, I: int, J: int, tile: Tile) -> None:
        """Take a tile of the factor."""
        self.tiles[I][J] = tile

    def release(self) -> None:
        """Do nothing: the memory is given back with the matrix."""

    def diagonal(self) -> Floats:
        """Return a copy of the diagonal."""
        return np.concatenate([self.engine.host(row[-1]).diagonal() for row in self.tiles])

    def set_diagonal(self, values: Floats) -> None:
        """Replace the diagonal."""
        for rows, row in zip(self.segments(), self.tiles, strict=True):
            row[-1] = self.engine.with_diagonal(row[-1], values[rows])

    def copy(self) -> TiledMatrix:
        """Return a copy that shares nothing."""
        return TiledMatrix(self.starts, [list(map(self.engine.copied, row)) for row in self.tiles], self.engine)

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


def segments(starts: Sequence[int]) -> list[slice]:
    """Return the rows of each tile row."""
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
    parts = segments(starts)
    for I, rows in enumerate(parts):
        for J in range(I + 1):
            yield I, J, rows, parts[J]


def tiled(starts: tuple[int, ...], fill: Fill, engine: TileEngine = NUMPY) -> TiledMatrix:
    """Return the matrix whose tiles ``fill(rows, columns)`` forms."""
    tiles: list[list[Tile]] = [[] for _ in starts[1:]]
    for I, _, rows, columns in places(starts):
        tiles[I].append(fill(rows, columns))
    return TiledMatrix(starts, tiles, engine)


class _Triangle(Protocol):
    """The lower triangle of a symmetric matrix in tiles, wherever they lie: what is asked of it whoever factors it, as `TiledMatrix` says it."""

    @property
    def starts(self) -> tuple[int, ...]: ...
    @property
    def engine(self) -> TileEngine: ...
    @property
    def n(self) -> int: ...
    def row(self, I: int) -> list[Tile]: ...
    def diagonal(self) -> Floats: ...
    def set_diagonal(self, values: Floats) -> None: ...
    def copy(self) -> Triangle: ...
    def release(self) -> None: ...


class Panels(_Triangle, Protocol):
    """A triangle that is factored in place, panel by panel of tile rows, by the process that has it."""

    @property
    def panels(self) -> list[range]: ...  # noqa: D102
    def is_final(self, I: int, J: int) -> bool: ...  # noqa: D102
    def keep(self, I: int, J: int, tile: Tile) -> None: ...  # noqa: D102


@runtime_checkable
class Shared(_Triangle, Protocol):
    """A triangle whose tiles are finished elsewhere, each as soon as those that it needs are: ``factor`` does what `factor_measured` says."""

    def factor(self, report: Report | None) -> float | None: ...  # noqa: D102


Triangle: TypeAlias = Panels | Shared
