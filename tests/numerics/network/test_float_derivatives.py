"""Loss, gradient and Hessian at many points at once agree with those of the network pass, one point at a time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.field_cases import ACTIVATIONS, ERRORS, random_problem
from cases.naive_pass import BIASES

from lossproof.numerics.critical.polish import gradient_noise
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.float_derivatives import FloatLandscape, error_values
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import gradient
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples


def check(problem, weights):
    evaluation = evaluate(problem.architecture, problem.samples, weights, Float64Field())
    flat = flat_weights(problem, weights)
    found = FloatLandscape(problem).at(np.stack([flat + 0.25, flat, flat - 1]))
    for expected, given in ((gradient(problem, evaluation), found.gradient[1]), (hessian(problem, evaluation), found.hessian[1])):
        assert np.abs(expected - given).max() <= 1e-13 * (1 + np.abs(expected).max())


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("widths", [(2, 1), (2, 2, 1), (1, 2, 3, 2), (1, 2, 1, 2, 2)])
def test_depths_and_biases(widths, bias):
    check(*random_problem(2, widths, "tanh", "sigmoid", bias))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation):
    check(*random_problem(2, (2, 2, 2, 2), activation, "arctan", samples=2))


@pytest.mark.parametrize("error", ERRORS)
def test_errors(error):
    check(*random_problem(2, (2, 2, 3), "tanh", "identity", "trainable", error))


@pytest.mark.parametrize("error", ERRORS)
def test_the_gradient_is_the_slope_of_the_loss(error):
    problem, weights = random_problem(3, (2, 2, 3), "tanh", "identity", "trainable", error)
    flat, landscape = flat_weights(problem, weights), FloatLandscape(problem)
    steps = 1e-5 * np.eye(flat.size)
    slopes = (landscape.at(flat + steps).loss - landscape.at(flat - steps).loss) / 2e-5
    assert np.allclose(slopes, landscape.at(flat[None]).gradient[0], atol=1e-8)


@pytest.mark.parametrize("error", ERRORS)
def test_many_samples_are_taken_in_pieces(error, monkeypatch):
    problem, weights = random_problem(3, (2, 2, 3), "tanh", "identity", "trainable", error, samples=7)
    points, landscape = flat_weights(problem, weights) + np.array([[0.0], [0.5]]), FloatLandscape(problem)
    loss, slopes = landscape.loss(points), landscape.gradient(points)
    monkeypatch.setattr("lossproof.numerics.network.float_derivatives._MOST_VALUES", 2 * 7 * 3)
    assert np.allclose(landscape.loss(points), loss, rtol=1e-14, atol=0)
    assert np.allclose(landscape.gradient(points), slopes, rtol=1e-13, atol=1e-15)


def test_no_points_have_no_losses():
    problem, weights = random_problem(3, (2, 2, 3), "tanh", "identity", "trainable", "squared")
    none = flat_weights(problem, weights)[None][:0]
    assert FloatLandscape(problem).loss(none).shape == (0,)


def test_large_outputs_do_not_overflow():
    assert error_values(error_named("softmax"), np.array([[1000.0, 0.0]]), np.array([[0.0, 1.0]])).tolist() == [1000.0]
    assert error_values(error_named("logistic"), np.array([[1000.0]]), np.array([[0.0]])).tolist() == [1000.0]
    assert error_values(error_named("blake-zisserman"), np.array([[1000.0]]), np.array([[0.0]])).tolist() == [0.0]


def test_points_at_a_kink_get_the_derivatives_from_the_right():
    problem = Problem(Architecture.of("1-1-1", "relu"), error_named("squared"), Samples.of([[1]], [[0]]))
    assert FloatLandscape(problem).at(np.array([[1.0, -1.0, 2.0, 3.0]])).gradient[0].tolist() == [6.0, 6.0, 0.0, 3.0]


def test_noise_is_of_the_size_of_rounding():
    problem, weights = random_problem(2, (2, 3, 1), "softsign", samples=4)
    flat = flat_weights(problem, weights)
    landscape = FloatLandscape(problem)
    at = landscape.at(flat[None])
    exact = gradient(
        problem, evaluate(problem.architecture, problem.samples, [_rational(pair) for pair in _layers(problem, flat)], _field())
    )
    off = np.array([abs(float(Fraction(int(e.p), int(e.q)) - Fraction(float(g)))) for e, g in zip(exact, at.gradient[0], strict=True)])
    noise = gradient_noise(problem, at, flat)
    assert np.all(off <= noise)
    assert np.all(noise < 1e-12)


def _field():
    from lossproof.numerics.fields.rational import RationalField

    return RationalField()


def _layers(problem, flat):
    from lossproof.numerics.network.weight_vectors import layer_arrays

    return layer_arrays(problem, flat)


def _rational(pair):
    W, b = pair
    return [[Fraction(float(x)) for x in row] for row in W], [Fraction(float(x)) for x in b]
