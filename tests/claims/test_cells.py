"""Local minima of cells as they are claimed: decided, attacked nearby in exact arithmetic, and not claimed where one thing is missing."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
from cases.landscapes import XOR_X, XOR_Y
from cases.piecewise_losses import sum_of_squares

import lossproof as lp
from lossproof.numerics.critical.cells import cell_of
from lossproof.numerics.critical.least_squares import critical_in_cell
from lossproof.theory.problem.problem import Problem

HILL_X, HILL_Y = [[-1], [0], [1]], [[0], [3], [0]]
FLAT = [([[1, 1]], [2, 3]), ([[1], [-1]], [2])]
SHAPES = [((1, 2, 1), 4), ((2, 2, 1), 5), ((1, 3, 1), 5), ((1, 3, 2), 4), ((1, 4, 2), 5)]


def problem_of(widths, X, Y, activation="relu", error="squared", **options):
    return Problem(lp.Architecture.of(widths, activation, "identity", **options), lp.error_named(error), lp.Samples.of(X, Y))


def disturbed(weights, rng, size):
    def move(q):
        return q + size * Fraction(rng.randint(-(10**6), 10**6), 10**6)

    return [([[move(q) for q in row] for row in layer.W], [move(q) for q in layer.b]) for layer in weights.layers]


def planted(seed, widths, T, activation):
    """A point of least squares in a random cell, if the projection stays there; with two outputs in one where all units share a pattern."""
    rng = random.Random(seed)
    X = [[rng.randint(-4, 4) for _ in range(widths[0])] for _ in range(T)]
    Y = [[rng.randint(-3, 3) for _ in range(widths[-1])] for _ in range(T)]
    problem = problem_of(widths, X, Y, activation)
    lift = 12 if widths[-1] > 1 and activation != "hard-tanh" else 0
    rows = [([[Fraction(rng.randint(-9, 9), 4) for _ in range(n)] for _ in range(m)], [lift + Fraction(rng.randint(-9, 9), 4) for _ in range(n)])
            for m, n in itertools.pairwise(widths)]  # fmt: skip
    weights = lp.Weights.of(problem.architecture, rows)
    found = critical_in_cell(problem, weights)
    return (problem, found) if found is not None and cell_of(problem, found) == cell_of(problem, weights) else None


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "hard-tanh"])
@pytest.mark.parametrize(("widths", "T"), SHAPES, ids=str)
def test_points_of_least_squares_are_decided_and_nothing_nearby_is_lower(activation, widths, T):
    """Every such point has a class; where it is a minimum, no point of 200 nearby has a smaller loss, in rational arithmetic."""
    minima = 0
    for problem, weights in filter(None, (planted(seed, widths, T, activation) for seed in range(25))):
        found = lp.prove_points(problem, [weights])
        assert len(found) == 1
        assert found[0].kind != "undecided"
        if found[0].kind not in ("local-minimum", "strict-minimum", "global"):
            continue
        minima += 1
        rng, loss = random.Random(1), sum_of_squares(problem)
        here = loss([(layer.W, layer.b) for layer in weights.layers])
        sizes = (Fraction(1, 10**k) for k in (2, 3, 4, 6, 9) for _ in range(40))
        assert all(loss(disturbed(weights, rng, size)) >= here for size in sizes)
    assert minima > 0


def test_the_best_affine_map_of_active_units():
    """1-2-1 relu, all units active: a bad minimum as soon as a better point is there."""
    report = lp.check_architecture("1-2-1", HILL_X, HILL_Y, activation="relu", weights=FLAT)
    point = report["critical-point", 0]
    assert point.facts["kind"] == "local-minimum"
    assert report["no-bad-local-minima"].verdict is lp.Verdict.REFUTED
    problem = problem_of((1, 2, 1), HILL_X, HILL_Y)
    hat = lp.Weights.of(problem.architecture, [([[1, 1]], ["1/2", "-1/2"]), ([[6], [-18]], [0])])
    found = lp.prove_points(problem, [lp.Weights.of(problem.architecture, FLAT), hat])
    assert [p.kind for p in found] == ["global", "local-minimum"]
    assert found.conclusion.verdict is lp.Verdict.REFUTED
    assert lp.verify(found.certificate.text).ok


def kinds(problem, *rows):
    found = lp.prove_points(problem, [lp.Weights.of(problem.architecture, point) for point in rows])
    assert lp.verify(found.certificate.text).ok
    return [p.kind for p in found]


def test_an_active_unit_without_output_weights_is_no_minimum_of_a_cell():
    """With targets that rise, v and w together lower the loss."""
    problem = problem_of((1, 2, 1), HILL_X, [[0], [0], [3]])
    assert kinds(problem, [([[0, 0]], [1, -1]), ([[0], [4]], [1])]) == ["saddle"]


def test_xor_with_two_relu_units_leaves_no_candidate_open():
    """Constant networks whose active units have no output weights are local minima, as no affine map fits XOR better; others have a class, too."""
    for seed in range(2):
        found = lp.find_critical_points("2-2-1", XOR_X, XOR_Y, activation="relu", starts=30, seed=seed, workers=1)
        assert found.unproved == 0
        assert "undecided" not in {point.kind for point in found}
    idle = [([[-1, 0], ["-2/3", 0]], ["-1/20", 8]), ([[0], [0]], ["1/2"])]
    report = lp.check_architecture("2-2-1", XOR_X, XOR_Y, activation="relu", weights=idle)
    assert report["critical-point"].facts["kind"] == "local-minimum"
    assert lp.verify(report.certificate.text).ok


PLANES = [
    ([[-2, -1], [1, 0], [0, 2]], [[1, 0], [1, 2], [-2, 2]], "relu"),
    ([[2, 1], [2, -1], [-2, 0], [-3, -1]], [[1, 0], [1, 2], [-1, 2], [-2, 2]], "relu"),
    ([[0], [-2], [-2], [2]], [[-2, -2], [-1, -1], [2, -1], [1, -2]], "leaky-relu"),
    ([[-1, -1], [-2, -2], [3, 2], [-3, -1], [1, 0]], [[2, -2], [0, 2], [2, -2], [1, -1], [1, 1]], "relu"),
]


@pytest.mark.parametrize(("X", "Y", "activation"), PLANES, ids=range(len(PLANES)))
@pytest.mark.parametrize("bias", ["trainable", "none"])
def test_two_outputs_leave_no_candidate_open(X, Y, activation, bias):
    """Where the output weights of the units of a pattern span a part of the outputs only, fitting one layer alone leads to exact weights."""
    found = lp.find_critical_points((len(X[0]), 2, 2), X, Y, activation=activation, bias=bias, starts=16, workers=1)
    assert not found.report.self_check.refused
    assert found.unproved == 0
    assert "undecided" not in {point.kind for point in found}


def test_a_non_convex_error_is_no_reason():
    """Cauchy's error at the balance between two targets far apart: the best constant of a square, and a maximum along it here."""
    problem = problem_of((1, 1, 1), [[0], [1], [0], [1]], [[-9], [-9], [9], [9]], error="cauchy:1")
    kind = kinds(problem, [([[0]], [1]), ([[1]], [-1])])
    assert len(kind) == 1
    assert kind[0] not in ("local-minimum", "strict-minimum", "global")


