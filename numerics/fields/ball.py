"""Arb balls: every result encloses the true value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from lossproof.numerics.fields.field import (
    Array,
    KinkInBall,
    at_kink,
    block_diagonals,
    elementwise,
    object_array,
    softmax_hessian,
    unknown_order,
)
from lossproof.numerics.fields.precision import ball_precision
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.numbers import Constant, Number, exact_number
from lossproof.theory.rationals import brief_name


@dataclass(frozen=True)
class BallField:
    """Ball arithmetic with ``precision`` bits: each array entry is an ``arb`` that contains the true value.

    Every operation sets its own precision, so that an array may be used outside at any precision and stays valid. Inputs may be
    balls of positive radius: results then enclose the values at all points of the box. A derivative at a kink within a ball raises
    `KinkInBall` (raise the precision), at an exact kink `NotDifferentiable`.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> field = BallField(64)
    >>> bool(field.activate(activation_named("tanh"), 1, field.array([60]))[0] > 0)
    True
    """

    precision: int = 64
    name: str = field(default="ball arithmetic", repr=False)

    def embed(self, number: Number) -> arb:
        """Return a ball around one exact number."""
        with ball_precision(self.precision):
            return ball_of(number)

    def array(self, rows: Any) -> Array:
        """Return exact numbers as balls; entries that are balls stay as they are."""
        with ball_precision(self.precision):
            return object_array(rows, ball_of)

    def add(self, A: Array, B: Array) -> Array:
        """Return ``A + B``."""
        with ball_precision(self.precision):
            return np.asarray(A + B)

    def mul(self, A: Array, B: Array) -> Array:
        """Return ``A ∘ B``."""
        with ball_precision(self.precision):
            return np.asarray(A * B)

    def matmul(self, A: Array, B: Array) -> Array:
        """Return an enclosure of ``A B``."""
        with ball_precision(self.precision):
            product = arb_mat(A.tolist()) * arb_mat(B.tolist())
        return object_array(product.entries(), lambda entry: entry).reshape(A.shape[0], B.shape[1])

    def activate(self, activation: Activation, order: int, z: Array) -> Array:
        """Return enclosures of ``σ``, ``σ'`` or ``σ''`` of every entry."""
        if order not in (0, 1, 2):
            raise unknown_order(order)
        function = _FUNCTIONS[activation.family]
        kinks = activation.differentiable_times(order)
        if order and not kinks.holds:
            self._check_kinks(activation, order, z)
        with ball_precision(self.precision):
            parameter = None if activation.parameter is None else _rational(activation.parameter)
            return elementwise(lambda entry: function(entry, order, parameter), z)

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return enclosures of ``∇E`` (``order`` 1) or ``∇²E`` (``order`` 2)."""
        if order not in (1, 2):
            raise unknown_order(order)
        with ball_precision(self.precision):
            if error.family == "softmax":
                s = _softmax(phi)
                return s - y if order == 1 else softmax_hessian(s, arb(0))
            if error.family == "logistic":
                s = elementwise(lambda entry: _sigmoid(entry, order - 1, None), phi)
                return s - y if order == 1 else block_diagonals(s, arb(0))
            beta = None if error.beta is None else arb(_rational(error.beta))
            function = _ERRORS[error.family]
            values = elementwise(lambda r: function(r, order, beta), phi - y)
            return values if order == 1 else block_diagonals(values, arb(0))

    def finalize(self, A: Array) -> Array:
        """Return ``A``."""
        return A

    def _check_kinks(self, activation: Activation, order: int, z: Array) -> None:
        for entry in z.ravel():
            if entry.is_zero():
                raise at_kink(activation, order)
            if entry.contains(0):
                raise KinkInBall(
                    f"a ball z contains 0, where {brief_name(activation.name)} is not differentiable {order} times: "
                    f"raise the precision above {self.precision} bits, or choose other weights if z is 0 exactly"
                )


def ball_of(number: Any) -> arb:
    """Return a ball around one exact number at the current precision; a ball passes unchanged."""
    if isinstance(number, arb):
        return number
    if isinstance(number, fmpq):
        return arb(number)
    if type(number) is Fraction:
        return arb(_rational(number))
    exact = exact_number(number)
    if isinstance(exact, Fraction):
        return arb(_rational(exact))
    total = arb(_rational(exact.rational))
    for constant, coefficient in exact.terms:
        total += arb(_rational(coefficient)) * ball_of_constant(constant)
    return total


def ball_of_constant(constant: Constant) -> arb:
    """Return a ball around one named constant at the current precision."""
    if constant.kind == "pi":
        return arb.pi()
    argument = arb(_rational(constant.argument))
    if constant.kind == "log":
        return argument.log()
    return argument.exp() if constant.kind == "exp" else argument.root(constant.degree)


def _rational(value: Fraction) -> fmpq:
    return fmpq(*value.as_integer_ratio())


def _integer_power(z: arb, exponent: int) -> arb:
    """Return ``z^exponent`` by products: Arb's general power gives no number for a ball that contains 0."""
    result = arb(1)
    for _ in range(exponent):
        result *= z
    return result


def _within_unit(value: arb) -> arb:
    """Return an enclosure of a number known to lie in [0, 1], also where a wide argument gave no finite one."""
    return value if value.is_finite() else arb(0.5, 0.5)


