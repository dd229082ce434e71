"""Rational numbers of Python and of FLINT, there and back."""

from __future__ import annotations

from fractions import Fraction

from flint import fmpq


def to_flint(value: Fraction) -> fmpq:
    """Return a fraction as a rational number of FLINT.

    >>> to_flint(Fraction(-3, 4))
    -3/4
    """
    return fmpq(*value.as_integer_ratio())


def from_flint(value: fmpq) -> Fraction:
    """Return a rational number of FLINT as a fraction.

    >>> from_flint(fmpq(6, 4))
    Fraction(3, 2)
    """
    return Fraction(int(value.p), int(value.q))
