"""Where an increasing activation takes a value: bounds of the place, proved in balls."""

from __future__ import annotations

from fractions import Fraction

from lossproof.numerics.fields.ball import BallField
from lossproof.theory.functions.activation import Activation

_PRECISION = 128
_FARTHEST = 2**12
_HALVINGS = 80


def preimage_bounds(activation: Activation, y: Fraction) -> tuple[Fraction, Fraction] | None:
    """Return dyadic ``l < u`` with ``σ(l) < y < σ(u)``, seen in balls of 128 bits, for an activation that increases strictly; None beyond ``|z| = 2^12``.

    They are as close as the balls allow, to ``2^-68`` where no ball is in the way.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> l, u = preimage_bounds(activation_named("sigmoid"), Fraction(3, 4))
    >>> float(l), u - l < Fraction(1, 2**60)
    (1.0986122886681098, True)
    """
    bound = Fraction(1)
    while _side(activation, -bound, y) != -1 or _side(activation, bound, y) != 1:
        bound *= 2
        if bound > _FARTHEST:
            return None
    lower, upper = -bound, bound
    for _ in range(_HALVINGS):
        middle = (lower + upper) / 2
        side = _side(activation, middle, y)
        if side == 0:
            return _around(activation, y, middle, lower, upper)
        lower, upper = (middle, upper) if side < 0 else (lower, middle)
    return lower, upper


def _around(activation: Activation, y: Fraction, middle: Fraction, lower: Fraction, upper: Fraction) -> tuple[Fraction, Fraction]:
    """Return bounds close around a place that is not told from the preimage."""
    for k in range(_HALVINGS, 0, -1):
        near = max(lower, middle - Fraction(1, 2**k)), min(upper, middle + Fraction(1, 2**k))
        if (_side(activation, near[0], y), _side(activation, near[1], y)) == (-1, 1):
            return near
    return lower, upper


def _side(activation: Activation, z: Fraction, y: Fraction) -> int:
    """Return the sign of ``σ(z) − y``; 0 where it is not seen."""
    field = BallField(_PRECISION)
    difference = field.add(field.activate(activation, 0, field.array([z])), field.array([-y]))[0]
    return int(bool(difference > 0)) - int(bool(difference < 0))
