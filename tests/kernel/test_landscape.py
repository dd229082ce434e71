"""False or unsupported claims about whole landscapes: no critical point, infima that are not attained; each is rejected with its code and place."""

from __future__ import annotations

import pytest
from cases.kernel_cases_critical import infimum, loss_ball, nowhere
from cases.kernel_draft import EVERYWHERE, Draft, layer
from cases.kernel_outcomes import accepted, outcome

RULE = ("evidence", "rule")


def absent(direction, X=(["1"], ["-2"]), Y=(["1"], ["-1"]), widths=(1, 1), **options):
    d = Draft(widths, [list(x) for x in X], [list(y) for y in Y], **{"output_activation": "tanh", **options})
    nowhere(d, direction)
    return d


SOFTMAX = {"widths": (1, 2), "error": "softmax", "output_activation": "identity"}
CLASSES = (["1", "0"], ["0", "1"])


@pytest.mark.parametrize(
    ("direction", "changes"),
    [
        ([["1"], ["0"]], {}),
        ([["1"], ["0"]], {"Y": (["3"], ["-5/2"]), "error": "cauchy:1/4"}),
        ([["1"], ["1"]], {"Y": (["2"], ["-2"]), "output_activation": "arctan", "error": "blake-zisserman:1"}),
        ([["-1"], ["0"]], {"Y": (["0"], ["-3"]), "X": (["1"], ["2"]), "output_activation": "softplus"}),
        ([["1"], ["0"]], {"Y": (["1"], ["0"]), "error": "logistic", "output_activation": "identity"}),
        ([["1", "0"], ["0", "0"]], {"Y": CLASSES, **SOFTMAX}),
    ],
    ids=str,
)
def test_samples_that_are_separated(direction, changes):
    assert accepted(absent(direction, **changes))


@pytest.mark.parametrize("direction", [[["-1"], ["0"]], [["0"], ["0"]], [["1"], ["3"]]], ids=str)
def test_samples_that_are_not_separated_by_this_direction(direction):
    assert outcome(absent(direction)) == ("evidence", "evidence.direction")


@pytest.mark.parametrize(
    "changes",
    [
        {"Y": (["1"], ["-1/2"])},
        {"Y": (["3/2"], ["-1"]), "output_activation": "arctan"},
        {"output_activation": "identity"},
        {"output_activation": "sin"},
        {"output_activation": "relu", "Y": (["1"], ["0"])},
        {"widths": (1, 1, 1)},
        {"error": "logistic", "Y": (["1"], ["0"])},
        {"error": "logistic", "Y": (["1"], ["1/2"]), "output_activation": "identity"},
    ],
    ids=str,
)
def test_targets_that_the_output_reaches_or_may_reach(changes):
    assert outcome(absent([["1"], ["0"]], **changes)) == RULE


@pytest.mark.parametrize(
    ("direction", "changes", "expected"),
    [
        ([["0", "1"], ["0", "0"]], {}, ("evidence", "evidence.direction")),
        ([["1", "1"], ["1", "1"]], {}, ("evidence", "evidence.direction")),
        ([["1", "0"], ["0", "0"]], {"Y": (["1", "0"], ["1/2", "1/2"])}, RULE),
        ([["1", "0"], ["0", "0"]], {"output_activation": "tanh"}, RULE),
    ],
    ids=str,
)
def test_classes_of_softmax_that_are_not_separated(direction, changes, expected):
    assert outcome(absent(direction, **{**SOFTMAX, "Y": CLASSES, **changes})) == expected


def test_a_direction_is_about_weights_everywhere_and_of_their_shape():
    for direction in ([["1"]], [["1"], ["0"], ["0"]], [["1", "0"], ["0", "0"]], ["1", "0"], []):
        assert outcome(absent(direction))[0] == "schema"
    d = Draft((1, 1), [["1"], ["-2"]], [["1"], ["-1"]], [layer([["1"]], ["0"])], output_activation="tanh")
    d.claim("no-critical-point", "no-critical-point", 0, {}, (), {"direction": [["1"], ["0"]]})
    assert outcome(d) == ("conclusion", "conclusion.at")


@pytest.mark.parametrize(
    ("output", "Y", "error", "fine"),
    [
        ("tanh", [["1"], ["0"]], "squared", True),
        ("tanh", [["2"], ["0"]], "squared", False),
        ("arctan", [["8/5"], ["0"]], "squared", False),
        ("softplus", [["0"], ["7"]], "cauchy:1", True),
        ("gelu", [["-1"], ["0"]], "squared", False),
        ("elu", [["-1"], ["0"]], "squared", True),
        ("identity", [["1"], ["1/2"]], "logistic", True),
        ("tanh", [["1"], ["1/2"]], "logistic", False),
    ],
)
def test_an_infimum_is_approached(output, Y, error, fine):
    d = Draft((1, 1), [["0"], ["1"]], Y, output_activation=output, error=error)
    infimum(d, {"sample": 0, "output": 0})
    assert accepted(d) if fine else outcome(d) == ("premise", "premises")


def test_an_infimum_that_is_attained_is_not_claimed():
    d = Draft((1, 1), [["0"], ["1"]], [["1"], ["0"]], output_activation="tanh")
    rank = d.minor("Phi-0+")
    d.imply("infimum-by-rank", "infimum-not-attained", EVERYWHERE, {}, [rank, rank])
    assert outcome(d) == ("premise", "premises[0]")
    d = Draft((1, 1), [["0"], ["1"], ["2"]], [["1"], ["0"], ["0"]], output_activation="tanh")
    infimum(d, {"sample": 0, "output": 0})
    assert outcome(d) == ("premise", "premises")


