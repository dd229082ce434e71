"""Upper bounds of ``|σ'|`` and of the Lipschitz constant of ``σ'`` over intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from flint import arb

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.verified.activations import enclose_activation
from lossproof.numerics.verified.enclosures import Enclosure, enclose_balls, exact_floats, product, raised, total
from lossproof.theory.functions.activations import Activation

_BITS = 64

SUPREMA: Mapping[str, tuple[float, float]] = {
    "sigmoid": (0.25, 0.125),
    "tanh": (1.0, 0.8125),
    "softsign": (1.0, 2.0),
    "softplus": (1.0, 0.25),
    "bent-identity": (1.5, 0.5),
    "identity": (1.0, 0.0),
    "elu": (1.0, 1.0),
    "gelu": (1.25, 0.8125),
    "silu": (1.125, 0.5),
    "arctan": (1.0, 0.6875),
    "erf": (1.25, 1.0),
    "sin": (1.0, 1.0),
}
r"""For each family doubles ``(s_1, s_2)`` with ``|σ'(z)| ≤ s_1`` and ``|σ'(z) − σ'(z')| ≤ s_2 |z − z'|`` on the whole line.

The extrema of the derivatives are: sigmoid ``σ' = 1/4``, ``σ'' = 1/(6√3)``; tanh 1, ``4/(3√3)``; softsign ``σ' = (1+|z|)^{-2}``, off 0
``|σ''| = 2(1+|z|)^{-3}``; softplus has the sigmoid as derivative; bent identity ``σ' = 1 + z/(2√(z²+1))``, ``σ'' = (z²+1)^{-3/2}/2``; ELU
``σ' = min(1, e^z)``; GELU ``σ'(√2) < 1.13``, ``σ''(0) = √(2/π)``; SiLU ``σ' < 1.1``, ``σ''(0) = 1/2``; arctan 1, ``3√3/8``; erf ``2/√π``, ``√(8/(πe))``;
sin 1, 1. The numbers here are rounded up.
"""


def slope_bounds(activation: Activation, z: Enclosure) -> tuple[Floats, Floats]:
    r"""Return, entry by entry, numbers ``(s_1, s_2)`` with ``|σ'| ≤ s_1`` and ``|σ'(z) − σ'(z')| ≤ s_2 |z − z'|`` within the enclosure.

    They come from enclosures of ``σ'`` and ``σ''`` over each interval, or from `SUPREMA` where these are smaller or ``σ''`` does not exist everywhere. An
    unbounded value is infinite or NaN. Raises `NotDifferentiable` where ``σ'`` does not exist.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> s_1, s_2 = slope_bounds(activation_named("tanh"), Enclosure(np.array([0.0, 40.0]), np.array([2.0, 0.5])))
    >>> s_1.tolist()[0], s_2.tolist()[0], bool(s_1[1] < 1e-33), bool(s_2[1] < 1e-33)
    (1.0, 0.8125, True, True)
    """
    if activation.family in ("sigmoid", "tanh"):
        slope, curvature = _logistic_bounds(activation, z)
    else:
        slope = enclose_activation(activation, z)[1].reach()
        curvature = _curvature(activation, z)
    if activation.family not in SUPREMA:
        return slope, curvature
    most = SUPREMA[activation.family]
    return np.fmin(slope, most[0]), np.fmin(curvature, most[1])


def _logistic_bounds(activation: Activation, z: Enclosure) -> tuple[Floats, Floats]:
    """Use ``tanh'' = −2 tanh tanh'`` and ``sigmoid'' = (1 − 2 sigmoid) sigmoid'``."""
    value, slope = enclose_activation(activation, z)
    if activation.family == "tanh":
        factor = Enclosure(2 * value.mid, 2 * value.rad)
    else:
        factor = total(exact_floats(1.0), Enclosure(-2 * value.mid, 2 * value.rad))
    return slope.reach(), product(factor, slope).reach()


def _curvature(activation: Activation, z: Enclosure) -> Floats:
    """Return upper bounds of ``|σ''|``; infinite where an interval holds a point without second derivative."""
    if activation.family in ("relu", "leaky-relu", "identity"):
        return np.zeros_like(z.mid)
    inside = np.abs(z.mid) <= z.rad if not activation.twice_differentiable.holds else np.zeros(z.mid.shape, dtype=bool)
    result = np.full(z.mid.shape, np.inf)
    outside = ~inside
    balls = np.empty(int(outside.sum()), dtype=object)
    with ball_precision(_BITS):
        balls[:] = list(map(arb, z.mid[outside].tolist(), z.rad[outside].tolist()))
    curvatures = BallField(_BITS).activate(activation, 2, balls).tolist()
    result[outside] = enclose_balls(curvatures, (len(curvatures),)).reach()
    return raised(result, 1)
