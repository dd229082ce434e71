"""``K`` with bounds of its errors, beside ``K`` in balls and in rationals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.field_cases import SHAPES, random_problem, real
from cases.naive_pass import BIASES

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gram
from lossproof.numerics.verified.enclosed_gram import enclosed_gram
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.architecture import Architecture


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("output", ["identity", "softsign"])
def test_rational_kernel_lies_within_the_radius(widths, bias, output):
    problem, weights = random_problem(4, widths, "softsign", output, bias)
    found = enclosed_gram(problem.architecture, problem.samples, weights)
    exact = gram(evaluate(problem.architecture, problem.samples, weights, RationalField()))
    radius = found.radius()
    for K, mid, rad in zip(exact.ravel(), found.mid.ravel(), radius.ravel(), strict=True):
        assert abs(real(K) - Fraction(mid)) <= Fraction(rad)
    assert radius.max() <= 1e-12 * (1 + np.abs(found.mid).max())
    assert np.sqrt((radius**2).sum()) <= found.distance() * (1 + 1e-9) <= 1e-11 * (1 + np.abs(found.mid).max())


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu"])
def test_kernel_in_balls_lies_within_the_radius(activation):
    g = np.random.default_rng(3)
    architecture = Architecture.of("5-9-7-3", activation)
    X, weights = g.standard_normal((6, 5)), [(g.standard_normal(s), g.standard_normal(s[1])) for s in ((5, 9), (9, 7), (7, 3))]
    found = enclosed_gram(architecture, X, weights)
    plain = gram(evaluate(architecture, X, weights, Float64Field()))
    assert np.allclose(found.mid, plain, rtol=1e-11)
    field = BallField(100)
    pairs = [(field.array(W.tolist()), field.array(b.tolist())) for W, b in weights]
    balls = gram(evaluate(architecture, field.array(X.tolist()), pairs, field))
    for K, mid, rad in zip(balls.ravel(), found.mid.ravel().tolist(), found.radius().ravel().tolist(), strict=True):
        assert abs(K - mid) < rad


def test_nothing_is_said_without_bounds():
    architecture = Architecture.of("1-1", "identity")
    assert enclosed_gram(architecture, np.array([[2.0**100]]), [([[1.0]], [0.0])]) is None
    assert enclosed_gram(Architecture.of("1-1-1", "power:3"), np.array([[1e200]]), [([[1.0]], [0.0])] * 2) is None
    with pytest.raises(NotDifferentiable):
        enclosed_gram(Architecture.of("1-1-1", "relu"), np.array([[0.0]]), [([[1.0]], [0.0])] * 2)
