r"""Taylor coefficients of the activations at a point: ``σ(z + h) = Σ_k a_k h^k``.

Each smooth activation is, with a few *states*, the solution of a polynomial differential system in ``h``: for ``tanh`` with ``d = 1 − y²``
it is ``y' = d``, ``d' = −2yd``. The values of the states at ``z`` are all that is ever taken from the field; the coefficients of every
order follow by one recurrence, the same in floats, in balls and in formal polynomials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import comb
from typing import Any, Protocol, TypeAlias

import numpy as np

from lossproof.numerics.fields.field import Array, Field
from lossproof.theory.functions.activations import Activation, activation_named
from lossproof.theory.problem.numbers import Number

_ONE = Fraction(1)

Jet: TypeAlias = list[Any]
"""Taylor coefficients, each an array of the shape of ``z``."""


class StateField(Field, Protocol):
    """What the recurrences ask of a field beside sums and products; arrays are treated elementwise."""

    def share(self, k: int) -> Any:
        """Return ``1/k``."""
        ...

    def sign(self, activation: Activation, z: Array) -> Array:
        """Return the signs 1 and −1 of ``z``; raises `NotDifferentiable` where ``z`` is 0 or, in balls, not certainly apart from it."""
        ...

    def state(self, activation: Activation, order: int, z: Array) -> Array:
        """Return ``σ(z)`` (``order`` 0) or ``σ'(z)`` (``order`` 1), in the formal ring with the relations ``tanh' = 1 − tanh²``, …."""
        ...

    def reciprocal(self, A: Array) -> Array:
        """Return ``1/A`` for ``A ≥ 1``."""
        ...

    def inverse_hypotenuse(self, z: Array, beta: Number) -> Array:
        """Return ``(z² + β)^{-1/2}``."""
        ...

    def normal(self, z: Array) -> tuple[Array, Array]:
        """Return the distribution function and the density of the normal distribution."""
        ...


def activation_jet(activation: Activation, order: int, z: Array, field: StateField) -> Array:
    r"""Return ``a_0, …, a_order`` with ``σ(z + h) = Σ_k a_k h^k``, of shape ``(order + 1, *z.shape)``.

    Enclosures in balls, exact in formal polynomials. Raises `NotDifferentiable` where ``z`` is 0, or not certainly apart from 0, for an
    activation that is not smooth there (`KinkInBall` in balls that a higher precision may settle), and `NotInField` where the formal ring
    has no such states.

    >>> from lossproof.numerics.curves.fields import FloatSeries
    >>> activation_jet(activation_named("tanh"), 3, np.array([0.0]), FloatSeries()).ravel().round(6).tolist()
    [0.0, 1.0, 0.0, -0.333333]
    """
    jet = _JETS[activation.family](activation, order, z, field)[: order + 1]
    zero = z * 0
    return np.stack([np.asarray(coefficient + zero) for coefficient in jet] + [zero] * (order + 1 - len(jet)))


def convolution(A: Jet, B: Jet, k: int) -> Any:
    """Return ``Σ_{i=0..k} A_i B_{k−i}``."""
    total = A[0] * B[k]
    for i in range(1, k + 1):
        total = total + A[i] * B[k - i]
    return total


def logistic_jet(z: Array, order: int, field: StateField) -> Jet:
    """Return the coefficients of ``1/(1 + e^{-z})``: ``y' = d``, ``d' = d(1 − 2y)``."""
    sigmoid = activation_named("sigmoid")
    y, d = [field.state(sigmoid, 0, z)], [field.state(sigmoid, 1, z)]
    for k in range(order):
        y.append(d[k] * field.share(k + 1))
        d.append((d[k] - 2 * convolution(d, y, k)) * field.share(k + 1))
    return y


def _sigmoid(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    return logistic_jet(z, order, field)


def _tanh(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    y, d = [field.state(activation, 0, z)], [field.state(activation, 1, z)]
    for k in range(order):
        y.append(d[k] * field.share(k + 1))
        d.append(-2 * convolution(d, y, k) * field.share(k + 1))
    return y


def _softsign(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``s = sign z`` and ``w = 1/(1+|z|)``: ``σ = zw = s(1 − w)`` and ``w' = −sw²``."""
    s = field.sign(activation, z)
    w = field.reciprocal(s * z + 1)
    coefficients, power = [z * w], w
    for k in range(1, order + 1):
        power = power * w
        coefficients.append(power if k % 2 else -s * power)
    return coefficients


