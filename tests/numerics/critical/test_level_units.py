"""Units of slope 0 at some samples: found, with the derivatives of their equations, and with the identities that hold only there."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.families import family_point
from lossproof.numerics.critical.free_features import free_feature_identities, still_identities
from lossproof.numerics.critical.identities import coefficients, identities_hold, rows_of_P
from lossproof.numerics.critical.level_units import Level, level_derivatives, level_units, level_values
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows

CREST = math.pi / 2
CORNERS = [[0, 0], [1, 0], [0, 1]]
LEVEL = (Level(1, 0, (0, 1), ((0, 0), (1, 0))),)


def problem_of(widths, X, activation="sin", error="squared", **options):
    Y = [[str(Fraction((3 * i + 5 * j) % 7, 7)) for j in range(widths[-1])] for i in range(len(X))]
    return lp.Problem(lp.Architecture.of(widths, activation, **options), lp.error_named(error), lp.Samples.of(X, Y))


def crest(w=(0, 1), v=2, n_L=1):
    problem = problem_of((2, 1, n_L), CORNERS)
    return problem, lp.Weights.of(problem.architecture, [([[x] for x in w], [CREST]), ([[v] * n_L], [0] * n_L)])


def moved(problem, weights, seed, size=0.1):
    return weights_of_rows(
        problem, flat_weights(problem, weights) + size * np.random.default_rng(seed).standard_normal(problem.architecture.N_net)
    )


def test_samples_at_one_crest_are_one_level_unit():
    problem, weights = crest()
    assert level_units(problem, weights, [moved(problem, weights, 0), moved(problem, weights, 1)]) == LEVEL


def test_crests_of_different_height_are_two():
    problem, weights = crest((math.pi, 0))
    assert [(one.unit, one.samples) for one in level_units(problem, weights, [moved(problem, weights, 0)])] == [(0, (0, 2)), (0, (1,))]


def test_equal_inputs_and_equal_units_are_one_sample_of_one_unit():
    problem = problem_of((2, 2, 1), [*CORNERS, CORNERS[1]])
    weights = lp.Weights.of(problem.architecture, [([[0, 0], [1, 1]], [CREST, CREST]), ([[2], [3]], [0])])
    other = lp.Weights.of(problem.architecture, [([[0.5, 0.5], [1, 1]], [2, 2]), ([[2], [3]], [0])])
    alike = tuple((i, u) for u in (0, 1) for i in (0, 1, 3))
    assert level_units(problem, weights, [other]) == (Level(1, 0, (0, 1), alike),)


@pytest.mark.parametrize(
    ("activation", "z"),
    [("power:3", 0), ("tanh", 40), ("sin", CREST + 1e-4), ("softsign", 1e9), ("relu", -1), ("identity", 0), ("softplus", -50)],
)
def test_slopes_that_only_seem_to_vanish_or_have_no_simple_zero(activation, z):
    problem = problem_of((1, 1, 1), [[0], [1]], activation)
    weights = lp.Weights.of(problem.architecture, [([[0]], [z]), ([[1]], [0])])
    assert level_units(problem, weights, [weights]) == ()


@pytest.mark.parametrize(("activation", "z"), [("sin", -CREST), ("power:2", 0), ("gelu", -0.7517915247), ("silu", -1.2784645427610738)])
def test_simple_zeros_of_slopes(activation, z):
    problem = problem_of((1, 1, 1), [[0], [1]], activation)
    weights = lp.Weights.of(problem.architecture, [([[0]], [z]), ([[1]], [0])])
    assert [one.samples for one in level_units(problem, weights, [weights])] == [(0,)]


def test_the_derivatives_of_the_equations_are_those_of_their_values():
    problem = problem_of((2, 2, 2, 1), [*CORNERS, [1, 3]], "silu")
    weights = moved(problem, weights_of_rows(problem, np.zeros(problem.architecture.N_net)), 3, 1.0)
    level = (Level(1, 1, (0, 2), ()), Level(2, 0, (1, 2, 3), ()))

    def values(flat):
        return np.array(
            level_values(evaluate(problem.architecture, problem.samples, weights_of_rows(problem, flat), Float64Field()), level)
        )

    flat = flat_weights(problem, weights)
    rates = np.stack(list(level_derivatives(evaluate(problem.architecture, problem.samples, weights, Float64Field()), level)))
    steps = 1e-6 * np.eye(flat.size)
    differences = np.stack([(values(flat + step) - values(flat - step)) / 2e-6 for step in steps], axis=1)
    assert rates.shape == (5, flat.size)
    assert np.max(np.abs(rates - differences)) < 1e-8
    balls = level_derivatives(evaluate(problem.architecture, problem.samples, weights, BallField(128)), level)
    assert all(abs(float(ball) - x) < 1e-12 for row, found in zip(balls, rates, strict=True) for ball, x in zip(row, found, strict=True))


@pytest.mark.parametrize("n_L", [1, 2])
def test_identities_hold_where_units_are_level_and_only_there(n_L):
    problem, weights = crest(n_L=n_L)
    members = [weights, moved(problem, weights, 0), moved(problem, weights, 1)]
    seen = [rows_of_P(problem, each, LEVEL) for each in members]
    found = [*still_identities(problem, LEVEL), *free_feature_identities(problem, seen, LEVEL)]
    assert len(found) == 3
    for member, (_, P) in zip(members, seen, strict=True):
        assert identities_hold(problem, member, found, LEVEL)
        rows = np.array([coefficients(identity, flat_weights(problem, member), P) for identity in found])
        assert np.linalg.matrix_rank(rows, tol=1e-9) == 3
    assert not any(identities_hold(problem, members[1], [identity]) for identity in found)


def test_a_critical_point_with_level_units_and_none_beside_it():
    problem = lp.Problem(lp.Architecture.of((2, 1, 1), "sin"), lp.error_named("squared"), lp.Samples.of(CORNERS, [[0], [2], [3]]))
    v = -2 / (1 - math.cos(1))
    weights = lp.Weights.of(problem.architecture, [([[0], [1]], [CREST]), ([[v]], [1 - v])])
    found = family_point(problem, weights)
    assert found is not None
    assert (found.level, found.dimension(problem.architecture), len(found.implied)) == (LEVEL, 1, 3)
    beside = lp.Weights.of(problem.architecture, [([[0], [1]], [CREST]), ([[v]], [1.1 - v])])
    assert family_point(problem, beside, exactly=True) is None
