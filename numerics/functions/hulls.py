"""Enclosures over wide balls: by the ends where a function is monotone, and by bounds known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq


def at_ends(functions: Callable[[arb], Sequence[arb]], z: arb) -> list[arb]:
    """Return enclosures over a ball of functions that are monotone on it, from enclosures at its two ends.

    >>> at_ends(lambda x: [x * x], arb(2, 1))[0].overlaps(arb(5, 4))
    True
    """
    if z.is_exact():
        return list(functions(z))
    return [first.union(second) for first, second in zip(functions(z.lower()), functions(z.upper()), strict=True)]


@dataclass(frozen=True)
class Valley:
    """A function falls before ``left`` and rises after ``right``; between them lies its minimum, of a value between ``low`` and ``high``."""

    left: Fraction
    right: Fraction
    low: Fraction
    high: Fraction


def over_valley(function: Callable[[arb], arb], direct: arb, z: arb, valley: Valley) -> arb:
    """Return an enclosure over a ball of a function with a `Valley`, from enclosures at the ends and from another one, ``direct``.

    Over an interval on one side of the minimum the extrema are taken at the ends, else the minimum is one of them.
    """
    ends = at_ends(lambda x: [function(x)], z)[0]
    if z.is_exact() or z < _exact(valley.left) or z > _exact(valley.right):
        return ends
    return _common(direct, ends.union(arb(_exact(valley.low))).union(arb(_exact(valley.high))))


def _exact(value: Fraction) -> fmpq:
    return fmpq(*value.as_integer_ratio())


def within(value: arb, low: Fraction, high: Fraction) -> arb:
    """Return an enclosure of a number known to lie in ``[low, high]`` and in the ball, which need not be finite.

    >>> within(arb(0, 1000), Fraction(0), Fraction(1)).overlaps(arb(2)), within(arb("nan"), Fraction(0), Fraction(1)).is_finite()
    (False, True)
    """
    return _common(value, arb(_exact(low)).union(arb(_exact(high))))


def _common(value: arb, known: arb) -> arb:
    """Return what two enclosures of one number have in common; the first need not be finite."""
    if not value.is_finite():
        return known
    return value if known.contains(value) else value.intersection(known)
