"""Midpoints of balls as fractions, where their exponents leave fractions of a sensible length."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

MOST_BITS = 4000
"""Magnitudes are kept between ``2^-4000`` and ``2^4000``: FLINT ends the process when a number of Arb's range is to become a fraction of no end."""


def dyadic(value: arb) -> Fraction:
    """Return the midpoint of a ball as a fraction, and 0 for one of size ``2^-4000`` or less; raises `ValueError` for one above ``2^4000`` or not finite.

    >>> dyadic(arb("0.75")), dyadic(arb(-(10**40)).exp())
    (Fraction(3, 4), Fraction(0, 1))
    """
    middle = value.mid()
    if not abs(middle) < arb(2) ** MOST_BITS:
        raise ValueError("a fraction can be had of a finite ball of moderate size only")
    if abs(middle) <= arb(2) ** -MOST_BITS:
        return Fraction(0)
    exact = middle.fmpq()
    return Fraction(int(exact.p), int(exact.q))
