r"""A Lipschitz constant of the derivative of all outputs over a ball of weights, for the rules about exact learners in such balls.

Let B be the closed ball of radius R around the point, in the Euclidean norm of all trainable weights. ``φ̃`` is ``φ`` with the unit of a
trainable bias, capitals stack all samples. For layer l, given for layer ``l − 1`` and all weights in B: ``p_i ≥ ‖Dφ_{l-1}(i)‖``, ``P ≥
‖DΦ_{l-1}‖`` and a Lipschitz constant Q of ``DΦ_{l-1}`` (all 0 for ``l = 1``).

1. ``Dz_l`` in the direction u is ``u_lᵀφ̃_{l-1} + W_lᵀDφ_{l-1}[u_<]``, with ``u_l`` the part of layer l and ``u_<`` that of the layers
   below. Over B the norms of ``φ̃_{l-1}(i)``, of ``Φ̃_{l-1}``, of ``W_l`` and of its columns exceed those at the point by at most
   ``p_i R``, ``P R``, ``R`` and ``R``. By Cauchy-Schwarz ``‖Dz_{l,a}(i)‖ ≤ d_ia = √(‖φ̃(i)‖² + (‖w_a‖ p_i)²)``, and so with ``‖W_l‖₂`` for
   all units at once, and with ``‖Φ̃‖₂, ‖W_l‖₂, P`` for all samples at once: ``‖DZ_l‖ ≤ S``.
2. The change of ``DZ_l[u]`` between two weights that differ by v is at most ``P(|u_l||v_<| + |u_<||v_l|) + ‖W_l‖₂ Q |u_<||v_<|``, so
   ``DZ_l`` has the Lipschitz constant ``Q_z = c + √(c² + P²)`` with ``c = ‖W_l‖₂ Q/2``: the norm of ``[[2c, P], [P, 0]]``.
3. ``z_{l,a}(i)`` stays within ``d_ia R`` of its value at the point. Let there ``|σ'| ≤ s_ia``, and ``t_ia`` be a Lipschitz constant of
   ``σ'``. Then ``Dφ_l = σ'(z)Dz`` has the norm ``p_i' = max_a s_ia ‖Dz_l(i)‖``, ``P' = max s · S``, and by
   ``σ'(z)Dz − σ'(z')Dz' = (σ'(z) − σ'(z'))Dz + σ'(z')(Dz − Dz')`` the Lipschitz constant ``Q' = max(t d)·S + max s · Q_z``. At the output
   s and t are multiplied by the scales of the equations.

``‖A‖₂`` is at most the Frobenius norm and ``√‖AᵀA‖_∞``. Every line is a chain of fewer than 2^20 roundings of non-negative doubles and is
enlarged by ``1 + 2^{-20}``, and by ``2^{-400}`` for underflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from flint import arb

from lossproof.certificates.kernel.arithmetic.balls import BallRing, logistic, normal_integral, sech_squared
from lossproof.certificates.kernel.network.gram import TruePass, gamma
from lossproof.certificates.kernel.reading.limits import Array
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.theory.functions.activations import Activation

_ENLARGE, _TINY, _NARROW = 1 + 2.0**-20, 2.0**-400, 2.0**-20

_SUPREMA: Mapping[str, tuple[float, float]] = {
    "sigmoid": (1 / 4, 1 / 8),
    "tanh": (1, 7 / 8),
    "softsign": (1, 2),
    "softplus": (1, 1 / 4),
    "bent-identity": (3 / 2, 1 / 2),
    "identity": (1, 0),
    "elu": (1, 1),
    "gelu": (5 / 4, 7 / 8),
    "silu": (5 / 4, 1 / 2),
    "arctan": (1, 3 / 4),
    "erf": (5 / 4, 1),
    "sin": (1, 1),
}
r"""Bounds of ``|σ'|`` and of the Lipschitz constant of ``σ'`` on the whole line.

