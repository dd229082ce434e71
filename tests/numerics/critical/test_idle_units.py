"""Critical points with idle units: proved at and near them, always saddles or undecided, never minima."""

from __future__ import annotations

from fractions import Fraction

import pytest

import lossproof as lp
from lossproof.numerics.critical.box import critical_box
from lossproof.numerics.critical.families import family_point
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

X = [["-2"], ["-1"], ["-1/2"], ["1/2"], ["1"], ["2"]]
Y = [["-1"], ["-1/2"], ["-1/2"], ["1/4"], ["1"], ["3/4"]]
TWO = [["-1", "1"], ["-1/2", "1/3"], ["-1/2", "1/5"], ["1/4", "0"], ["1", "1/2"], ["3/4", "-1"]]


def problem_of(widths, targets=Y, activation="tanh"):
    return Problem(Architecture.of(widths, activation), error_named("squared"), Samples.of(X, targets))


def kind_at(problem, weights):
    found = lp.prove_points(problem, [weights])
    assert lp.verify(found.certificate.text).ok
    return found


@pytest.mark.parametrize("bias", ["0", "2/3", "-3"])
def test_a_unit_without_weights_is_idle(bias):
    """The smaller network's minimum with an idle unit beside it."""
    problem = problem_of((1, 2, 1))
    start = Weights.of(problem.architecture, [([["1", "0"]], ["0", bias]), ([["1"], ["0"]], ["0"])])
    found = family_point(problem, start)
    assert found is not None
    assert 5 in found.held
    assert found.dimension(problem.architecture) == 1
    assert critical_box(problem, found.weights) is None
    point = kind_at(problem, found.weights)[0]
    assert point.kind == "saddle"
    assert point.inertia == {"negative": 1, "zero": 1, "positive": 5, "undecided": 0}
    assert point.claim.premises[0].rule == "stationary-family"


def test_all_units_idle():
    problem = problem_of((1, 3, 1))
    mean = Fraction(0)
    start = Weights.of(problem.architecture, [([["1/1000000", "0", "0"]], ["1", "1/2", "-1"]), ([["0"], ["0"], ["0"]], [mean])])
    found = family_point(problem, start)
    assert found is not None
    assert {6, 7, 8} <= set(found.held)
    assert kind_at(problem, found.weights)[0].kind == "saddle"


def test_two_outputs_free_two_weights():
    problem = problem_of((1, 3, 2), TWO)
    start = Weights.of(problem.architecture, [([["0", "0", "0"]], ["1", "1/2", "-1"]), ([["0", "0"]] * 3, ["0", "1/6"])])
    found = family_point(problem, start)
    if found is not None:
        assert kind_at(problem, found.weights)[0].claim.premises[0].facts["dimension"] == found.dimension(problem.architecture)


def test_outgoing_weights_must_vanish_exactly():
    problem = problem_of((1, 2, 1))
    weights = Weights.of(problem.architecture, [([["1", "0"]], ["0", "1"]), ([["1"], ["1/100000000"]], ["0"])])
    assert family_point(problem, weights, exactly=True) is None


def test_no_critical_point_nearby_is_no_proof():
    problem = problem_of((1, 2, 1))
    weights = Weights.of(problem.architecture, [([["9", "7"]], ["5", "-4"]), ([["3"], ["0"]], ["2"])])
    assert family_point(problem, weights, exactly=True) is None


@pytest.mark.parametrize("bias", ["trainable", "fixed"])
def test_a_whole_idle_layer_frees_all_weights_below(bias):
    fixed = ((Fraction(1, 2),), (Fraction(-1, 3),), (Fraction(1, 4),)) if bias == "fixed" else None
    problem = Problem(Architecture.of((1, 1, 1, 1), "tanh", bias=bias), error_named("squared"), Samples.of(X, Y), fixed)
    biases = fixed if fixed is not None else (("1/2",), ("-1/3",), ("0",))
    start = Weights.of(problem.architecture, [([["3/4"]], list(biases[0])), ([["1/5"]], list(biases[1])), ([["0"]], list(biases[2]))])
    found = family_point(problem, start)
    assert found is not None
    below = problem.architecture.fan_in(1)
    assert found.dimension(problem.architecture) == below + problem.architecture.fan_in(2) - 1
    assert kind_at(problem, found.weights)[0].kind == "saddle"