def test_a_unit_on_its_kink_is_not_told_to_be_critical():
    problem = problem_of((1, 2, 1), HILL_X, HILL_Y)
    assert kinds(problem, [([[1, 1]], [1, 3]), ([[0], [0]], [1])]) == []


def test_two_outputs_with_one_unit_are_decided_by_the_hessian_only():
    """One unit that gives both outputs: the best map of rank 1 is a minimum, up to scaling and a shift of the unit."""
    problem = problem_of((1, 1, 2), [[-1], [0], [1]], [[-2, 1], [0, -2], [2, 1]])
    assert kinds(problem, [([[1]], [5]), ([[2, 0]], [-10, 0])]) == ["local-minimum"]


EXAMPLES = {
    "a dead unit": ("1-2-1", [[1], [2], [3], [4]], [[1], [3], [2], [5]], "relu"),
    "two units of a pattern": ("1-2-1", [[1], [2], [3], [4]], [[1], [3], [2], [5]], "leaky-relu"),
    "exact learners": ("1-2-1", [[1], [2], [-1]], [[1], [3], ["1/3"]], "leaky-relu"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_all_candidates_of_a_small_map_are_decided(name):
    widths, X, Y, activation = EXAMPLES[name]
    found = lp.find_critical_points(widths, X, Y, activation=activation, starts=24, workers=1)
    assert len(found) > 1
    assert found.unproved == 0
    assert all(point.kind != "undecided" for point in found)
