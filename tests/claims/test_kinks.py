"""Claims at and beside kinks, wherever they lie."""

from __future__ import annotations

from fractions import Fraction

import pytest

import lossproof as lp
from lossproof.certificates.claims.full_rank import claim_full_rank_everywhere
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import SOMEWHERE, Point
from lossproof.numerics.network.points import random_weights
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.verdicts import Verdict


@pytest.mark.parametrize(
    ("activation", "z", "place"),
    [("relu", 0, "some z is 0,"), ("hard-tanh", 1, "some z is -1 or 1,"), ("hard-tanh", -1, "some z is -1 or 1,")],
)
def test_no_rank_is_claimed_where_a_derivative_does_not_exist(activation, z, place):
    weights = [([[1]], [z - 3]), ([[1]], [0])]
    report = lp.check_architecture("1-1-1", [[3]], [[2]], activation=activation, weights=weights)
    claim = report["full-rank", "at these weights"]
    assert claim.verdict is Verdict.UNDECIDED
    assert place in claim.reason
    assert "kink" not in claim.reason


@pytest.mark.parametrize(
    ("hidden", "output", "bias", "fixed", "witness"),
    [
        ("tanh", "identity", "trainable", None, "0"),
        ("relu", "identity", "trainable", None, "1"),
        ("hard-tanh", "identity", "trainable", None, "0"),
        ("hard-tanh", "relu", "trainable", None, "1/2"),
        ("hard-tanh", "identity", "none", None, "0"),
        ("hard-tanh", "identity", "fixed", ((Fraction(2), Fraction(0)), (Fraction(1),)), "0"),
        ("hard-tanh", "identity", "fixed", ((Fraction(2), Fraction(1)), (Fraction(1),)), None),
        ("relu", "identity", "none", None, None),
    ],
)
def test_zero_weights_are_a_witness_with_biases_off_the_kinks(hidden, output, bias, fixed, witness):
    problem = Problem(Architecture.of("1-2-1", hidden, output, bias), error_named("squared"), Samples.of([[1], [2]], [[3], [5]]), fixed)
    claim = claim_full_rank_everywhere(ProofContext(problem, 0, 256), [Point(random_weights(problem, 0))])
    found = [(bound.place, bound.evidence["bias"]) for bound in claim.premises if bound.rule == "rank-constant-weights"]
    assert found == ([] if witness is None else [(SOMEWHERE, witness)])
