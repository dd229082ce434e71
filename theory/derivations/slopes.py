"""Deriving whether the inverse slope ``1/σ'`` of an activation is strictly convex."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import sympy

from lossproof.theory.derivations.pieces import DerivationError, Z, rational
from lossproof.theory.derivations.smoothness import derive_analytic, derive_nonvanishing_derivative
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.properties import Property

_PROBES = ((0, 1), (-1, 1), (0, 2), (2, 4), (-4, -2))


@lru_cache(maxsize=64)
def inverse_slope(activation: Activation) -> sympy.Expr:
    """Return ``G = 1/σ'`` in ``z``.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> inverse_slope(activation_named("arctan"))
    z**2 + 1
    """
    return sympy.simplify(1 / sympy.diff(activation.expression, Z))


def derive_convex_inverse_slope(activation: Activation) -> Property:
    """Decide whether ``σ`` is real-analytic with ``σ' ≠ 0`` everywhere, and ``G = 1/σ'`` strictly convex.

    Proof of yes: ``G''``, simplified or written in exponentials, is visibly positive. Proof of no: σ is not analytic, σ' vanishes or does not exist
    somewhere, or two points y and z with ``2 G((y + z)/2) ≥ G(y) + G(z)``.
    """
    if not derive_analytic(activation).holds or not derive_nonvanishing_derivative(activation).holds:
        return Property(False, "σ is not analytic, or σ' is 0 somewhere")
    G = inverse_slope(activation)
    second = sympy.diff(G, Z, 2)
    if any(bool(form.is_positive) for form in (sympy.simplify(second), sympy.expand(second.rewrite(sympy.exp)), sympy.factor(second))):
        return Property(True, "the second derivative of 1/σ' is positive")
    for y, z in _PROBES:
        if is_witness_of_no_convexity(activation, (Fraction(y), Fraction(z))):
            return Property(
                False, f"1/σ' at the middle of {y} and {z} is not below the mean of its values there", (Fraction(y), Fraction(z))
            )
    raise DerivationError(f"no argument decides whether 1/σ' of {activation.name} is strictly convex: add one")


def is_witness_of_no_convexity(activation: Activation, witness: tuple[Fraction, ...]) -> bool:
    """Tell whether a record's witness is two points y and z with ``2 G((y + z)/2) ≥ G(y) + G(z)``, ``G = 1/σ'``."""
    if len(witness) != 2 or witness[0] == witness[1]:
        return False
    G, (y, z) = inverse_slope(activation), map(rational, witness)
    return bool(sympy.simplify(2 * G.subs(Z, (y + z) / 2) - G.subs(Z, y) - G.subs(Z, z)).is_nonnegative)
