"""Deriving whether an activation is strictly increasing, and how it grows."""

from __future__ import annotations

from fractions import Fraction

import sympy

from lossproof.theory.derivations.pieces import POSITIVE, DerivationError, Z, ends, pieces, value_at
from lossproof.theory.derivations.ranges import derive_range
from lossproof.theory.derivations.smoothness import derivative_is_positive, outward_slope
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.properties import Property

_PROBES = (-16, -8, -4, -2, -1, 0, 1, 2, 4)
_RATES = tuple(sympy.Rational(1, 2**k) for k in range(1, 7))


def derive_increasing(activation: Activation) -> Property:
    """Decide whether ``σ(y) < σ(z)`` for all ``y < z``.

    Proof of yes: ``σ' > 0`` everywhere; or ``σ`` is continuous, and on every piece ``σ' ≥ 0`` and not identically 0, so that by analyticity it is 0 at
    isolated points only. Proof of no: two points ``y < z`` with ``σ(y) ≥ σ(z)``.
    """
    if derivative_is_positive(activation):
        return Property(True, "σ' > 0 everywhere")
    found = pieces(activation.expression)
    slopes = [sympy.simplify(piece.slope if len(found) == 1 else outward_slope(piece)) for piece in found]
    if all(bool(slope.is_nonnegative) and slope != 0 for slope in slopes):
        return Property(True, "continuous, with σ' ≥ 0 and isolated zeros at most on every piece")
    for k, z in enumerate(_PROBES):
        for y in _PROBES[:k]:
            if is_witness_of_fall(activation, (Fraction(y), Fraction(z))):
                return Property(False, f"σ({y}) ≥ σ({z})", (Fraction(y), Fraction(z)))
    raise DerivationError(f"no argument decides whether {activation.name} is increasing: add one")


def is_witness_of_fall(activation: Activation, witness: tuple[Fraction, ...]) -> bool:
    """Tell whether a record's witness is two points ``y < z`` with ``σ(y) ≥ σ(z)``."""
    if len(witness) != 2 or witness[0] >= witness[1]:
        return False
    first, second = (value_at(activation.expression, point) for point in witness)
    return bool((first - second).is_nonnegative)


def derive_tame(activation: Activation) -> Property:
    """Decide whether ``σ`` is bounded, or ``|σ(z)| ≤ c e^{ρz}`` for ``z < 0`` and ``|σ(z)| ≤ c (1 + z)`` for ``z ≥ 0``.

    Proof of yes: the range is bounded; or the limits of ``σ(z) e^{−ρz}`` at ``−∞``, for some ``ρ``, and of ``σ(z)/z`` at ``∞`` are finite, so that these
    continuous functions are bounded away from 0. Proof of no: the range is unbounded, and ``σ(z)`` does not tend to 0 as z tends to ``−∞``.
    """
    derived = derive_range(activation)
    if derived.infimum[0].is_finite and derived.supremum[1].is_finite:
        return Property(True, "bounded")
    found = pieces(activation.expression)
    left, right = found[0].expression.subs(Z, -POSITIVE), found[-1].expression.subs(Z, POSITIVE)
    if ends(activation.expression)[0] != 0:
        return Property(False, "unbounded, and σ(z) does not tend to 0 as z tends to −∞")
    if sympy.limit(right / POSITIVE, POSITIVE, sympy.oo).is_finite:
        for rate in _RATES:
            if sympy.limit(left * sympy.exp(rate * POSITIVE), POSITIVE, sympy.oo).is_finite:
                return Property(True, f"σ(z) e^(−{rate} z) is bounded for z < 0, and σ(z)/z at ∞")
    raise DerivationError(f"no argument decides how {activation.name} grows: add one")
