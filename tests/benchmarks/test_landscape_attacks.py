"""The attacks on the theorems about whole landscapes, small: no bad minimum where there is none, some where there are, and derivatives that are right."""

from __future__ import annotations

import numpy as np
import pytest

from lossproof.theory.verdicts import Verdict

XOR_X, XOR_Y = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([[0], [1], [1], [0.0]])


@pytest.mark.parametrize(
    "statement", ["independent-samples", "one-relation-simplex", "parallelogram", "separable-squashing", "shallow-linear"]
)
def test_no_bad_minimum_where_there_is_none(benchmark, statement):
    attacks = benchmark("landscape_attacks")
    tally = attacks.attack(statement, attacks.PROVED[statement], Verdict.PROVED, problems=12, starts=100, seed=1)
    assert tally.with_minima == ()


def test_no_bad_minimum_of_fewer_units_than_outputs(benchmark):
    attacks = benchmark("landscape_attacks")
    tally = attacks.attack("independent-samples", attacks.narrow, Verdict.PROVED, problems=12, starts=100, seed=1)
    assert tally.with_minima == ()


@pytest.mark.parametrize("statement", ["one-relation-simplex", "parallelogram"])
def test_bad_minima_where_there_are_some(benchmark, statement):
    attacks = benchmark("landscape_attacks")
    tally = attacks.attack(statement, attacks.REFUTED[statement], Verdict.REFUTED, problems=6, starts=150, seed=1)
    assert len(tally.with_minima) == 6


def test_minima_where_only_the_targets_are_inside_the_range(benchmark):
    attacks = benchmark("landscape_attacks")
    tally = attacks.attack(attacks.NO_MINIMUM, attacks.inside_the_range, None, problems=12, starts=100, seed=1)
    assert len(tally.with_minima) >= 4


@pytest.mark.parametrize(("activation", "output", "error"), [("sigmoid", "tanh", "cauchy:1"), ("softplus", "identity", "logistic"),
                                                             ("erf", "arctan", "squared"), ("bent-identity", "identity", "squared")])  # fmt: skip
def test_derivatives_of_the_search(benchmark, activation, output, error):
    search = benchmark("minima_search")
    network = search.Network(XOR_X, np.hstack([XOR_Y, 1 - XOR_Y]), 3, activation, output, error)
    W, h = np.random.default_rng(0).normal(size=(1, network.size)), 1e-5
    _, gradient, H = network.derivatives(W)
    sides = [(network.derivatives(W + h * e), network.derivatives(W - h * e)) for e in np.eye(network.size)]
    assert np.abs([(p[0] - m[0])[0] / (2 * h) for p, m in sides] - gradient[0]).max() < 1e-8
    assert np.abs(np.array([(p[1] - m[1])[0] / (2 * h) for p, m in sides]) - H[0]).max() < 1e-8


LINE = [[0], [1], [2]]
MISSES = {
    "σ' vanishes somewhere": (XOR_X, XOR_Y, 2, "sin", "squared", "identity"),
    "1/σ' is not convex": (XOR_X, XOR_Y, 2, "bent-identity", "squared", "identity"),
    "σ is not analytic": (XOR_X, XOR_Y, 2, "softsign", "squared", "identity"),
    "the slope of the output vanishes": (XOR_X, XOR_Y, 2, "tanh", "squared", "sin"),
    "two outputs": (XOR_X, np.hstack([XOR_Y, XOR_Y]), 2, "tanh", "squared", "identity"),
    "a corner is moved": (np.array([[0, 0], [0, 1], [1, 0], [1, 1.25]]), XOR_Y, 2, "tanh", "squared", "identity"),
    "two relations": (np.array([[0], [1], [2], [3.0]]), XOR_Y, 2, "tanh", "squared", "identity"),
    "targets allow constants, and the output is not analytic": (np.array(LINE), np.array([[0.25], [0.75], [0.25]]), 2, "tanh", "squared", "softsign"),
    "targets allow constants, and the error is another": (np.array(LINE), np.array([[0], [1], [0.0]]), 2, "tanh", "cauchy:1", "identity"),
    "fewer units than outputs": (np.array([[0], [1.0]]), np.array([[0, 1], [1, 0.0]]), 1, "tanh", "cauchy:1", "identity"),
    "relu is not strictly increasing": (np.array([[0], [1.0]]), np.array([[0], [1.0]]), 2, "relu", "squared", "identity"),
}  # fmt: skip


@pytest.mark.parametrize("miss", MISSES)
def test_what_misses_one_hypothesis_is_not_claimed(benchmark, miss):
    attacks = benchmark("landscape_attacks")
    assert attacks.trial(*MISSES[miss][:4], error=MISSES[miss][4], output=MISSES[miss][5]) is None


@pytest.mark.parametrize(
    "statement", ["independent-samples", "one-relation-simplex", "parallelogram", "separable-squashing", "shallow-linear"]
)
def test_random_problems_that_miss_one_hypothesis_are_not_claimed(benchmark, statement):
    misses = benchmark("landscape_misses")
    assert misses.claimed(statement, 40, seed=1) == []


def test_without_the_miss_they_are_claimed(benchmark):
    attacks, misses = benchmark("landscape_attacks"), benchmark("landscape_misses")
    rng = np.random.default_rng(0)
    for _ in range(10):
        parts = {
            "independent-samples": misses.independent(rng),
            "one-relation-simplex": misses.simplex(rng),
            "parallelogram": misses.square(rng),
        }
        problems = {name: (X, misses.real_targets(rng, len(X)), "squared") for name, X in parts.items()}
        problems["separable-squashing"] = (*misses.parted(rng), "logistic")
        for statement, (X, Y, error) in problems.items():
            claims = attacks.theorems_on(misses.Drawn(X, Y, (2,), "tanh", error).problem)
            assert any(claim.id == statement for claim in claims)
