"""Deriving the closed forms of an activation: reflections, affine pieces, the degree of a power, the logistic function."""

from __future__ import annotations

from fractions import Fraction

import sympy

from lossproof.theory.derivations.pieces import POSITIVE, DerivationError, Z, breakpoints, pieces, rational, value_at
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.forms import AffinePiece, Logistic


def derive_reflection(activation: Activation) -> tuple[int, int, int] | None:
    r"""Return the integers ``(a, b, c)`` with ``σ(-z) = a σ(z) + b z + c`` for all ``z``, or None when there are none.

    Applying the identity twice gives ``(1 − a²) σ(z) = b(a − 1) z + c(a + 1)``. So a ``σ`` that is not affine has either ``a = −1``, ``b
    = 0`` and ``c = 2σ(0)``, or ``a = 1``, ``c = 0`` and ``b = σ(−1) − σ(1)``: two candidates, each checked symbolically. For affine ``σ``
    the first one holds. Both sides are compared for ``z > 0``, between the absolute values of the breakpoints.
    """
    expression = activation.expression
    c = sympy.simplify(2 * value_at(expression, Fraction(0)))
    b = sympy.simplify((value_at(expression, Fraction(-1)) - value_at(expression, Fraction(1))).rewrite(sympy.exp))
    pairs = _mirrored_pairs(expression)
    for constants in ((-1, sympy.S.Zero, c), (1, b, sympy.S.Zero)):
        whole = all(sympy.sympify(x).is_Integer for x in constants)
        if whole and all(_is_identically_zero(_residual(pair, constants)) for pair in pairs):
            return int(constants[0]), int(constants[1]), int(constants[2])
    return None


def _mirrored_pairs(expression: sympy.Expr) -> list[tuple[Fraction, sympy.Expr, sympy.Expr]]:
    """Return ``(p, σ(−z), σ(z))`` for each interval ``(p, q)`` of positive z in which neither z nor ``−z`` meets a breakpoint."""
    found, points = pieces(expression), sorted({abs(point) for point in breakpoints(expression)} | {Fraction(0)})
    pairs = []
    for lower, upper in zip(points, (*points[1:], points[-1] + 2), strict=True):
        sample = (lower + upper) / 2
        left = next(piece for piece in found if piece.contains(-sample))
        right = next(piece for piece in found if piece.contains(sample))
        pairs.append((lower, left.expression.subs(Z, -Z), right.expression))
    return pairs


def _residual(pair: tuple[Fraction, sympy.Expr, sympy.Expr], constants: tuple[int, sympy.Expr, sympy.Expr]) -> sympy.Expr:
    """Return ``σ(−z) − a σ(z) − b z − c`` at ``z = p + t``."""
    (p, left, right), (a, b, c) = pair, constants
    return (left - a * right - b * Z - c).subs(Z, rational(p) + POSITIVE)


def derive_affine_pieces(activation: Activation) -> tuple[AffinePiece, ...]:
    """Return the open intervals on which ``σ`` is affine, in order: the pieces with ``σ'' = 0``.

    They are as large as they can be: a piece that is not affine is analytic, so affine on no interval, and two neighbours follow different lines.
    """
    found: list[AffinePiece] = []
    for piece in pieces(activation.expression):
        if sympy.simplify(sympy.diff(piece.expression, Z, 2)) != 0:
            continue
        slope, intercept = sympy.diff(piece.expression, Z), piece.expression.subs(Z, 0)
        line = AffinePiece(piece.lower, piece.upper, Fraction(int(slope.p), int(slope.q)), Fraction(int(intercept.p), int(intercept.q)))
        if found and found[-1].upper == line.lower and (found[-1].slope, found[-1].intercept) == (line.slope, line.intercept):
            raise DerivationError(f"two pieces of {activation.name} follow one line: write them as one")
        found.append(line)
    return tuple(found)


def derive_degree(activation: Activation) -> int | None:
    """Return ``k`` with ``σ(z) = z^k`` identically, or None."""
    expression = activation.expression
    if breakpoints(expression) or not expression.is_polynomial(Z):
        return None
    k = int(sympy.degree(expression, Z))
    return k if sympy.expand(expression - Z**k) == 0 else None


def is_logistic(activation: Activation, form: Logistic) -> bool:
    """Tell whether ``σ(z) = low + k/(1 + e^{−kz})`` identically, with ``k = high − low``."""
    k = form.rate
    residual = activation.expression - form.low - k / (1 + sympy.exp(-k * Z))
    at_one = residual.subs(Z, 1)
    return not (at_one.is_positive or at_one.is_negative) and bool(sympy.simplify(residual.rewrite(sympy.exp)) == 0)


def _is_identically_zero(residual: sympy.Expr) -> bool:
    """Decide by simplification whether an expression in ``t > 0`` is 0 for all ``t``; a non-zero value at 1 or 2 decides no."""
    if sympy.simplify(residual.rewrite(sympy.exp)) == 0 or sympy.simplify(residual) == 0:
        return True
    if any(residual.subs(POSITIVE, point).is_nonzero for point in (1, 2)):
        return False
    raise DerivationError(f"SymPy decides neither that {residual} is 0 nor that it is not: simplify it by hand")
