"""Softsign: full rank almost everywhere, sign pattern by sign pattern."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from cases.landscapes import XOR_X, XOR_Y

from lossproof import Verdict
from lossproof.numerics.ranks.sign_patterns import sign_pattern_evidence
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples


def problem_of(widths, X, Y, bias="trainable"):
    return Problem(Architecture.of(widths, "softsign", bias=bias), error_named("squared"), Samples.of(X, Y))


@pytest.mark.parametrize("widths", [(2, 2, 1), (2, 3, 1), (2, 4, 1)])
def test_xor_with_softsign_is_proved_almost_everywhere(check, widths):
    report = check(widths, XOR_X, XOR_Y, activation="softsign")
    claim = report["full-rank", "almost everywhere"]
    assert claim.verdict is Verdict.PROVED
    assert claim.rule == "definition"
    assert report["almost-everywhere"].verdict is Verdict.PROVED


def test_random_rational_weights_agree(check):
    """Full rank almost everywhere means full rank at random rational weights, by exact arithmetic."""
    generator = random.Random(1)
    for _ in range(20):
        draw = lambda: Fraction(generator.randint(-999, 999), 101)  # noqa: E731
        weights = [([[draw(), draw()], [draw(), draw()]], [draw(), draw()]), ([[draw()], [draw()]], [draw()])]
        report = check((2, 2, 1), XOR_X, XOR_Y, activation="softsign", weights=weights, search="none")
        assert report["full-rank", "at these weights"].verdict is Verdict.PROVED


@pytest.mark.parametrize(
    ("widths", "X"),
    [((1, 1, 1), [[0], [1], [2], [3], [4]]), ((2, 2, 1), [*XOR_X[:3], [0, 1]]), ((1, 2, 1), [[0], [1], [2], [3], [4], [5], [6], [7]])],
)
def test_nothing_is_found_where_the_rank_is_too_small(widths, X):
    assert sign_pattern_evidence(problem_of(widths, X, [[0]] * len(X)), 0) is None


def test_other_networks_are_left_alone():
    assert sign_pattern_evidence(problem_of((2, 2, 2, 1), XOR_X, XOR_Y), 0) is None
    assert sign_pattern_evidence(problem_of((2, 2, 1), XOR_X, XOR_Y, bias="fixed"), 0) is None


def test_zero_input_without_bias(check):
    report = check((2, 4, 1), XOR_X, XOR_Y, activation="softsign", bias="none")
    claim = report["full-rank", "almost everywhere"]
    assert claim.verdict is Verdict.REFUTED
    assert claim.facts == {"rank_lower": 0, "rank_upper": 3, "columns": 4}
    sigmoid = check((2, 4, 1), XOR_X, XOR_Y, activation="sigmoid", bias="none")
    assert sigmoid["full-rank", "almost everywhere"].verdict is Verdict.PROVED
