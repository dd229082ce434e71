"""Local minima near a point with units on their kinks: what the rule demands, one thing wrong at a time."""

from __future__ import annotations

import pytest
from cases.kernel_cases_near_kinks import COPIES, HINGE, NEAR, STEPS, copied_hinge, hinge, near_kinks
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome

RULE, PINS, HERE, RADIUS = (
    ("evidence", "rule"),
    ("evidence", "evidence.pins"),
    ("evidence", "conclusion.at"),
    ("evidence", "evidence.radius"),
)
CONCAVE = ("-1", "2", "-2", "4")
"""Targets at which the derivatives vanish with the slope 1/2 at the kink, but the output there is too small: the loss falls on both sides."""


@pytest.mark.parametrize(
    ("d", "expected"),
    [
        (lambda: near_kinks(hinge()), None),
        (lambda: near_kinks(hinge(NEAR)), None),
        (lambda: near_kinks(hinge(NEAR), radius="1/100000000"), RADIUS),
        (lambda: near_kinks(hinge(), pins=()), HERE),
        (lambda: near_kinks(hinge(), pins=((0, 0, "1/2"),)), HERE),
        (lambda: near_kinks(hinge(), pins=((0, 1, "9/10"),)), RADIUS),
        (lambda: near_kinks(hinge(), pins=((0, 1, "1"),)), PINS),
        (lambda: near_kinks(hinge(), pins=((0, 1, "0"),)), PINS),
        (lambda: near_kinks(hinge(), radius="1/2"), HERE),
        (lambda: near_kinks(hinge(Y=CONCAVE)), PINS),
        (lambda: near_kinks(hinge(decay=[["1", "1/9"], ["1/4", "1/7"]])), RADIUS),
        (lambda: near_kinks(hinge(decay=[["1/4", "1/9"], ["1", "1/7"]])), RADIUS),
        (lambda: near_kinks(hinge(Y=("1", "-1", "2", "2"))), RADIUS),
        (lambda: near_kinks(hinge(), fixed=[0]), ("evidence", "evidence.fixed")),
        (lambda: near_kinks(hinge(), pins=((0, 1, "1/2"), (0, 1, "1/2"))), ("evidence", "evidence.pins")),
        (lambda: near_kinks(hinge(), pins=((0, 1, "1/2"), (0, 0, "1/2"))), ("evidence", "evidence.pins")),
        (lambda: near_kinks(hinge(), pins=((1, 1, "1/2"),)), ("evidence", "evidence.pins[0][0]")),
        (lambda: near_kinks(hinge(), pins=((0, 4, "1/2"),)), ("evidence", "evidence.pins[0][1]")),
        (lambda: near_kinks(hinge(X=[*STEPS, ["0"]], Y=("1", "-2", "2", "2", "-2")), pins=((0, 4, "1/2"),)), ("evidence", "evidence.pins")),
        (lambda: near_kinks(hinge(output_activation="tanh")), RULE),
        (lambda: near_kinks(hinge([HINGE[0], HINGE[0], HINGE[1]], widths=(1, 1, 1, 1), decay=[["1/4", "1/9"]] * 3)), RULE),
        (lambda: near_kinks(hinge(decay=[["1/4", "0"], ["1/4", "0"]], bias="fixed", fixed_bias=[["0"], ["0"]])), RULE),
    ],
)  # fmt: skip
def test_hinges(d, expected):
    assert accepted(d()) if expected is None else outcome(d()) == expected


@pytest.mark.parametrize("activation", ["tanh", "hard-tanh", "identity", "power:2", "elu"])
def test_other_activations(activation):
    d = hinge()
    d.document["problem"]["activation"] = activation
    assert outcome(near_kinks(d)) == RULE


def test_without_decay_a_weight_of_each_unit_is_held():
    for fixed, expected in (([0], None), ([], ("evidence", "evidence.point")), ([1], ("evidence", "evidence.fixed"))):
        d = near_kinks(hinge([HINGE[0], layer([["3"]], ["0"])], Y=("1", "-2", "5", "5"), decay=None), fixed=fixed)
        assert accepted(d) if expected is None else outcome(d) in (expected, RADIUS)


def fold(f):
    """One unit of three inputs and two outputs, on its kink at the first sample; errors ``±f`` of the second output pull at the third input."""
    X = [["0", "1", "0"], ["1", "1", "0"], ["1", "-1", "0"], ["1", "0", "1"], ["1", "0", "-1"]]
    Y = [["-1", "0"], ["5/4", "0"], ["3/4", "0"], ["1", f"-{f}"], ["1", f]]
    point = [layer([["1"], ["0"], ["0"]], ["0"]), layer([["1", "0"]], ["0", "0"])]
    return Draft((3, 1, 2), X, Y, point, activation="relu", bias="none")


