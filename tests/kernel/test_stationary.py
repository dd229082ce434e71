"""False or unsupported claims that a point is critical, or that a box holds a critical point: each is rejected with its code and place."""

from __future__ import annotations

import pytest
from cases.kernel_cases_critical import (
    BENT,
    BENT_X,
    BENT_Y,
    BOX,
    COPIES,
    CRITICAL_CASES,
    RADIUS,
    SATURATED,
    boxed,
    counts,
    exact,
    family,
    inertia_ball,
    inertia_exact,
    merged,
    xor_stationary,
)
from cases.kernel_draft import XOR_X, XOR_Y, Draft, layer
from cases.kernel_outcomes import accepted, outcome

NO_BOX = ("evidence", "evidence.radius"), ("evidence", "evidence.point")
"""The box is not mapped into itself, or the matrix of second derivatives at its midpoint is not seen to be invertible."""


def strict(v=None):
    """The strict minimum's network, with another outgoing weight if one is given."""
    d = Draft.of(CRITICAL_CASES["strict_minimum"](), 0)
    if v is not None:
        d.document["points"][0][1]["W"] = [[v]]
    return d


def regression(**options):
    return Draft((1, 1), [["0"], ["1"], ["2"]], [["0"], ["0"], ["3"]], [layer([["3/2"]], ["-1/2"])], **options)


def neuron(w="40"):
    return Draft((1, 1), [["1"], ["-1"]], [["1"], ["-1"]], [layer([[w]], ["0"])], output_activation="tanh")


def apart(d, parameter, precision=64):
    evidence = {"parameter": parameter, "precision": precision}
    return d.claim("stationary-apart", "stationary", 0, {}, (), evidence, "BALL", "REFUTED")


def test_a_saturated_gradient_is_not_zero():
    for d in (Draft((2, 2, 1), XOR_X, XOR_Y, SATURATED), neuron()):
        exact(d)
        assert outcome(d) == ("evidence", "conclusion.at")
    for w in ("40", "1000", "1000000"):
        for radius in ("1/1048576", "1", "1000"):
            d = neuron(w)
            boxed(d, radius)
            assert outcome(d) in NO_BOX


def test_a_gradient_is_refuted_only_where_it_is_seen():
    for d, parameter, precision in (
        (regression(), 0, 64),
        (neuron(), 1, 256),
        (xor_stationary("1", "-2"), 0, 200),
        (xor_stationary("1", "-2"), 8, 200),
    ):
        apart(d, parameter, precision)
        assert outcome(d) == ("evidence", "evidence.parameter")


@pytest.mark.parametrize("precision", [53, 64])
def test_a_box_near_a_critical_point_must_hold_it(precision):
    for radius, fine in ((RADIUS, True), ("1/1" + "0" * 30, False), ("1/4", False), ("100", False)):
        d = strict()
        boxed(d, radius, precision=precision)
        assert accepted(d) if fine else outcome(d) in NO_BOX
    d = strict("1/2")
    boxed(d, "1/1000")
    assert outcome(d) == ("evidence", "evidence.radius")
    for radius in ("0", "-1/1000"):
        d = strict()
        boxed(d, radius)
        assert outcome(d) == ("evidence", "evidence.radius")


