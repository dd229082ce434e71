"""More rows of a unit than different inputs are dependent: Cramer's rule gives identities of the rows of P, which hold at all weights of the family."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.box import critical_box
from lossproof.numerics.critical.dependent_rows import dependent_rows
from lossproof.numerics.critical.families import family_point
from lossproof.numerics.critical.identities import coefficients, identities_hold, rows_of_P
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows

FOUR = [[1, "-1/2"], [-2, 2], [-1, 3], [0, 0]]
LINE = [["3/2"], ["-1/2"], [2]]


def problem_of(widths, X, activation="tanh", error="squared", **options):
    Y = [
        ["1/3", "2/3"] if error == "softmax" else [str(Fraction((3 * i + 5 * j) % 7, 7)) for j in range(widths[-1])] for i in range(len(X))
    ]
    return lp.Problem(lp.Architecture.of(widths, activation, **options), lp.error_named(error), lp.Samples.of(X, Y))


def drawn(problem, seed):
    return weights_of_rows(problem, np.random.default_rng(seed).normal(scale=0.4, size=problem.architecture.N_net))


def identities_at(problem, seed):
    members = [drawn(problem, seed), drawn(problem, seed + 1)]
    return list(dependent_rows(problem, [(flat_weights(problem, each), rows_of_P(problem, each)[1]) for each in members]))


@pytest.mark.parametrize(
    ("widths", "X", "options", "count"),
    [
        ((2, 1, 2), FOUR, {"activation": "sin"}, 1),
        ((1, 2, 2), LINE, {}, 4),
        ((1, 2, 1), LINE, {}, 4),
        ((1, 2, 2), LINE[:2], {"error": "softmax"}, 6),
        ((2, 1, 1, 2), FOUR[:3], {"activation": "arctan"}, 3),
        ((2, 2, 1), FOUR, {"bias": "none"}, 3),
        ((2, 1, 2), [*FOUR, FOUR[0]], {"activation": "erf", "output_activation": "sigmoid"}, 1),
    ],
)
def test_they_hold_at_all_weights(widths, X, options, count):
    problem = problem_of(widths, X, **options)
    found = identities_at(problem, 0)
    assert identities_hold(problem, drawn(problem, 0), found)
    assert identities_hold(problem, drawn(problem, 7), found)
    weights = drawn(problem, 3)
    rows = np.array([coefficients(identity, flat_weights(problem, weights), rows_of_P(problem, weights)[1]) for identity in found])
    assert np.linalg.matrix_rank(rows / np.max(np.abs(rows), axis=1, keepdims=True), tol=1e-8) == count


@pytest.mark.parametrize(
    ("widths", "X"), [((2, 1, 1), FOUR[:3]), ((1, 3, 1), [[k] for k in range(10)])], ids=["independent", "six and more"]
)
def test_there_are_none_otherwise(widths, X):
    assert not identities_at(problem_of(widths, X, bias="none"), 0)


def test_rows_that_depend_for_the_nature_of_the_activation_are_left_out():
    """On one side of 0 softsign is a Möbius map, and the four rows of 1-1-1 have rank 3 on any inputs: true, but no checker sees it by its symbols."""
    problem = problem_of((1, 1, 1), [[k] for k in range(1, 6)], "softsign")
    members = [lp.Weights.of(problem.architecture, [([[w]], [b]), ([[2]], [1])]) for w, b in ((1, 2), (2, "1/3"))]
    seen = [(flat_weights(problem, each), rows_of_P(problem, each)[1]) for each in members]
    assert np.linalg.matrix_rank(seen[1][1]) == 3
    assert not list(dependent_rows(problem, seen))


def test_a_unit_with_more_weights_than_inputs_to_tell_apart():
    """Two outputs of one unit of sin: the four values of the unit, up to a line, have one degree of freedom less than its weights."""
    Y = [[2, 0], [2, -2], [3, 2], [-2, -1]]
    problem = lp.Problem(lp.Architecture.of("2-1-2", "sin"), lp.error_named("cauchy"), lp.Samples.of(FOUR, Y))
    layers = [([[1.5201615652520584], [-0.6924855596264557]], [1.746206536979248])]
    layers.append(([[-2.6409188838333373, -1.0680752044730075]], [0.6724689979170957, -0.13155874337025078]))
    weights = lp.Weights.of(problem.architecture, layers)
    assert critical_box(problem, weights) is None
    found = family_point(problem, weights)
    assert found is not None
    assert found.dimension(problem.architecture) == 1
    points = lp.prove_points(problem, [weights])
    assert [point.kind for point in points] == ["local-minimum"]
    assert lp.verify(points.certificate.text).ok
    here = flat_weights(problem, weights)
    steps = np.random.default_rng(5).standard_normal((300, 7)) * np.repeat([[0.1], [0.01], [0.001]], 100, axis=0)
    landscape = FloatLandscape(problem)
    assert np.min(landscape.loss(here + steps)) > landscape.loss(here[None])[0] - 1e-15
