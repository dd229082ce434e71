"""Bounds of the loss: they hold, tell it from a short number that it nearly is, and are not below 0 where the error is not."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from lossproof.certificates.checks.check_architecture import check_architecture
from lossproof.certificates.proof.verify import verify
from lossproof.numerics.network.loss_bounds import loss_bounds
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import simplest_between

X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
THIRD = Fraction(1, 3)


def saturated(c, error="squared"):
    """Three tanh units (2c, 2c, −3c) with signs ±1 at the corners as c grows, read out with weights 1/3."""
    problem = Problem(Architecture.of("2-3-1", "tanh"), error_named(error), Samples.of(X, Y))
    rows = [[2 * c, 2 * c, -3 * c], [2 * c, 2 * c, -3 * c]]
    return problem, Weights.of(problem.architecture, [(rows, [-c, -3 * c, c]), ([[THIRD]] * 3, [THIRD])])


def loss_in_digits(c, error, digits=900):
    with mpmath.workdps(digits):
        third, total = mpmath.mpf(1) / 3, mpmath.mpf(0)
        for (a, b), (y,) in zip(X, Y, strict=True):
            units = [mpmath.tanh(c * z) for z in (2 * (a + b) - 1, 2 * (a + b) - 3, -3 * (a + b) + 1)]
            r = third * sum(units) + third - y
            total += r * r / 2 if error == "squared" else mpmath.log1p(r * r)
        return total / 4


@pytest.mark.parametrize("c", [1, 10, 30, 100, 300])
@pytest.mark.parametrize("error", ["squared", "cauchy"])
def test_a_saturated_loss_is_told_from_its_limit(c, error):
    problem, weights = saturated(c, error)
    found = loss_bounds(problem, weights, Fraction(0), 4096)
    with mpmath.workdps(900):
        loss = loss_in_digits(c, error)
        assert (
            mpmath.mpf(found.lower.numerator) / found.lower.denominator < loss < mpmath.mpf(found.upper.numerator) / found.upper.denominator
        )
    if error == "squared" and c >= 30:
        limit = Fraction(11, 36)
        assert found.apart == limit
        assert found.upper < limit
        assert (limit - found.lower) < (limit - found.upper) * (1 + Fraction(1, 10**9))
    else:
        assert found.apart is None


def test_where_the_precision_may_not_grow_the_limit_stays_inside():
    problem, weights = saturated(300)
    found = loss_bounds(problem, weights, Fraction(0), 1024)
    assert found.apart is None
    assert found.lower < Fraction(11, 36) < found.upper
    assert found.upper - found.lower < Fraction(1, 10**10)


@pytest.mark.parametrize("c", [100, 300])
def test_the_report_tells_it_and_the_checker_agrees(c):
    _, weights = saturated(c)
    report = check_architecture((2, 3, 1), X, Y, weights=[(layer.W, layer.b) for layer in weights.layers], search="none")
    assert verify(report.certificate).ok
    loss = report["loss-bounds", 0]
    assert loss.facts["loss_upper"] < Fraction(11, 36)
    assert "below 11/36 by " in loss.reason


@pytest.mark.parametrize(("target", "loss"), [("0", Fraction(1, 8)), ("1/2", Fraction(0)), ("1/6", Fraction(1, 18))])
def test_a_loss_that_is_the_short_number_is_not_told_from_it(target, loss):
    """tanh(0) = 0 makes the output the output bias, as balls do not see."""
    problem = Problem(Architecture.of("1-1-1", "tanh"), error_named("squared"), Samples.of([[1], [2]], [["1/2"], ["1/2"]]))
    weights = Weights.of(problem.architecture, [([["1/3"]], [0]), ([[0]], [target])])
    found = loss_bounds(problem, weights, Fraction(0), 4096)
    assert found.apart is None
    assert found.lower <= loss <= found.upper
    assert found.upper - found.lower < Fraction(1, 10**10)


@pytest.mark.parametrize(("error", "cut"), [("squared", True), ("cauchy", True), ("logistic", True), ("blake-zisserman:1/3", False)])
def test_a_wide_box_has_no_loss_below_0(error, cut):
    problem = Problem(Architecture.of("1-1-1", "tanh"), error_named(error), Samples.of([[0], [1]], [[0], [1]]))
    weights = Weights.of(problem.architecture, [([[2]], [-1]), ([[1]], ["1/8"])])
    found = loss_bounds(problem, weights, Fraction(1, 4), 4096)
    assert (found.lower >= 0) is cut
    assert found.upper > 0


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-5, 7), Fraction(0), Fraction(4), Fraction(11, 36), Fraction(-3, 2)])
@pytest.mark.parametrize("room", [Fraction(1, 10**6), Fraction(1, 10**30)])
def test_the_simplest_number_of_an_interval(value, room):
    assert simplest_between(value - room, value + room) == value
    assert simplest_between(value, value) == value


def test_no_simpler_number_lies_in_the_interval():
    for n in range(1, 60):
        lower, upper = Fraction(17 * n, 101), Fraction(17 * n + 2, 100)
        found = simplest_between(lower, upper)
        assert lower <= found <= upper
        assert not any(-(-lower * q // 1) <= upper * q // 1 for q in range(1, found.denominator))
