r"""Every activation as a polynomial differential system, so that its Taylor coefficients follow from values at one z.

An activation has states y, functions of z with ``dy/dz = rates(z, y, s)``, and ``σ = value(z, y, s)``, ``σ' = slope(z, y, s)``, all polynomials; ``s`` is
a number that is constant on each side of the kink at ``z = 0``, if there is one. The values of y and s at a given z stand in `kernel_state_values`.

The states of `kernel_states` at one z, over balls and in the formal ring: enclosures, rationals on record, and symbols.

Formal values obey the rule of `FormalRing`: each is a true equation between real numbers, or a symbol that stands for one. Functions with
``f(−z) = c − f(z)`` or ``f(−z) = f(z)`` get one symbol for z and −z.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing, logistic, normal_integral, sech_squared, square
from lossproof.certificates.kernel.arithmetic.rings import Element, FormalRing, Ring, bounded, kink, terms_of
from lossproof.certificates.kernel.arithmetic.series import Array, Series, solve
from lossproof.theory.functions.activations import Activation, activation_named

States: TypeAlias = tuple[Any, ...]
_SIGMOID = activation_named("sigmoid")
_HALF = fmpq(1, 2)


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


def state_values(ring: Ring, activation: Activation, z: Element, times: int) -> States:
    """Return the states and the constant s of the side of z, for derivatives up to the order ``times ≥ 1``; raises `Rejected` if one may not exist."""
    side = _side(ring, activation, z, times)
    family = activation.family
    if isinstance(ring, FormalRing):
        formal = _FORMAL.get(family)
        return (*(() if formal is None else formal(ring, activation, bounded(z))), side)
    if isinstance(ring, BallRing):
        balls = _BALLS.get(family)
        return (*(() if balls is None else balls(ring, activation, z)), side)
    raise TypeError(f"no states over {type(ring).__name__}")


def _side(ring: Ring, activation: Activation, z: Element, times: int) -> Element:
    """Return s: the sign of z for softsign, the slope for relu and leaky-relu, ``[z < 0]`` for elu; 0 where nothing depends on it.

    At a z that is not told from 0, softsign and elu have one derivative, and relu and leaky-relu have none. A formal z that is no rational number
    gets a symbol: the rules check apart from it that z is not 0.
    """
    zero = fmpq(0) if isinstance(ring, FormalRing) else arb(0)
    if activation.family not in ("softsign", "relu", "leaky-relu", "elu"):
        return zero
    slope = activation.parameter or 0
    left = {"softsign": fmpq(-1), "elu": fmpq(1)}.get(activation.family, fmpq(slope.numerator, slope.denominator))
    right = fmpq(0) if activation.family == "elu" else fmpq(1)
    if isinstance(z, (fmpq, arb)):
        if z > 0 or z < 0:
            return zero + (right if z > 0 else left)
        if activation.family in ("relu", "leaky-relu") or times > 1:
            raise kink(activation)
        return zero
    return _mirrored(ring, ("side", activation.name), z, left + right)


def _tanh_balls(ring: BallRing, activation: Activation, z: arb) -> States:
    return ring.sigma(activation, 0, z), sech_squared(z)


def _logistic_balls(ring: BallRing, activation: Activation, z: arb) -> States:
    return logistic(z), logistic(-z)


def _with_value(derived: Callable[[arb], States]) -> Callable[[BallRing, Activation, arb], States]:
    """Return ``σ(z)`` first, and then what is derived from z."""
    return lambda ring, activation, z: (ring.sigma(activation, 0, z), *derived(z))


def _positive(z: Element) -> bool:
    terms = terms_of(z)
    return bool(terms[min(terms)] >= 0)


def _mirrored(ring: Any, key: Any, z: Element, total: fmpq) -> Element:
    """Return a symbol for ``f(z)``, where ``f(z) + f(−z) = total``."""
    if _positive(z):
        return ring.symbol(("state", key, frozenset(terms_of(z).items())))
    return total - ring.symbol(("state", key, frozenset(terms_of(-z).items())))


def even_symbol(ring: FormalRing, key: Any, z: Element) -> Element:
    """Return a symbol for ``f(z) = f(−z)``."""
    return ring.symbol(("state", key, frozenset(terms_of(z if _positive(z) else -z).items())))


def inverse_root(q: Element) -> fmpq | None:
    """Return ``q^{-1/2}`` if q is the square of a positive rational number, else None."""
    if not isinstance(q, fmpq) or q <= 0:
        return None
    p, d = int(q.p), int(q.q)
    a, b = isqrt(p), isqrt(d)
    return fmpq(b, a) if a * a == p and b * b == d else None


def logistic_states(ring: FormalRing, z: Element) -> States:
    """Return ``1/(1+e^{-z})`` and ``1/(1+e^z)`` in the formal ring."""
    p = ring.sigma(_SIGMOID, 0, z)
    return p, -p + fmpq(1)


def _tanh_formal(ring: FormalRing, activation: Activation, z: Element) -> States:
    y = ring.sigma(activation, 0, z)
    return y, -(y * y) + fmpq(1)


def _softplus_formal(ring: FormalRing, activation: Activation, z: Element) -> States:
    return ring.sigma(activation, 0, z), *logistic_states(ring, z)


def _softsign_formal(ring: FormalRing, activation: Activation, z: Element) -> States:
    return (1 / (1 + abs(z)) if isinstance(z, fmpq) else even_symbol(ring, "softsign", z),)


def _bent_formal(ring: FormalRing, activation: Activation, z: Element) -> States:
    s = z * z + fmpq(1)
    g = inverse_root(s)
    g = even_symbol(ring, "bent-identity", z) if g is None else g
    return (s * g + fmpq(-1)) * _HALF + z, g


def _sin_formal(ring: FormalRing, activation: Activation, z: Element) -> States:
    return ring.sigma(activation, 0, z), fmpq(1) if _is_zero(z) else even_symbol(ring, "sin", z)


def _arctan_formal(ring: FormalRing, activation: Activation, z: Element) -> States:
    return ring.sigma(activation, 0, z), 1 / (1 + z * z) if isinstance(z, fmpq) else even_symbol(ring, "arctan", z)


def _erf_formal(ring: FormalRing, activation: Activation, z: Element) -> States:
    return ring.sigma(activation, 0, z), even_symbol(ring, "erf", z)


def _gelu_formal(ring: FormalRing, activation: Activation, z: Element) -> States:
    integral = _HALF if _is_zero(z) else _mirrored(ring, "gelu", z, fmpq(1))
    return integral, even_symbol(ring, "gelu density", z)


def _elu_formal(ring: FormalRing, activation: Activation, z: Element) -> States:
    if isinstance(z, fmpq) and z >= 0:
        return z, fmpq(1)
    e = ring.symbol(("state", "elu", frozenset(terms_of(z).items())))
    return e + fmpq(-1) if isinstance(z, fmpq) else ring.sigma(activation, 0, z), e


def _is_zero(z: Element) -> bool:
    return isinstance(z, fmpq) and bool(z == 0)


_BALLS: Mapping[str, Callable[[BallRing, Activation, arb], States]] = {
    "tanh": _tanh_balls,
    "sigmoid": _logistic_balls,
    "silu": _logistic_balls,
    "softplus": _with_value(lambda z: (logistic(z), logistic(-z))),
    "softsign": lambda ring, activation, z: (1 / (1 + abs(z)),),
    "bent-identity": _with_value(lambda z: (1 / (1 + square(z)).sqrt(),)),
    "sin": _with_value(lambda z: (z.cos(),)),
    "arctan": _with_value(lambda z: (1 / (1 + square(z)),)),
    "erf": _with_value(lambda z: (2 * (-square(z)).exp() / arb.pi().sqrt(),)),
    "gelu": lambda ring, activation, z: (normal_integral(z), (-square(z) / 2).exp() / (2 * arb.pi()).sqrt()),
    "elu": _with_value(lambda z: (z.min(arb(0)).exp(),)),
}


_FORMAL: Mapping[str, Callable[[FormalRing, Activation, Any], States]] = {
    "tanh": _tanh_formal,
    "sigmoid": lambda ring, activation, z: logistic_states(ring, z),
    "silu": lambda ring, activation, z: logistic_states(ring, z),
    "softplus": _softplus_formal,
    "softsign": _softsign_formal,
    "bent-identity": _bent_formal,
    "sin": _sin_formal,
    "arctan": _arctan_formal,
    "erf": _erf_formal,
    "gelu": _gelu_formal,
    "elu": _elu_formal,
}
