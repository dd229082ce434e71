"""A tiled matrix whose tiles are formed and finished by the workers of a Dask cluster, as soon as those that they need are there.

A tile is made by several tasks (`tile_tasks`), which do the same operations in the same order as on one machine. Workers of this machine share the samples and
the tiles in memory, if there is room (`shared_arrays`): any of them takes any task, the most urgent one first. Other workers send each other their tiles, which
are dealt out to them in turn, by rows and columns, and the first rows go first. What a worker that dies has not put into shared memory is made again, from the
samples, which the scheduler keeps. Each worker tests its products before its first tile.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from importlib import import_module
from itertools import pairwise
from math import isqrt
from typing import Any

import numpy as np

from lossproof.numerics.algebra.cluster_worker import ADVICE, KeptPart, begin_tile, described, finish, is_there, kept, subtract
from lossproof.numerics.algebra.gram_sums import GramPart, gram_tile, sample_starts
from lossproof.numerics.algebra.memory import available_bytes
from lossproof.numerics.algebra.numpy_engine import NUMPY
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.shared_arrays import SharedArray, SharedMemory
from lossproof.numerics.algebra.tile_tasks import tile_tasks, urgencies
from lossproof.numerics.algebra.tiled_matrix import Report, segments
from lossproof.numerics.dask_cluster import Watch, cores, dask_client
from lossproof.theory.exceptions import LossproofError

_GLANCE = 0.01


class DaskMatrix:
    """The lower triangle of the Gram matrix of some parts, factored by the cluster at an address, or by a local one of ``most_bytes`` of memory in all.

    With ``shares`` the workers, all of this machine, share the triangle in memory of this process. The cluster is met when the factorisation begins, and left
    with `release`. Raises `InputError` where it cannot be had, has no workers for a minute, or has one with another version of this package or of SciPy, or one
    that fails the test of its products, and `LossproofError` where a tile ends every worker it is given to, or one cannot use that memory.
    """

    def __init__(self, parts: Sequence[GramPart], scheduler: str | None, most_bytes: int | None, *, shares: bool = False) -> None:
        self.engine = NUMPY
        self._parts, self._scheduler, self._most_bytes, self._shares = parts, scheduler, most_bytes, shares
        T, self._m = parts[0].columns.shape[:2]
        self._samples = sample_starts(T, self._m)
        self._given: Floats | None = None
        self._open = ExitStack()
        self._client: Any = None
        self._tiles: list[list[Any]] = []
        self._rooms: dict[tuple[int, int], SharedArray] = {}
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
        found = DaskMatrix(self._parts, self._scheduler, self._most_bytes, shares=self._shares)
        found.set_diagonal(self.diagonal())
        return found

    def row(self, I: int) -> list[Floats]:
        """Return the tiles of a tile row of the factor, from shared memory, or fetched, and kept as far as half of the memory that is free or allowed goes."""
        if self._rooms:
            return [self._rooms[I, J].array() for J in range(I + 1)]
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
        self._tiles, self._rooms, self._fetched = [], {}, {}
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
        memory = None if self._most_bytes is None or self._shares else self._most_bytes // count
        shared = None if not self._shares else SharedMemory()
        if shared is not None:
            self._open.callback(shared.release)
        self._client = client = self._open.enter_context(dask_client(count, self._scheduler, ADVICE, memory, thrifty=not self._shares))
        KilledWorker, watch = import_module("distributed").KilledWorker, Watch(client)
        ends, I = self._submit(client, shared), 0
        while len(ends) > I:
            if not ends[I].done():
                time.sleep(_GLANCE)
                if watch.look(f"or {ADVICE}") and shared is None:
                    ends, I = self._submit(client, shared), 0  # what was dealt to workers that have all died waits for them for ever
                continue
            try:
                if not ends[I].result():
                    return False
            except KilledWorker:
                raise LossproofError(f"a tile lost every worker it was given to: they may be short of memory; {ADVICE}") from None
            except OSError as error:
                if shared is None:
                    raise
                raise LossproofError(f"a worker must be able to use memory of this process, got {error}: {ADVICE}") from None
            I += 1
            if report is not None:
                report(self.starts[I] ** 2, self.n**2)
        return True

    def _submit(self, client: Any, shared: SharedMemory | None) -> list[Any]:
        """Submit all tasks, and return futures that tell for each tile row whether it was finished."""
        token, owners, software, diagonal = secrets.token_hex(8), list(client.nthreads()), described(), self.diagonal()
        rows, tasks = segments(self.starts), list(tile_tasks(len(self._of_rows)))
        samples, ends, rest, sizes = list[Any](), list[Any](), None, [row.stop - row.start for row in rows]
        self._tiles, self._rooms = [], {}
        for task, urgency in zip(tasks, urgencies(tasks), strict=True):
            I, J, terms = task.I, task.J, task.terms
            how: dict[str, Any] = {"pure": False, "priority": urgency}
            if shared is None and owners:
                how |= {"priority": -I, "workers": [owners[dealt(I, J, len(rows), len(owners))]], "allow_other_workers": True}
            if len(samples) == I:
                samples.append(self._given_samples(I, client, shared, how | {"key": f"lossproof-samples-{token}-{I}"}))
                self._tiles.append([])
                if shared is not None:
                    self._rooms |= {(I, K): shared.room((sizes[I], sizes[K])) for K in range(I + 1)}
            room, key = self._rooms.get((I, J)), f"{token}-{I}-{J}"
            if terms is None:
                factor = None if I == J else self._tiles[J][J]
                self._tiles[I].append(client.submit(finish, rest, factor, room, on_diagonal=I == J, key=f"lossproof-tile-{key}", **how))
                if I == J:
                    ends.append(client.submit(is_there, self._tiles[I][I], key=f"lossproof-end-{token}-{I}", **how))
                continue
            factors = list(self._tiles[I][terms.start : terms.stop]), None if I == J else self._tiles[J][terms.start : terms.stop]
            how["key"] = f"lossproof-rest-{key}-{terms.start}"
            if terms.start:
                rest = client.submit(subtract, rest, *factors, **how)
            else:
                given = (samples[I], None, diagonal[rows[I]]) if I == J else (samples[I], samples[J], None)
                rest = client.submit(begin_tile, *given, *factors, room, software, **how)
        return ends

    def _given_samples(self, I: int, client: Any, shared: SharedMemory | None, how: dict[str, Any]) -> Any:
        """Return the samples of a tile row, in shared memory or as a future of what its worker keeps."""
        if shared is not None:
            return [KeptPart(shared.filled(part.columns), shared.filled(part.values), part.ones) for part in self._of_rows[I]]
        return client.submit(kept, [KeptPart(part.columns, part.values, part.ones) for part in self._of_rows[I]], **how)


def dealt(I: int, J: int, count: int, workers: int) -> int:
    """Return the worker of a tile of so many tile rows, all workers being laid out as a rectangle that is as square as their number allows.

    Its rows take turns at tile rows, there and back from the last, so that none has all the longer ones, and its columns at tile columns. So to a worker of
    ``p × q`` travel about ``1/p + 1/q`` of all tiles at most, and several of them share a tile row.

    >>> [[dealt(I, J, 4, 2) for J in range(I + 1)] for I in range(4)]
    [[0], [1, 1], [1, 1, 1], [0, 0, 0, 0]]
    >>> [[dealt(I, J, 4, 4) for J in range(I + 1)] for I in range(4)]
    [[0], [2, 3], [2, 3, 2], [0, 1, 0, 1]]
    """
    q = max(d for d in range(1, isqrt(workers) + 1) if workers % d == 0)
    p = workers // q
    k = (count - 1 - I) % (2 * p)
    return min(k, 2 * p - 1 - k) * q + J % q
