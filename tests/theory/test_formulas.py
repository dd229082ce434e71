"""The expressions are the functions their names promise: compared with independent definitions."""

import math
from fractions import Fraction

import pytest
import sympy
from cases.theory_cases import ACTIVATION_NAMES, ERROR_NAMES

from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import error_named

ACTIVATIONS = {
    "sigmoid": lambda z, _: 0.5 * (1 + math.tanh(z / 2)),
    "tanh": lambda z, _: math.sinh(z) / math.cosh(z),
    "softsign": lambda z, _: z / (1 + abs(z)),
    "softplus": lambda z, _: math.log1p(math.exp(z)),
    "bent-identity": lambda z, _: (math.hypot(z, 1) - 1) / 2 + z,
    "identity": lambda z, _: z,
    "relu": lambda z, _: max(z, 0.0),
    "leaky-relu": lambda z, slope: z if z > 0 else slope * z,
    "elu": lambda z, _: z if z > 0 else math.expm1(z),
    "gelu": lambda z, _: z * 0.5 * math.erfc(-z / math.sqrt(2)),
    "silu": lambda z, _: z * 0.5 * (1 + math.tanh(z / 2)),
    "swish": lambda z, beta: z / (1 + math.exp(-beta * z)),
    "mish": lambda z, _: z * ((1 + math.exp(z)) ** 2 - 1) / ((1 + math.exp(z)) ** 2 + 1),
    "hard-tanh": lambda z, _: sorted((-1.0, z, 1.0))[1],
    "arctan": lambda z, _: math.atan2(z, 1),
    "erf": lambda z, _: 1 - math.erfc(z),
    "sin": lambda z, _: math.cos(z - math.pi / 2),
    "power": lambda z, exponent: z**exponent,
}
ERRORS = {
    "squared": lambda r, _: 0.5 * r * r,
    "smooth-l1": lambda r, beta: math.hypot(r, math.sqrt(beta)),
    "blake-zisserman": lambda r, beta: -math.log(math.exp(-r * r) + beta),
    "cauchy": lambda r, beta: math.log1p(r * r / beta),
}


def rational(value: Fraction) -> sympy.Rational:
    return sympy.Rational(value.numerator, value.denominator)


POINTS = [Fraction(-9, 4), Fraction(-1, 2), Fraction(0), Fraction(1, 3), Fraction(2)]


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_activation_formulas(name: str) -> None:
    activation = activation_named(name)
    for z in POINTS:
        value = float(activation.expression.subs(sympy.Symbol("z", real=True), rational(z)))
        assert value == pytest.approx(ACTIVATIONS[activation.family](float(z), float(activation.parameter or 0)), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in ERROR_NAMES if name not in ("logistic", "softmax")])
def test_error_formulas(name: str) -> None:
    error = error_named(name)
    for r in POINTS:
        value = float(error.expression.subs(sympy.Symbol("r", real=True), rational(r)))
        assert value == pytest.approx(ERRORS[error.family](float(r), error.beta and float(error.beta)), rel=1e-12, abs=1e-12)


def test_logistic_formula() -> None:
    value = error_named("logistic").expression.subs(
        {sympy.Symbol("phi", real=True): 2, sympy.Symbol("y", real=True): rational(Fraction(1, 4))}
    )
    assert float(value) == pytest.approx(-0.25 * math.log(1 / (1 + math.exp(-2))) - 0.75 * math.log(1 / (1 + math.exp(2))))
