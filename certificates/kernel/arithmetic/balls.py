"""Arb balls: their precision, enclosures of constants, and of functions that balls alone enclose badly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flint import arb, ctx, fmpq

from lossproof.certificates.kernel.reading.problem import Combination, Constant, Number

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


def number_ball(number: Number) -> arb:
    """Return a ball that contains a number of the certificate."""
    if not isinstance(number, Combination):
        return arb(number)
    return sum((arb(q) * constant_ball(constant) for constant, q in number.terms), arb(number.rational))


def constant_ball(constant: Constant) -> arb:
    """Return a ball that contains a constant of section 2."""
    kind, *arguments = constant
    if kind == "pi":
        return arb.pi()
    argument: arb = arb(arguments[0])
    if kind == "root":
        exponent: arb = argument.log() / arguments[1]
        return exponent.exp()
    return argument.log() if kind == "log" else argument.exp()


def not_zero(z: fmpq | arb) -> bool:
    """Tell whether a rational or a ball is certainly not 0."""
    return bool(z > 0) or bool(z < 0)


def monotone(function: Callable[[arb], arb], z: arb) -> arb:
    """Return an enclosure of a function that is monotone over a ball: of its values at the two ends, if the ball is wide."""
    if z.rad() < _NARROW:
        return function(z)
    ends: arb = function(z.lower()).union(function(z.upper()))
    return ends


def monotone_in_size(function: Callable[[arb], arb], z: arb, narrow: float = _NARROW) -> arb:
    """Return an enclosure of an even function that is monotone in ``|z|``: of its values at the two ends, unless the radius is less than ``narrow``."""
    if z.rad() < narrow:
        return function(z)
    ends: arb = function(z.abs_lower()).union(function(z.abs_upper()))
    return ends


def logistic(z: arb) -> arb:
    """Return an enclosure of ``1/(1+e^{-z})``, which rises with z, from an exponential that is not above 1."""

    def value(x: arb) -> arb:
        if x < 0:
            e = x.exp()
            return e / (1 + e)
        return 1 / (1 + (-x).exp())

    return monotone(value, z)


def softplus(z: arb) -> arb:
    """Return an enclosure of ``log(1+e^z)``, which rises with z."""
    return monotone(lambda x: x.max(arb(0)) + (-abs(x)).exp().log1p(), z)


def sech_squared(z: arb) -> arb:
    """Return an enclosure of ``1/cosh² = 4e/(1+e)²``, ``e = e^{-2|z|}``."""

    def value(x: arb) -> arb:
        e = (-2 * abs(x)).exp()
        return 4 * e / (1 + e) ** 2

    return monotone_in_size(value, z)


def normal_integral(z: arb) -> arb:
    """Return an enclosure of ``Φ(z) = (1 + erf(z/√2))/2``."""
    return (-z / arb(2).sqrt()).erfc() / 2


def normal_density(z: arb) -> arb:
    """Return an enclosure of ``Φ'``."""
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()
