"""The penalty of a weight decay and its derivatives in every arithmetic, against plain loops over fractions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from cases.curvature_cases import network
from flint import arb

from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import gradient, output_gradient
from lossproof.numerics.network.loss_value import loss_ball, loss_exact
from lossproof.numerics.network.penalty import decay_rates
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.numerics.rationals import from_flint
from lossproof.numerics.training.point import training_point
from lossproof.numerics.verified.curvature import enclosed_landscape
from lossproof.theory.problem.decay import Decay

RATES = ((Fraction(1, 3), Fraction(0)), (Fraction(2, 7), Fraction(1, 100)), (Fraction(0), Fraction(5)))


def pair(widths, activation="softsign", error="squared", bias="trainable"):
    """A problem with weights, without and with a penalty."""
    problem, weights = network(widths, activation, error, bias)
    rates = RATES[: problem.architecture.L]
    return problem, replace(problem, decay=Decay(rates if bias == "trainable" else tuple((w, Fraction(0)) for w, _ in rates))), weights


def entries(problem, weights):
    """The trainable weights as fractions, by plain loops."""
    bias = problem.architecture.bias == "trainable"
    return [
        w for layer in weights.layers for k in range(len(layer.b)) for w in (*(row[k] for row in layer.W), *([layer.b[k]] if bias else []))
    ]


@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize("widths", ["1-1", "2-3-2", "2-2-3-1"])
def test_exact_loss_gradient_and_hessian(widths, bias):
    plain, problem, weights = pair(widths, bias=bias)
    rates, w = decay_rates(problem), entries(problem, weights)
    assert len(rates) == len(w) == problem.architecture.N_net
    assert loss_exact(problem, weights) - loss_exact(plain, weights) == sum(rate * x * x for rate, x in zip(rates, w, strict=True)) / 2
    evaluation = evaluate(problem.architecture, problem.samples, weights, RationalField())
    slopes = gradient(problem, evaluation) - gradient(plain, evaluation)
    assert [from_flint(x) for x in slopes] == [rate * x for rate, x in zip(rates, w, strict=True)]
    assert [from_flint(x) for x in output_gradient(problem, evaluation)] == [
        from_flint(x) * problem.T for x in gradient(problem, evaluation)[-len(output_gradient(plain, evaluation)) :]
    ]
    curvature = hessian(problem, evaluation) - hessian(plain, evaluation)
    assert [[from_flint(x) for x in row] for row in curvature] == [
        [rate if k == m else 0 for m in range(len(rates))] for k, rate in enumerate(rates)
    ]


@pytest.mark.parametrize("error", ["squared", "softmax", "logistic"])
def test_doubles_and_balls_agree(error):
    plain, problem, weights = pair("2-3-2", "tanh", error)
    point = flat_weights(problem, weights)
    rates = np.array([float(q) for q in decay_rates(problem)])
    at, before, found = FloatLandscape(problem).at(point[None]), FloatLandscape(plain).at(point[None]), enclosed_landscape(problem, weights)
    assert at.loss[0] - before.loss[0] == pytest.approx(rates @ point**2 / 2)
    assert np.allclose(at.gradient - before.gradient, rates * point)
    assert np.allclose(at.hessian[0] - before.hessian[0], np.diag(rates))
    assert np.allclose(FloatLandscape(problem).gradient(point[None]), at.gradient)
    assert np.all(np.abs(found.gradient().mid - problem.T * at.gradient[0]) <= found.gradient().rad + 1e-12)
    assert np.linalg.norm(found.hessian().mid - problem.T * at.hessian[0], 2) <= found.hessian().spread + 1e-10
    trained = training_point(problem, weights)
    assert trained.loss == pytest.approx(float(at.loss[0]))
    assert trained.gradient_norm == pytest.approx(float(np.linalg.norm(at.gradient)))
    assert abs(loss_ball(problem, weights, Fraction(0), 128) - arb(float(at.loss[0]))) < 1e-13


def test_the_loss_over_a_box_holds_that_at_its_corners():
    _, problem, weights = pair("1-1")
    radius = Fraction(1, 4)
    corner = replace(
        weights,
        layers=tuple(
            replace(layer, W=tuple(tuple(w - radius for w in row) for row in layer.W), b=tuple(b + radius for b in layer.b))
            for layer in weights.layers
        ),
    )
    assert loss_ball(problem, weights, radius, 64).contains(loss_ball(problem, corner, Fraction(0), 128).mid())
