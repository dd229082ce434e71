"""A proved local minimum of a landscape without bad ones is a global minimum, in checks with weights and in maps, by whatever theorem."""

from __future__ import annotations

import pytest
from cases.kernel_draft import XOR_X, XOR_Y

import lossproof as lp
from lossproof.certificates.claims import critical_point

SQUARE, TARGETS = [[1, 0], [0, 1], [1, 1], [2, 1]], [[1, 0], [2, 1], [0, 3], [1, 1]]
NO_BIAS = [([[0, 0], [1, "5/3"]], None), ([[1, 0], [0, 1]], None)]
WITH_BIAS = [([["-1/2", 0], [0, "5/3"]], [0, 0]), ([[1, 0], [0, 1]], ["3/2", 0])]

CASES = {
    "shallow-linear": ({"widths": "2-2-2", "X": SQUARE, "Y": TARGETS, "activation": "identity", "bias": "none"}, NO_BIAS),
    "shallow-linear with biases": ({"widths": "2-2-2", "X": SQUARE, "Y": TARGETS, "activation": "identity"}, WITH_BIAS),
    "deep linear, cited": (
        {"widths": "2-2-2-2", "X": SQUARE, "Y": TARGETS, "activation": "identity", "bias": "none"},
        [*NO_BIAS, NO_BIAS[1]],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_local_minimum_is_global(name, monkeypatch):
    for theorem in ("claim_global_by_forms", "best_of_its_rank"):
        monkeypatch.setattr(critical_point, theorem, lambda *_: None)
    options, weights = CASES[name]
    report = lp.check_architecture(weights=weights, **options)
    conclusion, point = report["no-bad-local-minima"], report["critical-point"]
    assert (conclusion.verdict.name, point.verdict.name, point.facts["kind"]) == ("PROVED", "PROVED", "global")
    assert "so it is a global minimum" in point.reason
    assert lp.verify(report.certificate.text).ok
    found = lp.find_critical_points(weights=[weights], starts=0, workers=1, **options)
    assert [(p.kind, p.given) for p in found] == [("global", (0,))]
    assert not found.given[0].is_copy
    assert lp.verify(found.report.certificate.text).ok


def test_a_map_without_bad_minima_has_no_kind_of_local_minimum():
    found = lp.find_critical_points("2-2-2", SQUARE, TARGETS, activation="identity", starts=8, workers=1)
    assert {point.kind for point in found} == {"global", "saddle"}


def test_where_the_question_is_refuted_a_minimum_stays_what_it_is():
    """The best affine map of XOR, on the active side of both units; hats fit better."""
    weights = [([[1, 1], [1, 1]], [5, 5]), ([[1], [-1]], ["1/2"])]
    report = lp.check_architecture("2-2-1", XOR_X, XOR_Y, activation="relu", weights=weights)
    assert report["no-bad-local-minima"].verdict.name == "REFUTED"
    assert report["critical-point"].facts["kind"] == "local-minimum"
