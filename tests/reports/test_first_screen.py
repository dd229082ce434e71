"""The first screen: never more than 24 lines of the width asked for, the conclusion first, and every verdict and bound as the claims have them."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from cases.map_cases import hand_map
from cases.report_cases import NASTY_NAME, proved_report, xor_report

from lossproof.certificates.checks.check_architecture import check_architecture
from lossproof.certificates.proof.nodes import Claim, decided, undecided
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.certificates.reports.first_screen import SCREEN, render_first_screen
from lossproof.certificates.reports.key_claims import key_rows, undecided_groups
from lossproof.certificates.reports.outline import outline_of
from lossproof.certificates.reports.plain_words import theorems_sentence
from lossproof.theory.statements.cited import CITED
from lossproof.theory.verdicts import Rigor, Verdict

FOOT = ("Report: a.html", "Certificate: a.json", "Re-check it with: lossproof verify a.json")


def crowded_report():
    """A report with all theorems of others, many undecided claims and a name without an end."""
    report = xor_report("x" * 300)
    theorems = [_theorem(statement.id, ("yes", "no", "unknown")[min(k, 2)]) for k, statement in enumerate(CITED)]
    open_claims = [undecided(id, EVERYWHERE, "Open.", f"{id}, and more " + "words " * 60) for id in ("clash", "range", "linear-reach")]
    return replace(report, claims=(*report.claims, *theorems, *open_claims))


def _theorem(id: str, answer: str) -> Claim:
    facts = {"applicable": answer}
    if answer == "yes":
        return decided(id, EVERYWHERE, "Its hypotheses hold.", "cited-theorem", facts=facts, own=Rigor.CITED)
    return undecided(id, EVERYWHERE, "Not applicable: it is not.", "a problem that the theorem speaks about", facts=facts)


REPORTS = {
    "xor": xor_report,
    "proved": proved_report,
    "map": lambda: hand_map().report,
    "crowded": crowded_report,
    "nasty": lambda: xor_report(NASTY_NAME, (NASTY_NAME,)),
}


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", REPORTS)
def test_it_fits(name, width):
    lines = render_first_screen(REPORTS[name](), width, FOOT).splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= width
    assert lines[-3:] == list(FOOT)


def test_nothing_of_xor_is_cut():
    report = check_architecture("2-2-1", [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], activation="tanh", self_check=False)
    for all_of_it in ("--full", "print(report)"):
        text = render_first_screen(report, 80, FOOT, all_of_it)
        assert f"{all_of_it} shows them. Point 0: drawn from the seed.\n" in text
        assert "[…]" not in text


def test_a_foot_that_wraps_counts_as_it_is_shown():
    foot = (f"Report: {'long/' * 60}a.html", *FOOT[1:])
    text = render_first_screen(crowded_report(), 80, foot)
    assert foot[0] in text
    assert sum(max(1, -(-len(line) // 80)) for line in text.splitlines()) <= SCREEN


@pytest.mark.parametrize("name", REPORTS)
def test_the_conclusion_stands_before_the_claims_and_the_problem_before_it(name):
    report = REPORTS[name]()
    lines = render_first_screen(report, 100).splitlines()
    assert lines[0].startswith(f"The {report.problem.architecture} network")
    assert lines[2].startswith(f"[{report.conclusion.verdict.value}] Is every local minimum global?")


@pytest.mark.parametrize("name", REPORTS)
def test_verdicts_are_those_of_the_claims(name):
    outline = outline_of(REPORTS[name]())
    rows = key_rows(outline)
    text = render_first_screen(outline.report, 100)
    assert rows
    assert all(row.entry.claim.verdict is not Verdict.UNDECIDED for row in rows)
    for row in (row for row in rows if row.name in text):
        (line,) = re.findall(rf"^\[(\w+)\] +{re.escape(row.name)} +{re.escape(row.where)}(?:  .*)?$", text, re.MULTILINE)[:1]
        assert line in {other.entry.claim.verdict.value for other in rows if (other.name, other.where) == (row.name, row.where)}


def test_an_open_question_says_that_nothing_follows_from_it():
    flat = re.sub(r"\s+", " ", render_first_screen(xor_report(), 80))
    assert "no sign either way" in flat
    assert "What would decide it: the class of every critical point" in flat
    assert "What does not follow: that bad minima exist" in flat
    assert "[UNDECIDED] exact learning; missing: weights that fit all samples exactly." in flat
    assert re.search(r"(has|have|there are|there is an?) (bad |suboptimal |spurious )?local minim", flat) is None


def test_bounds_are_rounded_to_the_safe_side():
    report = xor_report()
    radius, third = Fraction(2, 3), Fraction(1, 3)
    facts = {"kind": "not-critical", "loss_lower": third, "loss_upper": third, "radius": Fraction(0)}
    added = (
        decided("no-minimum-nearby", EVERYWHERE, "None.", "record", facts={"radius": radius}),
        decided("robust-targets", EVERYWHERE, "All.", "record", facts={"radius": radius}),
        decided("distance", EVERYWHERE, "Near.", "record", facts={"distance": radius, "radius": radius}),
        decided("critical-point", EVERYWHERE, "None.", "record", verdict=Verdict.REFUTED, facts=facts),
        decided(
            "suboptimal", EVERYWHERE, "Bad.", "record", facts={"loss_lower": Fraction(20001, 100000), "other_loss_upper": Fraction(1, 5)}
        ),
        decided("hessian-rank", EVERYWHERE, "Low.", "record", facts={"rank_upper": 4}),
        decided("hessian-spectrum", EVERYWHERE, "All.", "record", facts={"smallest_lower": -radius, "largest_upper": radius}),
        decided("escape", EVERYWHERE, "Down.", "record", facts={"decrease": radius, "distance": radius}),
    )
    rows = {row.entry.claim.id: row.number for row in key_rows(outline_of(replace(report, claims=(*report.claims, *added))), 40)}
    assert rows["no-minimum-nearby"] == "none within 0.666"
    assert rows["robust-targets"] == "within 0.666 of Y"
    assert rows["distance"] == "at most 0.667"
    assert rows["critical-point"] == "not critical, loss 0.33333333…"
    assert rows["suboptimal"] == "loss ≥ 0.20001, elsewhere ≤ 0.2"
    assert rows["hessian-rank"] == "rank ≤ 4 of 9"
    assert rows["hessian-spectrum"] == "within [-0.667, 0.667]"
    assert rows["escape"] == "loss less by 0.666 within 0.667"


def test_a_claim_that_no_table_knows_is_told_by_its_facts():
    added = decided("ggn-semidefinite", EVERYWHERE, "It is.", "record", facts={"least": Fraction(1, 8), "eigenvalues": [1, 2]})
    report = xor_report()
    (row,) = [row for row in key_rows(outline_of(replace(report, claims=(*report.claims, added))), 40) if row.entry.claim is added]
    assert (row.name, row.where, row.number) == ("ggn-semidefinite", "everywhere", "least = 0.125, eigenvalues = 1, 2")
    bare = decided("distance", EVERYWHERE, "Far.", "record", verdict=Verdict.REFUTED)
    rows = key_rows(outline_of(replace(report, claims=(*report.claims, bare))), 40)
    assert [row.number for row in rows if row.entry.claim is bare] == [""]


def test_theorems_are_one_line():
    outline = outline_of(crowded_report())
    kept, *rest = (statement.id for statement in CITED)
    assert theorems_sentence(outline) == f"12 published theorems: 1 applies ({kept}), 10 not decided ({', '.join(rest[1:])})."
    assert theorems_sentence(outline_of(xor_report())) == ""
    assert not any(entry.claim.id in (kept, *rest) for _, entries in undecided_groups(outline) for entry in entries)


def test_refused_steps_and_interrupted_searches_are_told():
    from lossproof.certificates.claims.network_search import SearchRecord
    from lossproof.certificates.proof.self_check import SelfCheck

    report = replace(xor_report(), self_check=SelfCheck(3, ("steps[1]: wrong",)), search=SearchRecord(3, 1.0, 2, 0, "it was interrupted"))
    flat = re.sub(r"\s+", " ", render_first_screen(report, 100))
    assert "Refused by the checker, and so UNDECIDED: steps[1]: wrong." in flat
    assert "from 3 seeded starts in 1.0 s" in flat
