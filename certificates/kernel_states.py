"""Every activation as a polynomial differential system, so that its Taylor coefficients follow from values at one z.

An activation has states y, functions of z with ``dy/dz = rates(z, y, s)``, and ``σ = value(z, y, s)``, ``σ' = slope(z, y, s)``, all polynomials; ``s`` is
a number that is constant on each side of the kink at ``z = 0``, if there is one. The values of y and s at a given z stand in `kernel_state_values`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel_rings import Element, Ring
from lossproof.certificates.kernel_series import Array, Series, solve
from lossproof.certificates.kernel_state_values import state_values
from lossproof.theory.activations import Activation

Polynomials: TypeAlias = "Callable[[Any, tuple[Any, ...], Any], Any]"


@dataclass(frozen=True)
class System:
    """The states' number, and the three polynomial maps of ``(z, y, s)``."""

    states: int
    rates: Polynomials
    value: Polynomials
    slope: Polynomials


SYSTEMS: Mapping[str, System] = {
    "identity": System(0, lambda z, y, s: (), lambda z, y, s: z, lambda z, y, s: fmpq(1)),
    # y = tanh, d = 1 − y²
    "tanh": System(2, lambda z, y, s: (y[1], y[0] * y[1] * (-2)), lambda z, y, s: y[0], lambda z, y, s: y[1]),
    # p = 1/(1+e^{-z}), q = 1 − p
    "sigmoid": System(2, lambda z, y, s: _logistic_rates(y[0], y[1]), lambda z, y, s: y[0], lambda z, y, s: y[0] * y[1]),
    "silu": System(2, lambda z, y, s: _logistic_rates(y[0], y[1]), lambda z, y, s: z * y[0], lambda z, y, s: y[0] + z * y[0] * y[1]),
    # y = log(1+e^z), p, q
    "softplus": System(3, lambda z, y, s: (y[1], *_logistic_rates(y[1], y[2])), lambda z, y, s: y[0], lambda z, y, s: y[1]),
    # w = 1/(1+sz), s the sign of z
    "softsign": System(1, lambda z, y, s: (y[0] * y[0] * (-s),), lambda z, y, s: z * y[0], lambda z, y, s: y[0] * y[0]),
    # y, g = (1+z²)^{-1/2}
    "bent-identity": System(
        2, lambda z, y, s: (z * y[1] * fmpq(1, 2) + 1, -(z * y[1] * y[1] * y[1])), lambda z, y, s: y[0], lambda z, y, s: z * y[1] * fmpq(1, 2) + 1
    ),
    "sin": System(2, lambda z, y, s: (y[1], -y[0]), lambda z, y, s: y[0], lambda z, y, s: y[1]),
    # y, w = 1/(1+z²)
    "arctan": System(2, lambda z, y, s: (y[1], z * y[1] * y[1] * (-2)), lambda z, y, s: y[0], lambda z, y, s: y[1]),
    # y, d = 2π^{-1/2} e^{-z²}
    "erf": System(2, lambda z, y, s: (y[1], z * y[1] * (-2)), lambda z, y, s: y[0], lambda z, y, s: y[1]),
    # Φ, d = (2π)^{-1/2} e^{-z²/2}
    "gelu": System(2, lambda z, y, s: (y[1], -(z * y[1])), lambda z, y, s: z * y[0], lambda z, y, s: y[0] + z * y[1]),
    # s = 1 for z < 0, else 0; y, e = min(1, e^z)
    "elu": System(2, lambda z, y, s: (y[1], y[1] * s), lambda z, y, s: y[0], lambda z, y, s: y[1]),
    # s is the slope on the side of z
    "relu": System(0, lambda z, y, s: (), lambda z, y, s: z * s, lambda z, y, s: s),
    "leaky-relu": System(0, lambda z, y, s: (), lambda z, y, s: z * s, lambda z, y, s: s),
}  # fmt: skip


def _logistic_rates(p: Any, q: Any) -> tuple[Any, Any]:
    rate = p * q
    return rate, -rate


def _power_system(k: int) -> System:
    def power(z: Any, n: int) -> Any:
        product = fmpq(1)
        for _ in range(n):
            product = product * z
        return product

    return System(0, lambda z, y, s: (), lambda z, y, s: power(z, k), lambda z, y, s: power(z, k - 1) * fmpq(k))


def system_of(activation: Activation) -> System:
    """Return the differential system of an activation."""
    if activation.family == "power":
        return _power_system(int(activation.parameter or 0))
    return SYSTEMS[activation.family]


def activate(ring: Ring, activation: Activation, z: Series) -> tuple[Series, Any]:
    """Return ``σ(z)`` and ``σ'(z)`` as series to the order of z (a constant where the slope is one).

    Raises `Rejected` where the derivatives needed, one more than the order of z, are not seen to exist.
    """
    system = system_of(activation)

    def values_at(entry: Element) -> tuple[Element, ...]:
        return state_values(ring, activation, entry, z.order + 1)

    *start, side = columns(values_at, z.coefficients[0], system.states + 1)
    states = solve(start, z, lambda z_, speed, y: tuple(rate * speed for rate in system.rates(z_, y, side)))
    return system.value(z, states, side), system.slope(z, states, side)


def columns(function: Callable[..., tuple[Element, ...]], entries: Array, count: int) -> list[Array]:
    """Apply a function that returns ``count`` elements to every entry; return one array for each of them."""
    found = [np.empty(entries.shape, dtype=object) for _ in range(count)]
    for place in np.ndindex(entries.shape):
        for table, element in zip(found, function(entries[place]), strict=True):
            table[place] = element
    return found
