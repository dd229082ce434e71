"""Weights far out: whatever a report decides there, the kernel accepts its certificate."""

from __future__ import annotations

import pytest
from cases.far_out import FAR_OUT

import lossproof as lp
from lossproof.numerics.ranks import producers as rank_producers


@pytest.mark.parametrize("name", FAR_OUT)
def test_weights_far_out_end_in_a_certificate_that_holds(name, monkeypatch):
    monkeypatch.setattr(rank_producers, "_VERIFIED_FROM_COLUMNS", 1)
    widths, hidden, output, error, X, Y, weights = FAR_OUT[name]
    bias = "none" if weights[0][1] is None else "trainable"
    report = lp.check_architecture(widths, X, Y, activation=hidden, output_activation=output, error=error, bias=bias, weights=weights)
    found = lp.verify(report.certificate.document)
    assert found.ok, found.failures
