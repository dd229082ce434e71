"""With weight decay of all weights and biases: bad minima whose units are copies of those of a narrower network, up to rotations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

import lossproof as lp
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.numerics.critical.copied_units import copied_minima, factors_of_copies
from lossproof.numerics.critical.rotations import Turn, turns_of, written_gauge
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, unit_blocks
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem


def attacked(problem, weights, radius):
    """The least change of the loss that steps of many lengths from weights lead to, and that by a rotation of all units that are said to be copies."""
    loss, start, a = FloatLandscape(problem).loss, flat_weights(problem, weights), problem.architecture
    rng = np.random.default_rng(1)
    lengths = radius * 10.0 ** rng.uniform(-3, 0, (3000, 1))
    steps = rng.normal(size=(3000, len(start))) * (rng.random((3000, len(start))) < rng.random((3000, 1)))
    turns, m = turns_of(problem, weights), a.fan_in(1)
    units = sorted({turn.partner for turn in turns} | {turn.weight // m for turn in turns})
    small = rng.normal(size=(len(units), len(units))) * 1e-3
    turn = expm(small - small.T)
    first, last = unit_blocks(a, start)
    first[units], last[:, units] = turn @ first[units], last[:, units] @ turn.T
    here = loss(start[None])[0]
    return loss(start + lengths * steps).min() - here, loss(np.concatenate([first.ravel(), last.ravel()])[None])[0] - here


@pytest.mark.parametrize(("name", "widths", "error"), [("diabetes", "10-8-1", "squared"), ("iris", "4-8-3", "softmax")])
def test_real_data_with_a_decay_of_a_thousandth_of_all_weights_and_biases(name, widths, error):
    samples = load_data(name, int(widths.split("-")[-1]))
    report = lp.check_architecture(widths, samples.X, samples.Y, activation="relu", error=error, weight_decay="1/1000")
    assert report["no-bad-local-minima"].verdict is lp.Verdict.REFUTED
    assert "a minimum of a narrower network, units of which are copied, decides" in str(report.search)
    assert not report.self_check.refused
    suboptimal = next(claim for claim in report if claim.id == "suboptimal")
    point, stationary = suboptimal.point, next(node for node in suboptimal.premises[0].premises if node.id == "stationary")
    assert stationary.facts["dimension"] == len(turns_of(report.problem, point.weights)) == {"diabetes": 7, "iris": 6}[name]
    least, turned = attacked(report.problem, point.weights, 1e-4)
    assert least > -1e-13
    assert abs(turned) < 1e-13


def problem_of(widths, X, Y, activation="relu", decay=1, error="squared", **options):
    a = lp.Architecture.of(widths, activation, **options)
    return Problem(a, lp.error_named(error), lp.Samples.of(X, Y), decay=None if decay is None else Decay.of(decay, a))


def test_weights_held_are_as_many_as_rotations_move():
    """Units of rank 2 in either of two patterns of three; a unit of zeros, which is on its kink, stays out, and with relu one that is silent."""
    W = [[1, 2, 0, -1, -2, -3, 0], [0, 1, 3, 0, 0, -1, 0]]
    problem = problem_of("2-7-2", [[1, 1], [2, 1], [-1, "-1/10"]], [[1, 0], [0, 1], [1, 1]], "leaky-relu", bias="none")
    weights = lp.Weights.of(problem.architecture, [(W, [0] * 7), ([[1, 2]] * 7, [0, 0])])
    found = turns_of(problem, weights)
    assert found == (Turn(0, 1), Turn(1, 2), Turn(3, 2), Turn(6, 5), Turn(7, 4), Turn(8, 5))
    assert written_gauge(problem, weights, tuple(t.weight for t in found)) == [[t.weight, t.partner] for t in found]
    assert turns_of(problem_of("2-7-2", [[1, 1], [2, 1]], [[1, 0], [0, 1]], bias="none"), weights) == found[:3]
    assert turns_of(problem_of("2-7-2", problem.samples.X, problem.samples.Y, "leaky-relu", None, bias="none"), weights) == ()


def test_factors_are_those_of_a_unit_vector():
    for count in range(1, 40):
        factors = factors_of_copies(count)
        assert len(factors) == count
        assert sum(c * c for c in factors) == 1
        assert min(factors) > 0


@pytest.mark.parametrize(
    ("widths", "options"),
    [
        ("1-3-1", {"decay": None}), ("1-3-1", {"activation": "tanh"}), ("1-3-1", {"activation": "hard-tanh"}), ("1-2-2-1", {}),
        ("1-3-1", {"activation": "identity"}), ("1-1-1", {}),
    ],
)  # fmt: skip
def test_nothing_is_copied_where_rotations_keep_nothing(widths, options):
    assert list(copied_minima(problem_of(widths, [[1], [2]], [[1], [0]], **options), 0)) == []
