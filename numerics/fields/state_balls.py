"""Balls in which activations are polynomials in few states, as a checker that knows only their differential systems computes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import Array, elementwise, exact_kinks, lies_above, unknown_order
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.functions.table import formulas_of
from lossproof.numerics.rationals import to_flint
from lossproof.theory.functions.activations import Activation
from lossproof.theory.problem.numbers import Number

_SPARE_BITS = 4
_NARROW = 2.0**-10


@dataclass(frozen=True)
class StateBallField(BallField):
    r"""Enclosures of ``σ, σ', σ''`` from the Taylor coefficients of `Formulas.jet`: polynomials in z and in states, which alone are enclosed by themselves.

    Over wide balls they are wider than the sharpest ones known, such as ``z N(z)`` for gelu near its minimum: what holds with them holds for another program
    that evaluates the same polynomials. In a ball that holds a kink the constants of all pieces it meets are taken at once for the value, such as all slopes
    and all intercepts, and derivatives that exist are those of `BallField`. A value that is that of one of several pieces and no rational number, such as
    ``e^z − 1``, may be the difference of two numbers there, and is known only absolutely near 0.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> z = BallField(64).array([arb(-0.75, 0.01)])
    >>> sharp, wide = (field.activate(activation_named("gelu"), 0, z)[0] for field in (BallField(64), StateBallField(64)))
    >>> bool(wide.overlaps(sharp)), bool(wide.rad() >= sharp.rad())
    (True, True)
    """

    def share(self, k: int) -> fmpq:
        """Return ``1/k``."""
        return fmpq(1, k)

    def sides(self, activation: Activation, z: Array) -> Array:
        """Return the numbers of kinks below; raises `NotDifferentiable` where a ball is a kink, `KinkInBall` where it contains one."""
        self._check_kinks(activation, 2, z)
        places = [place for _, place in exact_kinks(activation, 2)]
        with ball_precision(self.precision):
            return np.array([sum(bool(entry > place) for place in places) for entry in z.ravel()], dtype=np.intp).reshape(z.shape)

    def state(self, activation: Activation, order: int, z: Array) -> Array:
        """Return an enclosure of ``σ(z)`` or ``σ'(z)``; of the sigmoid from one exponential, and of the slope of a logistic function from ``s(u) s(−u)``."""
        form = activation.logistic
        if form is None or (order == 0 and (form.low, form.rate) != (0, 1)):
            return super().activate(activation, order, z)
        if order == 0:
            return elementwise(_sigmoid, z)
        return elementwise(lambda entry: _sigmoid(form.rate * entry) * _sigmoid(-form.rate * entry) * form.rate**2, z)

    def reciprocal(self, A: Array) -> Array:
        """Return an enclosure of ``1/A`` for ``A ≥ 1``."""
        return elementwise(lambda entry: 1 / arb(entry).max(arb(1)), A)

    def inverse_hypotenuse(self, z: Array, beta: Number) -> Array:
        """Return an enclosure of ``(z² + β)^{-1/2}``."""
        constant = self.embed(beta)
        return elementwise(lambda entry: 1 / (_square(entry) + constant).sqrt(), z)

    def normal(self, z: Array) -> tuple[Array, Array]:
        """Return enclosures of the distribution function and the density of the normal distribution."""
        distribution = elementwise(lambda entry: (-entry / arb(2).sqrt()).erfc() / 2, z)
        return distribution, elementwise(lambda entry: (-_square(entry) / 2).exp() / (2 * arb.pi()).sqrt(), z)

    def activate(self, activation: Activation, order: int, z: Array) -> Array:
        """Return enclosures of ``σ``, ``σ'`` or ``σ''`` of every entry."""
        if order not in (0, 1, 2):
            raise unknown_order(order)
        return self.derivatives(activation, order, z)[order]

    def derivatives(self, activation: Activation, order: int, z: Array) -> list[Array]:
        """Return enclosures of ``σ`` and its derivatives up to an order of at most 2, of every entry."""
        kinks, flat = exact_kinks(activation, 2), z.ravel()
        with ball_precision(self.precision):
            apart = np.array([all(lies_above(entry, place) is not None for _, place in kinks) for entry in flat], dtype=bool)
        found = np.empty((order + 1, flat.size), dtype=object)
        if not apart.all():
            found[0, ~apart] = self._across(activation, flat[~apart])
            for k in range(1, order + 1):
                found[k, ~apart] = super().activate(activation, k, flat[~apart])
        if apart.any():
            found[:, apart] = self._series(activation, order, flat[apart])
        if kinks and not activation.rational.holds:
            with ball_precision(self.precision):
                found[0] = found[0] + arb(0, 1) * arb(2) ** (_SPARE_BITS - self.precision)
        return [values.reshape(z.shape) for values in found]

    def _across(self, activation: Activation, z: Array) -> Array:
        """Return enclosures of ``σ(z)`` for balls that are not told from a kink."""
        with ball_precision(self.precision):
            return elementwise(_ACROSS.get(activation.family, lambda entry: _of_lines(activation, entry)), z)

    def _series(self, activation: Activation, order: int, z: Array) -> Array:
        """Return the derivatives from the Taylor coefficients, of shape ``(order + 1, z.size)``."""
        found = np.empty((order + 1, z.size), dtype=object)
        with ball_precision(self.precision):
            jet = formulas_of(activation).jet(activation, order, z, self)
            for k in range(order + 1):
                coefficient = jet[k] if k < len(jet) else arb(0)
                found[k] = [(1, 1, 2)[k] * arb(entry) for entry in np.broadcast_to(np.asarray(coefficient, dtype=object), z.shape)]
        return found


def _of_lines(activation: Activation, z: arb) -> arb:
    """Return an enclosure of a piecewise linear function with the slopes and the intercepts of all pieces that a ball meets."""
    met = [
        (_ball(piece.slope), _ball(piece.intercept))
        for piece in activation.affine_pieces
        if not (piece.lower is not None and z < to_flint(piece.lower)) and not (piece.upper is not None and z > to_flint(piece.upper))
    ]
    slope, intercept = (reduce(lambda a, b: a.union(b), constants) for constants in zip(*met, strict=True))
    found: arb = slope * z + intercept
    return found


def _ball(value: Fraction) -> arb:
    return arb(to_flint(value))


_ACROSS: Mapping[str, Callable[[arb], arb]] = {
    "softsign": lambda z: z * (1 / (1 + abs(z))),
    "elu": lambda z: (z.min(arb(0)).exp() - 1) * arb(0.5, 0.5) + z * arb(0.5, 0.5),
}
"""The families that are not piecewise linear."""


def _sigmoid(z: arb) -> arb:
    """Return an enclosure of ``s(z) = 1/(1+e^{-z})``, for a wide ball of its values at both ends."""
    if z.rad() < _NARROW:
        return _sigmoid_at(z)
    ends: arb = _sigmoid_at(z.lower()).union(_sigmoid_at(z.upper()))
    return ends


def _sigmoid_at(z: arb) -> arb:
    e = z.exp() if z < 0 else (-z).exp()
    return e / (1 + e) if z < 0 else 1 / (1 + e)


def _square(z: arb) -> arb:
    """Return ``z²`` without its negative part, also for wide balls."""
    return (z * z).max(arb(0))
