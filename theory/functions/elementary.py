"""Activations without ends on either side, and the sine: identity, powers, bent identity, sin."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activation import Activation, Family
from lossproof.theory.functions.forms import AffinePiece
from lossproof.theory.functions.proofs import BOUNDED, RATIONAL, between, rising, smooth, turning
from lossproof.theory.functions.properties import Property

_MAX_POWER = 16
_LINE = (AffinePiece(None, None, Fraction(1), Fraction(0)),)
_CONSTANT_SLOPE = Property(False, "1/σ' is constant", (Fraction(0), Fraction(1)))
_ZERO_SLOPE = Property(False, "σ' is 0 at 0")


def _identity(_: Fraction | None) -> Activation:
    return Activation(
        name="identity",
        family="identity",
        formula="z",
        latex=r"z",
        **smooth("a polynomial"),
        **rising("σ' = 1"),
        tame=Property(False, "σ(z) tends to −∞ with z"),
        convex_inverse_slope=_CONSTANT_SLOPE,
        rational=RATIONAL,
        **between(None, None),
        reflection=(-1, 0, 0),
        degree=1,
        affine_pieces=_LINE,
    )


def _power(exponent: Fraction | None) -> Activation:
    if exponent is None or exponent.denominator != 1 or not 1 <= exponent <= _MAX_POWER:
        raise InputError(f"the exponent of power must be a whole number from 1 to {_MAX_POWER}, got {exponent}: write for example power:2")
    k = int(exponent)
    even = k % 2 == 0
    zero_slope = Property(False, f"σ' = {k} z^{k - 1} is 0 at 0", (Fraction(0),))
    fall = Property(False, "σ(-1) ≥ σ(1)", (Fraction(-1), Fraction(1)))
    return Activation(
        name=f"power:{k}",
        family="power",
        parameter=exponent,
        formula=f"z**{k}",
        latex=f"z^{{{k}}}",
        **smooth("a polynomial"),
        nonvanishing_derivative=Property(True, "σ' = 1") if k == 1 else zero_slope,
        increasing=fall if even else Property(True, f"σ' = {k} z^{k - 1} ≥ 0 with an isolated zero at most"),
        tame=Property(False, "σ(z) grows faster than e^z falls as z tends to −∞"),
        convex_inverse_slope=_CONSTANT_SLOPE if k == 1 else _ZERO_SLOPE,
        rational=RATIONAL,
        **(between(0, None, closed=True) if even else between(None, None)),
        reflection=(1, 0, 0) if even else (-1, 0, 0),
        degree=k,
        affine_pieces=_LINE if k == 1 else (),
    )


def _bent_identity(_: Fraction | None) -> Activation:
    return Activation(
        name="bent-identity",
        family="bent-identity",
        formula="(sqrt(z**2+1)-1)/2+z",
        latex=r"\frac{\sqrt{z^2+1}-1}{2}+z",
        **smooth(),
        **rising("σ' = z/(2√(z²+1)) + 1 > 1/2"),
        tame=Property(False, "σ(z) tends to −∞ with z"),
        convex_inverse_slope=Property(False, "1/σ' falls from 2 to 2/3", (Fraction(-4), Fraction(-2))),
        rational=Property(False, "σ(1) = (1+√2)/2"),
        **between(None, None),
        reflection=(1, -2, 0),
    )


def _sin(_: Fraction | None) -> Activation:
    return Activation(
        name="sin",
        family="sin",
        formula="sin(z)",
        latex=r"\sin z",
        **smooth(),
        **turning("σ' = cos is continuous and changes its sign between 1 and 2", slopes=(1, 2), values=(2, 4)),
        tame=BOUNDED,
        rational=Property(False, "sin(1) is transcendental, as e^i is (Lindemann)"),
        **between(-1, 1, closed=True),
        reflection=(-1, 0, 0),
    )


ELEMENTARY: Mapping[str, Family] = {
    "bent-identity": Family(_bent_identity),
    "identity": Family(_identity),
    "sin": Family(_sin),
    "power": Family(_power, "power:2"),
}
