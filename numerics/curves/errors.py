r"""Taylor coefficients of the slope ``∇E`` of every error, along a series of outputs.

``E`` itself is never needed: ``d/dt E(φ(t), y) = ∇E(φ(t), y) · φ'(t)``. For the separable errors ``∇E`` is one function of the residual,
the solution of a polynomial differential system as the activations are; the softmax solves ``s_j' = s_j (φ_j' − Σ_k s_k φ_k')``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq

from lossproof.numerics.curves.products import compose, derivative_series
from lossproof.numerics.fields.field import Array, block_diagonals, softmax_hessian
from lossproof.numerics.functions.jets import Jet, StateField, convolution, times_point
from lossproof.numerics.functions.logistic import logistic_jet
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.numbers import Number, exact_number

if TYPE_CHECKING:
    from lossproof.numerics.curves.series_field import SeriesField


def error_slopes(error: ErrorFunction, order: int, phi: Array, y: Array, field: SeriesField) -> Array:
    """Return ``∇E`` of shape ``(T, n_L)`` (``order`` 1) or ``∇²E`` of shape ``(T, n_L, n_L)`` (``order`` 2) from the coefficients here."""
    zero = phi.ravel()[0] * 0
    if error.family == "softmax":
        s = field.softmax(phi)
        return s - y if order == 1 else softmax_hessian(s, zero)
    jet = separable_jet(error, order - 1, phi, y, field)
    return jet[0] if order == 1 else block_diagonals(jet[1], zero)


def separable_jet(error: ErrorFunction, order: int, phi: Array, y: Array, field: StateField) -> Array:
    r"""Return ``b_0, …, b_order`` with ``∂E/∂φ_j(φ + h) = Σ_k b_k h_j^k``, of shape ``(order + 1, *phi.shape)``, for all errors but softmax.

    >>> from lossproof.numerics.curves.fields import FloatSeries
    >>> from lossproof.theory.functions.errors import error_named
    >>> separable_jet(error_named("squared"), 2, np.array([3.0]), np.array([1.0]), FloatSeries()).ravel().tolist()
    [2.0, 1.0, 0.0]
    """
    if error.family == "logistic":
        jet = logistic_jet(phi, order, field)
        jet[0] = jet[0] - y
    else:
        jet = _JETS[error.family](phi - y, order, error.beta or Fraction(1), field)
    zero = phi * 0
    return np.stack([np.asarray(coefficient + zero) for coefficient in jet[: order + 1]] + [zero] * (order + 1 - len(jet)))


def slope_series(error: ErrorFunction, jet: Array, phi: Array, y: Array, order: int) -> Array:
    """Return the series of ``∇E(φ(t), y)`` up to ``t^order``.

    ``phi`` is the series of the outputs, of shape ``(…, T, n_L)`` beyond the exponents. ``jet`` is `separable_jet` at ``φ(0)``, or for
    softmax the softmax of ``φ(0)``.
    """
    if error.family == "softmax":
        result = _softmax_series(jet, phi, order)
        result[0] = result[0] - y
        return result
    h = phi[: order + 1].copy()
    h[0] = h[0] * 0
    return compose([jet], h, order)[0]


def _softmax_series(start: Array, phi: Array, order: int) -> Array:
    rates = derivative_series(phi[: order + 1])
    zero = phi[0] * 0
    s, pushes = [start + zero], []
    for k in range(order):
        mean = (convolution(s, list(rates), k)).sum(axis=-1, keepdims=True)
        pushes.append(rates[k] - mean)
        s.append(convolution(s, pushes, k) * _share(zero, k + 1))
    return np.stack(s)


def _share(like: Array, k: int) -> Any:
    return fmpq(1, k) if like.dtype == object else 1.0 / k


def _squared(r: Array, order: int, _: Fraction, field: StateField) -> Jet:
    return [r, r * 0 + 1]


def _smooth_l1(r: Array, order: int, beta: Fraction, field: StateField) -> Jet:
    """With ``u = (r²+β)^{-1/2}`` and ``q = 1/(r²+β)``: ``e' = ru``, ``u' = −rqu``, ``q' = −2rq²``."""
    q = _reciprocals(r, order, beta, field)
    u, inner = [field.inverse_hypotenuse(r, beta)], []
    for k in range(order):
        inner.append(times_point(q, r, k))
        u.append(-convolution(inner, u, k) * field.share(k + 1))
    return [times_point(u, r, k) for k in range(order + 1)]


def _blake_zisserman(r: Array, order: int, beta: Fraction, field: StateField) -> Jet:
    """With ``w = 1/(1 + βe^{r²})`` and ``d = w(1−w)``: ``e' = 2rw``, ``w' = −2rd``, ``d' = −2rd(1−2w)``."""
    sigmoid, exponent = activation_named("sigmoid"), -(r * r + field.embed(_logarithm(beta)))
    w, d, inner = [field.state(sigmoid, 0, exponent)], [field.state(sigmoid, 1, exponent)], []
    for k in range(order):
        inner.append(-2 * times_point(d, r, k))
        w.append(inner[k] * field.share(k + 1))
        d.append((inner[k] - 2 * convolution(inner, w, k)) * field.share(k + 1))
    return [2 * times_point(w, r, k) for k in range(order + 1)]


def _cauchy(r: Array, order: int, beta: Fraction, field: StateField) -> Jet:
    q = _reciprocals(r, order, beta, field)
    return [2 * times_point(q, r, k) for k in range(order + 1)]


def _reciprocals(r: Array, order: int, beta: Fraction, field: StateField) -> Jet:
    """Return the coefficients of ``q = 1/(r²+β)``: ``q' = −2rq²``."""
    scale = field.embed(1 / beta)
    q, inner = [field.reciprocal(r * r * scale + 1) * scale], []
    for k in range(order):
        inner.append(times_point(q, r, k))
        q.append(-2 * convolution(inner, q, k) * field.share(k + 1))
    return q


def _logarithm(beta: Fraction) -> Number:
    import sympy

    return exact_number(sympy.log(sympy.Rational(beta.numerator, beta.denominator)))


_JETS: Mapping[str, Callable[[Array, int, Fraction, StateField], Jet]] = {
    "squared": _squared, "smooth-l1": _smooth_l1, "blake-zisserman": _blake_zisserman, "cauchy": _cauchy,
}  # fmt: skip
