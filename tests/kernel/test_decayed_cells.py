"""Minima of cells, of dead layers and on kinks with weight decay: what the rules demand, one thing missing at a time."""

from __future__ import annotations

import pytest
from cases.kernel_cases_critical import exact
from cases.kernel_cases_decay import ON_A_KINK, STEPS, TURNED_UNITS, decayed_cell, decayed_hinge, idle_cell
from cases.kernel_cases_kinks import falls
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome

RULE, HERE = ("evidence", "rule"), ("evidence", "conclusion.at")
ONE = [layer([["1"]], ["0"]), layer([["1"]], ["0"])]
"""``J = (vw − y)²/2 + (κv² + λw²)/2`` is critical at 1, 1 where ``1 − y + κ = 1 − y + λ = 0``."""


def one_unit(decay, y, point=ONE, **options):
    return decayed_cell(point, widths=(1, 1, 1), Y=([y],), decay=decay, **options)


@pytest.mark.parametrize(
    ("d", "expected"),
    [
        (lambda: one_unit([["1", "0"], ["1", "0"]], "2"), None),
        (lambda: one_unit([["1", "0"], ["1", "0"]], "2", activation="leaky-relu:1/2"), None),
        (lambda: one_unit([["0", "0"], ["0", "1"]], "1", bias="trainable"), RULE),
        (lambda: one_unit([["1", "0"], ["1", "0"]], "2", activation="identity"), RULE),
        (lambda: one_unit([["1", "0"], ["1", "0"]], "2", activation="power:1"), RULE),
        (lambda: one_unit([["1", "0"], ["1", "0"]], "2", bias="fixed", fixed_bias=[["0"], ["0"]]), RULE),
        (lambda: one_unit([["1/2", "0"], ["1/2", "0"]], "3/4", [layer([["1/2"]], ["0"])] * 2, activation="hard-tanh"), RULE),
        (lambda: idle_cell("1000000001/1000000000"), None),
        (lambda: idle_cell("1"), HERE),
        (lambda: idle_cell("99/100"), HERE),
        (lambda: idle_cell([["1/2", "0"], ["201/100", "0"]]), None),
        (lambda: idle_cell([["1/2", "0"], ["199/100", "0"]]), HERE),
        (lambda: idle_cell([["2", "0"], ["0", "0"]]), RULE),
        (lambda: idle_cell([["0", "0"], ["2", "0"]]), RULE),
        (lambda: idle_cell(activation="leaky-relu:1/2"), None),
    ],
)
def test_cells(d, expected):
    assert accepted(d()) if expected is None else outcome(d()) == expected


def test_two_outputs_need_two_units_of_a_pattern():
    """One output weight vector is an eigenvector of ``QᵀQ``; the other eigenvalue is above the rate here, and J falls that way."""
    point = [layer([["1"], ["0"]], ["0"]), layer([["1", "0"]], ["0", "0"])]
    d = decayed_cell(point, widths=(2, 1, 2), X=[["1", "1"], ["1", "-1"]], Y=[["2", "9"], ["2", "-9"]], decay="1")
    assert outcome(d) == HERE


def test_points_that_the_penalty_leaves_are_no_premise():
    """The same weights with a rate changed by a little are not critical."""
    for rates in ([["1", "0"], ["1000000001/1000000000", "0"]], [["2", "0"], ["1", "0"]]):
        d = decayed_cell(TURNED_UNITS, decay=rates)
        d.undo()
        assert outcome(d) == HERE


SILENT = [layer([["0"]], ["-1"]), layer([["0"]], ["1"]), layer([["0"]], ["0"])]


def dead(decay, point=SILENT, widths=(1, 1, 1, 1), Y=(["-1"], ["0"], ["1"]), found=1, **options):
    d = Draft(widths, [["-1"], ["0"], ["1"]], list(Y), point, activation="relu", decay=decay, **options)
    premise = exact(d, 0, (), [d.differentiable()])
    d.claim("dead-layer", "local-minimum", 0, {"radius": "0"}, [premise], {"layer": found, "precision": 64}, "BALL")
    return d


