r"""Deriving whether an activation has rational values and slopes at rational points.

A number is shown to be irrational by one of three arguments: it is a non-constant rational function of ``e^r`` (``r ≠ 0`` rational) or of
``e^i``, which are transcendental (Lindemann); it is one of ``√π`` (Lindemann again); or it is algebraic with a minimal polynomial of
degree above 1.
"""

from __future__ import annotations

from fractions import Fraction

import sympy

from lossproof.theory.derivations.pieces import POSITIVE, DerivationError, Z, breakpoints, one_sided_limits, pieces, value_at
from lossproof.theory.derivations.smoothness import derive_differentiable
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.properties import Property

_U = sympy.Symbol("u", positive=True)


def derive_rational(activation: Activation) -> Property:
    """Decide whether ``σ(z)`` and ``σ'(z)`` are rational for all rational ``z`` where they exist.

    Proof of yes: all pieces are rational functions with rational coefficients, and so are the values where they meet. Proof of no: a value or a
    slope at a rational point that is irrational; or two points where values and slopes cannot all be rational.
    """
    expression = activation.expression
    rational_between = all(_is_rational_function(piece.expression) for piece in pieces(expression))
    if rational_between and all(value_at(expression, point).is_rational for point in breakpoints(expression)):
        return Property(True, "all pieces are rational functions with rational coefficients")
    for place, number in _numbers_at_rational_points(activation):
        reason = irrationality(number)
        if reason:
            return Property(False, f"{place} = {number} is {reason}")
    return _excess_slope(activation)


def _is_rational_function(expression: sympy.Expr) -> bool:
    if not expression.is_rational_function(Z):
        return False
    parts = sympy.fraction(sympy.together(expression))
    return all(coefficient.is_rational for part in parts for coefficient in sympy.Poly(part, Z).coeffs())


def _numbers_at_rational_points(activation: Activation) -> list[tuple[str, sympy.Expr]]:
    numbers = []
    for point in (1, -1):
        for piece in pieces(activation.expression):
            if piece.contains(Fraction(point)):
                numbers += [(f"σ({point})", piece.expression.subs(Z, point)), (f"σ'({point})", piece.slope.subs(Z, point))]
    if derive_differentiable(activation).holds:
        numbers.append(("σ'(0)", one_sided_limits(activation.expression, 1)[1]))
    return numbers


def irrationality(number: sympy.Expr) -> str:
    """Return why an exact real number is irrational, or an empty string if none of the three arguments shows it.

    >>> irrationality(1 / (1 + sympy.exp(-1)))
    'a non-constant rational function of a power of e, which is transcendental'
    >>> irrationality(sympy.sqrt(2) / 2)
    'algebraic of degree 2'
    >>> irrationality(sympy.Rational(1, 3)), irrationality(sympy.erf(1))
    ('', '')
    """
    if number.is_algebraic:
        degree = sympy.degree(sympy.minimal_polynomial(number, _U), _U)
        return f"algebraic of degree {degree}" if degree > 1 else ""
    for constant, replaced in _replacements(number.rewrite(sympy.exp)):
        variable = sympy.together(replaced)
        function_of_it = variable.is_rational_function(_U) and variable.free_symbols == {_U} and _has_algebraic_coefficients(variable)
        if function_of_it and sympy.simplify(sympy.diff(variable, _U)) != 0:
            return f"a non-constant rational function of {constant}, which is transcendental"
    return ""


def _replacements(number: sympy.Expr) -> list[tuple[str, sympy.Expr]]:
    """Write the number as a function of ``u``, for ``u = e^{1/D}``, ``u = e^{i/D}`` and ``u = √π``."""
    exponents = [atom.args[0] for atom in number.atoms(sympy.exp)] + [sympy.S.One] * number.has(sympy.E)
    found = [("√π", number.subs(sympy.pi, _U**2))]
    for name, unit in (("a power of e", sympy.S.One), ("e^i", sympy.I)):
        multiples = [exponent / unit for exponent in exponents]
        if multiples and all(multiple.is_Rational for multiple in multiples):
            denominator = sympy.ilcm(1, *(multiple.q for multiple in multiples))
            table = {sympy.exp(exponent): _U ** (multiple * denominator) for exponent, multiple in zip(exponents, multiples, strict=True)}
            found.append((name, number.xreplace(table)))
    return found


def _has_algebraic_coefficients(function: sympy.Expr) -> bool:
    parts = sympy.fraction(function)
    return all(coefficient.is_algebraic for part in parts for coefficient in sympy.Poly(sympy.expand(part), _U).coeffs())


def _excess_slope(activation: Activation) -> Property:
    r"""Refute rationality by ``h(z) = σ'(z) − σ(z)/z``: were all values rational, so would be ``h(2)/h(1)``."""
    right = pieces(activation.expression)[-1].expression.subs(Z, POSITIVE)
    excess = sympy.simplify(sympy.diff(right, POSITIVE) - right / POSITIVE)
    ratio = sympy.simplify(excess.subs(POSITIVE, 2) / excess.subs(POSITIVE, 1))
    reason = irrationality(ratio)
    if not reason:
        raise DerivationError(f"no argument decides whether {activation.name} is rational at rational points: add one")
    return Property(False, f"with h(z) = σ'(z) − σ(z)/z the number h(2)/h(1) = {ratio} is {reason}")
