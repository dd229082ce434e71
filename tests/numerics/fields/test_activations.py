"""Every activation, order 0 to 2: SymPy, multiple precision, double precision and balls agree, at plain, saturated and tiny arguments."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import sympy
from cases.field_cases import ACTIVATIONS, EXTREMES, POINTS, contains, real, smooth
from flint import arb

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import KinkInBall
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.precision import ball_precision
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.functions.activations import activation_named

ORDERS = (0, 1, 2)
WIDE = MpmathField(60).context


@cache
def symbolic(name, order):
    z = sympy.Symbol("z", real=True)
    return z, sympy.diff(activation_named(name).expression, z, order)


def values(field, name, order, points):
    return field.activate(activation_named(name), order, field.array(list(points)))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_multiple_precision_agrees_with_sympy(name, order):
    z, expression = symbolic(name, order)
    points = smooth(name, order)
    for point, value in zip(points, values(MpmathField(40), name, order, points), strict=True):
        exact = expression.subs(z, sympy.Rational(point.numerator, point.denominator)).doit()
        expected = Fraction(str(sympy.Rational(sympy.N(exact, 60, maxn=2000)))) if exact != 0 else Fraction(0)
        assert abs(real(value) - expected) <= abs(expected) / 10**30 + Fraction(1, 10**60)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("points", [POINTS, EXTREMES], ids=["plain", "extreme"])
def test_balls_contain_the_value_and_shrink(name, order, points):
    field, points = MpmathField(700), smooth(name, order, points)
    twins = values(field, name, order, points)
    for bits in (53, 128, 1000):
        for point, ball, twin in zip(points, values(BallField(bits), name, order, points), twins, strict=True):
            with ball_precision(4000):
                error = abs(BallField(4000).embed(real(twin)) - ball)
                assert error.lower() <= abs(ball).upper() * arb(10) ** -300 + arb(10) ** -690, (point, bits)
                assert ball.rad() <= abs(ball).upper() * arb(2) ** (18 - bits) + arb(2) ** (-bits - 40 if order else 10 - bits), (
                    point,
                    bits,
                )


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("points", [POINTS, EXTREMES], ids=["plain", "extreme"])
def test_double_precision_agrees_with_multiple_precision(name, order, points):
    doubles = np.array([float(point) for point in smooth(name, order, points)])
    found = Float64Field().activate(activation_named(name), order, doubles)
    exact = values(MpmathField(60), name, order, [Fraction(x) for x in doubles])
    assert found.dtype == np.float64
    for value, expected in zip(found, exact, strict=True):
        assert abs(value - float(expected)) <= 1e-13 * abs(float(expected)) + 1e-16


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_huge_arguments_raise_no_warning_and_give_numbers(name):
    z = np.array([-1e300, 1e300, -1e160, 1e160, -745.2, 710.0])
    for order in ORDERS:
        found = Float64Field().activate(activation_named(name), order, z)
        assert not np.isnan(found).any()
        if not name.startswith("power"):
            assert np.isfinite(found).all()


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_saturated_units_keep_relative_accuracy(name):
    expected = {"tanh": lambda z: 4 * WIDE.exp(-2 * z), "sigmoid": lambda z: WIDE.exp(-z)}[name]
    for z in (60, 300):
        exact = expected(WIDE.mpf(z))
        assert values(Float64Field(), name, 1, [z])[0] == pytest.approx(float(exact), rel=1e-14)
        assert values(Float64Field(), name, 1, [-z])[0] == pytest.approx(float(exact), rel=1e-14)
        ball = values(BallField(64), name, 1, [z])[0]
        assert ball > 0
        assert ball.rel_accuracy_bits() > 40
    assert values(Float64Field(), "sigmoid", 0, [-300])[0] == pytest.approx(float(WIDE.exp(-300)), rel=1e-14)
    assert values(BallField(64), "sigmoid", 0, [-300])[0].rel_accuracy_bits() > 40


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_wide_balls_contain_the_values_at_all_their_points(name, order):
    activation = activation_named(name)
    for centre, radius in ((0.75, 0.5), (-2.0, 1.5), (0.0, 1.0), (3.0, 40.0), (-0.25, 0.25)):
        try:
            ball = BallField(64).activate(activation, order, np.array([arb(centre, radius)], dtype=object))[0]
        except KinkInBall:
            assert any(abs(centre - kink) <= radius for kink in activation.kinks(order))
            continue
        inside = [Fraction(centre) + Fraction(radius) * Fraction(k, 8) for k in range(-8, 9)]
        inside = [point for point in inside if point not in activation.kinks(order)]
        for value in values(MpmathField(60), name, order, inside):
            assert ball.is_nan() or contains(ball + arb(0, 1e-30), real(value))


@pytest.mark.parametrize(("name", "first"), [("relu", 1), ("leaky-relu:1/10", 1), ("softsign", 2), ("elu", 2)])
def test_kinks_raise_from_their_order_on(name, first):
    wide = np.array([arb(0, 1e-20)], dtype=object)
    for field in (Float64Field(), MpmathField(30), BallField(64)):
        for order in range(first):
            values(field, name, order, [0])
        for order in range(first, 3):
            with pytest.raises(NotDifferentiable, match="z = 0"):
                values(field, name, order, [0])
    for order in range(first):
        BallField(64).activate(activation_named(name), order, wide)
    with pytest.raises(KinkInBall, match="raise the precision"):
        BallField(64).activate(activation_named(name), first, wide)


@pytest.mark.parametrize("field", [Float64Field(), MpmathField(30), BallField(64)], ids=lambda field: field.name)
def test_other_orders_are_refused(field):
    with pytest.raises(ValueError, match="order of a derivative"):
        values(field, "tanh", 3, [1])


def test_doubles_embed_what_they_can():
    field = Float64Field()
    assert field.embed(Fraction(1, 3)) == 1 / 3
    assert field.embed(sympy.log(3) / 2) == pytest.approx(float(sympy.log(3) / 2), rel=1e-16)
    assert field.embed(Fraction(1, 10**400)) == 0.0
    with pytest.raises(NotInField, match="larger than any double"):
        field.embed(Fraction(10**400))


def test_nearly_cancelling_constants_embed_to_the_nearest_double():
    tiny = sympy.pi - sympy.Rational(str(sympy.N(sympy.pi, 60)))
    expected = float(sympy.N(tiny, 20, maxn=1000))
    assert Float64Field().embed(tiny) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("number", [sympy.log(3) / 2, sympy.sqrt(2) + 1, sympy.exp(2) - sympy.pi, 2 ** sympy.Rational(1, 3) * 5])
def test_constants_lie_inside_their_balls(number):
    expected = Fraction(str(sympy.Rational(sympy.N(number, 40))))
    assert abs(real(MpmathField(40).embed(number)) - expected) < Fraction(1, 10**35)
    ball = BallField(200).embed(number)
    assert ball.rel_accuracy_bits() > 180
    assert contains(ball + arb(0, 1e-35), expected)
