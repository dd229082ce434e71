"""Units of slope 0 at samples, or to which nothing comes back: found, with their equations, and with the identities that hold only there."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.families import family_point
from lossproof.numerics.critical.free_features import free_feature_identities, still_identities
from lossproof.numerics.critical.identities import coefficients, identities_hold, rows_of_P
from lossproof.numerics.critical.still_units import (
    Equal,
    Level,
    Silent,
    equal_units,
    level_units,
    silent_units,
    still_derivatives,
    still_values,
)
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows

CREST = math.pi / 2
CORNERS = [[0, 0], [1, 0], [0, 1]]
LEVEL = (Level(1, 0, (0, 1), ((0, 0), (1, 0))),)


def problem_of(widths, X, activation="sin", error="squared", **options):
    Y = [[str(Fraction((3 * i + 5 * j) % 7, 7)) for j in range(widths[-1])] for i in range(len(X))]
    if error == "softmax":
        Y = [["1/3", "2/3"] for _ in X]
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


@pytest.mark.parametrize(("error", "output"), [("squared", "identity"), ("softmax", "identity"), ("squared", "sin")])
def test_the_derivatives_of_the_equations_are_those_of_their_values(error, output):
    problem = problem_of((2, 2, 2, 2), [*CORNERS, [1, 3]], "silu", error, output_activation=output)
    weights = moved(problem, weights_of_rows(problem, np.zeros(problem.architecture.N_net)), 3, 1.0)
    still = (Level(1, 1, (0, 2), ()), Level(2, 0, (1, 2, 3), ()), Equal(2, 1, (0, 1, 3), ()), Silent(1, 0, 2, ()), Silent(2, 1, 3, ()))

    def passed(flat, field):
        return evaluate(problem.architecture, problem.samples, weights_of_rows(problem, flat), field)

    def values(flat):
        return np.array(still_values(problem, passed(flat, Float64Field()), still))

    flat = flat_weights(problem, weights)
    rates = np.stack(list(still_derivatives(problem, passed(flat, Float64Field()), still)))
    differences = np.stack([(values(flat + step) - values(flat - step)) / 2e-6 for step in 1e-6 * np.eye(flat.size)], axis=1)
    assert rates.shape == (9 if error == "softmax" else 11, flat.size)
    assert np.max(np.abs(rates - differences)) < 1e-8
    balls = still_derivatives(problem, passed(flat, BallField(128)), still)
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
    assert (found.still, found.dimension(problem.architecture), len(found.implied)) == (LEVEL, 1, 3)
    beside = lp.Weights.of(problem.architecture, [([[0], [1]], [CREST]), ([[v]], [1.1 - v])])
    assert family_point(problem, beside, exactly=True) is None


def cancelling(v=-1, error="squared"):
    """1-1-2-1 tanh at 0, or with two logits: the paths from the unit of the first layer cancel for ``v = -1``."""
    outputs = [[2], [v]] if error == "squared" else [[0, 2], [-v, 0]]
    a = lp.Architecture.of((1, 1, 2, len(outputs[0])), "tanh")
    Y = [[0], [0], [1]] if error == "squared" else [[1, 0], [0, 1], ["1/3", "2/3"]]
    problem = lp.Problem(a, lp.error_named(error), lp.Samples.of([[0], [1], [3]], Y))
    return problem, lp.Weights.of(a, [([[0]], [0]), ([[1, 2]], [0, 0]), (outputs, [0] * a.n_L)])


@pytest.mark.parametrize("error", ["squared", "softmax"])
def test_paths_that_cancel_are_one_silent_unit(error):
    problem, weights = cancelling(error=error)
    flat, free = flat_weights(problem, weights), np.arange(problem.architecture.N_net) > 0
    members = [weights_of_rows(problem, flat + 0.1 * free * np.random.default_rng(k).standard_normal(flat.size)) for k in range(2)]
    silent = (Silent(1, 0, 0, ((0, 0), (1, 0), (2, 0))),)
    assert silent_units(problem, weights, members) == silent
    assert silent_units(problem, cancelling(-1.0001, error)[1], members) == ()
    assert not np.any(rows_of_P(problem, members[0], silent)[1][:2])
    assert np.any(rows_of_P(problem, members[0])[1][1])


def test_what_always_cancels_is_no_equation():
    """Two units that stay equal, with opposite outgoing weights: nothing ever comes back."""
    problem, _ = cancelling()
    members = [
        lp.Weights.of(problem.architecture, [([[0]], [b]), ([[w, w]], [b, b]), ([[v], [-v]], [0])]) for b, w, v in ((0, 1, 2), (1, 3, 5))
    ]
    assert silent_units(problem, members[0], members[1:]) == ()


@pytest.mark.parametrize(("error", "Y"), [("cauchy:1", [[0], [0], [1], [1], ["1/2"]]), ("squared", [[0], [0], [1], [1], ["1/2"]])])
def test_a_constant_network_whose_paths_cancel(error, Y):
    """With two inputs: their weights get two components of the gradient that vanish with one number.

    For the squared error they are this number times affine functions of the one output, as is the component of the bias: one follows from the two others.
    """
    a = lp.Architecture.of((2, 1, 2, 1), "tanh")
    problem = lp.Problem(a, lp.error_named(error), lp.Samples.of([*CORNERS, [2, 3], [5, 1]], Y))
    weights, beside = (lp.Weights.of(a, [([[0], [0]], [0]), ([[1, 2]], [0, 0]), ([[2], [v]], ["1/2"])]) for v in (-1, "-1001/1000"))
    found = family_point(problem, weights)
    assert found is not None
    assert ([type(one) for one in found.still], found.dimension(problem.architecture)) == ([Silent] * (error != "squared"), 6)
    assert family_point(problem, beside, exactly=True) is None


def meeting(w=0.0, v=(7.367897864217378, -3.683948932108689)):
    """2-1-2-1: one z at two samples of different inputs, where the paths of the unit cancel and the network meets the mean of the targets."""
    a = lp.Architecture.of((2, 1, 2, 1), "tanh")
    problem = lp.Problem(a, lp.error_named("squared"), lp.Samples.of(CORNERS, [[0], [2], ["3/2"]]))
    return problem, lp.Weights.of(a, [([[w], [0.5]], [0]), ([[1, 2]], [0, 0]), ([[x] for x in v], [1])])


def test_samples_of_one_z_are_an_equation_where_their_inputs_differ():
    problem, weights = meeting()
    members = [moved(problem, weights, 0), moved(problem, weights, 1)]
    equal = (Equal(1, 0, (0, 1), ((0, 0), (1, 0))),)
    assert equal_units(problem, weights, members) == equal
    assert equal_units(problem, meeting(0.01)[1], members) == ()
    assert equal_units(problem, members[0], [weights]) == ()
    silent = silent_units(problem, weights, members, equal)
    assert silent == (Silent(1, 0, 0, ((0, 0), (1, 0))),)
    assert np.linalg.matrix_rank(rows_of_P(problem, members[0], (*equal, *silent))[1], tol=1e-9) == 2
    assert np.linalg.matrix_rank(rows_of_P(problem, members[0])[1], tol=1e-9) == 3


def test_equal_inputs_need_no_equation():
    problem = problem_of((2, 1, 1), [*CORNERS, CORNERS[1]])
    weights = lp.Weights.of(problem.architecture, [([[1], [2]], [0]), ([[2]], [0])])
    assert equal_units(problem, weights, [moved(problem, weights, 0)]) == ()


@pytest.mark.parametrize("noise", [0, 1e-10])
@pytest.mark.parametrize("held", [True, False])
def test_a_saddle_where_a_unit_cannot_tell_two_samples_apart(noise, held, monkeypatch):
    """The weight of the first input is held at 0, or, where it is not, that both samples have one z is an equation."""
    if not held:
        monkeypatch.setattr("lossproof.numerics.critical.families.families_of", lambda *_: iter([((), ())]))
    problem, weights = meeting(noise)
    found = family_point(problem, weights)
    assert found is not None
    assert ([type(one) for one in found.still], found.dimension(problem.architecture)) == ([Equal] * (not held), 6)
    points = lp.prove_points(problem, [weights])
    assert [point.kind for point in points] == ["saddle"]
    assert lp.verify(points.certificate.text).ok
