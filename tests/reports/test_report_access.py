"""How programs read a report: by statement, scope or point."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from cases.landscapes import XOR_X, XOR_Y
from cases.map_cases import hand_map
from cases.report_cases import NASTY_NAME, xor_report

import lossproof as lp
from lossproof.certificates.proof.nodes import first_claim, named_by, proof_order
from lossproof.certificates.proof.places import Point
from lossproof.theory.verdicts import Scope


def test_by_statement_and_scope():
    report = xor_report()
    assert report["count"].id == "count"
    assert report["full-rank", "everywhere"] is report["full-rank", Scope.EVERYWHERE]
    with pytest.raises(KeyError, match="ambiguous; name the scope or the point"):
        report["full-rank"]


def test_by_point():
    report = hand_map().report
    assert report.number(report["critical-point", 3].point) == 3
    assert report["critical-point", 3].point.weights is report.points[3]
    assert report["critical-point", 3].facts["kind"] == "local-minimum"
    assert report.number(report["suboptimal", 2].point) == 2
    with pytest.raises(KeyError, match=r"'critical-point', 0\), \('critical-point', 1\)"):
        report["critical-point"]


def test_premises_are_found_by_point():
    report = hand_map().report
    assert report["inertia", 4] is report["critical-point", 4].premises[2]
    assert report["inertia", 4].facts["negative"] == 2
    stronger = replace(report["inertia", 4], premises=(report["inertia", 4],), rule="eigenvalue-signs")
    summary = replace(report["critical-point", 4], premises=(*report["critical-point", 4].premises[:2], stronger))
    changed = replace(report, claims=tuple(summary if claim is report["critical-point", 4] else claim for claim in report.claims))
    assert changed["inertia", 4] is stronger


def test_a_point_without_the_claim():
    report = hand_map().report
    with pytest.raises(KeyError, match="'suboptimal' was not claimed at point 0, it was at the points 2, 3; this report has 7 points"):
        report["suboptimal", 0]
    with pytest.raises(KeyError, match="'khatri-rao' was not claimed at point 0, nor at any other"):
        report["khatri-rao", 0]
    with pytest.raises(KeyError, match="not claimed at point 99"):
        report["critical-point", 99]


def test_the_facts_of_a_map_are_plain_data():
    data = hand_map().report.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    point = next(claim for claim in data["claims"] if claim["id"] == "critical-point" and claim["point"] == 2)
    assert point["facts"]["loss_lower"] == "501/10000"
    assert point["facts"]["inertia"] == {"negative": 0, "zero": 0, "positive": 9, "undecided": 0}
    assert point["facts"]["radius"] == "1/100000000000000"


LINE_X = [[0], [1], [-1], [2], [-2]]
WITH_POINTS_BETWEEN = {
    "candidates proved in vain": ("2-2-1", XOR_X, XOR_Y, {}),
    "saddles between the best and the worst": ("1-2-1", [[-1], [0], [1], [2]], [[1], [0], [0], [1]], {}),
    "a full rank that no claim needs": ("1-1-1", [[0], [1], [2]], [[0], [1], [5]], {"activation": "relu"}),
    "ranks below the best": ("1-3-1", LINE_X, [[0], [1], [1], [0], [1]], {"activation": "relu", "bias": "fixed", "seed": 19}),
    "a critical point without a class": ("2-3-1", [*XOR_X, [2, 1]], [*XOR_Y, [1]], {"activation": "relu", "seed": 3}),
}


@pytest.mark.parametrize("name", WITH_POINTS_BETWEEN)
def test_every_point_of_a_report_is_used_by_a_claim(name):
    widths, X, Y, options = WITH_POINTS_BETWEEN[name]
    report = lp.check_architecture(widths, X, Y, **options)
    used = {place for node in proof_order(report.claims) for place in named_by(node) if isinstance(place, Point)}
    assert {report.number(point) for point in used} | {0} == set(range(len(report.points)))
    verification = lp.verify(report.certificate.text)
    assert verification.ok, verification.failures


@pytest.mark.parametrize("id", ["count", "exact-learning"])
def test_a_claim_has_no_truth_value(id):
    claim = xor_report()[id]
    with pytest.raises(TypeError, match=f"compare its verdict, as in .*; this one is {claim.verdict.value}"):
        bool(claim)
    assert (claim.verdict == "PROVED") is (id == "count")
    assert claim.scope == "everywhere"


def test_attempts_after_the_first_claim_are_not_made():
    claim = xor_report()["count"]
    made = []
    assert first_claim(lambda: made.append(1), lambda: claim, lambda: made.append(2)) is claim
    assert made == [1]
    assert first_claim() is None


@pytest.mark.parametrize("name", ["xor", NASTY_NAME])
def test_a_report_shows_itself_on_one_screen(name):
    report = xor_report(name, (name,))
    assert repr(report).splitlines()[0].startswith("The 2-2-1 network")
    assert len(repr(report).splitlines()) <= 24
    assert "more claims decided: print(report) shows them." in repr(report)
    markup = report._repr_html_()
    assert "<script" not in markup
    assert "no sign either way" in markup
    assert markup.count("<tr>") == 10
    assert re.search(r"<td[^>]*>rank 4 of 4</td>", markup)


def test_a_statement_is_explained_with_what_its_claims_rest_on():
    report = xor_report()
    text = report.explain("full-rank")
    assert repr(text) == text
    assert text.startswith("full-rank: P has full column rank\n")
    assert text.count("[PROVED]") == 2
    assert text.count("[REFUTED]") == 1
    assert "Rests on Lemma 3: rank P ≤ 4 at every W [rank-size, EXACT]." in re.sub(r"\s+", " ", text)
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "What is missing: weights that fit all samples exactly." in report.explain("exact-learning")
    with pytest.raises(KeyError, match="'clash' was not claimed by this report: choose one of no-bad-local-minima, "):
        report.explain("clash")
    with pytest.raises(KeyError, match="'fullrank' was not claimed by this report: did you mean 'full-rank'"):
        report.explain("fullrank")


def test_premises_are_explained_too():
    text = hand_map().report.explain("inertia")
    assert text.count("(inertia)") > 1
    assert "Facts: negative" in text
