"""Full rank from the values of a wide last hidden layer, by a matrix of T columns in place of one of T n_L."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from cases.offers import rank_failures

from lossproof.certificates.claims.full_rank import claim_full_rank_at
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.self_check import checked_claims
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.ranks.verified import attempt_independent_features
from lossproof.numerics.verified.enclosures import enclose_numbers
from lossproof.numerics.verified.forward_backward import enclose_features
from lossproof.theory import limits
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.verdicts import Verdict


def problem_of(widths, T, seed=0, **options):
    rng = random.Random(seed)
    table = lambda n: [[Fraction(rng.randint(-512, 512), 128) for _ in range(n)] for _ in range(T)]  # noqa: E731
    return Problem(Architecture.of(widths, **options), error_named("squared"), Samples.of(table(widths[0]), table(widths[-1])))


@pytest.mark.parametrize(
    ("widths", "options"),
    [
        ((6, 90, 3), {"activation": "tanh"}),
        ((6, 80, 3), {"activation": "gelu"}),
        ((6, 20, 90, 2), {"activation": "sigmoid", "bias": "none"}),
    ],
)
def test_the_last_hidden_layer_comes_first(widths, options):
    problem, stages = problem_of(widths, 80, **options), []
    context, point = ProofContext(problem, 0, 256, lambda *stage: stages.append(stage[0])), Point(random_weights(problem, 0))
    claim = claim_full_rank_at(context, point)
    name = f"Phi-{len(widths) - 2}+"
    assert claim.verdict is Verdict.PROVED
    assert [stage for stage in stages if stage.startswith("factoring")] == [f"factoring K for the rank of {name}"]
    assert f"as {name} has rank 80: a matrix of 80 columns in place of {80 * widths[-1]}" in claim.reason
    assert checked_claims(problem, (claim,), [point])[0][0].verdict is Verdict.PROVED


def test_where_the_layer_does_not_suffice_all_of_p_is_taken():
    """With a third of the units that are needed, and where two samples have equal values in the last hidden layer."""
    problem = problem_of((6, 30, 3), 80)
    claim = claim_full_rank_at(ProofContext(problem, 0, 256), Point(random_weights(problem, 0)))
    assert claim.verdict is Verdict.PROVED
    assert "Phi" not in claim.reason


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "softsign", "sin", "leaky-relu:1/10", "identity"])
@pytest.mark.parametrize("bias", ["trainable", "none"])
def test_values_lie_in_their_enclosures_and_the_checker_agrees(activation, bias, monkeypatch):
    monkeypatch.setattr("lossproof.numerics.verified.forward_backward.FEATURE_VALUES", 50)
    monkeypatch.setattr(limits, "FEATURE_VALUES", 70)
    problem = problem_of((5, 6, 12, 2), 12 + (bias == "trainable"), 3, activation=activation, bias=bias)
    weights, ones = random_weights(problem, 1), bias == "trainable"
    a = problem.architecture
    found = enclose_features(a, enclose_numbers(problem.samples.X), weights, 2, ones=ones).phi
    true = evaluate(a, problem.samples, weights, BallField(200)).phi[2]
    assert all(abs(ball - m) <= r for ball, m, r in zip(true.flat, found.mid[:, :12].flat, found.rad[:, :12].flat, strict=True))
    assert not ones or np.array_equal(found.mid[:, 12], np.ones(13))
    tried = attempt_independent_features(a, problem.samples, weights, 2, ones=ones)
    assert (tried.evidence is not None) == (activation != "identity"), tried.obstacle
    assert tried.evidence is None or not rank_failures(problem, weights, "Phi-2+", tried.evidence)


@pytest.mark.parametrize("exponent", range(2, 14))
def test_the_checker_agrees_however_near_two_samples_are(exponent):
    """Proved down to some distance, never for samples that are equal."""
    problem = problem_of((2, 9, 1), 8)
    X = [*problem.samples.X[:7], tuple(x + Fraction(1, 10**exponent) for x in problem.samples.X[0])]
    near, equal = (Problem(problem.architecture, problem.error, Samples.of(rows, problem.samples.Y)) for rows in (X, [*X[:7], X[0]]))
    weights = random_weights(problem, 2)
    tried = attempt_independent_features(near.architecture, near.samples, weights, 1, ones=True)
    assert tried.evidence is not None or exponent > 6
    assert tried.evidence is None or not rank_failures(near, weights, "Phi-1+", tried.evidence)
    assert attempt_independent_features(equal.architecture, equal.samples, weights, 1, ones=True).evidence is None


def test_what_is_too_large_is_not_begun(monkeypatch):
    problem = problem_of((2, 9, 1), 8)
    asked = (problem.architecture, problem.samples, random_weights(problem, 2), 1)
    assert "memory" in attempt_independent_features(*asked, ones=True, most_bytes=1000).obstacle
    monkeypatch.setattr("lossproof.numerics.ranks.verified.MAX_GRAM_ENTRIES", 8 * 11 - 1)
    assert "work of a step" in attempt_independent_features(*asked, ones=True).obstacle
    wide = problem_of((2, 6, 1), 8)
    assert "fewer rows" in attempt_independent_features(wide.architecture, wide.samples, random_weights(wide, 2), 1, ones=True).obstacle
