"""Whether values at rational points are rational."""

import pytest
import sympy
from cases.theory_cases import ACTIVATION_NAMES

from lossproof.theory.derivations.rational import derive_rational, irrationality
from lossproof.theory.functions.activations import activation_named


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_record_agrees_with_derivation(name: str) -> None:
    activation = activation_named(name)
    derived = derive_rational(activation)
    assert activation.rational.holds is derived.holds
    assert activation.rational.argument


@pytest.mark.parametrize(
    "number",
    [
        sympy.E,
        1 / (1 + sympy.exp(sympy.Rational(1, 3))),
        sympy.tanh(2),
        sympy.sin(3),
        sympy.cos(1),
        sympy.pi**2 / 6,
        sympy.sqrt(2),
        1 / sympy.sqrt(sympy.pi),
    ],
)
def test_irrational_numbers(number: sympy.Expr) -> None:
    assert irrationality(number)


@pytest.mark.parametrize(
    "number",
    [
        sympy.Rational(3, 7),
        sympy.exp(1) * sympy.exp(-1),
        sympy.tanh(sympy.log(3) / 2),
        sympy.sin(1) ** 2 + sympy.cos(1) ** 2,
        sympy.exp(sympy.log(2)),
        sympy.erf(1),
        sympy.E + sympy.pi,
        sympy.E * sympy.pi,
        sympy.exp(sympy.sqrt(2)),
        sympy.S.Zero,
    ],
)
def test_nothing_is_claimed_of_rational_or_open_numbers(number: sympy.Expr) -> None:
    assert irrationality(number) == ""
