r"""A branch and prune that lists all critical points in a box, up to symmetry: a tree of boxes, each leaf with the reason why no other point is in it.

The tree is written level by level, a character a box. A small letter splits the box in the middle of a weight (``a`` the first), its halves come in the next
level, the lower one before the upper one. The reasons are

- ``S``: symmetry. Only points with ``w_1 ≥ w_2 ≥ …`` for the first weights of the hidden units are sought, and for odd activations with ``w_k ≥ 0``. The box
  has ``w_k ≤ w_{k+1}``; its points with ``w_k = w_{k+1}`` lie in boxes that stay, as limits of points with ``w_1 > w_2 > …``.
- ``N``, ``M``: no critical point, by `steep` or `mean_value`; ``D``, where minima alone are sought: none, by `curved_downward`.
- ``U``: the box lies in that around an image of a listed point, on which the gradient is one-to-one.

The search proves nothing: see the head of `enclosures`. Boxes of a level are settled in batches, by several processes where there are many; points that are
met are listed when the level is done. So the tree does not depend on the number of processes, nor on interrupts after which a search goes on from where it
was. Its memory grows with the boxes of a level, which a budget bounds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.enclosures import Ball, Indices
from lossproof.numerics.complete.known_points import KnownPoints
from lossproof.numerics.complete.landscape import Landscape
from lossproof.numerics.complete.settling import SPLIT, Ends, Settling
from lossproof.theory.exceptions import InputError
from lossproof.theory.limits import MAX_BATCH, MAX_COMPLETE_BOXES

BATCH, INTERRUPT = 1792, "an interrupt"
_SAMPLES, _FEWEST, _FINEST, _KEPT_EVERY = 12288, 512, 2.0**-40, 20.0


@dataclass(frozen=True)
class TreeBudget:
    """The most boxes of a tree, and the most seconds of a search."""

    boxes: int = MAX_COMPLETE_BOXES
    seconds: float = 600.0


@dataclass(frozen=True)
class Tree:
    """What a search found.

    - ``bounds``: the box ``|w| ≤ bound``, weight by weight; ``codes``: its tree, a character a box;
    - ``points``, ``radii``: the critical points, in doubles, one of each orbit, and the boxes around them that ``U`` speaks of;
    - ``boxes`` looked at; ``settled``: the part of the volume that is done with;
    - ``left``: boxes that are not, as lower and upper ends; ``ended``: why, empty where none is left;
    - ``minima``: whether these alone were sought.
    """

    bounds: Floats
    codes: str
    points: Floats
    radii: Floats
    boxes: int
    settled: float
    left: Ends
    ended: str
    minima: bool = False

    @property
    def complete(self) -> bool:
        """Whether no box is left."""
        return not self.ended


class Settled(NamedTuple):
    """What a search has settled, enough to go on from: the characters of all boxes so far, the points listed, and boxes of the last level beside others."""

    codes: str
    points: Floats
    radii: Floats
    near: Ball


def root_box(land: Landscape, bounds: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the box that is split: in the weights that are split, with ``w_k ≥ 0`` for odd activations."""
    low, high = -bounds[: land.splits], bounds[: land.splits].copy()
    if land.units and land.odd:
        low[: land.inner : land.inputs.shape[1]] = 0
    return low, high


def search_tree(
    land: Landscape,
    bounds: Floats,
    budget: TreeBudget | None = None,
    report: Callable[[float], None] | None = None,
    *,
    workers: int | None = 1,
    begin: Settled | None = None,
    keep: Callable[[Settled], None] | None = None,
    minima: bool = False,
) -> Tree:
    """Search the box ``|w| ≤ bound``; ``report`` gets the part of its volume that is settled. An interrupt ends the search with what is left.

    ``workers`` processes (None: one a core) change no result. ``begin`` is what was settled before; ``keep`` gets it now and then, and at the end.
    With ``minima`` only these are sought.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> land = Landscape(np.array([[10.0], [-1.0]]), np.array([0.75, 0.8]), np.zeros(1), 0, activation_named("sigmoid"), 0)
    >>> found = search_tree(land, np.array([3.0]))
    >>> found.complete, [round(float(w), 3) for w in sorted(found.points[:, 0])]
    (True, [-1.386, -0.521, 0.09])
    """
    most, none = budget or TreeBudget(), np.zeros((0, len(land.rates)))
    search = _Search(land, bounds, begin or Settled("", none, none, Ball(none, none)), minima=minima)
    started, kept, ended = time.monotonic(), time.monotonic(), ""
    with ExitStack() as stack:
        try:
            settling = Settling(stack, land, bounds, os.cpu_count() or 1 if workers is None else workers, minima=minima)
            while not ended and search.has_boxes():
                for codes, near in settling.of(search.known, search.pieces):
                    if search.boxes + BATCH > most.boxes or time.monotonic() - started > most.seconds:
                        ended = f"{most.boxes:,} boxes" if search.boxes + BATCH > most.boxes else f"{most.seconds:g} s"
                        break
                    search.enter(codes, near)
                    if report is not None:
                        report(search.volume)
                    if keep is not None and time.monotonic() - kept > _KEPT_EVERY:
                        keep(search.settled)
                        kept = time.monotonic()
                if search.too_fine:
                    ended = "boxes too fine to split"
        except KeyboardInterrupt:
            ended = INTERRUPT
    if keep is not None:
        keep(search.settled)
    left = search.left
    known, ended = search.known, ended if len(left[0]) else ""
    held = known.radii.all(axis=1)
    return Tree(bounds, search.codes, known.points[held], known.radii[held], search.boxes, search.volume, left, ended, minima)


