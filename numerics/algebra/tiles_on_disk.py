"""Tiles kept in files, for a factorisation that asks for them by tile row and column."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from zlib import crc32

import numpy as np

from lossproof.numerics.algebra.products import Floats


class TilesOnDisk(MutableMapping[tuple[int, int], Floats]):
    """A mapping from ``(I, J)`` to tiles in files of a folder that is nobody else's; those of the tile row that was written last stay in memory, too.

    The first ``most_bytes`` of tiles stay in memory alone.

    What is read back is compared with the checksum of what was written: raises `OSError` where it has changed, as where a file cannot be written or read.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     tiles = TilesOnDisk(Path(folder))
    ...     tiles[0, 0], tiles[1, 0] = np.eye(2), np.ones((1, 2))
    ...     tiles[0, 0].tolist(), tiles[1, 0].tolist(), len(tiles)
    ([[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]], 2)
    """

    def __init__(self, folder: Path, most_bytes: int = 0) -> None:
        self._folder, self._room = folder, most_bytes
        self._held: dict[tuple[int, int], Floats] = {}
        self._known: dict[tuple[int, int], tuple[tuple[int, ...], int]] = {}
        self._row: dict[tuple[int, int], Floats] = {}

    def __getitem__(self, key: tuple[int, int]) -> Floats:
        if key in self._held or key in self._row:
            return self._held[key] if key in self._held else self._row[key]
        shape, checksum = self._known[key]
        values = np.fromfile(self._path(key)).reshape(shape)
        if crc32(values.data) != checksum:
            raise OSError(f"the tile {self._path(key)} is no longer what was written")
        return values

    def __setitem__(self, key: tuple[int, int], tile: Floats) -> None:
        values = np.ascontiguousarray(tile)
        self._known[key] = values.shape, crc32(values.data)
        if values.nbytes <= self._room:
            self._held[key], self._room = values, self._room - values.nbytes
            return
        values.tofile(self._path(key))
        self._row = {other: kept for other, kept in self._row.items() if other[0] == key[0]} | {key: values}

    def __delitem__(self, key: tuple[int, int]) -> None:
        del self._known[key]
        self._row.pop(key, None)
        if self._held.pop(key, None) is None:
            self._path(key).unlink()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def _path(self, key: tuple[int, int]) -> Path:
        return self._folder / f"{key[0]}-{key[1]}.tile"
