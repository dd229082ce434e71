"""Exact learners in balls: every constant against many digits or samples, and the learner itself by Newton's method."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from cases.field_cases import ACTIVATIONS
from cases.landscapes import XOR_X, XOR_Y
from cases.learner_problems import (
    LIPSCHITZ,
    check_slopes,
    float_jacobian,
    least_singular_value,
    moved,
    nearest_learner,
    planted,
    sampled_lipschitz,
)

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.functions.table import formulas_of
from lossproof.numerics.learners.kantorovich import kantorovich_ball
from lossproof.numerics.learners.krawczyk import learner_box
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.derivative_bounds import derivative_bounds, point_norms, spectral_bound
from lossproof.numerics.verified.enclosures import Enclosure, enclose_numbers, exact_floats
from lossproof.numerics.verified.forward_backward import enclose_pass
from lossproof.numerics.verified.gram import smallest_singular_value
from lossproof.numerics.verified.slope_bounds import slope_bounds
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Layer, Weights

GATED = ("swish:5/2", "mish")
SHAPES = [((3, 8), 2), ((2, 7, 2), 5), ((2, 4, 4, 2), 5), ((3, 4, 3, 4, 1), 6)]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_suprema_of_the_derivatives(name):
    activation, field = activation_named(name), Float64Field()
    z = np.linspace(-40, 40, 200_001)[::2] + 1e-7
    first = np.abs(field.activate(activation, 1, z)).max()
    second = np.abs(field.activate(activation, 2, z)).max()
    most = formulas_of(activation).suprema
    assert (first <= most[0] <= 1.2 * first) if np.isfinite(most[0]) else activation.degree is not None
    assert (second <= most[1] <= 1.4 * second) if np.isfinite(most[1]) else (activation.degree is not None or activation.kinks(1))


@pytest.mark.parametrize("name", [*LIPSCHITZ, *GATED, "leaky-relu:1/10", "relu"])
def test_slopes_over_intervals(name):
    activation = activation_named(name)
    g = np.random.default_rng(1)
    mid = np.concatenate([g.standard_normal(40) * 10.0 ** g.integers(-3, 2, 40), [0.5, -0.5, 30.0, -30.0, 400.0, -400.0]])
    rad = np.concatenate([np.abs(mid[:40]) * g.random(40) * 0.9, [0.0, 0.1, 29.0, 1e-9, 1.0, 399.0]])
    if "relu" not in name:
        mid, rad = np.concatenate([mid, [0.0, 0.3]]), np.concatenate([rad, [1.0, 5.0]])
    s_1, s_2 = slope_bounds(activation, Enclosure(mid, rad))
    check_slopes(activation, mid, rad, s_1, s_2)


def test_saturated_units_have_tiny_slopes():
    s_1, s_2 = slope_bounds(activation_named("tanh"), Enclosure(np.array([40.0]), np.array([1e-6])))
    assert s_1[0] < 1e-33
    assert s_2[0] < 1e-33


def test_a_kink_in_an_interval():
    with pytest.raises(NotDifferentiable):
        slope_bounds(activation_named("relu"), Enclosure(np.array([0.1]), np.array([0.2])))


def test_spectral_bounds():
    g = np.random.default_rng(0)
    for shape in ((1, 1), (5, 3), (3, 50), (40, 40)):
        A = g.standard_normal(shape) * 10.0 ** g.integers(-5, 5)
        rad = np.abs(A) * 1e-3
        bound = spectral_bound(Enclosure(A, rad))
        assert np.linalg.norm(A + rad * np.sign(A), 2) <= bound <= 1.01 * np.linalg.norm(A)
    assert spectral_bound(exact_floats(np.eye(100))) < 1.0001


@pytest.mark.parametrize(("widths", "T"), SHAPES)
@pytest.mark.parametrize("output", ["identity", "sigmoid", "tanh", "sin"])
def test_smallest_singular_value_against_many_digits(widths, T, output):
    problem, weights = planted(widths, T, "tanh", output, seed=T)
    found = enclose_pass(problem.architecture, enclose_numbers(problem.samples.X), weights, strip_output=False)
    bound = smallest_singular_value(found.blocks(), problem.architecture.n_L)
    scaled, plain = least_singular_value(problem, weights, bound.scales.T), least_singular_value(problem, weights)
    assert 0.5 * scaled < bound.lower <= scaled
    assert bound.unscaled <= plain
    assert 1 / 64 < np.linalg.norm(float_jacobian(problem, flat_weights(problem, weights)) * bound.scales.T.ravel(), axis=0).max() <= 1.01


def test_smallest_singular_value_of_graded_columns():
    """Columns of very different sizes are scaled as far as the docstring says, and the bound is one of the scaled matrix."""
    matrix = np.array([[[1e-9, 0.0], [0.0, 4.0]]])
    bound = smallest_singular_value([GramBlock(exact_floats(matrix), exact_floats(np.ones((2, 1))))], 1)
    assert 1e-10 < bound.unscaled <= 1e-9
    assert np.all(np.linalg.norm(matrix[0], axis=1) * bound.scales[0] > 1 / 64)
    singular = GramBlock(exact_floats([[[1.0, 2.0], [2.0, 4.0]]]), exact_floats(np.ones((2, 1))))
    assert smallest_singular_value([singular], 1) is None


@pytest.mark.parametrize("activation", [*LIPSCHITZ, *GATED])
@pytest.mark.parametrize(("widths", "T"), SHAPES)
@pytest.mark.parametrize(("output", "bias"), [("identity", "trainable"), ("sigmoid", "fixed"), ("tanh", "none")])
def test_lipschitz_constants_against_samples(activation, widths, T, output, bias):
    problem, weights = planted(widths, T, activation, output, bias, seed=3)
    found = enclose_pass(problem.architecture, enclose_numbers(problem.samples.X), weights, strip_output=False)
    scales = 2.0 ** np.random.default_rng(0).integers(-3, 2, (T, widths[-1]))
    for radius in (1e-4, 0.05, 1.0):
        kappa = derivative_bounds(found, point_norms(found), radius, scales)[1]
        assert kappa >= sampled_lipschitz(problem, weights, radius, scales) * (1 - 1e-6)


def test_lipschitz_constant_is_sharp_for_a_bilinear_network():
    """``F = v(wx + b) + c`` has the constant second derivative of norm ``√(1 + x²)``."""
    a = Architecture.of("1-1-1", "identity")
    found = enclose_pass(a, exact_floats([[3.0]]), [([[1.0]], [0.5]), ([[-2.0]], [0.0])], strip_output=False)
    assert abs(derivative_bounds(found, point_norms(found), 2.0, np.ones((1, 1)))[1] - np.sqrt(10)) < 1e-9


def test_lipschitz_constant_of_saturated_units():
    """Units far out curve little: the bound sees it, unit by unit."""
    a = Architecture.of("1-2-1", "tanh")
    weights = [([[40.0, 30.0]], [0.0, 0.0]), ([[1.0], [2.0]], [0.0])]
    found = enclose_pass(a, exact_floats([[1.0], [-1.0]]), weights, strip_output=False)
    assert derivative_bounds(found, point_norms(found), 1e-6, np.ones((2, 1)))[1] < 1e-20


@pytest.mark.parametrize("activation", [*LIPSCHITZ, *GATED, "leaky-relu:1/10", "relu", "hard-tanh"])
@pytest.mark.parametrize(
    ("widths", "T", "output", "bias"),
    [
        ((3, 8, 1), 6, "identity", "trainable"),
        ((2, 5, 5, 1), 5, "tanh", "none"),
        ((2, 6, 2), 4, "sigmoid", "fixed"),
        ((2, 4, 4, 4, 1), 5, "identity", "trainable"),
    ],
)
def test_planted_learners_lie_in_their_balls(activation, widths, T, output, bias):
    problem, weights = planted(widths, T, activation, output, bias, seed=7, shift=1e-7)
    ball = kantorovich_ball(problem, weights)
    if ball is None:
        values = np.linalg.svd(float_jacobian(problem, flat_weights(problem, weights)), compute_uv=False)
        assert values[-1] < 3e-3 * values[0], "nothing was proved although P is well-conditioned"
        return
    assert nearest_learner(problem, weights) <= mpmath.mpf(ball.distance.numerator) / ball.distance.denominator
    assert ball.beta * ball.kappa * ball.eta < 0.5
    assert ball.distance < Fraction(1, 1000)


@pytest.mark.parametrize("seed", range(8))
def test_agreement_with_krawczyk(seed):
    problem, weights = planted((2, 5, 1), 5, "tanh", seed=seed, shift=1e-9)
    box, ball = learner_box(problem, weights), kantorovich_ball(problem, weights)
    assert box is not None
    assert ball is not None
    moved_by = nearest_learner(problem, weights)
    assert moved_by <= mpmath.mpf(ball.distance.numerator) / ball.distance.denominator
    assert moved_by <= mpmath.mpf(box.distance.numerator) / box.distance.denominator * 1.0001, (
        "the nearest learner is no farther than the one in the box"
    )


@pytest.mark.parametrize(("output", "seed"), [("identity", 1), ("tanh", 2), ("sigmoid", 3)])
def test_targets_within_the_radius_are_learnable(output, seed):
    problem, weights = planted((2, 6, 2), 4, "tanh", output, seed=seed)
    ball = kantorovich_ball(problem, weights)
    assert ball.target_radius > Fraction(1, 10**7)
    g = np.random.default_rng(seed)
    for _ in range(4):
        Y = [[y + int(g.choice([-1, 1])) * ball.target_radius for y in row] for row in problem.samples.Y]
        assert (
            nearest_learner(problem, weights, Y, steps=200) <= mpmath.mpf(ball.target_distance.numerator) / ball.target_distance.denominator
        )


@pytest.mark.parametrize(
    ("scale", "input_scale"), [(20.0, 1.0), (1.0, 30.0), (1e-3, 1.0), (1.0, 1e-4), (1e6, 1.0), (1e-80, 1.0), (1e80, 1.0), (1.0, 1e-160)]
)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "power:2"])
def test_saturated_huge_and_tiny(activation, scale, input_scale):
    """Whatever the sizes: a ball that is found holds the learner that many digits find."""
    for seed in range(3):
        problem, weights = planted((2, 5, 1), 4, activation, seed=seed, scale=scale, input_scale=input_scale)
        ball = kantorovich_ball(problem, weights)
        if ball is not None:
            assert nearest_learner(problem, weights) <= mpmath.mpf(ball.distance.numerator) / ball.distance.denominator


def test_rough_weights():
    problem, weights = planted((3, 10, 1), 5, seed=2, shift=1e-3)
    ball = kantorovich_ball(problem, weights)
    assert 1e-5 < float(nearest_learner(problem, weights)) <= float(ball.distance) < 0.1


def test_far_weights_prove_nothing():
    problem, weights = planted((3, 6, 1), 5, seed=2)
    assert kantorovich_ball(problem, weights) is not None
    assert kantorovich_ball(problem, moved(problem, weights, np.full(problem.architecture.N_net, 2.0))) is None


@pytest.mark.parametrize(
    ("widths", "Y", "output"),
    [((2, 1), XOR_Y, "identity"), ((2, 2, 1), [[2], [0], [0], [2]], "tanh"), ((2, 1, 1), [[0], [1], [2], [9]], "sigmoid")],
)
def test_no_learner_where_there_is_none(widths, Y, output):
    problem = Problem(Architecture.of(widths, "tanh", output), error_named("squared"), Samples.of(XOR_X, Y))
    g = np.random.default_rng(0)
    start = Weights.of(problem.architecture, [(np.zeros((m, n)), np.zeros(n)) for m, n in pairwise(widths)])
    for size in (0.5, 3.0, 30.0):
        for _ in range(10):
            assert kantorovich_ball(problem, moved(problem, start, size * g.standard_normal(problem.architecture.N_net))) is None


def test_what_does_not_apply():
    problem = Problem(Architecture.of((2, 2, 1), "tanh"), error_named("squared"), Samples.of(XOR_X, [[0]] * 4))
    zero = Weights((Layer(((Fraction(0),) * 2,) * 2, (Fraction(0),) * 2), Layer(((Fraction(0),),) * 2, (Fraction(0),))))
    assert kantorovich_ball(problem, zero) is None, "P is deficient"
    logistic = Problem(problem.architecture, error_named("logistic"), problem.samples)
    assert kantorovich_ball(logistic, zero) is None


def test_a_kink_within_reach():
    problem, weights = planted((1, 3, 1), 2, "relu", seed=0)
    z = abs(float(problem.samples.X[0][0]) * float(weights.layers[0].W[0][0]) + float(weights.layers[0].b[0]))
    assert kantorovich_ball(problem, weights) is not None
    b = np.zeros(problem.architecture.N_net)
    x = float(problem.samples.X[0][0]) * float(weights.layers[0].W[0][0]) + float(weights.layers[0].b[0])
    b[1] = -x
    assert z == abs(x)
    assert kantorovich_ball(problem, moved(problem, weights, b)) is None


def test_irrational_weights():
    a = Architecture.of((1, 2, 1), "tanh")
    sympy = pytest.importorskip("sympy")
    weights = Weights.of(a, [([[sympy.log(2), 1]], [0, "1/3"]), ([[1], [sympy.log(3) / 2]], [0])])
    outputs = BallField(200)
    from lossproof.numerics.network.evaluation import evaluate

    X = [[0], [1]]
    values = [float(y.mid()) for y in evaluate(a, Samples.of(X, [[0], [0]]), weights, outputs).phi[2].ravel()]
    problem = Problem(a, error_named("squared"), Samples.of(X, [[y] for y in values]))
    assert kantorovich_ball(problem, weights).distance < Fraction(1, 10**9)


def test_weights_far_from_all_learners_take_no_factorisation(monkeypatch):
    """The larger the residuals, the less any σ helps; next to a learner it is asked for."""
    asked = []
    monkeypatch.setattr("lossproof.numerics.learners.kantorovich.smallest_singular_value", lambda *a: asked.append(a))
    a, x = Architecture.of("1-1-1", "tanh"), [[0], [1]]
    problem = Problem(a, error_named("squared"), Samples.of(x, [[0], [100]]))
    assert kantorovich_ball(problem, Weights.of(a, [([[1]], [0]), ([[1]], [0])])) is None
    assert not asked
    near = Problem(a, error_named("squared"), Samples.of(x, [[0], [Fraction(76, 100)]]))
    assert kantorovich_ball(near, Weights.of(a, [([[1]], [0]), ([[1]], [0])])) is None
    assert len(asked) == 1
