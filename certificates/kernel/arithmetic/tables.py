r"""σ, σ' and σ'' over arrays of intervals of doubles, from a table of Taylor polynomials: for activations without kinks of the records of `functions`.

u, ``γ_k``, and what the factor ENLARGE and the summand TINY cover, are those of `doubles`.

*Cells.* With a power s of 2, cell number k on either side of 0 has ``s|z| + 2`` between two neighbours among the numbers ``2^e (1 + j/32)``, ``e ≥ 1``, ``0
≤ j < 32``: these are the top bits of that double. It rounds by less than ``2^-40`` of the width of the cell, so z is within ENLARGE times the half width h
of the midpoint c.

*Values.* Let ``c_k`` be the Taylor coefficients of σ at c, in balls, and M a bound of that of order n over the cell. By Taylor's theorem ``σ^{(j)}(z) =
Σ_{k<n} k!/(k−j)! c_k x^{k−j} + R``, ``|R| ≤ n!/(n−j)! M h^{n−j}``, ``x = z − c``. The three polynomials follow from one pass of Horner's scheme, ``b ← bx +
d``, ``d ← dx + p``, ``p ← px + c_k``, in which ``p = σ``, ``d = σ'`` and ``2b = σ''``. Each monomial is rounded twice in each of n − 1 steps, and once for
each x in it: by less than ``γ_{3n}`` of its size, for which ``|c_k|`` and h stand. All that is one bound for a cell and j. As ``h ≤ 2^26``, TINY covers
underflow.

*Intervals.* The largest value of ``f = σ^{(j)}`` on an interval is at an end, or inside it where ``f' = 0``; so is the least. *Turns* are intervals outside
which f' is not 0, with bounds of f on them: cells are quartered until their polynomials bound f between numbers that nearly agree, or f' away from 0. So f lies
in the hull of its values at both ends and the bounds of the turns that the interval meets.

*Sine.* Whole turns are taken from an interval; where it then reaches beyond ±7, ``[−7, 7]`` stands for it, on which all values occur.
"""

from __future__ import annotations

from itertools import pairwise
from math import factorial, perm
from typing import NamedTuple

import numpy as np
from flint import arb

from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, PRECISION, TINY, UNIT, Enclosed, exactly, gamma, hull, of_balls
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.arithmetic.series import Array, Series
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation

TABLED = ("softplus", "silu", "swish", "mish", "bent-identity", "gelu", "arctan", "erf", "sin")
"""The families that a table is made of."""

_TERMS, _FIRST, _SHIFT, _PARTS = 12, 2**15, 47, 4
_NARROW, _FARTHEST, _AROUND = 2.0**-48, 2.0**32, 7.0


class Turn(NamedTuple):
    """An interval, and bounds of a function on it."""

    low: float
    high: float
    least: float
    most: float


class Table:
    """Cells up to ``|z| = farthest`` at least, 2^32 at most: midpoints, ``c_k``, bounds of what is wrong with ``σ^{(j)}``, and turns.

    The precision of doubles must be in force.
    """

    def __init__(self, work: Work, activation: Activation, farthest: float) -> None:
        periodic, self._scale = activation.family == "sin", 1.0
        while self._scale < min(activation.parameter or 1, 2**20):
            self._scale *= 2
        self._farthest = _AROUND if periodic else min(farthest, _FARTHEST / self._scale)
        self._period = of_balls(np.array([2 * arb.pi()]), (1,)) if periodic else None
        last = np.array([ENLARGE * self._scale * self._farthest + 2]).view(np.int64) >> _SHIFT
        self._side = int(last[0]) - _FIRST + 1
        edges = ((np.arange(_FIRST, _FIRST + self._side + 1) << _SHIFT).view(np.float64) - 2) / self._scale
        edges = np.concatenate([-edges[::-1], edges[1:]])
        ring = BallRing(work, PRECISION)
        cells = _polynomials(ring, activation, edges[:-1], edges[1:])
        self._centres, self._coefficients = cells.centre, [c.mid for c in cells.about]
        wrong = [gamma(3 * _TERMS) * np.abs(c.mid) + c.rad for c in cells.about]
        self._errors = [ENLARGE * cells.sum(wrong, j, j) for j in range(3)]
        self._turns = _turns(ring, activation, edges[:-1], edges[1:], cells)

    def _at(self, z: Array) -> tuple[tuple[Array, Array, Array], list[Array]]:
        """Return ``σ``, ``σ'`` and ``σ''`` at doubles, and bounds of what is wrong with them."""
        k = ((np.abs(z) * self._scale + 2).view(np.int64) >> _SHIFT) - _FIRST
        k = self._side + np.where(z < 0, -1 - k, k)
        x, p, d, b = z - self._centres.take(k), self._coefficients[-1].take(k), np.zeros_like(z), np.zeros_like(z)
        for c in self._coefficients[-2::-1]:
            b *= x
            b += d
            d *= x
            d += p
            p *= x
            p += c.take(k)
        return (p, d, 2 * b), [wrong.take(k) for wrong in self._errors]

    def over(self, low: Array, high: Array) -> tuple[Enclosed, Enclosed, Enclosed]:
        """Enclose ``σ``, ``σ'`` and ``σ''`` over intervals; raises `Rejected` beyond the table."""
        if self._period is not None:
            back = exactly(-np.rint((low + high) / (2 * self._period.mid))) * self._period
            low, high = (exactly(low) + back).ends[0], (exactly(high) + back).ends[1]
            beyond = (low < -_AROUND) | (high > _AROUND)
            low, high = np.where(beyond, -_AROUND, low), np.where(beyond, _AROUND, high)
        inside = bool(np.all(low >= -self._farthest) and np.all(high <= self._farthest))
        require(inside, "evidence", "an argument of the activation is too large for a table", "limit")
        (f, wrong), (g, amiss), found = self._at(low), self._at(high), list[Enclosed]()
        for j in range(3):
            least, most = np.minimum(f[j] - wrong[j], g[j] - amiss[j]), np.maximum(f[j] + wrong[j], g[j] + amiss[j])
            for turn in self._turns[j]:
                met = (low <= turn.high) & (high >= turn.low)
                least, most = np.where(met & (least > turn.least), turn.least, least), np.where(met & (most < turn.most), turn.most, most)
            found.append(hull(least, most))
        return found[0], found[1], found[2]


