"""Critical balls in doubles: what the prover finds is accepted by the kernel, on a par with Krawczyk's test, and nothing is found where there is nothing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.curvature_cases import network
from cases.kernel_cases_curvature import in_a_ball, signs
from cases.kernel_draft import Draft
from cases.kernel_outcomes import accepted
from cases.trained_networks import small_fit

from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.numerics.critical import ball
from lossproof.numerics.critical.box import critical_box
from lossproof.numerics.network.weight_vectors import distance_bound, flat_weights, weights_of_rows
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

CASES = [
    (widths, activation, error)
    for widths, error in (("1-2-1", "squared"), ("2-2-1", "cauchy:20"), ("1-2", "softmax"), ("2-2-2", "softmax"), ("1-2-1", "logistic"))
    for activation in ("tanh", "sigmoid", "softplus", "arctan", "relu", "bent-identity", "gelu")
]


def draft(problem, weights):
    d = Draft((1, 1), [["0"]], [["0"]])
    d.document["problem"], d.document["points"] = encode_problem(problem), [encode_point(weights)]
    return d


def found_near(problem, weights):
    for near in ball.polished_weights(problem, weights):
        found = ball.critical_ball(problem, near)
        if found is not None:
            return near, found
    return None


def test_what_is_found_is_accepted_by_the_kernel():
    seen = set()
    for widths, activation, error in CASES:
        for seed in range(3):
            problem, weights = network(widths, activation, error, seed=seed, T=12)
            pair = found_near(problem, weights)
            if pair is None:
                continue
            near, found = pair
            d = draft(problem, near)
            N, fixed, radius = problem.architecture.N_net, list(found.fixed), str(found.radius)
            at = in_a_ball(d, radius, fixed, negative=found.signs.negative)
            signs(d, at, found.signs.negative, N - found.signs.negative - len(fixed), fixed, radius=radius)
            assert accepted(d)
            seen.add((error, activation))
    assert {error for error, _ in seen} >= {"squared", "softmax", "logistic"}
    assert {activation for _, activation in seen} >= {"tanh", "sigmoid", "softplus", "relu"}


def test_the_ball_finds_what_krawczyks_test_finds():
    problem, w = small_fit()
    near, found = found_near(problem, weights_of_rows(problem, w))
    box = critical_box(problem, near)
    assert box is not None
    assert found.signs.negative == 0
    assert found.radius < Fraction(1, 2**20)


@pytest.mark.parametrize("shift", [1e-8, 1e-5, 1e-3, 3e-3])
def test_steps_lead_back_to_the_minimum(shift):
    problem, w = small_fit()
    for seed in range(4):
        start = w + shift * np.random.default_rng(seed).choice([-1.0, 1.0], size=len(w))
        end = flat_weights(problem, next(ball.polished_weights(problem, weights_of_rows(problem, start))))
        assert np.max(np.abs(end - w)) < 1e-6


def test_nothing_is_found_at_a_singular_hessian():
    """A unit without outgoing weights: its incoming weights can be moved."""
    a = Architecture.of("1-1-1", "tanh")
    problem = Problem(a, network("1-1", "tanh", "squared")[0].error, Samples.of([[-1], [0], [1]], [[1], [0], [1]]))
    flat = np.array([0.5, 0.25, 0.0, 2 / 3])
    assert ball.critical_ball(problem, weights_of_rows(problem, flat)) is None


def test_problems_beyond_the_limits_are_left_alone(monkeypatch):
    problem, w = small_fit()
    weights = weights_of_rows(problem, w)
    monkeypatch.setattr(ball, "MAX_HESSIAN_ROWS", 9)
    assert ball.critical_ball(problem, weights) is None
    assert list(ball.polished_weights(problem, weights)) == []
    assert ball.signs_in_box(problem, weights, Fraction(0), ()) is None


def test_distances_are_bounded_from_above_and_nearly_reached():
    problem, w = small_fit()
    start = weights_of_rows(problem, w)
    for seed in range(3):
        other = w + np.random.default_rng(seed).normal(size=len(w))
        true = float(np.linalg.norm(other - w))
        found = distance_bound(problem, start, weights_of_rows(problem, other), Fraction(1, 64), 64)
        assert true + 10**0.5 / 64 <= found <= (true + 10**0.5 / 64) * (1 + 1e-5)
    assert distance_bound(problem, start, start, Fraction(0), 64) < Fraction(1, 2**800)
    assert distance_bound(problem, start, start, Fraction(10**400), 64) is None
