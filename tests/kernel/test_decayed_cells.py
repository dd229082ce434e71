"""Minima of cells and of dead layers with weight decay: what the rules demand, one thing missing at a time."""

from __future__ import annotations

import pytest
from cases.kernel_cases_critical import exact
from cases.kernel_cases_decay import TURNED_UNITS, decayed_cell, idle_cell
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