STEEP, LINE = [layer([["4"]], ["1"])], [["1"], ["-2"]]
STEEP_CLASSES = [layer([["4", "0"]], ["1", "0"])]
NO_BIAS = [layer([["4"]], ["0"])]
ENDS = {"output_activation": "sigmoid"}


def by_loss(Y, upper="1/100", X=LINE, point=STEEP, widths=(1, 1), **options):
    d = Draft(widths, X, Y, point, **options)
    d.imply("infimum-by-loss", "infimum-not-attained", EVERYWHERE, {}, [loss_ball(d, "0", upper, 0, "0")])
    return d


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({"Y": [["1"], ["0"]], **ENDS}, True),
        ({"Y": [["1"], ["0"]], "upper": "31/500", **ENDS}, True),
        ({"Y": [["1"], ["0"]], "upper": "1/16", **ENDS}, False),
        ({"Y": [["1"], ["-1"]], "output_activation": "tanh"}, True),
        ({"Y": [["1"], ["0"]], "upper": "17/50", "error": "logistic"}, True),
        ({"Y": [["1"], ["0"]], "upper": "69/200", "error": "logistic"}, False),
        ({"Y": [["1", "0"], ["0", "1"]], "point": STEEP_CLASSES, "widths": (1, 2), "error": "softmax"}, True),
    ],
    ids=str,
)
def test_a_loss_that_is_small_enough_shows_that_the_infimum_is_approached(changes, fine):
    """The bounds are T J < (u − l)²/8 for squares and 69/100 for cross-entropies: 1/16 and 69/200 for each of two samples are not below them."""
    d = by_loss(**changes)
    assert accepted(d) if fine else outcome(d) == ("premise", "premises")


@pytest.mark.parametrize(
    "changes",
    [
        {"Y": [["1"], ["1/16"]], **ENDS},
        {"Y": [["1"], ["0"]], "upper": "1/10", "output_activation": "hard-tanh", "X": [["1"], ["-1/4"]]},
        {"Y": [["1"], ["0"]], "error": "cauchy:1", **ENDS},
        {"Y": [["1"], ["0"]], "bias": "none", "point": NO_BIAS, **ENDS},
        {"Y": [["1"], ["1/16"]], "upper": "1/2", "error": "logistic"},
        {"Y": [["1"], ["1"]], "error": "softmax"},
        {"Y": [["1"], ["0"]], "bias": "fixed", "fixed_bias": [["1"]], "error": "logistic"},
    ],
    ids=["inside the range", "an attained end", "another error", "no bias to turn about", "soft targets", "one class", "a fixed bias"],
)
def test_a_small_loss_shows_no_more_than_that(changes):
    assert outcome(by_loss(**changes)) == ("premise", "premises")


def test_a_range_is_left_by_targets_beyond_it_only():
    for output, error, y, fine in (
        ("tanh", "squared", "1", True), ("tanh", "squared", "99/100", False), ("sin", "squared", "1", False), ("sin", "squared", "101/100", True),
        ("relu", "squared", "0", False), ("relu", "squared", "-1/1000", True), ("softplus", "cauchy:1", "0", True), ("identity", "squared", "5", False),
        ("identity", "logistic", "1", True), ("identity", "logistic", "1/2", False), ("power:2", "squared", "-1", True), ("arctan", "squared", "8/5", True),
        ("arctan", "squared", "157/100", False), ("gelu", "squared", "-1", True), ("gelu", "squared", "-1/100", False),
    ):  # fmt: skip
        d = Draft((1, 2, 1), [["1"]], [[y]], output_activation=output, error=error)
        d.claim("unlearnable-range", "exact-learning", EVERYWHERE, {}, (), {"sample": 0, "output": 0}, verdict="REFUTED")
        assert accepted(d) if fine else outcome(d) == ("evidence", "evidence.output"), (output, y)


def empty_list(premise, **change):
    """The list without points, of separable samples, from a premise."""
    d = Draft((1, 1), [["1"], ["-2"]], [["1"], ["0"]], error="logistic", bias="none")
    none = {"points": 0, "no_minima": 0, "known_global": 0, "global": None}
    facts = {"whole": True, "attained": False, "bounds": [], "minima": False, **none, **change}
    d.imply("empty-list", "complete-list", EVERYWHERE, facts, [premise(d)])
    return d


@pytest.mark.parametrize(
    "change",
    [{"points": 1}, {"whole": False}, {"attained": True}, {"minima": True}, {"bounds": ["1"]}, {"known_global": 1}, {"global": 0}],
    ids=str,
)
def test_an_empty_list_is_about_all_critical_points(change):
    assert accepted(empty_list(lambda d: nowhere(d, [["1"]])))
    code, place = outcome(empty_list(lambda d: nowhere(d, [["1"]]), **change))
    assert (code, place) == ("conclusion", f"conclusion.facts.{next(iter(change))}")


def test_an_empty_list_needs_that_there_is_no_critical_point():
    found = outcome(empty_list(lambda d: d.claim("record", "principle-error", EVERYWHERE, {"error": "logistic"}, (), {})))
    assert found[0] == "premise"
