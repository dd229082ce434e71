"""Exact decisions: what vanishes formally, what does not vanish however small, constants, inactive layers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from cases.landscapes import LOG3_HALF, XOR_X, XOR_Y, deficient_xor_weights

from lossproof.numerics.critical import exact
from lossproof.numerics.critical.exact import (
    gradient_apart_from_zero,
    gradient_is_zero,
    inactive_layer,
    is_constant_critical,
    samples_are_balanced,
)
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

HALF = Fraction(1, 2)


def problem_of(widths, X, Y, activation="tanh", error="squared", output="identity", bias="trainable"):
    return Problem(Architecture.of(widths, activation, output, bias), error_named(error), Samples.of(X, Y))


def at(problem, layers):
    return Weights.of(problem.architecture, layers)


@pytest.mark.parametrize("c", [LOG3_HALF, 1, Fraction(2, 7)])
@pytest.mark.parametrize("units", [2, 3])
def test_the_stationary_points_of_xor(c, units):
    problem = problem_of((2, units, 1), XOR_X, XOR_Y)
    weights = at(problem, deficient_xor_weights(c, [0] * units, HALF))
    assert gradient_is_zero(problem, weights)
    assert gradient_apart_from_zero(problem, weights, 512) is None


def test_a_nearby_point_is_told_apart():
    problem = problem_of((2, 2, 1), XOR_X, XOR_Y)
    weights = at(problem, deficient_xor_weights(1, [0, Fraction(1, 10**30)], HALF))
    assert not gradient_is_zero(problem, weights)
    found = gradient_apart_from_zero(problem, weights, 1024)
    assert found is not None
    assert found[1] >= 128


@pytest.mark.parametrize("w", [20, 45, 400, 2000])
def test_a_saturated_gradient_is_not_zero(w):
    problem = problem_of((1, 1), [[-1], [1]], [[0], [1]], output="sigmoid", bias="none")
    weights = at(problem, [([[w]], None)])
    assert not gradient_is_zero(problem, weights)
    assert gradient_apart_from_zero(problem, weights, 16384) is not None


def test_constant_networks():
    X, Y = [[-1], [0], [1]], [[-1], [2], [-1]]
    problem = problem_of((1, 2, 1), X, Y)
    right = [([[0, 0]], [-LOG3_HALF, -LOG3_HALF]), ([[1], [2]], ["3/2"])]
    assert is_constant_critical(problem, at(problem, right))
    wrong_mean = [([[0, 0]], [-LOG3_HALF, -LOG3_HALF]), ([[1], [2]], ["5/2"])]
    assert not is_constant_critical(problem, at(problem, wrong_mean))
    assert not is_constant_critical(problem, at(problem, [([[0, 1]], [-LOG3_HALF, -LOG3_HALF]), ([[1], [2]], ["3/2"])]))
    correlated = problem_of((1, 2, 1), X, [[-1], [2], [-2]])
    assert not is_constant_critical(correlated, at(correlated, [([[0, 0]], [0, 0]), ([[0], [0]], ["-1/3"])]))


def test_no_constant_network_without_a_trainable_bias():
    problem = problem_of((1, 2, 1), [[-1], [1]], [[1], [-1]], bias="none")
    assert not is_constant_critical(problem, at(problem, [([[0, 0]], None), ([[0], [0]], None)]))


def test_equal_inputs_in_balance():
    problem = problem_of((1, 1, 1), [[0], [0], [1]], [[0], [1], [3]], activation="softsign")
    assert samples_are_balanced(problem, at(problem, [([[1]], [0]), ([[5]], ["1/2"])]))
    assert not samples_are_balanced(problem, at(problem, [([[1]], [0]), ([[5]], ["1/3"])]))


def test_inactive_layers():
    problem = problem_of((1, 2, 2, 1), [[0], [1]], [[0], [1]], activation="relu")
    dead_second = [([[1, -1]], [1, 3]), ([[1, 0], [0, 1]], [-9, -9]), ([[1], [1]], ["1/2"])]
    assert inactive_layer(problem, at(problem, dead_second), 64) == 2
    alive = [([[1, -1]], [1, 3]), ([[1, 0], [0, 1]], [-9, 1]), ([[1], [1]], ["1/2"])]
    assert inactive_layer(problem, at(problem, alive), 64) is None
    leaky = problem_of((1, 2, 2, 1), [[0], [1]], [[0], [1]], activation="leaky-relu:1/2")
    assert inactive_layer(leaky, at(leaky, dead_second), 64) is None


def test_inactive_outputs():
    outputs = problem_of((1, 1, 1), [[0], [1]], [[0], [1]], output="relu")
    assert inactive_layer(outputs, at(outputs, [([[1]], [0]), ([[1]], [-3])]), 64) == 2
    assert inactive_layer(outputs, at(outputs, [([[1]], [0]), ([[1]], ["-1/2"])]), 64) is None


def test_balls_tell_a_gradient_from_0_before_exact_arithmetic_takes_long(monkeypatch):
    """A line through 600 samples, and weights that are off by less than doubles tell."""
    samples = Samples.of([[k] for k in range(600)], [[2 * k] for k in range(600)])
    problem = Problem(Architecture.of("1-1"), error_named("squared"), samples)
    assert gradient_is_zero(problem, Weights.of(problem.architecture, [([[2]], [0])]))
    monkeypatch.setattr(exact, "_exact", lambda *_: pytest.fail("exact arithmetic is not needed here"))
    assert not gradient_is_zero(problem, Weights.of(problem.architecture, [([[2 + Fraction(1, 2**100)]], [0])]))
