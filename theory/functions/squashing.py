"""Activations that squash the line into a bounded interval: sigmoid, tanh, softsign, arctan, erf, hard-tanh."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from lossproof.theory.functions.activation import Activation, Family
from lossproof.theory.functions.forms import AffinePiece, Logistic
from lossproof.theory.functions.proofs import BOUNDED, LINDEMANN, RATIONAL, bent_at_zero, between, kinked, rising, smooth
from lossproof.theory.functions.properties import Interval, Property


def _sigmoid(_: Fraction | None) -> Activation:
    return Activation(
        name="sigmoid",
        family="sigmoid",
        formula="1/(1+exp(-z))",
        latex=r"\frac{1}{1+e^{-z}}",
        **smooth(),
        **rising("σ' = σ(1−σ) with 0 < σ < 1"),
        tame=BOUNDED,
        convex_inverse_slope=Property(True, "(1/σ')'' = 2 cosh z > 0"),
        rational=Property(False, "σ(1) = 1/(1+e^{-1}), " + LINDEMANN),
        **between(0, 1),
        reflection=(-1, 0, 1),
        logistic=Logistic(0, 1),
    )


def _tanh(_: Fraction | None) -> Activation:
    return Activation(
        name="tanh",
        family="tanh",
        formula="tanh(z)",
        latex=r"\tanh z",
        **smooth(),
        **rising("σ' = 1/cosh² > 0"),
        tame=BOUNDED,
        convex_inverse_slope=Property(True, "(1/σ')'' = 2 cosh 2z > 0"),
        rational=Property(False, "σ(1) = (e²−1)/(e²+1), " + LINDEMANN),
        **between(-1, 1),
        reflection=(-1, 0, 0),
        logistic=Logistic(-1, 1),
    )


def _softsign(_: Fraction | None) -> Activation:
    return Activation(
        name="softsign",
        family="softsign",
        formula="z/(1+Abs(z))",
        latex=r"\frac{z}{1+|z|}",
        **bent_at_zero(
            "σ' = 1/(1+|z|)², also at 0, where both one-sided derivatives are 1",
            "σ''(0±) = ∓2: the one-sided second derivatives at 0 differ",
        ),
        **rising("σ' = 1/(1+|z|)² > 0"),
        tame=BOUNDED,
        rational=RATIONAL,
        **between(-1, 1),
        reflection=(-1, 0, 0),
    )


def _arctan(_: Fraction | None) -> Activation:
    outer, inner = Fraction(15708, 10000), Fraction(15707, 10000)
    return Activation(
        name="arctan",
        family="arctan",
        formula="atan(z)",
        latex=r"\arctan z",
        **smooth(),
        **rising("σ' = 1/(1+z²) > 0"),
        tame=BOUNDED,
        convex_inverse_slope=Property(True, "1/σ' = 1 + z²"),
        rational=Property(False, "σ(1) = π/4"),
        range=Interval(-outer, outer),
        attained=Interval(-inner, inner, lower_attained=True, upper_attained=True),
        reflection=(-1, 0, 0),
    )


def _erf(_: Fraction | None) -> Activation:
    return Activation(
        name="erf",
        family="erf",
        formula="erf(z)",
        latex=r"\mathrm{erf}\, z",
        **smooth(),
        **rising("σ' = (2/√π) e^{-z²} > 0"),
        tame=BOUNDED,
        convex_inverse_slope=Property(True, "(1/σ')'' = √π (1 + 2z²) e^{z²} > 0"),
        rational=Property(False, "σ'(0) = 2/√π"),
        **between(-1, 1),
        reflection=(-1, 0, 0),
    )


def _hard_tanh(_: Fraction | None) -> Activation:
    one = Fraction(1)
    return Activation(
        name="hard-tanh",
        family="hard-tanh",
        formula="Piecewise((-1, z<-1), (1, z>1), (z, True))",
        latex=r"\min(\max(z,-1),1)",
        **kinked(-1, 1),
        nonvanishing_derivative=Property(False, "σ'(z) = 0 for |z| > 1", (Fraction(2),)),
        increasing=Property(False, "σ(1) ≥ σ(2)", (one, Fraction(2))),
        tame=BOUNDED,
        rational=RATIONAL,
        **between(-1, 1, closed=True),
        reflection=(-1, 0, 0),
        affine_pieces=(
            AffinePiece(None, -one, Fraction(0), -one),
            AffinePiece(-one, one, one, Fraction(0)),
            AffinePiece(one, None, Fraction(0), one),
        ),
    )


SQUASHING: Mapping[str, Family] = {
    "sigmoid": Family(_sigmoid),
    "tanh": Family(_tanh),
    "softsign": Family(_softsign),
    "arctan": Family(_arctan),
    "erf": Family(_erf),
    "hard-tanh": Family(_hard_tanh),
}
