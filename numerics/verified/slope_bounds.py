"""Upper bounds of ``|σ'|`` and of the Lipschitz constant of ``σ'`` over intervals."""

from __future__ import annotations

import numpy as np
from flint import arb

from lossproof.numerics.algebra.products import UNIT, Floats
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.functions.table import formulas_of
from lossproof.numerics.verified.activations import NARROW, enclose_activation, enclose_by_balls
from lossproof.numerics.verified.enclosures import Enclosure, enclose_balls, exact_floats, product, raised, total
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.forms import Logistic

_BITS = 64
_SUPREMA_SPARE = _ROOM = 1.125
_LOGISTIC_SPARE = 5
_WIDER = {"silu": 1.5, "mish": 1.5, "swish": 2.5}
"""How much wider the enclosures of ``σ''`` may be that come from ``σ' = y + βzy(1 − y)`` by the product rule, with y and ``1 − y`` enclosed apart."""


def slope_bounds(activation: Activation, z: Enclosure) -> tuple[Floats, Floats]:
    r"""Return, entry by entry, numbers ``(s_1, s_2)`` with ``|σ'| ≤ s_1`` and ``|σ'(z) − σ'(z')| ≤ s_2 |z − z'|`` within the enclosure.

    They come from enclosures of ``σ'`` and ``σ''`` over each interval by the formulas of `StateBallField`, of two of them from doubles, or from the suprema
    on the whole line where these are smaller or ``σ''`` does not exist everywhere: an eighth enlarged, but not where the activation is piecewise linear, and
    none for a family with a parameter. So another program with the same differential systems and coarser suprema finds no larger bounds. An unbounded value is
    infinite or NaN. Raises `NotDifferentiable` where ``σ'`` does not exist.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> s_1, s_2 = slope_bounds(activation_named("tanh"), Enclosure(np.array([0.0, 40.0]), np.array([2.0, 0.5])))
    >>> s_1.round(3).tolist()[0], s_2.round(3).tolist()[0], bool(s_1[1] < 1e-33), bool(s_2[1] < 1e-33)
    (1.125, 0.914, True, True)
    """
    slope, curvature = _bounds(activation, z)
    if activation.parameter is not None:
        return slope, curvature
    spare = 1 if activation.is_piecewise_linear else _SUPREMA_SPARE
    first, second = (spare * bound for bound in formulas_of(activation).suprema)
    return np.fmin(slope, first), np.fmin(curvature, second)


def _bounds(activation: Activation, z: Enclosure) -> tuple[Floats, Floats]:
    form, narrow = activation.logistic, z.rad <= NARROW
    if form is not None and z.is_finite():
        if narrow.all():
            return _logistic_bounds(activation, form, z)
        wide = _wide_logistic_bounds(activation, form, z)
        short = _logistic_bounds(activation, form, Enclosure(np.where(narrow, z.mid, 0.0), np.where(narrow, z.rad, 0.0)))
        return np.where(narrow, short[0], wide[0]), np.where(narrow, short[1], wide[1])
    slope = enclose_by_balls(activation, z)[1].reach()
    return slope, _curvature(activation, z)


def _wide_logistic_bounds(activation: Activation, form: Logistic, z: Enclosure) -> tuple[Floats, Floats]:
    """Use the values at the ends of the intervals, as all is monotone, and ``|σ'|`` where it is largest: nearest to 0.

    For tanh ``|σ''| ≤ 2 max|σ| max σ'``, for sigmoid ``σ' ≤ ab`` and ``|σ''| ≤ ab(a + b)`` with ``a ≥ σ(z)`` and ``b ≥ σ(−z)``, as products of enclosures of
    the factors give; an eighth enlarged.
    """
    reach = raised(z.rad + UNIT * np.abs(z.mid), 4)
    high, low = (enclose_activation(activation, exact_floats(end))[0].reach() for end in (z.mid + reach, reach - z.mid))
    if form.low == 0:
        return raised(_ROOM * high * low, 4), raised(_ROOM * high * low * (high + low), 4)
    steepest = enclose_activation(activation, exact_floats(np.maximum(np.abs(z.mid) - reach, 0.0)))[1].reach()
    return raised(_ROOM * steepest, 4), raised(_ROOM * 2 * np.maximum(high, low) * steepest, 4)


def _logistic_bounds(activation: Activation, form: Logistic, z: Enclosure) -> tuple[Floats, Floats]:
    """Use ``σ'' = (low + high − 2σ) σ'``, or its value at the midpoint and five roundings of the argument in each factor, whichever is more."""
    value, slope = enclose_activation(activation, z)
    ends = exact_floats(float(form.low + form.high))
    over = product(total(ends, Enclosure(-2 * value.mid, 2 * value.rad)), slope).reach()
    value_at, slope_at = enclose_activation(activation, exact_floats(z.mid))
    middle = product(total(ends, Enclosure(-2 * value_at.mid, 2 * value_at.rad)), slope_at).reach()
    return slope.reach(), np.maximum(over, raised(middle + _LOGISTIC_SPARE * form.rate * z.rad * slope.reach(), 4))


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
    curvatures = StateBallField(_BITS).activate(activation, 2, balls).tolist()
    found = enclose_balls(curvatures, (len(curvatures),))
    result[outside] = Enclosure(found.mid, _WIDER.get(activation.family, 1.0) * found.rad).reach()
    return raised(result, 1)
