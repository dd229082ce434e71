"""The exact Hessian: finite differences, SymPy, all fields, and its Gauss-Newton part."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from cases.field_cases import ACTIVATIONS, ERRORS, SHAPES, contains, random_problem, real
from cases.naive_pass import BIASES
from cases.parameters import perturbed, places

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.hessian import gauss_newton, hessian
from lossproof.numerics.network.jacobian import gradient, jacobian
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


def hessian_by_differences(problem, weights):
    field = MpmathField(60)
    step = field.context.mpf(10) ** -20
    rows = []
    for place in places(problem.architecture):
        after, before = (
            gradient(problem, evaluate(problem.architecture, problem.samples, perturbed(weights, place, sign * step, field), field))
            for sign in (1, -1)
        )
        rows.append((after - before) / (2 * step))
    return np.array(rows)


def check_against_differences(problem, weights):
    expected = hessian_by_differences(problem, weights)
    found = hessian(problem, evaluate(problem.architecture, problem.samples, weights, MpmathField(60)))
    assert found.shape == (problem.architecture.N_net,) * 2
    scale = 1 + np.abs(expected).max()
    assert np.abs(found - expected).max() < 1e-25 * scale
    return found, scale


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("widths", [(2, 1), (2, 2, 1), (1, 2, 3, 2), (1, 2, 1, 2, 2)])
def test_finite_differences_for_depths_and_biases(widths, bias):
    problem, weights = random_problem(2, widths, "tanh", "sigmoid", bias, samples=2)
    check_against_differences(problem, weights)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_finite_differences_for_activations(activation):
    problem, weights = random_problem(2, (2, 2, 2, 2), activation, "arctan", samples=2)
    found, scale = check_against_differences(problem, weights)
    doubles = hessian(problem, evaluate(problem.architecture, problem.samples, weights, Float64Field()))
    assert np.abs(doubles - found.astype(float)).max() < 1e-11 * float(scale)


@pytest.mark.parametrize("error", ERRORS)
def test_finite_differences_for_errors(error):
    problem, weights = random_problem(2, (2, 2, 3), "tanh", "identity", "trainable", error)
    found, scale = check_against_differences(problem, weights)
    balls = hessian(problem, evaluate(problem.architecture, problem.samples, weights, BallField(150)))
    for ball, value in zip(balls.ravel(), found.ravel(), strict=True):
        assert contains(ball, value, slack=1e-45 * float(scale))
        assert ball.rad() < 1e-30


@pytest.mark.parametrize("error", ["squared", "cauchy:1/4"])
@pytest.mark.parametrize("activation", ["softsign", "identity", "power:3", "relu", "leaky-relu:1/10"])
@pytest.mark.parametrize("widths", SHAPES)
def test_rational_hessians_are_exact(widths, activation, error):
    problem, weights = random_problem(7, widths, activation, "softsign", error=error)
    exact = hessian(problem, evaluate(problem.architecture, problem.samples, weights, RationalField()))
    precise = hessian(problem, evaluate(problem.architecture, problem.samples, weights, MpmathField(120)))
    assert (exact == exact.T).all()
    for value, twin in zip(exact.ravel(), precise.ravel(), strict=True):
        assert abs(real(value) - real(twin)) <= (1 + abs(real(value))) / 10**90


def test_sympy_differentiates_a_tiny_network_to_the_same_hessian():
    a = Architecture.of("1-2-1", "tanh")
    samples = Samples.of([[1], ["1/3"]], [1, "-1/2"])
    problem = Problem(a, error_named("cauchy:1/2"), samples)
    point = [([["1/2", -1]], ["1/5", "2/3"]), ([["3/4"], ["-2/5"]], ["1/7"])]
    w, v = sympy.symbols("w1 b1 w2 b2", real=True), sympy.symbols("v1 v2 c", real=True)
    J = 0
    for (x,), (y,) in zip(samples.X, samples.Y, strict=True):
        hidden = [sympy.tanh(w[2 * k] * sympy.Rational(str(x)) + w[2 * k + 1]) for k in range(2)]
        r = v[0] * hidden[0] + v[1] * hidden[1] + v[2] - sympy.Rational(str(y))
        J += sympy.log(1 + 2 * r**2) / 2
    at = dict(zip((*w, *v), map(sympy.Rational, ["1/2", "1/5", "-1", "2/3", "3/4", "-2/5", "1/7"]), strict=True))
    expected = sympy.hessian(J, (*w, *v)).subs(at).evalf(40)
    found = hessian(problem, evaluate(a, samples, Weights.of(a, point), MpmathField(40)))
    assert max(abs(real(found[i, j]) - Fraction(str(expected[i, j]))) for i in range(7) for j in range(7)) < Fraction(1, 10**35)


@pytest.mark.parametrize("error", ERRORS)
def test_gauss_newton_is_its_definition(error):
    problem, weights = random_problem(5, (2, 2, 3), "tanh", "identity", "trainable", error)
    field = Float64Field()
    evaluation = evaluate(problem.architecture, problem.samples, weights, field)
    P, D = jacobian(evaluation), field.error_derivative(problem.error, 2, evaluation.phi[2], field.array(problem.samples.Y))
    block_diagonal = np.zeros((problem.columns, problem.columns))
    for i in range(problem.T):
        block_diagonal[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = D[i]
    assert np.allclose(gauss_newton(problem, evaluation), P @ block_diagonal @ P.T / problem.T)


def test_gauss_newton_equals_the_hessian_at_an_exact_learner():
    problem, weights = random_problem(5, (2, 3, 2), "softsign", "softsign")
    field = RationalField()
    outputs = evaluate(problem.architecture, problem.samples, weights, field).phi[2]
    learned = Samples.of(problem.samples.X, [[Fraction(int(v.p), int(v.q)) for v in row] for row in outputs])
    exact = Problem(problem.architecture, problem.error, learned)
    for strip in (False, True):
        evaluation = evaluate(exact.architecture, learned, weights, field, strip_output=strip)
        assert (hessian(exact, evaluation) == gauss_newton(exact, evaluation)).all()
    other = evaluate(problem.architecture, problem.samples, weights, field)
    assert (hessian(problem, other) != gauss_newton(problem, other)).any()


def test_linear_networks_of_one_layer_have_a_constant_hessian():
    problem, weights = random_problem(5, (2, 1), "tanh", "identity")
    evaluation = evaluate(problem.architecture, problem.samples, weights, RationalField())
    P = jacobian(evaluation)
    assert (hessian(problem, evaluation) * problem.T == P @ P.T).all()


@pytest.mark.parametrize("activation", ["softsign", "elu", "relu", "leaky-relu"])
def test_second_derivatives_at_a_kink_raise(activation):
    a = Architecture.of("1-1-1", activation)
    problem = Problem(a, error_named("squared"), Samples.of([[0]], [1]))
    for field in (RationalField(), Float64Field(), MpmathField(30), BallField(64)):
        with pytest.raises(NotDifferentiable):
            hessian(problem, evaluate(a, problem.samples, [([[1]], [0]), ([[1]], [0])], field))
