"""The rank of P at critical points: as sharp as the structure of the point says, and what 60 digits say."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian

X = [["-2"], ["-1"], ["-1/2"], ["1/2"], ["1"], ["2"]]
Y = [["-1"], ["-1/2"], ["-1/2"], ["1/4"], ["1"], ["3/4"]]
COPIES = ([["1", "1"]], ["0", "0"]), ([["1/3"], ["2/3"]], ["0"])
POINTS = {
    "copies of a unit": ("1-2-1", X, Y, "tanh", COPIES),
    "an idle unit": ("1-2-1", X, Y, "tanh", (([["1", "2"]], ["0", "1"]), ([["1"], ["0"]], ["0"]))),
    "a linear hidden layer": ("1-2-1", X, Y, "identity", (([["1", "2"]], ["0", "1"]), ([["1"], ["-1/4"]], ["1"]))),
    "no weights in two layers": ("1-1-1-1", X, Y, "sigmoid", (([["0"]], ["1"]), ([["0"]], ["2"]), ([["3"]], ["-3"]))),
    "equal inputs": ("1-1-1", [["0"], ["0"], ["1"]], [["0"], ["1"], ["2"]], "tanh", (([["1"]], ["0"]), ([["1.9695"]], ["1/2"]))),
}


def rank_in_digits(problem, weights):
    """The number of singular values of P above 1e-12 of the largest, in 60 digits."""
    field = MpmathField(60)
    with mpmath.workdps(60):
        P = jacobian(evaluate(problem.architecture, problem.samples, weights, field))
        values = mpmath.svd_r(mpmath.matrix([[mpmath.mpf(x) for x in row] for row in P]), compute_uv=False)
        return sum(value > mpmath.mpf(10) ** -12 * values[0] for value in values)


@pytest.mark.parametrize("name", POINTS)
def test_the_structure_of_a_point_decides_its_rank(name):
    widths, inputs, targets, activation, weights = POINTS[name]
    problem = lp.Problem(lp.Architecture.of(widths, activation), lp.error_named("squared"), lp.Samples.of(inputs, targets))
    found = lp.prove_points(problem, [lp.Weights.of(problem.architecture, list(weights))], nearby=True)
    assert lp.verify(found.certificate.text).ok
    assert len(found) == 1
    lower, upper = found[0].rank
    assert lower == upper == rank_in_digits(problem, found[0].weights)


ZEROS = ([[0, 0], [0, 0]], [0, 0]), ([[0], [0]], [Fraction(1, 2)])


@pytest.mark.parametrize(
    ("widths", "samples", "activation", "bias", "weights"),
    [
        ("1-1-1", ([[1]], [[1]]), "identity", "none", (([[0]], None), ([[0]], None))),
        ("2-2-1", (XOR_X, XOR_Y), "tanh", "trainable", ZEROS),
        ("2-2-1", (XOR_X, XOR_Y), "relu", "trainable", (([[1, 0], [0, 1]], [1, 1]), ([[0], [0]], [Fraction(1, 2)]))),
        ("1-1-1", ([[1], [2]], [[1], [2]]), "power:2", "none", (([[0]], None), ([[1]], None))),
    ],
)
def test_exact_weights_have_the_rank_that_full_rank_says(widths, samples, activation, bias, weights):
    report = lp.check_architecture(widths, *samples, activation=activation, bias=bias, weights=list(weights), search="none")
    critical, rank = report["critical-point"], report["full-rank", "at these weights"]
    assert critical.facts["radius"] == 0
    assert all(critical.facts[key] == rank.facts[key] for key in ("rank_lower", "rank_upper"))
    assert critical.facts["rank_lower"] == critical.facts["rank_upper"]