def test_a_degenerate_critical_point_has_no_box():
    for d in (xor_stationary("1", "-2"), Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")):
        boxed(d, "1/1024")
        assert outcome(d) in NO_BOX


def relu(point=BENT, **options):
    return Draft((1, 1, 1), BENT_X, BENT_Y, point, **{"activation": "relu", **options})


def test_a_kink_in_the_box_rejects():
    d = relu()
    boxed(d, "1/2", [0])
    assert outcome(d) == ("evidence", "conclusion.at")
    d = relu()
    family(
        d, 1, **{"parameters": [1, 2, 3], "implied": [0], "identities": [[[0, "1", [0]], [1, "1", [1]], [2, "-1", [2]]]], "radius": "1/2"}
    )
    assert outcome(d) == ("evidence", "conclusion.at")


@pytest.mark.parametrize(("activation", "order"), [("relu", 0), ("leaky-relu:1/2", 0), ("softsign", 1), ("elu", 1), ("tanh", 2)])
def test_a_critical_point_at_a_kink(activation, order):
    """``z = 0`` at all samples, with nothing of it at the output: the gradient exists where σ is differentiable once, the Hessian where it is twice."""
    point = [layer([["1"]], ["-1"]), layer([["0"]], ["1"])]
    d = Draft((1, 1, 1), [["1"], ["1"]], [["0"], ["2"]], point, activation=activation)
    for wanted in (1, 2):
        if order < 2:
            d.differentiable(wanted)
            assert accepted(d) if wanted <= order else outcome(d) == ("evidence", "conclusion.at")
            d.undo()
    premise = exact(d)
    if order == 0:
        assert outcome(d) == ("premise", "premises")
        return
    assert accepted(d)
    inertia_exact(d, counts(1, 2, 1))
    assert outcome(d) == ("evidence", "conclusion.at" if order == 1 else "evidence.negative")
    d.undo()
    inertia_ball(d, premise, 0, 0, 4, at=0, radius="0")
    assert accepted(d) if order == 2 else outcome(d) == ("evidence", "conclusion.at")


def test_fixed_weights_need_a_scaling_symmetry():
    for fixed in ([1], [2], [0, 2], [3]):
        d = relu()
        boxed(d, "1/1024", fixed)
        assert outcome(d)[0] == "evidence", fixed
    d = relu([layer([["0"]], ["1/3"]), layer([["1"]], ["2"])])
    boxed(d, "1/1024", [0])
    assert outcome(d) == ("evidence", "evidence.fixed")
    for d, radius in (
        (strict(), RADIUS),
        (relu(bias="fixed", fixed_bias=[["-1/3"], ["0"]]), "1/1024"),
        (regression(activation="relu"), RADIUS),
    ):
        boxed(d, radius, [0])
        assert outcome(d) == ("evidence", "evidence.fixed")


@pytest.mark.parametrize("fixed", [[1], [2], [3], [0, 2], [0, 0], [0, 1], [-1]])
def test_a_family_of_scalings_is_held_by_one_incoming_weight_of_each_unit(fixed):
    d = relu()
    exact(d, 0, fixed, [d.differentiable()])
    assert outcome(d)[0] == "evidence"


SHARES = ("1/3", "2/3")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"ties": []}, "evidence.identities[0]"),
        ({"ties": [[1, 0, "1"], [3, 2, "1"]]}, None),
        ({"ties": [[1, 0, "1"], [3, 2, "2"]], "reach": "1/549755813888"}, None),
        ({"ties": [[1, 0, "-1"]]}, "evidence.identities[0]"),
        ({"implied": [3], "identities": [[[3, "1", []], [2, "-1", []]]]}, "evidence.parameters"),
        ({"implied": [0, 3]}, None),
        ({"implied": [2, 3]}, "evidence.implied"),
        ({"parameters": [2, 3]}, "evidence.point"),
        ({"radius": "2"}, "evidence.implied"),
    ],
    ids=str,
)
def test_units_that_do_not_merge(change, place):
    d = merged(SHARES)
    family(d, 1 if len(change.get("ties", [0])) == 1 else 0, **{**COPIES, **change})
    if place is None:
        assert accepted(d)
    else:
        code, found = outcome(d)
        assert (code, found) == ("evidence", place) or (place == "evidence.point" and (code, found) in NO_BOX)


