"""softsign and bent identity: absolute values and square roots."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.functions.formulas import Builder, Floats, Formulas, Tails, Triple, without_parameter
from lossproof.numerics.functions.jets import Array, Jet, StateField, chosen, convolution, times_point
from lossproof.theory.functions.activations import Activation

_ONE = Fraction(1)


def _softsign_doubles(z: Floats, order: int) -> Floats:
    w = 1 / (1 + np.abs(z))
    return (z * w, w * w, -2 * np.sign(z) * w * w * w)[order]


def _softsign_digits(m: Any, z: Any) -> Triple:
    w = 1 / (1 + abs(z))
    return lambda: z * w, lambda: w**2, lambda: -2 * m.sign(z) * w**3


def _softsign_ball(z: arb, order: int) -> arb:
    w = 1 / (1 + abs(z))
    return (z * w, w * w, -2 * z.sgn() * w * w * w)[order]


def _softsign_at_rational(z: fmpq, order: int) -> fmpq:
    w = 1 / (1 + abs(z))
    return (z * w, w * w, (-2 if z > 0 else 2) * w * w * w)[order]


def _softsign_jet(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``s = sign z`` and ``w = 1/(1+|z|)``: ``σ = zw = s(1 − w)`` and ``w' = −sw²``."""
    s = chosen(field, field.sides(activation, z), (-_ONE, _ONE))
    w = field.reciprocal(s * z + 1)
    coefficients, power = [z * w], w
    for k in range(1, order + 1):
        power = power * w
        coefficients.append(power if k % 2 else -s * power)
    return coefficients


def _bent_doubles(z: Floats, order: int) -> Floats:
    h = np.hypot(z, 1)
    if order == 0:
        return np.asarray(z * (z / (h + 1) / 2) + z)
    w = 1 / h
    return z / h / 2 + 1 if order == 1 else w * w * w / 2


def _bent_digits(m: Any, z: Any) -> Triple:
    h = m.sqrt(z * z + 1)
    return lambda: z * z / (2 * (h + 1)) + z, lambda: z / (2 * h) + 1, lambda: 1 / (2 * h**3)


def _bent_ball(z: arb, order: int) -> arb:
    h = (z * z + 1).sqrt()
    return (z * z / (2 * (h + 1)) + z, z / (2 * h) + 1, 1 / (2 * h * h * h))[order]


def _bent_jet(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``u = (z²+1)^{-1/2}`` and ``q = 1/(z²+1)``: ``u' = −zqu``, ``q' = −2zq²`` and ``σ = ((z²+1)u − 1)/2 + z``, ``σ' = zu/2 + 1``."""
    u, q = [field.inverse_hypotenuse(z, _ONE)], [field.reciprocal(z * z + 1)]
    inner: Jet = []
    for k in range(order):
        inner.append(times_point(q, z, k))
        u.append(-convolution(inner, u, k) * field.share(k + 1))
        q.append(-2 * convolution(inner, q, k) * field.share(k + 1))
    value = ((z * z + 1) * u[0] - 1) * field.share(2) + z
    slopes = [times_point(u, z, k) * field.share(2) + (1 if k == 0 else 0) for k in range(order)]
    return [value, *(slopes[k] * field.share(k + 1) for k in range(order))]


SOFTSIGN = Formulas(
    _softsign_doubles, _softsign_digits, _softsign_ball, _softsign_jet,
    suprema=(1.0, 2.0),  # σ' = (1+|z|)^{-2}, and off 0 |σ''| = 2(1+|z|)^{-3}
    at_rational=_softsign_at_rational,
    tails=Tails(below=3e4, above=3e4),
)  # fmt: skip
BENT_IDENTITY = Formulas(
    _bent_doubles, _bent_digits, _bent_ball, _bent_jet,
    suprema=(1.5, 0.5),  # σ' = 1 + z/(2√(z²+1)), σ'' = (z²+1)^{-3/2}/2
    at_zero=(fmpq(0), fmpq(1), fmpq(1, 2)),
    tails=Tails(linear=3e4),
)  # fmt: skip
ALGEBRAIC: Mapping[str, Builder] = {"softsign": without_parameter(SOFTSIGN), "bent-identity": without_parameter(BENT_IDENTITY)}
