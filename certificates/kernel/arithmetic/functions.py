"""Every activation, and every error of one residual, in one place: with its derivative, as a polynomial system of differential equations, with enclosures.

A `Function` of z has *states* y, functions of z with ``dy/dz = rates(z, y, s, p)``, and ``σ = value(z, y, s, p)``, ``σ' = slope(z, y, s, p)``, all
polynomials in z, y and s. The numbers s are constant on each side of a kink, and so is p, the parameter of the family. So all Taylor coefficients of σ follow
from the states at one z. A state is enclosed over a ball, and has exact values on record: rationals, symmetries, polynomials of z and the states before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isqrt, prod
from typing import Any, TypeAlias

from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import HALF, ONE, ZERO, Enclosure, monotone
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import rational
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction

Polynomial: TypeAlias = "Callable[[Any, tuple[Any, ...], tuple[Any, ...], fmpq], Any]"


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
    ball: Enclosure
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
      are those of the record, as are ``name`` and ``parameter``;
    - ``suprema``: bounds of ``|σ'|`` and of the Lipschitz constant of ``σ'`` on the whole line, where there are any.
    """

    value: Polynomial
    slope: Polynomial
    states: tuple[State, ...] = ()
    rates: Polynomial = lambda z, y, s, p: ()
    sides: tuple[tuple[Any, ...], ...] = ((),)
    suprema: tuple[float, float] = (float("inf"), float("inf"))
    name: str = ""
    parameter: fmpq = ONE
    kinks: tuple[fmpq, ...] = ()
    smooth: int = 0


def inverse_root(q: fmpq) -> fmpq | None:
    """Return ``q^{-1/2}`` if the positive q is the square of a rational number, else None."""
    a, b = isqrt(int(q.p)), isqrt(int(q.q))
    return fmpq(b, a) if fmpq(a, b) ** 2 == q else None


def _at_zero(value: fmpq) -> Callable[[fmpq, fmpq], fmpq | None]:
    return lambda z, p: value if z == 0 else None


def _logistic_rates(z: Any, y: tuple[Any, ...], s: tuple[Any, ...], p: fmpq) -> tuple[Any, ...]:
    rate = y[-2] * y[-1] * p
    return rate, -rate


def _logistic(x: Any) -> Any:
    """Enclose ``1/(1+e^{-x})`` from an exponential that is not above 1."""
    if x < 0:
        e = x.exp()
        return e / (1 + e)
    return 1 / (1 + (-x).exp())


def _softplus(x: Any) -> Any:
    """Enclose ``log(1+e^x)`` likewise."""
    return x + (-x).exp().log1p() if x > 0 else x.exp().log1p()


def _sech_squared(x: Any) -> Any:
    """Enclose ``1/cosh² = 4e/(1+e)²``, ``e = e^{-2|x|}``."""
    e = (-2 * abs(x)).exp()
    return 4 * e / (1 + e) ** 2


# fmt: off
EVEN, ODD, POINT = (1, 0, 0), (-1, 0, 0), (-1, 0, 1)
LOGISTIC = State("logistic", monotone(lambda x, p: _logistic(x * p)), POINT, of_exponential=lambda e: e / (e + 1))
COMPLEMENT = State("1 - logistic", monotone(lambda x, p: _logistic(-x * p)), formula=lambda z, y: -y[-1] + ONE)
TANH = State("tanh", monotone(lambda x, p: x.tanh()), ODD, exponent=2, of_exponential=lambda e: (e - 1) / (e + 1))
SECH = State("1/cosh²", monotone(lambda x, p: _sech_squared(x), even=True), formula=lambda z, y: -(y[0] * y[0]) + ONE)
SOFTPLUS = State("softplus", monotone(lambda x, p: _softplus(x)), (1, -1, 0))
MISH = State("tanh softplus", monotone(lambda x, p: _softplus(x).tanh()), of_exponential=lambda e: e * (e + 2) / (e * (e + 2) + 2))
MISH_GAP = State("1 - tanh² softplus", monotone(lambda x, p: _sech_squared(_softplus(x))), formula=lambda z, y: -(y[0] * y[0]) + ONE)
SOFTSIGN = State("1/(1+|z|)", monotone(lambda x, p: 1 / (1 + abs(x)), even=True), EVEN, lambda z, p: 1 / (1 + abs(z)))
ROOT = State("(z²+β)^{-1/2}", monotone(lambda x, p: 1 / (x * x + p).sqrt(), 0, even=True), EVEN, lambda z, p: inverse_root(z * z + p))
ELU = State("min(1, e^z)", monotone(lambda x, p: x.min(arb(0)).exp()), right=ONE)
INTEGRAL = State("normal integral", monotone(lambda x, p: (-x / arb(2).sqrt()).erfc() / 2), POINT, _at_zero(HALF))
DENSITY = State("normal density", monotone(lambda x, p: (-x * x / 2).exp() / (2 * arb.pi()).sqrt(), even=True), EVEN)
ARCTAN = State("arctan", lambda z, p: z.atan(), ODD, _at_zero(ZERO))
WITCH = State("1/(z²+β)", monotone(lambda x, p: 1 / (x * x + p), 0, even=True), EVEN, lambda z, p: 1 / (z * z + p))
ERF = State("erf", monotone(lambda x, p: x.erf()), ODD, _at_zero(ZERO))
GAUSS = State("2π^{-1/2} e^{-z²}", monotone(lambda x, p: 2 * (-x * x).exp() / arb.pi().sqrt(), even=True), EVEN)
SIN = State("sin", lambda z, p: z.sin(), ODD, _at_zero(ZERO))
COS = State("cos", lambda z, p: z.cos(), EVEN, _at_zero(ONE))
_SWISH = Function(lambda z, y, s, p: z * y[0], lambda z, y, s, p: y[0] + z * y[0] * y[1] * p, (LOGISTIC, COMPLEMENT), _logistic_rates)
_PIECES = Function(lambda z, y, s, p: z * s[0] + s[1], lambda z, y, s, p: s[0])

