"""The theorem `independent-samples` where the hidden layer is narrower than the outputs: every local minimum is a best fit of its rank."""

from __future__ import annotations

import numpy as np
import pytest

import lossproof as lp

X = [[1, 2], [-1, 1], [0, 3]]
Y = [[1, 0], [0, 1], [2, 2]]


def least_loss(Y, units, *, centred):
    """The mean of half the squares that no matrix of that rank, beside a constant, fits."""
    Y = np.array(Y, dtype=float)
    values = np.linalg.svd(Y - Y.mean(axis=0) if centred else Y, compute_uv=False)
    return float((values[units:] ** 2).sum() / 2 / len(Y))


@pytest.mark.parametrize("activation", ["tanh", "leaky-relu:1/2", "softplus"])
@pytest.mark.parametrize("bias", ["trainable", "none", ["trainable", "none"], ["fixed", "trainable"]], ids=str)
def test_minima_that_are_found_are_best_fits(activation, bias):
    inputs, targets = (X, Y) if bias == "trainable" or bias == ["trainable", "none"] else (X[:2], Y[:2])
    found = lp.find_critical_points("2-1-2", inputs, targets, activation=activation, bias=bias, starts=12, workers=1, seed=1)
    assert found.conclusion.verdict is lp.Verdict.PROVED
    assert found.conclusion.premises[0].id == "independent-samples"
    assert lp.verify(found.report.certificate.document).ok
    least = least_loss(targets, 1, centred=bias != "none" and bias[-1] != "none")
    for point in found:
        loss = float(point.claim.facts["loss_upper"])
        assert loss >= least - 1e-9
        assert abs(loss - least) < 1e-9 or point.kind in ("saddle", "higher-order-descent", "undecided", "maximum")


@pytest.mark.parametrize(
    "changes",
    [
        {"error": "cauchy:1"},
        {"error": "smooth-l1:1"},
        {"output_activation": "softplus"},
        {"activation": "relu"},
        {"bias": "none"},
    ],
    ids=str,
)
def test_what_misses_a_hypothesis_is_not_claimed(changes):
    report = lp.check_architecture("2-1-2", X, Y, search="none", self_check=False, **changes)
    assert all(claim.id != "independent-samples" for claim in report.claims)
