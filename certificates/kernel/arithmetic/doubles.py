r"""Arrays of doubles with radii: the ring of a pass in double precision.

Write ``u = 2^{-53}``, ``γ_k = k u / (1 − k u)``. An `Enclosed` array stands for all real arrays within its radii. Products of doubles in any order of
summation, with or without fused multiply-add, obey ``|fl(AB) − AB| ≤ γ_m |A||B|`` for m terms, so ``AB`` is within ``|A| r_B + r_A (|B| + r_B) +
γ_{m+2} |A||B|`` of ``fl(AB)``; sums and entrywise products likewise. The activations are enclosed by Arb over the whole interval of their argument.
The bounds themselves are sums, products and roots of fewer than 2^30 non-negative doubles, wrong by less than the factor ``1 + 2^{-20}`` they are
enlarged by. Underflow, even flushed to zero: every magnitude is at most 2^100, so what one layer loses is below 2^-700 and is covered by the 2^-600
added to each radius. Hypotheses: IEEE 754 double precision, rounding to nearest, BLAS products by conventional summation.

*Activations at very many arguments.* Let g be the multiple of ``2^-8`` next to the midpoint of an interval of radius ``2^-9`` at most. By Taylor's theorem
``f(z) = Σ_{k<n} c_k(g) x^k + c x^n`` for each z in it, ``x = z − g``, with some c in the enclosure of the coefficient ``c_n`` over the ball of radius ``2^-8``
around g, which contains z. Arb encloses the coefficients once for each g that occurs, Horner's rule in `Enclosed` arrays the polynomials; the midpoint less
g is a double, by Sterbenz' lemma, as it lies between g/2 and 3g/2 or ``g = 0``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.functions import function_of
from lossproof.certificates.kernel.arithmetic.rings import BallRing, Rows
from lossproof.certificates.kernel.arithmetic.series import Array, Series, constant_term
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.functions.activations import Activation
from lossproof.theory.limits import flops_work

UNIT, ENLARGE, LARGEST, TINY = 2.0**-53, 1 + 2.0**-20, 2.0**100, 2.0**-600
PRECISION = 80
"""The precision in bits in which activations are enclosed, and numbers embedded; it must be in force."""

_ORDER, _CELL, _SHARED = 9, 2.0**-8, 64


def gamma(k: int) -> float:
    """Return ``γ_k`` for ``k ≤ 2^30``, itself rounded (see the factor above)."""
    return k * UNIT / (1 - k * UNIT)


@dataclass(frozen=True)
class Enclosed:
    """Doubles ``mid`` and radii ``rad ≥ 0``: the real entries are within ``rad`` of ``mid``, and both are at most 2^100."""

    mid: Array
    rad: Array

    def __post_init__(self) -> None:
        moderate = self.mid.max(initial=0) <= LARGEST and self.mid.min(initial=0) >= -LARGEST and self.rad.max(initial=0) <= LARGEST
        require(bool(moderate), "evidence", "a number is not finite or above 2^100 in double precision", "limit")

    @property
    def T(self) -> Enclosed:
        """The transpose, in the last two axes."""
        return Enclosed(np.swapaxes(self.mid, -1, -2), np.swapaxes(self.rad, -1, -2))

    @property
    def reach(self) -> Array:
        """Upper bounds of absolute values."""
        return ENLARGE * (np.abs(self.mid) + self.rad)

    @property
    def ends(self) -> tuple[Array, Array]:
        """Doubles below and above."""
        wide = ENLARGE * (self.rad + 2 * UNIT * np.abs(self.mid)) + TINY
        return self.mid - wide, self.mid + wide

    def __getitem__(self, at: Any) -> Enclosed:
        return Enclosed(self.mid[at], self.rad[at])

    def reshape(self, *shape: int) -> Enclosed:
        """Return the array in another shape."""
        return Enclosed(self.mid.reshape(shape), self.rad.reshape(shape))

    def __neg__(self) -> Enclosed:
        return Enclosed(-self.mid, self.rad)

    def __sub__(self, other: Enclosed) -> Enclosed:
        return self + -other

    def __add__(self, other: Enclosed) -> Enclosed:
        mid = self.mid + other.mid
        return Enclosed(mid, ENLARGE * (self.rad + other.rad + UNIT * np.abs(mid)) + TINY)

    def __mul__(self, other: Enclosed) -> Enclosed:
        mid = self.mid * other.mid
        rad = np.abs(self.mid) * other.rad + self.rad * (np.abs(other.mid) + other.rad) + UNIT * np.abs(mid)
        return Enclosed(mid, ENLARGE * rad + TINY)

    def __matmul__(self, other: Enclosed) -> Enclosed:
        A, B = np.abs(self.mid), np.abs(other.mid)
        rad = A @ (other.rad + gamma(self.mid.shape[-1] + 2) * B)
        if self.rad.any():
            rad += self.rad @ (B + other.rad)
        return Enclosed(self.mid @ other.mid, ENLARGE * rad + TINY)


def product(terms: str, x: Enclosed, y: Enclosed) -> Enclosed:
    """Enclose the sums of products of `np.einsum`, over the letters that the result lacks."""
    factors, result = terms.split("->")
    A, B, sizes = np.abs(x.mid), np.abs(y.mid), zip(factors.replace(",", ""), x.mid.shape + y.mid.shape, strict=True)
    count = prod(size for letter, size in set(sizes) if letter not in result)
    rad = np.einsum(terms, A, y.rad + gamma(count + 2) * B)
    if x.rad.any():
        rad += np.einsum(terms, x.rad, B + y.rad)
    return Enclosed(np.einsum(terms, x.mid, y.mid), ENLARGE * rad + TINY)


def joined(*parts: Enclosed, axis: int = 0) -> Enclosed:
    """Return arrays one after the other."""
    return Enclosed(np.concatenate([x.mid for x in parts], axis=axis), np.concatenate([x.rad for x in parts], axis=axis))


def exactly(x: Any) -> Enclosed:
    """Return doubles without radii."""
    return Enclosed(np.asarray(x, dtype=float), np.zeros(np.shape(x)))


def hull(low: Array, high: Array) -> Enclosed:
    """Return what lies between numbers, both rounded once."""
    return Enclosed((low + high) / 2, ENLARGE * ((high - low) / 2 + 4 * UNIT * (np.abs(low) + np.abs(high))) + TINY)


class DoubleRing(BallRing):
    """The ring of a pass: arrays are `Enclosed`."""

    def __init__(self, work: Work) -> None:
        super().__init__(work, PRECISION)

    def embed(self, number: Any) -> arb:
        """Return a ball that contains the number; a rational takes no work worth counting."""
        return arb(number) if isinstance(number, fmpq) else super().embed(number)

    def array(self, rows: Any) -> Any:
        """Return exact numbers as doubles with radii, without error where they are doubles."""
        balls = super().array(rows)
        clear = all(ball.rel_accuracy_bits() >= 56 for ball in balls.flat)
        require(clear, "conclusion.at", "a weight is too close to 0 to be told from it in double precision")
        return of_balls(balls, balls.shape)

    def count(self, products: int, values: int, *operands: Any, inner: int = 1) -> None:
        """Count products, four of each for the radii; `activate` counts the values."""
        self.work.spend(flops_work(8 * products), "products of doubles")

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool, rest: Rows = frozenset()) -> tuple[Any, Any]:
        """Enclose ``σ`` and ``σ'`` over each interval; by Taylor polynomials an eighth of the work is counted."""
        values = 2 * z.mid.size
        super().count(0, values // 8)
        found = _by_taylor(self, activation, z, 2)
        if found is None:
            super().count(0, values - values // 8)
            parts = super().activate(activation, layer, Series([as_balls(z)]), slopes=True, rest=rest)
            found = [of_balls(part, z.mid.shape) for part in parts]
        return found[0], found[1]


def derivatives(work: Work, activation: Activation, z: Enclosed, times: int, rest: Rows = frozenset()) -> list[Enclosed]:
    """Enclose ``σ``, ``σ'`` and ``σ''`` over each interval; raises `Rejected` where derivatives up to the order ``times`` may not exist, but at rows at rest.

    Where ``σ'`` exists and ``σ''`` does not, the values of the latter on both sides are in its enclosure.
    """
    ring = BallRing(work, PRECISION)
    ring.count(0, 2 * times * z.mid.size)
    found = _by_taylor(ring, activation, z, 3)
    if found is None:
        balls = as_balls(z)
        function, at = ring.along(activation, Series([balls, np.full_like(balls, arb(1))]), times, rest)
        slope = function.slope(*at)
        parts = function.value(*at), *(slope.coefficients if isinstance(slope, Series) else (slope, arb(0)))
        found = [of_balls(part, balls.shape) for part in parts]
    return found


def _by_taylor(ring: BallRing, activation: Activation, z: Enclosed, count: int) -> list[Enclosed] | None:
    """Return enclosures of ``σ``, ``σ'`` and ``σ''``, the first ``count`` of them; None for wide intervals and kinks, and where they are no gain.

    Its work is less than an eighth of what is counted for balls, one of each interval.
    """
    function, (cells, where) = function_of(activation), np.unique(np.rint(z.mid / _CELL), return_inverse=True)
    if function.kinks or not function.states or _SHARED * cells.size > z.mid.size or np.max(z.rad) > _CELL / 2:
        return None
    where, tables = where.reshape(z.mid.shape), list[list[list[Enclosed]]]()
    for radius in (0.0, _CELL):
        balls = np.array([arb(g * _CELL, radius) for g in cells.tolist()], dtype=object)
        steps = [np.full_like(balls, arb(int(k == 0))) for k in range(_ORDER)]
        _, at = ring.along(activation, Series([balls, *steps]), _ORDER + 1)
        slope = function.slope(*at)
        lines = (function.value(*at), slope, slope.derivative())[:count]
        if not all(abs(ball) < LARGEST for x in lines for c in x.coefficients for ball in c):
            return None
        tables.append([[of_balls(c, c.shape) for c in x.coefficients] for x in lines])
    x, found = Enclosed(z.mid - cells[where] * _CELL, z.rad), []
    for c, (*_, last) in zip(*tables, strict=True):
        n = len(c) - 1
        sizes = [np.abs(part.mid) * _CELL**k for k, part in enumerate(c[:n])]
        if np.any((np.abs(last.mid) + last.rad) * _CELL**n > UNIT * np.max(sizes, axis=0)):
            return None
        total = Enclosed(last.mid[where], last.rad[where])
        for part in reversed(c[:n]):
            total = total * x + Enclosed(part.mid[where], part.rad[where])
        found.append(total)
    return found


def as_balls(z: Enclosed) -> Array:
    """Return doubles with radii as balls."""
    return np.array([arb(m, r) for m, r in zip(z.mid.flat, z.rad.flat, strict=True)], dtype=object).reshape(z.mid.shape)


def of_balls(found: Any, shape: tuple[int, ...]) -> Enclosed:
    """Return balls, a series of order 0 of them or one constant, as doubles with radii; a double has radius 0."""
    balls = [arb(x) for x in constant_term(found, shape).flat]
    mid, rad = (np.array([float(part) for part in parts]).reshape(shape) for parts in ([x.mid() for x in balls], [x.rad() for x in balls]))
    same = np.array([x == arb(m) for x, m in zip(balls, mid.flat, strict=True)], dtype=bool).reshape(shape)
    return Enclosed(mid, np.where(same, 0.0, ENLARGE * (rad + 2 * UNIT * np.abs(mid)) + TINY))
