"""Losses whose infimum is approached and never attained: claimed, and told in the first sentences of reports and maps; and not claimed where it is attained."""

from __future__ import annotations

import pytest
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp

PROVED, UNDECIDED = lp.Verdict.PROVED, lp.Verdict.UNDECIDED
NO_MINIMUM = "has no local minimum at all"
NOT_ATTAINED = "infimum of J is approached and never attained"
SIDES = [[0, 1], [1, 0], [1, 0], [0, 1]]
ENDS = [[-1], [1], [1], [-1]]
SEPARABLE_X = [[-2], [-1], [1], [3]]


def first_sentences(shown):
    """The conclusion as a report or a map shows it, on one line."""
    text = " ".join(str(shown).split())
    return text[text.index("Is every local minimum global?") :][:600]


@pytest.mark.parametrize(
    ("widths", "Y", "options"),
    [
        ("2-2-1", XOR_Y, {"output_activation": "sigmoid"}),
        ("2-4-1", XOR_Y, {"output_activation": "sigmoid"}),
        ("2-2-1", ENDS, {"output_activation": "tanh"}),
        ("2-2-1", XOR_Y, {"error": "logistic"}),
    ],
    ids=str,
)
def test_xor_with_targets_at_the_ends_has_no_local_minimum(widths, Y, options):
    """parallelogram says that no minimum is bad, and the infimum is not attained; narrow networks show that by weights with all outputs on their sides."""
    report = lp.check_architecture(widths, XOR_X, Y, activation="tanh", **options)
    assert report["infimum-not-attained"].verdict is report.conclusion.verdict is PROVED
    assert NO_MINIMUM in first_sentences(report)
    assert lp.verify(report.certificate.text).ok
    found = lp.find_critical_points(widths, XOR_X, Y, activation="tanh", starts=2, workers=1, **options)
    assert found.report["infimum-not-attained"].verdict is PROVED
    assert NO_MINIMUM in first_sentences(found)
    assert lp.verify(found.report.certificate.text).ok


def test_an_open_question_and_a_refuted_one_say_so_too():
    report = lp.check_architecture("2-3-2", XOR_X, SIDES, activation="tanh", error="softmax", search="none")
    assert report["infimum-not-attained"].verdict is PROVED
    assert report.conclusion.verdict is UNDECIDED
    assert NOT_ATTAINED in first_sentences(report)
    assert NOT_ATTAINED in first_sentences(lp.find_critical_points("2-3-2", XOR_X, SIDES, error="softmax", starts=1, workers=1))
    report = lp.check_architecture("2-3-1", XOR_X, XOR_Y, activation="relu", error="logistic")
    assert report.conclusion.verdict is lp.Verdict.REFUTED
    assert NOT_ATTAINED in first_sentences(report)


@pytest.mark.parametrize(
    ("widths", "Y", "options"),
    [
        ("1-2-1", [[0], [0], [1], [1]], {"error": "logistic"}),
        ("1-2-1", [[0], [0], [1], [1]], {"output_activation": "sigmoid"}),
        ("1-2-2", [[1, 0], [1, 0], [0, 1], [0, 1]], {"error": "softmax"}),
        ("1-1", [[0], [0], [1], [1]], {"error": "logistic"}),
    ],
    ids=str,
)
def test_separable_samples_leave_no_minimum_and_the_first_sentence_says_so(widths, Y, options):
    report = lp.check_architecture(widths, SEPARABLE_X, Y, activation="tanh", **options)
    assert report.conclusion.verdict is PROVED
    told = first_sentences(report)
    assert "no local minimum at all" in told or "no critical point at all" in told
    assert "approached and never attained" in told
    assert "approached and never attained" in first_sentences(
        lp.find_critical_points(widths, SEPARABLE_X, Y, activation="tanh", starts=1, workers=1, **options)
    )


@pytest.mark.parametrize(
    ("widths", "Y", "options"),
    [
        ("2-2-1", XOR_Y, {}),
        ("2-2-1", [["1/4"], ["3/4"], ["3/4"], ["1/4"]], {"output_activation": "sigmoid"}),
        ("2-1-1", XOR_Y, {"output_activation": "sigmoid"}),
        ("2-2-1", [[0], [1], [1], ["1/4"]], {"error": "logistic"}),
        ("2-3-1", XOR_Y, {"error": "logistic", "bias": "none"}),
    ],
    ids=["targets of the identity", "targets inside", "one unit cannot", "one soft target", "no logit at 0"],
)
def test_it_is_not_claimed_where_it_is_not_shown(widths, Y, options):
    report = lp.check_architecture(widths, XOR_X, Y, activation="tanh", search="none", **options)
    assert all(claim.id != "infimum-not-attained" for claim in report)
    assert "never attained" not in first_sentences(report)
