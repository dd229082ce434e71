"""First and second derivatives of every error: SymPy, multiple precision, double precision, balls and rationals agree."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from cases.field_cases import ERRORS, contains
from flint import fmpq

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.fields.rational import RationalField
from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.errors import error_named

PHI = [[Fraction(1, 3), Fraction(-2)], [Fraction(5, 2), Fraction(1, 4)], [Fraction(0), Fraction(-4)]]
Y = [[Fraction(1, 4), Fraction(3, 4)], [Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)]]


def symbolic(name, order):
    """Differentiate the error of one sample with SymPy and evaluate it to 40 digits."""
    error = error_named(name)
    phi, y = sympy.symbols("f0 f1", real=True), sympy.symbols("y0 y1", real=True)
    if error.family == "softmax":
        total = sympy.log(sum(sympy.exp(f) for f in phi)) - sum(f * t for f, t in zip(phi, y, strict=True))
    else:
        r, p, t = (sympy.Symbol(s, real=True) for s in ("r", "phi", "y"))
        total = sum(error.expression.subs({r: f - target, p: f, t: target}) for f, target in zip(phi, y, strict=True))
    result = []
    for row, targets in zip(PHI, Y, strict=True):
        at = dict(zip((*phi, *y), map(sympy.Rational, map(str, row + targets)), strict=True))
        if order == 1:
            result.append([sympy.N(sympy.diff(total, f).subs(at), 40) for f in phi])
        else:
            result.append([[sympy.N(sympy.diff(total, f, g).subs(at), 40) for g in phi] for f in phi])
    return np.array(result, dtype=object)


def derivative(field, name, order, phi=PHI, y=Y):
    return field.error_derivative(error_named(name), order, field.array(phi), field.array(y))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", ERRORS)
def test_fields_agree_with_sympy(name, order):
    expected = symbolic(name, order)
    doubles = derivative(Float64Field(), name, order)
    precise = derivative(MpmathField(30), name, order)
    balls = derivative(BallField(100), name, order)
    assert doubles.shape == precise.shape == balls.shape == expected.shape
    for d, m, b, e in zip(doubles.ravel(), precise.ravel(), balls.ravel(), expected.ravel(), strict=True):
        exact = Fraction(str(e))
        assert abs(d - float(e)) < 1e-14
        assert abs(Fraction(str(m)) - exact) < Fraction(1, 10**27)
        assert contains(b, exact, slack=1e-35)
        assert b.rad() < 1e-25


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", ["squared", "cauchy:1/4"])
def test_rational_derivatives_lie_inside_balls(name, order):
    exact, balls = derivative(RationalField(), name, order), derivative(BallField(100), name, order)
    for e, b in zip(exact.ravel(), balls.ravel(), strict=True):
        assert isinstance(e, fmpq)
        assert contains(b, e, slack=1e-300)
    assert (derivative(PrimeField(1048583), name, order) == exact).all()


@pytest.mark.parametrize("name", ["smooth-l1", "blake-zisserman", "logistic", "softmax"])
def test_irrational_derivatives_are_not_in_exact_fields(name):
    for field in (RationalField(), FormalField(), PrimeField(1048583)):
        with pytest.raises(NotInField, match="ball field"):
            derivative(field, name, 1)


def test_residues_have_no_error_derivative():
    field = PrimeField(1048583)
    with pytest.raises(NotInField):
        field.error_derivative(error_named("squared"), 1, np.array([[1]]), np.array([[1]]))


@pytest.mark.parametrize("name", ERRORS)
def test_extreme_residuals_raise_no_warning(name):
    phi = [[Fraction(r)] * 2 for r in (0.0, 1e3, -1e3, 1e-300, 1e200, -1e200, 300.0)]
    y = [[Fraction(1), Fraction(0)]] * len(phi)
    for order in (1, 2):
        found = derivative(Float64Field(), name, order, phi, y)
        exact = derivative(MpmathField(450), name, order, phi, y)
        assert np.isfinite(found).all()
        for value, expected in zip(found.ravel(), exact.ravel(), strict=True):
            assert abs(value - float(expected)) <= 1e-13 * abs(float(expected)) + 1e-16


@pytest.mark.parametrize("field", [Float64Field(), MpmathField(30), BallField(64), RationalField(), FormalField()], ids=lambda f: f.name)
def test_other_orders_are_refused(field):
    with pytest.raises(ValueError, match="order of a derivative"):
        derivative(field, "squared", 0)


def test_a_scale_below_the_doubles_is_refused():
    with pytest.raises(NotInField, match="smaller than any double"):
        derivative(Float64Field(), f"cauchy:1/{10**400}", 1)
