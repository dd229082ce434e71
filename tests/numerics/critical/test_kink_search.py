"""Descent onto kinks in doubles, exact weights there, and combinations between bounds."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import lossproof as lp
from lossproof.numerics.critical.bounded_combination import combination_between
from lossproof.numerics.critical.kink_search import descend_onto_kinks, descends_onto_kinks
from lossproof.numerics.critical.kinks import kink_multipliers
from lossproof.numerics.critical.point_on_kinks import point_on_kinks
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.problem.problem import Problem


def random_problem(seed, activation, bias="trainable", widths=None, error="squared"):
    rng = random.Random(seed)
    shape = widths or (rng.choice((1, 1, 2)), rng.choice((1, 2, 3, 4)), 1)
    T = rng.choice((4, 6, 8, 12, 20))
    X = [[rng.randint(-4, 4) for _ in range(shape[0])] for _ in range(T)]
    Y = [[rng.randint(-3, 3) for _ in range(shape[-1])] for _ in range(T)]
    fixed = None
    if bias == "fixed":
        fixed = (tuple(Fraction(rng.randint(-3, 3), 2) for _ in range(shape[1])), (Fraction(1, 2),))
    return Problem(lp.Architecture.of(shape, activation, "identity", bias), lp.error_named(error), lp.Samples.of(X, Y), fixed)


def loss(landscape, point):
    return float(landscape.at(point[None]).loss[0])


@pytest.mark.parametrize("bias", ["trainable", "none", "fixed"])
@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "hard-tanh"])
def test_descents_end_lower_and_nothing_nearby_is_lower_still(activation, bias):
    ends = on_kinks = exact = 0
    for seed in range(20):
        problem = random_problem(seed, activation, bias)
        landscape, rng = FloatLandscape(problem), np.random.default_rng(seed)
        for _ in range(3):
            start = 1.5 * rng.standard_normal(problem.architecture.N_net)
            found = descend_onto_kinks(problem, start)
            if found is None:
                continue
            ends += 1
            least = loss(landscape, found.point)
            assert least == pytest.approx(found.loss, rel=1e-7, abs=1e-9)
            assert least <= loss(landscape, start) + 1e-9
            moves = rng.standard_normal((40, len(start))) * 10.0 ** rng.uniform(-5, -3, (40, 1))
            assert (landscape.at(found.point + moves).loss >= least - 1e-9 * (1 + least)).all()
            weights = weights_of_rows(problem, found.point)
            point = point_on_kinks(problem, weights) if found.pinned else None
            on_kinks += found.pinned > 0
            if point is not None:
                exact += 1
                assert kink_multipliers(problem, point) is not None
                assert np.max(np.abs(flat_weights(problem, point) - found.point)) <= 1e-4 * np.max(np.abs(found.point))
    assert ends >= 15
    assert on_kinks >= 5
    assert exact >= (0.3 if bias == "none" else 0.75) * on_kinks  # without bias a unit on two kinks has no weights left


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "tanh"},
        {"activation": "relu", "error": "cauchy:1"},
        {"activation": "relu", "widths": (1, 2, 2)},
        {"activation": "identity"},
    ],
    ids=str,
)
def test_other_problems_are_left_alone(options):
    problem = random_problem(0, **options)
    assert not descends_onto_kinks(problem)
    assert descend_onto_kinks(problem, np.ones(problem.architecture.N_net)) is None
    assert point_on_kinks(problem, random_weights(problem, 0)) is None


def test_weights_far_from_kinks_are_left_alone():
    problem = random_problem(1, "relu", widths=(1, 2, 1))
    assert point_on_kinks(problem, lp.Weights.of(problem.architecture, [([[0, 0]], [1, -1]), ([[1], [1]], [0])])) is None


def test_dependent_columns_leave_a_choice():
    """Planted coefficients, some of them at a bound, for more columns than entries."""
    for seed in range(40):
        rng = random.Random(seed)
        rows, columns = rng.randint(1, 3), rng.randint(3, 6)
        table = [[fmpq(rng.randint(-3, 3)) for _ in range(rows)] for _ in range(columns)]
        planted = [fmpq(rng.choice((0, 1, 1, 2, 4)), 4) for _ in table]
        rest = [-sum((q * column[j] for q, column in zip(planted, table, strict=True)), fmpq(0)) for j in range(rows)]
        found = combination_between(table, rest, [(fmpq(0), fmpq(1))] * columns)
        assert found is not None
        assert all(0 <= q <= 1 for q in found)
        assert all(sum((q * column[j] for q, column in zip(found, table, strict=True)), fmpq(0)) + rest[j] == 0 for j in range(rows))


def test_what_lies_outside_the_bounds_is_not_reached():
    one, two = fmpq(1), fmpq(2)
    box = [(fmpq(0), one)] * 2
    assert combination_between([[one], [one]], [-two], box) == [one, one]
    assert combination_between([[one], [one]], [-fmpq(2000001, 1000000)], box) is None
    assert combination_between([[one, two], [two, one]], [-fmpq(3), -fmpq(3)], box) == [one, one]
    assert combination_between([[one, two], [two, one]], [-fmpq(3), -fmpq(4)], box) is None
    assert combination_between([], [fmpq(0)], []) == []
    assert combination_between([], [one], []) is None
