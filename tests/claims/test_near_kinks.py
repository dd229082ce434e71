"""Local minima with units on kinks near a point, with weight decay and without: found, proved, attacked by steps, and told of weights given nearby."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.kink_box import kink_box, weights_on_kinks
from lossproof.numerics.critical.kink_newton import curvatures_along_kinks, descend_with_pins, pins_units, slopes_at_pins
from lossproof.numerics.critical.lines import Lines
from lossproof.numerics.critical.rotations import turns_of
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem

X = [[-2], [-1], [0], [1], [3], [4]]
LINE, LABELS, PAIRS = [[0], [1], [0], [2], [1], [3]], [[0], [1], [0], [1], [1], [0]], [[1, 0], [0, 1], [1, 0], [0, 1], [1, 0], [1, 0]]


def problem_of(widths, inputs, targets, activation="relu", decay="1/50", error="squared", **options):
    a = lp.Architecture.of(widths, activation, **options)
    return Problem(a, lp.error_named(error), lp.Samples.of(inputs, targets), decay=None if decay is None else Decay.of(decay, a))


def least_change(problem, weights, sizes=(1e-2, 1e-3, 1e-4)):
    """The least change of J along steps of some sizes, in all weights or in a few."""
    loss, start, rng = FloatLandscape(problem).loss, flat_weights(problem, weights), np.random.default_rng(3)
    steps = rng.normal(size=(4000, len(start))) * (rng.random((4000, len(start))) < rng.random((4000, 1)))
    return min((loss(start + size * steps) - loss(start[None])[0]).min() for size in sizes)


@pytest.mark.parametrize(
    ("widths", "targets", "activation", "error", "least"),
    [
        ("1-2-1", LINE, "relu", "squared", 2),
        ("1-2-1", LINE, "leaky-relu", "squared", 1),
        ("1-3-1", LABELS, "relu", "logistic", 3),
        ("1-2-2", PAIRS, "relu", "squared", 3),
        ("1-2-2", PAIRS, "leaky-relu", "softmax", 1),
        ("1-2-1", LINE, "relu", "cauchy:1", 1),
    ],
)
def test_minima_that_a_search_meets_on_kinks_are_proved(widths, targets, activation, error, least):
    options = {"activation": activation, "error": error, "weight_decay": "1/50"}
    found = lp.find_critical_points(widths, X, targets, starts=24, workers=1, **options)
    assert not found.report.self_check.refused
    rules = {step["rule"]: step for step in json.loads(found.report.certificate.text)["steps"]}
    assert "minimum-near-kinks" in rules
    on_kinks = [point for point in found if slopes_at_pins(found.report.problem, flat_weights(found.report.problem, point.weights))]
    assert len(on_kinks) >= least
    for point in on_kinks:
        assert point.kind == "local-minimum"
        assert least_change(found.report.problem, point.weights) > -1e-14


def test_a_minimum_that_is_known_exactly_lies_in_the_box():
    """The hinge at ``w = v = 1``, ``b = c = 0``, with the slope 1/2 at the second sample."""
    problem = problem_of("1-1-1", [[-1], [0], [1], [2]], [[1], [-2], [2], [2]], decay=[("1/4", "1/9"), ("1/4", "1/7")])
    near = weights_on_kinks(problem, weights_of_rows(problem, np.array([1.1, 0.05, 0.9, -0.05])))
    box = kink_box(problem, near)
    exact = [Fraction(1), Fraction(0), Fraction(1), Fraction(0)]
    entries = [near.layers[0].W[0][0], near.layers[0].b[0], near.layers[1].W[0][0], near.layers[1].b[0]]
    assert max(abs(x - y) for x, y in zip(entries, exact, strict=True)) <= box.radius
    assert list(box.pins) == [(0, 1)]
    assert abs(box.pins[0, 1] - Fraction(1, 2)) <= box.radius


@pytest.mark.parametrize("seed", range(6))
def test_the_equations_of_lines_are_the_gradient_off_kinks(seed):
    rng = np.random.default_rng(seed)
    n_L, error = ((1, "squared"), (2, "softmax"), (1, "logistic"))[seed % 3]
    targets = np.eye(2)[rng.integers(0, 2, 5)].astype(int)[:, :n_L].tolist()
    problem = problem_of(
        (2, 3, n_L), rng.integers(-3, 4, (5, 2)).tolist(), targets, "leaky-relu", error=error, bias="none" if seed > 3 else "trainable"
    )
    point = rng.normal(size=problem.architecture.N_net)
    at, landscape = Lines(problem, Float64Field(), point, np.zeros((5, 3))), FloatLandscape(problem)
    slopes = np.where(at.z > 0, 1.0, 0.01)
    lines, whole = Lines(problem, Float64Field(), point, slopes), landscape.at(point[None])
    assert lines.gradient == pytest.approx(5 * whole.gradient[0], abs=1e-12)
    assert lines.jacobian() == pytest.approx(5 * whole.hessian[0], abs=1e-12)


@pytest.mark.parametrize("decay", ["1/50", [("1/100", 0), ("1/50", 0)]])
def test_weights_given_beside_a_minimum_on_kinks_are_told_to_be(decay):
    """The end of a descent, moved by 10^-4: no critical point themselves, and a local minimum a short way from them."""
    problem = problem_of("1-2-1", X, LINE, decay=decay)
    ends = (descend_with_pins(problem, np.random.default_rng(seed).normal(size=7)) for seed in range(12))
    right = (end for end in ends if end is not None and end.pins and all(0.01 < slope < 0.99 for slope in end.pins.values()))
    found = min(
        (end for end in right if (values := curvatures_along_kinks(problem, end.point)) is not None and values[0] > 1e-6),
        key=lambda end: end.loss,
    )
    moved = found.point + 1e-4 * np.random.default_rng(0).normal(size=7)
    weights = [(layer.W, layer.b) for layer in weights_of_rows(problem, moved).layers]
    report = lp.check_architecture("1-2-1", X, LINE, activation="relu", weights=weights, weight_decay=decay, search="none")
    points = [claim for claim in report if claim.id == "critical-point"]
    assert [claim.facts["kind"] for claim in points] == ["not-critical", "local-minimum"]
    assert next(claim for claim in report if claim.id == "distance").facts["distance"] < Fraction(1, 100)
    assert not report.self_check.refused


def test_weights_at_which_a_unit_is_zero_or_the_loss_falls_are_no_minimum():
    problem = problem_of("1-2-1", X, LINE)
    for point in ([0.3, 0.1, 0, 0, 0.3, 0, 0.5], [1, -1, 1, 0, 1, 1, 0]):
        assert kink_box(problem, weights_of_rows(problem, np.array(point, dtype=float))) is None


@pytest.mark.parametrize(
    ("widths", "options"),
    [("1-2-2-1", {}), ("1-2-1", {"activation": "tanh"}), ("1-2-1", {"activation": "hard-tanh"}), ("1-2-1", {"output_activation": "tanh"})],
)
def test_networks_without_pins(widths, options):
    assert not pins_units(problem_of(widths, X, LINE, **options))


def descent_to_copies(problem, first):
    """The pins and the weights of the first descent, by seeds from this one on, that ends with copies of a unit on its kink: last digits tell which."""
    for seed in range(first, first + 30):
        end = descend_with_pins(problem, np.random.default_rng(seed).normal(size=problem.architecture.N_net))
        weights = None if end is None else weights_on_kinks(problem, weights_of_rows(problem, end.point))
        box = None if weights is None else kink_box(problem, weights)
        if box is not None and len(box.pins) < len(end.pins) and turns_of(problem, weights, on_kinks=True):
            return end.pins, weights
    raise AssertionError("no descent ends with copies")


@pytest.mark.parametrize(
    ("widths", "targets", "activation", "error", "seed"),
    [
        ("1-4-1", LINE, "relu", "squared", 8),
        ("1-4-2", PAIRS, "relu", "squared", 12),
        ("1-4-2", PAIRS, "leaky-relu", "softmax", 8),
        ("1-4-2", PAIRS, "leaky-relu", "softmax", 11),
    ],
)
def test_copies_of_a_unit_on_kinks_are_proved_with_it(widths, targets, activation, error, seed):
    """Descents that end with units that are multiples of each other, on one kink: the box has the pins of one of them."""
    problem = problem_of(widths, X, targets, activation, error=error)
    pins, weights = descent_to_copies(problem, seed)
    box, turns = kink_box(problem, weights), turns_of(problem, weights, on_kinks=True)
    assert len(box.pins) < len(pins)
    assert {turn.weight for turn in turns} <= set(box.fixed)
    assert turns
    found = lp.prove_points(problem, [weights])
    assert [point.kind for point in found] == ["local-minimum"]
    assert not found.report.self_check.refused
    m = problem.architecture.fan_in(1)
    smallest = min(np.abs(unit).max() for unit in flat_weights(problem, weights)[: 4 * m].reshape(4, m))
    assert least_change(problem, weights, [smallest * size for size in (1e-1, 1e-2, 1e-3)]) > -1e-14


@pytest.mark.parametrize("seed", range(4))
def test_the_rate_of_a_slope_is_that_of_the_equations(seed):
    """By differences: the slope of two units at two samples, in all components."""
    problem, rng = problem_of("1-3-2", X, PAIRS, error=("squared", "softmax")[seed % 2]), np.random.default_rng(seed)
    point, slopes = rng.normal(size=problem.architecture.N_net), rng.random((6, 3))
    moved, at = slopes.copy(), np.ix_([1, 4], [0, 2])
    moved[at] += 1e-6
    lines, other = (Lines(problem, Float64Field(), point, s) for s in (slopes, moved))
    assert lines.rates_of_slope([0, 2], [1, 4]) == pytest.approx((other.gradient - lines.gradient) / 1e-6, abs=1e-4)
