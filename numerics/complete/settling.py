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
from lossproof.numerics.complete import ridge
from lossproof.numerics.complete.enclosures import Ball, Indices, Pass, between
from lossproof.numerics.complete.exclusion import curved_downward, enclosed_boxes, mean_value, steep
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
    settled = _settled_by_ridge if land.units and land.bounded else _settled
    with np.errstate(all="ignore"):
        return settled(land, KnownPoints(land, points, radii), (lower, upper), bounds, minima=minima)


def _settled_by_ridge(land: Landscape, known: KnownPoints, piece: Ends, bounds: Floats, *, minima: bool) -> tuple[Indices, Ball]:
    """Settle boxes of θ, from the cheapest test to the dearest, each for those that are open."""
    codes, at = _symmetric(land, piece)
    box = ridge.hidden_boxes(land, piece[0][at], piece[1][at])
    pull = ridge.pull_of_decay(land, box)
    left = _decide(codes, at, ridge.is_steep(pull, ridge.largest_push(land)), "N")
    at, box, pull = at[left], box.part(left), pull[left]
    u = ridge.outputs(land, box, bounds)
    steep = ridge.is_steep(pull, ridge.largest_push(land, u))
    left = _decide(codes, at, steep, "N")
    left = left[_decide(codes, at[left], known.holds(ridge.weights(box, u).part(left)), "U")]
    at, box, u = at[left], box.part(left), u.part(left)
    if not len(at):
        return codes, ridge.weights(box, u)
    excluded, curved = ridge.mean_value(land, box, u)
    left = _decide(codes, at, excluded, "M")
    if minima:
        p = Pass(*(Ball(*(np.moveaxis(x.take(left, -1), -1, 0) for x in ball)) for ball in (box.phi, box.slope, box.bend)))
        eps, v = (Ball(x.mid[:, left].T, x.rad[:, left].T) for x in (u.eps, u.v))
        left = left[_decide(codes, at[left], curved_downward(land, p, eps, v), "D")]
    codes[at[left]] = SPLIT + curved.shares[:, left].argmax(axis=0)
    near = left[ridge.contracting(curved.part(left), _TRIED_KAPPA)[:_TRIED]]
    return codes, ridge.weights(box, u).part(near)


def _settled(land: Landscape, known: KnownPoints, piece: Ends, bounds: Floats, *, minima: bool) -> tuple[Indices, Ball]:
    codes, at = _symmetric(land, piece)
    box = enclosed_boxes(land, between(piece[0][at], piece[1][at]))
    left = _decide(codes, at, steep(land, box), "N")
    at, box = at[left], box.part(left)
    left = _decide(codes, at, known.holds(box.weights), "U")
    at, box = at[left], box.part(left)
    if not len(at):
        return codes, box.weights
    curved = mean_value(land, box)
    left = _decide(codes, at, curved.excluded, "M")
    if minima:
        rest = box.part(left)
        left = left[_decide(codes, at[left], curved_downward(land, rest.passed, rest.eps, rest.v), "D")]
    codes[at[left]] = SPLIT + curved.shares[left].argmax(axis=1)
    return codes, box.weights.part(left[curved.kappa[left] < _TRIED_KAPPA][:_TRIED])


def _symmetric(land: Landscape, piece: Ends) -> tuple[Indices, Indices]:
    """Return the characters of boxes, which say that some are left to symmetry, and the numbers of the others."""
    lower, upper = piece
    codes: Indices = np.zeros(len(lower), dtype=np.int64)
    firsts = np.arange(0, land.inner, land.inputs.shape[1]) if land.units else np.zeros(1, dtype=int)
    codes[(upper[:, firsts[:-1]] <= lower[:, firsts[1:]]).any(axis=1)] = ord("S")
    return codes, np.flatnonzero(codes == _OPEN)


def _decide(codes: Indices, at: Indices, holds: Indices, reason: str) -> Indices:
    """Write a reason where it holds, and return which of these boxes are open."""
    codes[at[holds]] = ord(reason)
    return np.flatnonzero(~holds)
