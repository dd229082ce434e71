"""Orders of convergence, from made sequences and from runs whose order is known."""

from __future__ import annotations

import numpy as np
import pytest
from cases.training_cases import XOR

import lossproof as lp
from lossproof.numerics.training.records import History

X, Y = XOR
TANH = {"output_activation": "tanh", "bias": "none", "damping": 0}
REPELLING = ([[2], [1]], [["1.952"], ["-0.81"]])


def made(steps, digits=16):
    row = np.array([0.0, *steps])
    return History(row, row, row, row, row, row, digits, 1.0)


@pytest.mark.parametrize(
    ("steps", "kind", "order", "rate"),
    [
        ([1e-1, 1e-2, 1e-4, 1e-8], "quadratic", 2, 1),
        ([0.5, 2 * 0.5**2, 2 * 0.5**2 * 0.9, 1e-1, 2e-2, 8e-4, 1.28e-6, 2 * 1.28e-6**2], "quadratic", 2, 2),
        ([0.2, 0.2**3, 0.2**9], "cubic", 3, 1),
        ([0.3**k for k in range(12)], "linear", 1, 0.3),
        ([0.9**k for k in range(50)], "linear", 1, 0.9),
        ([1e-3**k for k in range(5)], "linear", 1, 1e-3),
        ([0.5**k * (1.2 if k % 2 else 1) for k in range(24)], "linear", 1, 0.5),
        ([10.0 ** -(1.618**k) for k in range(7)], "superlinear", 1.618, None),
        ([1.7**k for k in range(9)], "diverging", None, 1.7),
        ([1 / k for k in range(1, 3000)], "sublinear", None, None),
        ([0.1, 0.01], "none", None, None),
        ([], "none", None, None),
        ([0.1, 1e-17, 1e-18, 1e-19], "none", None, None),
        ([0.1, 0.01, 0.1, 0.02, 0.1, 0.01], "none", None, None),
    ],
)
def test_made_sequences(steps, kind, order, rate):
    found = lp.convergence_order(made(steps))
    assert found.kind == kind, found
    assert found.reason
    assert np.isnan(found.order) if order is None else np.isclose(found.order, order, rtol=1e-3)
    if rate is not None:
        assert np.isclose(found.rate, rate, rtol=1e-2)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("widths", ["2-2-1", "2-3-1"])
def test_full_rank_at_an_exact_learner_is_quadratic(seed, widths):
    learner = lp.train(widths, X, Y, method="lm", seed=seed + 1, output_activation="identity")
    if learner.loss > 1e-20:
        pytest.skip("this start finds no exact learner")
    start = [(W + 0.01, b - 0.01) for W, b in learner.arrays]
    found = lp.convergence_order(lp.train(widths, X, Y, weights=start, precision=150).history)
    assert found.kind == "quadratic", found
    assert abs(found.order - 2) < 0.1


@pytest.mark.parametrize("precision", [None, 100])
def test_a_double_root_is_linear(precision):
    """``F = w²`` and ``y = 0``: ``P = 2w`` is singular at the learner, and ``w ↦ w/2``."""
    training = lp.train("1-1", [[1]], [[0]], output_activation="power:2", bias="none", weights=[([[1]], None)], precision=precision)
    found = lp.convergence_order(training.history)
    assert found.kind == "linear"
    assert np.isclose(found.rate, 0.5, rtol=1e-6)


@pytest.mark.parametrize("precision", [None, 100])
def test_residuals_make_it_linear(precision):
    choices = {**TANH, "weights": [([[1]], None)], "precision": precision, "max_iterations": 400}
    training = lp.train("1-1", [[1], [2]], [["3/10"], ["9/10"]], **choices)
    found = lp.convergence_order(training.history)
    assert found.kind == "linear"
    w = training.arrays[0][0].item()
    x, y = np.array([1.0, 2.0]), np.array([0.3, 0.9])
    slope = x * (1 - np.tanh(w * x) ** 2)
    rate = abs((np.tanh(w * x) - y) @ (-2 * x * np.tanh(w * x) * slope)) / (slope @ slope)
    assert np.isclose(found.rate, rate, rtol=1e-2)


def test_large_residuals_repel():
    """At a strict minimum full steps move away, as the residuals outweigh the Gauss-Newton curvature."""
    minimum = lp.train("1-1", *REPELLING, **{**TANH, "damping": "auto"}, method="newton", weights=[([["1/2"]], None)], tolerance=0)
    start = [(minimum.arrays[0][0] + 1e-7, None)]
    away = lp.train("1-1", *REPELLING, **TANH, weights=start, max_iterations=12)
    found = lp.convergence_order(away.history)
    assert found.kind == "diverging", found
    assert found.rate > 1.2
    assert lp.train("1-1", *REPELLING, output_activation="tanh", bias="none", weights=start).loss <= minimum.loss * (1 + 1e-9)


@pytest.mark.parametrize("precision", [None, 200])
def test_odd_symmetry_makes_it_cubic(precision):
    """``F = tanh w`` and ``y = 0``: ``w ↦ w − sinh w cosh w = −(2/3) w³ + …``."""
    training = lp.train("1-1", [[1]], [[0]], **TANH, weights=[([["3/10"]], None)], precision=precision)
    found = lp.convergence_order(training.history)
    assert found.kind == "cubic"
    assert np.isclose(found.rate, 2 / 3, rtol=1e-2)


def test_constant_steps_are_linear():
    found = lp.convergence_order(lp.train("2-2-1", X, Y, method="bp", step=0.5, max_iterations=2000).history)
    assert found.kind == "linear"
    assert 0.9 < found.rate < 1


def test_the_report_shows_the_measured_order_beside_the_proved_one():
    report = lp.check_architecture("2-2-1", X, Y)
    assert report["ggn"].verdict is lp.Verdict.PROVED
    assert report["ggn"].facts == {"order": 2}
    assert any(note.startswith("Measured, not proved:") and "quadratic" in note for note in report.notes)
    assert not any("Measured" in note for note in lp.check_architecture("2-1-1", X, Y).notes)