def _sech_squared(z: arb) -> arb:
    s = z.sech()
    return _within_unit(s * s)


def _sigmoid(z: arb, order: int, _: Any) -> arb:
    if order == 0:
        if z.mid() > 0:
            return _within_unit(1 / (1 + (-z).exp()))
        e = z.exp()
        return _within_unit(e / (1 + e))
    first = _sech_squared(z / 2) / 4
    return first if order == 1 else -first * (z / 2).tanh()


def _tanh(z: arb, order: int, _: Any) -> arb:
    if order == 0:
        return z.tanh()
    first = _sech_squared(z)
    return first if order == 1 else -2 * z.tanh() * first


def _softsign(z: arb, order: int, _: Any) -> arb:
    w = 1 / (1 + abs(z))
    return (z * w, w * w, -2 * z.sgn() * w * w * w)[order]


def _softplus(z: arb, order: int, _: Any) -> arb:
    if order == 0:
        return z + (-z).exp().log1p() if z.mid() > 0 else z.exp().log1p()
    return _sigmoid(z, order - 1, None)


def _bent_identity(z: arb, order: int, _: Any) -> arb:
    h = (z * z + 1).sqrt()
    return (z * z / (2 * (h + 1)) + z, z / (2 * h) + 1, 1 / (2 * h * h * h))[order]


def _identity(z: arb, order: int, _: Any) -> arb:
    return (z, arb(1), arb(0))[order]


def _relu(z: arb, order: int, _: Any) -> arb:
    return z.max(0) if order == 0 else arb(1 if order == 1 and z > 0 else 0)


def _leaky_relu(z: arb, order: int, slope: Any) -> arb:
    if order == 0:
        return z.max(slope * z)
    return arb(0) if order == 2 else arb(1) if z > 0 else arb(slope)


def _elu(z: arb, order: int, _: Any) -> arb:
    if order == 0:
        return z if z > 0 else z.expm1() if z <= 0 else z.union(z.expm1())
    return z.min(0).exp() if order == 1 or z < 0 else arb(0)


def _gelu(z: arb, order: int, _: Any) -> arb:
    normal = (-z / arb(2).sqrt()).erfc() / 2
    if order == 0:
        return z * normal
    density = (-z * z / 2).exp() / (2 * arb.pi()).sqrt()
    return normal + z * density if order == 1 else density * (2 - z * z)


def _silu(z: arb, order: int, _: Any) -> arb:
    if order == 0:
        return z * _sigmoid(z, 0, None)
    first = _sigmoid(z, 1, None)
    return _sigmoid(z, 0, None) + z * first if order == 1 else first * (2 - z * (z / 2).tanh())


def _arctan(z: arb, order: int, _: Any) -> arb:
    if order == 0:
        return z.atan()
    w = 1 / (1 + z * z)
    return w if order == 1 else -2 * z * w * w


def _erf(z: arb, order: int, _: Any) -> arb:
    if order == 0:
        return z.erf()
    first = 2 * (-z * z).exp() / arb.pi().sqrt()
    return first if order == 1 else -2 * z * first


def _sin(z: arb, order: int, _: Any) -> arb:
    return z.sin() if order == 0 else z.cos() if order == 1 else -z.sin()


def _power(z: arb, order: int, exponent: Any) -> arb:
    k = int(exponent)
    if order == 0:
        return _integer_power(z, k)
    if order == 1:
        return k * _integer_power(z, k - 1)
    return k * (k - 1) * _integer_power(z, k - 2) if k >= 2 else arb(0)


def _softmax(phi: Array) -> Array:
    rows = []
    for row in phi:
        top = max((entry.mid() for entry in row), key=float)
        exponentials = [(entry - top).exp() for entry in row]
        total = sum(exponentials, start=arb(0))
        rows.append([entry / total for entry in exponentials])
    return object_array(rows, lambda entry: entry)


def _squared_error(r: arb, order: int, _: Any) -> arb:
    return r if order == 1 else arb(1)


def _smooth_l1_error(r: arb, order: int, beta: arb) -> arb:
    h = (r * r + beta).sqrt()
    return r / h if order == 1 else beta / (h * h * h)


def _blake_zisserman_error(r: arb, order: int, beta: arb) -> arb:
    exponent = r * r + beta.log()
    w = _sigmoid(-exponent, 0, None)
    return 2 * r * w if order == 1 else 2 * w - 4 * r * r * w * _sigmoid(exponent, 0, None)


def _cauchy_error(r: arb, order: int, beta: arb) -> arb:
    q = r * r + beta
    return 2 * r / q if order == 1 else 2 * (beta - r * r) / (q * q)


_FUNCTIONS: Mapping[str, Callable[[arb, int, Any], arb]] = {
    "sigmoid": _sigmoid, "tanh": _tanh, "softsign": _softsign, "softplus": _softplus, "bent-identity": _bent_identity,
    "identity": _identity, "relu": _relu, "leaky-relu": _leaky_relu, "elu": _elu, "gelu": _gelu, "silu": _silu,
    "arctan": _arctan, "erf": _erf, "sin": _sin, "power": _power,
}  # fmt: skip
_ERRORS: Mapping[str, Callable[[arb, int, Any], arb]] = {
    "squared": _squared_error, "smooth-l1": _smooth_l1_error, "blake-zisserman": _blake_zisserman_error, "cauchy": _cauchy_error,
}  # fmt: skip
