"""A tiled matrix whose tiles are formed and finished by the workers of a Dask cluster, as soon as those that they need are there.

Two tasks make one tile of the factor: one forms it from the samples of its rows and columns and subtracts the products of tiles to the left, the other
finishes it with the factor on the diagonal of its column, which alone it has to wait for. These are the same operations in the same order as on one machine.
Tile rows are dealt out to the workers in turn, so that the left side of every product lies where it is needed, and the first rows go first. A worker that
dies costs the tiles that nobody else has: Dask forms them again, from the samples, which the scheduler keeps. Each worker tests its products before its
first tile.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import numpy as np

from lossproof.numerics.algebra.gram_sums import GramPart, gram_tile, sample_starts
from lossproof.numerics.algebra.memory import available_bytes
from lossproof.numerics.algebra.numpy_engine import NUMPY
from lossproof.numerics.algebra.product_self_test import fault_of
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tiled_cholesky import solve_tile, subtract_products
from lossproof.numerics.algebra.tiled_matrix import Report
from lossproof.numerics.dask_cluster import Watch, cores, dask_client
from lossproof.theory.exceptions import InputError, LossproofError

_GLANCE = 0.01
_ADVICE = "take the engine numpy or disk"


class DaskMatrix:
    """The lower triangle of the Gram matrix of some parts, factored by the cluster at an address, or by a local one of ``most_bytes`` of memory in all.

    The cluster is met when the factorisation begins, and left with `release`. Raises `InputError` where it cannot be had, has no workers for a minute, or
    has one with another version of this package or of SciPy, or one that fails the test of its products, and `LossproofError` where a tile ends every
    worker it is given to.
    """

    def __init__(self, parts: Sequence[GramPart], scheduler: str | None, most_bytes: int | None) -> None:
        self.engine = NUMPY
        self._parts, self._scheduler, self._most_bytes = parts, scheduler, most_bytes
        T, self._m = parts[0].columns.shape[:2]
        self._samples = sample_starts(T, self._m)
        self._given: Floats | None = None
        self._open = ExitStack()
        self._client: Any = None
        self._tiles: list[list[Any]] = []
        self._fetched: dict[int, list[Floats]] = {}
        self._room = 0

    @property
    def starts(self) -> tuple[int, ...]:
        """The first rows of the tile rows, and n."""
        return tuple(start * self._m for start in self._samples)

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.starts[-1]

    @cached_property
    def _of_rows(self) -> list[list[GramPart]]:
        """The parts of the samples of each tile row."""
        return [[GramPart(p.columns[a:b], p.values[a:b], p.ones) for p in self._parts] for a, b in pairwise(self._samples)]

    @cached_property
    def _own(self) -> Floats:
        return np.concatenate([gram_tile(rows, None).diagonal() for rows in self._of_rows])

    def diagonal(self) -> Floats:
        """Return a copy of the diagonal; the tiles on it are formed once here for that."""
        return (self._own if self._given is None else self._given).copy()

    def set_diagonal(self, values: Floats) -> None:
        """Replace the diagonal."""
        self._given = values.copy()

    def copy(self) -> DaskMatrix:
        """Return the matrix with the diagonal that it has now, to be factored apart."""
        found = DaskMatrix(self._parts, self._scheduler, self._most_bytes)
        found.set_diagonal(self.diagonal())
        return found

    def row(self, I: int) -> list[Floats]:
        """Return the tiles of a tile row of the factor, fetched from the workers, and kept as far as half of the memory that is free or allowed goes."""
        if I in self._fetched:
            return self._fetched[I]
        found: list[Floats] = self._client.gather(self._tiles[I])
        size = sum(tile.nbytes for tile in found)
        if size <= self._room:
            self._fetched[I] = found
            self._room -= size
        return found

    def release(self) -> None:
        """Leave the cluster, and end it if it is one's own."""
        self._tiles, self._fetched = [], {}
        self._open.close()

    def factor(self, report: Report | None) -> float | None:
        """Factor the matrix, and return 0, or None where a pivot is not positive and finite."""
        try:
            if not self._factored(report):
                return None
            self._room = (available_bytes() if self._most_bytes is None else min(self._most_bytes, available_bytes())) // 2
            return 0.0
        except BaseException:
            self.release()
            raise

    def _factored(self, report: Report | None) -> bool:
        count = min(cores(), len(self._samples) - 1)
        memory = None if self._most_bytes is None else self._most_bytes // count
        self._client = client = self._open.enter_context(dask_client(count, self._scheduler, _ADVICE, memory))
        KilledWorker, watch = import_module("distributed").KilledWorker, Watch(client)
        for I, end in enumerate(self._submit(client)):
            while not end.done():
                watch.look(f"or {_ADVICE}")
                time.sleep(_GLANCE)
            try:
                if not end.result():
                    return False
            except KilledWorker:
                raise LossproofError(f"a tile lost every worker it was given to: they may be short of memory; {_ADVICE}") from None
            if report is not None:
                report(self.starts[I + 1] ** 2, self.n**2)
        return True

    def _submit(self, client: Any) -> list[Any]:
        """Submit all tiles, and return futures that tell for each tile row whether it was finished."""
        token, owners, ends = secrets.token_hex(8), list(client.nthreads()), []
        software, diagonal = described(), self.diagonal()
        rows: list[Any] = []
        self._tiles = []
        for I, (parts, (start, stop)) in enumerate(zip(self._of_rows, pairwise(self.starts), strict=True)):
            place = {"workers": [owners[dealt(len(self._samples) - 2 - I, len(owners))]], "allow_other_workers": True} if owners else {}
            place |= {"pure": False, "priority": -I}
            rows.append(client.submit(_kept, parts, key=f"lossproof-samples-{token}-{I}", **place))
            self._tiles.append([])
            for J in range(I + 1):
                others = None if I == J else (rows[J], self._tiles[J][:J])
                given, key = diagonal[start:stop] if I == J else None, f"{token}-{I}-{J}"
                rest = client.submit(_rest, rows[I], list(self._tiles[I]), others, given, software, key=f"lossproof-rest-{key}", **place)
                factor = None if I == J else self._tiles[J][J]
                self._tiles[I].append(client.submit(_finished, rest, factor, I == J, key=f"lossproof-tile-{key}", **place))
            ends.append(client.submit(_is_there, self._tiles[I][I], key=f"lossproof-end-{token}-{I}", **place))
        return ends


