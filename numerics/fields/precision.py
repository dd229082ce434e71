"""The one place where the working precision of ball arithmetic is set."""

from __future__ import annotations

from contextlib import AbstractContextManager
from fractions import Fraction

from flint import arb, ctx

from lossproof.numerics.rationals import from_flint

LEAST_BITS = 2
MOST_BITS = 1_048_576
LARGEST_EXPONENT = 4000
"""Magnitudes are kept between ``2^-4000`` and ``2^4000``: FLINT ends the process when a number of Arb's range is to become a fraction of no end."""


def ball_precision(bits: int) -> AbstractContextManager[int]:
    """Set the precision of all Arb operations within the block to ``bits`` and restore the former one afterwards.

    The setting belongs to the whole process: do not leave the block open across threads. Raises `ValueError` unless
    ``2 ≤ bits ≤ 1,048,576``.

    >>> from flint import arb
    >>> with ball_precision(200):
    ...     (arb(1) / 3).rel_accuracy_bits() > 190
    True
    """
    if not LEAST_BITS <= bits <= MOST_BITS:
        raise ValueError(f"a precision must lie between {LEAST_BITS} and {MOST_BITS} bits, got {bits}: choose another one")
    return _Precision(bits)


class _Precision:
    """One block with a precision of its own."""

    __slots__ = ("_before", "_bits")

    def __init__(self, bits: int) -> None:
        self._bits = bits

    def __enter__(self) -> int:
        self._before = ctx.prec
        ctx.prec = self._bits
        return self._bits

    def __exit__(self, *_: object) -> None:
        ctx.prec = self._before


def dyadic(value: arb) -> Fraction:
    """Return the midpoint of a ball as a fraction, and 0 for one of size ``2^-4000`` or less; raises `ValueError` for one above ``2^4000`` or not finite.

    >>> dyadic(arb("0.75")), dyadic(arb(-(10**40)).exp())
    (Fraction(3, 4), Fraction(0, 1))
    """
    middle = value.mid()
    if not abs(middle) < arb(2) ** LARGEST_EXPONENT:
        raise ValueError("a fraction can be had of a finite ball of moderate size only")
    if abs(middle) <= arb(2) ** -LARGEST_EXPONENT:
        return Fraction(0)
    exact = middle.fmpq()
    return from_flint(exact)