The extrema are for sigmoid 1/4, ``1/(6√3)``; tanh 1, ``4/(3√3)``; softsign 1, 2; softplus 1, 1/4; bent identity 3/2, 1/2; elu 1, 1; gelu
``Φ(√2) + √2φ(√2) < 1.13``, ``√(2/π)``; silu below 1.1, 1/2; arctan 1, ``3√3/8``; erf ``2/√π``, ``√(8/(πe))``; sin 1, 1.
"""

_SECOND: Mapping[str, Callable[[arb], arb]] = {
    "sigmoid": lambda z: -sech_squared(z / 2) * (z / 2).tanh() / 4,
    "tanh": lambda z: -2 * z.tanh() * sech_squared(z),
    "softsign": lambda z: 2 / (1 + abs(z)) ** 3,
    "softplus": lambda z: sech_squared(z / 2) / 4,
    "bent-identity": lambda z: 1 / (2 * (z * z + 1).sqrt() ** 3),
    "elu": lambda z: arb(0) if z > 0 else z.min(arb(0)).exp(),
    "gelu": lambda z: (2 - z * z) * _density(z),
    "silu": lambda z: logistic(z) * logistic(-z) * (2 - z * (z / 2).tanh()),
    "arctan": lambda z: -2 * z / (1 + z * z) ** 2,
    "erf": lambda z: -4 * z * (-z * z).exp() / arb.pi().sqrt(),
    "sin": lambda z: -z.sin(),
}
"""``σ''``, or for softsign and elu, where it does not exist at ``z = 0``, a bound of its absolute value elsewhere: either way the supremum over an
interval is a Lipschitz constant of ``σ'`` there."""

_AT_ENDS: Mapping[str, Callable[[arb, arb, arb], tuple[arb, arb]]] = {
    "sigmoid": lambda m, M, _: (sech_squared(m / 2) / 4, (M / 2).tanh() * sech_squared(m / 2) / 4),
    "tanh": lambda m, M, _: (sech_squared(m), 2 * M.tanh() * sech_squared(m)),
    "softsign": lambda m, M, _: (1 / (1 + m) ** 2, 2 / (1 + m) ** 3),
    "softplus": lambda m, M, top: (logistic(top), sech_squared(m / 2) / 4),
    "bent-identity": lambda m, M, top: (1 + top / (2 * (top * top + 1).sqrt()), 1 / (2 * (m * m + 1).sqrt() ** 3)),
    "gelu": lambda m, M, top: (normal_integral(top) + M * _density(m), abs(2 - m * m).max(abs(2 - M * M)) * _density(m)),
    "silu": lambda m, M, top: (
        logistic(top) + M * sech_squared(m / 2) / 4,
        sech_squared(m / 2) / 4 * abs(2 - m * (m / 2).tanh()).max(abs(2 - M * (M / 2).tanh())),
    ),
    "arctan": lambda m, M, _: (1 / (1 + m * m), 2 * M / (1 + m * m) ** 2),
    "erf": lambda m, M, _: (2 * (-m * m).exp() / arb.pi().sqrt(), 4 * M * (-m * m).exp() / arb.pi().sqrt()),
}
"""Bounds of ``|σ'|`` and ``|σ''|`` from the least and the largest ``|z|`` and the largest z of an interval: each factor is taken where it is
largest, as ``1/cosh``, ``e^{-z²}`` and the like fall with ``|z|``, ``tanh|z|``, ``z²``, ``z tanh(z/2)`` rise with it, and ``Φ`` and the
sigmoid rise with z. For wide intervals."""


