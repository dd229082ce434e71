"""Weights with the same outputs at which families are looked for: a unit whose outputs depend on those of others has no outgoing weights there."""

from __future__ import annotations

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.families import family_point
from lossproof.numerics.critical.family_starts import family_starts
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate

X = [["3/2"], ["3/2"], ["-1/2"], [2], [2], [2]]
Y = [[3, 1], [0, 2], [-3, 2], [3, -3], [-2, 3], [1, -3]]
LAYERS = [
    ([[0.14781191264233515, 1.5277007812821317]], [1.314867952749124, -1.5688768845585845]),
    ([[-0.7326000584054797, 0.4959943870837795], [2.103847674513817, -1.4243742214671886]], [-0.041864856761531684, 0.587354875095276]),
]


def outputs(problem, weights):
    return np.asarray(evaluate(problem.architecture, problem.samples, weights, Float64Field()).phi[problem.architecture.L], dtype=float)


def problem_of(widths, X, Y, **options):
    return lp.Problem(lp.Architecture.of(widths, "tanh", **options), lp.error_named("squared"), lp.Samples.of(X, Y))


@pytest.mark.parametrize("copies", [1, -2])
def test_a_unit_that_does_what_another_does_is_idle(copies):
    problem = problem_of((1, 2, 2), X, Y)
    weights = lp.Weights.of(problem.architecture, [([[1, copies // abs(copies)]], [0, 0]), ([[1, 2], [3, 4]], [5, 6])])
    found = list(family_starts(problem, weights))
    assert len(found) == 2
    assert [all(v == 0 for v in row) for row in found[1].layers[1].W].count(True) == 1
    assert np.max(np.abs(outputs(problem, found[1]) - outputs(problem, weights))) < 1e-14


def test_independent_units_stay():
    problem = problem_of((1, 2, 2), X, Y)
    weights = lp.Weights.of(problem.architecture, [([[1, 2]], [0, 1]), ([[1, 2], [3, 4]], [5, 6])])
    assert list(family_starts(problem, weights)) == [weights]
    assert len(list(family_starts(problem_of((1, 2), X, Y), lp.Weights.of(lp.Architecture.of("1-2"), [([[1, 2]], [3, 4])])))) == 1


@pytest.mark.parametrize(
    ("widths", "X", "Y", "activation", "layers"),
    [
        ((1, 2, 2), X, Y, "tanh", LAYERS),
        (
            (3, 1, 2, 2),
            [[-1, 0, -2], [-1, 0, 3]],
            [[3, 0], [-2, -3]],
            "silu",
            [
                ([[0.18083599880323623], [0.08197392663992238], [-0.17393951804996513]], [1.1904286628839864]),
                ([[0.0, 1.4783066859352996]], [-0.054876565214386226, -2.3740138333556646]),
                (
                    [[-0.0581937798521838, 0.096989633086973], [2.058832437677223, -3.431387396128706]],
                    [1.0025885022796317, -2.337647503799386],
                ),
            ],
        ),
    ],
    ids=["two units on three inputs", "two units that are the same at both inputs"],
)
def test_output_weights_that_leave_out_a_direction(widths, X, Y, activation, layers):
    problem = lp.Problem(lp.Architecture.of(widths, activation), lp.error_named("squared"), lp.Samples.of(X, Y))
    weights = lp.Weights.of(problem.architecture, layers)
    assert np.linalg.matrix_rank(np.array(layers[-1][0]), tol=1e-9) == 1
    found = family_point(problem, weights)
    assert found is not None
    assert np.max(np.abs(outputs(problem, found.weights) - outputs(problem, weights))) < 1e-12
    points = lp.prove_points(problem, [weights], nearby=True)
    assert [point.kind for point in points] == ["saddle"]
    assert lp.verify(points.certificate.text).ok
