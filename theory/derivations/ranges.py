r"""Deriving the range of an activation from its expression.

The result names infimum and supremum, exactly or between two exact numbers, and whether they are attained. By continuity every value
strictly between them is taken (intermediate value theorem).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy

from lossproof.theory.derivations.pieces import (
    POSITIVE,
    DerivationError,
    Z,
    branches,
    breakpoints,
    ends,
    one_sided_limits,
    pieces,
    rational,
    value_at,
)
from lossproof.theory.derivations.smoothness import derive_nonvanishing_derivative, is_analytic_on_reals
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.properties import Interval

_GRID, _FINE_GRID = Fraction(1, 4096), Fraction(1, 2**24)


@dataclass(frozen=True)
class DerivedRange:
    """Infimum and supremum of the values of an activation.

    ``infimum`` and ``supremum`` are pairs of extended real SymPy numbers that enclose them, equal where they are known exactly;
    ``argument`` is the proof in a sentence.
    """

    infimum: tuple[sympy.Expr, sympy.Expr]
    supremum: tuple[sympy.Expr, sympy.Expr]
    infimum_attained: bool
    supremum_attained: bool
    argument: str


@lru_cache(maxsize=64)
def derive_range(activation: Activation) -> DerivedRange:
    """Derive the range of ``σ`` by the first argument that applies; raises `DerivationError` when none does.

    - the limits at ``±∞`` are infinite of opposite signs, so every real value is taken;
    - ``σ'`` vanishes nowhere, so ``σ`` is strictly monotone and its range is the open interval between the limits;
    - ``σ ≥ 0 = σ(0)`` with an infinite limit;
    - ``σ² + σ'² = 1`` and both ``1`` and ``−1`` are values;
    - affine on every piece, and bounded: the extrema are values at breakpoints;
    - a gate, see `_gate`; a valley, see `_valley`.
    """
    for argument in (_all_reals, _monotone, _half_line, _oscillation, _polygon, _gate, _valley):
        found = argument(activation)
        if found is not None:
            return found
    raise DerivationError(f"no argument derives the range of {activation.name}: add one")


def _exactly(low: sympy.Expr, high: sympy.Expr, low_attained: bool, high_attained: bool, argument: str) -> DerivedRange:
    return DerivedRange((low, low), (high, high), low_attained, high_attained, argument)


def _all_reals(activation: Activation) -> DerivedRange | None:
    if set(ends(activation.expression)) != {-sympy.oo, sympy.oo}:
        return None
    return _exactly(-sympy.oo, sympy.oo, False, False, "continuous, with limits −∞ and ∞")


def _monotone(activation: Activation) -> DerivedRange | None:
    low, high = ends(activation.expression)
    if not derive_nonvanishing_derivative(activation).holds or low == high:
        return None
    if (high - low).is_negative:
        low, high = high, low
    return _exactly(low, high, False, False, "strictly monotone, as σ' vanishes nowhere: the open interval between the limits")


def _half_line(activation: Activation) -> DerivedRange | None:
    if not set(breakpoints(activation.expression)) <= {0}:
        return None
    at_zero = one_sided_limits(activation.expression, 0)
    nonnegative = all(bool(branch.is_nonnegative) for branch in branches(activation.expression))
    if not nonnegative or at_zero != (0, 0) or sympy.oo not in ends(activation.expression):
        return None
    return _exactly(sympy.S.Zero, sympy.oo, True, False, "σ ≥ 0 = σ(0), with an infinite limit")


def _oscillation(activation: Activation) -> DerivedRange | None:
    expression = activation.expression
    if not is_analytic_on_reals(expression) or {expression.subs(Z, sympy.pi / 2), expression.subs(Z, -sympy.pi / 2)} != {-1, 1}:
        return None
    if sympy.simplify(expression**2 + sympy.diff(expression, Z) ** 2) != 1:
        return None
    return _exactly(-sympy.S.One, sympy.S.One, True, True, "σ² + σ'² = 1, and the values at ±π/2 are ±1")


def _polygon(activation: Activation) -> DerivedRange | None:
    points, limits = breakpoints(activation.expression), ends(activation.expression)
    affine = all(sympy.diff(piece.expression, Z, 2) == 0 for piece in pieces(activation.expression))
    if not points or not affine or not all(limit.is_finite for limit in limits):
        return None
    values = [value_at(activation.expression, point) for point in points]
    return _exactly(min(values), max(values), True, True, "affine between the breakpoints and constant beyond them")


def _gate(activation: Activation) -> DerivedRange | None:
    r"""Derive the range of ``σ = z g`` with a gate ``g`` that rises from 0, and an infinite limit at ``∞``.

    Argument: ``σ' = g + z g' = g' q`` with ``q = z + g/g'``. If ``g' > 0`` and ``g → 0`` at ``−∞``, then ``g > 0``. If ``q`` increases from ``−∞`` to
    ``∞``, it has one zero ``z_0``, negative as ``q(0) > 0``; so ``σ`` falls before ``z_0`` and rises after it, and ``σ(z_0)`` is the minimum. For ``a < z_0 <
    b < 0`` it lies above ``a g(b)``, as ``z_0 > a`` and ``0 < g(z_0) < g(b)``, and below ``σ(b)``.
    """
    expression = activation.expression
    if not is_analytic_on_reals(expression) or sympy.limit(expression, Z, sympy.oo) != sympy.oo:
        return None
    gate = sympy.simplify((expression / Z).rewrite(sympy.exp))
    slope = sympy.simplify(sympy.diff(gate, Z))
    rises = is_analytic_on_reals(gate) and (slope.is_positive or sympy.factor(slope).is_positive) and sympy.limit(gate, Z, -sympy.oo) == 0
    if not rises:
        return None
    q = Z + sympy.simplify(gate / slope)
    ends_of_q = (sympy.limit(q, Z, -sympy.oo), sympy.limit(q, Z, sympy.oo))
    if not sympy.simplify(sympy.diff(q, Z)).is_positive or ends_of_q != (-sympy.oo, sympy.oo):
        return None
    a, b = _bracket(q, _FINE_GRID)
    least = (a * gate.subs(Z, b), expression.subs(Z, b))
    return DerivedRange(least, (sympy.oo, sympy.oo), True, False, "a gate times z: one minimum, at a negative z")


def _valley(activation: Activation) -> DerivedRange | None:
    r"""Derive the range of a ``σ`` with one minimum at a negative ``z`` and an infinite limit at ``∞``.

    Argument: ``σ'' = p q`` with ``p > 0`` and ``q = 2 − z²`` even, falling for ``z > 0`` from ``q(0) > 0`` to ``−∞``, so ``σ'`` falls on ``(−∞,
    −s)`` and rises on ``(−s, s)`` for some ``s``. As ``σ' → 0`` at ``−∞`` and ``σ'(0) > 0``, it has on ``(−∞, 0)`` one zero ``z_0``, in
    ``(−s, 0)``, is negative before and positive between ``z_0`` and 0. As ``σ(0) = 0`` and ``σ > 0`` for ``z > 0``, ``σ(z_0)`` is the
    minimum. If ``q(a) > 0``, ``σ'(a) < 0 < σ'(b)`` and ``a < b < 0``, then ``z_0`` lies in ``(a, b)``, where ``σ`` is convex: the minimum
    lies above the tangent at ``a``, and below ``σ(b)``.
    """
    expression, curvature = activation.expression, 2 - Z**2
    if not is_analytic_on_reals(expression):
        return None
    first, second = sympy.diff(expression, Z), sympy.diff(expression, Z, 2)
    _confirm(bool(sympy.simplify((second / curvature).rewrite(sympy.exp)).is_positive), "σ'' = p q with p > 0")
    _confirm(sympy.simplify(curvature.subs(Z, -Z) - curvature) == 0, "q is even")
    _confirm(bool(sympy.simplify(sympy.diff(curvature, Z).subs(Z, POSITIVE)).is_negative), "q falls for z > 0")
    _confirm(sympy.limit(curvature, Z, sympy.oo) == -sympy.oo and curvature.subs(Z, 0) > 0, "q(0) > 0 and q → −∞")
    _confirm(sympy.limit(first, Z, -sympy.oo) == 0 and first.subs(Z, 0) > 0 and expression.subs(Z, 0) == 0, "σ' → 0, σ'(0) > 0, σ(0) = 0")
    _confirm(bool(expression.subs(Z, POSITIVE).is_positive) and sympy.limit(expression, Z, sympy.oo) == sympy.oo, "σ > 0 for z > 0")
    a, b = _bracket(first, _GRID)
    _confirm(bool(curvature.subs(Z, a).is_positive), "q(a) > 0")
    tangent = expression.subs(Z, a) + first.subs(Z, a) * (b - a)
    return DerivedRange(
        (tangent, expression.subs(Z, b)), (sympy.oo, sympy.oo), True, False, "one minimum, at a negative z, enclosed by a tangent"
    )


def _confirm(holds: bool, step: str) -> None:
    if not holds:
        raise DerivationError(f"the step '{step}' must hold for the valley argument, and SymPy does not confirm it: mend the argument")


def _bracket(function: sympy.Expr, grid: Fraction) -> tuple[sympy.Rational, sympy.Rational]:
    """Return neighbours ``a < b ≤ 0`` on a grid with ``function(a) < 0 < function(b)``, by bisection with exact signs."""
    step = rational(grid)
    low, high = -2 * grid.denominator, 0
    while not function.subs(Z, low * step).is_negative:
        _confirm(low * step > -(2**20), "the function is negative somewhere in [-2^20, 0]")
        low *= 2
    while high - low > 1:
        middle = (low + high) // 2
        if function.subs(Z, middle * step).is_negative:
            low = middle
        else:
            high = middle
    _confirm(bool(function.subs(Z, low * step).is_negative and function.subs(Z, high * step).is_positive), "σ'(a) < 0 < σ'(b)")
    return low * step, high * step


def encloses(interval: Interval, derived: DerivedRange) -> bool:
    """Tell whether an interval provably contains every value of the activation."""
    above = interval.lower is None or _below(
        rational(interval.lower), derived.infimum[0], interval.lower_attained or not derived.infimum_attained
    )
    below = interval.upper is None or _below(
        derived.supremum[1], rational(interval.upper), interval.upper_attained or not derived.supremum_attained
    )
    return above and below


def is_attained(interval: Interval, derived: DerivedRange) -> bool:
    """Tell whether every value in an interval is provably taken by the activation."""
    lower = -sympy.oo if interval.lower is None else rational(interval.lower)
    upper = sympy.oo if interval.upper is None else rational(interval.upper)
    above = _below(derived.infimum[1], lower, not interval.lower_attained or derived.infimum_attained)
    below = _below(upper, derived.supremum[0], not interval.upper_attained or derived.supremum_attained)
    return above and below


def _below(low: sympy.Expr, high: sympy.Expr, equality_allowed: bool) -> bool:
    if low == high:
        return equality_allowed
    return bool((high - low).is_positive)
