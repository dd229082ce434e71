"""The claim `critical-point` at weights that a user gives: facts, kinds, and what refutes the conclusion."""

from __future__ import annotations

from fractions import Fraction

import pytest
from cases.landscapes import LOG3_HALF, XOR_X, XOR_Y, deficient_xor_weights

import lossproof as lp

PROVED, REFUTED, UNDECIDED = lp.Verdict.PROVED, lp.Verdict.REFUTED, lp.Verdict.UNDECIDED
FACTS = {"kind", "loss_lower", "loss_upper", "inertia", "radius", "rank_lower", "rank_upper"}
WELLS = ([["1/4"], [8]], [["9/10"], ["1/10"]])


@pytest.mark.parametrize("c", [LOG3_HALF, 1])
@pytest.mark.parametrize("units", [2, 3])
def test_xor_at_its_stationary_points(check, c, units):
    weights = deficient_xor_weights(c, [0] * units, Fraction(1, 2))
    report = check((2, units, 1), XOR_X, XOR_Y, activation="tanh", weights=weights)
    claim = report["critical-point", 0]
    assert claim.verdict is PROVED
    assert set(claim.facts) == FACTS
    assert claim.facts["kind"] == "higher-order-descent"
    assert claim.facts["loss_lower"] == claim.facts["loss_upper"] == Fraction(1, 8)
    assert claim.facts["inertia"]["negative"] == 0
    assert claim.facts["inertia"]["zero"] > 0
    assert claim.facts["radius"] == 0
    assert claim.facts["rank_upper"] == 3
    descent = report["higher-order-descent", 0]
    assert descent.facts["coefficient"] < 0
    assert report["no-bad-local-minima"].verdict is PROVED


def test_xor_at_zero(check):
    report = check((2, 2, 1), XOR_X, XOR_Y, activation="tanh", weights=[([[0, 0], [0, 0]], [0, 0]), ([[0], [0]], ["1/2"])])
    claim = report["critical-point", 0]
    assert claim.facts["kind"] == "higher-order-descent"
    assert claim.facts["inertia"] == {"negative": 0, "zero": 8, "positive": 1, "undecided": 0}


@pytest.mark.parametrize(("weight", "rigor"), [(3, lp.Rigor.EXACT), (LOG3_HALF, lp.Rigor.BALL)])
def test_a_family_of_scalings_held_by_an_irrational_weight_is_seen_in_balls(check, weight, rigor):
    weights = [([[weight]], [0]), ([[0]], [1])]
    report = check((1, 1, 1), [[1], [-1]], [[0], [2]], activation="power:2", weights=weights)
    assert report["critical-point", 0].verdict is PROVED
    (step,) = [step for step in report.certificate.document["steps"] if step["rule"] == "stationary-exact"]
    assert (step["evidence"], step["rigor"]) == ({"fixed": [0]}, rigor.value)


def test_a_trained_network_is_global(check):
    trained = check((2, 2, 1), XOR_X, XOR_Y, activation="tanh")
    learner = trained["critical-point"]
    assert learner.facts["kind"] == "global"
    assert learner.facts["loss_upper"] == 0
    floats = [([[float(w) for w in row] for row in layer.W], [float(b) for b in layer.b]) for layer in learner.point.weights.layers]
    report = check((2, 2, 1), XOR_X, XOR_Y, activation="tanh", weights=floats)
    claim = report["critical-point", 0]
    assert claim.facts["kind"] == "global"
    assert claim.facts["inertia"] == {"negative": 0, "zero": 5, "positive": 4, "undecided": 0}
    assert 0 < claim.facts["radius"] < 1e-6


def test_a_trained_wide_network_is_near_a_learner(check):
    """Width alone proves that a learner exists; that one lies near the weights given says more."""
    trained = lp.train("2-3-1", XOR_X, XOR_Y, method="lm")
    report = check("2-3-1", XOR_X, XOR_Y, weights=trained.arrays)
    assert 0 < report["exact-learning", "everywhere"].facts["distance"] < 1e-6
    assert report["critical-point", 0].facts["kind"] == "global"
    assert report["manifold"].facts == {"dimension": 13 - 4}


