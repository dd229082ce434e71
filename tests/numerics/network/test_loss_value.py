"""The loss: exact where it is rational, enclosed for every error, and bounds that hold."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lossproof.numerics.network.loss_value import least_error, loss_ball, loss_exact, outward_bounds
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

X = [["1/3", -1], [0, 2], ["5/2", 1]]
WEIGHTS = [([[1, "-1/2"], ["1/4", 2]], ["1/8", -1]), ([["3/2", -1], [1, "1/2"]], [0, "1/5"])]
ERRORS = ("squared", "smooth-l1:1/4", "blake-zisserman:1/3", "cauchy:2", "logistic", "softmax")


def problem_of(error, activation="tanh"):
    Y = [["1/4", "3/4"], ["1/2", "1/2"], [1, 0]]
    return Problem(Architecture.of((2, 2, 2), activation), error_named(error), Samples.of(X, Y))


def weights_of(problem):
    return Weights.of(problem.architecture, WEIGHTS)


def sample_error(error, phi, y, beta):
    r = [p - t for p, t in zip(phi, y, strict=True)]
    if error.family == "softmax":
        return mpmath.log(sum(map(mpmath.exp, phi))) - sum(t * p for p, t in zip(phi, y, strict=True))
    if error.family == "logistic":
        return sum(mpmath.log(1 + mpmath.exp(p)) - t * p for p, t in zip(phi, y, strict=True))
    one = {
        "squared": lambda v: v * v / 2,
        "smooth-l1": lambda v: mpmath.sqrt(v * v + beta),
        "blake-zisserman": lambda v: -mpmath.log(mpmath.exp(-v * v) + beta),
        "cauchy": lambda v: mpmath.log(1 + v * v / beta),
    }[error.family]
    return sum(map(one, r))


def reference(problem, weights):
    """The loss by mpmath, from the definitions."""
    with mpmath.workdps(60):
        q = lambda x: mpmath.mpf(x.numerator) / x.denominator  # noqa: E731
        total = mpmath.mpf(0)
        for x, y in zip(problem.samples.X, problem.samples.Y, strict=True):
            phi = [q(v) for v in x]
            for l, layer in enumerate(weights.layers):
                z = [sum(q(layer.W[i][j]) * phi[i] for i in range(len(phi))) + q(layer.b[j]) for j in range(len(layer.b))]
                phi = [mpmath.tanh(v) for v in z] if l == 0 else z
            total += sample_error(problem.error, phi, [q(t) for t in y], q(problem.error.beta or Fraction(1)))
        return total / problem.T


@pytest.mark.parametrize("error", ERRORS)
def test_the_ball_holds_the_loss_and_is_tight(error):
    problem = problem_of(error)
    weights = weights_of(problem)
    ball = loss_ball(problem, weights, Fraction(0), 192)
    expected = reference(problem, weights)
    lower, upper = outward_bounds(ball)
    with mpmath.workdps(60):
        assert mpmath.mpf(lower.numerator) / lower.denominator < expected < mpmath.mpf(upper.numerator) / upper.denominator
    assert 0 < upper - lower < Fraction(1, 10**9)


@pytest.mark.parametrize("error", ERRORS)
def test_a_box_holds_the_loss_at_its_corners(error):
    problem, rng = problem_of(error), np.random.default_rng(1)
    weights, radius = weights_of(problem), Fraction(1, 16)
    lower, upper = outward_bounds(loss_ball(problem, weights, radius, 128))
    for _ in range(20):
        moved = [
            (
                [[Fraction(x) + radius * int(rng.choice((-1, 1))) for x in row] for row in W],
                [Fraction(x) + radius * int(rng.choice((-1, 1))) for x in b],
            )
            for W, b in WEIGHTS
        ]
        value = reference(problem, Weights.of(problem.architecture, moved))
        with mpmath.workdps(60):
            assert mpmath.mpf(lower.numerator) / lower.denominator <= value <= mpmath.mpf(upper.numerator) / upper.denominator


def test_a_rational_loss_is_exact():
    problem = problem_of("squared", "softsign")
    weights = weights_of(problem)
    exact = loss_exact(problem, weights)
    lower, upper = outward_bounds(loss_ball(problem, weights, Fraction(0), 128))
    assert exact is not None
    assert lower < exact < upper


def test_an_irrational_loss_is_not_called_exact():
    assert loss_exact(problem_of("squared"), weights_of(problem_of("squared"))) is None
    assert loss_exact(problem_of("cauchy", "softsign"), weights_of(problem_of("cauchy"))) is None


@pytest.mark.parametrize(
    ("error", "value"), [("squared", 0), ("cauchy:2", 0), ("smooth-l1:1/4", 1), ("blake-zisserman:1/3", -2 * mpmath.log(mpmath.mpf(4) / 3))]
)
def test_the_least_error_of_a_sample(error, value):
    ball = least_error(problem_of(error), 128)
    assert abs(float(ball.mid()) - float(value)) < 1e-15


def test_saturated_and_huge_weights_stay_finite():
    for error in ERRORS:
        problem = problem_of(error)
        huge = Weights.of(problem.architecture, [([[10**6, -(10**6)], [10**5, 3]], [0, 0]), ([[10**4, 0], [0, -(10**4)]], [0, 0])])
        ball = loss_ball(problem, huge, Fraction(0), 192)
        assert ball.is_finite()
        assert outward_bounds(ball)[0] < outward_bounds(ball)[1]
