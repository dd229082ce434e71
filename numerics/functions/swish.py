"""silu: ``z·sigmoid(z)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.functions.formulas import Builder, Floats, Formulas, Tails, Triple, without_parameter
from lossproof.numerics.functions.jets import Array, Jet, StateField, times_point
from lossproof.numerics.functions.logistic import logistic_jet, sigmoid_ball, sigmoid_digits, sigmoid_doubles
from lossproof.theory.functions.activations import Activation


def _silu_doubles(z: Floats, order: int) -> Floats:
    s = sigmoid_doubles(z, 0)
    if order == 0:
        return z * s
    first = sigmoid_doubles(z, 1)
    return np.asarray(s + z * first if order == 1 else 2 * first + z * sigmoid_doubles(z, 2))


def _silu_digits(m: Any, z: Any) -> Triple:
    value, first, _second = sigmoid_digits(m, z)
    return lambda: z * value(), lambda: value() + z * first(), lambda: first() * (2 - z * m.tanh(z / 2))


def _silu_ball(z: arb, order: int) -> arb:
    if order == 0:
        return z * sigmoid_ball(z, 0)
    first = sigmoid_ball(z, 1)
    return sigmoid_ball(z, 0) + z * first if order == 1 else first * (2 - z * (z / 2).tanh())


def _silu_jet(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    y = logistic_jet(z, order, field)
    return [times_point(y, z, k) for k in range(order + 1)]


SILU = Formulas(
    _silu_doubles, _silu_digits, _silu_ball, _silu_jet,
    suprema=(1.125, 0.5),  # σ' < 1.1, and |σ''| ≤ σ''(0) = 1/2
    at_zero=(fmpq(0), fmpq(1, 2), fmpq(1, 2)),
    tails=Tails(below=25.0, linear=25.0),
)  # fmt: skip
SWISH: Mapping[str, Builder] = {"silu": without_parameter(SILU)}
