"""Arbitrary-precision floating point: an estimate at any number of digits, without bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import mpmath
import numpy as np

from lossproof.numerics.fields.field import (
    Array,
    NumpyArithmetic,
    at_kink,
    block_diagonals,
    elementwise,
    object_array,
    softmax_hessian,
    unknown_order,
)
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.numbers import Constant, Number, exact_number


@dataclass(frozen=True)
class MpmathField(NumpyArithmetic):
    """Floating point with ``digits`` decimal digits, in an mpmath context of its own (mpmath's global precision is not touched).

    >>> from lossproof.theory.functions.activations import activation_named
    >>> field = MpmathField(30)
    >>> str(field.activate(activation_named("sigmoid"), 1, field.array([0]))[0])
    '0.25'
    """

    digits: int = 50
    name: str = field(default="multiple precision", repr=False)

    @cached_property
    def context(self) -> Any:
        """The mpmath context that holds the precision."""
        context = mpmath.MPContext()
        context.dps = self.digits
        return context

    def embed(self, number: Number) -> Any:
        """Return the rounded number."""
        if isinstance(number, self.context.mpf):
            return number
        exact = exact_number(number)
        if isinstance(exact, Fraction):
            return self._rational(exact)
        return self.context.fsum([self._rational(exact.rational)] + [self._rational(q) * self._constant(c) for c, q in exact.terms])

    def array(self, rows: Any) -> Array:
        """Return exact numbers as an object array of mpmath numbers."""
        return object_array(rows, self.embed)

    def matmul(self, A: Array, B: Array) -> Array:
        """Return ``A B``."""
        return np.asarray(A @ B)

    def activate(self, activation: Activation, order: int, z: Array) -> Array:
        """Return ``σ``, ``σ'`` or ``σ''`` of every entry; raises `NotDifferentiable` at a kink."""
        if order not in (0, 1, 2):
            raise unknown_order(order)
        kinks = activation.differentiable_times(order)
        if order and not kinks.holds and any(entry == 0 for entry in z.ravel()):
            raise at_kink(activation, order)
        function, parameter = _FUNCTIONS[activation.family], None
        if activation.parameter is not None:
            parameter = self._rational(activation.parameter)
        return elementwise(lambda entry: function(self.context, entry, parameter)[order](), z)

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return ``∇E`` (``order`` 1) or ``∇²E`` (``order`` 2)."""
        if order not in (1, 2):
            raise unknown_order(order)
        zero = self.context.mpf(0)
        if error.family == "softmax":
            exponentials = elementwise(self.context.exp, phi - phi.max(axis=1, keepdims=True))
            s = exponentials / exponentials.sum(axis=1, keepdims=True)
            return s - y if order == 1 else softmax_hessian(s, zero)
        if error.family == "logistic":
            s = elementwise(lambda entry: _sigmoid(self.context, entry, None)[order - 1](), phi)
            return s - y if order == 1 else block_diagonals(s, zero)
        beta = None if error.beta is None else self._rational(error.beta)
        function = _ERRORS[error.family]
        values = elementwise(lambda r: function(self.context, r, beta)[order - 1], phi - y)
        return values if order == 1 else block_diagonals(values, zero)

    def _rational(self, value: Fraction) -> Any:
        return self.context.mpf(value.numerator) / value.denominator

    def _constant(self, constant: Constant) -> Any:
        if constant.kind == "pi":
            return +self.context.pi
        argument = self._rational(constant.argument)
        if constant.kind == "log":
            return self.context.log(argument)
        return self.context.exp(argument) if constant.kind == "exp" else self.context.root(argument, constant.degree)


Triple = tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]


def _sigmoid(m: Any, z: Any, _: Any) -> Triple:
    def value() -> Any:
        e = m.exp(-abs(z))
        return 1 / (1 + e) if z >= 0 else e / (1 + e)

    def first() -> Any:
        return m.sech(z / 2) ** 2 / 4

    return value, first, lambda: -first() * m.tanh(z / 2)


def _tanh(m: Any, z: Any, _: Any) -> Triple:
    return lambda: m.tanh(z), lambda: m.sech(z) ** 2, lambda: -2 * m.tanh(z) * m.sech(z) ** 2


def _softsign(m: Any, z: Any, _: Any) -> Triple:
    w = 1 / (1 + abs(z))
    return lambda: z * w, lambda: w**2, lambda: -2 * m.sign(z) * w**3


def _softplus(m: Any, z: Any, _: Any) -> Triple:
    value, first, _second = _sigmoid(m, z, None)
    return lambda: max(z, m.zero) + m.log1p(m.exp(-abs(z))), value, first


def _bent_identity(m: Any, z: Any, _: Any) -> Triple:
    h = m.sqrt(z * z + 1)
    return lambda: z * z / (2 * (h + 1)) + z, lambda: z / (2 * h) + 1, lambda: 1 / (2 * h**3)


def _identity(m: Any, z: Any, _: Any) -> Triple:
    return lambda: z, lambda: m.one, lambda: m.zero


def _leaky_relu(m: Any, z: Any, slope: Any) -> Triple:
    slope = m.zero if slope is None else slope
    return lambda: z if z > 0 else slope * z, lambda: m.one if z > 0 else slope, lambda: m.zero


def _elu(m: Any, z: Any, _: Any) -> Triple:
    return lambda: z if z > 0 else m.expm1(z), lambda: m.one if z > 0 else m.exp(z), lambda: m.zero if z > 0 else m.exp(z)


def _gelu(m: Any, z: Any, _: Any) -> Triple:
    def normal() -> Any:
        return m.erfc(-z / m.sqrt(2)) / 2

    def density() -> Any:
        return m.exp(-z * z / 2) / m.sqrt(2 * m.pi)

    return lambda: z * normal(), lambda: normal() + z * density(), lambda: density() * (2 - z * z)


def _silu(m: Any, z: Any, _: Any) -> Triple:
    value, first, _second = _sigmoid(m, z, None)
    return lambda: z * value(), lambda: value() + z * first(), lambda: first() * (2 - z * m.tanh(z / 2))


def _arctan(m: Any, z: Any, _: Any) -> Triple:
    return lambda: m.atan(z), lambda: 1 / (1 + z * z), lambda: -2 * z / (1 + z * z) ** 2


def _erf(m: Any, z: Any, _: Any) -> Triple:
    def first() -> Any:
        return 2 * m.exp(-z * z) / m.sqrt(m.pi)

    return lambda: m.erf(z), first, lambda: -2 * z * first()


def _sin(m: Any, z: Any, _: Any) -> Triple:
    return lambda: m.sin(z), lambda: m.cos(z), lambda: -m.sin(z)


def _power(m: Any, z: Any, exponent: Any) -> Triple:
    k = int(exponent)
    return lambda: z**k, lambda: k * z ** (k - 1), lambda: k * (k - 1) * z ** (k - 2) if k >= 2 else m.zero


def _smooth_l1_error(m: Any, r: Any, beta: Any) -> tuple[Any, Any]:
    h = m.sqrt(r * r + beta)
    return r / h, beta / h**3


def _blake_zisserman_error(m: Any, r: Any, beta: Any) -> tuple[Any, Any]:
    e = m.exp(-r * r)
    return 2 * r * e / (e + beta), 2 * e / (e + beta) - 4 * r * r * e * beta / (e + beta) ** 2


def _cauchy_error(_: Any, r: Any, beta: Any) -> tuple[Any, Any]:
    q = r * r + beta
    return 2 * r / q, 2 * (beta - r * r) / q**2


_FUNCTIONS: Mapping[str, Callable[[Any, Any, Any], Triple]] = {
    "sigmoid": _sigmoid, "tanh": _tanh, "softsign": _softsign, "softplus": _softplus, "bent-identity": _bent_identity,
    "identity": _identity, "relu": _leaky_relu, "leaky-relu": _leaky_relu, "elu": _elu, "gelu": _gelu, "silu": _silu,
    "arctan": _arctan, "erf": _erf, "sin": _sin, "power": _power,
}  # fmt: skip
_ERRORS: Mapping[str, Callable[[Any, Any, Any], tuple[Any, Any]]] = {
    "squared": lambda m, r, _: (r, m.one), "smooth-l1": _smooth_l1_error,
    "blake-zisserman": _blake_zisserman_error, "cauchy": _cauchy_error,
}  # fmt: skip