def _density(z: arb) -> arb:
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def lipschitz_constant(problem: Problem, found: TruePass, radius: float) -> float:
    """Return a Lipschitz constant of ``S·DF`` on the ball around the point; infinite or NaN if none is seen. Raises `Rejected` at a kink."""
    p: Array = np.zeros(problem.T)
    P, Q = 0.0, 0.0
    for l in range(1, problem.L + 1):
        plus, W = found.plus[l - 1], found.W[l]
        plus_reach, W_reach = np.abs(plus.mid) + plus.rad, np.abs(W.mid) + W.rad
        inputs = _up(_up(np.sqrt(_up(np.sum(plus_reach**2, axis=1)))) + _up(p * radius))
        units = _up(_up(np.sqrt(_up(np.sum(W_reach**2, axis=0)))) + radius)
        norm_W = float(_up(_norm(W.mid, W.rad) + radius))
        norm_inputs = float(_up(_norm(plus.mid, plus.rad) + _up(P * radius)))
        d = _root(inputs[:, None], _up(units[None, :] * p[:, None]))
        S, c = float(_root(norm_inputs, _up(norm_W * P))), float(_up(norm_W * Q / 2))
        Q_z = float(_up(c + _root(c, P)))
        s, t = _slopes(problem.activation_of(l), found.z[l].mid, _up(found.z[l].rad + _up(d * radius)))
        if l == problem.L:
            s, t = _up(s * found.scale), _up(t * found.scale)
        most = float(np.max(s))
        p = _up(np.max(s, axis=1) * _root(inputs, _up(norm_W * p)))
        P, Q = float(_up(most * S)), float(_up(_up(np.max(_up(t * d)) * S) + _up(most * Q_z)))
    return Q


def frobenius(x: Array) -> float:
    """Return an upper bound of the Euclidean norm of all entries."""
    return float(_up(np.sqrt(_up(np.sum(x**2)))))


def _norm(mid: Array, rad: Array) -> float:
    """Return an upper bound of ``‖A‖₂``."""
    A = mid if mid.shape[0] >= mid.shape[1] else mid.T
    size = np.abs(A)
    sums = np.sum(np.abs(A.T @ A), axis=1) + gamma(A.shape[0] + 8) * (size.T @ np.sum(size, axis=1))
    largest = float(_up(np.sqrt(_up(np.max(sums)))))
    return min(float(_up(largest + frobenius(rad))), frobenius(np.abs(mid) + rad))


def _slopes(activation: Activation, mid: Array, rad: Array) -> tuple[Array, Array]:
    """Return bounds of ``|σ'|`` and of the Lipschitz constant of ``σ'`` over each interval."""
    ring, second = BallRing(), _SECOND.get(activation.family)
    exponent = int(activation.parameter or 0) if activation.family == "power" else 0
    most = _SUPREMA.get(activation.family, (np.inf, np.inf))
    first, change = np.empty(mid.size), np.empty(mid.size)
    for k, (m, r) in enumerate(zip(mid.flat, rad.flat, strict=True)):
        z = arb(float(m), float(r))
        first[k] = _magnitude(ring.sigma(activation, 1, z))
        # without a second derivative on record: powers, and identity, relu and leaky-relu (off their kink), whose slope is constant
        change[k] = _magnitude(second(z) if second is not None else _second_of_power(exponent, z))
        if r > _NARROW and activation.family in _AT_ENDS:
            bounds = _AT_ENDS[activation.family](abs(z).lower().max(arb(0)), abs(z).upper(), z.upper())
            first[k], change[k] = np.fmin(first[k], _magnitude(bounds[0])), np.fmin(change[k], _magnitude(bounds[1]))
    return np.fmin(_up(first), most[0]).reshape(mid.shape), np.fmin(_up(change), most[1]).reshape(mid.shape)


def _second_of_power(exponent: int, z: arb) -> arb:
    """Return ``k(k−1)z^{k−2}``, by products; 0 for k below 2."""
    product = arb(exponent * (exponent - 1) if exponent >= 2 else 0)
    for _ in range(exponent - 2):
        product *= z
    return product


def _magnitude(ball: arb) -> float:
    return float(abs(ball).upper())


def _up(x: Array | float) -> Array:
    return np.asarray(x) * _ENLARGE + _TINY


def _root(x: Array | float, y: Array | float) -> Array:
    """Return an upper bound of ``√(x² + y²)``."""
    return _up(np.sqrt(_up(np.asarray(x) ** 2 + np.asarray(y) ** 2)))
