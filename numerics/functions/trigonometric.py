"""sin and arctan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.functions.formulas import Builder, Floats, Formulas, Tails, Triple, without_parameter
from lossproof.numerics.functions.jets import Array, Jet, StateField, convolution, times_point
from lossproof.theory.functions.activations import Activation


def _sin_doubles(z: Floats, order: int) -> Floats:
    return np.sin(z) if order == 0 else np.cos(z) if order == 1 else -np.sin(z)


def _sin_digits(m: Any, z: Any) -> Triple:
    return lambda: m.sin(z), lambda: m.cos(z), lambda: -m.sin(z)


def _sin_ball(z: arb, order: int) -> arb:
    return z.sin() if order == 0 else z.cos() if order == 1 else -z.sin()


def _sin_jet(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    s, c = [field.state(activation, 0, z)], [field.state(activation, 1, z)]
    for k in range(order):
        s.append(c[k] * field.share(k + 1))
        c.append(-s[k] * field.share(k + 1))
    return s


def _arctan_doubles(z: Floats, order: int) -> Floats:
    w = 1 / np.hypot(z, 1)
    return (np.arctan(z), w * w, -2 * (z * w) * (w * w * w))[order]


def _arctan_digits(m: Any, z: Any) -> Triple:
    return lambda: m.atan(z), lambda: 1 / (1 + z * z), lambda: -2 * z / (1 + z * z) ** 2


def _arctan_ball(z: arb, order: int) -> arb:
    if order == 0:
        return z.atan()
    w = 1 / (1 + z * z)
    return w if order == 1 else -2 * z * w * w


def _arctan_jet(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``w = 1/(1+z²)``: ``y' = w`` and ``w' = −2zw²``."""
    y, w = [field.state(activation, 0, z)], [field.reciprocal(z * z + 1)]
    inner: Jet = []
    for k in range(order):
        inner.append(times_point(w, z, k))
        y.append(w[k] * field.share(k + 1))
        w.append(-2 * convolution(inner, w, k) * field.share(k + 1))
    return y


SIN = Formulas(_sin_doubles, _sin_digits, _sin_ball, _sin_jet, suprema=(1.0, 1.0), at_zero=(fmpq(0), fmpq(1), fmpq(0)))
ARCTAN = Formulas(
    _arctan_doubles, _arctan_digits, _arctan_ball, _arctan_jet,
    suprema=(1.0, 0.6875),  # σ'(0) = 1, and |σ''| ≤ 3√3/8
    at_zero=(fmpq(0), fmpq(1), fmpq(0)),
    tails=Tails(below=3e4, above=3e4),
)  # fmt: skip
TRIGONOMETRIC: Mapping[str, Builder] = {"sin": without_parameter(SIN), "arctan": without_parameter(ARCTAN)}
