"""Settling boxes: what becomes of each, many at once, here or in processes."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from typing import TypeAlias

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.child_processes import process_pool
from lossproof.numerics.complete.enclosures import Ball, between
from lossproof.numerics.complete.exclusion import Box, Indices, curved_downward, enclosed_boxes, mean_value, steep
from lossproof.numerics.complete.known_points import KnownPoints
from lossproof.numerics.complete.landscape import Landscape

SPLIT = ord("a")
"""The character of a split of the first weight; reasons come before it."""

Ends: TypeAlias = tuple[Floats, Floats]

_OPEN, _TRIED_KAPPA, _TRIED = 0, 0.9, 16
_WORTH_A_POOL, _PENDING = 16, 3


class Settling:
    """What becomes of batches, in their order: here, or in processes from the first level on that is worth it, as long as they live."""

    def __init__(self, stack: ExitStack, land: Landscape, bounds: Floats, workers: int, *, minima: bool) -> None:
        self._stack, self._land, self._bounds, self._minima = stack, land, bounds, minima
        self._workers = workers if multiprocessing.parent_process() is None else 1
        self._submit: Callable[..., Future[tuple[Indices, Ball]]] | None = None

    def of(self, known: KnownPoints, pieces: list[Ends]) -> Iterator[tuple[Indices, Ball]]:
        """Yield the characters of the boxes of each batch, and boxes near which there may be a critical point."""
        if self._submit is None and self._workers > 1 and len(pieces) >= _WORTH_A_POOL:
            self._submit = self._stack.enter_context(process_pool(self._workers))
        done, tasks = 0, [(self._land, self._bounds, self._minima, known.points, known.radii, *piece) for piece in pieces]
        if self._submit is not None and len(pieces) > 1:
            try:
                pending = deque[Future[tuple[Indices, Ball]]]()
                for task in tasks:
                    pending.append(self._submit(settle_boxes, *task))
                    if len(pending) >= _PENDING * self._workers:
                        yield pending.popleft().result()
                        done += 1
                while pending:
                    yield pending.popleft().result()
                    done += 1
            except BrokenProcessPool:
                self._submit, self._workers = None, 1
        for task in tasks[done:]:
            yield settle_boxes(*task)


def settle_boxes(
    land: Landscape, bounds: Floats, minima: bool, points: Floats, radii: Floats, lower: Floats, upper: Floats
) -> tuple[Indices, Ball]:
    """Return the character of each box, as a number, and boxes of all weights near which there may be a critical point that is not listed."""
    with np.errstate(all="ignore"):
        return _settled(land, KnownPoints(land, points, radii), (lower, upper), bounds, minima=minima)


def _settled(land: Landscape, known: KnownPoints, piece: Ends, bounds: Floats, *, minima: bool) -> tuple[Indices, Ball]:
    lower, upper = piece
    codes: Indices = np.zeros(len(lower), dtype=np.int64)
    firsts = np.arange(0, land.inner, land.inputs.shape[1]) if land.units else np.zeros(1, dtype=int)
    codes[(upper[:, firsts[:-1]] <= lower[:, firsts[1:]]).any(axis=1)] = ord("S")
    at: Indices = np.flatnonzero(codes == _OPEN)
    box = enclosed_boxes(land, between(lower[at], upper[at]), bounds)
    at, box = _decide(codes, at, box, steep(land, box), "N")
    at, box = _decide(codes, at, box, known.holds(box.weights), "U")
    if not len(at):
        return codes, box.weights
    curved = mean_value(land, box)
    codes[at[curved.excluded]] = ord("M")
    if minima:
        rest = np.flatnonzero(codes[at] == _OPEN)
        codes[at[rest[curved_downward(land, box.part(rest))]]] = ord("D")
    rest = codes[at] == _OPEN
    axes = curved.shares[:, : land.splits].argmax(axis=1)
    codes[at[rest]] = SPLIT + axes[rest]
    return codes, box.weights.part(np.flatnonzero(rest & (curved.kappa < _TRIED_KAPPA))[:_TRIED])


def _decide(codes: Indices, at: Indices, box: Box, holds: Indices, reason: str) -> tuple[Indices, Box]:
    """Write a reason where it holds, and return what is open."""
    codes[at[holds]] = ord(reason)
    return at[~holds], box.part(~holds)
