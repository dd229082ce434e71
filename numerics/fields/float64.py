"""Double precision: fast, vectorised, and never a proof by itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.field import Array, NumpyArithmetic, at_kink, block_diagonals, softmax_hessian, unknown_order
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.functions.logistic import sigmoid_doubles
from lossproof.numerics.functions.table import formulas_of
from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.numbers import Number, exact_number, number_text
from lossproof.theory.rationals import brief_text

_FIRST_BITS, _LAST_BITS, _ACCURATE_BITS = 128, 8192, 64
_NUDGE = 1e-300


@dataclass(frozen=True)
class Float64Field(NumpyArithmetic):
    """IEEE double precision with round-off and without bounds: results are estimates.

    Formulas are chosen so that saturated units neither overflow nor lose relative accuracy: ``tanh'(z) = 4e^{-2|z|}/(1+e^{-2|z|})²``.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> Float64Field().activate(activation_named("sigmoid"), 0, np.array([0.0, -800.0, 800.0])).tolist()
    [0.5, 0.0, 1.0]
    """

    name: str = "double precision"

    def embed(self, number: Number) -> float:
        """Return the nearest double; raises `NotInField` beyond the largest double."""
        exact = exact_number(number)
        nearest = nearest_double(exact)
        if math.isinf(nearest):
            raise NotInField(f"{brief_text(number_text(exact))} is larger than any double: use the rational or a ball field")
        return nearest

    def array(self, rows: Any) -> Array:
        """Return exact numbers as doubles."""
        if isinstance(rows, np.ndarray) and rows.dtype != object:
            return rows.astype(np.float64, copy=False)
        shape = np.shape(np.asarray(rows, dtype=object))
        entries = np.asarray(rows, dtype=object).ravel()
        return np.array([entry if type(entry) is float else self.embed(entry) for entry in entries], dtype=np.float64).reshape(shape)

    def matmul(self, A: Array, B: Array) -> Array:
        """Return ``A B`` by BLAS."""
        return np.asarray(A @ B)

    def activate(self, activation: Activation, order: int, z: Array) -> Array:
        """Return ``σ``, ``σ'`` or ``σ''`` of every entry; raises `NotDifferentiable` at a kink."""
        if order not in (0, 1, 2):
            raise unknown_order(order)
        for point in activation.kinks(order):
            if np.any(z == float(point)):
                raise at_kink(activation, point)
        return formulas_of(activation).doubles(z, order)

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return ``∇E`` (``order`` 1) or ``∇²E`` (``order`` 2)."""
        if order not in (1, 2):
            raise unknown_order(order)
        first, values = self._error_parts(error, phi, y)
        return first if order == 1 else _curvature(error, values)

    def error_derivatives(self, error: ErrorFunction, phi: Array, y: Array) -> tuple[Array, Array]:
        """Return ``∇E`` and ``∇²E``, which share most of their work."""
        first, values = self._error_parts(error, phi, y)
        return first, _curvature(error, values)

    def _error_parts(self, error: ErrorFunction, phi: Array, y: Array) -> tuple[Array, Array]:
        """Return ``∇E``, and the softmax of the outputs for its error, for any other the diagonal of ``∇²E``."""
        if error.family == "softmax":
            s = np.exp(phi - phi.max(axis=1, keepdims=True))
            s /= s.sum(axis=1, keepdims=True)
            return s - y, s
        if error.family == "logistic":
            return sigmoid_doubles(phi, 0) - y, sigmoid_doubles(phi, 1)
        return _separable(error.family, phi - y, self._scale(error))

    def _scale(self, error: ErrorFunction) -> float:
        beta = 1.0 if error.beta is None else self.embed(error.beta)
        if beta == 0:
            raise NotInField(f"β of the {error.family} error is smaller than any double: use a ball field")
        return beta


@dataclass(frozen=True)
class FromTheRight:
    """``σ``, ``σ'`` and ``σ''`` of an activation in doubles, at a kink from the right; what is asked at every step of a search is looked up once.

    ``kinks[order]`` are the kinks of the derivative of this order, each with a double just right of it; ``is_identity`` tells that ``σ(z) = z``.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> FromTheRight.of(activation_named("relu")).at(1, np.array([-1.0, 0.0, 1.0])).tolist()
    [0.0, 1.0, 1.0]
    """

    doubles: Callable[[Array, int], Array]
    kinks: tuple[tuple[tuple[float, float], ...], ...]
    is_identity: bool
    curvature_of_both: Callable[[Array, Array], Array] | None = None

    @classmethod
    def of(cls, activation: Activation) -> FromTheRight:
        """Look up the formulas of an activation and its kinks."""
        places = [[float(point) for point in activation.kinks(order)] for order in range(3)]
        right = (tuple((kink, max(float(np.nextafter(kink, np.inf)), kink + _NUDGE)) for kink in kinks) for kinks in places)
        formulas = formulas_of(activation)
        return cls(formulas.doubles, tuple(right), activation.is_identity, None if any(places) else formulas.curvature_of_both)

    def at(self, order: int, z: Array) -> Array:
        """Return ``σ``, ``σ'`` or ``σ''`` of every entry."""
        for kink, right in self.kinks[order]:
            z = np.where(z == kink, right, z)
        return self.doubles(z, order)

    def curvature(self, z: Array, value: Array, slope: Array) -> Array:
        """Return ``σ''`` of every entry, where ``σ`` and ``σ'`` are known."""
        return self.at(2, z) if self.curvature_of_both is None else self.curvature_of_both(value, slope)


def nearest_double(number: Number) -> float:
    """Return the double nearest to an exact number, infinite for one that is larger than all doubles.

    >>> nearest_double(Fraction(1, 3)), nearest_double(Fraction(-(10**309))), nearest_double(Fraction(1, 10**400))
    (0.3333333333333333, -inf, 0.0)
    """
    if not isinstance(number, Fraction):
        return _nearest_to_combination(number)
    try:
        return number.numerator / number.denominator
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _nearest_to_combination(number: Number) -> float:
    bits = _FIRST_BITS
    while True:
        with ball_precision(bits):
            ball = ball_of(number)
            if ball.rel_accuracy_bits() > _ACCURATE_BITS or bits >= _LAST_BITS:
                return float(ball.mid()) if ball.is_finite() else math.inf
        bits *= 2


def _curvature(error: ErrorFunction, values: Array) -> Array:
    return softmax_hessian(values, 0.0) if error.family == "softmax" else block_diagonals(values, 0.0)


@np.errstate(over="ignore")
def _separable(family: str, r: Array, beta: float) -> tuple[Array, Array]:
    """Return ``e'(r)`` and ``e''(r)`` of a separable error."""
    if family == "squared":
        return r, np.ones_like(r)
    if family == "blake-zisserman":
        c = np.clip(r, -1e3, 1e3)
        w, rest = sigmoid_doubles(-(c * c + math.log(beta)), 0), sigmoid_doubles(c * c + math.log(beta), 0)
        return 2 * c * w, 2 * w - 4 * c * c * w * rest
    scale = math.sqrt(beta)
    if family == "smooth-l1":
        h = np.hypot(r, scale)
        return r / h, (scale / h) ** 2 / h
    t = r / scale
    far = np.abs(t) > 1
    v = np.where(far, 1 / np.where(far, t, 1), t)
    first = 2 / scale * (v / (1 + v * v))
    sign = np.where(far, -v * v, 1)
    return first, 2 / beta * sign * (1 - v * v) / (1 + v * v) ** 2
