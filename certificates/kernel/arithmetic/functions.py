"""Every activation, and every error of one residual with its derivative, in one place: as a polynomial system of differential equations, with enclosures.

A `Function` of z has *states* y, functions of z with ``dy/dz = rates(z, y, s, p)``, and ``σ = value(z, y, s, p)``, ``σ' = slope(z, y, s, p)``, all
polynomials in z, y and s. The numbers s are constant on each side of a kink, and so is p, the parameter of the family. So all Taylor coefficients of σ follow
from the states at one z. A state is enclosed over a ball, and has exact values on record: rationals, symmetries, polynomials of z and the states before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isqrt
from typing import Any, TypeAlias

from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic import balls
from lossproof.certificates.kernel.arithmetic.balls import logistic, monotone, monotone_in_size, sech_squared, softplus
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import rational
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction

Polynomial: TypeAlias = "Callable[[Any, tuple[Any, ...], tuple[Any, ...], fmpq], Any]"

ZERO, HALF, ONE = fmpq(0), fmpq(1, 2), fmpq(1)


@dataclass(frozen=True)
class State:
    """One function f of z.

    - ``name``: equal names (and parameters) stand for equal functions;
    - ``ball(z, p)``: an enclosure over a ball;
    - ``mirror``: integers with ``f(−z) = a f(z) + b z + c``, or None;
    - ``at(z, p)``: the value at a rational z where it is a rational number on record, else None; ``right``: the one value for all ``z ≥ 0``, if any;
    - ``formula(z, y)``: f as a polynomial of z and the states before it, which exact rings take;
    - ``of_exponential(e)``: f as a rational function of ``e = e^{kpz}``, k the ``exponent``.
    """

    name: str
    ball: Callable[[arb, Any], arb]
    mirror: tuple[int, int, int] | None = None
    at: Callable[[fmpq, fmpq], fmpq | None] = lambda z, p: None
    formula: Callable[[Any, tuple[Any, ...]], Any] | None = None
    exponent: int = 1
    of_exponential: Callable[[Any], Any] | None = None
    right: fmpq | None = None


@dataclass(frozen=True)
class Function:
    """A function of one real variable.

    - ``sides(p)``: the constants s on each piece between the kinks, where it is not analytic; ``kinks`` and ``smooth``, how many derivatives exist at them,
      are those of the record;
    - ``suprema``: bounds of ``|σ'|`` and of the Lipschitz constant of ``σ'`` on the whole line, where there are any.
    """

    value: Polynomial
    slope: Polynomial
    states: tuple[State, ...] = ()
    rates: Polynomial = lambda z, y, s, p: ()
    sides: tuple[tuple[Any, ...], ...] = ((),)
    kinks: tuple[fmpq, ...] = ()
    smooth: int = 0
    suprema: tuple[float, float] = (float("inf"), float("inf"))
    parameter: fmpq = field(default_factory=lambda: fmpq(1))


def power(z: Any, k: int) -> Any:
    """Return ``z^k`` by products."""
    product: Any = ONE
    for _ in range(k):
        product = product * z
    return product


def inverse_root(q: fmpq) -> fmpq | None:
    """Return ``q^{-1/2}`` if the positive q is the square of a rational number, else None."""
    p, d = int(q.p), int(q.q)
    a, b = isqrt(p), isqrt(d)
    return fmpq(b, a) if a * a == p and b * b == d else None


def _at_zero(value: fmpq) -> Callable[[fmpq, fmpq], fmpq | None]:
    return lambda z, p: value if z == 0 else None


def _logistic_rates(z: Any, y: tuple[Any, ...], s: tuple[Any, ...], p: fmpq) -> tuple[Any, ...]:
    rate = y[-2] * y[-1] * p
    return rate, -rate


def _tanh_softplus(x: arb) -> arb:
    if x < 0:
        e = x.exp()
        return e * (e + 2) / (e * (e + 2) + 2)
    e = (-x).exp()
    return (1 + 2 * e) / (1 + 2 * e * (1 + e))


# fmt: off
EVEN, ODD, POINT = (1, 0, 0), (-1, 0, 0), (-1, 0, 1)
LOGISTIC = State("logistic", lambda z, p: logistic(z * p), POINT, _at_zero(HALF), of_exponential=lambda e: e / (e + 1))
COMPLEMENT = State("1 - logistic", lambda z, p: logistic(-z * p), formula=lambda z, y: -y[-1] + ONE)
TANH = State("tanh", lambda z, p: monotone(lambda x: x.tanh(), z), ODD, _at_zero(ZERO), exponent=2, of_exponential=lambda e: (e - 1) / (e + 1))
SECH = State("1/cosh²", lambda z, p: sech_squared(z), formula=lambda z, y: -(y[0] * y[0]) + ONE)
SOFTPLUS = State("softplus", lambda z, p: softplus(z), (1, -1, 0))
MISH = State("tanh softplus", lambda z, p: monotone(_tanh_softplus, z), None, _at_zero(fmpq(3, 5)),
             of_exponential=lambda e: e * (e + 2) / (e * (e + 2) + 2))
MISH_GAP = State("1 - tanh² softplus", lambda z, p: sech_squared(softplus(z)), formula=lambda z, y: -(y[0] * y[0]) + ONE)
SOFTSIGN = State("1/(1+|z|)", lambda z, p: monotone_in_size(lambda x: 1 / (1 + abs(x)), z), EVEN, lambda z, p: 1 / (1 + abs(z)))
ROOT = State("(1+z²)^{-1/2}", lambda z, p: monotone_in_size(lambda x: 1 / (1 + x * x).sqrt(), z), EVEN, lambda z, p: inverse_root(z * z + 1))
ELU = State("min(1, e^z)", lambda z, p: monotone(lambda x: x.min(arb(0)).exp(), z), right=ONE)
INTEGRAL = State("normal integral", lambda z, p: monotone(balls.normal_integral, z), POINT, _at_zero(HALF))
DENSITY = State("normal density", lambda z, p: monotone_in_size(balls.normal_density, z), EVEN)
ARCTAN = State("arctan", lambda z, p: z.atan(), ODD, _at_zero(ZERO))
WITCH = State("1/(1+z²)", lambda z, p: monotone_in_size(lambda x: 1 / (1 + x * x), z), EVEN, lambda z, p: 1 / (1 + z * z))
ERF = State("erf", lambda z, p: monotone(lambda x: x.erf(), z), ODD, _at_zero(ZERO))
GAUSS = State("2π^{-1/2} e^{-z²}", lambda z, p: monotone_in_size(lambda x: 2 * (-x * x).exp() / arb.pi().sqrt(), z), EVEN)
SIN = State("sin", lambda z, p: z.sin(), ODD, _at_zero(ZERO))
COS = State("cos", lambda z, p: z.cos(), EVEN, _at_zero(ONE))
_SWISH = Function(lambda z, y, s, p: z * y[0], lambda z, y, s, p: y[0] + z * y[0] * y[1] * p, (LOGISTIC, COMPLEMENT), _logistic_rates)
_PIECES = Function(lambda z, y, s, p: z * s[0] + s[1], lambda z, y, s, p: s[0])

FUNCTIONS: Mapping[str, Function] = {
    "identity": Function(lambda z, y, s, p: z, lambda z, y, s, p: ONE, suprema=(1, 0)),
    "power": Function(lambda z, y, s, p: power(z, int(p.p)), lambda z, y, s, p: power(z, int(p.p) - 1) * p),
    "tanh": Function(lambda z, y, s, p: y[0], lambda z, y, s, p: y[1], (TANH, SECH), lambda z, y, s, p: (y[1], y[0] * y[1] * (-2)),
                     suprema=(1, 7 / 8)),  # 1, 4/(3√3)
    "sigmoid": Function(lambda z, y, s, p: y[0], lambda z, y, s, p: y[0] * y[1], (LOGISTIC, COMPLEMENT), _logistic_rates,
                        suprema=(1 / 4, 1 / 8)),  # 1/4, 1/(6√3)
    "softplus": Function(lambda z, y, s, p: y[0], lambda z, y, s, p: y[1], (SOFTPLUS, LOGISTIC, COMPLEMENT),
                         lambda z, y, s, p: (y[1], *_logistic_rates(z, y, s, p)), suprema=(1, 1 / 4)),
    "silu": replace(_SWISH, suprema=(5 / 4, 1 / 2)),  # below 1.1, 1/2
    "swish": _SWISH,
    "mish": Function(lambda z, y, s, p: z * y[0], lambda z, y, s, p: y[0] + z * y[1] * y[2], (MISH, MISH_GAP, LOGISTIC, COMPLEMENT),
                     lambda z, y, s, p: (y[1] * y[2], y[0] * y[1] * y[2] * (-2), *_logistic_rates(z, y, s, p)), suprema=(5 / 4, 3 / 4)),
    "softsign": Function(lambda z, y, s, p: z * y[0], lambda z, y, s, p: y[0] * y[0], (SOFTSIGN,), lambda z, y, s, p: (y[0] * y[0] * (-s[0]),),
                         sides=((-ONE,), (ONE,)), suprema=(1, 2)),
    "bent-identity": Function(lambda z, y, s, p: ((z * z + ONE) * y[0] + (-ONE)) * HALF + z, lambda z, y, s, p: z * y[0] * HALF + ONE, (ROOT,),
                              lambda z, y, s, p: (-(z * y[0] * y[0] * y[0]),), suprema=(3 / 2, 1 / 2)),
    "elu": Function(lambda z, y, s, p: (y[0] + (-ONE)) * s[0] + z * (1 - s[0]), lambda z, y, s, p: y[0], (ELU,), lambda z, y, s, p: (y[0] * s[0],),
                    sides=((ONE,), (ZERO,)), suprema=(1, 1)),
    "gelu": Function(lambda z, y, s, p: z * y[0], lambda z, y, s, p: y[0] + z * y[1], (INTEGRAL, DENSITY), lambda z, y, s, p: (y[1], -(z * y[1])),
                     suprema=(5 / 4, 7 / 8)),  # Φ(√2) + √2φ(√2) < 1.13, √(2/π)
    "arctan": Function(lambda z, y, s, p: y[0], lambda z, y, s, p: y[1], (ARCTAN, WITCH), lambda z, y, s, p: (y[1], z * y[1] * y[1] * (-2)),
                       suprema=(1, 3 / 4)),  # 1, 3√3/8
    "erf": Function(lambda z, y, s, p: y[0], lambda z, y, s, p: y[1], (ERF, GAUSS), lambda z, y, s, p: (y[1], z * y[1] * (-2)),
                    suprema=(5 / 4, 1)),  # 2/√π, √(8/(πe))
    "sin": Function(lambda z, y, s, p: y[0], lambda z, y, s, p: y[1], (SIN, COS), lambda z, y, s, p: (y[1], -y[0]), suprema=(1, 1)),
}
"""The activations that are not piecewise linear. The suprema are the numbers behind them, or what stands there."""

_SMOOTH = State("(r²+β)^{-1/2}", lambda r, p: monotone_in_size(lambda x: 1 / (x * x + p).sqrt(), r, 0), EVEN, lambda r, p: inverse_root(r * r + p))
_CAUCHY = State("1/(r²+β)", lambda r, p: monotone_in_size(lambda x: 1 / (x * x + p), r, 0), EVEN, lambda r, p: 1 / (r * r + p))
_BLAKE = State("1/(1+βe^{r²})", lambda r, p: monotone_in_size(lambda x: (-x * x).exp() / ((-x * x).exp() + p), r, 0), EVEN,
               lambda r, p: 1 / (1 + p) if r == 0 else None)
_LOG = State("log(1+r²/β)", lambda r, p: monotone_in_size(lambda x: (x * x / p).log1p(), r, 0), EVEN, _at_zero(ZERO))
_BLAKE_LOG = State("-log(e^{-r²}+β)", lambda r, p: monotone_in_size(lambda x: -((-x * x).exp() + p).log(), r, 0), EVEN)
ERRORS: Mapping[str, tuple[Function, Function]] = {
    "squared": (Function(lambda r, y, s, p: r * r * HALF, lambda r, y, s, p: r), FUNCTIONS["identity"]),
    "smooth-l1": (
        Function(lambda r, y, s, p: (r * r + p) * y[0], lambda r, y, s, p: r * y[0], (_SMOOTH,)),
        Function(lambda r, y, s, p: r * y[0], lambda r, y, s, p: y[0] * y[0] * y[0] * p, (_SMOOTH,), lambda r, y, s, p: (-(r * y[0] * y[0] * y[0]),))),
    "cauchy": (
        Function(lambda r, y, s, p: y[0], lambda r, y, s, p: r, (_LOG,)),
        Function(lambda r, y, s, p: r * y[0] * 2, lambda r, y, s, p: (-(r * r) + p) * y[0] * y[0] * 2, (_CAUCHY,),
                 lambda r, y, s, p: (r * y[0] * y[0] * (-2),))),
    "blake-zisserman": (
        Function(lambda r, y, s, p: y[0], lambda r, y, s, p: r, (_BLAKE_LOG,)),
        Function(lambda r, y, s, p: r * y[0] * 2, lambda r, y, s, p: (y[0] - r * r * y[0] * (1 - y[0]) * 2) * 2, (_BLAKE,),
                 lambda r, y, s, p: (r * y[0] * (y[0] - 1) * 2,))),
    "logistic": (FUNCTIONS["softplus"], FUNCTIONS["sigmoid"]),
}
"""The errors of one residual ``e(r)`` and their derivatives ``e'(r)``, with p the scale β; for ``logistic`` the parts ``log(1+e^φ)`` and ``1/(1+e^{-φ})``."""
# fmt: on


