"""Weights on kinks: what the rule demands, one thing missing at a time."""

from __future__ import annotations

from fractions import Fraction

import pytest
from cases.kernel_cases_critical import exact, loss_exact, summary
from cases.kernel_cases_kinks import HINGE, IDLE, LOG3, STEP_Y, ahead, bent, blind, falls, falls_ahead, least
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome

RULE, HERE = ("evidence", "rule"), ("evidence", "conclusion.at")


def of_unit(k):
    return ("evidence", f"evidence.multipliers[{k}]")


def claimed(d, multipliers=(("1/2",), ())):
    least(d, [list(row) for row in multipliers])
    return d


def shifted(i, change):
    """The targets of the hinge, one of them changed."""
    return [[str(int(y) + change * (k == i))] for k, (y,) in enumerate(STEP_Y)]


def test_a_multiplier_is_one_number_between_the_slopes():
    assert accepted(claimed(bent()))
    for wrong in ("1/4", "1", "0"):
        assert outcome(claimed(bent(), ((wrong,), ()))) == of_unit(0)
    assert outcome(claimed(bent(), (("1/2", "1/2"), ()))) == ("schema", "evidence.multipliers[0]")
    assert outcome(claimed(bent(), (("1/2",), ("0",)))) == ("schema", "evidence.multipliers[1]")
    assert outcome(claimed(bent(), (("1/2",),))) == ("schema", "evidence.multipliers")


@pytest.mark.parametrize(
    ("e", "d", "holds"), [("1", "1", True), ("99/100", "1", False), ("2", "0", True), ("2", "-1/100", False), ("-2", "-1", False)]
)
def test_a_multiplier_just_outside_is_refused(e, d, holds):
    """The hinge and targets with the residuals d − e, e, −2d, d, which balance with the multiplier d/e."""
    e, d = Fraction(e), Fraction(d)
    draft = claimed(bent(Y=[[str(y)] for y in (e - d, -e, 3 + 2 * d, 6 - d)]), ((str(d / e),), ()))
    assert accepted(draft) if holds else outcome(draft) in (of_unit(0), HERE)


@pytest.mark.parametrize("i", range(4))
def test_all_other_derivatives_vanish(i):
    assert outcome(claimed(bent(Y=shifted(i, 1)))) in (HERE, of_unit(0))


def test_the_loss_rises_on_both_sides_of_a_kink():
    """The hinge and its targets turned over: the output weight −3, and still a minimum; the targets alone turned over: none."""
    over = [["-1"], ["2"], ["-5"], ["-5"]]
    turned = [HINGE[0], layer([["-3"], ["0"]], ["0"])]
    assert accepted(claimed(bent(turned, Y=over)))
    higher = [["-1"], ["2"], ["1"], ["7"]]
    assert outcome(claimed(bent(Y=higher))) == HERE


def test_a_unit_without_output_weights_stays_on_no_kink():
    """Its residual there would have to be 0."""
    idle = [layer([["1", "1"]], ["0", "0"]), layer([["3"], ["0"]], ["0"])]
    assert outcome(claimed(bent(idle), (("1/2",), ("1/2",)))) == HERE


NOT_MEANT = {
    "not convex": {"error": "cauchy:1"},
    "output": {"output_activation": "relu"},
    "curved": {"activation": "tanh"},
    "curved on one side": {"activation": "elu"},
}


@pytest.mark.parametrize("name", NOT_MEANT)
def test_networks_that_the_rule_is_not_about(name):
    assert outcome(claimed(bent(**NOT_MEANT[name]))) == RULE


def test_deep_networks_have_no_such_minima():
    deep = [*HINGE[:1], layer([["1"], ["0"]], ["0"]), layer([["3"]], ["0"])]
    assert outcome(claimed(bent(deep, widths=(1, 2, 1, 1)))) == RULE


def test_the_side_of_a_z_is_exact():
    beside = [layer([["1", LOG3]], ["0", "-1"]), HINGE[1]]
    assert outcome(claimed(bent(beside))) == HERE


DOWN = ["0", "1", "0", "0", "0", "0", "0"]


def test_a_direction_must_lead_down():
    low = [["-1"], ["2"], ["5"], ["5"]]
    for direction in (["0", "-1", *DOWN[2:]], ["0"] * 7):
        d = bent(Y=low)
        falls(d, direction)
        assert outcome(d) == ("evidence", "evidence.coefficient")
    d = bent()
    falls(d, DOWN)
    assert outcome(d) == ("evidence", "evidence.coefficient")


def test_a_direction_has_an_entry_for_each_weight():
    d = bent(Y=[["-1"], ["2"], ["5"], ["5"]])
    falls(d, DOWN[:-1])
    assert outcome(d) == ("schema", "evidence.curve[0][1]")


