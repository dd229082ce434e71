"""What weights that a user gives are is said before anything about critical points near them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.certificates.claims.critical_kinds import MINIMA
from lossproof.certificates.claims.given_weights import NEAR
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows

FAR = {
    "a linear network far from its learner": (
        "1-1",
        [["-1/2"], ["-2"]],
        [["3"], ["1/2"]],
        {"error": "cauchy", "weights": [([["1"]], ["-1"])]},
    ),
    "a linear network far from its minimum": (
        "1-1",
        [[0], [1], [2]],
        [[0], [1], [4]],
        {"error": "smooth-l1", "weights": [([["3/2"]], [0])]},
    ),
    "zero weights near a learner": ("1-1", [[0], [1]], [[0], ["1/8"]], {"weights": [([[0]], [0])]}),
}


@pytest.mark.parametrize("name", FAR)
def test_weights_far_from_a_critical_point_are_not_called_one(name, check):
    widths, X, Y, options = FAR[name]
    report = check(widths, X, Y, **options)
    claim = report["critical-point"]
    assert claim is report["critical-point", 0]
    assert (claim.verdict, claim.facts["kind"]) == (lp.Verdict.REFUTED, "not-critical")
    assert claim.reason.startswith("These very weights are no critical point. ")
    assert "The loss is " in claim.reason
    others = [c for c in report if c.id == "critical-point" and c is not claim]
    for witness in others:
        assert "proved at a point of its own" in claim.reason
        assert witness.facts["radius"] <= NEAR * max(
            abs(w) for layer in witness.point.weights.layers for row in (*layer.W, layer.b) for w in row
        )
    assert "not critical" in str(report) or "no critical point" in str(report)


def test_the_located_point_is_a_witness_of_its_own(check):
    widths, X, Y, options = FAR["a linear network far from its learner"]
    report = check(widths, X, Y, **options)
    witness = report["critical-point", 1]
    assert (witness.verdict, witness.facts["kind"], witness.facts["loss_upper"]) == (lp.Verdict.PROVED, "global", 0)
    assert 0 < witness.facts["radius"] < Fraction(1, 10**10)
    W, b = (float(part) for part in (report.points[1].layers[0].W[0][0], report.points[1].layers[0].b[0]))
    assert [W * x + b for x in (-0.5, -2)] == pytest.approx([3, 0.5])


def test_weights_that_are_not_critical_say_so_first(check):
    weights = [([[2, 2], [2, 2]], [-1, -3]), ([[2], [-2]], [-0.5])]
    claim = check("2-2-1", XOR_X, XOR_Y, weights=weights)["critical-point"]
    assert (claim.verdict, claim.facts["kind"]) == (lp.Verdict.REFUTED, "not-critical")
    assert claim.reason.startswith("These very weights are no critical point. ")
    assert "The loss is 0.598" in claim.reason


def test_weights_near_a_critical_point_are_told_with_their_own_loss(check):
    trained = lp.train("2-2-1", XOR_X, XOR_Y, seed=1, method="lm", max_iterations=40, tolerance=1e-6)
    report = check("2-2-1", XOR_X, XOR_Y, weights=trained.weights)
    claim = report["critical-point"]
    assert claim.verdict is lp.Verdict.PROVED
    assert claim.facts["radius"] > 0
    assert claim.reason.startswith("These very weights are not critical: ")
    own = {c.id: c for c in report if report.number(c.point) == 0 and c.id in ("stationary", "loss-bounds")}
    assert own["stationary"].verdict is lp.Verdict.REFUTED
    assert own["loss-bounds"].facts["radius"] == 0
    assert own["loss-bounds"].reason in claim.reason
    order = [c.id for c in report]
    assert order.index("loss-bounds") < order.index("critical-point")
    assert "A critical point near these weights: global minimum" in str(report)


def test_weights_at_a_critical_point_are_one(check):
    report = check("1-1", [[0], [1]], [[1], [3]], weights=[([[2]], [1])])
    claim = report["critical-point"]
    assert (claim.verdict, claim.facts["radius"]) == (lp.Verdict.PROVED, 0)
    assert claim.reason.startswith("These weights are a critical point. ")
    assert "A critical point: global minimum" in str(report)


@pytest.mark.parametrize(("share", "found"), [(1_000_000, 0), (10_000, 0), (200, 1), (100, 1)])
def test_a_bad_minimum_is_found_from_weights_near_it(share, found, check):
    """Two minima of a neuron with a squashing output: from weights near the worse one, nearer or farther, it is proved to be bad."""
    entry = lp.zoo_entry("auer-2")
    bad = next(point for point in entry.points if point.suboptimal)
    weights = lp.Weights.of(entry.problem.architecture, bad.layers)
    moved = [([[w * (1 + Fraction(1, share)) for w in row] for row in layer.W], list(layer.b)) for layer in weights.layers]
    options = {key: getattr(entry, key) for key in ("activation", "output_activation", "error", "bias")}
    report = check(entry.widths, entry.X, entry.Y, weights=moved, **options)
    kinds = {report.number(claim.point): claim.facts["kind"] for claim in report if claim.id == "critical-point"}
    assert kinds[found] in MINIMA
    assert kinds == ({0: kinds[0]} if found == 0 else {0: "not-critical", 1: kinds[1]})
    assert report.conclusion.verdict is lp.Verdict.REFUTED
    assert report.number(report["suboptimal"].point) == found


def test_where_nothing_is_decided_the_reason_says_so():
    """An output on the kink of its activation, above its target: a matter of its slope there, which it has not."""
    report = lp.check_architecture("1-1", [[0], [1]], [[-1], [1]], output_activation="relu", weights=[([[1]], [0])])
    claim = report["critical-point"]
    assert claim.verdict is lp.Verdict.UNDECIDED
    assert claim.reason.startswith("Neither a critical point at or near these weights was proved")


STEP = ([[-2], [-1], [0], [1], [2]], [["-7/8"], ["-3/4"], ["1/8"], ["3/4"], ["7/8"]])


@pytest.fixture(scope="module")
def minimum():
    """A strict minimum of the 1-1-1 tanh network on five samples, in doubles."""
    found = lp.find_critical_points("1-1-1", *STEP, starts=8, workers=1)
    return found, flat_weights(found.report.problem, next(p for p in found if p.kind == "strict-minimum").weights)


@pytest.mark.parametrize("distance", [1e-8, 1e-6, 1e-5, 1e-4])
def test_a_finer_centre_is_named_in_a_wide_box(distance, minimum, check):
    found, flat = minimum
    problem = found.report.problem
    weights = weights_of_rows(problem, flat + distance * np.random.default_rng(0).standard_normal(len(flat)))
    report = check("1-1-1", *STEP, weights=[(layer.W, layer.b) for layer in weights.layers])
    wide, fine = report["critical-point", 0], report["critical-point", 1]
    assert report["critical-point"] is wide
    assert "finer centre inside it" in wide.reason
    assert fine.facts["radius"] < wide.facts["radius"] / 10**6
    assert np.max(np.abs(flat_weights(problem, fine.point.weights) - flat_weights(problem, weights))) <= wide.facts["radius"]
    assert 0 <= wide.facts["loss_lower"] <= fine.facts["loss_lower"] <= fine.facts["loss_upper"] <= wide.facts["loss_upper"]
    assert fine.facts["loss_upper"] - fine.facts["loss_lower"] < fine.facts["loss_upper"] / 10**6
    assert fine.facts["kind"] == "strict-minimum"


def test_a_narrow_box_is_enough(minimum, check):
    found, _ = minimum
    report = check("1-1-1", *STEP, weights=[(layer.W, layer.b) for layer in found[0].weights.layers])
    claims = [claim for claim in report if claim.id == "critical-point"]
    assert len(claims) == 1
    assert "finer centre" not in claims[0].reason
