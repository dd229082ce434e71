"""identity and powers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
from flint import arb

from lossproof.numerics.functions.formulas import Builder, Floats, Formulas, Triple, without_parameter
from lossproof.numerics.functions.jets import Array, Jet, StateField
from lossproof.theory.functions.activations import Activation


def _identity_doubles(z: Floats, order: int) -> Floats:
    return z if order == 0 else np.full_like(z, 1.0 if order == 1 else 0.0)


def _identity_digits(m: Any, z: Any) -> Triple:
    return lambda: z, lambda: m.one, lambda: m.zero


def _identity_ball(z: arb, order: int) -> arb:
    return (z, arb(1), arb(0))[order]


def _identity_jet(_: Activation, order: int, z: Array, field: StateField) -> Jet:
    return [z, z * 0 + 1]


def _power(parameter: Fraction | None) -> Formulas:
    k = int(parameter or 1)
    first, second = (1.0 if k == 1 else np.inf), (0.0 if k == 1 else 2.0 if k == 2 else np.inf)
    return Formulas(
        lambda z, order: _power_doubles(z, order, k),
        lambda m, z: _power_digits(m, z, k),
        lambda z, order: _power_ball(z, order, k),
        lambda _, order, z, field: _power_jet(order, z, k),
        suprema=(first, second),
    )


def _power_doubles(z: Floats, order: int, k: int) -> Floats:
    with np.errstate(over="ignore"):
        if order == 0:
            return np.asarray(z**k)
        if order == 1:
            return np.asarray(k * z ** (k - 1))
        return np.asarray(k * (k - 1) * z ** (k - 2)) if k >= 2 else np.zeros_like(z)


def _power_digits(m: Any, z: Any, k: int) -> Triple:
    return lambda: z**k, lambda: k * z ** (k - 1), lambda: k * (k - 1) * z ** (k - 2) if k >= 2 else m.zero


def _power_ball(z: arb, order: int, k: int) -> arb:
    factor = (1, k, k * (k - 1))[order]
    return factor * _integer_power(z, k - order) if factor else arb(0)


def _integer_power(z: arb, exponent: int) -> arb:
    """Return ``z^exponent`` by products: Arb's general power gives no number for a ball that contains 0."""
    result = arb(1)
    for _ in range(exponent):
        result *= z
    return result


def _power_jet(order: int, z: Array, n: int) -> Jet:
    powers = [z * 0 + 1]
    for _ in range(n):
        powers.append(powers[-1] * z)
    return [comb(n, k) * powers[n - k] for k in range(min(n, order) + 1)]


IDENTITY = Formulas(_identity_doubles, _identity_digits, _identity_ball, _identity_jet, suprema=(1.0, 0.0))
POLYNOMIALS: Mapping[str, Builder] = {"identity": without_parameter(IDENTITY), "power": _power}
