"""Taylor coefficients of the activations at a point, in one array."""

from __future__ import annotations

import numpy as np

from lossproof.numerics.functions.jets import Array, StateField
from lossproof.numerics.functions.table import formulas_of
from lossproof.theory.functions.activations import Activation


def activation_jet(activation: Activation, order: int, z: Array, field: StateField) -> Array:
    r"""Return ``a_0, …, a_order`` with ``σ(z + h) = Σ_k a_k h^k``, of shape ``(order + 1, *z.shape)``.

    Enclosures in balls, exact in formal polynomials. Raises `NotDifferentiable` where ``z`` is a point at which the activation is not smooth, or
    not certainly apart from one (`KinkInBall` in balls that a higher precision may settle), and `NotInField` where the formal ring
    has no such states.

    >>> from lossproof.numerics.curves.fields import FloatSeries
    >>> from lossproof.theory.functions.activations import activation_named
    >>> activation_jet(activation_named("tanh"), 3, np.array([0.0]), FloatSeries()).ravel().round(6).tolist()
    [0.0, 1.0, 0.0, -0.333333]
    """
    jet = formulas_of(activation).jet(activation, order, z, field)[: order + 1]
    zero = z * 0
    return np.stack([np.asarray(coefficient + zero) for coefficient in jet] + [zero] * (order + 1 - len(jet)))