def function_of(record: Activation | ErrorFunction, part: int = 1) -> Function:
    """Return the function of an activation, or an error (part 0) or its derivative (part 1); raises `Rejected` for one that is not here.

    A piecewise linear activation needs no more than its record: the lines it follows.
    """
    if isinstance(record, ErrorFunction):
        if record.family not in ERRORS:
            raise Rejected("rule", "evidence", f"this checker does not know {record.name}")
        return replace(ERRORS[record.family][part], parameter=rational(record.beta))
    pieces, kinks = record.affine_pieces, tuple(map(rational, record.kinks(2)))
    if record.is_piecewise_linear and kinks:
        lines = tuple((rational(piece.slope), rational(piece.intercept)) for piece in pieces)
        return replace(_PIECES, sides=lines, kinks=kinks, suprema=(max(abs(float(piece.slope)) for piece in pieces), 0))
    if record.family not in FUNCTIONS:
        raise Rejected("rule", "evidence", f"this checker does not know {record.name}")
    found, smooth = FUNCTIONS[record.family], 0 if record.kinks(1) else 1
    return replace(found, parameter=rational(record.parameter), kinks=kinks, smooth=smooth)


def kink(name: str) -> Rejected:
    """Return the rejection of a derivative that does not exist, or cannot be told to exist."""
    return Rejected("conclusion.at", "evidence", f"{name} has no such derivative at a z that occurs, or is not seen to have one")
