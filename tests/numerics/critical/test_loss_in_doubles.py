"""Bounds of the loss from doubles: they hold, the kernel finds them again with its own pass, and at kinks and beyond all doubles there are none."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from cases.curvature_cases import network
from cases.kernel_draft import Draft
from cases.kernel_outcomes import accepted, outcome

from lossproof.certificates.proof.encoding import encode_point, encode_problem
from lossproof.numerics.critical.loss_in_doubles import _work, loss_in_doubles
from lossproof.numerics.network.loss_value import loss_ball
from lossproof.theory import limits
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


def claimed(problem, weights, lower, upper, at=0):
    d = Draft((1, 1), [["0"]], [["0"]])
    d.document["problem"], d.document["points"] = encode_problem(problem), [encode_point(weights)]
    bounds = {"loss_lower": str(lower), "loss_upper": str(upper)}
    d.claim("loss-bounds", "loss-bounds", at, {**bounds, "radius": "0"}, (), {**bounds, "precision": "double"}, "VERIFIED_FLOAT")
    return d


@pytest.mark.parametrize("error", ["squared", "logistic", "softmax", "cauchy:2", "smooth-l1:1", "blake-zisserman:1/4"])
@pytest.mark.parametrize(
    ("activation", "decays"), [("tanh", False), ("relu", True), ("gelu", True), ("softsign", False), ("power:2", True)]
)
def test_they_hold_and_are_found_again(activation, decays, error, monkeypatch):
    problem, weights = network("2-3-2", activation, error)
    if decays:
        problem = replace(problem, decay=Decay.of("1/7", problem.architecture))
    found, exact = loss_in_doubles(problem, weights), loss_ball(problem, weights, Fraction(0), 256)
    assert found.precision is None
    middle = Fraction(str(exact.mid().str(60, radius=False)))
    assert found.lower < middle < found.upper
    assert found.upper - found.lower < abs(middle) / 2**32
    assert accepted(claimed(problem, weights, found.lower, found.upper))
    monkeypatch.setattr("lossproof.numerics.verified.forward_backward.FEATURE_VALUES", 20)
    monkeypatch.setattr(limits, "FEATURE_VALUES", 30)
    in_pieces = loss_in_doubles(problem, weights)
    assert abs(in_pieces.lower - found.lower) < abs(middle) / 2**45
    assert accepted(claimed(problem, weights, in_pieces.lower, in_pieces.upper))
    slip = abs(middle) / 10**11
    assert outcome(claimed(problem, weights, middle + slip, found.upper)) == ("evidence", "evidence.loss_lower")
    assert outcome(claimed(problem, weights, found.lower, middle - slip)) == ("evidence", "evidence.loss_upper")


def test_none_where_a_checker_has_too_much_to_do(monkeypatch):
    """The work asked for here is not below what a check of these bounds counts: at the limit it is accepted."""
    for activation in ("tanh", "relu"):
        problem, weights = network("2-3-2", activation, "softmax")
        found, place = loss_in_doubles(problem, weights), "lossproof.numerics.critical.loss_in_doubles."
        asked = _work(problem, shared=False)
        for limited, value in (("MAX_STEP_WORK", asked), ("MAX_GRAM_ENTRIES", problem.T * 7)):
            with monkeypatch.context() as patch:
                patch.setattr(limits, limited, value)
                assert accepted(claimed(problem, weights, found.lower, found.upper))
                patch.setattr(place + limited, value)
                assert loss_in_doubles(problem, weights) is not None
                patch.setattr(place + limited, value - 1)
                assert loss_in_doubles(problem, weights) is None


def test_none_at_a_kink_or_beyond_doubles():
    a = Architecture.of("1-1-1", "relu")
    problem = Problem(a, error_named("squared"), Samples.of([[0], [1]], [[0], [1]]))
    at_kink = Weights.of(a, [([[1]], [0]), ([[1]], [0])])
    assert loss_in_doubles(problem, at_kink) is None
    assert outcome(claimed(problem, at_kink, 0, 1)) == ("evidence", "conclusion.at")
    assert loss_in_doubles(problem, Weights.of(a, [([["1e200"]], [1]), ([["1e200"]], [0])])) is None
    huge = Weights.of(a, [([["1e31"]], [1]), ([[1]], [0])])
    assert loss_in_doubles(problem, huge) is None
    assert outcome(claimed(problem, huge, 0, Fraction(10**62)))[0] == "limit"
