"""Bounds of the terms of P and of identities as polynomials: never less than there are, and more than a checker takes where it would not."""

from __future__ import annotations

from fractions import Fraction

import pytest

import lossproof as lp
from lossproof.numerics.critical.identity_terms import affordable, terms_of_rows


def problem_of(widths, activation, X=((1, 2), (3, 4), (0, 1)), **options):
    Y = [[Fraction(1, widths[-1])] * widths[-1] for _ in X]
    error = lp.error_named(options.pop("error", "squared"))
    return lp.Problem(lp.Architecture.of(widths, activation, **options), error, lp.Samples.of(X, Y))


@pytest.mark.parametrize(
    ("widths", "activation", "held", "expected"),
    [
        ((2, 1, 1), "tanh", (), [2, 2, 2, 1, 1]),
        ((2, 1, 1), "power:2", (), [3, 3, 3, 6, 1]),
        ((2, 1, 1), "power:2", (0,), [2, 2, 2, 3, 1]),
        ((2, 2, 1), "identity", (), [1, 1, 1, 1, 1, 1, 3, 3, 1]),
    ],
)
def test_numbers_of_terms(widths, activation, held, expected):
    assert terms_of_rows(problem_of(widths, activation), held) == expected


def test_logits_count_as_differences():
    assert terms_of_rows(problem_of((2, 1, 2), "power:2", error="softmax"), ())[3:] == [12, 2, 12, 2]


def test_too_many_terms():
    assert terms_of_rows(problem_of((2, 3, 3, 3, 1), "power:3"), ()) is None


def test_identities_that_no_checker_forms():
    problem = problem_of((2, 1, 1), "power:2")
    terms = terms_of_rows(problem, ())
    short, long = ((0, Fraction(1), ((3, 0),)),), ((0, Fraction(1), ((3, 0),) * 7),)
    assert list(affordable(problem, terms, [long, short])) == [short]
