"""Balls with room to spare: those of another program that computes in the same precision lie within them."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from lossproof.numerics.fields.field import Array, elementwise
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.theory.functions.activations import Activation

_SPARE_BITS = 4


@dataclass(frozen=True)
class RoomyBallField(StateBallField):
    r"""Balls as those of `StateBallField`, wider at every activation: the radius of ``z`` counts twice, with a few roundings more.

    So the formulas of another program, and the rounding in its products, may double a radius from layer to layer: its balls lie within these, and a kink that
    it cannot tell from ``z`` raises here, too.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> field = RoomyBallField(64)
    >>> z = field.array([1])
    >>> narrow, wide = (f.activate(activation_named("tanh"), 0, z)[0] for f in (StateBallField(64), field))
    >>> bool(wide.contains(narrow)), bool(wide.rad() > 2 * narrow.rad())
    (True, True)
    """

    def derivatives(self, activation: Activation, order: int, z: Array) -> list[Array]:
        """Return enclosures of ``σ`` and its derivatives up to an order of at most 2, of every entry, with room."""
        with ball_precision(self.precision):
            unit = arb(2) ** (_SPARE_BITS - self.precision)
            wide = elementwise(lambda entry: entry + arb(0, 1) * (entry.rad() + abs(entry).upper() * unit), z)
        return super().derivatives(activation, order, wide)
