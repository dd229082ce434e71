"""Upper bounds of ``|σ'|`` and of the Lipschitz constant of ``σ'`` over intervals."""

from __future__ import annotations

import numpy as np
from flint import arb

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.functions.table import formulas_of
from lossproof.numerics.verified.activations import enclose_activation
from lossproof.numerics.verified.enclosures import Enclosure, enclose_balls, exact_floats, product, raised, total
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.forms import Logistic

_BITS = 64


def slope_bounds(activation: Activation, z: Enclosure) -> tuple[Floats, Floats]:
    r"""Return, entry by entry, numbers ``(s_1, s_2)`` with ``|σ'| ≤ s_1`` and ``|σ'(z) − σ'(z')| ≤ s_2 |z − z'|`` within the enclosure.

    They come from enclosures of ``σ'`` and ``σ''`` over each interval, or from the suprema on the whole line where these are smaller or ``σ''``
    does not exist everywhere. An unbounded value is infinite or NaN. Raises `NotDifferentiable` where ``σ'`` does not exist.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> s_1, s_2 = slope_bounds(activation_named("tanh"), Enclosure(np.array([0.0, 40.0]), np.array([2.0, 0.5])))
    >>> s_1.tolist()[0], s_2.tolist()[0], bool(s_1[1] < 1e-33), bool(s_2[1] < 1e-33)
    (1.0, 0.8125, True, True)
    """
    if activation.logistic is not None:
        slope, curvature = _logistic_bounds(activation, activation.logistic, z)
    else:
        slope = enclose_activation(activation, z)[1].reach()
        curvature = _curvature(activation, z)
    most = formulas_of(activation).suprema
    return np.fmin(slope, most[0]), np.fmin(curvature, most[1])


def _logistic_bounds(activation: Activation, form: Logistic, z: Enclosure) -> tuple[Floats, Floats]:
    """Use ``σ'' = (low + high − 2σ) σ'``."""
    value, slope = enclose_activation(activation, z)
    factor = total(exact_floats(float(form.low + form.high)), Enclosure(-2 * value.mid, 2 * value.rad))
    return slope.reach(), product(factor, slope).reach()


def _curvature(activation: Activation, z: Enclosure) -> Floats:
    """Return upper bounds of ``|σ''|``; infinite where an interval holds a point without second derivative."""
    if activation.is_piecewise_linear:
        return np.zeros_like(z.mid)
    inside = np.zeros(z.mid.shape, dtype=bool)
    for point in activation.kinks(2):
        inside |= np.abs(z.mid - float(point)) <= raised(z.rad, 1)
    result = np.full(z.mid.shape, np.inf)
    outside = ~inside
    balls = np.empty(int(outside.sum()), dtype=object)
    with ball_precision(_BITS):
        balls[:] = list(map(arb, z.mid[outside].tolist(), z.rad[outside].tolist()))
    curvatures = BallField(_BITS).activate(activation, 2, balls).tolist()
    result[outside] = enclose_balls(curvatures, (len(curvatures),)).reach()
    return raised(result, 1)
