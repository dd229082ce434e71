"""relu, leaky-relu, elu and hard-tanh: lines between kinks."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.functions.formulas import Builder, Floats, Formulas, Tails, Triple, without_parameter
from lossproof.numerics.functions.hulls import at_ends, within
from lossproof.numerics.functions.jets import Array, Jet, StateField, chosen
from lossproof.numerics.rationals import to_flint
from lossproof.theory.functions.activations import Activation

_ZERO, _ONE = Fraction(0), Fraction(1)


def _relu_doubles(z: Floats, order: int) -> Floats:
    return (np.maximum(z, 0), np.where(z > 0, 1.0, 0.0), np.zeros_like(z))[order]


def _relu_digits(m: Any, z: Any) -> Triple:
    return lambda: z if z > 0 else m.zero, lambda: m.one if z > 0 else m.zero, lambda: m.zero


def _relu_ball(z: arb, order: int) -> arb:
    return z.max(0) if order == 0 else arb(1 if order == 1 and z > 0 else 0)


def _line_jet(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    """On each piece ``σ(z + h) = (slope·z + intercept) + slope·h``."""
    sides = field.sides(activation, z)
    slope = chosen(field, sides, [piece.slope for piece in activation.affine_pieces])
    return [slope * z + chosen(field, sides, [piece.intercept for piece in activation.affine_pieces]), slope]


def _leaky_relu(parameter: Fraction | None) -> Formulas:
    slope = parameter or _ZERO
    exact, double = to_flint(slope), float(slope)
    return Formulas(
        lambda z, order: (np.where(z > 0, z, double * z), np.where(z > 0, 1.0, double), np.zeros_like(z))[order],
        lambda m, z: _leaky_digits(m, z, slope),
        lambda z, order: z.max(exact * z) if order == 0 else arb(0) if order == 2 else arb(1) if z > 0 else arb(exact),
        _line_jet,
        suprema=(1.0, np.inf),
    )


def _leaky_digits(m: Any, z: Any, slope: Fraction) -> Triple:
    p, q = slope.as_integer_ratio()
    return lambda: z if z > 0 else z * p / q, lambda: m.one if z > 0 else m.mpf(p) / q, lambda: m.zero


def _elu_doubles(z: Floats, order: int) -> Floats:
    below = np.minimum(z, 0)
    if order == 0:
        return np.where(z > 0, z, np.expm1(below))
    return np.where(z > 0, 1.0 if order == 1 else 0.0, np.exp(below))


def _elu_digits(m: Any, z: Any) -> Triple:
    return lambda: z if z > 0 else m.expm1(z), lambda: m.one if z > 0 else m.exp(z), lambda: m.zero if z > 0 else m.exp(z)


def _elu_ball(z: arb, order: int) -> arb:
    if order == 0:
        return z if z > 0 else z.expm1() if z <= 0 else z.union(z.expm1())
    return z.min(0).exp() if order == 1 or z < 0 else arb(0)


def _elu_jet(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    sides = field.sides(activation, z)
    above, below = chosen(field, sides, (_ZERO, _ONE)), chosen(field, sides, (_ONE, _ZERO))
    value = field.state(activation, 0, z)
    e, coefficients = field.state(activation, 1, z), [above * z + below * value]
    for k in range(1, order + 1):
        e = e * field.share(k)
        coefficients.append(below * e + (above if k == 1 else 0))
    return coefficients


def _hard_tanh_doubles(z: Floats, order: int) -> Floats:
    return (np.clip(z, -1, 1), np.where(np.abs(z) < 1, 1.0, 0.0), np.zeros_like(z))[order]


def _hard_tanh_digits(m: Any, z: Any) -> Triple:
    return lambda: min(max(z, -m.one), m.one), lambda: m.one if abs(z) < 1 else m.zero, lambda: m.zero


def _hard_tanh_ball(z: arb, order: int) -> arb:
    if order == 0:
        return within(at_ends(lambda x: [x.max(-1).min(1)], z)[0], arb(0, 1))
    return arb(1 if order == 1 and -1 < z < 1 else 0)


RELU = Formulas(_relu_doubles, _relu_digits, _relu_ball, _line_jet, suprema=(1.0, np.inf))
ELU = Formulas(
    _elu_doubles, _elu_digits, _elu_ball, _elu_jet,
    suprema=(1.0, 1.0),  # σ' = min(1, e^z)
    at_zero=(fmpq(0), fmpq(1), None),
    slope_of_value=lambda value: value + 1,
    tails=Tails(below=21.0),
)  # fmt: skip
HARD_TANH = Formulas(_hard_tanh_doubles, _hard_tanh_digits, _hard_tanh_ball, _line_jet, suprema=(1.0, np.inf))
PIECEWISE: Mapping[str, Builder] = {
    "relu": without_parameter(RELU),
    "leaky-relu": _leaky_relu,
    "elu": without_parameter(ELU),
    "hard-tanh": without_parameter(HARD_TANH),
}
