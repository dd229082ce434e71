r"""Deriving the smoothness of an activation and the zeros of its derivative from its expression.

Each function here works from ``activation.expression`` alone and returns a `Property` of its own; the test-suite compares these with the
records. `DerivationError` is raised when no argument applies: nothing is ever guessed. Monotony and growth are derived in
`theory.derivations.growth`, closed forms and reflections in `theory.derivations.forms`, ranges in `theory.derivations.ranges`, rationality in
`theory.derivations.rational`, errors in `theory.derivations.errors`.

The expressions may hold ``Abs`` and ``Piecewise`` that change at rational breakpoints; their pieces are studied apart (`theory.derivations.pieces`).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import sympy

from lossproof.theory.derivations.pieces import (
    POSITIVE,
    DerivationError,
    Piece,
    Z,
    breakpoints,
    one_sided_limits,
    pieces,
    rational,
)
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.properties import Property

_ENTIRE_ON_R = (sympy.exp, sympy.sin, sympy.cos, sympy.tanh, sympy.atan, sympy.erf)
_PROBES = (-8, -4, -2, -1, 0, 1, 2)


def is_analytic_on_reals(expression: sympy.Expr) -> bool:
    """Tell whether the expression is visibly a composition of real-analytic functions without a pole or branch point on R.

    False means that this was not seen, not that it fails.
    """
    if expression.is_Symbol or expression.is_number:
        return True
    if not all(is_analytic_on_reals(argument) for argument in expression.args):
        return False
    if expression.is_Add or expression.is_Mul or isinstance(expression, _ENTIRE_ON_R):
        return True
    if isinstance(expression, sympy.log):
        return bool(expression.args[0].is_positive)
    if expression.is_Pow:
        base, exponent = expression.args
        if exponent.is_Integer:
            return bool(exponent >= 0 or base.is_nonzero)
        return bool(exponent.is_Rational and base.is_positive)
    return False


def _failing_order(activation: Activation, point: Fraction, most: int) -> int:
    """Return the first order ``≤ most`` whose one-sided limits at a breakpoint differ, or ``most + 1``; all pieces must be analytic."""
    for k in range(most + 1):
        from_left, from_right = one_sided_limits(activation.expression, k, point)
        if sympy.simplify(from_left - from_right) != 0:
            return k
    return most + 1


def _check_pieces(activation: Activation) -> None:
    if not all(is_analytic_on_reals(piece.outward) for piece in pieces(activation.expression)):
        raise DerivationError(f"the pieces of {activation.name} must be analytic: extend is_analytic_on_reals")


def derive_analytic(activation: Activation) -> Property:
    """Decide whether ``σ`` is real-analytic on R.

    Proof of yes: a composition of real-analytic functions (exp, sin, tanh, arctan, erf, sums, products, powers), with logarithms and
    roots of positive and quotients by non-zero arguments only. Proof of no: a derivative up to the second has different one-sided limits
    at every breakpoint.
    """
    points = breakpoints(activation.expression)
    if not points:
        if is_analytic_on_reals(activation.expression):
            return Property(True, "a composition of real-analytic functions without pole or branch point on R")
        raise DerivationError(f"no argument shows that {activation.name} is analytic: extend is_analytic_on_reals")
    _check_pieces(activation)
    orders = [_failing_order(activation, point, 2) for point in points]
    if max(orders) > 2:
        raise DerivationError(f"the pieces of {activation.name} agree at a breakpoint to the second order: compare higher derivatives")
    return Property(False, f"the derivatives of the orders {orders} have different one-sided limits at the breakpoints", points)


def derive_differentiable(activation: Activation, order: int = 1) -> Property:
    """Decide whether ``σ`` is differentiable ``order`` times at every real ``z``; where it is not, all exceptions are the witness.

    Away from the breakpoints the pieces are analytic. At a breakpoint the one-sided limits of all derivatives up to the order agree, which is
    enough by the mean value theorem; or those of some order differ while the lower ones agree, and then that derivative does not exist there.
    """
    points = breakpoints(activation.expression)
    if not points and is_analytic_on_reals(activation.expression):
        return Property(True, "real-analytic functions have derivatives of all orders")
    _check_pieces(activation)
    failing = tuple(point for point in points if _failing_order(activation, point, order) <= order)
    if not failing:
        return Property(True, f"analytic away from the breakpoints, where the one-sided limits agree up to order {order}")
    return Property(False, f"the one-sided limits of a derivative up to order {order} differ", failing)


def derive_twice_differentiable(activation: Activation) -> Property:
    """Decide whether ``σ`` is twice differentiable at every real ``z``; see `derive_differentiable`."""
    return derive_differentiable(activation, order=2)


def derivative_at(activation: Activation, point: Fraction) -> sympy.Expr | None:
    """Return ``σ'(point)`` exactly, or None where it does not exist."""
    if point in breakpoints(activation.expression):
        from_left, from_right = one_sided_limits(activation.expression, 1, point)
        return from_left if sympy.simplify(from_left - from_right) == 0 else None
    inside = next(piece for piece in pieces(activation.expression) if piece.contains(point))
    return inside.slope.subs(Z, rational(point))


