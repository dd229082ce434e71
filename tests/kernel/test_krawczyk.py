"""Krawczyk's test in the kernel: what is near a learner and what is not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from cases.kernel_cases_critical import BOX
from cases.kernel_cases_kantorovich import robust
from cases.kernel_draft import EVERYWHERE, Draft, layer
from cases.kernel_outcomes import accepted, outcome

V = "0x1.50231499b6b1ep-1"
EVIDENCE = {"learner": BOX, "point": 0, "parameters": [0, 3], "radius": "1/1099511627776", "target_radius": "0", "precision": 128}


def certificate(facts=None, weights=("1", V, "1/4"), options=None, **changes):
    """A claim that a learner lies in a box; by the facts that belong to the evidence unless others are given."""
    w, v, c = weights
    samples = ([["0"], ["1"]], [["1/4"], ["3/4"]])
    d = Draft((1, 1, 1), *samples, [layer([[w]], ["0"]), layer([[v]], [c])], **{"activation": "tanh", **(options or {})})
    evidence = {**EVIDENCE, **changes}
    distance = str(2 * Fraction(evidence["radius"]))
    found = {"learner": BOX, "rank_lower": 2, "point": 0, "distance": distance, "target_radius": evidence["target_radius"], **(facts or {})}
    d.claim("learner-box", "exact-learning", EVERYWHERE, found, (), evidence, "BALL")
    return d


def test_an_exact_learner_in_the_box():
    assert accepted(certificate())
    assert accepted(certificate(radius="1/64"))
    assert accepted(certificate(weights=("9/8", V, "1/4"), radius="1/4"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"radius": "1/" + "1" + "0" * 40}, ("evidence.radius", "evidence")),
        ({"radius": "0"}, ("evidence.radius", "evidence")),
        ({"radius": "-1/8"}, ("evidence.radius", "evidence")),
        ({"weights": ("5/4", V, "1/4")}, ("evidence.radius", "evidence")),
        ({"weights": ("1", "0", "1/4")}, ("evidence.radius", "evidence")),
        ({"parameters": [3, 0]}, ("evidence.parameters", "evidence")),
        ({"parameters": [0, 0]}, ("evidence.parameters", "evidence")),
        ({"parameters": [0]}, ("evidence.parameters", "evidence")),
        ({"parameters": [0, 1, 3]}, ("evidence.parameters", "evidence")),
        ({"parameters": [0, 4]}, ("evidence.parameters[1]", "evidence")),
        ({"facts": {"distance": "1/1099511627776"}}, ("conclusion.facts.distance", "conclusion")),
        ({"facts": {"rank_lower": 3}}, ("conclusion.facts.rank_lower", "conclusion")),
        ({"options": {"error": "logistic"}}, ("rule", "evidence")),
        ({"point": 1}, ("evidence.point", "evidence")),
        ({"facts": {"point": 1}}, ("conclusion.facts.point", "conclusion")),
        ({"target_radius": "-1"}, ("evidence.target_radius", "evidence")),
    ],
    ids=str,
)
def test_no_learner_is_seen(options, expected):
    code, place = outcome(certificate(**options))
    assert (place, code) == expected


def test_a_kink_in_the_box_rejects():
    options = {"activation": "relu"}
    weights = ("1/16", "8", "1/4")
    assert outcome(certificate(weights=weights, options=options, radius="1/8"))[0] == "evidence"
    assert outcome(certificate(options={"output_activation": "leaky-relu:1/2"}, radius="1/2", weights=("1", V, "1/4")))[0] == "evidence"


def test_a_kinked_output_away_from_its_kink():
    """A leaky-relu output that is positive all over the box: its slope is 1 there."""
    assert accepted(certificate(options={"output_activation": "leaky-relu:1/2"}))


def test_an_output_with_a_slope_of_its_own():
    """The derivative of the output belongs to the system, though not to the rank: F = tanh(z) with the targets tanh(1/4), tanh(3/4), nearly."""
    for target, fine in (("3/4", False), ("0x1.45323e552f228p-1", True)):
        w, v, c = ("1", V, "1/4")
        Y = [["0x1.f597ea69a1c86p-3"], [target]]
        d = Draft((1, 1, 1), [["0"], ["1"]], Y, [layer([[w]], ["0"]), layer([[v]], [c])], output_activation="tanh")
        evidence = {**EVIDENCE, "radius": "1/1048576"}
        facts = {"learner": BOX, "rank_lower": 2, "point": 0, "distance": "1/524288", "target_radius": "0"}
        d.claim("learner-box", "exact-learning", EVERYWHERE, facts, (), evidence, "BALL")
        assert accepted(d) if fine else outcome(d) == ("evidence", "evidence.radius")


def test_targets_within_the_radius():
    d = certificate(radius="1/16", target_radius="1/1000")
    robust(d, 1, "1/1000")
    assert accepted(d)
    d.undo()
    robust(d, 1, "1/999")
    assert outcome(d) == ("conclusion", "conclusion.facts.radius")
    assert outcome(certificate(radius="1/16", target_radius="1/10")) == ("evidence", "evidence.radius")
    assert outcome(certificate(radius="1/16", target_radius="1/1000", facts={"target_radius": "1/999"})) == (
        "conclusion",
        "conclusion.facts.target_radius",
    )
    d = certificate(radius="1/16", target_radius="0")
    robust(d, 1, "0")
    assert outcome(d) == ("premise", "premises")
