"""Arb balls: their precision, numbers told from 0, enclosures of constants, and of functions that balls alone enclose badly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from flint import arb, ctx, fmpq, nmod

from lossproof.certificates.kernel.reading.problem import Constant

Enclosure: TypeAlias = "Callable[[arb, Any], arb]"
"""A function of a ball z, and of the parameter of a family: it contains the values at all points of z."""

ZERO, HALF, ONE = fmpq(0), fmpq(1, 2), fmpq(1)
_NARROW = 2.0**-10


@contextmanager
def ball_precision(bits: int) -> Iterator[None]:
    """Set Arb's working precision for a block and restore it afterwards."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def constant_ball(constant: Constant) -> arb:
    """Return a ball that contains a constant of section 2."""
    kind, *arguments = constant
    if kind == "pi":
        return arb.pi()
    argument = arb(arguments[0])
    if kind == "root":
        argument = argument.log() / arguments[1]
    return argument.log() if kind == "log" else argument.exp()


def not_zero(z: fmpq | arb) -> bool:
    """Tell whether a rational or a ball is certainly not 0."""
    return bool(z > 0) or bool(z < 0)


def vanishes(x: Any) -> bool:
    """Tell whether an element of an exact ring is 0; residues and balls do not tell."""
    return not isinstance(x, (nmod, arb)) and bool(x == 0)


def monotone(function: Enclosure, narrow: float = _NARROW, *, even: bool = False) -> Enclosure:
    """Return the enclosure of a function that is monotone in z (``even``: in ``|z|``): of its values at the two ends, unless the radius is below ``narrow``."""

    def enclosure(z: arb, p: Any) -> arb:
        if z.rad() < narrow:
            return function(z, p)
        low, high = (z.abs_lower(), z.abs_upper()) if even else (z.lower(), z.upper())
        return function(low, p).union(function(high, p))

    return enclosure
