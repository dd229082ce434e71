"""Bad local minima that the search itself proves: nothing lower is met around them, and the better point is better in 100 digits."""

from __future__ import annotations

import random

import mpmath
import numpy as np
import pytest
from cases.bad_minima import least_nearby, loss_in_digits, losses_in_doubles

import lossproof as lp

PROBLEMS = [(activation, widths, seed) for activation in ("gelu", "silu") for widths in ("1-1-1", "1-2-1") for seed in (0, 3)]


def curve(seed):
    """Four or five targets on a line."""
    draw = random.Random(seed)
    X = [[k] for k in range(draw.choice((4, 5)))]
    return X, [[draw.randint(-2, 3)] for _ in X]


@pytest.mark.parametrize(("activation", "widths", "seed"), PROBLEMS)
def test_no_lower_loss_lies_around_a_minimum_and_the_better_point_is_better(activation, widths, seed, check):
    X, Y = curve(seed)
    report = check(widths, X, Y, activation=activation, search="auto")
    assert report.conclusion.verdict is lp.Verdict.REFUTED
    assert report.search.ended == "a bad local minimum was proved"
    bad = report["suboptimal"]
    minimum, own, better = bad.premises
    assert minimum.id in ("strict-minimum", "local-minimum")
    here, lower = (
        loss_in_digits(X, Y, [(layer.W, layer.b) for layer in place.point.weights.layers], activation) for place in (bad, better)
    )
    assert lower < here - mpmath.mpf(10) ** -9
    assert float(own.facts["loss_lower"]) - 1e-9 < here < float(own.facts["loss_upper"]) + 1e-9
    layers = [(np.array(layer.W, dtype=float), np.array(layer.b, dtype=float)) for layer in bad.point.weights.layers]
    at = losses_in_doubles(X, Y, [(W[None], b[None]) for W, b in layers], activation, "squared")[0]
    assert least_nearby(X, Y, layers, activation, "squared", (1e-2, 1e-3, 1e-4), 900, biases=True) > at - 1e-14