def dealt(after: int, workers: int) -> int:
    """Return the worker of the tile row with so many after it: there and back from the last, so that none has all the longer rows.

    >>> [dealt(after, 2) for after in range(6)]
    [0, 1, 1, 0, 0, 1]
    """
    k = after % (2 * workers)
    return min(k, 2 * workers - 1 - k)


def described() -> str:
    """Return the versions that all workers must have."""
    return f"lossproof {version('lossproof')}, {NUMPY.described()}"


def check_worker(software: str) -> None:
    """Raise `InputError` on a worker that has other software, or whose products fail their test."""
    if software != described():
        raise InputError(f"every worker must have {software}, got one with {described()}: install the same versions")
    if _tested():
        raise InputError(f"a worker ({described()}) is refused, because {_tested()}: {_ADVICE}")


@cache
def _tested() -> str:
    return fault_of(NUMPY)


def _kept(parts: list[GramPart]) -> list[GramPart]:
    return parts


def _is_there(tile: Floats | None) -> bool:
    return tile is not None


def _rest(
    rows: list[GramPart],
    left: list[Floats | None],
    others: tuple[list[GramPart], list[Floats | None]] | None,
    diagonal: Floats | None,
    software: str,
) -> Floats | None:
    """Form a tile and subtract the products of those to the left; None where one of these is None."""
    check_worker(software)
    before = [tile for tile in left if tile is not None]
    beside = before if others is None else [tile for tile in others[1] if tile is not None]
    if len(before) < len(left) or len(beside) < len(before):
        return None
    with threads_for((len(left) + 1) * rows[0].columns[..., 0].size ** 3), np.errstate(over="ignore", invalid="ignore"):
        tile = gram_tile(rows, None if others is None else others[0])
        if diagonal is not None:
            np.fill_diagonal(tile, diagonal)
        rest: Floats = subtract_products(NUMPY, tile, before, beside)
        return rest


def _finished(rest: Floats | None, factor: Floats | None, on_diagonal: bool) -> Floats | None:
    """Finish a tile; None where a pivot is not positive and finite, here or in a tile that it needs."""
    if rest is None or (factor is None and not on_diagonal):
        return None
    with threads_for(len(rest) ** 3), np.errstate(over="ignore", invalid="ignore"):
        found = solve_tile(NUMPY, rest.copy(order="K"), factor)
    return None if found is None else found[0]
