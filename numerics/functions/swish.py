r"""silu and swish: ``z·s`` with ``s = sigmoid(u)``, ``u = βz``, and ``β = 1`` for silu.

With ``q = 1 − s`` it is ``σ' = s(1 + uq)`` and ``σ'' = β s q (2 + u(q − s))``. As a function of ``u`` the slope lies in ``[−0.0999, 1.0999]``, and
``σ''/β`` in ``[−0.037, 1/2]``: it is at most 1/2 because ``sq ≤ 1/4`` and ``u(q − s) ≤ 0``, and the other bounds are enclosed in the tests by small
balls. ``βσ`` falls before its minimum ``−0.2784…`` at ``u = −1.2784…`` and rises after it, see the derivation of its range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.functions.formulas import Builder, Floats, Formulas, Tails, Triple
from lossproof.numerics.functions.hulls import Valley, at_ends, over_valley, within
from lossproof.numerics.functions.jets import Array, Jet, StateField, times_point
from lossproof.numerics.functions.logistic import logistic_jet, sigmoid_digits, sigmoid_doubles
from lossproof.numerics.rationals import to_flint

_VALLEY = Valley(Fraction(-1279, 1000), Fraction(-1278, 1000), Fraction(-27847, 100000), Fraction(-27846, 100000))
_SLOPES, _CURVATURES = arb(1 / 2, 5 / 8), arb(7 / 32, 9 / 32)
_FAR = 1e3
_TAIL = 25.0


def _swish(parameter: Fraction | None) -> Formulas:
    beta = Fraction(1) if parameter is None else parameter
    exact, double = to_flint(beta), float(beta)
    return Formulas(
        lambda z, order: _doubles(z, order, double),
        lambda m, z: _digits(m, z, beta),
        lambda z, order: _ball(z, order, exact),
        lambda _, order, z, field: _jet(order, z, field, beta),
        suprema=(1.125, _above(beta / 2)),
        at_zero=(fmpq(0), fmpq(1, 2), exact / 2),
        tails=Tails(below=_TAIL / double, linear=_TAIL / double),
    )


def _above(value: Fraction) -> float:
    """Return the least double that is not smaller."""
    nearest = float(value)
    return nearest if Fraction(nearest) >= value else float(np.nextafter(nearest, np.inf))


def _doubles(z: Floats, order: int, beta: float) -> Floats:
    u = z if beta == 1 else _scaled(z, beta)
    if order == 0:
        return z * sigmoid_doubles(u, 0)
    first = sigmoid_doubles(u, 1)
    return np.asarray(sigmoid_doubles(u, 0) + u * first if order == 1 else beta * (2 * first + u * sigmoid_doubles(u, 2)))


def _scaled(z: Floats, beta: float) -> Floats:
    """Return ``βz``, brought where the sigmoid is constant if it is farther out, so that nothing overflows."""
    with np.errstate(over="ignore"):
        return np.asarray(np.clip(beta * z, -_FAR, _FAR))


def _digits(m: Any, z: Any, beta: Fraction) -> Triple:
    b = m.mpf(beta.numerator) / beta.denominator
    u = b * z
    value, first, _second = sigmoid_digits(m, u)
    return lambda: z * value(), lambda: value() + u * first(), lambda: b * first() * (2 - u * m.tanh(u / 2))


def _gate(u: arb) -> Sequence[arb]:
    """Return enclosures of ``s`` and ``q``, from the exponential that is small."""
    positive = u.mid() > 0
    e = (-u).exp() if positive else u.exp()
    large = 1 / (1 + e)
    return (large, e * large) if positive else (e * large, large)


def _ball(z: arb, order: int, beta: fmpq) -> arb:
    u = z if beta == 1 else beta * z
    if order == 0:
        value = over_valley(lambda x: x * _gate(x)[0], u, _VALLEY)
        return value if beta == 1 else value / beta
    s, q = at_ends(_gate, u)
    if order == 1:
        return within(s * (1 + u * q), _SLOPES)
    curvature = within(s * q * (2 + u * (q - s)), _CURVATURES)
    return curvature if beta == 1 else beta * curvature


def _jet(order: int, z: Array, field: StateField, beta: Fraction) -> Jet:
    y = [coefficient * field.embed(beta**k) for k, coefficient in enumerate(logistic_jet(z * field.embed(beta), order, field))]
    return [times_point(y, z, k) for k in range(order + 1)]


SWISH: Mapping[str, Builder] = {"silu": _swish, "swish": _swish}