def test_merged_units_are_equal_and_visible():
    d = merged(SHARES)
    d.document["points"][0][0]["W"][0][1] = "7/8"
    family(d, 1, **COPIES)
    assert outcome(d) == ("evidence", "evidence.identities[0]")
    d = merged(("2", "-1"))
    family(d, 1, reach="1/549755813888", **COPIES)
    assert outcome(d) == ("conclusion", "conclusion.facts.radius")
    # outgoing weights 1, -1 have the sum 0: the output is 0 whatever the units, and no critical point
    d = merged(SHARES)
    d.document["points"][0][1]["W"] = [["1"], ["-1"]]
    family(d, 1, **COPIES)
    assert outcome(d) in NO_BOX
    # a merged unit that is not seen by the output: what it does is not determined
    d = Draft((1, 2, 1), [["1"], ["1"]], [["0"], ["1"]], [layer([["1", "1"]], ["0", "0"]), layer([["0"], ["0"]], ["0"])], bias="none")
    family(d, 1, **COPIES)
    assert outcome(d)[0] == "evidence"


@pytest.mark.parametrize(("second", "fine"), [("1/2", True), ("1/4", False)])
def test_merged_units_have_the_same_fixed_bias(second, fine):
    """Two units of equal weights and outgoing weights of sum 0, which is best: with equal constants their rows are parallel, with others they are not."""
    layers = [layer([["1", "1"]], ["1/2", second]), layer([["1/4"], ["-1/4"]], ["0"])]
    biases = [["1/2", second], ["0"]]
    d = Draft((1, 2, 1), [["1"], ["2"]], [["1"], ["-1"]], layers, bias="fixed", fixed_bias=biases)
    family(d, 1, **COPIES)
    found = outcome(d)
    assert found in NO_BOX if fine else found == ("evidence", "evidence.identities[0]")


def constant(Y=XOR_Y, W=(["0", "0"], ["0", "0"]), c="1/2", **options):
    b = [c] if options.get("bias") != "none" else ["0"]
    d = Draft((2, 2, 1), XOR_X, Y, [layer([list(w) for w in W], ["0", "0"]), layer([["0"], ["0"]], b)], **options)
    d.claim("stationary-constant", "stationary", 0, {"radius": "0", "dimension": 4})
    return d


def test_a_constant_network_needs_what_its_proof_uses():
    assert accepted(constant())
    assert outcome(constant(W=(["0", "0"], ["1/1000", "0"]))) == ("evidence", "evidence")
    assert outcome(constant(c="1/3")) == ("evidence", "conclusion.at")
    assert outcome(constant(Y=[["0"], ["1"], ["0"], ["1"]])) == ("evidence", "conclusion.at")
    assert outcome(constant(bias="none")) == ("evidence", "rule")
    assert outcome(constant(output_activation="sin")) == ("evidence", "rule")
    assert outcome(constant(activation="relu")) == ("premise", "premises")


def test_a_constant_network_of_relu_units_away_from_their_kinks():
    for bias, fine in (("-1", True), ("0", False)):
        d = Draft(
            (2, 2, 1), XOR_X, XOR_Y, [layer([["0", "0"], ["0", "0"]], [bias, "1"]), layer([["0"], ["0"]], ["1/2"])], activation="relu"
        )
        curved = d.differentiable(2)
        if not fine:
            assert outcome(d) == ("evidence", "conclusion.at")
            continue
        d.claim("stationary-constant", "stationary", 0, {"radius": "0", "dimension": 4}, [curved])
        assert accepted(d)
        d.undo(2)
        d.claim("stationary-constant", "stationary", 0, {"radius": "0", "dimension": 4}, [d.differentiable(1)])
        assert outcome(d) == ("premise", "premises[0]")


def test_rules_of_given_points_take_no_witness_and_rules_of_witnesses_no_point():
    for rule, evidence in (
        ("stationary-exact", {"fixed": []}),
        ("stationary-constant", {}),
        ("stationary-apart", {"parameter": 0, "precision": 64}),
    ):
        d = strict()
        boxed(d)
        verdict = "REFUTED" if rule == "stationary-apart" else "PROVED"
        d.claim(rule, "stationary", BOX, {"radius": "0", "dimension": 0}, (), evidence, "BALL", verdict)
        assert outcome(d) == ("conclusion", "conclusion.at")
    d = strict()
    boxed(d, at=0)
    assert outcome(d) == ("conclusion", "conclusion.at")
