"""Minima of cells: what the rule demands, one thing missing at a time."""

from __future__ import annotations

import pytest
from cases.kernel_cases_cells import EVEN_Y, FLAT, HILL_X, PLANE, at_rest, hill, least
from cases.kernel_cases_critical import exact
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome

RULE, HERE = ("evidence", "rule"), ("evidence", "conclusion.at")
TWO = [["0", "0"], ["3", "0"], ["0", "3"]]
ALONE = [layer([["1"]], ["2"]), layer([["0"]], ["1"])]
"""One active unit without output weights, and the best constant output."""


def claimed(d, kinked=True):
    least(d, exact(d, 0, (), [d.differentiable()] if kinked else ()))
    return d


def test_an_active_unit_needs_output_weights():
    """A saddle with v = 0, as v and w together lower the loss."""
    saddle = [layer([["0"]], ["1"]), layer([["0"]], ["1"])]
    assert outcome(claimed(hill(saddle, widths=(1, 1, 1), Y=[["0"], ["0"], ["3"]]))) == HERE


def test_or_errors_that_cancel():
    """No affine map is better than the best constant output, or one is."""
    assert accepted(claimed(hill(ALONE, widths=(1, 1, 1))))
    for Y in ([["0"], ["3"], ["1"]], [["1"], ["3"], ["0"]]):
        still = [layer([["0"]], ["2"]), layer([["0"]], ["4/3"])]
        assert outcome(claimed(hill(still, widths=(1, 1, 1), Y=Y))) == HERE


def test_a_dead_unit_needs_none():
    beside = [layer([["0", "0"]], ["2", "-1"]), layer([["1/100"], ["0"]], ["49/50"])]
    assert accepted(claimed(hill(beside)))


def test_two_outputs_need_two_units_of_a_pattern():
    cross, plane = [["1", "0"], ["-1", "0"], ["0", "1"], ["0", "-1"]], [["2", "0"], ["-2", "0"], ["0", "1"], ["0", "-1"]]
    parallel = [layer([["1", "1"], ["0", "0"]], ["5", "6"]), layer([["1", "0"], ["1", "0"]], ["-11", "0"])]
    for point, inputs, Y in ((PLANE, HILL_X, TWO), (parallel, cross, plane)):
        d = claimed(Draft((len(inputs[0]), 2, 2), inputs, Y, point, activation="relu"))
        assert accepted(d) if point is PLANE else outcome(d) == HERE
    shared, rising = [layer([["0"]], ["1"]), layer([["1", "1"]], ["0", "0"])], [["1/4", "3/4"], ["1/2", "1/2"], ["3/4", "1/4"]]
    for Y in (EVEN_Y, rising):
        d = claimed(hill(shared, widths=(1, 1, 2), Y=Y, error="softmax"))
        assert accepted(d) if Y is EVEN_Y else outcome(d) == HERE


ZEROS = [["0"]] * 3
NOT_MEANT = {
    "not convex": lambda: hill([layer([["1", "1"]], ["2", "3"]), layer([["1"], ["-1"]], ["1"])], Y=ZEROS, error="cauchy:1"),
    "output": lambda: hill([layer([["1", "1"]], ["2", "3"]), layer([["1"], ["-1"]], ["3"])], Y=[["2"]] * 3, output_activation="relu"),
    "deeper": lambda: hill([layer([["0"]], ["1"]), layer([["1"]], ["1"]), layer([["1"]], ["-1"])], widths=(1, 1, 1, 1)),
    "no hidden layer": lambda: hill([layer([["0"]], ["1"])], widths=(1, 1)),
}


@pytest.mark.parametrize("name", NOT_MEANT)
def test_networks_that_the_rule_is_not_about(name):
    assert outcome(claimed(NOT_MEANT[name](), name != "no hidden layer")) == RULE


def test_curved_units_are_on_no_piece():
    d = hill([layer([["0"]], ["1"]), layer([["0"]], ["1"])], widths=(1, 1, 1), activation="tanh")
    least(d, exact(d))
    assert outcome(d) == HERE


def test_the_premise_speaks_of_the_same_place():
    d = hill(FLAT, FLAT)
    least(d, exact(d, 0, (), [d.differentiable()]), at=1)
    assert outcome(d)[1].startswith("premises")


def test_samples_at_rest():
    """Only where z is 0 for all weights: not at another input, with a bias that moves, or behind a layer that gives more than 0."""
    assert accepted(at_rest_claimed())
    moving = [layer([["0"]], ["0"]), layer([["3/2"]], ["0"])]
    assert outcome(at_rest_claimed(inputs=(["1"], ["1"], ["1/9"]), point=moving)) == HERE
    assert outcome(at_rest_claimed(bias="trainable")) == HERE
    deep = [layer([["1"]], ["0"]), layer([["1"]], ["0"]), layer([["1"]], ["0"])]
    for activation, fixed, right in (("relu", ["0"], True), ("relu", ["1"], False)):
        d = Draft(
            (1, 1, 1, 1), [["0"], ["2"]], [["0"], ["1"]], deep, activation=activation, bias="fixed", fixed_bias=[fixed, ["-1"], ["0"]]
        )
        for k, b in enumerate((fixed, ["-1"], ["0"])):
            d.document["points"][0][k]["b"] = b
        d.differentiable()
        assert accepted(d) if right else outcome(d) == HERE


def at_rest_claimed(**options):
    d = at_rest(**options)
    d.differentiable()
    return d