@lru_cache(maxsize=64)
def derive_nonvanishing_derivative(activation: Activation) -> Property:
    """Decide whether ``σ'(z)`` exists and is not 0 at every real ``z``.

    Proof of yes: on every piece the simplified derivative is visibly positive, or increases from a limit that is not negative; and so
    it is at the breakpoints. Proof of no: a point where it is 0 or does not exist, or two points between which it changes its sign, being continuous.
    """
    values = {point: derivative_at(activation, Fraction(point)) for point in _PROBES}
    for point, value in values.items():
        if value is None:
            return Property(False, f"σ'({point}) does not exist", (Fraction(point),))
        if value == 0:
            return Property(False, f"σ'({point}) = 0", (Fraction(point),))
    if derive_differentiable(activation).holds and derivative_is_positive(activation):
        return Property(True, "σ' exists and is positive on every piece and at the breakpoints")
    for first, second in pairwise(_PROBES):
        a, b = values[first], values[second]
        if derive_analytic(activation).holds and a is not None and b is not None and (a * b).is_negative:
            return Property(
                False, f"σ' is continuous and changes its sign between {first} and {second}", (Fraction(first), Fraction(second))
            )
    raise DerivationError(f"no argument decides whether the derivative of {activation.name} vanishes: add one")


@lru_cache(maxsize=64)
def derivative_is_positive(activation: Activation) -> bool:
    """Tell whether ``σ' > 0`` is seen on every piece and at the breakpoints; False means that it was not."""
    found = pieces(activation.expression)
    if len(found) == 1:
        derivative = sympy.simplify(found[0].slope)
        return bool(derivative.is_positive) or _increases_from_nonnegative(derivative)
    at_breakpoints = [derivative_at(activation, point) for point in breakpoints(activation.expression)]
    slopes = [sympy.simplify(outward_slope(piece)) for piece in found]
    return all(value is not None and bool(value.is_positive) for value in at_breakpoints) and all(
        bool(slope.is_positive) for slope in slopes
    )


def outward_slope(piece: Piece) -> sympy.Expr:
    """Return ``σ'`` on a piece in the positive symbol ``t`` of `Piece.outward`."""
    falling = piece.lower is None and piece.upper is not None
    return (-1 if falling else 1) * sympy.diff(piece.outward, POSITIVE)


def _increases_from_nonnegative(function: sympy.Expr) -> bool:
    rate = sympy.diff(function, Z)
    if any(rate.subs(Z, point).is_negative for point in _PROBES):
        return False
    slope = sympy.simplify(rate)
    return bool(slope.is_positive) and bool(sympy.limit(function, Z, -sympy.oo).is_nonnegative)


def is_witness_of_vanishing(activation: Activation, witness: tuple[Fraction, ...]) -> bool:
    """Tell whether a record's witness refutes ``σ' ≠ 0 everywhere``.

    One point: ``σ'`` is exactly 0 or does not exist there. Two points: ``σ'`` is continuous and has opposite signs there.
    """
    values = [derivative_at(activation, point) for point in witness]
    if len(values) == 1:
        return values[0] is None or bool(sympy.simplify(values[0]) == 0)
    if len(values) != 2 or values[0] is None or values[1] is None:
        return False
    return derive_analytic(activation).holds and bool((values[0] * values[1]).is_negative)