def _softplus(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    slope = logistic_jet(z, order, field)
    return [field.state(activation, 0, z), *(slope[k] * field.share(k + 1) for k in range(order))]


def _bent_identity(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``u = (z²+1)^{-1/2}`` and ``q = 1/(z²+1)``: ``u' = −zqu``, ``q' = −2zq²`` and ``σ = ((z²+1)u − 1)/2 + z``, ``σ' = zu/2 + 1``."""
    point = [z, z * 0 + 1]
    u, q = [field.inverse_hypotenuse(z, _ONE)], [field.reciprocal(z * z + 1)]
    inner: Jet = []
    for k in range(order):
        inner.append(_times_point(q, point, k))
        u.append(-convolution(inner, u, k) * field.share(k + 1))
        q.append(-2 * convolution(inner, q, k) * field.share(k + 1))
    value = ((z * z + 1) * u[0] - 1) * field.share(2) + z
    slopes = [_times_point(u, point, k) * field.share(2) + (1 if k == 0 else 0) for k in range(order)]
    return [value, *(slopes[k] * field.share(k + 1) for k in range(order))]


def _identity(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    return [z, z * 0 + 1]


def _leaky_relu(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    s = field.sign(activation, z)
    leak = field.embed(activation.parameter or Fraction(0))
    slope = (1 + s) // 2 + leak * ((1 - s) // 2)
    return [slope * z, slope]


def _elu(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    s = field.sign(activation, z)
    above, below = (1 + s) // 2, (1 - s) // 2
    value = field.state(activation, 0, z)
    e, coefficients = field.state(activation, 1, z), [above * z + below * value]
    for k in range(1, order + 1):
        e = e * field.share(k)
        coefficients.append(below * e + (above if k == 1 else 0))
    return coefficients


def _gelu(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``D`` the normal density, ``D' = −zD``, ``N' = D`` and ``σ = zN``."""
    point, (normal, density) = [z, z * 0 + 1], field.normal(z)
    N, D = [normal], [density]
    for k in range(order):
        N.append(D[k] * field.share(k + 1))
        D.append(-_times_point(D, point, k) * field.share(k + 1))
    return [_times_point(N, point, k) for k in range(order + 1)]


def _silu(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    point, y = [z, z * 0 + 1], logistic_jet(z, order, field)
    return [_times_point(y, point, k) for k in range(order + 1)]


def _arctan(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``w = 1/(1+z²)``: ``y' = w`` and ``w' = −2zw²``."""
    point, y, w = [z, z * 0 + 1], [field.state(activation, 0, z)], [field.reciprocal(z * z + 1)]
    inner: Jet = []
    for k in range(order):
        inner.append(_times_point(w, point, k))
        y.append(w[k] * field.share(k + 1))
        w.append(-2 * convolution(inner, w, k) * field.share(k + 1))
    return y


def _erf(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    point, y, d = [z, z * 0 + 1], [field.state(activation, 0, z)], [field.state(activation, 1, z)]
    for k in range(order):
        y.append(d[k] * field.share(k + 1))
        d.append(-2 * _times_point(d, point, k) * field.share(k + 1))
    return y


def _sin(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    s, c = [field.state(activation, 0, z)], [field.state(activation, 1, z)]
    for k in range(order):
        s.append(c[k] * field.share(k + 1))
        c.append(-s[k] * field.share(k + 1))
    return s


def _power(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    n = int(activation.parameter or 1)
    powers = [z * 0 + 1]
    for _ in range(n):
        powers.append(powers[-1] * z)
    return [comb(n, k) * powers[n - k] for k in range(min(n, order) + 1)]


def _times_point(A: Jet, point: Jet, k: int) -> Any:
    """Return the coefficient ``k`` of ``(z + h) A``."""
    return point[0] * A[k] + A[k - 1] if k else point[0] * A[0]


_JETS: Mapping[str, Callable[[Activation, int, Array, StateField], Jet]] = {
    "sigmoid": _sigmoid, "tanh": _tanh, "softsign": _softsign, "softplus": _softplus, "bent-identity": _bent_identity,
    "identity": _identity, "relu": _leaky_relu, "leaky-relu": _leaky_relu, "elu": _elu, "gelu": _gelu, "silu": _silu,
    "arctan": _arctan, "erf": _erf, "sin": _sin, "power": _power,
}  # fmt: skip
