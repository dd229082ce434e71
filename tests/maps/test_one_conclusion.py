"""One question, one answer: with weights, without, and by a map the conclusion is the same."""

from __future__ import annotations

from functools import cache

import pytest
from cases.landscapes import XOR_X
from cases.mixed_problems import mixed_problem

import lossproof as lp
from lossproof.certificates.claims import network_search

LINE = ([[0], [1], [2], [3]], [[0], [1], [0], [1]])
PROBLEMS = [
    *(
        ((2, 2, 1), XOR_X, [[y] for y in Y], {"activation": name})
        for name in ("tanh", "relu", "leaky-relu", "softplus", "sin") for Y in ((0, 1, 1, 0), (0, 0, 0, 1))
    ),
    *(((1, 3, 1), *LINE, {"activation": name}) for name in ("tanh", "relu", "leaky-relu", "elu")),
    *(((1, 2, 1), [[0], [1], [3]], [[0], [1], [0]], {"activation": "tanh", "error": error}) for error in ("squared", "logistic", "cauchy")),
    ((2, 1, 1), XOR_X, [[0], [1], [1], [0]], {"activation": "tanh"}),
    ((2, 2, 2), XOR_X, [[0, 1], [1, 0], [1, 1], [0, 0]], {"activation": "identity"}),
    ((1, 2, 2, 1), *LINE, {"activation": "relu"}),
]  # fmt: skip


pytestmark = pytest.mark.usefixtures("found_once")


@cache
def checked(number):
    """The report on a small random problem, from searches of 6 starts: two tests ask for some of them, and get the same report."""
    widths, X, Y, options = mixed_problem(number)
    return lp.check_architecture(widths, X, Y, **options)


@pytest.mark.parametrize("number", range(len(PROBLEMS)))
def test_no_job_knows_less_than_another(number):
    widths, X, Y, options = PROBLEMS[number]
    report = lp.check_architecture(widths, X, Y, **options)
    found = lp.find_critical_points(widths, X, Y, starts=12, workers=1, **options)
    weights = lp.train(widths, X, Y, method="lbfgs", max_iterations=20, **options).weights
    given = lp.check_architecture(widths, X, Y, weights=weights, **options)
    assert report.conclusion.verdict is found.report.conclusion.verdict is given.conclusion.verdict
    assert all(lp.verify(made.certificate.text).ok for made in (report, found.report, given))


@pytest.mark.parametrize("first", range(0, 140, 10))
def test_a_map_never_knows_less_than_a_check(first, monkeypatch):
    """Ten small random problems each, from searches of 6 starts: the same verdict, and certificates that hold."""
    monkeypatch.setattr(network_search, "ROUND", 6)
    monkeypatch.setattr(network_search, "MOST_ROUNDS", 1)
    for number in range(first, first + 10):
        widths, X, Y, options = mixed_problem(number)
        report = checked(number)
        found = lp.find_critical_points(widths, X, Y, starts=6, workers=1, **options)
        assert report.conclusion.verdict is found.conclusion.verdict, (number, widths, options)
        for made in (report, found.report):
            assert made.self_check is not None
            assert made.self_check.refused == ()


@pytest.mark.parametrize("number", range(0, 140, 7))
def test_weights_that_are_given_take_nothing_away(number, monkeypatch):
    """With weights of a short training, or drawn at random, whatever is decided without them is decided the same."""
    monkeypatch.setattr(network_search, "ROUND", 6)
    monkeypatch.setattr(network_search, "MOST_ROUNDS", 1)
    widths, X, Y, options = mixed_problem(number)
    report = checked(number)
    for steps in (0, 30):
        weights = lp.train(widths, X, Y, method="lbfgs", max_iterations=steps, **options).weights
        given = lp.check_architecture(widths, X, Y, weights=weights, **options)
        assert given.conclusion.verdict is report.conclusion.verdict or report.conclusion.verdict is lp.Verdict.UNDECIDED, (widths, options)
