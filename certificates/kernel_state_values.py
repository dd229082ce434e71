"""The states of `kernel_states` at one z, over balls and in the formal ring: enclosures, rationals on record, and symbols.

Formal values obey the rule of `FormalRing`: each is a true equation between real numbers, or a symbol that stands for one. Functions with
``f(−z) = c − f(z)`` or ``f(−z) = f(z)`` get one symbol for z and −z.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isqrt
from typing import Any, TypeAlias

from flint import arb, fmpq

from lossproof.certificates.kernel_balls import BallRing, logistic, normal_integral, sech_squared, square
from lossproof.certificates.kernel_rings import Element, FormalRing, Ring, bounded, kink, terms_of
from lossproof.theory.activations import Activation, activation_named

States: TypeAlias = tuple[Any, ...]

_SIGMOID = activation_named("sigmoid")
_HALF = fmpq(1, 2)


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


# Enclosures over balls.


def _tanh_balls(ring: BallRing, activation: Activation, z: arb) -> States:
    return ring.sigma(activation, 0, z), sech_squared(z)


def _logistic_balls(ring: BallRing, activation: Activation, z: arb) -> States:
    return logistic(z), logistic(-z)


def _with_value(derived: Callable[[arb], States]) -> Callable[[BallRing, Activation, arb], States]:
    """Return ``σ(z)`` first, and then what is derived from z."""
    return lambda ring, activation, z: (ring.sigma(activation, 0, z), *derived(z))


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


# Formal values.


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