def test_a_trained_neuron_in_the_bad_well(check):
    """Two samples, one weight: the user's weight lies near the worse of two minima."""
    report = check((1, 1), *WELLS, output_activation="sigmoid", bias="none", weights=[([[0.0]], None)])
    assert report["critical-point", 0].verdict is REFUTED
    found = lp.find_critical_points((1, 1), *WELLS, output_activation="sigmoid", bias="none", starts=40, workers=1)
    bad = next(point for point in found if point.suboptimal is not None)
    report = check((1, 1), *WELLS, output_activation="sigmoid", bias="none", weights=[([[float(bad.weights.layers[0].W[0][0])]], None)])
    claim = report["critical-point", 0]
    assert claim.facts["kind"] == "strict-minimum"
    assert claim.facts["radius"] > 0
    assert report["suboptimal", 0].verdict is PROVED
    assert report["suboptimal", 0].facts["loss_lower"] > report["suboptimal", 0].facts["other_loss_upper"]
    assert report["no-bad-local-minima"].verdict is REFUTED
    assert report["no-bad-local-minima"].premises[0].id == "suboptimal"


@pytest.mark.parametrize("w", [25, 42, 400])
def test_a_saturated_point_is_not_critical(check, w):
    """The gradient is about e^-w: at w = 42 some 1e-18."""
    report = check((1, 1), [[-1], [1]], [[0], [1]], output_activation="sigmoid", bias="none", weights=[([[w]], None)])
    claim = report["critical-point", 0]
    assert claim.verdict is REFUTED
    assert claim.facts["kind"] == "not-critical"
    assert 0 < claim.facts["loss_upper"] < 1
    assert report["no-critical-point"].verdict is PROVED
    assert report["no-bad-local-minima"].verdict is PROVED


def test_an_infimum_that_is_not_attained(check):
    report = check((1, 3, 1), [[-1], [0], [1]], [[1], [-1], [1]], output_activation="tanh")
    assert report["exact-learning"].verdict is REFUTED
    assert report["infimum-not-attained"].verdict is PROVED


def test_equal_inputs_with_different_targets(check):
    """No exact learner, and yet a proved global minimum: each group of equal inputs has its mean."""
    weights = [([["1/2"]], [0]), ([[3]], ["1/2"])]
    report = check((1, 1, 1), [[0], [0], [1]], [[0], [1], ["3/2"]], activation="softsign", weights=weights)
    claim = report["critical-point", 0]
    assert claim.facts["kind"] == "global"
    assert claim.facts["loss_lower"] == Fraction(1, 12)


def test_where_a_derivative_is_missing_exact_learners_are_global(check):
    report = check((1, 1, 1), [[0], [1]], [[0], [1]], activation="relu", weights=[([[1]], [0]), ([[1]], [0])])
    assert report["critical-point", 0].facts["kind"] == "global"
    assert report["critical-point", 0].rigor is lp.Rigor.EXACT


def test_where_a_derivative_is_missing_nothing_may_be_said(check):
    """A unit on its kink whose output weight is 0: J falls along no direction at first order, but along curves."""
    report = check((1, 1, 1), [[-1], [0]], [[0], [1]], activation="relu", weights=[([[1]], [0]), ([[0]], ["1/2"])])
    assert report["critical-point", 0].verdict is UNDECIDED
    assert report["critical-point", 0].facts == {"kind": "undecided"}


def test_a_search_without_weights_refutes_the_conclusion(check):
    report = check((1, 1), *WELLS, output_activation="sigmoid", bias="none")
    assert report["no-bad-local-minima"].verdict is REFUTED
    assert report["suboptimal"].verdict is PROVED
