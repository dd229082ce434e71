"""Arb balls: values and derivatives of the activations, enclosed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flint import arb, ctx, fmpq

from lossproof.certificates.kernel.arithmetic.rings import algebraic, kink
from lossproof.certificates.kernel.reading.problem import Combination, Constant, Number
from lossproof.theory.functions.activations import Activation


@contextmanager
def ball_precision(bits: int) -> Iterator[None]:
    """Set Arb's working precision for a block and restore it afterwards."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


class BallRing:
    """Arb balls at the working precision in force: each result contains the real value for all real arguments in the balls given."""

    def embed(self, number: Number) -> arb:
        """Return a ball that contains the number."""
        if not isinstance(number, Combination):
            return arb(number)
        total = arb(number.rational)
        for constant, q in number.terms:
            total = total + arb(q) * constant_ball(constant)
        return total

    def sigma(self, activation: Activation, order: int, z: arb) -> arb:
        """Return an enclosure; raises `Rejected` where a derivative may not exist."""
        if activation.family in ("identity", "power"):
            return arb(algebraic(activation, order, z))
        return _ball_value(activation, z) if order == 0 else _ball_derivative(activation, z)


def constant_ball(constant: Constant) -> arb:
    """Return a ball that contains a constant of section 2."""
    kind = constant[0]
    if kind == "pi":
        return arb.pi()
    argument: arb = arb(constant[1])
    if kind == "root":
        exponent: arb = argument.log() / constant[2]
        return exponent.exp()
    return argument.log() if kind == "log" else argument.exp()


def logistic(z: arb) -> arb:
    """Return an enclosure of ``1/(1+e^{-z})``."""
    if z.mid() < 0:
        e = z.exp()
        return e / (1 + e)
    return 1 / (1 + (-z).exp())


def softplus(z: arb) -> arb:
    """Return an enclosure of ``log(1+e^z)``."""
    return z.max(arb(0)) + (-abs(z)).exp().log1p()


def square(z: arb) -> arb:
    """Return an enclosure of ``z²`` without its negative part, also for wide balls."""
    return (z * z).max(arb(0))


def sech_squared(z: arb) -> arb:
    """Return an enclosure of ``1/cosh²``, which falls with ``|z|`` and lies in ``(0, 1]``, also for wide balls."""
    value = 1 / z.cosh() ** 2
    if not value.is_finite():
        value = arb(0).union(1 / abs(z).lower().max(arb(0)).cosh() ** 2)
    return value if value.is_finite() else arb(0.5, 0.5)


def normal_integral(z: arb) -> arb:
    """Return an enclosure of ``Φ(z) = (1 + erf(z/√2))/2``."""
    return (-z / arb(2).sqrt()).erfc() / 2


_BALL_VALUES: Mapping[str, Callable[[arb], arb]] = {
    "sigmoid": logistic,
    "tanh": lambda z: z.tanh(),
    "softsign": lambda z: z / (1 + abs(z)),
    "softplus": softplus,
    "bent-identity": lambda z: z * z / (2 * ((z * z + 1).sqrt() + 1)) + z,
    "relu": lambda z: z.max(arb(0)),
    "elu": lambda z: z.max(arb(0)) + z.min(arb(0)).expm1(),
    "gelu": lambda z: z * normal_integral(z),
    "silu": lambda z: z * logistic(z),
    "arctan": lambda z: z.atan(),
    "erf": lambda z: z.erf(),
    "sin": lambda z: z.sin(),
}
_BALL_DERIVATIVES: Mapping[str, Callable[[arb], arb]] = {
    "sigmoid": lambda z: sech_squared(z / 2) / 4,
    "tanh": lambda z: sech_squared(z),
    "softsign": lambda z: 1 / (1 + abs(z)) ** 2,
    "softplus": logistic,
    "bent-identity": lambda z: z / (2 * (z * z + 1).sqrt()) + 1,
    "elu": lambda z: z.min(arb(0)).exp(),
    "gelu": lambda z: normal_integral(z) + z * (-z * z / 2).exp() / (2 * arb.pi()).sqrt(),
    "silu": lambda z: logistic(z) * (1 + z * logistic(-z)),
    "arctan": lambda z: 1 / (1 + z * z),
    "erf": lambda z: 2 * (-z * z).exp() / arb.pi().sqrt(),
    "sin": lambda z: z.cos(),
}


def _ball_value(activation: Activation, z: arb) -> arb:
    if activation.parameter is not None:  # leaky-relu: max(z, sz), as 0 < s < 1
        return z.max(z * fmpq(activation.parameter.numerator, activation.parameter.denominator))
    return _BALL_VALUES[activation.family](z)


def _ball_derivative(activation: Activation, z: arb) -> arb:
    if activation.family not in ("relu", "leaky-relu"):
        return _BALL_DERIVATIVES[activation.family](z)
    if not (z > 0 or z < 0):
        raise kink(activation)
    slope = activation.parameter or 0
    return arb(1) if z > 0 else arb(fmpq(slope.numerator, slope.denominator))
