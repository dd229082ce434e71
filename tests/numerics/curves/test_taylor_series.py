"""Taylor coefficients of the loss along curves: against numerical differentiation of the loss, and one arithmetic against the other."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from cases.curve_cases import loss_along
from cases.field_cases import ACTIVATIONS, ERRORS, contains, random_problem
from flint import arb, fmpq

from lossproof.numerics.curves.activations import activation_jet
from lossproof.numerics.curves.fields import BallSeries, FloatSeries, FormalSeries
from lossproof.numerics.curves.loss_series import curve_array, expand_loss, taylor_coefficients
from lossproof.numerics.curves.products import compose, series_product
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import KinkInBall
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.formal_polynomial import FormalPolynomial
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import gradient
from lossproof.theory.exceptions import InputError, NotDifferentiable, NotInField
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

ORDER = 4
FIELDS = (FloatSeries(), BallSeries(200), FormalSeries())


def random_terms(N_net, seed=0, exponents=(1, 2)):
    source = random.Random(f"terms {N_net} {seed}")
    return [(k, [Fraction(source.randint(-4, 4), 4) for _ in range(N_net)]) for k in exponents]


def agrees_with_mpmath(problem, weights, order=ORDER):
    terms = random_terms(problem.architecture.N_net)
    with mpmath.workdps(60):
        expected = mpmath.taylor(loss_along(problem, weights, terms), 0, order)[1:]
    balls = taylor_coefficients(problem, weights, terms, order, BallSeries(200))[1:]
    assert all(contains(ball, value, 1e-20 * (1 + abs(float(value)))) for ball, value in zip(balls, expected, strict=True))


def arithmetics_agree(problem, weights, terms, order):
    balls = taylor_coefficients(problem, weights, terms, order, BallSeries(300))
    floats = taylor_coefficients(problem, weights, terms, order, FloatSeries())
    field = FormalSeries()
    formal = taylor_coefficients(problem, weights, terms, order, field)
    scale = max(abs(value) for value in floats)
    for ball, value, element in zip(balls, floats, formal, strict=True):
        assert ball.rad() < 1e-40 * (1 + abs(float(ball.mid())))
        assert abs(float(ball.mid()) - value) <= 1e-9 * scale
        assert field.enclose(element, 300).overlaps(ball)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_all_activations_against_numerical_differentiation(name):
    agrees_with_mpmath(*random_problem(1, (1, 2, 1), name, "identity", samples=2))


@pytest.mark.parametrize("error", ERRORS)
def test_all_errors_against_numerical_differentiation(error):
    agrees_with_mpmath(*random_problem(2, (1, 1, 2), "sigmoid", "identity", error=error, samples=2), order=5)


@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
@pytest.mark.parametrize("widths", [(2, 1), (2, 2, 2), (1, 2, 1, 1)])
def test_all_shapes_against_numerical_differentiation(widths, bias):
    agrees_with_mpmath(*random_problem(3, widths, "tanh", "sin", bias, samples=2), order=3)


@pytest.mark.parametrize("output", ["identity", "sigmoid"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_three_arithmetics_agree_for_all_activations(name, output):
    problem, weights = random_problem(4, (2, 2, 1), name, output, samples=2)
    arithmetics_agree(problem, weights, random_terms(problem.architecture.N_net, exponents=(1, 3)), 3)


@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
@pytest.mark.parametrize("error", ERRORS)
def test_three_arithmetics_agree_for_all_errors(error, bias):
    problem, weights = random_problem(5, (1, 2, 2), "softsign", "identity", bias, error, samples=2)
    arithmetics_agree(problem, weights, random_terms(problem.architecture.N_net), 3)


@pytest.mark.parametrize("z", [sympy.log(2) / 3, -sympy.pi, sympy.sqrt(2), 1 - sympy.sqrt(2), sympy.exp(1)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_jets_at_irrational_points(name, z):
    activation, formal, balls = activation_named(name), FormalSeries(), BallSeries(300)
    elements = formal.jet(activation, 6, formal.array([z]))[:, 0]
    enclosed = balls.jet(activation, 6, balls.array([z]))[:, 0]
    for element, ball in zip(elements, enclosed, strict=True):
        assert formal.enclose(element, 300).overlaps(ball)
        assert ball.rad() < 1e-70


@pytest.mark.parametrize("error", ["smooth-l1:1/4", "blake-zisserman:1/10", "cauchy:1/4", "logistic"])
def test_errors_at_irrational_outputs(error):
    problem, _ = random_problem(6, (1, 1), "identity", error=error, samples=2)
    arithmetics_agree(problem, Weights.of(problem.architecture, [([[sympy.sqrt(2)]], [sympy.log(2)])]), random_terms(2), 2)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_jets_are_derivatives(name):
    activation, point = activation_named(name), Fraction(-7, 5)
    z = sympy.Symbol("z", real=True)
    sigma = sympy.lambdify(z, activation.expression, "mpmath")
    field = BallSeries(200)
    with mpmath.workdps(80):
        expected = mpmath.taylor(sigma, mpmath.mpf(point.numerator) / point.denominator, 8)
    for ball, value in zip(field.jet(activation, 8, field.array([point]))[:, 0], expected, strict=True):
        assert contains(ball, value, 1e-20)


@pytest.mark.parametrize(("name", "error"), [*((name, "squared") for name in ACTIVATIONS), *(("tanh", error) for error in ERRORS[1:])])
def test_first_and_second_derivatives_in_states(name, error):
    problem, weights = random_problem(7, (1, 2, 2), name, "identity", error=error, samples=2)
    formal, balls = FormalSeries(), BallField(300)
    exact = evaluate(problem.architecture, problem.samples, weights, formal)
    enclosed = evaluate(problem.architecture, problem.samples, weights, balls)
    for compute in (gradient, hessian):
        for element, ball in zip(compute(problem, exact).ravel(), compute(problem, enclosed).ravel(), strict=True):
            assert formal.enclose(element, 300).overlaps(ball)


def test_gradient_series_is_the_derivative_by_the_terms():
    problem, weights = random_problem(8, (2, 2, 1), "tanh", "sin", samples=3)
    field, N_net, order = FloatSeries(), problem.architecture.N_net, 4
    expansion = expand_loss(problem, weights, field, order)
    curves = curve_array(problem, random_terms(N_net, exponents=(1, 2)), order, field)
    loss, slopes = expansion.loss_and_gradient(curves, order)
    assert np.array_equal(loss, expansion.loss(curves, order))
    for k in (1, 2, 3):
        for j in range(N_net):
            moved = np.repeat(curves, 2, axis=1)
            moved[k, :, j] += [1e-6, -1e-6]
            ahead, behind = expansion.loss(moved, order)[order]
            assert (ahead - behind) / 2e-6 == pytest.approx(slopes[order - k][0, j], abs=1e-6)


def test_a_batch_of_curves_equals_its_curves():
    problem, weights = random_problem(9, (2, 3, 2), "silu", error="softmax", samples=3)
    field, N_net = FloatSeries(), problem.architecture.N_net
    expansion = expand_loss(problem, weights, field, 5)
    curves = [curve_array(problem, random_terms(N_net, seed), 5, field) for seed in range(4)]
    together = expansion.loss(np.concatenate(curves, axis=1), 5)
    for b, curve in enumerate(curves):
        assert together[:, b] == pytest.approx(expansion.loss(curve, 5)[:, 0])


def test_relations_and_reflections_vanish_formally():
    field = FormalSeries()
    tanh, z = activation_named("tanh"), field.array([1, -1, sympy.log(5)])
    y, d, c = field.jet(tanh, 2, z)
    assert y[0] + y[1] == 0
    assert d[0] == d[1] == 1 - y[0] * y[0]
    assert c[0] + y[0] * d[0] == 0
    assert list(field.jet(tanh, 2, z)[:, 2]) == [fmpq(12, 13), fmpq(25, 169), fmpq(-300, 2197)]
    assert field.reciprocal(field.array([sympy.sqrt(2) + 1])) * 0 == 0


def test_pairs_of_opposite_units_cancel_along_a_curve():
    a = Architecture.of("1-2-1", "tanh")
    problem = Problem(a, error_named("squared"), Samples.of([[1], [2]], [3, 5]))
    weights = Weights.of(a, [([[1, -1]], [sympy.sqrt(2), -sympy.sqrt(2)]), ([[1], [1]], [0])])
    terms = [(1, [Fraction(x) for x in (1, 2, -1, -2, 0, 0, 0)]), (2, [Fraction(x) for x in (5, 0, -5, 0, 1, 1, 0)])]
    coefficients = taylor_coefficients(problem, weights, terms, 8, FormalSeries())
    assert coefficients == [0] * 9
    floats = taylor_coefficients(problem, weights, terms, 8, FloatSeries())
    assert max(abs(x) for x in floats) < 1e-12


@pytest.mark.parametrize("name", ["relu", "leaky-relu:1/10", "softsign", "elu"])
def test_kinks_are_refused(name):
    a = Architecture.of("1-1-1", name)
    problem = Problem(a, error_named("squared"), Samples.of([[3]], [1]))
    at_zero = Weights.of(a, [([["1/3"]], [-1]), ([[1]], [0])])
    for field in (FloatSeries(), FormalSeries()):
        with pytest.raises(NotDifferentiable):
            expand_loss(problem, at_zero, field, 2)
    with pytest.raises(KinkInBall):
        expand_loss(problem, at_zero, BallSeries(64), 2)
    exactly = Weights.of(a, [([[1]], [-3]), ([[1]], [0])])
    with pytest.raises(NotDifferentiable) as caught:
        expand_loss(problem, exactly, BallSeries(64), 2)
    assert not isinstance(caught.value, KinkInBall)
    root = sympy.sqrt(2) * 3 - sympy.sqrt(18)
    hidden = Weights.of(a, [([[sympy.sqrt(2)]], [-sympy.Pow(18, sympy.Rational(1, 2))]), ([[1]], [root])])
    with pytest.raises(NotDifferentiable):
        expand_loss(problem, hidden, FormalSeries(), 2)


def test_balls_stay_valid_for_boxes():
    activation, field = activation_named("tanh"), BallSeries(100)
    wide = field.array([arb(0.5, 0.01)])
    for point in ("0.49", "0.5", "0.505"):
        for ball, inner in zip(field.jet(activation, 5, wide)[:, 0], field.jet(activation, 5, field.array([point]))[:, 0], strict=True):
            assert ball.contains(inner)


def test_softmax_of_different_logits_is_not_formal():
    field = FormalSeries()
    with pytest.raises(NotInField, match="softmax"):
        field.softmax(field.array([[1, 2, 3]]))
    assert field.softmax(field.array([[sympy.sqrt(2)] * 3])).tolist() == [[fmpq(1, 3)] * 3]
    first, second = field.softmax(field.array([[1, sympy.sqrt(2)]]))[0]
    assert first + second == 1
    assert isinstance(first, FormalPolynomial)


def test_polynomials_that_grow_too_large_are_refused():
    field = FormalSeries()
    total = sum((field.embed(sympy.log(p)) for p in sympy.primerange(60)), start=fmpq(1))
    large = total * total * total * total
    with pytest.raises(NotInField, match="terms"):
        field.checked(np.array([large], dtype=object))


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_terms_beyond_the_order_have_no_effect(field):
    problem, weights = random_problem(10, (1, 2, 1), "softsign", samples=2)
    terms = random_terms(problem.architecture.N_net, exponents=(1, 2, 5))
    short = taylor_coefficients(problem, weights, terms[:2], 4, field)
    for value, other in zip(taylor_coefficients(problem, weights, terms, 4, field), short, strict=True):
        assert value.overlaps(other) if isinstance(value, arb) else value == other


def test_wrong_terms_are_refused():
    problem, weights = random_problem(11, (1, 1), samples=1)
    for terms in ([(0, [1, 1])], [(1, [1])]):
        with pytest.raises(InputError, match="a term of a curve"):
            taylor_coefficients(problem, weights, terms, 2, FloatSeries())
    with pytest.raises(InputError, match="at least 1"):
        expand_loss(problem, weights, FloatSeries(), 0)


def test_series_arithmetic():
    source = np.random.default_rng(0)
    A, B = source.integers(-3, 4, (4, 2, 3)).astype(float), source.integers(-3, 4, (3, 3, 2)).astype(float)
    for k, entry in enumerate(series_product(A, B, 5, np.matmul)):
        assert np.array_equal(entry, sum((A[i] @ B[k - i] for i in range(4) if 0 <= k - i < 3), start=np.zeros((2, 2))))
    assert series_product(np.zeros((2, 3)), np.ones((2, 3)), 4).tolist() == np.zeros((5, 3)).tolist()
    h = np.array([fmpq(0), fmpq(0), fmpq(1)], dtype=object)
    jet = np.array([fmpq(k) for k in (7, 1, 2, 3)], dtype=object)
    assert compose([jet], h, 6)[0].tolist() == [7, 0, 1, 0, 2, 0, 3]


def test_formal_elements_of_the_plain_ring_agree():
    activation, plain, states = activation_named("gelu"), FormalField(), FormalSeries()
    z = sympy.sqrt(3)
    with ball_precision(200):
        for order in (0, 1, 2):
            first = plain.enclose(plain.activate(activation, order, plain.array([z]))[0], 200)
            assert first.overlaps(states.enclose(states.activate(activation, order, states.array([z]))[0], 200))
    assert activation_jet(activation, 0, states.array([0]), states)[0, 0] == 0
