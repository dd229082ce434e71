r"""silu and swish: ``z·s`` with ``s = sigmoid(u)``, ``u = βz``, and ``β = 1`` for silu.

With ``q = 1 − s`` it is ``σ' = s(1 + uq)`` and ``σ'' = β s q (2 + u(q − s))``. As a function of ``u`` the slope lies in ``[−0.0999, 1.0999]``, and
``σ''/β`` in ``[−0.037, 1/2]``. ``βσ`` falls before its minimum ``−0.2784…`` at ``u = −1.2784…`` and rises after it, see the derivation of its range.
The bounds of the derivatives are enclosed in the tests by small balls.
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

_VALLEY = Valley(Fraction(-1279, 1000), Fraction(-1278, 1000), Fraction(-27847, 100000), Fraction(-27846, 100000))
_SLOPES = (Fraction(-1, 8), Fraction(9, 8))
_CURVATURES = (Fraction(-1, 16), Fraction(1, 2))
_FAR = 1e3
_TAIL = 25.0


def _swish(parameter: Fraction | None) -> Formulas:
    beta = Fraction(1) if parameter is None else parameter
    exact, double = fmpq(*beta.as_integer_ratio()), float(beta)
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
    with np.errstate(over="ignore"):
        u = np.clip(beta * z, -_FAR, _FAR)
    s, first = sigmoid_doubles(u, 0), sigmoid_doubles(u, 1)
    if order == 0:
        return z * s
    return np.asarray(s + u * first if order == 1 else beta * (2 * first + u * sigmoid_doubles(u, 2)))


def _digits(m: Any, z: Any, beta: Fraction) -> Triple:
    b = m.mpf(beta.numerator) / beta.denominator
    u = b * z
    value, first, _second = sigmoid_digits(m, u)
    return lambda: z * value(), lambda: value() + u * first(), lambda: b * first() * (2 - u * m.tanh(u / 2))


def _gate(u: arb) -> Sequence[arb]:
    """Return ``s`` and ``q`` at an exact number."""
    e = (-abs(u)).exp()
    large, small = 1 / (1 + e), e / (1 + e)
    return (large, small) if u >= 0 else (small, large)


def _ball(z: arb, order: int, beta: fmpq) -> arb:
    u = z if beta == 1 else beta * z
    if order == 0:
        return over_valley(lambda x: x * _gate(x)[0], u * at_ends(_gate, u)[0], u, _VALLEY) / beta
    s, q = at_ends(_gate, u)
    if order == 1:
        return within(s * (1 + u * q), *_SLOPES)
    return beta * within(s * q * (2 + u * (q - s)), *_CURVATURES)


def _jet(order: int, z: Array, field: StateField, beta: Fraction) -> Jet:
    y = [coefficient * field.embed(beta**k) for k, coefficient in enumerate(logistic_jet(z * field.embed(beta), order, field))]
    return [times_point(y, z, k) for k in range(order + 1)]


SWISH: Mapping[str, Builder] = {"silu": _swish, "swish": _swish}
