"""Every family of activations has its formulas, a family without them is refused, and the values on record are what they must be."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy
from cases.field_cases import ACTIVATIONS, smooth
from flint import arb, fmpq

from lossproof.numerics.critical.running_off import is_suspicious
from lossproof.numerics.curves.fields import BallSeries, FloatSeries, FormalSeries
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.prime import PrimeField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.functions.table import FORMULAS, formulas_of
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.verified.activations import enclose_activation
from lossproof.numerics.verified.enclosures import exact_floats
from lossproof.numerics.verified.slope_bounds import slope_bounds
from lossproof.theory.derivations.pieces import one_sided_limits
from lossproof.theory.exceptions import InputError, NotDifferentiable
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES, activation_named
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

UNKNOWN = replace(activation_named("sin"), name="cosine", family="cosine")


def test_every_family_has_formulas():
    assert set(FORMULAS) == set(ACTIVATION_FAMILIES)


def test_a_curvature_from_value_and_slope_has_the_bits_of_the_formula():
    z = np.concatenate([np.linspace(-8, 8, 4001), [0.0, -0.0, 1e-300, -1e-300, 40.0, -40.0, 1e308, -1e308, np.inf, -np.inf, np.nan]])
    short = [formulas for name in ACTIVATIONS if (formulas := formulas_of(activation_named(name))).curvature_of_both is not None]
    assert short
    for f in short:
        found = f.curvature_of_both(f.doubles(z, 0), f.doubles(z, 1))
        assert found.tobytes() == f.doubles(z, 2).tobytes()


def test_the_test_cases_cover_every_family():
    assert {activation_named(name).family for name in ACTIVATIONS} == set(ACTIVATION_FAMILIES)


@pytest.mark.parametrize(
    "field", [Float64Field(), MpmathField(30), BallField(64), FormalField(), RationalField(), PrimeField(1048583)], ids=repr
)
def test_fields_refuse_an_unknown_family(field):
    with pytest.raises(InputError, match="'cosine'"):
        field.activate(UNKNOWN, 0, field.array([0]))


@pytest.mark.parametrize("field", [FloatSeries(), BallSeries(64), FormalSeries()], ids=repr)
def test_series_refuse_an_unknown_family(field):
    with pytest.raises(InputError, match="'cosine'"):
        field.jet(UNKNOWN, 2, field.array([0]))


@pytest.mark.parametrize("bound", [enclose_activation, slope_bounds])
def test_bounds_refuse_an_unknown_family(bound):
    with pytest.raises(InputError, match="'cosine'"):
        bound(UNKNOWN, exact_floats([0.5]))


def test_the_search_refuses_an_unknown_family():
    problem = Problem(Architecture.of("1-1-1"), error_named("squared"), Samples.of([[1]], [[5]]))
    landscape = FloatLandscape(problem)
    at = landscape.at(np.zeros((1, 4)))
    other = FloatLandscape(Problem(replace(problem.architecture, hidden=(UNKNOWN,)), problem.error, problem.samples))
    assert not is_suspicious(landscape, at)
    with pytest.raises(InputError, match="'cosine'"):
        is_suspicious(other, at)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_rational_values_at_zero_are_on_record(name, order):
    activation, field = activation_named(name), FormalField()
    if Fraction(0) in activation.kinks(order):
        with pytest.raises(NotDifferentiable):
            field.activate(activation, order, field.array([0]))
        return
    value = field.activate(activation, order, field.array([0]))[0]
    exact = sympy.simplify(one_sided_limits(activation.expression, order)[1].rewrite(sympy.exp))
    assert exact.is_rational is isinstance(value, fmpq)
    assert field.enclose(value, 200).overlaps(arb(str(sympy.N(exact, 50))))


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_on_record_lie_in_the_balls(name, order):
    activation, formal, balls = activation_named(name), FormalField(), BallField(200)
    points = smooth(name, order)
    exact = formal.activate(activation, order, formal.array(points))
    for value, ball in zip(exact, balls.activate(activation, order, balls.array(points)), strict=True):
        assert activation.rational.holds <= isinstance(value, fmpq)
        assert formal.enclose(value, 200).overlaps(ball)


def test_formulas_of_a_parameter():
    assert formulas_of(activation_named("leaky-relu:1/3")).doubles(np.array([-3.0]), 0) == -1
    assert formulas_of(activation_named("power:3")).suprema == (np.inf, np.inf)