def test_only_such_a_minimum_stands_for_a_vanishing_gradient():
    d = bent()
    summary(d, "local-minimum", ("5/4", "5/4"), (0, 0, 0, 7), (0, 4), [least(d, [["1/2"], []]), loss_exact(d, "5/4")])
    assert accepted(d)
    d = bent()
    summary(d, "undecided", ("5/4", "5/4"), (0, 0, 0, 7), (0, 4), [least(d, [["1/2"], []]), loss_exact(d, "5/4")])
    assert outcome(d)[0] == "conclusion"
    d = bent()
    found = least(d, [["1/2"], []])
    summary(d, "local-minimum", ("5/4", "5/4"), (0, 0, 0, 7), (0, 4), [found, loss_exact(d, "5/4"), found])
    assert outcome(d)[0] == "premise"
    d = bent()
    loss = loss_exact(d, "5/4")
    summary(d, "undecided", ("5/4", "5/4"), (0, 0, 0, 7), (0, 4), [loss, loss])
    assert outcome(d)[0] == "premise"


BY_THE_BEND = {"X": ("1", "2"), "Y": ("-20", "10")}


@pytest.mark.parametrize(
    ("direction", "coefficient", "place"),
    [
        (("-1", "0"), "-35/4", None),
        (("-2", "0"), "-35", None),
        (("-1", "0"), "-8750001/1000000", "evidence.coefficient"),
        (("1", "0"), "-1/1000000", "evidence.coefficient"),
        (("0", "1"), "-1/1000000", "evidence.coefficient"),
        (("0", "0"), "-1/1000000", "evidence.coefficient"),
        (("-1", "0"), "0", "evidence.coefficient"),
        (("-1", "0"), "1", "evidence.coefficient"),
        (("-1", "1/100"), "-35/4", None),
    ],
)
def test_the_side_to_which_a_line_leads(direction, coefficient, place):
    """Softsign falls below its tangent on the right, and rises above it on the left."""
    d = blind(IDLE, **BY_THE_BEND)
    falls_ahead(d, direction, coefficient)
    assert accepted(d) if place is None else outcome(d) == ("evidence", place)


def test_a_line_on_both_sides_of_zero():
    """Two samples: one z goes up, the other down; the same inputs with other signs, and targets as well, give the same loss."""
    d = blind(IDLE, X=("-1", "2"), Y=("20", "10"))
    falls_ahead(d, ("-1", "0"), "-35/4")
    assert accepted(d)
    d = blind(IDLE, X=("-1", "2"), Y=("-20", "-10"))
    falls_ahead(d, ("-1", "0"), "-1/1000")
    assert outcome(d) == ("evidence", "evidence.coefficient")


def test_one_sided_descent_of_elu():
    """``e^z − 1`` on the left of 0 has the second derivative 1, z on the right none: 45/4 becomes 5/4, and −35/4 becomes −10/2 + 5/4 = −15/4."""
    for direction, coefficient, fine in ((("-1", "0"), "-15/4", True), (("-1", "0"), "-4", False), (("1", "0"), "-1/1000", False)):
        d = blind(IDLE, "elu", X=("1", "2"), Y=("-20", "10"))
        falls_ahead(d, direction, coefficient)
        assert accepted(d) if fine else outcome(d) == ("evidence", "evidence.coefficient")


@pytest.mark.parametrize(("coefficient", "fine"), [("-7/2", True), ("-18/5", False)])
def test_one_sided_descent_with_an_output_on_its_kink(coefficient, fine):
    d = blind(output_activation="softsign")
    falls_ahead(d, coefficient=coefficient)
    assert accepted(d) if fine else outcome(d) == ("evidence", "evidence.coefficient")


@pytest.mark.parametrize(("sign", "fine"), [("1", True), ("-1", False)])
def test_a_z_may_leave_its_kink_by_an_irrational_number(sign, fine):
    """F = log 3 relu(w) at ``w = 0`` and the target ±1: along ``w = t log 3`` in the second layer it falls by ``(log 3)² t`` where that is up."""
    point = [layer([[LOG3]], ["0"]), layer([["0"]], ["0"]), layer([["1"]], ["0"])]
    d = Draft((1, 1, 1, 1), [["1"]], [[sign]], point, activation="relu", bias="none")
    falls(d, ["0", "1", "0"], rigor="BALL", coefficient="-1")
    assert accepted(d) if fine else outcome(d) == ("evidence", "evidence.coefficient")
    d = Draft((1, 1, 1, 1), [["1"]], [[sign]], point, activation="relu", bias="none")
    falls(d, ["0", "-1", "0"], rigor="BALL", coefficient="-1/1000000")
    assert outcome(d) == ("evidence", "evidence.coefficient")


def test_a_line_of_higher_order_on_one_side():
    """``J = (1 − u relu(v relu(w)))²/2`` at 0 falls along the diagonal by ``t³``, to the other side not at all."""
    for direction, fine in ((("1", "1", "1"), True), (("1", "1", "-1"), False), (("-1", "1", "1"), False)):
        d = Draft((1, 1, 1, 1), [["1"]], [["1"]], [layer([["0"]], ["0"])] * 3, activation="softsign", bias="none")
        found = exact(d)
        evidence = ahead(direction, 3, "-1")
        d.claim("descent", "higher-order-descent", 0, {"order": 3, "coefficient": "-1", "radius": "0"}, [found], evidence)
        assert accepted(d) if fine else outcome(d) == ("evidence", "evidence.coefficient")