class _Cells(NamedTuple):
    """Midpoints and half widths of intervals, Taylor coefficients at the midpoints, and bounds of that of order n over the intervals."""

    centre: Array
    half: Array
    about: list[Enclosed]
    last: Array

    def sum(self, sizes: list[Array], j: int, first: int) -> Array:
        """Bound ``Σ_{first ≤ k < n} k!/(k−j)! s_k h^{k−j} + n!/(n−j)! M h^{n−j}``."""
        h = self.half
        terms = (perm(k, j) * h ** (k - j) * size for k, size in enumerate([*sizes, self.last]) if k >= first)
        return np.asarray(ENLARGE * sum(terms, np.zeros_like(h)) + TINY)

    def derivative(self, j: int) -> Enclosed:
        """Enclose ``σ^{(j)}`` over the intervals."""
        c = self.about[j]
        return Enclosed(factorial(j) * c.mid, ENLARGE * (factorial(j) * c.rad + self.sum([c.reach for c in self.about], j, j + 1)))


def _polynomials(ring: BallRing, activation: Activation, low: Array, high: Array) -> _Cells:
    """Return Taylor polynomials of σ on intervals; all coefficients but the first are from those of ``σ'``, which lose less over wide balls."""
    centre, half = (low + high) / 2, ENLARGE * ((high - low) / 2 + 2 * UNIT * (np.abs(low) + np.abs(high)))
    found = []
    for radius in (np.zeros_like(half), half):
        ring.work.spend(limits.table_work(len(centre), _TERMS), "Taylor polynomials")
        balls = np.array([arb(c, r) for c, r in zip(centre.tolist(), radius.tolist(), strict=True)], dtype=object)
        steps = [np.full_like(balls, arb(int(k == 0))) for k in range(_TERMS)]
        function, (z, y, s, p) = ring.along(activation, Series([balls, *steps]), _TERMS + 1)
        value, slopes = function.value(z.head(0), tuple(state.head(0) for state in y), s, p), function.slope(z, y, s, p).coefficients
        found.append([value.coefficients[0], *(c / (k + 1) for k, c in enumerate(slopes[:_TERMS]))])
    about, last = found[0][:-1], found[1][-1]
    return _Cells(centre, half, [of_balls(c, c.shape) for c in about], of_balls(last, last.shape).reach)


def _turns(ring: BallRing, activation: Activation, low: Array, high: Array, cells: _Cells) -> list[list[Turn]]:
    """Return the turns of ``σ``, ``σ'`` and ``σ''`` in cells that touch, each list in order and apart."""
    found, left = [list[Turn]() for _ in range(3)], np.ones((3, len(low)), dtype=bool)
    while True:
        over = [cells.derivative(j) for j in range(4)]
        for j, (value, slope) in enumerate(pairwise(over)):
            narrow, signed = value.rad <= _NARROW * (1 + np.abs(value.mid)), np.abs(slope.mid) > ENLARGE * slope.rad
            turns = np.stack([low, high, value.mid - value.rad, value.mid + value.rad], axis=1)[left[j] & narrow].tolist()
            found[j] += [Turn(*row) for row in turns]
            left[j] &= ~narrow & ~signed
        some = left.any(axis=0)
        if not some.any():
            return [_joined(some) for some in found]
        edges, left = np.linspace(low[some], high[some], _PARTS + 1, axis=1), np.repeat(left[:, some], _PARTS, axis=1)
        low, high = edges[:, :-1].ravel(), edges[:, 1:].ravel()
        cells = _polynomials(ring, activation, low, high)


def _joined(turns: list[Turn]) -> list[Turn]:
    """Return turns that touch as one."""
    found: list[Turn] = []
    for turn in sorted(turns):
        if found and found[-1].high >= turn.low:
            last = found.pop()
            turn = Turn(last.low, max(last.high, turn.high), min(last.least, turn.least), max(last.most, turn.most))
        found.append(turn)
    return found
