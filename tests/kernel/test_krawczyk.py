"""Krawczyk's test in the kernel: what is near a learner and what is not."""

from __future__ import annotations

import pytest
from cases.kernel_cases import EVERYWHERE, Draft, layer

from lossproof.certificates.kernel.check import check_certificate

V = "0x1.50231499b6b1ep-1"
EVIDENCE = {"point": 0, "parameters": [0, 3], "radius": "1/1099511627776", "precision": 128}


def certificate(rule="exact-learning-krawczyk", statement="exact-learning", facts=None, weights=("1", V, "1/4"), options=None, **changes):
    w, v, c = weights
    samples = ([["0"], ["1"]], [["1/4"], ["3/4"]])
    d = Draft((1, 1, 1), *samples, [layer([[w]], ["0"]), layer([[v]], [c])], **{"activation": "tanh", **(options or {})})
    facts = facts or {"distance": "1/549755813888"}
    d.claim(rule, statement, EVERYWHERE, "PROVED", facts, evidence={**EVIDENCE, **changes}, rigor="BALL")
    return check_certificate(d.finish())


def failure(**options):
    result = certificate(**options)
    assert not result.ok
    return result.failures[0].place.removeprefix("steps[0]."), result.failures[0].code


def test_an_exact_learner_in_the_box():
    assert certificate().ok
    assert certificate(radius="1/64", facts={"distance": "1/32"}).ok
    assert certificate(weights=("9/8", V, "1/4"), radius="1/4", facts={"distance": "1/2"}).ok


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"radius": "1/" + "1" + "0" * 40}, ("evidence.radius", "evidence")),
        ({"radius": "0"}, ("evidence.radius", "evidence")),
        ({"radius": "-1/8"}, ("evidence.radius", "evidence")),
        ({"weights": ("5/4", V, "1/4")}, ("evidence.radius", "evidence")),
        ({"weights": ("1", "0", "1/4")}, ("evidence.parameters", "evidence")),
        ({"parameters": [3, 0]}, ("evidence.parameters", "evidence")),
        ({"parameters": [0, 0]}, ("evidence.parameters", "evidence")),
        ({"parameters": [0]}, ("evidence.parameters", "evidence")),
        ({"parameters": [0, 4]}, ("evidence.parameters[1]", "evidence")),
        ({"facts": {"distance": "1/1099511627776"}}, ("conclusion.facts.distance", "conclusion")),
        ({"options": {"error": "logistic"}}, ("rule", "evidence")),
        ({"point": 1}, ("evidence.point", "evidence")),
    ],
    ids=str,
)
def test_no_learner_is_seen(options, expected):
    place, code = failure(**options)
    assert (place, code) == expected or (place == expected[0] and code in ("schema", "number"))


def test_a_kink_in_the_box_rejects():
    options = {"activation": "relu"}
    weights = ("1/16", "8", "1/4")
    assert certificate(weights=weights, options=options, radius="1/8", facts={"distance": "1/4"}).failures[0].code == "evidence"


def test_targets_within_the_radius():
    common = {"rule": "robust-targets", "statement": "robust-targets", "radius": "1/16"}
    assert certificate(**common, target_radius="1/1000", facts={"radius": "1/1000"}).ok
    assert failure(**common, target_radius="1/10", facts={"radius": "1/10"}) == ("evidence.radius", "evidence")
    assert failure(**common, target_radius="0", facts={"radius": "0"}) == ("evidence.target_radius", "evidence")
    assert failure(**common, target_radius="1/1000", facts={"radius": "1/999"}) == ("conclusion.facts.radius", "conclusion")
