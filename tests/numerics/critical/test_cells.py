"""Cells of one hidden layer: which pieces the units are on, and the point of least squares as rational weights."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.cells import cell_of, is_least_in_cell
from lossproof.numerics.critical.exact import gradient_is_zero
from lossproof.numerics.critical.least_squares import critical_in_cell, with_one_layer_fitted
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gradient
from lossproof.theory.problem.problem import Problem

X = [["-1"], ["0"], ["1"], ["2"]]
Y = [["0"], ["3"], ["0"], ["1"]]


def problem_of(widths, activation="relu", X=X, Y=Y, error="squared", **options):
    return Problem(lp.Architecture.of(widths, activation, "identity", **options), lp.error_named(error), lp.Samples.of(X, Y))


def drawn(problem, seed, size=2):
    rng, a = random.Random(seed), problem.architecture
    rows = [[[[rng.uniform(-size, size) for _ in range(n)] for _ in range(m)], [rng.uniform(-size, size) for _ in range(n)]]
            for m, n in zip(a.widths, a.widths[1:], strict=False)]  # fmt: skip
    return lp.Weights.of(a, [(W, b if a.bias == "trainable" else None) for W, b in rows])


def test_pieces_and_groups():
    problem = problem_of((1, 3, 1), "hard-tanh")
    weights = lp.Weights.of(problem.architecture, [([["1", "3", "1/4"]], ["1/2", "-7/2", "0"]), ([["1"], ["1"], ["1"]], ["0"])])
    cell = cell_of(problem, weights)
    assert cell.slopes == ((1, 1, 0, 0), (0, 0, 1, 0), (1, 1, 1, 1))
    assert cell.constants == ((0, 0, 1, 1), (-1, -1, 0, 1), (0, 0, 0, 0))
    assert cell.groups == ((0,), (1,), (2,))


def test_fixed_biases_are_constants():
    fixed = ((Fraction(2), Fraction(-9)), (Fraction(1),))
    problem = replace(problem_of((1, 2, 1)), architecture=lp.Architecture.of((1, 2, 1), "relu", bias="fixed"), fixed_bias=fixed)
    weights = lp.Weights.of(problem.architecture, [([["1", "-1"]], ["2", "-9"]), ([["1"], ["1"]], ["1"])])
    cell = cell_of(problem, weights)
    assert cell.slopes == ((1, 1, 1, 1), (0, 0, 0, 0))
    assert cell.constants == ((2, 2, 2, 2), (0, 0, 0, 0))


def test_a_unit_on_its_kink_is_in_no_cell():
    problem = problem_of((1, 2, 1))
    assert cell_of(problem, lp.Weights.of(problem.architecture, [([["1", "-1"]], [0, 1]), ([["1"], ["1"]], [0])])) is None


def test_a_sample_at_rest_is_on_the_piece_to_the_right():
    problem = problem_of((1, 2, 1), bias="none")
    cell = cell_of(problem, lp.Weights.of(problem.architecture, [([["1", "-1"]], None), ([["1"], ["1"]], None)]))
    assert cell.slopes[0][X.index(["0"])] == cell.slopes[1][X.index(["0"])] == 1


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu"])
def test_curved_activations_have_no_cells(activation):
    problem = problem_of((1, 2, 1), activation)
    assert cell_of(problem, drawn(problem, 0)) is None


def test_deeper_networks_have_none():
    problem = problem_of((1, 2, 2, 1))
    assert cell_of(problem, drawn(problem, 0)) is None


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "hard-tanh"])
@pytest.mark.parametrize("widths", [(1, 1, 1), (1, 3, 1), (2, 3, 1), (1, 4, 2)], ids=str)
@pytest.mark.parametrize("bias", ["trainable", "none"])
def test_points_of_least_squares_are_critical(activation, widths, bias):
    """Wherever the projection stays in its cell, the gradient vanishes exactly; in some cell of every kind it does stay."""
    stayed = 0
    for seed in range(30):
        rng = random.Random(seed)
        rows = [[rng.randint(-3, 3) for _ in range(widths[0])] for _ in range(4)]
        targets = [[rng.randint(-3, 3) for _ in range(widths[-1])] for _ in range(4)]
        problem = problem_of(widths, activation, rows, targets, bias=bias)
        weights = drawn(problem, seed)
        found = critical_in_cell(problem, weights)
        if found is None or cell_of(problem, found) != cell_of(problem, weights):
            continue
        stayed += 1
        assert gradient_is_zero(problem, found)
    assert stayed > 0


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "hard-tanh"])
@pytest.mark.parametrize("bias", ["trainable", "none"])
def test_one_layer_fitted_has_the_least_error(activation, bias):
    """First the derivatives by the output layer vanish exactly, then those by the hidden one, wherever the weights stay in their cell."""
    stayed, X = [0, 0], [[1, 2], [2, -1], [-1, 1], [-2, -1]]
    for seed in range(12):
        blank = problem_of((2, 3, 2), activation, X, [[0, 0]] * 4, bias=bias)
        weights, first = drawn(blank, seed), 3 * (2 + (bias == "trainable"))
        outputs = evaluate(blank.architecture, blank.samples, weights, Float64Field()).phi[2]
        noise = np.random.default_rng(seed).integers(-3, 4, outputs.shape) / 64
        problem = problem_of((2, 3, 2), activation, X, (outputs + noise).tolist(), bias=bias)
        for moved, found in enumerate(with_one_layer_fitted(problem, weights)):
            if cell_of(problem, found) == cell_of(problem, weights):
                stayed[moved] += 1
                g = gradient(problem, evaluate(problem.architecture, problem.samples, found, RationalField()))
                assert not any(g[:first] if moved else g[first:])
    assert all(stayed)


def test_units_without_output_weights_are_balanced():
    problem = problem_of((1, 2, 1), X=[["-1"], ["0"], ["1"]], Y=[["0"], ["0"], ["3"]])
    near = lp.Weights.of(problem.architecture, [([["-1/4", "1/100"]], ["-1", "2"]), ([["5"], ["1e-9"]], ["1"])])
    found = critical_in_cell(problem, near)
    assert found.layers[1].W[1] == (0,)
    assert gradient_is_zero(problem, found)


def test_other_errors_only_where_they_fit():
    X, near = [["1"], ["2"]], [([["1", "1"]], ["1", "0"]), ([["1"], ["1"]], ["0"])]
    problem = problem_of((1, 2, 1), X=X, Y=[["4"], ["6"]], error="cauchy:1")
    assert gradient_is_zero(problem, critical_in_cell(problem, lp.Weights.of(problem.architecture, near)))
    bent = problem_of((1, 2, 1), X=[["1"], ["2"], ["3"]], Y=[["1"], ["3"], ["2"]], error="cauchy:1")
    assert critical_in_cell(bent, lp.Weights.of(bent.architecture, near)) is None


def test_a_minimum_of_a_cell_needs_convexity_and_output_weights():
    X, Y = [["-1"], ["0"], ["1"]], [["0"], ["3"], ["0"]]
    flat = [([["1", "1"]], ["2", "3"]), ([["1"], ["-1"]], ["2"])]
    silent = [([["1", "0"]], ["2", "-1"]), ([["0"], ["5"]], ["1"])]
    problem, bent = problem_of((1, 2, 1), X=X, Y=Y), problem_of((1, 2, 1), X=X, Y=Y, error="cauchy:1")
    points = [lp.Weights.of(problem.architecture, rows) for rows in (flat, silent)]
    assert is_least_in_cell(problem, points[0], Fraction(0), 96)
    assert is_least_in_cell(problem, points[0], Fraction(1, 100), 96)
    assert not is_least_in_cell(problem, points[0], Fraction(1), 96)
    assert is_least_in_cell(problem, points[1], Fraction(0), 96)  # no affine map is better than the constant 1
    assert not is_least_in_cell(problem, points[1], Fraction(1, 100), 96)
    rising = problem_of((1, 2, 1), X=X, Y=[["0"], ["0"], ["3"]])
    assert not is_least_in_cell(rising, points[1], Fraction(0), 96)
    assert not is_least_in_cell(bent, points[0], Fraction(0), 96)
