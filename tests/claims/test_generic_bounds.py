"""Bounds of ranks at points are proved only where they can decide something, and cheaply where numbers stay short."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

import lossproof as lp
from lossproof.certificates.claims.full_rank import best_generic_bound, claim_full_rank_everywhere, generic_claim_of, telling_generic_bound
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.numerics.network.points import random_weights
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.verdicts import Rigor


def context_of(widths, activation, T, **options):
    rng = random.Random(f"{widths} {activation} {T}")
    X, Y = ([[Fraction(rng.randint(-999, 999), 97) for _ in range(n)] for _ in range(T)] for n in (widths[0], widths[-1]))
    problem = Problem(Architecture.of(widths, activation, **options), error_named("squared"), Samples.of(X, Y))
    return ProofContext(problem, 0, 256), Point(random_weights(problem, 0))


@pytest.mark.parametrize("bias", ["trainable", "none"])
@pytest.mark.parametrize(
    ("activation", "widths"),
    list(itertools.product(["relu", "leaky-relu", "elu", "hard-tanh", "softsign", "tanh"], [(1, 2, 1), (2, 3, 2, 1), (1, 9, 1)])),
)
def test_what_is_not_looked_for_would_have_decided_nothing(activation, widths, bias):
    for T in (2, 5):
        context, point = context_of(widths, activation, T, bias=bias)
        told = []
        for bound in (best_generic_bound(context, point), telling_generic_bound(context, point)):
            points = [point] if bound is None or bound.point is None else [point, bound.point]
            claims = generic_claim_of(context, bound, point), claim_full_rank_everywhere(context, points)
            told.append([(claim.verdict, claim.facts) for claim in claims])
        assert told[0] == told[1]


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "hard-tanh"])
def test_a_rectifier_of_which_units_die_needs_no_random_points(activation):
    context, point = context_of((2, 3, 3, 1), activation, 40)
    assert telling_generic_bound(context, point) is None


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "identity"])
def test_deep_piecewise_linear_networks_have_exact_ranks(activation):
    context, point = context_of((3, 5, 5, 5, 2), activation, 20)
    bounds = rank_bounds(context, "P", point)
    assert bounds.lower.value == bounds.upper.value
    assert bounds.lower.rigor is Rigor.EXACT


def test_a_deep_rectifier_on_many_samples_is_refuted_in_little_time(check):
    rng = random.Random(0)
    X = [[Fraction(rng.randint(-20, 20), 8) for _ in range(4)] for _ in range(60)]
    Y = [[int(k % 3 == j) for j in range(3)] for k in range(60)]
    report = check((4, 12, 12, 3), X, Y, activation="relu")
    assert report.conclusion.verdict is lp.Verdict.REFUTED
