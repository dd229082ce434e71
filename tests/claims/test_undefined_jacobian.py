"""Networks whose P(W) exists at no weights: why, in words that are true."""

from __future__ import annotations

import numpy as np
import pytest

from lossproof.certificates.checks.check_architecture import check_architecture

X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]


def claims_of_full_rank(activation, output="identity", inputs=X, **options):
    report = check_architecture((2, 3, 1), inputs, Y, activation=activation, output_activation=output, search="none", **options)
    assert "none of the points" not in str(report)
    return report["full-rank", "at these weights"], report["full-rank", "almost everywhere"]


@pytest.mark.parametrize(("activation", "output", "layer"), [("relu", "identity", 1), ("leaky-relu", "tanh", 1), ("tanh", "relu", 2)])
def test_the_input_0_without_bias(activation, output, layer):
    """There φ is 0 in all layers, and z at a kink, whatever the weights; the column of that sample counts for nothing."""
    here, almost = claims_of_full_rank(activation, output, bias="none")
    assert f"defined at no W: the input of sample 0 is 0, so whatever the weights a unit of layer {layer} has a z there" in here.reason
    assert "other biases" not in here.missing
    assert here.facts["rank_upper"] == 3
    assert almost.verdict.name == "REFUTED"
    assert "defined at no W" in almost.reason


@pytest.mark.parametrize(("activation", "biases"), [("relu", (0, 1, 2)), ("hard-tanh", (1, 3, 0))])
def test_a_fixed_bias_at_a_kink(activation, biases):
    weights = [([[2, 3, -1], [1, -2, 4]], biases), ([[1], [2], [3]], [1])]
    here, almost = claims_of_full_rank(activation, bias="fixed", weights=weights)
    for claim in (here, almost):
        assert claim.verdict.name == "UNDECIDED"
        assert "defined at no W: the input of sample 0 is 0" in claim.reason


@pytest.mark.parametrize(
    ("activation", "inputs", "options"),
    [("relu", np.add(X, 1).tolist(), {"bias": "none"}), ("relu", X, {}), ("tanh", X, {"bias": "none"}), ("hard-tanh", X, {"bias": "none"})],
)
def test_others_exist_somewhere(activation, inputs, options):
    for claim in claims_of_full_rank(activation, inputs=inputs, **options):
        assert "defined at no W" not in claim.reason


def test_all_points_at_a_kink_that_others_avoid():
    """z = 0 at the weights 0 only: the reason is about these weights."""
    here, _ = claims_of_full_rank("relu", weights=[([[0] * 3] * 2, [0] * 3), ([[1]] * 3, [0])])
    assert "does not exist at these weights: some z is 0" in here.reason
    assert "other biases" in here.missing