def test_dead_layers():
    free, held = ["1/3", "0"], ["1/3", "1/5"]
    assert accepted(dead([free, free, free]))
    assert outcome(dead([free, free, held])) == RULE
    last = [layer([["0"]], ["1"]), layer([["0"]], ["-1"]), layer([["0"]], ["0"])]
    assert accepted(dead([free, free, held], last, found=2))
    pulled = [layer([["0"]], ["-1"]), layer([["0"]], ["1/2"])]
    assert accepted(dead([free, ["1/3", "1"]], pulled, (1, 1, 1), Y=[["1"]] * 3))
    constant = [layer([["0"]], ["-1"]), layer([["0"]], ["-2"])]
    assert accepted(dead([free, free], constant, (1, 1, 1), found=2, output_activation="relu"))


UNIT = ("evidence", "evidence.multipliers[0]")
QUARTER = ("1/4", "0")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"decay": (QUARTER, QUARTER)}, None),
        ({"decay": (("1/4", "100"), ("1/4", "1/1000"))}, None),
        ({"decay": (("1000000001/4000000000", "0"), QUARTER)}, UNIT),
        ({"decay": (QUARTER, ("999999999/4000000000", "0"))}, UNIT),
        ({"decay": (("0", "0"), QUARTER)}, UNIT),
        ({"decay": (QUARTER, ("0", "0"))}, UNIT),
        ({"decay": (("0", "0"), ("0", "1"))}, UNIT),
        ({"multipliers": (["1/3"],)}, UNIT),
        ({"multipliers": (["0"],)}, UNIT),
        ({"Y": ("1", "2", "2", "2"), "multipliers": (["-1/2"],)}, ("evidence", "conclusion.at")),
        ({"Y": ("2", "-2", "2", "2")}, HERE),
        ({"activation": "leaky-relu:1/8", "Y": ("7/8", "-2", "2", "2"), "multipliers": (["9/16"],)}, UNIT),
        ({"point": [layer([["1"]], ["0"]), layer([["1"]], ["1"])], "Y": ("2", "-1", "3", "3")}, HERE),
        ({"point": [layer([["1"]], ["0"]), layer([["1"]], ["1"])], "Y": ("2", "-1", "3", "3"), "decay": (QUARTER, QUARTER)}, None),
        ({"point": [layer([["1"]], ["0"]), layer([["1"]], ["1"])], "Y": ("18/7", "-1", "3", "3")}, None),
    ],
    ids=str,
)
def test_kinks(changes, expected):
    d = decayed_hinge(**changes)
    assert accepted(d) if expected is None else outcome(d) == expected


def test_a_unit_that_gains_more_than_it_costs_is_no_minimum():
    """Two outputs: the first as before; in the second, which the unit does not see yet, its outputs would help, more than the rate 1/4 costs."""
    point = [layer([["1"]], ["0"]), layer([["1", "0"]], ["0", "0"])]
    for share, expected in ((0, None), (1, UNIT)):
        second = [0, 0, 2 * share, -share]  # orthogonal to the outputs 0, 0, 1, 2 of the unit, but not to its slopes
        Y = [[y, str(e)] for y, e in zip(("1", "-2", "2", "2"), second, strict=True)]
        Y[0][1] = str(-sum(second))
        d = decayed_hinge(Y=Y, point=point, widths=(1, 1, 2), decay=(QUARTER, QUARTER))
        assert accepted(d) if expected is None else outcome(d) == expected


def test_errors_that_are_not_rational_are_left_open():
    log3 = ["0", [[["log", "3"], "1"]]]
    point = [layer([["1"]], ["0"]), layer([[log3]], ["0"])]
    d = decayed_hinge([["0"]], Y=("1/2", "1/4", "3/4", "9/10"), point=point, error="logistic")
    assert outcome(d)[0] == "evidence"


@pytest.mark.parametrize(("direction", "holds"), [("-1", True), ("0", False), ("1", False)])
def test_the_penalty_counts_in_a_descent(direction, holds):
    d = Draft((1, 1, 1), STEPS, [["1"], ["-2"], ["2"], ["2"]], ON_A_KINK, activation="relu", decay=[["1/4", "0"], ["1001/4000", "0"]])
    falls(d, ["0", "0", direction, "0"])
    assert accepted(d) if holds else outcome(d) == ("evidence", "evidence.coefficient")
