"""Activations that hold back what is negative and let pass what is positive: softplus, relu, leaky-relu, elu, gelu, silu, swish, mish."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activation import Activation, Family
from lossproof.theory.functions.forms import AffinePiece
from lossproof.theory.functions.proofs import LINDEMANN, RATIONAL, bent_at_zero, between, from_about, kinked, rising, smooth, turning
from lossproof.theory.functions.properties import Property
from lossproof.theory.rationals import brief_text, fraction_latex, rational_text

_ZERO, _ONE = Fraction(0), Fraction(1)
_MOST_BETA = 10**6
_IDENTITY_ABOVE = AffinePiece(_ZERO, None, _ONE, _ZERO)


def _softplus(_: Fraction | None) -> Activation:
    return Activation(
        name="softplus",
        family="softplus",
        formula="log(1+exp(z))",
        latex=r"\log(1+e^{z})",
        **smooth(),
        **rising("σ' = 1/(1+e^{-z}) > 0"),
        tame=Property(True, "0 < σ(z) ≤ e^z, and σ(z) ≤ z + log 2 for z ≥ 0"),
        rational=Property(False, "σ'(1) = 1/(1+e^{-1}), " + LINDEMANN),
        **between(0, None),
        reflection=(1, -1, 0),
    )


def _relu(_: Fraction | None) -> Activation:
    return Activation(
        name="relu",
        family="relu",
        formula="Piecewise((z, z>0), (0, True))",
        latex=r"\max(z,0)",
        **kinked(0),
        nonvanishing_derivative=Property(False, "σ'(z) = 0 for all z < 0", (Fraction(-1),)),
        increasing=Property(False, "σ(-2) ≥ σ(-1)", (Fraction(-2), Fraction(-1))),
        tame=Property(True, "σ(z) = 0 for z < 0, and σ(z) = z for z ≥ 0"),
        rational=RATIONAL,
        **between(0, None, closed=True),
        reflection=(1, -1, 0),
        affine_pieces=(AffinePiece(None, _ZERO, _ZERO, _ZERO), _IDENTITY_ABOVE),
    )


def _told(parameter: Fraction | None) -> str:
    return "none" if parameter is None else brief_text(rational_text(parameter))


def _leaky_relu(slope: Fraction | None) -> Activation:
    if slope is None or not 0 < slope < 1:
        raise InputError(
            f"the slope of leaky-relu must lie strictly between 0 and 1, got {_told(slope)}: write for example leaky-relu:1/100"
        )
    number = fraction_latex(slope)
    return Activation(
        name=f"leaky-relu:{rational_text(slope)}",
        family="leaky-relu",
        parameter=slope,
        formula=f"Piecewise((z, z>0), (({rational_text(slope)})*z, True))",
        latex=rf"\begin{{cases}} z & z>0 \\ {number}\,z & z\le 0\end{{cases}}",
        **kinked(0),
        nonvanishing_derivative=Property(False, "σ' is 1 or the slope away from 0, but σ'(0) does not exist", (_ZERO,)),
        increasing=Property(True, "continuous, with positive slopes on both sides of 0"),
        tame=Property(False, "σ(z) tends to −∞ with z"),
        rational=RATIONAL,
        **between(None, None),
        affine_pieces=(AffinePiece(None, _ZERO, slope, _ZERO), _IDENTITY_ABOVE),
    )


def _elu(_: Fraction | None) -> Activation:
    return Activation(
        name="elu",
        family="elu",
        formula="Piecewise((z, z>0), (exp(z)-1, True))",
        latex=r"\begin{cases} z & z>0 \\ e^{z}-1 & z\le 0\end{cases}",
        **bent_at_zero("σ' = min(1, e^z), also at 0", "the one-sided second derivatives at 0 are 1 and 0"),
        **rising("σ' = min(1, e^z) > 0"),
        tame=Property(False, "unbounded, and σ(z) tends to −1 as z tends to −∞"),
        rational=Property(False, "σ(-1) = e^{-1} − 1, " + LINDEMANN),
        **between(-1, None),
        affine_pieces=(_IDENTITY_ABOVE,),
    )


def _gelu(_: Fraction | None) -> Activation:
    return Activation(
        name="gelu",
        family="gelu",
        formula="z*(1+erf(z/sqrt(2)))/2",
        latex=r"\frac{z}{2}\left(1+\mathrm{erf}\frac{z}{\sqrt{2}}\right)",
        **smooth(),
        **turning("σ' is continuous and changes its sign between −1 and 0", slopes=(-1, 0), values=(-4, -2)),
        tame=Property(True, "σ(z) e^{-z} tends to 0 as z tends to −∞, and 0 ≤ σ(z) ≤ z for z ≥ 0"),
        rational=Property(False, "with h(z) = σ'(z) − σ(z)/z the number h(2)/h(1) = 2e^{-3/2} would be rational, " + LINDEMANN),
        **from_about(Fraction(-17, 100), Fraction(-1699, 10000)),
        reflection=(1, -1, 0),
    )


def _silu(_: Fraction | None) -> Activation:
    return Activation(
        name="silu",
        family="silu",
        formula="z/(1+exp(-z))",
        latex=r"\frac{z}{1+e^{-z}}",
        **smooth(),
        **turning("σ' is continuous and changes its sign between −2 and 0", slopes=(-2, 0), values=(-4, -2)),
        tame=Property(True, "|σ(z)| ≤ |z| e^z ≤ e^{z/2} for z < 0, and 0 ≤ σ(z) ≤ z for z ≥ 0"),
        rational=Property(False, "σ(1) = 1/(1+e^{-1}), " + LINDEMANN),
        **from_about(Fraction(-279, 1000), Fraction(-2784, 10000)),
        reflection=(1, -1, 0),
    )


def _swish(beta: Fraction | None) -> Activation:
    if beta is None or not 1 <= beta * _MOST_BETA <= _MOST_BETA**2:
        raise InputError(
            f"the parameter of swish must lie between 1/{_MOST_BETA} and {_MOST_BETA}, got {_told(beta)}: write for example swish:3/2, or silu for swish:1"
        )
    if beta == 1:
        return _silu(None)
    exponent = rf"{fraction_latex(beta)}\,z"
    return Activation(
        name=f"swish:{beta}",
        family="swish",
        parameter=beta,
        formula=f"z/(1+exp(-({beta})*z))",
        latex=rf"\frac{{z}}{{1+e^{{-{exponent}}}}}",
        **smooth(),
        **turning(
            f"σ' is continuous and changes its sign between {-2 / beta} and 0", slopes=(-2 / beta, _ZERO), values=(-4 / beta, -2 / beta)
        ),
        tame=Property(True, "|σ(z)| ≤ |z| e^{βz} ≤ e^{βz/2}/β for z < 0, and 0 ≤ σ(z) ≤ z for z ≥ 0"),
        rational=Property(False, "σ(1) = 1/(1+e^{-β}), " + LINDEMANN),
        **from_about(Fraction(-27847, 100000) / beta, Fraction(-27846, 100000) / beta),
        reflection=(1, -1, 0),
    )


def _mish(_: Fraction | None) -> Activation:
    return Activation(
        name="mish",
        family="mish",
        formula="z*tanh(log(1+exp(z)))",
        latex=r"z\tanh\left(\log(1+e^{z})\right)",
        **smooth(),
        **turning("σ' is continuous and changes its sign between −2 and −1", slopes=(-2, -1), values=(-4, -2)),
        tame=Property(True, "|σ(z)| ≤ |z| log(1+e^z) ≤ |z| e^z ≤ e^{z/2} for z < 0, and 0 ≤ σ(z) ≤ z for z ≥ 0"),
        rational=Property(False, "σ(1) = ((1+e)²−1)/((1+e)²+1), " + LINDEMANN),
        **from_about(Fraction(-30885, 100000), Fraction(-30884, 100000)),
    )


RECTIFIERS: Mapping[str, Family] = {
    "softplus": Family(_softplus),
    "relu": Family(_relu),
    "leaky-relu": Family(_leaky_relu, "leaky-relu:1/100", Fraction(1, 100)),
    "elu": Family(_elu),
    "gelu": Family(_gelu),
    "silu": Family(_silu),
    "mish": Family(_mish),
    "swish": Family(_swish, "swish:3/2", Fraction(1)),
}
