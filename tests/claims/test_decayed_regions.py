"""The conclusion with weight decay, by networks of zeros and affine ones: on real data, and on problems where nothing of the kind is a minimum."""

from __future__ import annotations

import pytest

import lossproof as lp
from lossproof.certificates.inputs.data_sources import load_data

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
