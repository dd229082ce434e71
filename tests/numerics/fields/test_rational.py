"""The rational field: rational activations, special values, logarithms, and what is not in it."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from cases.field_cases import ACTIVATIONS, RATIONAL_ACTIVATIONS, contains, smooth
from flint import fmpq

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.rational import RationalField
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.functions.activations import activation_named


def value(name, order, z):
    field = RationalField()
    return field.activate(activation_named(name), order, field.array([z]))[0]


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", RATIONAL_ACTIVATIONS)
def test_rational_activations_are_exact(name, order):
    z = sympy.Symbol("z", real=True)
    expression = sympy.diff(activation_named(name).expression, z, order)
    for point in smooth(name, order):
        expected = sympy.Rational(expression.subs(z, sympy.Rational(str(point))).doit())
        found = value(name, order, point)
        assert isinstance(found, fmpq)
        assert found == fmpq(int(expected.p), int(expected.q))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_on_record_at_zero_lie_inside_balls(name):
    decided = 0
    for order in (0, 1, 2):
        try:
            found = value(name, order, 0)
        except (NotInField, NotDifferentiable):
            continue
        decided += 1
        assert contains(BallField(100).activate(activation_named(name), order, BallField(100).array([0]))[0], found)
    assert decided >= 1


@pytest.mark.parametrize(
    ("name", "z", "expected"),
    [
        ("tanh", sympy.log(3) / 2, ("1/2", "3/4", "-3/4")),
        ("tanh", -sympy.log(3) / 2, ("-1/2", "3/4", "3/4")),
        ("tanh", sympy.log(3), ("4/5", "9/25", "-72/125")),
        ("sigmoid", sympy.log(3), ("3/4", "3/16", "-3/32")),
        ("sigmoid", sympy.log(sympy.Rational(2, 3)), ("2/5", "6/25", "6/125")),
        ("elu", Fraction(2, 3), ("2/3", "1", "0")),
    ],
)
def test_logarithms_and_half_lines_give_rationals(name, z, expected):
    for order, text in enumerate(expected):
        exact = Fraction(text)
        assert value(name, order, z) == fmpq(exact.numerator, exact.denominator)


@pytest.mark.parametrize(
    ("name", "order", "z"),
    [
        ("tanh", 0, 1),
        ("tanh", 0, sympy.log(3) / 4),
        ("sigmoid", 0, sympy.log(3) / 2),
        ("tanh", 0, sympy.log(3) / 2 + 1),
        ("sigmoid", 0, sympy.log(3) * 10**9),
        ("sigmoid", 0, sympy.pi),
        ("erf", 1, 0),
        ("softplus", 0, 0),
        ("elu", 0, -1),
        ("softsign", 0, sympy.sqrt(2)),
        ("relu", 0, sympy.pi),
        ("gelu", 2, 0),
    ],
)
def test_other_values_are_not_in_the_field(name, order, z):
    with pytest.raises(NotInField, match="ball field"):
        value(name, order, z)


@pytest.mark.parametrize(("name", "order"), [("relu", 1), ("leaky-relu", 2), ("softsign", 2), ("elu", 2)])
def test_kinks_raise(name, order):
    with pytest.raises(NotDifferentiable):
        value(name, order, 0)


def test_irrational_results_are_refused_at_the_end():
    field = RationalField()
    held = field.array([sympy.log(2), 1])
    with pytest.raises(NotInField, match="combination of irrational constants"):
        field.finalize(held)
    assert field.finalize(field.add(held, -held)).tolist() == [0, 0]