class _Batch(NamedTuple):
    """What became of the boxes of a batch, their halves, the volume that is settled, and boxes near which there may be a critical point."""

    codes: str
    halves: Ends
    volume: float
    near: Ball


class _Level(NamedTuple):
    """The boxes of a level, its batches so far, and the characters and the volume of the levels before."""

    lower: Floats
    upper: Floats
    batches: list[_Batch]
    codes: str
    volume: float


class _Search:
    """What was found so far. It changes in one step at a time, so that it is whole whenever an interrupt comes."""

    def __init__(self, land: Landscape, bounds: Floats, begin: Settled, *, minima: bool) -> None:
        self._root = root_box(land, bounds)
        T, side = len(land.targets), len(bounds)
        side += T if land.bounded and land.units else 0
        self._step = max(1, min(BATCH, max(_FEWEST, _SAMPLES // T), MAX_BATCH // (T * (land.units + 1)), 4 * MAX_BATCH // side**2))
        self.known = KnownPoints(land, begin.points, begin.radii, minima=minima)
        self._level = _Level(self._root[0][None], self._root[1][None], [], "", 0.0)
        codes, at, none = np.frombuffer(begin.codes.encode("ascii"), dtype=np.uint8).astype(np.int64), 0, begin.near.part(slice(0, 0))
        while at < len(codes):
            if not self.pieces:
                self._go_on()
            if not self.pieces:
                raise InputError(
                    "a tree of boxes must end with its leaves, got more characters: the file is not one that a search has kept"
                )
            some = codes[at : at + len(self._level.lower)]
            at += len(some)
            self.enter(some, begin.near if at == len(codes) else none)

    @property
    def codes(self) -> str:
        """The tree so far."""
        return self._level.codes + "".join(batch.codes for batch in self._level.batches)

    @property
    def boxes(self) -> int:
        """How many boxes were looked at."""
        return len(self._level.codes) + self._done

    @property
    def volume(self) -> float:
        """The part of the volume that is settled."""
        return self._level.volume + sum(batch.volume for batch in self._level.batches)

    @property
    def settled(self) -> Settled:
        """What to go on from."""
        nears, none = [batch.near for batch in self._level.batches], np.zeros((0, len(self.known.land.rates)))
        near = Ball(np.vstack([none, *(x.mid for x in nears)]), np.vstack([none, *(x.rad for x in nears)]))
        return Settled(self.codes, self.known.points, self.known.radii, near)

    @property
    def left(self) -> Ends:
        """The boxes that are open."""
        rest = (self._level.lower[self._done :], self._level.upper[self._done :])
        parts = rest, *(batch.halves for batch in self._level.batches)
        return np.vstack([lower for lower, _ in parts]), np.vstack([upper for _, upper in parts])

    @property
    def pieces(self) -> list[Ends]:
        """The boxes of the level that are open, in batches."""
        starts = range(self._done, len(self._level.lower), self._step)
        return [(self._level.lower[k : k + self._step], self._level.upper[k : k + self._step]) for k in starts]

    @property
    def too_fine(self) -> bool:
        """Whether an open box is too fine to split."""
        lower, upper = self.left
        return bool(np.all(upper - lower <= _FINEST * (self._root[1] - self._root[0]), axis=1).any())

    @property
    def _done(self) -> int:
        return sum(len(batch.codes) for batch in self._level.batches)

    def enter(self, codes: Indices, near: Ball) -> None:
        """Enter what became of the next boxes."""
        piece = tuple(ends[self._done : self._done + len(codes)] for ends in self._level[:2])
        split = np.flatnonzero(codes >= SPLIT)
        halves = halves_of((piece[0][split], piece[1][split]), codes[split] - SPLIT)
        volume = float(_volumes((piece[0], piece[1]), self._root)[codes < SPLIT].sum())
        self._level.batches.append(_Batch(codes.astype(np.uint8).tobytes().decode("ascii"), halves, volume, near))

    def has_boxes(self) -> bool:
        """Tell whether boxes are open; where the level has none, list the points that its boxes are near to, and go on to the next level first."""
        if not self.pieces:
            with np.errstate(all="ignore"):
                self.known.meet(self.settled.near)
            self._go_on()
        return bool(self.pieces)

    def _go_on(self) -> None:
        self._level = _Level(*self.left, [], self.codes, self.volume)


def _volumes(piece: tuple[Floats, Floats], root: tuple[Floats, Floats]) -> Floats:
    return np.asarray(((piece[1] - piece[0]) / (root[1] - root[0])).prod(axis=1))


def halves_of(piece: tuple[Floats, Floats], axes: Indices) -> tuple[Floats, Floats]:
    """Return the halves of boxes, each split in the middle of a weight."""
    lower, upper = (np.repeat(x, 2, axis=0) for x in piece)
    every, middle = 2 * np.arange(len(axes)), (piece[0] + piece[1])[np.arange(len(axes)), axes] / 2
    upper[every, axes] = middle
    lower[every + 1, axes] = middle
    return lower, upper
