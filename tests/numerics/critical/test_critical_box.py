"""Boxes around critical points: they hold the true one, and what is no critical point is not boxed."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from lossproof.numerics.algebra.inertia import ball_inertia
from lossproof.numerics.critical.box import critical_box, refined_weights, symmetry_gauge
from lossproof.numerics.critical.systems import hessian_over_box
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

X = ["-1", "0", "1", "2"]
Y = ["0", "1/4", "3/4", "1/2"]


def neuron(widths=(1, 1), activation="tanh", output="sigmoid", bias="none", error="squared", X=X, Y=Y):
    architecture = Architecture.of(widths, activation, output, bias)
    return Problem(architecture, error_named(error), Samples.of([[x] for x in X], [[y] for y in Y]))


def slope(problem, w):
    """The derivative of the loss of a single sigmoid neuron without bias, by mpmath."""
    total = mpmath.mpf(0)
    for (x,), (y,) in zip(problem.samples.X, problem.samples.Y, strict=True):
        x, y = mpmath.mpf(x.numerator) / x.denominator, mpmath.mpf(y.numerator) / y.denominator
        s = 1 / (1 + mpmath.exp(-w * x))
        total += (s - y) * s * (1 - s) * x
    return total


def root(problem, start):
    with mpmath.workdps(60):
        return mpmath.findroot(lambda w: slope(problem, w), start)


@pytest.mark.parametrize("offset", [0, 1e-9, 1e-5, 1e-3])
def test_the_true_critical_point_lies_in_the_box(offset):
    problem = neuron()
    exact = root(problem, 0.3)
    centre = Fraction(float(exact) + offset)
    weights = Weights.of(problem.architecture, [([[centre]], None)])
    box = critical_box(problem, weights)
    assert box is not None
    with mpmath.workdps(60):
        distance = abs(mpmath.mpf(centre.numerator) / centre.denominator - exact)
        assert distance <= mpmath.mpf(box.radius.numerator) / box.radius.denominator
    assert float(box.radius) < max(1e-12, 300 * offset)


def test_weights_far_from_a_critical_point_are_not_boxed():
    problem = neuron()
    assert critical_box(problem, Weights.of(problem.architecture, [([[9]], None)])) is None


def test_a_saturated_unit_is_no_critical_point():
    separable = neuron(X=["-1", "1"], Y=["0", "1"])
    for w in (20, 40, 400, 4000):
        weights = Weights.of(separable.architecture, [([[w]], None)])
        assert critical_box(separable, weights) is None
        assert refined_weights(separable, weights) is None or critical_box(separable, refined_weights(separable, weights)) is None


def test_a_degenerate_critical_point_is_not_boxed():
    problem = neuron((1, 1, 1), "tanh", "identity", X=["-1", "1"], Y=["1", "1"])
    zero = Weights.of(problem.architecture, [([[0]], None), ([[0]], None)])
    assert critical_box(problem, zero) is None


def test_a_kink_in_the_box_is_refused():
    problem = neuron((1, 1), output="leaky-relu:1/2", bias="trainable", X=["0", "1"], Y=["0", "1"])
    assert critical_box(problem, Weights.of(problem.architecture, [([[1]], [0])])) is None


def test_a_kink_that_no_weight_moves_is_none():
    problem = neuron((1, 1), output="leaky-relu:1/2", X=["0", "1"], Y=["0", "1"])
    assert critical_box(problem, Weights.of(problem.architecture, [([[1]], None)])).radius > 0


def test_refinement_comes_closer():
    problem = neuron()
    rough = Weights.of(problem.architecture, [([[Fraction(float(root(problem, 0.3)) + 1e-3)]], None)])
    fine = refined_weights(problem, rough)
    assert fine is not None
    assert critical_box(problem, fine).radius < critical_box(problem, rough).radius / 2**20


SCALED_X, SCALED_Y = ["-2", "-1", "1/2", "1", "2", "3"], ["1/4", "0", "1", "3/2", "3", "7/2"]
NEAR = {
    "relu": [([["1"]], ["1/10"]), ([["11/10"]], ["1/10"])],
    "leaky-relu:1/4": [([["1"]], ["1/10"]), ([["11/10"]], ["1/10"])],
    "power:2": [([["1"]], ["2.406854"]), ([["0.1276607"]], ["0.0340855"])],
}


@pytest.mark.parametrize("activation", NEAR)
def test_scaling_families_need_a_gauge(activation):
    samples = Samples.of([[x] for x in SCALED_X], [[y] for y in SCALED_Y])
    problem = Problem(Architecture.of((1, 1, 1), activation), error_named("squared"), samples)
    weights = Weights.of(problem.architecture, NEAR[activation])
    gauge = symmetry_gauge(problem, weights)
    assert gauge == (0,)
    fine = refined_weights(problem, weights, gauge)
    assert critical_box(problem, fine) is None
    box = critical_box(problem, fine, gauge)
    assert box is not None
    found = ball_inertia(hessian_over_box(problem, fine, box.radius, 256), 256)
    assert (found.negative, found.positive, found.undecided) == (0, 3, 1)


def test_no_gauge_for_other_activations_or_a_dead_unit():
    tanh = Problem(Architecture.of((1, 1, 1), "tanh"), error_named("squared"), Samples.of([[1]], [[1]]))
    assert symmetry_gauge(tanh, Weights.of(tanh.architecture, [([[1]], [0]), ([[1]], [0])])) == ()
    relu = Problem(Architecture.of((1, 1, 1), "relu"), error_named("squared"), Samples.of([[1]], [[1]]))
    assert symmetry_gauge(relu, Weights.of(relu.architecture, [([[0]], [1]), ([[1]], [0])])) == ()


@pytest.mark.parametrize("error", ["squared", "smooth-l1:1/4", "cauchy:4", "blake-zisserman:1/2", "logistic"])
@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
def test_every_error_and_bias_mode(error, bias):
    architecture = Architecture.of((1, 1), "tanh", "identity", bias)
    fixed = ((Fraction(1, 3),),) if bias == "fixed" else None
    Y = [[y] for y in ("1/8", "1/4", "3/4", "1/2")]
    problem = Problem(architecture, error_named(error), Samples.of([[x] for x in X], Y), fixed)
    start = Weights.of(
        architecture,
        [([["1/5"]], ["1/3"] if bias == "fixed" else ["-1/5" if error == "logistic" else "1/3"] if bias == "trainable" else None)],
    )
    fine = refined_weights(problem, start)
    assert fine is not None
    assert critical_box(problem, fine) is not None
    if bias == "fixed":
        assert fine.layers[0].b == (Fraction(1, 3),)
