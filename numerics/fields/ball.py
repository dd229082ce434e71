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
    exact_kinks,
    lies_above,
    object_array,
    objects,
    softmax_hessian,
    unknown_order,
)
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.functions.logistic import sigmoid_ball
from lossproof.numerics.functions.table import formulas_of
from lossproof.numerics.rationals import to_flint
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
        return objects(product.entries()).reshape(A.shape[0], B.shape[1])

    def activate(self, activation: Activation, order: int, z: Array) -> Array:
        """Return enclosures of ``σ``, ``σ'`` or ``σ''`` of every entry."""
        if order not in (0, 1, 2):
            raise unknown_order(order)
        balls = formulas_of(activation).balls
        self._check_kinks(activation, order, z)
        with ball_precision(self.precision):
            return elementwise(lambda entry: balls(entry, order), z)

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return enclosures of ``∇E`` (``order`` 1) or ``∇²E`` (``order`` 2)."""
        if order not in (1, 2):
            raise unknown_order(order)
        with ball_precision(self.precision):
            if error.family == "softmax":
                s = _softmax(phi)
                return s - y if order == 1 else softmax_hessian(s, arb(0))
            if error.family == "logistic":
                s = elementwise(lambda entry: sigmoid_ball(entry, order - 1), phi)
                return s - y if order == 1 else block_diagonals(s, arb(0))
            beta = None if error.beta is None else arb(to_flint(error.beta))
            function = _ERRORS[error.family]
            values = elementwise(lambda r: function(r, order, beta), phi - y)
            return values if order == 1 else block_diagonals(values, arb(0))

    def finalize(self, A: Array) -> Array:
        """Return ``A``."""
        return A

    def _check_kinks(self, activation: Activation, order: int, z: Array) -> None:
        with ball_precision(self.precision):
            for point, place in exact_kinks(activation, order):
                for entry in z.ravel():
                    if entry == place:
                        raise at_kink(activation, point)
                    if lies_above(entry, place) is None:
                        raise KinkInBall(
                            f"a ball z contains {point}, where {brief_name(activation.name)} is not differentiable {order} times: "
                            f"raise the precision above {self.precision} bits, or choose other weights if z is {point} exactly"
                        )


def ball_of(number: Any) -> arb:
    """Return a ball around one exact number at the current precision; a ball passes unchanged."""
    if isinstance(number, arb):
        return number
    if isinstance(number, fmpq):
        return arb(number)
    if type(number) is Fraction:
        return arb(to_flint(number))
    exact = exact_number(number)
    if isinstance(exact, Fraction):
        return arb(to_flint(exact))
    total = arb(to_flint(exact.rational))
    for constant, coefficient in exact.terms:
        total += arb(to_flint(coefficient)) * ball_of_constant(constant)
    return total


def ball_of_constant(constant: Constant) -> arb:
    """Return a ball around one named constant at the current precision."""
    if constant.kind == "pi":
        return arb.pi()
    argument = arb(to_flint(constant.argument))
    if constant.kind == "log":
        return argument.log()
    return argument.exp() if constant.kind == "exp" else argument.root(constant.degree)


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
    w = sigmoid_ball(-exponent, 0)
    return 2 * r * w if order == 1 else 2 * w - 4 * r * r * w * sigmoid_ball(exponent, 0)


def _cauchy_error(r: arb, order: int, beta: arb) -> arb:
    q = r * r + beta
    return 2 * r / q if order == 1 else 2 * (beta - r * r) / (q * q)


_ERRORS: Mapping[str, Callable[[arb, int, Any], arb]] = {
    "squared": _squared_error, "smooth-l1": _smooth_l1_error, "blake-zisserman": _blake_zisserman_error, "cauchy": _cauchy_error,
}  # fmt: skip
