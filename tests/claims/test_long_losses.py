"""Exact losses of any length: told exactly where a certificate can hold them, else by proved bounds, and never in more than a line."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import sympy
from cases.fuzz_cases import read_in_every_format

import lossproof as lp
from lossproof.certificates.claims.critical_facts import claim_loss
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.numerics.network.loss_value import loss_exact
from lossproof.theory.limits import MAX_NUMBER_TEXT
from lossproof.theory.rationals import rational_text

LONGEST_LINE = 120


def doubles(widths, T, seed=0):
    generator = np.random.default_rng(seed)
    n = [int(k) for k in widths.split("-")]
    X, Y = generator.normal(size=(T, n[0])), generator.normal(size=(T, n[-1]))
    return X, Y, [(generator.normal(size=(a, b)), generator.normal(size=b)) for a, b in pairwise(n)]


def own_loss(report):
    return report["loss-bounds", 0]


@pytest.mark.parametrize("T", [4, 20, 28, 30, 32, 40, 80, 300])
def test_losses_of_softsign_networks_at_plain_doubles(T, check):
    X, Y, weights = doubles("2-3-1", T)
    report = check("2-3-1", X, Y, activation="softsign", weights=weights, search="none")
    exact = loss_exact(report.problem, report.points[0])
    loss = own_loss(report)
    lower, upper = loss.facts["loss_lower"], loss.facts["loss_upper"]
    assert lower <= exact <= upper
    if len(rational_text(exact)) <= MAX_NUMBER_TEXT:
        assert loss.evidence["precision"] is None
        assert lower == upper
    else:
        assert loss.evidence["precision"]
        assert 0 < upper - lower < exact / 10**6
        assert len(rational_text(lower)) < 200
    assert report["critical-point"].facts["kind"] == "not-critical"


LONG = {
    "power": ("1-1-1-1", "power:16", [([["1.1"]], [0.3]), ([[0.7]], [0.1]), ([[2]], [0.5])]),
    "deep softsign": ("1-2-2-1", "softsign", None),
    "logarithms": ("1-2-1", "sigmoid", [([[sympy.log(3), 700 * sympy.log(7)]], [sympy.log(2), sympy.log(5)]), ([[0.3], [0.7]], [0.1])]),
}


@pytest.mark.parametrize("name", LONG)
def test_other_long_losses(name, check):
    widths, activation, weights = LONG[name]
    X, Y, drawn = doubles(widths, 30)
    X = np.round(X) if name == "logarithms" else X
    report = check(widths, X, Y, activation=activation, weights=drawn if weights is None else weights, search="none")
    exact = loss_exact(report.problem, report.points[0])
    assert exact is not None
    assert len(rational_text(exact)) > MAX_NUMBER_TEXT
    loss = own_loss(report)
    assert loss.evidence["precision"]
    assert loss.facts["loss_lower"] <= exact <= loss.facts["loss_upper"]


@pytest.mark.parametrize("digits", [20, 100, 2000, 2400])
def test_texts_of_long_numbers_fit_a_line(digits):
    r = np.random.default_rng(digits)
    number = Fraction(int("".join(map(str, r.integers(1, 9, digits)))), 10**digits + 1)
    X, Y = [[number], [1]], [[1 / number], [Fraction(1, 3)]]
    weights = [([[number, sympy.log(3) * sympy.Rational(int(number.numerator), int(number.denominator))]], [0, 0]), ([[1], [2]], [number])]
    report = lp.check_architecture(
        "1-2-1", X, Y, activation="softsign", output_activation="leaky-relu:1/3", error="squared", weights=weights
    )
    for line in read_in_every_format(report)[".txt"].splitlines():
        assert len(line) <= LONGEST_LINE, line
    for claim in report:
        assert max(map(len, claim.reason.split())) < 60, claim.reason


@pytest.mark.parametrize("name", ["cauchy:1e-350", "blake-zisserman:1e350", f"smooth-l1:{'7' * 350}/{'3' * 349}1"])
def test_names_of_errors_fit_a_line(name):
    report = lp.check_architecture(
        "1-2-1", [[0], [1]], [[0], [1]], activation=f"leaky-relu:1/{10**350}", output_activation="leaky-relu:1e-340", error=name
    )
    texts = read_in_every_format(report)
    for suffix in (".txt", ".md", ".tex"):
        for line in texts[suffix].splitlines():
            assert max(map(len, line.split()), default=0) < 150, line
    assert lp.verify(texts[".json"]).ok


@pytest.mark.parametrize("exponent", [1200, 2000, -4000])
def test_losses_far_out(exponent, check):
    unit = Fraction(10) ** exponent
    report = check("1-1", [[unit], [2]], [[0], [unit]], weights=[([[1]], [unit])])
    loss = own_loss(report)
    exact = loss_exact(report.problem, report.points[0])
    assert loss.facts["loss_lower"] <= exact <= loss.facts["loss_upper"]
    assert (loss.evidence["precision"] is None) == (len(rational_text(exact)) <= MAX_NUMBER_TEXT)


def test_a_loss_out_of_all_range_is_not_told():
    problem = lp.Problem(lp.Architecture.of("1-1"), lp.error_named("squared"), lp.Samples.of([["1e4900"]], [["1e-4900"]]))
    point = Point(lp.Weights.of(problem.architecture, [([["1e4900"]], [0])]))
    assert claim_loss(ProofContext(problem, 0, 4096), point) is None
    report = lp.check_architecture("1-1", [["1e4900"]], [["1e-4900"]], weights=[([["1e4900"]], [0])])
    claim = report["critical-point"]
    assert claim.verdict is lp.Verdict.UNDECIDED
    assert claim.reason.startswith("These very weights are no critical point.")
