"""Points without derivative, wherever they lie: at 0 for relu, at −1 and 1 for hard-tanh."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import arb

from lossproof.numerics.critical.exact import has_rational_sides
from lossproof.numerics.critical.running_off import meets_kink, runs_off
from lossproof.numerics.curves.fields import BallSeries, FloatSeries, FormalSeries
from lossproof.numerics.curves.loss_series import expand_loss
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import KinkInBall
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.differentiability import derivatives_exist
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.points import off_kinks
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.numerics.verified.activations import enclose_activation
from lossproof.numerics.verified.enclosures import Enclosure
from lossproof.numerics.verified.slope_bounds import slope_bounds
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor

KINKS = [
    ("relu", "0", 1),
    ("leaky-relu:1/10", "0", 1),
    ("softsign", "0", 2),
    ("elu", "0", 2),
    ("hard-tanh", "-1", 1),
    ("hard-tanh", "1", 1),
]


def at_kink(name, z, shift=0):
    """A network with one hidden unit whose input is ``z + shift``, and its weights."""
    a = Architecture.of("1-1-1", name)
    problem = Problem(a, error_named("squared"), Samples.of([[1]], [[2]]))
    return problem, Weights.of(a, [([["1/3"]], [Fraction(z) - Fraction(1, 3) + shift]), ([[1]], [0])])


@pytest.mark.parametrize(("name", "z", "first"), KINKS)
def test_every_field_refuses_a_kink_from_its_order_on(name, z, first):
    activation, exact = activation_named(name), Fraction(z)
    fields = (Float64Field(), MpmathField(30), BallField(64), RationalField(), FormalField(), PrimeField(1048583))
    for field in fields:
        if name != "elu" or field.name not in ("the rationals", "the prime field"):
            field.activate(activation, 0, field.array([exact]))
        for order in range(first, 3):
            with pytest.raises(NotDifferentiable, match=f"z = {z}"):
                field.activate(activation, order, field.array([exact]))
    wide = np.array([arb(float(exact), 1e-20)], dtype=object)
    with pytest.raises(KinkInBall, match=f"contains {z}, .* z is {z} exactly"):
        BallField(64).activate(activation, first, wide)


@pytest.mark.parametrize(("name", "z", "first"), KINKS)
def test_irrational_numbers_beside_a_kink_are_told_from_it(name, z, first):
    activation = activation_named(name)
    tiny = sympy.sqrt(2) - sympy.Rational(str(sympy.N(sympy.sqrt(2), 60)))
    for side, shift in ((0, -tiny), (1, tiny)) if tiny > 0 else ((0, tiny), (1, -tiny)):
        field, below = FormalSeries(), sum(point < Fraction(z) for point in activation.kinks(2))
        element = field.array([sympy.Rational(z) + shift])
        assert field.sides(activation, element).tolist() == [below + side]
        assert BallSeries(400).sides(activation, BallSeries(400).array([sympy.Rational(z) + shift])).tolist() == [below + side]
        with pytest.raises(KinkInBall):
            BallSeries(64).sides(activation, BallSeries(64).array([sympy.Rational(z) + shift]))
    hidden = field.array([sympy.Rational(z) + 3 * sympy.sqrt(2)])[0] - field.array([sympy.Pow(18, sympy.Rational(1, 2))])[0]
    with pytest.raises(NotDifferentiable):
        FormalField().activate(activation, first, np.array([hidden], dtype=object))


@pytest.mark.parametrize(("name", "z", "first"), KINKS)
def test_derivatives_exist_but_at_kinks(name, z, first):
    problem, weights = at_kink(name, z)
    _, beside = at_kink(name, z, Fraction(1, 2**200))
    assert [derivatives_exist(problem, weights, Fraction(0), order) for order in (1, 2)] == [Rigor.EXACT if first == 2 else None, None]
    assert [derivatives_exist(problem, beside, Fraction(0), order) for order in (1, 2)] == [Rigor.EXACT] * 2
    for radius, rigor in ((Fraction(1, 2**210), Rigor.BALL), (Fraction(1, 2**199), None)):
        assert derivatives_exist(problem, beside, radius, first) is rigor
    assert has_rational_sides(problem, weights)


def test_an_irrational_number_beside_a_kink_is_told_from_it_in_balls_of_960_bits():
    a = Architecture.of("1-1-1", "hard-tanh")
    problem = Problem(a, error_named("squared"), Samples.of([[1]], [[2]]))
    for digits, rigor in ((250, Rigor.BALL), (300, None)):
        near = Fraction(str(sympy.N(sympy.sqrt(2), digits)))
        weights = Weights.of(a, [([[sympy.sqrt(2)]], [1 - near]), ([[1]], [0])])
        assert derivatives_exist(problem, weights, Fraction(0), 1) is rigor


@pytest.mark.parametrize(("name", "z", "first"), KINKS)
def test_the_loss_is_not_expanded_at_kinks(name, z, first):
    problem, weights = at_kink(name, z)
    for field in (FloatSeries(), FormalSeries()):
        with pytest.raises(NotDifferentiable):
            expand_loss(problem, weights, field, 2)
    with pytest.raises(KinkInBall):
        expand_loss(problem, weights, BallSeries(64), 2)


@pytest.mark.parametrize(("name", "z", "first"), KINKS)
def test_derivatives_in_doubles_are_those_from_the_right(name, z, first):
    problem, weights = at_kink(name, z)
    landscape = FloatLandscape(problem)
    point = flat_weights(problem, weights)[None]
    here, right = landscape.at(point), landscape.at(point + np.array([0.0, 1e-9, 0.0, 0.0]))
    assert here.gradient == pytest.approx(right.gradient, abs=1e-7)
    assert here.hessian == pytest.approx(right.hessian, abs=1e-7)
    assert meets_kink(problem, here) is (first == 1)
    assert not meets_kink(problem, right)
    assert not runs_off(landscape, here) or name == "hard-tanh"


@pytest.mark.parametrize(("name", "z", "first"), KINKS)
def test_bounds_over_intervals_with_a_kink(name, z, first):
    activation, around = activation_named(name), Enclosure(np.array([float(z) + 0.1]), np.array([0.2]))
    if first == 1:
        for bound in (enclose_activation, slope_bounds):
            with pytest.raises(NotDifferentiable):
                bound(activation, around)
    else:
        assert np.isfinite(slope_bounds(activation, around)).all()


def test_lines_between_kinks_have_exact_bounds():
    z = Enclosure(np.array([-3.0, 0.0, 1.5]), np.array([1.0, 0.5, 0.25]))
    slope, change = slope_bounds(activation_named("hard-tanh"), z)
    assert slope[1] == 1
    assert np.all(slope[[0, 2]] < 2.0**-580)
    assert change.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("hidden", "output", "expected"), [("tanh", "identity", 1), ("relu", "elu", 1), ("hard-tanh", "identity", Fraction(1, 2))]
)
def test_a_constant_off_all_kinks(hidden, output, expected):
    assert off_kinks(Architecture.of("1-1-1", hidden, output)) == expected


@pytest.mark.parametrize("z", ["-1", "1"])
def test_training_stops_at_a_kink(z):
    import lossproof as lp

    found = lp.train("1-1-1", [[1]], [[2]], activation="hard-tanh", weights=[([["1/4"]], [Fraction(z) - Fraction(1, 4)]), ([[1]], [0])])
    assert f"z = {z}" in found.reason
