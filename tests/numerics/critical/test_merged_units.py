"""Embedded critical points: merged units, shares and the smaller network."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lossproof.numerics.critical.box import critical_box, refined_weights
from lossproof.numerics.critical.exact import gradient_apart_from_zero
from lossproof.numerics.critical.families import family_point
from lossproof.numerics.critical.merged_units import Grouping, embedded_weights, merged_problem, merged_weights, with_merged_units
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gradient
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

X = [["-2"], ["-1"], ["-1/2"], ["1/2"], ["1"], ["2"]]
Y = [["-1"], ["-1/2"], ["-1/2"], ["1/4"], ["1"], ["3/4"]]
GROUPING = Grouping(1, ((0, 2), (1,)), (Fraction(1, 4), Fraction(1), Fraction(3, 4)))


def problem_of(widths):
    return Problem(Architecture.of(widths, "tanh"), error_named("squared"), Samples.of(X, Y))


def small_point():
    problem = problem_of((1, 1, 1))
    fine = refined_weights(problem, Weights.of(problem.architecture, [([["1"]], ["0"]), ([["1"]], ["0"])]))
    assert critical_box(problem, fine) is not None
    return fine


def test_embedding_and_merging_are_inverse():
    wide = problem_of((1, 3, 1))
    inner = Weights.of(merged_problem(wide, GROUPING).architecture, [([["1", "-2"]], ["0", "1"]), ([["3"], ["5"]], ["1/7"])])
    outer = embedded_weights(wide, inner, GROUPING)
    assert [row[0] for row in outer.layers[1].W] == [Fraction(3, 4), 5, Fraction(9, 4)]
    assert merged_weights(wide, outer, GROUPING) == inner


@pytest.mark.parametrize("share", ["1/3", "-1/2", "5/2"])
def test_the_embedded_point_is_critical_for_all_shares(share):
    wide, share = problem_of((1, 2, 1)), Fraction(share)
    weights = embedded_weights(wide, small_point(), Grouping(1, ((0, 1),), (share, 1 - share)))
    assert max(abs(gradient(wide, evaluate(wide.architecture, wide.samples, weights, Float64Field())))) < 1e-14
    found = family_point(wide, weights, exactly=True)
    assert found is not None
    assert found.weights == weights
    assert found.dimension(wide.architecture) == 1
    assert {m for _, m, _ in found.ties} == {0, 1}


def test_nearly_merged_units_are_merged():
    wide = problem_of((1, 2, 1))
    exact = embedded_weights(wide, small_point(), Grouping(1, ((0, 1),), (Fraction(1, 3), Fraction(2, 3))))
    blurred = Weights.of(
        wide.architecture,
        [
            ([[float(x) + 1e-8 * k for k, x in enumerate(row)] for row in layer.W], [float(b) + 1e-8 for b in layer.b])
            for layer in exact.layers
        ],
    )
    assert family_point(wide, blurred, exactly=True) is None
    found = with_merged_units(wide, blurred)
    assert found is not None
    assert found.layers[0].W[0][0] == found.layers[0].W[0][1]
    assert family_point(wide, found, exactly=True) is not None


def test_merged_units_off_a_critical_point_are_no_proof():
    wide = problem_of((1, 2, 1))
    weights = Weights.of(wide.architecture, [([["5", "5"]], ["1", "1"]), ([["2"], ["1"]], ["0"])])
    assert family_point(wide, weights, exactly=True) is None
    assert gradient_apart_from_zero(wide, weights, 256) is not None


def test_outgoing_weights_that_cancel_are_not_shared_out():
    wide = problem_of((1, 2, 1))
    weights = Weights.of(wide.architecture, [([["1", "1"]], ["0", "0"]), ([["1"], ["-1"]], ["0"])])
    assert with_merged_units(wide, weights) is None
