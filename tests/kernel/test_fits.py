"""Best fits of a bounded rank: what the rule demands, one thing missing at a time."""

from __future__ import annotations

import pytest
from cases.kernel_cases_fits import BESIDE, BESIDE_OFFSETS, BESIDE_REST, DEEP, DEEP_REST, REST, TURNED, UNIT, beside, fitted, square
from cases.kernel_draft import layer
from cases.kernel_outcomes import accepted, outcome

RULE, HERE, LEVEL = ("evidence", "rule"), ("evidence", "conclusion.at"), ("evidence", "evidence.between")
STRETCHED = [["1", "0"], ["0", "2"]]
LARGER, SMALLER = ([layer([[a], [b]], ["0"]), layer([[a, str(2 * int(b))]], ["0", "0"])] for a, b in (("0", "1"), ("1", "0")))


def stretched(point, rest, level):
    d = square(point, Y=STRETCHED)
    fitted(d, rest=rest, level=level)
    return d


def test_the_larger_singular_value_is_kept():
    """A level strictly between the squares 1 and 4, or one of them; never with the smaller one kept, which is a saddle."""
    kept, lost = [["-1", "0"], ["0", "0"]], [["0", "0"], ["0", "-2"]]
    for level in ("1", "5/2", "4"):
        assert accepted(stretched(LARGER, kept, level))
        assert outcome(stretched(SMALLER, lost, level)) == LEVEL
    for level in ("99999/100000", "400001/100000", "-1", "0"):
        assert outcome(stretched(LARGER, kept, level)) == LEVEL


@pytest.mark.parametrize("last", ["1", "1000000001/1000000000"])
def test_a_turned_fit_needs_equal_singular_values(last):
    Y = [["1", "0"], ["0", last]]
    rest = [REST[0], [REST[1][0], "-9/25" if last == "1" else "-360000001/1000000000"]]
    d = square(Y=Y)
    fitted(d, rest=rest)
    assert accepted(d) if last == "1" else outcome(d) == HERE


def test_what_is_left_has_to_be_all_that_is_left():
    for rest in ([["0", "0"], ["0", "0"]], [["-16/25", "12/25"], ["12/25", "-8/25"]], [["16/25", "-12/25"], ["-12/25", "9/25"]]):
        d = square()
        fitted(d, rest=rest)
        assert outcome(d) == ("evidence", "evidence.rest")


def test_a_unit_that_is_free_spoils_a_fit_of_smaller_rank():
    """Two units, one of them idle: the loss falls where the idle one takes the rest."""
    idle = [layer([["3/5", "0"], ["4/5", "0"]], ["0", "0"]), layer([["3/5", "4/5"], ["0", "0"]], ["0", "0"])]
    d = square(idle, widths=(2, 2, 2))
    fitted(d, units=(0, 1))
    assert outcome(d) == LEVEL


def test_all_of_the_rank_is_an_exact_fit():
    both = [layer([["1", "0"], ["0", "1"]], ["0", "0"]), layer([["1", "0"], ["0", "1"]], ["0", "0"])]
    for level in ("0", "1"):
        d = square(both, widths=(2, 2, 2))
        fitted(d, units=(0, 1), rest=[["0", "0"], ["0", "0"]], level=level)
        assert accepted(d)


def test_the_mean_has_to_be_fitted():
    off = [*DEEP[:2], layer(DEEP[2]["W"], ["2/25", "-1/25"])]
    corners = [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"]]
    for point, offsets, place in ((off, "-1/2", HERE), (DEEP, "-1/3", ("evidence", "evidence.offsets"))):
        d = square(point, corners, corners, (2, 1, 1, 2), bias="trainable")
        fitted(d, offsets=[[offsets, "-1/2"]], rest=DEEP_REST)
        assert outcome(d) == place


def beside_claimed(d, units=(0,), statement="local-minimum"):
    fitted(d, units, BESIDE_OFFSETS, BESIDE_REST, statement=statement)
    return d


def test_all_units_with_the_same_slopes_count():
    """A copy of the unit that fits two samples makes room for a fit of rank 2."""
    copied = [
        layer([["3/5", "-1", "3/5"], ["4/5", "-1", "4/5"]], ["0"] * 3),
        layer([["1/2", "1/2"], ["1/2", "1"], ["1/10", "3/10"]], ["0", "0"]),
    ]
    d = square(copied, X=[*UNIT, ["-1", "-1"]], Y=[*UNIT, ["1", "2"]], widths=(2, 3, 2), activation="relu")
    fitted(d, (0,), [*BESIDE_OFFSETS, ["0", "0"]], BESIDE_REST, statement="local-minimum")
    assert outcome(d) == ("evidence", "evidence.units")
    assert outcome(beside_claimed(beside(), (0, 1))) == ("evidence", "evidence.units")


def test_the_other_units_have_nothing_to_gain():
    unfitted = [BESIDE[0], layer([["3/5", "4/5"], ["1/2", "2"]], ["0", "0"])]
    assert outcome(beside_claimed(beside(unfitted))) == HERE


def test_a_unit_on_its_kink_is_in_no_cell():
    edge = [layer([["3/5", "-1"], ["4/5", "0"]], ["0", "0"]), layer([["3/5", "4/5"], ["1", "2"]], ["0", "0"])]
    assert outcome(beside_claimed(beside(edge))) == HERE


NOT_MEANT = {
    "not linear everywhere": lambda: beside_claimed(beside(), (0, 1), "global"),
    "not all units": lambda: beside_claimed(beside(activation="identity"), (0,), "global"),
    "another error": lambda: square(error="cauchy:1"),
    "an output activation": lambda: square(output_activation="leaky-relu:1/2"),
    "no hidden layer": lambda: square([layer([["1", "0"], ["0", "1"]], ["0", "0"])], widths=(2, 2)),
}


@pytest.mark.parametrize("name", NOT_MEANT)
def test_networks_that_the_rule_is_not_about(name):
    d = NOT_MEANT[name]()
    if not d.document["steps"]:
        fitted(d)
    assert outcome(d) == RULE


def test_decay():
    d = square(decay=[["1", "0"], ["1", "0"]])
    fitted(d)
    assert outcome(d) == ("rule", "rule")


def test_cells_of_one_hidden_layer_only():
    d = square([*BESIDE[:1], layer([["1"], ["1"]], ["0"]), layer([["3/5", "4/5"]], ["0", "0"])], widths=(2, 2, 1, 2), activation="relu")
    fitted(d, statement="local-minimum")
    assert outcome(d) == RULE


def test_irrational_values():
    log = ["0", [[["log", "2"], "1"]]]
    d = square([layer([[log], ["4/5"]], ["0"]), TURNED[1]])
    fitted(d)
    assert outcome(d) == HERE


def test_a_fixed_output_bias_is_no_part_of_a_fit():
    """The unit fits the constant 1/10, which is less than what is left, so the point is a saddle; with the bias 10 it is more."""
    for bias, small in (("10", "1/10"), ("0", "101/10")):
        point = [layer([["1"], ["1"]], ["0"]), layer([[small, "0"]], [bias, "0"])]
        Y = [["101/10", "-1"], ["101/10", "1"]]
        d = square(point, Y=Y, bias=["none", "fixed"], fixed_bias=[None, [bias, "0"]])
        fitted(d, offsets=[["0", "0"]], rest=[["0", "1"], ["0", "-1"]], level="2", statement="local-minimum")
        assert outcome(d) == LEVEL if bias == "10" else accepted(d)
