"""Where a large matrix is factored: which engine computes, and where the tiles lie."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from lossproof.numerics.algebra.array_engine import ArrayEngine, ArrayLibrary
from lossproof.numerics.algebra.array_libraries import cupy_library, jax_library, torch_library
from lossproof.numerics.algebra.dask_matrix import DaskMatrix
from lossproof.numerics.algebra.disk_matrix import TILES_BESIDE, DiskMatrix
from lossproof.numerics.algebra.gram_sums import GramPart, gram_tiles
from lossproof.numerics.algebra.memory import available_bytes, gibibytes
from lossproof.numerics.algebra.numpy_engine import NUMPY
from lossproof.numerics.algebra.product_self_test import fault_of
from lossproof.numerics.algebra.shared_arrays import can_share
from lossproof.numerics.algebra.tile_engine import TileEngine
from lossproof.numerics.algebra.tiled_matrix import Triangle, tile_bytes, tile_rows, tiled
from lossproof.numerics.dask_cluster import check_scheduler, cores
from lossproof.theory.exceptions import InputError
from lossproof.theory.options import option

LIBRARIES: Mapping[str, Callable[[], ArrayLibrary]] = {
    "torch": partial(torch_library, "torch"),
    "cuda": partial(torch_library, "cuda"),
    "jax": jax_library,
    "cupy": cupy_library,
}
"""Engines that are libraries of arrays."""

ENGINES = tuple(sorted(("auto", "dask", "disk", "numpy", *LIBRARIES)))
"""Names of engines; a folder may follow ``disk`` after a colon, and the address of a scheduler ``dask``."""

_LEAST_TILE_ROWS = 4
_WORKER_BYTES = 2**28
_TILES_OF_A_WORKER = 16


@dataclass(frozen=True)
class Workplace:
    """An engine, and the folder below which factors are kept, or the cluster that shares the tiles among its workers; None for both where one has them all.

    ``cluster`` is the address of a scheduler, or empty for one of this machine's cores; where its workers are all on this machine, ``shares`` may say that they
    share the triangle in memory. With a folder, or a cluster that does not, at most ``most_bytes`` of tiles are held at once. ``note`` says in a report what
    was chosen.
    """

    engine: TileEngine = NUMPY
    folder: Path | None = None
    note: str = ""
    most_bytes: int | None = None
    cluster: str | None = None
    shares: bool = False

    @property
    def holds_triangle(self) -> bool:
        """Whether this process holds a triangle at once, in the memory of the machine."""
        return self.folder is None and self.cluster is None and self.engine.free_bytes() is None

    def distributes(self, n: int) -> bool:
        """Whether a matrix of n rows is large enough to be given to the cluster, if there is one."""
        return self.cluster is not None and n > _LEAST_TILE_ROWS * tile_rows(n)

    def note_on(self, n: int) -> str:
        """Return the note on matrices of up to n rows: that a cluster which was named is not used for them, or what was chosen."""
        return self.note if self.cluster is None or self.distributes(n) else CLUSTER_UNUSED

    def gram(self, parts: Sequence[GramPart]) -> Triangle:
        """Return one triangle of the Gram matrix of these parts, as `gram_triangle` does."""
        n = int(np.prod(parts[0].columns.shape[:2]))
        if self.distributes(n):
            return DaskMatrix(parts, self.cluster or None, self.most_bytes, shares=self.shares)
        if self.folder is None:
            return gram_tiles(parts, self.engine, tiled)
        most_tiles = (available_bytes() // 2 if self.most_bytes is None else self.most_bytes) // (8 * tile_rows(n) ** 2)
        return gram_tiles(parts, self.engine, partial(DiskMatrix, place=self.folder, content=_content(parts), most_tiles=most_tiles))

    def within(self, most_bytes: int | None) -> Workplace:
        """Return the same with so many bytes for tiles; None leaves it as it is."""
        return self if most_bytes is None else replace(self, most_bytes=most_bytes)

    def held_bytes(self, n: int) -> int:
        """Return about how many bytes of tiles of a matrix of n rows are held at once, at least: on this machine, and by workers of its own with what they are.

        A worker lays on its disk what it does not hold, and on a device no memory of this machine is taken.
        """
        if self.folder is None and self.cluster is None and not self.holds_triangle:
            return 0
        if self.holds_triangle or (self.cluster is not None and not self.distributes(n)):
            return tile_bytes(n)
        rows = 8 * tile_rows(n) * (2 * n + TILES_BESIDE * tile_rows(n))
        if self.cluster is None:
            return rows
        if self.shares:
            return _shared_bytes(n)
        return 0 if self.cluster else _local_workers(n) * (2 * rows + _WORKER_BYTES)


CLUSTER_UNUSED = "The cluster was not used, nor asked whether it is there: the matrices of this problem are too small for it."
"""What a report says where a cluster was named in vain."""

IN_MEMORY = Workplace()
"""Where matrices are factored if nothing else is said: by numpy, in memory."""


def _content(parts: Sequence[GramPart]) -> bytes:
    found = sha256()
    for part in parts:
        found.update(repr((part.columns.shape, part.values.shape, part.ones)).encode())
        found.update(np.ascontiguousarray(part.columns).data)
        found.update(np.ascontiguousarray(part.values).data)
    return found.digest()


def workplace_named(name: str, n: int = 0, most_bytes: int | None = None) -> Workplace:
    """Return the workplace of a name from `ENGINES`, for matrices of up to n rows.

    ``auto`` takes numpy where a triangle fits into ``most_bytes``, or half of what is free, and disk otherwise. ``disk`` keeps its tiles in the folder for
    temporary files, ``disk:FOLDER`` in that one; ``dask`` starts a worker on each core, ``dask:tcp://HOST:PORT`` takes the cluster at that address. All but
    numpy in memory are tested first (`product_self_test`). Raises `InputError` for another name, for an engine that is not there, and for one that fails
    the test.

    >>> workplace_named("numpy").engine.name, workplace_named("auto", 10**9, 2**30).folder is None
    ('numpy', False)
    """
    kind, _, at = name.partition(":")
    if kind not in ENGINES or (at and kind not in ("dask", "disk")):
        raise InputError(
            f"{option('engine')} must be one of {', '.join(ENGINES)}, or disk:FOLDER, or dask:tcp://HOST:PORT, got {name!r}: leave it out for numpy"
        )
    if kind == "dask" and at:
        check_scheduler(at)
    if kind == "auto":
        kind = "numpy" if tile_bytes(n) <= (available_bytes() // 2 if most_bytes is None else most_bytes) else "disk"
    if kind == "numpy":
        return IN_MEMORY
    engine = engine_named(kind)
    place = (Path(at) if at else Path(tempfile.gettempdir())) if kind == "disk" else None
    where = "" if place is None else f", tiles of at most {gibibytes(tile_bytes(n))} in {place}"
    shares = (
        kind == "dask" and not at and can_share() and _shared_bytes(n) <= (available_bytes() // 2 if most_bytes is None else most_bytes)
    )
    if kind == "dask":
        where = f" of every worker {f'of the cluster at {at}' if at else 'on this machine'}, "
        where += "tiles in memory that they share" if shares else "tiles sent from one to another"
    return Workplace(
        engine,
        place,
        f"Large matrices are factored by the engine {kind}: {engine.described()}{where}; its products passed a test against exact ones.",
        cluster=at if kind == "dask" else None,
        shares=shares,
    )


def _local_workers(n: int) -> int:
    return min(cores(), -(-n // tile_rows(n)))


def _shared_bytes(n: int) -> int:
    """Return about how many bytes the workers of this machine take with a triangle of n rows that they share, and the tiles of a task each."""
    return tile_bytes(n) + _local_workers(n) * (_WORKER_BYTES + 8 * _TILES_OF_A_WORKER * tile_rows(n) ** 2)


def engine_named(kind: str) -> TileEngine:
    """Return the engine of a name that is no ``auto``, its products tested. Raises `InputError` as `workplace_named` does.

    >>> engine_named("disk").described() == NUMPY.described()
    True
    """
    engine = ArrayEngine(LIBRARIES[kind]()) if kind in LIBRARIES else NUMPY
    fault = fault_of(engine)
    if fault:
        raise InputError(f"the engine {kind} ({engine.described()}) is refused, because {fault}: take the engine numpy")
    return engine
