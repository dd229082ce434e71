"""Tiles kept by an engine, for a factorisation by numpy that has products of tiles below the diagonal formed where they lie."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterator
from contextlib import contextmanager

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.tile_engine import Tile, TileEngine
from lossproof.theory.exceptions import LossproofError


class TilesOnDevice(UserDict[tuple[int, int], Tile]):
    """A mapping from ``(I, J)`` to tiles of an engine below the diagonal, and to those of numpy on it, which substitute; it takes tiles of numpy.

    Raises `MemoryError` where the engine has no room for a tile, and `OSError` where it gives up.

    >>> from lossproof.numerics.algebra.numpy_engine import NUMPY
    >>> import numpy as np
    >>> tiles = TilesOnDevice(NUMPY)
    >>> tiles[1, 0] = np.eye(2)
    >>> tiles.product(tiles[1, 0], tiles[1, 0]).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, engine: TileEngine) -> None:
        super().__init__()
        self._engine = engine

    def __setitem__(self, key: tuple[int, int], tile: Floats) -> None:
        if key[0] != key[1]:
            free = self._engine.free_bytes()
            if free is not None and tile.nbytes > free:
                raise MemoryError(f"the engine {self._engine.name} has no room for another tile")
        with _as_lost_tiles():
            self.data[key] = tile if key[0] == key[1] else self._engine.array(tile)

    def product(self, A: Tile, B: Tile) -> Floats:
        """Return ``A Bᵀ`` as an array of numpy."""
        with _as_lost_tiles():
            return self._engine.host(self._engine.product(A, B))


@contextmanager
def _as_lost_tiles() -> Iterator[None]:
    try:
        yield
    except LossproofError as error:
        raise OSError(str(error)) from None
