"""Enclosures over wide balls: by the ends where a function is monotone, and by bounds known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from lossproof.numerics.rationals import to_flint

_NARROW = 2.0**-20


def at_ends(functions: Callable[[arb], Sequence[arb]], z: arb) -> list[arb]:
    """Return enclosures over a ball of functions that are monotone on it, from enclosures at its two ends.

    ``functions`` gives enclosures over any ball; a narrow one is taken as it is.

    >>> at_ends(lambda x: [x * x], arb(2, 1))[0].overlaps(arb(5, 4))
    True
    """
    if z.rad() < _NARROW:
        return list(functions(z))
    return [first.union(second) for first, second in zip(functions(z.lower()), functions(z.upper()), strict=True)]


@dataclass(frozen=True)
class Valley:
    """A function falls before ``left`` and rises after ``right``; between them lies its minimum, of a value between ``low`` and ``high``."""

    left: Fraction
    right: Fraction
    low: Fraction
    high: Fraction


def over_valley(function: Callable[[arb], arb], z: arb, valley: Valley) -> arb:
    """Return an enclosure over a ball of a function with a `Valley`, from enclosures at the ends.

    Over an interval on one side of the minimum the extrema are taken at the ends, else the minimum is one of them. ``function`` gives enclosures over any
    ball; a narrow one is taken as it is.
    """
    if z.rad() < _NARROW:
        return function(z)
    found = function(z.lower()).union(function(z.upper()))
    if z < to_flint(valley.left) or z > to_flint(valley.right):
        return found
    return within(function(z), found.union(arb(to_flint(valley.low))).union(arb(to_flint(valley.high))))


def within(value: arb, known: arb) -> arb:
    """Return an enclosure of a number that lies in two balls, of which the first need not be finite.

    >>> within(arb(0, 1000), arb(0.5, 0.5)).overlaps(arb(2)), within(arb("nan"), arb(0.5, 0.5)).is_finite()
    (False, True)
    """
    if not value.is_finite():
        return known
    return value if known.contains(value) else value.intersection(known)
