"""With weight decay: the conclusion by networks of zeros and affine ones, on real data and where nothing of the kind is a minimum; minima of cells."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lossproof as lp
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem

REFUTED, UNDECIDED = lp.Verdict.REFUTED, lp.Verdict.UNDECIDED
SLOPE = [[-1], [0], [1]], [[-2], [0], [2]]


@pytest.mark.parametrize(
    ("name", "widths", "activation", "error", "biases", "row"),
    [
        ("iris", "4-3-3", "tanh", "softmax", False, "constant-region"),
        ("iris", "4-3-3", "leaky-relu", "squared", False, "linear-region"),
        ("wine", "13-3-3", "sigmoid", "softmax", False, "constant-region"),
        ("diabetes", "10-3-1", "relu", "squared", False, "constant-region"),
        ("diabetes", "10-2-2-1", "tanh", "squared", True, "constant-region"),
    ],
)
def test_real_data_with_a_decay_of_a_thousandth(name, widths, activation, error, biases, row):
    samples = load_data(name, int(widths.split("-")[-1]))
    options = {"activation": activation, "error": error, "weight_decay": "1/1000", "decay_biases": biases, "search": "none"}
    report = lp.check_architecture(widths, samples.X, samples.Y, **options)
    conclusion = report["no-bad-local-minima"]
    assert conclusion.verdict is REFUTED
    minimum, better = conclusion.premises
    assert {minimum.id} <= {row, "linear-region"}
    assert better.facts["loss_upper"] < minimum.facts["loss_lower"]
    assert not report.self_check.refused
    assert lp.verify(report.certificate.document).ok


@pytest.mark.parametrize(
    "options",
    [
        {"decay_biases": True},
        {"weight_decay": [("1/100", 0), (0, 0)]},
        {"activation": "leaky-relu", "weight_decay": [("1/100", 0), ("1/100", "1/100")]},
        {"activation": "hard-tanh", "decay_biases": True},
        {"activation": "softplus", "bias": "none"},
        {"error": "cauchy:1"},
        {"output_activation": "tanh"},
    ],
    ids=str,
)
def test_no_region_is_claimed_where_a_hypothesis_fails(options):
    options = {"activation": "tanh", "weight_decay": "1/100", "decay_biases": False, "search": "none", **options}
    report = lp.check_architecture("1-2-1", *SLOPE, **options)
    assert all(claim.id not in ("linear-region", "dead-region", "constant-region") for claim in report)
    assert report["no-bad-local-minima"].verdict is UNDECIDED


def test_zeros_that_are_best_refute_nothing():
    """Against a decay of 5 nothing does better than the constant."""
    report = lp.check_architecture("1-2-1", *SLOPE, activation="tanh", weight_decay=5, search="none")
    assert report["no-bad-local-minima"].verdict is UNDECIDED


def problem_of(widths, X, Y, activation, decay, **options):
    a = lp.Architecture.of(widths, activation, **options)
    return Problem(a, lp.error_named("squared"), lp.Samples.of(X, Y), decay=Decay.of(decay, a))


CELLS = {
    "cell-minimum": (
        problem_of("1-1-1", [[-1], [0], [1]], [[-2], [1], [1]], "relu", [("101/100", 0), ("101/100", 0)]),
        [([[0]], [1]), ([[0]], [0])],
    ),
    "dead-layer": (problem_of("1-2-1", *SLOPE, "relu", [("1/100", 0), ("1/100", 0)]), [([[0, 0]], [-1, -2]), ([[0], [0]], [0])]),
}


@pytest.mark.parametrize("rule", CELLS)
def test_points_that_inertia_leaves_open_are_minima(rule):
    problem, weights = CELLS[rule]
    found = lp.prove_points(problem, [lp.Weights.of(problem.architecture, weights)])
    assert [point.kind for point in found] == ["local-minimum"]
    document = json.loads(found.report.certificate.text)
    assert rule in {step["rule"] for step in document["steps"]}
    assert not found.report.self_check.refused
    loss, start = FloatLandscape(problem).loss, flat_weights(problem, lp.Weights.of(problem.architecture, weights))
    steps = np.random.default_rng(0).normal(size=(2000, len(start))) * 1e-2
    assert loss(start + steps).min() > loss(start[None])[0] - 1e-14


def test_an_idle_unit_against_a_weaker_decay_is_no_minimum():
    """At the rate 99/100 J falls along ``(v, w) = (−t, t)``, or the other way."""
    (problem, weights), rate = CELLS["cell-minimum"], "99/100"
    weaker = problem_of("1-1-1", problem.samples.X, problem.samples.Y, "relu", [(rate, 0), (rate, 0)])
    assert lp.prove_points(weaker, [lp.Weights.of(problem.architecture, weights)])[0].kind == "saddle"