FUNCTIONS: Mapping[str, Function] = {
    "identity": Function(lambda z, y, s, p: z, lambda z, y, s, p: ONE, suprema=(1, 0)),
    "power": Function(lambda z, y, s, p: prod([z] * int(p.p), start=ONE), lambda z, y, s, p: prod([z] * (int(p.p) - 1), start=ONE) * p),
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
                         ((-ONE,), (ONE,)), (1, 2)),
    "bent-identity": Function(lambda z, y, s, p: ((z * z + ONE) * y[0] + (-ONE)) * HALF + z, lambda z, y, s, p: z * y[0] * HALF + ONE, (ROOT,),
                              lambda z, y, s, p: (-(z * y[0] * y[0] * y[0]),), suprema=(3 / 2, 1 / 2)),
    "elu": Function(lambda z, y, s, p: (y[0] + (-ONE)) * s[0] + z * (1 - s[0]), lambda z, y, s, p: y[0], (ELU,), lambda z, y, s, p: (y[0] * s[0],),
                    ((ONE,), (ZERO,)), (1, 1)),
    "gelu": Function(lambda z, y, s, p: z * y[0], lambda z, y, s, p: y[0] + z * y[1], (INTEGRAL, DENSITY), lambda z, y, s, p: (y[1], -(z * y[1])),
                     suprema=(5 / 4, 7 / 8)),  # Φ(√2) + √2φ(√2) < 1.13, √(2/π)
    "arctan": Function(lambda z, y, s, p: y[0], lambda z, y, s, p: y[1], (ARCTAN, WITCH), lambda z, y, s, p: (y[1], z * y[1] * y[1] * (-2)),
                       suprema=(1, 3 / 4)),  # 1, 3√3/8
    "erf": Function(lambda z, y, s, p: y[0], lambda z, y, s, p: y[1], (ERF, GAUSS), lambda z, y, s, p: (y[1], z * y[1] * (-2)),
                    suprema=(5 / 4, 1)),  # 2/√π, √(8/(πe))
    "sin": Function(lambda z, y, s, p: y[0], lambda z, y, s, p: y[1], (SIN, COS), lambda z, y, s, p: (y[1], -y[0]), suprema=(1, 1)),
}
"""The activations that are not piecewise linear. The suprema are the numbers behind them, or what stands there."""

_BLAKE = State("1/(1+βe^{r²})", monotone(lambda x, p: (-x * x).exp() / ((-x * x).exp() + p), 0, even=True), EVEN,
               lambda r, p: 1 / (1 + p) if r == 0 else None)
_LOG = State("log(1+r²/β)", monotone(lambda x, p: (x * x / p).log1p(), 0, even=True), EVEN, _at_zero(ZERO))
_BLAKE_LOG = State("-log(e^{-r²}+β)", monotone(lambda x, p: -((-x * x).exp() + p).log(), 0, even=True), EVEN)
ERRORS: Mapping[str, Function] = {
    "squared": Function(lambda r, y, s, p: r * r * HALF, lambda r, y, s, p: r),
    "smooth-l1": Function(lambda r, y, s, p: (r * r + p) * y[0], lambda r, y, s, p: r * y[0], (ROOT,), lambda r, y, s, p: (-(r * y[0] * y[0] * y[0]),)),
    "cauchy": Function(lambda r, y, s, p: y[0], lambda r, y, s, p: r * y[1] * 2, (_LOG, WITCH),
                       lambda r, y, s, p: (r * y[1] * 2, r * y[1] * y[1] * (-2))),
    "blake-zisserman": Function(lambda r, y, s, p: y[0], lambda r, y, s, p: r * y[1] * 2, (_BLAKE_LOG, _BLAKE),
                                lambda r, y, s, p: (r * y[1] * 2, r * y[1] * (y[1] - 1) * 2)),
    "logistic": FUNCTIONS["softplus"],
}
"""The errors ``e(r)`` of one residual, with the slope ``e'(r)`` and p the scale β; for ``logistic`` the parts ``log(1+e^φ)`` and ``1/(1+e^{-φ})``."""
# fmt: on


@lru_cache(maxsize=256)
def function_of(record: Activation | ErrorFunction) -> Function:
    """Return the function of an activation, or an error of one residual, by its record; raises `Rejected` for one that is not here.

    A piecewise linear activation needs no more than its record: the lines it follows.
    """
    kinks: tuple[Any, ...] = ()
    if isinstance(record, ErrorFunction):
        found, parameter, smooth = ERRORS.get(record.family), record.beta, 0
    else:
        found, parameter, kinks, smooth = FUNCTIONS.get(record.family), record.parameter, record.kinks(2), 0 if record.kinks(1) else 1
        if record.is_piecewise_linear and kinks:
            lines = tuple((rational(piece.slope), rational(piece.intercept)) for piece in record.affine_pieces)
            found = replace(_PIECES, sides=lines, suprema=(max(abs(float(piece.slope)) for piece in record.affine_pieces), 0))
    if found is None:
        raise Rejected("rule", "evidence", f"this checker does not know {record.name}")
    return replace(found, name=record.name, parameter=rational(parameter), kinks=tuple(map(rational, kinks)), smooth=smooth)
