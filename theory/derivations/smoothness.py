r"""Deriving the smoothness of an activation and the zeros of its derivative from its expression.

Each function here works from ``activation.expression`` alone and returns a `Property` of its own; the test-suite compares these with the
records. `DerivationError` is raised when no argument applies: nothing is ever guessed. Ranges are derived in `theory.derivations_range`,
rationality in `theory.derivations_rational`, errors in `theory.derivations_errors`.

The expressions may hold ``Abs(z)`` and pieces that meet at ``z = 0``; there the two *branches* ``σ(-t)`` and ``σ(t)``, ``t > 0``, are
studied apart.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import sympy

from lossproof.theory.exceptions import LossproofError
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.properties import Property

Z = sympy.Symbol("z", real=True)
POSITIVE = sympy.Symbol("t", positive=True)
_ENTIRE_ON_R = (sympy.exp, sympy.sin, sympy.cos, sympy.tanh, sympy.atan, sympy.erf)
_PROBES = (-2, -1, 0, 1, 2)


class DerivationError(LossproofError):
    """No argument known here decides the property."""


def branches(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """Return ``σ(-t)`` and ``σ(t)`` as expressions in a positive symbol ``t``, free of ``Abs`` and ``Piecewise``."""
    left, right = expression.subs(Z, -POSITIVE), expression.subs(Z, POSITIVE)
    if left.has(sympy.Abs, sympy.Piecewise) or right.has(sympy.Abs, sympy.Piecewise):
        raise DerivationError(f"{expression} must consist of one expression for z < 0 and one for z > 0: add a rule for its other pieces")
    return left, right


def one_sided_limits(expression: sympy.Expr, order: int) -> tuple[sympy.Expr, sympy.Expr]:
    """Return the limits at 0 from the left and the right of the derivative of this order."""
    left, right = branches(expression)
    from_left = sympy.limit((-1) ** order * sympy.diff(left, POSITIVE, order), POSITIVE, 0, "+")
    return from_left, sympy.limit(sympy.diff(right, POSITIVE, order), POSITIVE, 0, "+")


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


def _has_pieces(expression: sympy.Expr) -> bool:
    return bool(expression.has(sympy.Abs, sympy.Piecewise))


def _smooth_up_to(activation: Activation, order: int) -> int:
    """Return the first order ``≤ order`` whose one-sided limits at 0 differ, or ``order + 1``; both branches must be analytic."""
    left, right = branches(activation.expression)
    if not (is_analytic_on_reals(left) and is_analytic_on_reals(right)):
        raise DerivationError(f"the branches of {activation.name} must be analytic: extend is_analytic_on_reals")
    for k in range(order + 1):
        from_left, from_right = one_sided_limits(activation.expression, k)
        if sympy.simplify(from_left - from_right) != 0:
            return k
    return order + 1


def derive_analytic(activation: Activation) -> Property:
    """Decide whether ``σ`` is real-analytic on R.

    Proof of yes: a composition of real-analytic functions (exp, sin, tanh, arctan, erf, sums, products, powers), with logarithms and
    roots of positive and quotients by non-zero arguments only. Proof of no: a derivative up to the second has different one-sided limits
    at 0.
    """
    expression = activation.expression
    if not _has_pieces(expression):
        if is_analytic_on_reals(expression):
            return Property(True, "a composition of real-analytic functions without pole or branch point on R")
        raise DerivationError(f"no argument shows that {activation.name} is analytic: extend is_analytic_on_reals")
    order = _smooth_up_to(activation, 2)
    if order > 2:
        raise DerivationError(f"the branches of {activation.name} agree at 0 to the second order: compare higher derivatives")
    return Property(False, f"the derivative of order {order} has different one-sided limits at 0", (Fraction(0),))


def derive_differentiable(activation: Activation, order: int = 1) -> Property:
    """Decide whether ``σ`` is differentiable ``order`` times at every real ``z``.

    Away from 0 the branches are analytic. At 0 the one-sided limits of all derivatives up to the order agree, which is enough by the mean
    value theorem; or those of some order differ while the lower ones agree, and then that derivative does not exist at 0.
    """
    if not _has_pieces(activation.expression) and is_analytic_on_reals(activation.expression):
        return Property(True, "real-analytic functions have derivatives of all orders")
    failing = _smooth_up_to(activation, order)
    if failing > order:
        return Property(True, f"analytic away from 0, and the one-sided limits at 0 agree up to order {order}")
    return Property(False, f"the one-sided limits at 0 of the derivative of order {failing} differ", (Fraction(0),))


def derive_twice_differentiable(activation: Activation) -> Property:
    """Decide whether ``σ`` is twice differentiable at every real ``z``; see `derive_differentiable`."""
    return derive_differentiable(activation, order=2)


def derivative_at(activation: Activation, point: Fraction) -> sympy.Expr | None:
    """Return ``σ'(point)`` exactly, or None where it does not exist."""
    z = sympy.Rational(point.numerator, point.denominator)
    if z == 0:
        from_left, from_right = one_sided_limits(activation.expression, 1)
        return from_left if sympy.simplify(from_left - from_right) == 0 else None
    left, right = branches(activation.expression)
    slope = -sympy.diff(left, POSITIVE) if z < 0 else sympy.diff(right, POSITIVE)
    return slope.subs(POSITIVE, abs(z))


