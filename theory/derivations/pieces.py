r"""The pieces of an expression: between its breakpoints it is one expression without ``Abs`` and ``Piecewise``.

Breakpoints are the zeros of the arguments of ``Abs`` and the ends that the conditions of ``Piecewise`` name. For proofs a piece is written in a positive
symbol ``t``, as ``σ(p + t)`` right of a breakpoint ``p``, and as ``σ(p − t)`` left of the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy

from lossproof.theory.exceptions import LossproofError

Z = sympy.Symbol("z", real=True)
POSITIVE = sympy.Symbol("t", positive=True)


class DerivationError(LossproofError):
    """No argument known here decides the property."""


@dataclass(frozen=True)
class Piece:
    """An open interval between neighbouring breakpoints (``None``: infinite), and the expression in ``z`` that holds there, and by continuity at its ends."""

    lower: Fraction | None
    upper: Fraction | None
    expression: sympy.Expr

    @property
    def outward(self) -> sympy.Expr:
        """The expression in ``t > 0``: at ``z = lower + t``, at ``z = upper − t`` where there is no lower end, and at ``z = t`` where there is neither."""
        if self.lower is not None:
            return self.expression.subs(Z, rational(self.lower) + POSITIVE)
        return self.expression.subs(Z, POSITIVE if self.upper is None else rational(self.upper) - POSITIVE)

    @property
    def slope(self) -> sympy.Expr:
        """``σ'`` in ``z``."""
        return sympy.diff(self.expression, Z)

    def contains(self, point: Fraction) -> bool:
        """Tell whether a point lies in the open interval."""
        return (self.lower is None or point > self.lower) and (self.upper is None or point < self.upper)


def rational(value: Fraction) -> sympy.Rational:
    """Return a fraction as a SymPy number."""
    return sympy.Rational(value.numerator, value.denominator)


def breakpoints(expression: sympy.Expr) -> tuple[Fraction, ...]:
    """Return the points, in order, where the expression may pass from one piece to another.

    >>> breakpoints(sympy.Piecewise((-1, Z < -1), (1, Z > 1), (Z, True)))
    (Fraction(-1, 1), Fraction(1, 1))
    """
    bounds = [absolute.args[0] for absolute in expression.atoms(sympy.Abs)]
    for piecewise in expression.atoms(sympy.Piecewise):
        for _, condition in piecewise.args:
            bounds += [relation.lhs - relation.rhs for relation in condition.atoms(sympy.core.relational.Relational)]
    return tuple(sorted({_root(bound) for bound in bounds}))


def _root(bound: sympy.Expr) -> Fraction:
    if not bound.is_polynomial(Z) or sympy.degree(bound, Z) != 1:
        raise DerivationError(f"the pieces of an expression must change where something linear in z is 0, got {bound}: add a rule for it")
    root = sympy.solve(bound, Z)[0]
    if not root.is_Rational:
        raise DerivationError(f"a piece must end at a rational point, got {root}: add a rule for it")
    return Fraction(int(root.p), int(root.q))


def pieces(expression: sympy.Expr) -> list[Piece]:
    """Return the pieces in order.

    >>> [(piece.lower, piece.expression) for piece in pieces(sympy.Abs(Z))]
    [(None, -z), (Fraction(0, 1), z)]
    """
    points = breakpoints(expression)
    if not points:
        return [Piece(None, None, expression)]
    found = []
    for lower, upper in zip((None, *points), (*points, None), strict=True):
        found.append(Piece(lower, upper, _resolved(expression, rational(_inside(lower, upper)))))
    return found


def _inside(lower: Fraction | None, upper: Fraction | None) -> Fraction:
    """Return a point of an open interval."""
    if lower is None:
        return Fraction(0) if upper is None else upper - 1
    return lower + 1 if upper is None else (lower + upper) / 2


def _resolved(expression: sympy.Expr, sample: sympy.Rational) -> sympy.Expr:
    """Return the expression with every ``Abs`` and ``Piecewise`` replaced by what it is at the sample, and so on its piece."""
    if isinstance(expression, sympy.Piecewise):
        chosen = next(value for value, condition in expression.args if condition.subs(Z, sample) == sympy.true)
        return _resolved(chosen, sample)
    if isinstance(expression, sympy.Abs):
        inner = _resolved(expression.args[0], sample)
        return inner if inner.subs(Z, sample).is_positive else -inner
    if not expression.args:
        return expression
    return expression.func(*(_resolved(argument, sample) for argument in expression.args))


def branches(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """Return ``σ(-t)`` and ``σ(t)`` as expressions in a positive symbol ``t``; raises `DerivationError` if ``σ`` has a breakpoint other than 0."""
    if not set(breakpoints(expression)) <= {0}:
        raise DerivationError(f"{expression} must consist of one expression for z < 0 and one for z > 0: study its pieces instead")
    found = pieces(expression)
    return found[0].expression.subs(Z, -POSITIVE), found[-1].expression.subs(Z, POSITIVE)


@lru_cache(maxsize=64)
def ends(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """Return the limits at ``−∞`` and ``∞``."""
    found = pieces(expression)
    left, right = found[0].expression.subs(Z, -POSITIVE), found[-1].expression.subs(Z, POSITIVE)
    return sympy.limit(left, POSITIVE, sympy.oo), sympy.limit(right, POSITIVE, sympy.oo)


def one_sided_limits(expression: sympy.Expr, order: int, point: Fraction = Fraction(0)) -> tuple[sympy.Expr, sympy.Expr]:
    """Return the limits at a point from the left and the right of the derivative of this order.

    >>> one_sided_limits(sympy.Abs(Z), 1)
    (-1, 1)
    """
    found, p = pieces(expression), rational(point)
    left = next(piece for piece in found if piece.upper is None or piece.upper >= point).expression.subs(Z, p - POSITIVE)
    right = next(piece for piece in reversed(found) if piece.lower is None or piece.lower <= point).expression.subs(Z, p + POSITIVE)
    from_left = sympy.limit((-1) ** order * sympy.diff(left, POSITIVE, order), POSITIVE, 0, "+")
    return from_left, sympy.limit(sympy.diff(right, POSITIVE, order), POSITIVE, 0, "+")


def value_at(expression: sympy.Expr, point: Fraction) -> sympy.Expr:
    """Return the value at a point exactly."""
    return next(piece for piece in pieces(expression) if piece.upper is None or piece.upper >= point).expression.subs(Z, rational(point))
