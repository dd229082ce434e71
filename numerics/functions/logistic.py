"""sigmoid, tanh and softplus: the logistic function between two ends, and its integral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.functions.formulas import Builder, Floats, Formulas, Tails, Triple, without_parameter
from lossproof.numerics.functions.jets import Array, Jet, StateField, convolution
from lossproof.theory.functions.activations import Activation, activation_named


def sigmoid_doubles(z: Floats, order: int) -> Floats:
    """Return ``1/(1 + e^{−z})``, or its first or second derivative, in doubles."""
    e = np.exp(-np.abs(z))
    if order == 0:
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    first = e / (1 + e) ** 2
    return np.asarray(first if order == 1 else np.sign(z) * np.expm1(-np.abs(z)) / (1 + e) * first)


def sigmoid_digits(m: Any, z: Any) -> Triple:
    """Return ``1/(1 + e^{−z})`` and its derivatives in an mpmath context."""

    def value() -> Any:
        e = m.exp(-abs(z))
        return 1 / (1 + e) if z >= 0 else e / (1 + e)

    def first() -> Any:
        return m.sech(z / 2) ** 2 / 4

    return value, first, lambda: -first() * m.tanh(z / 2)


def sigmoid_ball(z: arb, order: int) -> arb:
    """Return an enclosure of ``1/(1 + e^{−z})``, or of its first or second derivative."""
    if order == 0:
        if z.mid() > 0:
            return _within_unit(1 / (1 + (-z).exp()))
        e = z.exp()
        return _within_unit(e / (1 + e))
    first = _sech_squared(z / 2) / 4
    return first if order == 1 else -first * (z / 2).tanh()


def logistic_jet(z: Array, order: int, field: StateField) -> Jet:
    """Return the coefficients of ``1/(1 + e^{-z})``: ``y' = d``, ``d' = d(1 − 2y)``."""
    sigmoid = activation_named("sigmoid")
    y, d = [field.state(sigmoid, 0, z)], [field.state(sigmoid, 1, z)]
    for k in range(order):
        y.append(d[k] * field.share(k + 1))
        d.append((d[k] - 2 * convolution(d, y, k)) * field.share(k + 1))
    return y


def _within_unit(value: arb) -> arb:
    """Return an enclosure of a number known to lie in [0, 1], also where a wide argument gave no finite one."""
    return value if value.is_finite() else arb(0.5, 0.5)


def _sech_squared(z: arb) -> arb:
    s = z.sech()
    return _within_unit(s * s)


def _sigmoid_jet(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    return logistic_jet(z, order, field)


def _tanh_doubles(z: Floats, order: int) -> Floats:
    if order == 0:
        return np.tanh(z)
    e = np.exp(-2 * np.minimum(np.abs(z), 1e3))
    first = 4 * e / (1 + e) ** 2
    return np.asarray(first if order == 1 else -2 * np.tanh(z) * first)


def _tanh_digits(m: Any, z: Any) -> Triple:
    return lambda: m.tanh(z), lambda: m.sech(z) ** 2, lambda: -2 * m.tanh(z) * m.sech(z) ** 2


def _tanh_ball(z: arb, order: int) -> arb:
    if order == 0:
        return z.tanh()
    first = _sech_squared(z)
    return first if order == 1 else -2 * z.tanh() * first


def _tanh_jet(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    y, d = [field.state(activation, 0, z)], [field.state(activation, 1, z)]
    for k in range(order):
        y.append(d[k] * field.share(k + 1))
        d.append(-2 * convolution(d, y, k) * field.share(k + 1))
    return y


def _softplus_doubles(z: Floats, order: int) -> Floats:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) if order == 0 else sigmoid_doubles(z, order - 1)


def _softplus_digits(m: Any, z: Any) -> Triple:
    value, first, _second = sigmoid_digits(m, z)
    return lambda: max(z, m.zero) + m.log1p(m.exp(-abs(z))), value, first


def _softplus_ball(z: arb, order: int) -> arb:
    if order == 0:
        return z + (-z).exp().log1p() if z.mid() > 0 else z.exp().log1p()
    return sigmoid_ball(z, order - 1)


def _softplus_jet(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    slope = logistic_jet(z, order, field)
    return [field.state(activation, 0, z), *(slope[k] * field.share(k + 1) for k in range(order))]


SIGMOID = Formulas(
    sigmoid_doubles, sigmoid_digits, sigmoid_ball, _sigmoid_jet,
    suprema=(0.25, 0.125),  # σ'(0) = 1/4 and |σ''| ≤ 1/(6√3)
    at_zero=(fmpq(1, 2), fmpq(1, 4), fmpq(0)),
    tails=Tails(below=21.0, above=21.0),
)  # fmt: skip
TANH = Formulas(
    _tanh_doubles, _tanh_digits, _tanh_ball, _tanh_jet,
    curvature_of_both=lambda value, slope: -2 * value * slope,
    suprema=(1.0, 0.8125),  # σ'(0) = 1 and |σ''| ≤ 4/(3√3)
    at_zero=(fmpq(0), fmpq(1), fmpq(0)),
    tails=Tails(below=11.0, above=11.0),
)  # fmt: skip
SOFTPLUS = Formulas(
    _softplus_doubles, _softplus_digits, _softplus_ball, _softplus_jet,
    suprema=(1.0, 0.25),  # σ' is the sigmoid
    at_zero=(None, fmpq(1, 2), fmpq(1, 4)),
    tails=Tails(below=21.0, linear=21.0),
)  # fmt: skip
LOGISTIC: Mapping[str, Builder] = {
    "sigmoid": without_parameter(SIGMOID),
    "tanh": without_parameter(TANH),
    "softplus": without_parameter(SOFTPLUS),
}
