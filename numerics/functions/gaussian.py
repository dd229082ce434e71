"""gelu and erf: the distribution function of the normal distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb, fmpq
from scipy import special

from lossproof.numerics.functions.formulas import Builder, Floats, Formulas, Tails, Triple, without_parameter
from lossproof.numerics.functions.jets import Array, Jet, StateField, times_point
from lossproof.theory.functions.activations import Activation


def _gelu_doubles(z: Floats, order: int) -> Floats:
    c = np.clip(z, -40, 40)
    normal, density = special.ndtr(c), np.exp(-c * c / 2) / math.sqrt(2 * math.pi)
    return np.asarray((z * normal, normal + c * density, density * (2 - c * c))[order])


def _gelu_digits(m: Any, z: Any) -> Triple:
    def normal() -> Any:
        return m.erfc(-z / m.sqrt(2)) / 2

    def density() -> Any:
        return m.exp(-z * z / 2) / m.sqrt(2 * m.pi)

    return lambda: z * normal(), lambda: normal() + z * density(), lambda: density() * (2 - z * z)


def _gelu_ball(z: arb, order: int) -> arb:
    normal = (-z / arb(2).sqrt()).erfc() / 2
    if order == 0:
        return z * normal
    density = (-z * z / 2).exp() / (2 * arb.pi()).sqrt()
    return normal + z * density if order == 1 else density * (2 - z * z)


def _gelu_jet(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``D`` the normal density, ``D' = −zD``, ``N' = D`` and ``σ = zN``."""
    normal, density = field.normal(z)
    N, D = [normal], [density]
    for k in range(order):
        N.append(D[k] * field.share(k + 1))
        D.append(-times_point(D, z, k) * field.share(k + 1))
    return [times_point(N, z, k) for k in range(order + 1)]


def _erf_doubles(z: Floats, order: int) -> Floats:
    if order == 0:
        return np.asarray(special.erf(z))
    c = np.clip(z, -40, 40)
    first = 2 / math.sqrt(math.pi) * np.exp(-c * c)
    return np.asarray(first if order == 1 else -2 * c * first)


def _erf_digits(m: Any, z: Any) -> Triple:
    def first() -> Any:
        return 2 * m.exp(-z * z) / m.sqrt(m.pi)

    return lambda: m.erf(z), first, lambda: -2 * z * first()


def _erf_ball(z: arb, order: int) -> arb:
    if order == 0:
        return z.erf()
    first = 2 * (-z * z).exp() / arb.pi().sqrt()
    return first if order == 1 else -2 * z * first


def _erf_jet(activation: Activation, order: int, z: Array, field: StateField) -> Jet:
    """With ``d = σ'``: ``d' = −2zd``."""
    y, d = [field.state(activation, 0, z)], [field.state(activation, 1, z)]
    for k in range(order):
        y.append(d[k] * field.share(k + 1))
        d.append(-2 * times_point(d, z, k) * field.share(k + 1))
    return y


GELU = Formulas(
    _gelu_doubles, _gelu_digits, _gelu_ball, _gelu_jet,
    suprema=(1.25, 0.8125),  # σ'(√2) < 1.13, and |σ''| ≤ σ''(0) = √(2/π)
    at_zero=(fmpq(0), fmpq(1, 2), None),
    tails=Tails(below=7.0, linear=7.0),
)  # fmt: skip
ERF = Formulas(
    _erf_doubles, _erf_digits, _erf_ball, _erf_jet,
    suprema=(1.25, 1.0),  # σ'(0) = 2/√π, and |σ''| ≤ √(8/(πe))
    at_zero=(fmpq(0), None, fmpq(0)),
    tails=Tails(below=4.7, above=4.7),
)  # fmt: skip
GAUSSIAN: Mapping[str, Builder] = {"gelu": without_parameter(GELU), "erf": without_parameter(ERF)}
