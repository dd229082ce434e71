"""Independent inputs make the features of the first layer free: their mixtures are identities of the rows of P, and of no others."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.families import family_point
from lossproof.numerics.critical.free_features import free_feature_identities
from lossproof.numerics.critical.identities import coefficients, identities_hold, rows_of_P
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows

THREE = [["1", "2"], ["-1", "1/2"], ["0", "3"]]


def problem_of(widths, X, activation="tanh", error="squared", **options):
    rng = np.random.default_rng(1)
    Y = [[str(Fraction(int(rng.integers(1, 9)), 9)) for _ in range(widths[-1])] for _ in X]
    if error == "softmax":
        Y = [["1/3", "2/3"] for _ in X]
    return lp.Problem(lp.Architecture.of(widths, activation, **options), lp.error_named(error), lp.Samples.of(X, Y))


def identities_at(problem, seed):
    weights = weights_of_rows(problem, np.random.default_rng(seed).normal(size=problem.architecture.N_net))
    return weights, list(free_feature_identities(problem, [rows_of_P(problem, weights)]))


@pytest.mark.parametrize(
    ("widths", "X", "options", "count"),
    [
        ((2, 1, 2), THREE, {}, 2),
        ((2, 3, 1), THREE, {"activation": "gelu"}, 12),
        ((2, 2, 2), THREE, {"error": "softmax"}, 6),
        ((2, 2, 3, 1), THREE[:2], {"activation": "arctan"}, 6),
        ((2, 2, 1), THREE[:2], {"bias": "none"}, 4),
        ((2, 1, 1), [*THREE, THREE[0]], {}, 2),
        ((2, 2, 1), THREE, {"output_activation": "sigmoid"}, 6),
    ],
)
def test_they_hold_at_all_weights_and_are_as_independent_as_can_be(widths, X, options, count):
    problem = problem_of(widths, X, **options)
    weights, found = identities_at(problem, 0)
    assert len(found) == count
    assert identities_hold(problem, weights, found)
    assert identities_hold(problem, identities_at(problem, 7)[0], found)
    P = rows_of_P(problem, weights)[1]
    rows = np.array([coefficients(identity, flat_weights(problem, weights), P) for identity in found])
    rank = np.linalg.matrix_rank(rows / np.max(np.abs(rows), axis=1, keepdims=True))
    assert rank == min(count, problem.architecture.N_net - np.linalg.matrix_rank(P))


@pytest.mark.parametrize(
    ("widths", "X", "options"),
    [
        ((2, 2, 1), [*THREE, ["5", "1"]], {}),
        ((2, 2, 1), THREE, {"bias": "none"}),
        ((2, 2, 1), THREE, {"activation": "power:3"}),
        ((2, 1), THREE, {}),
        ((9, 1, 1), [[str(int(i == j)) for j in range(9)] for i in range(9)], {}),
    ],
    ids=["dependent", "dependent without bias", "a polynomial", "no hidden layer", "many inputs"],
)
def test_there_are_none_otherwise(widths, X, options):
    assert not identities_at(problem_of(widths, X, **options), 0)[1]


@pytest.mark.parametrize("noise", [0, Fraction(1, 10**12)])
def test_what_no_sample_sees_is_put_away(noise):
    """Three samples on a line see a unit of 2-1-2 as constant whose incoming weights are orthogonal to it: a unit without incoming weights does the same."""
    X, Y = [["0", "1"], ["1", "0"], ["3", "-2"]], [["0", "1"], ["2", "0"], ["1", "3"]]
    problem = lp.Problem(lp.Architecture.of("2-1-2"), lp.error_named("squared"), lp.Samples.of(X, Y))
    weights = lp.Weights.of(problem.architecture, [([["1/3"], [Fraction(1, 3) + noise]], ["-1/3"]), ([["11/4", "-3/4"]], ["1", "4/3"])])
    assert family_point(problem, weights, exactly=True) is None
    found = family_point(problem, weights)
    assert found is not None
    assert all(w == 0 for row in found.weights.layers[0].W for w in row)
    assert abs(found.weights.layers[0].b[0]) < 10 * noise + Fraction(1, 10**9)
    points = lp.prove_points(problem, [weights], nearby=True)
    assert [point.kind for point in points] == ["saddle"]
    assert lp.verify(points.certificate.text).ok
