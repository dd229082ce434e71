r"""A branch and prune that lists all critical points in a box, up to symmetry: a tree of boxes, each leaf with the reason why no other point is in it.

The tree is written level by level, a character a box. A small letter splits the box in the middle of a weight (``a`` the first), its halves come in the next
level, the lower one before the upper one. The reasons are

- ``S``: symmetry. Only points with ``w_1 ≥ w_2 ≥ …`` for the first weights of the hidden units are sought, and for tanh with ``w_k ≥ 0``. The box has
  ``w_k ≤ w_{k+1}``; its points with ``w_k = w_{k+1}`` lie in boxes that stay, as limits of points with ``w_1 > w_2 > …``.
- ``N``, ``M``: no critical point, by `steep` or `mean_value`.
- ``U``: the box lies in that around an image of a listed point, on which the gradient is one-to-one.

The search proves nothing: see the head of `enclosures`. It is deterministic; its memory grows with the boxes of a level, which a budget bounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.enclosures import between
from lossproof.numerics.complete.exclusion import Box, Indices, enclosed_boxes, mean_value, steep
from lossproof.numerics.complete.known_points import KnownPoints
from lossproof.numerics.complete.landscape import Landscape
from lossproof.theory.limits import MAX_BATCH

BATCH, INTERRUPT = 4096, "an interrupt"
_TRIED_KAPPA = 0.9
_FINEST = 2.0**-40
_SPLIT, _OPEN = ord("a"), 0


@dataclass(frozen=True)
class TreeBudget:
    """The most boxes, and seconds, of a search."""

    boxes: int = 2_000_000
    seconds: float = 600.0


@dataclass(frozen=True)
class Tree:
    """What a search found.

    - ``bounds``: the box ``|w| ≤ bound``, weight by weight; ``codes``: its tree, a character a box;
    - ``points``, ``radii``: the critical points, in doubles, one of each orbit, and the boxes around them that ``U`` speaks of;
    - ``boxes`` looked at; ``settled``: the part of the volume that is done with;
    - ``left``: boxes that are not, as lower and upper ends; ``ended``: why, empty where none is left.
    """

    bounds: Floats
    codes: str
    points: Floats
    radii: Floats
    boxes: int
    settled: float
    left: tuple[Floats, Floats]
    ended: str

    @property
    def complete(self) -> bool:
        """Whether no box is left."""
        return not self.ended


def root_box(land: Landscape, bounds: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the box that is split: in the weights that are split, with ``w_k ≥ 0`` for tanh."""
    low, high = -bounds[: land.splits], bounds[: land.splits].copy()
    if land.units and land.low:
        low[: land.inner : land.inputs.shape[1]] = 0
    return low, high


def search_tree(land: Landscape, bounds: Floats, budget: TreeBudget | None = None, report: Callable[[float], None] | None = None) -> Tree:
    """Search the box ``|w| ≤ bound``; ``report`` gets the part of its volume that is settled. An interrupt ends the search with what is left.

    >>> land = Landscape(np.array([[10.0], [-1.0]]), np.array([0.75, 0.8]), np.zeros(1), 0, 0, 1, 0)
    >>> found = search_tree(land, np.array([3.0]))
    >>> found.complete, [round(float(w), 3) for w in sorted(found.points[:, 0])]
    (True, [-1.386, -0.521, 0.09])
    """
    most, known, low_high = budget or TreeBudget(), KnownPoints(land), root_box(land, bounds)
    level, finest = (low_high[0][None], low_high[1][None]), _FINEST * (low_high[1] - low_high[0])
    codes, boxes, volume, ended, begin = list[str](), 0, 0.0, "", time.monotonic()
    left: tuple[Floats, Floats] = (level[0][:0], level[1][:0])
    while len(level[0]) and not ended:
        lower, upper = level
        halves, text = [], []
        step = max(1, min(BATCH, MAX_BATCH // (len(land.targets) * (land.units + 1))))
        try:
            for start in range(0, len(lower), step):
                if boxes + step > most.boxes or time.monotonic() - begin > most.seconds:
                    ended = f"{most.boxes:,} boxes" if boxes + step > most.boxes else f"{most.seconds:g} s"
                    break
                piece = lower[start : start + step], upper[start : start + step]
                with np.errstate(all="ignore"):
                    found = _settled(land, known, piece, bounds)
                boxes += len(found)
                split = np.flatnonzero(found >= _SPLIT)
                volume += float(_volumes(piece, low_high)[found < _SPLIT].sum())
                halves.append(halves_of((piece[0][split], piece[1][split]), found[split] - _SPLIT))
                text.append(found.astype(np.uint8).tobytes().decode("ascii"))
                if report is not None:
                    report(volume)
        except KeyboardInterrupt:
            ended = INTERRUPT
        codes += text
        done = sum(map(len, text))
        level = (np.vstack([lower[:0], *(h[0] for h in halves)]), np.vstack([upper[:0], *(h[1] for h in halves)]))
        if not ended and len(level[0]) and np.all(level[1] - level[0] <= finest, axis=1).any():
            ended = "boxes too fine to split"
        if ended:
            left = np.vstack([lower[done:], level[0]]), np.vstack([upper[done:], level[1]])
    return Tree(bounds, "".join(codes), known.points, known.radii, boxes, volume, left, ended)


def _volumes(piece: tuple[Floats, Floats], root: tuple[Floats, Floats]) -> Floats:
    return np.asarray(((piece[1] - piece[0]) / (root[1] - root[0])).prod(axis=1))


def halves_of(piece: tuple[Floats, Floats], axes: Indices) -> tuple[Floats, Floats]:
    """Return the halves of boxes, each split in the middle of a weight."""
    lower, upper = (np.repeat(x, 2, axis=0) for x in piece)
    every, middle = 2 * np.arange(len(axes)), (piece[0] + piece[1])[np.arange(len(axes)), axes] / 2
    upper[every, axes] = middle
    lower[every + 1, axes] = middle
    return lower, upper


def _settled(land: Landscape, known: KnownPoints, piece: tuple[Floats, Floats], bounds: Floats) -> Indices:
    """Return the character of each box, as a number."""
    lower, upper = piece
    codes: Indices = np.zeros(len(lower), dtype=np.int64)
    firsts = np.arange(0, land.inner, land.inputs.shape[1]) if land.units else np.zeros(1, dtype=int)
    codes[(upper[:, firsts[:-1]] <= lower[:, firsts[1:]]).any(axis=1)] = ord("S")
    at: Indices = np.flatnonzero(codes == _OPEN)
    box = enclosed_boxes(land, between(lower[at], upper[at]), bounds)
    at, box = _decide(codes, at, box, steep(land, box), "N")
    at, box = _decide(codes, at, box, known.holds(box.weights), "U")
    if not len(at):
        return codes
    curved = mean_value(land, box)
    codes[at[curved.excluded]] = ord("M")
    rest = codes[at] == _OPEN
    known.meet(box.weights.part(rest & (curved.kappa < _TRIED_KAPPA)))
    axes = curved.shares[:, : land.splits].argmax(axis=1)
    codes[at[rest]] = _SPLIT + axes[rest]
    return codes


def _decide(codes: Indices, at: Indices, box: Box, holds: Indices, reason: str) -> tuple[Indices, Box]:
    """Write a reason where it holds, and return what is open."""
    codes[at[holds]] = ord(reason)
    return at[~holds], box.part(~holds)
