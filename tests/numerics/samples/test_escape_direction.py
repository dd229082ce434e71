"""Directions along which a single layer's loss falls everywhere."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from lossproof.numerics.samples.escape_direction import escape_direction
from lossproof.numerics.samples.linear_separation import weakly_separating_direction
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples


def problem_of(X, Y, widths=None, output="sigmoid", error="squared", bias="trainable", activation="tanh"):
    shape = widths or (len(X[0]), len(Y[0]))
    return Problem(Architecture.of(shape, activation, output, bias), error_named(error), Samples.of(X, Y))


@pytest.mark.parametrize("seed", range(20))
def test_planted_directions_are_found(seed):
    rng, n = random.Random(seed), 2 + seed % 4
    truth = [Fraction(rng.randint(-5, 5)) for _ in range(n)]
    rows = [[Fraction(rng.randint(-9, 9)) for _ in range(n)] for _ in range(12)]
    rows = [row if sum(a * u for a, u in zip(row, truth, strict=True)) >= 0 else [-a for a in row] for row in rows]
    found = weakly_separating_direction(rows)
    values = [sum(a * u for a, u in zip(row, truth, strict=True)) for row in rows]
    if max(values) == 0:
        return
    assert found is not None
    products = [sum(a * u for a, u in zip(row, found, strict=True)) for row in rows]
    assert min(products) >= 0
    assert max(products) > 0


def test_weakly_separable_rows_with_exact_ties():
    third = Fraction(1, 3)
    rows = [[Fraction(1), third, -third], [Fraction(-1), -third, third], [Fraction(0), Fraction(1), Fraction(0)]]
    found = weakly_separating_direction(rows)
    assert found is not None
    assert found[0] + third * found[1] - third * found[2] == 0


def test_separable_targets_at_the_ends():
    assert escape_direction(problem_of([[-1], [1]], [[0], [1]])) is not None
    assert escape_direction(problem_of([[-1], [1]], [[-2], [3]])) is not None
    assert escape_direction(problem_of([[0, 0], [0, 1], [1, 0]], [[-1], [1], [1]], output="tanh")) is not None


@pytest.mark.parametrize(
    "problem",
    [
        problem_of([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]),
        problem_of([[-1], [1]], [[0], ["1/2"]]),
        problem_of([[-1], [1]], [[0], [1]], output="identity"),
        problem_of([[-1], [1]], [[0], [1]], widths=(1, 1, 1)),
        problem_of([[0], [0]], [[0], [1]], bias="none"),
        problem_of([[-1], [1]], [["1/2"], [1]], output="identity", error="logistic"),
        problem_of([[0], [1]], [["1/2", "1/2"], [1, 0]], output="identity", error="softmax"),
    ],
    ids=range(7),
)
def test_no_direction(problem):
    assert escape_direction(problem) is None


def test_logits():
    assert escape_direction(problem_of([[-1], [1]], [[0], [1]], output="identity", error="logistic")) is not None
    one_hot = problem_of([[-1, 0], [1, 0], [0, 2]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], output="identity", error="softmax")
    direction = escape_direction(one_hot)
    assert direction is not None
    assert [len(row) for row in direction] == [3, 3, 3]
