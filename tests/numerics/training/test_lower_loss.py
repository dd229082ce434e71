"""Weights below a loss: targets that a double cannot hold stay what they are."""

from __future__ import annotations

import pytest

import lossproof as lp
from lossproof.numerics.training.lower_loss import weights_below
from lossproof.theory.problem.problem import Problem

SHARES = [["1/3", "1/3", "1/3"], ["1/7", "2/7", "4/7"], ["9/10", "1/30", "1/15"]]


@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_shares_with_sum_1_keep_it(activation, bias):
    architecture = lp.Architecture.of("1-3-3", activation, bias=bias)
    problem = Problem(architecture, lp.error_named("softmax"), lp.Samples.of([[-1], [1], [2]], SHARES))
    assert weights_below(problem, 1.05, 0) is not None


def test_a_map_of_soft_classes_is_made():
    found = lp.find_critical_points(
        "1-1-2", [[-1], [0], [2]], [["1/3", "2/3"], ["6/7", "1/7"], ["1/3", "2/3"]], activation="relu", error="softmax", starts=8, workers=1
    )
    assert lp.verify(found.certificate.text).ok
