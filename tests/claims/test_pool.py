"""One pool of losses: a local minimum is beaten by any point with a smaller loss, wherever it comes from."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.numerics.training.lower_loss import weights_below
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

REFUTED = lp.Verdict.REFUTED
LINE_X, LINE_Y = [[0], [1], [2], [3]], [[0], [1], [0], [1]]
BETTER = [([[1, 1]], [0, -1]), ([[1], [-1]], [Fraction(-1, 4)])]
"""Weights of 1-2-1 with relu and less than the loss 1/8 of the best constant: the outputs are −1/4, 3/4, 3/4, 3/4. They are not critical."""


def problem_of(widths, X, Y, activation):
    return Problem(Architecture.of(widths, activation), error_named("squared"), Samples.of(X, Y))


def dead(widths, Y):
    """Weights at which a relu network is dead, with the best constant output."""
    *hidden, last = itertools.pairwise(widths)
    mean = Fraction(sum(y for (y,) in Y), len(Y))
    return [*(([[0] * n] * m, [-1] * n) for m, n in hidden), ([[0] * last[1]] * last[0], [mean])]


@pytest.mark.parametrize("widths", [(1, 2, 1), (1, 8, 1), (1, 3, 3, 1)])
def test_a_dead_network_that_is_given_is_a_bad_minimum(widths, check):
    report = check(widths, LINE_X, LINE_Y, activation="relu", weights=dead(widths, LINE_Y), search="none")
    assert report["suboptimal"].point.weights is report.points[0]
    assert report.conclusion.verdict is REFUTED
    assert report.conclusion.premises[0] is report["suboptimal"]


def test_points_that_are_not_critical_beat_minima_of_a_map():
    """Of the two points given one is a bad minimum, the other is not critical, and better."""
    problem = problem_of((1, 2, 1), LINE_X, LINE_Y, "relu")
    minimum = Weights.of(problem.architecture, dead((1, 2, 1), LINE_Y))
    better = Weights.of(problem.architecture, BETTER)
    found = lp.prove_points(problem, [minimum, better])
    assert [point.kind for point in found] == ["local-minimum"]
    suboptimal = found[0].suboptimal
    assert suboptimal is not None
    assert suboptimal.premises[-1].place.weights is better
    assert found.conclusion.verdict is REFUTED
    assert lp.verify(found.certificate.text).ok


def test_a_short_training_beats_a_lonely_minimum():
    problem = problem_of((1, 2, 1), LINE_X, LINE_Y, "relu")
    found = lp.prove_points(problem, [Weights.of(problem.architecture, dead((1, 2, 1), LINE_Y))])
    assert found[0].suboptimal is not None
    assert found.conclusion.verdict is REFUTED


def test_the_loss_of_weights_given_beats_a_region():
    """Weights that are no critical point are better than the dead region, and no training is needed."""
    report = lp.check_architecture((1, 2, 1), LINE_X, LINE_Y, activation="relu", weights=BETTER)
    assert report.conclusion.verdict is REFUTED
    assert report.conclusion.premises[1].point.weights is report.points[0]


def test_a_constant_unit_on_xor_is_beaten_by_a_point_that_is_not_critical(check):
    report = check("2-1-1", XOR_X, XOR_Y, activation="tanh", weights=[([[0], [0]], [Fraction(3, 4)]), ([[3]], [0])], search="none")
    assert report.conclusion.verdict is REFUTED


def test_targets_that_no_double_is_are_trained_on_as_they_are():
    """Thirds as targets of softmax have the sum 1 exactly, and their doubles have not."""
    samples = Samples.of([[0], [1], [2]], [["1/3", "1/3", "1/3"], ["1/7", "2/7", "4/7"], [1, 0, 0]])
    problem = Problem(Architecture.of((1, 2, 3), "tanh"), error_named("softmax"), samples)
    assert weights_below(problem, 1.0, 0) is not None


@pytest.mark.parametrize("size", [160, 307])
def test_a_training_on_numbers_far_out_says_nothing_or_something_finite(size):
    problem = problem_of((1, 1, 1), [[-(10**size)], [10**size], [10**size // 2]], [[10**size], [0], [1]], "power:3")
    found = weights_below(problem, 1e-3, 0)
    assert found is None or isinstance(found, Weights)
