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
from lossproof.numerics.functions.logistic import sigmoid_digits
from lossproof.numerics.functions.table import formulas_of
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
        for point in activation.kinks(order):
            place = self._rational(point)
            if any(entry == place for entry in z.ravel()):
                raise at_kink(activation, point)
        digits = formulas_of(activation).digits
        return elementwise(lambda entry: digits(self.context, entry)[order](), z)

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
            s = elementwise(lambda entry: sigmoid_digits(self.context, entry)[order - 1](), phi)
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


def _smooth_l1_error(m: Any, r: Any, beta: Any) -> tuple[Any, Any]:
    h = m.sqrt(r * r + beta)
    return r / h, beta / h**3


def _blake_zisserman_error(m: Any, r: Any, beta: Any) -> tuple[Any, Any]:
    e = m.exp(-r * r)
    return 2 * r * e / (e + beta), 2 * e / (e + beta) - 4 * r * r * e * beta / (e + beta) ** 2


def _cauchy_error(_: Any, r: Any, beta: Any) -> tuple[Any, Any]:
    q = r * r + beta
    return 2 * r / q, 2 * (beta - r * r) / q**2


_ERRORS: Mapping[str, Callable[[Any, Any, Any], tuple[Any, Any]]] = {
    "squared": lambda m, r, _: (r, m.one), "smooth-l1": _smooth_l1_error,
    "blake-zisserman": _blake_zisserman_error, "cauchy": _cauchy_error,
}  # fmt: skip
