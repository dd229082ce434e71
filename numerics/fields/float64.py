"""Double precision: fast, vectorised, and never a proof by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import special

from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.field import Array, NumpyArithmetic, at_kink, block_diagonals, softmax_hessian, unknown_order
from lossproof.numerics.fields.precision import ball_precision
from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.numbers import Number, exact_number, number_text
from lossproof.theory.rationals import brief_text

_FIRST_BITS, _LAST_BITS, _ACCURATE_BITS = 128, 8192, 64


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
        kinks = activation.differentiable_times(order)
        if order and not kinks.holds and np.any(z == 0):
            raise at_kink(activation, order)
        if activation.parameter is not None:
            return _PARAMETRIC[activation.family](z, order, float(activation.parameter))
        return _PLAIN[activation.family](z, order)

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return ``∇E`` (``order`` 1) or ``∇²E`` (``order`` 2)."""
        if order not in (1, 2):
            raise unknown_order(order)
        if error.family == "softmax":
            s = np.exp(phi - phi.max(axis=1, keepdims=True))
            s /= s.sum(axis=1, keepdims=True)
            return s - y if order == 1 else softmax_hessian(s, 0.0)
        if error.family == "logistic":
            return _sigmoid(phi, 0) - y if order == 1 else block_diagonals(_sigmoid(phi, 1), 0.0)
        first, second = _separable(error.family, phi - y, self._scale(error))
        return first if order == 1 else block_diagonals(second, 0.0)

    def _scale(self, error: ErrorFunction) -> float:
        beta = self.embed(error.beta or Fraction(1))
        if beta == 0:
            raise NotInField(f"β of the {error.family} error is smaller than any double: use a ball field")
        return beta


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


def _sigmoid(z: Array, order: int) -> Array:
    e = np.exp(-np.abs(z))
    if order == 0:
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    first = e / (1 + e) ** 2
    return np.asarray(first if order == 1 else np.sign(z) * np.expm1(-np.abs(z)) / (1 + e) * first)


def _tanh(z: Array, order: int) -> Array:
    if order == 0:
        return np.tanh(z)
    e = np.exp(-2 * np.minimum(np.abs(z), 1e3))
    first = 4 * e / (1 + e) ** 2
    return np.asarray(first if order == 1 else -2 * np.tanh(z) * first)


def _softsign(z: Array, order: int) -> Array:
    w = 1 / (1 + np.abs(z))
    return (z * w, w * w, -2 * np.sign(z) * w * w * w)[order]


def _softplus(z: Array, order: int) -> Array:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) if order == 0 else _sigmoid(z, order - 1)


def _bent_identity(z: Array, order: int) -> Array:
    h = np.hypot(z, 1)
    if order == 0:
        return np.asarray(z * (z / (h + 1) / 2) + z)
    w = 1 / h
    return z / h / 2 + 1 if order == 1 else w * w * w / 2


def _identity(z: Array, order: int) -> Array:
    return z if order == 0 else np.full_like(z, 1.0 if order == 1 else 0.0)


def _relu(z: Array, order: int) -> Array:
    return (np.maximum(z, 0), np.where(z > 0, 1.0, 0.0), np.zeros_like(z))[order]


def _leaky_relu(z: Array, order: int, slope: float) -> Array:
    return (np.where(z > 0, z, slope * z), np.where(z > 0, 1.0, slope), np.zeros_like(z))[order]


def _elu(z: Array, order: int) -> Array:
    below = np.minimum(z, 0)
    if order == 0:
        return np.where(z > 0, z, np.expm1(below))
    return np.where(z > 0, 1.0 if order == 1 else 0.0, np.exp(below))


def _gelu(z: Array, order: int) -> Array:
    c = np.clip(z, -40, 40)
    normal, density = special.ndtr(c), np.exp(-c * c / 2) / math.sqrt(2 * math.pi)
    return np.asarray((z * normal, normal + c * density, density * (2 - c * c))[order])


def _silu(z: Array, order: int) -> Array:
    s = _sigmoid(z, 0)
    if order == 0:
        return z * s
    first = _sigmoid(z, 1)
    return np.asarray(s + z * first if order == 1 else 2 * first + z * _sigmoid(z, 2))


def _arctan(z: Array, order: int) -> Array:
    w = 1 / np.hypot(z, 1)
    return (np.arctan(z), w * w, -2 * (z * w) * (w * w * w))[order]


def _erf(z: Array, order: int) -> Array:
    if order == 0:
        return np.asarray(special.erf(z))
    c = np.clip(z, -40, 40)
    first = 2 / math.sqrt(math.pi) * np.exp(-c * c)
    return np.asarray(first if order == 1 else -2 * c * first)


def _sin(z: Array, order: int) -> Array:
    return np.sin(z) if order == 0 else np.cos(z) if order == 1 else -np.sin(z)


def _power(z: Array, order: int, exponent: float) -> Array:
    k = int(exponent)
    with np.errstate(over="ignore"):
        if order == 0:
            return np.asarray(z**k)
        if order == 1:
            return np.asarray(k * z ** (k - 1))
        return np.asarray(k * (k - 1) * z ** (k - 2)) if k >= 2 else np.zeros_like(z)


@np.errstate(over="ignore")
def _separable(family: str, r: Array, beta: float) -> tuple[Array, Array]:
    """Return ``e'(r)`` and ``e''(r)`` of a separable error."""
    if family == "squared":
        return r, np.ones_like(r)
    if family == "blake-zisserman":
        c = np.clip(r, -1e3, 1e3)
        w, rest = _sigmoid(-(c * c + math.log(beta)), 0), _sigmoid(c * c + math.log(beta), 0)
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


_PLAIN: Mapping[str, Callable[[Array, int], Array]] = {
    "sigmoid": _sigmoid, "tanh": _tanh, "softsign": _softsign, "softplus": _softplus, "bent-identity": _bent_identity,
    "identity": _identity, "relu": _relu, "elu": _elu, "gelu": _gelu, "silu": _silu, "arctan": _arctan, "erf": _erf, "sin": _sin,
}  # fmt: skip
_PARAMETRIC: Mapping[str, Callable[[Array, int, float], Array]] = {"leaky-relu": _leaky_relu, "power": _power}
