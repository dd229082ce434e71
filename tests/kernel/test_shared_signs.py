"""Hidden units that share their signs, and linear networks with one hidden layer: what the kernel accepts, and every hypothesis missed once."""

from __future__ import annotations

import pytest
from cases.kernel_cases_theorems import ASKED, region
from cases.kernel_draft import EVERYWHERE, XOR_X, Draft
from cases.kernel_outcomes import accepted, outcome

RULE = ("evidence", "rule")


def gated(direction=("1",), fit=(("1",),), loss="1/6", **changes):
    """The region of shared signs of `valley_of_relu`, or another."""
    given = {"widths": (1, 2, 1), "X": [["-1"], ["0"], ["2"]], "Y": [["1"], ["0"], ["2"]], "activation": "relu", "bias": "none", **changes}
    d = Draft(given.pop("widths"), given.pop("X"), given.pop("Y"), **given)
    region(d, "linear-region", loss, map=[list(row) for row in fit], direction=list(direction))
    return d


def test_the_direction_chooses_which_samples_the_units_see():
    assert accepted(gated())
    assert accepted(gated(("-1",), (("-1",),), "2/3"))
    assert outcome(gated(("-1",))) == ("evidence", "evidence.map")
    assert outcome(gated(loss="1/5")) == ("evidence", "evidence.loss")
    assert outcome(gated(("0",))) == ("evidence", "evidence.direction")


@pytest.mark.parametrize(
    "changes",
    [
        {"widths": (1, 1, 1)},
        {"widths": (1, 2, 2, 1)},
        {"activation": "hard-tanh"},
        {"activation": "elu"},
        {"activation": "identity"},
        {"activation": "power:1"},
        {"error": "logistic", "Y": [["1"], ["0"], ["1"]]},
        {"bias": "fixed", "fixed_bias": [["0", "0"], ["0"]]},
    ],
    ids=str,
)
def test_shared_signs_need_lines_through_0_and_a_unit_to_spare(changes):
    assert outcome(gated(**changes)) == RULE


def test_one_unit_more_than_the_smaller_side_is_enough():
    """Two outputs of one input need two units, as one input is the smaller side."""
    assert accepted(gated(fit=(("1", "0"),), widths=(1, 2, 2), Y=[["1", "0"], ["0", "0"], ["2", "0"]]))
    plane = {"X": [["1", "0"], ["0", "1"]], "Y": [["1", "0"], ["0", "-1"]]}
    fit = (("1", "0"), ("0", "-1"))
    assert accepted(gated(("1", "1"), fit, "0", widths=(2, 3, 2), **plane))
    assert outcome(gated(("1", "1"), fit, "0", widths=(2, 2, 2), **plane)) == RULE


def shallow(**changes):
    given = {"widths": (2, 1, 2), "activation": "identity", **changes}
    d = Draft(given.pop("widths"), XOR_X, given.pop("Y", [["0", "1"], ["1", "1"], ["1", "1"], ["2", "1"]]), **given)
    found = d.imply("shallow-linear", "shallow-linear", EVERYWHERE, {}, [])
    d.imply("by-shallow-linear", ASKED, EVERYWHERE, {}, [found])
    return d


@pytest.mark.parametrize("changes", [{}, {"bias": "none"}, {"widths": (2, 5, 2)}], ids=str)
def test_shallow_linear_networks_are_decided_at_every_width(changes):
    assert accepted(shallow(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"widths": (2, 1, 1, 2)},
        {"activation": "tanh"},
        {"activation": "leaky-relu:1/2"},
        {"output_activation": "tanh"},
        {"error": "cauchy:1"},
        {"error": "smooth-l1:1"},
        {"bias": "fixed", "fixed_bias": [["1"], ["0", "0"]]},
    ],
    ids=str,
)
def test_no_more_than_shallow_linear_networks_is_decided(changes):
    draft = shallow(**changes)
    draft.undo()
    assert outcome(draft) == ("premise", "premises")