def derive_nonvanishing_derivative(activation: Activation) -> Property:
    """Decide whether ``σ'(z)`` exists and is not 0 at every real ``z``.

    Proof of yes: on both branches the simplified derivative is visibly positive, or increases from a limit that is not negative; and so
    it is at 0. Proof of no: a point where it is 0 or does not exist, or two points between which it changes its sign, being continuous.
    """
    values = {point: derivative_at(activation, Fraction(point)) for point in _PROBES}
    for point, value in values.items():
        if value is None:
            return Property(False, f"σ'({point}) does not exist", (Fraction(point),))
        if value == 0:
            return Property(False, f"σ'({point}) = 0", (Fraction(point),))
    if derive_differentiable(activation).holds and _derivative_is_positive(activation):
        return Property(True, "σ' exists and is positive on both branches and at 0")
    for first, second in pairwise(_PROBES):
        a, b = values[first], values[second]
        if derive_analytic(activation).holds and a is not None and b is not None and (a * b).is_negative:
            return Property(
                False, f"σ' is continuous and changes its sign between {first} and {second}", (Fraction(first), Fraction(second))
            )
    raise DerivationError(f"no argument decides whether the derivative of {activation.name} vanishes: add one")


def _derivative_is_positive(activation: Activation) -> bool:
    expression = activation.expression
    if not _has_pieces(expression):
        derivative = sympy.simplify(sympy.diff(expression, Z))
        return bool(derivative.is_positive) or _increases_from_nonnegative(derivative)
    left, right = branches(expression)
    at_zero = derivative_at(activation, Fraction(0))
    slopes = (sympy.simplify(-sympy.diff(left, POSITIVE)), sympy.simplify(sympy.diff(right, POSITIVE)))
    return at_zero is not None and bool(at_zero.is_positive) and all(bool(slope.is_positive) for slope in slopes)


def _increases_from_nonnegative(function: sympy.Expr) -> bool:
    slope = sympy.simplify(sympy.diff(function, Z))
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


def derive_reflection(activation: Activation) -> tuple[int, int, int] | None:
    r"""Return the integers ``(a, b, c)`` with ``σ(-z) = a σ(z) + b z + c`` for all ``z``, or None when there are none.

    Applying the identity twice gives ``(1 − a²) σ(z) = b(a − 1) z + c(a + 1)``. So a ``σ`` that is not affine has either ``a = −1``, ``b
    = 0`` and ``c = 2σ(0)``, or ``a = 1``, ``c = 0`` and ``b = σ(−1) − σ(1)``: two candidates, each checked symbolically. For affine ``σ``
    the first one holds.
    """
    left, right = branches(activation.expression)
    c = sympy.simplify(2 * one_sided_limits(activation.expression, 0)[1])
    b = sympy.simplify((left - right).subs(POSITIVE, 1).rewrite(sympy.exp))
    for candidate, residual in (((-1, 0, c), left + right - c), ((1, b, 0), left - right - b * POSITIVE)):
        if all(sympy.sympify(x).is_Integer for x in candidate) and _is_identically_zero(residual):
            return int(candidate[0]), int(candidate[1]), int(candidate[2])
    return None


def _is_identically_zero(residual: sympy.Expr) -> bool:
    """Decide by simplification whether an expression in ``t > 0`` is 0 for all ``t``; a non-zero value at 1 or 2 decides no."""
    if sympy.simplify(residual.rewrite(sympy.exp)) == 0 or sympy.simplify(residual) == 0:
        return True
    if any(residual.subs(POSITIVE, point).is_nonzero for point in (1, 2)):
        return False
    raise DerivationError(f"SymPy decides neither that {residual} is 0 nor that it is not: simplify it by hand")
