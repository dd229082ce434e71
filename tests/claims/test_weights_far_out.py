"""Weights far out: whatever a report decides there, the kernel accepts its certificate."""

from __future__ import annotations

from fractions import Fraction

import pytest
from cases.far_out import FAR_OUT

import lossproof as lp
from lossproof.numerics.ranks import producers as rank_producers
from lossproof.numerics.training.lower_loss import weights_below


@pytest.mark.parametrize("name", FAR_OUT)
def test_weights_far_out_end_in_a_certificate_that_holds(name, monkeypatch):
    monkeypatch.setattr(rank_producers, "_VERIFIED_FROM_COLUMNS", 1)
    widths, hidden, output, error, X, Y, weights = FAR_OUT[name]
    bias = "none" if weights[0][1] is None else "trainable"
    report = lp.check_architecture(widths, X, Y, activation=hidden, output_activation=output, error=error, bias=bias, weights=weights)
    found = lp.verify(report.certificate.document)
    assert found.ok, found.failures


@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize("decay", [0, "1/1000"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("size", [Fraction(5e-324), Fraction(1, 10**330), Fraction(1e-160)], ids=["subnormal", "no double", "no square"])
def test_inputs_so_small_that_weights_of_their_scale_have_no_doubles(size, activation, decay, bias):
    """What takes no doubles is decided as for other inputs, and a training for a better point starts from weights of order one."""
    X, Y = [[0], [size], [-size]], [[1], [0], [1]]
    report = lp.check_architecture("1-2-1", X, Y, activation=activation, bias=bias, weight_decay=decay, search="none")
    assert not report.self_check.refused
    assert report["count"].verdict is not lp.Verdict.UNDECIDED
    assert weights_below(report.problem, 1.0, 0) is not None