def test_the_loss_must_curve_upwards_along_the_kinks():
    """Along ``(w_3, v_2) = (s, t)`` J changes by ``s² + 2t² + 2f s t``, over 5, with w_2 = 0: a minimum for ``f² < 2`` alone."""
    for f, expected in (("1", None), ("7/5", None), ("3/2", HERE), ("3", HERE)):
        d = near_kinks(fold(f), pins=((0, 0, "1/2"),), fixed=[0])
        assert accepted(d) if expected is None else outcome(d) == expected


def test_dead_units_hold_what_does_not_decay():
    """A second unit, silent at all samples by a bias of the rate 0; with a rate above 0 the bias is no solution."""
    point = [layer([["1", "0"]], ["0", "-9"]), layer([["1"], ["0"]], ["0"])]
    assert accepted(near_kinks(hinge(point, widths=(1, 2, 1), decay=[["1/4", "0"], ["1/4", "1/7"]])))
    assert outcome(near_kinks(hinge(point, widths=(1, 2, 1)))) == RADIUS
    alive = [layer([["1", "0"]], ["0", "9"]), layer([["1"], ["0"]], ["0"])]
    assert outcome(near_kinks(hinge(alive, widths=(1, 2, 1), decay=[["1/4", "0"], ["1/4", "1/7"]])))[0] == "evidence"


def test_equal_inputs_pull_together():
    """Two samples at the kink with errors whose sum is 2, or −2 at the targets of the fall on both sides; each alone may have any sign."""
    X, rates = [["-1"], ["0"], ["0"], ["1"], ["2"]], [["1/5", "1/9"], ["1/5", "1/7"]]
    for Y, expected in (("1 -1 -1 2 2", None), ("1 5 -7 2 2", None), ("-1 1 1 -2 4", PINS), ("-1 -7 9 -2 4", PINS)):
        d = near_kinks(hinge(X=X, Y=tuple(Y.split()), decay=rates))
        assert accepted(d) if expected is None else outcome(d) == expected


@pytest.mark.parametrize(
    ("d", "expected"),
    [
        (lambda: copied_hinge(), None),
        (lambda: copied_hinge(fixed=[[0, 1]], pins=((1, 1, "1/2"),)), None),
        (lambda: copied_hinge(fixed=[[1, 1]], pins=((1, 1, "1/2"),)), ("evidence", "evidence.fixed")),
        (lambda: copied_hinge(fixed=[]), HERE),
        (lambda: copied_hinge(pins=((0, 1, "1/2"), (1, 1, "1/2"))), ("evidence", "evidence.fixed[0]")),
        (lambda: copied_hinge(fixed=[[2, 0], [3, 0]]), ("evidence", "evidence.fixed[1]")),
        (lambda: copied_hinge(fixed=[], pins=((0, 1, "1/2"), (1, 1, "1/2"))), RADIUS),
        (lambda: copied_hinge(pins=((1, 1, "1/2"),)), HERE),
        (lambda: copied_hinge([COPIES[0], layer([["3/5"], ["-4/5"]], ["0"])]), PINS),
        (lambda: copied_hinge([layer([["3/5", "-4/5"]], ["0", "0"]), COPIES[1]]), ("evidence", "evidence.fixed[0]")),
        (lambda: copied_hinge([layer([["3/5", "41/50"]], ["0", "0"]), COPIES[1]]), RADIUS),
        (lambda: copied_hinge([layer([["3/5", "4/5"]], ["0", "1/10"]), COPIES[1]]), RADIUS),
        (lambda: copied_hinge([layer([["3/5", "4/5"]], ["0", "0"]), layer([["4/5"], ["3/5"]], ["0"])]), RADIUS),
    ],
)
def test_copies_on_a_kink(d, expected):
    """All but the first are none: no partner that is pinned, a pin of a follower, another side, another factor of some of its weights."""
    if expected is RADIUS:
        assert outcome(d())[0] == "evidence"
    else:
        assert accepted(d()) if expected is None else outcome(d()) == expected


def test_copies_without_decay_are_not_held_in_pairs():
    d = near_kinks(hinge(COPIES, widths=(1, 2, 1), decay=None), fixed=[[2, 0]])
    assert outcome(d)[0] in ("schema", "evidence")
