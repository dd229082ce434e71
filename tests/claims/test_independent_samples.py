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
    found = lp.find_critical_points("2-1-2", inputs, targets, activation=activation, bias=bias, starts=6, workers=1, seed=1)
    assert found.conclusion.verdict is lp.Verdict.PROVED
    assert found.conclusion.premises[0].id == "independent-samples"
    assert lp.verify(found.report.certificate.document).ok
    least = least_loss(targets, 1, centred=bias != "none" and bias[-1] != "none")
    for point in found:
        loss = float(point.claim.facts["loss_upper"])
        assert loss >= least - 1e-9
        assert abs(loss - least) < 1e-9 or point.kind in ("saddle", "higher-order-descent", "undecided", "maximum")


RANKS = {1: [[1, -1]] * 3, 2: [[1, 0], [0, 1], [1, 1]]}


def before_readout(rank, activation, error, targets):
    """A map with a frozen readout of that rank."""
    hidden = ([[1, 2, 0], [0, 1, 1]], [0, 0, 1])
    options = {"frozen": [2], "weights": [[hidden, (RANKS[rank], [0, 1])]], "activation": activation, "error": error}
    found = lp.find_critical_points("2-3-2", X, targets, starts=8, workers=1, **options)
    assert found.conclusion.verdict is lp.Verdict.PROVED
    assert found.conclusion.premises[0].id == "independent-samples"
    assert lp.verify(found.report.certificate.document).ok
    return found


@pytest.mark.parametrize("rank", RANKS)
def test_before_a_frozen_readout_all_minima_fit_as_well_as_its_rank_allows(rank):
    found = before_readout(rank, "leaky-relu:1/2", "squared", Y)
    V, rest = np.array(RANKS[rank], dtype=float), np.array(Y) - [0, 1]
    least = float(((rest - rest @ np.linalg.pinv(V) @ V) ** 2).sum() / 6)
    assert len(found)
    for point in found:
        assert abs(float(point.claim.facts["loss_upper"]) - least) < 1e-9


@pytest.mark.parametrize(("activation", "error"), [("tanh", "smooth-l1:1"), ("softplus", "logistic")])
def test_other_increasing_activations_and_convex_errors_before_a_frozen_readout(activation, error):
    before_readout(1, activation, error, [[0, 1], [1, 0], [1, 1]])


@pytest.mark.parametrize("changes", [
    {"activation": "relu"}, {"error": "cauchy:1"}, {"output_activation": "tanh"}, {"frozen": [1]}, {"weight_decay": ["1/10", 0]}, {"bias": "none"},
], ids=str)  # fmt: skip
def test_other_frozen_networks_are_not_claimed(changes):
    options = {"frozen": [2], "activation": "tanh", "search": "none", "self_check": False, **changes}
    report = lp.check_architecture("2-3-2", X, Y, **options)
    assert all(claim.id != "independent-samples" for claim in report.claims)


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
