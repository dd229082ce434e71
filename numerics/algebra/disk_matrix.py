"""A tiled matrix whose factor lies on disk, tile by tile, so that it need not fit into memory, and so that a killed factorisation goes on where it was.

The tiles of the matrix itself are formed when their panel of tile rows is taken, once each; only those of the factor are written. A finished tile is one that
the journal names with its checksum, after its file is on the disk: a file without a line, and a line that is torn, count for nothing. The folder is named
after the content and the diagonal, so that another matrix never meets these tiles.
"""

from __future__ import annotations

import os
import re
import shutil
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import numpy as np

from lossproof.numerics.algebra.memory import gibibytes
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.tile_engine import Tile, TileEngine
from lossproof.numerics.algebra.tiled_matrix import Fill
from lossproof.theory.exceptions import InputError

TILES_BESIDE = 6
"""Tiles that a factorisation holds beside its rows: a product, a summand of the matrix, three that it is made of, and the last one that was finished."""

_LINE = re.compile(r"(\d+) (\d+) (\d+)\n")


class DiskMatrix:
    """The lower triangle of a symmetric matrix, formed by ``fill(rows, columns)``, and its factor, in a folder of its own below ``place``.

    ``content`` tells matrices apart; ``most_tiles`` is how many tiles may be held at once: a panel, one row before it, and `TILES_BESIDE` more. Raises
    `InputError` where a finished tile is no longer what was written, where the folder is somebody else's, and where the disk has no room for the rest.
    """

    def __init__(self, starts: tuple[int, ...], fill: Fill, engine: TileEngine, *, place: Path, content: bytes, most_tiles: int) -> None:
        self.starts, self.engine = starts, engine
        self._fill, self._place, self._content, self._most_tiles = fill, place, content, most_tiles
        self._given: Floats | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.starts[-1]

    @property
    def panels(self) -> list[range]:
        """The tile rows that a factorisation holds at once: as many as there is room for, beside a row before them and what a tile is formed with."""
        found, first, count = list[range](), 0, len(self.starts) - 1
        while first < count:
            stop = first + 1
            while stop < count and sum(range(first + 1, stop + 2)) + first + TILES_BESIDE <= self._most_tiles:
                stop += 1
            found.append(range(first, stop))
            first = stop
        return found

    @cached_property
    def _own(self) -> Floats:
        return np.concatenate([self.engine.host(self._formed(I, I)).diagonal() for I in range(len(self.starts) - 1)])

    @cached_property
    def folder(self) -> Path:
        """The folder of the factor, named after the matrix: its content, its tiles, its diagonal and what computes it."""
        parts = (self._content, repr(self.starts).encode(), self.engine.described().encode(), self.diagonal().tobytes())
        return self._place / f"lossproof-tiles-{sha256(b''.join(sha256(part).digest() for part in parts)).hexdigest()[:24]}"

    @cached_property
    def _finished(self) -> dict[tuple[int, int], int]:
        """The checksums of the finished tiles, each compared with its file when the folder is opened.

        Of an engine whose residuals are measured none counts: they belong to the run that formed the tile.
        """
        self._place.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if hasattr(os, "getuid") and self.folder.stat().st_uid != os.getuid():
            raise InputError(
                f"the folder {self.folder} must be one's own, and belongs to another user: name another place, as in disk:FOLDER"
            )
        journal, found = self.folder / "journal.txt", dict[tuple[int, int], int]()
        for line in journal.read_text("ascii").splitlines(keepends=True) if self.engine.stable and journal.exists() else ():
            if (read := _LINE.fullmatch(line)) is not None:
                I, J, checksum = map(int, read.groups())
                path = self._path(I, J)
                if J <= I < len(self.starts) - 1 and path.is_file() and crc32(path.read_bytes()) == checksum:
                    found[I, J] = checksum
        tiles = (self._shape(I, J) for I in range(len(self.starts) - 1) for J in range(I + 1) if (I, J) not in found)
        needed, free = sum(8 * rows * columns for rows, columns in tiles), shutil.disk_usage(self.folder).free
        if needed > free:
            raise InputError(
                f"the factor needs {gibibytes(needed)} more in {self._place}, which has {gibibytes(free)}: name another place, as in disk:FOLDER"
            )
        return found

    def row(self, I: int) -> list[Tile]:
        """Return the tiles of a tile row, those of the factor as far as they are finished; those of the next row are read ahead meanwhile."""
        for J in range(I + 2):
            if self.is_final(I + 1, J):
                _read_ahead(self._path(I + 1, J))
        return [self._read(I, J) if self.is_final(I, J) else self._formed(I, J) for J in range(I + 1)]

    def is_final(self, I: int, J: int) -> bool:
        """Tell whether a tile of the factor is on disk."""
        return (I, J) in self._finished

    def keep(self, I: int, J: int, tile: Tile) -> None:
        """Write a tile of the factor, and when it is there the line that says so."""
        values = np.ascontiguousarray(self.engine.host(tile)).data
        _write(self._path(I, J), values, "wb")
        self._finished[I, J] = crc32(values)
        _write(self.folder / "journal.txt", f"{I} {J} {self._finished[I, J]}\n".encode("ascii"), "ab")

    def diagonal(self) -> Floats:
        """Return a copy of the diagonal; the tiles on it are formed once for that."""
        return (self._own if self._given is None else self._given).copy()

    def set_diagonal(self, values: Floats) -> None:
        """Replace the diagonal; the factor of the matrix with another one stays in its own folder."""
        self._given = values.copy()
        for known in ("folder", "_finished"):
            self.__dict__.pop(known, None)

    def copy(self) -> DiskMatrix:
        """Return the matrix with the diagonal that it has now, to be factored apart."""
        found = DiskMatrix(self.starts, self._fill, self.engine, place=self._place, content=self._content, most_tiles=self._most_tiles)
        found.set_diagonal(self.diagonal())
        return found

    def release(self) -> None:
        """Remove the factor from the disk."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.__dict__.pop("_finished", None)

    def _path(self, I: int, J: int) -> Path:
        return self.folder / f"{I}-{J}.tile"

    def _shape(self, I: int, J: int) -> tuple[int, int]:
        return self.starts[I + 1] - self.starts[I], self.starts[J + 1] - self.starts[J]

    def _read(self, I: int, J: int) -> Tile:
        values = np.fromfile(self._path(I, J))
        if crc32(values.data) != self._finished[I, J]:
            raise InputError(f"the tile {self._path(I, J)} must be what was written, and has changed: remove its folder and start again")
        return self.engine.array(values.reshape(self._shape(I, J)))

    def _formed(self, I: int, J: int) -> Tile:
        rows, columns = (slice(self.starts[K], self.starts[K + 1]) for K in (I, J))
        tile = self._fill(rows, columns)
        return tile if I != J or self._given is None else self.engine.with_diagonal(tile, self._given[rows])


def _read_ahead(path: Path) -> None:
    """Ask the system to have a file in its cache soon, where it can be asked; what does not fit is read when it is wanted."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def _write(path: Path, values: bytes | memoryview, mode: str) -> None:
    with path.open(mode) as file:
        file.write(values)
        file.flush()
        os.fsync(file.fileno())
