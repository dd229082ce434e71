"""What a report cites: the paper always, and the works of the theorems that decide something in it, as BibTeX that reads back."""

from __future__ import annotations

import re

from cases.report_cases import xor_report

import lossproof as lp
from lossproof.certificates.reports.bibtex import _WORKS, references_of, render_bibtex
from lossproof.certificates.reports.latex import render_latex
from lossproof.certificates.reports.outline import outline_of


def entries_of(text: str) -> dict[str, dict[str, str]]:
    """Read BibTeX as it is written here: an entry's fields, one a line."""
    found = re.findall(r"^@(\w+)\{([a-z0-9]+),\n(.*?)^\}$", text, re.MULTILINE | re.DOTALL)
    return {key: dict(re.findall(r"^  (\w+) = \{(.*)\},$", body, re.MULTILINE)) for _, key, body in found}


def test_the_paper_and_the_software_are_always_cited():
    entries = entries_of(render_bibtex(xor_report()))
    assert entries["shen2018"]["eprint"] == "1611.05827"
    assert entries["lossproof"]["note"] == f"Version {lp.__version__}"
    assert "benisrael1966" in entries


def test_a_theorem_that_decides_is_cited_and_no_other():
    X, Y = [[0, 0], [1, 0], [0, 1], [1, 2]], [[0, 1], [1, 0], [1, 1], [2, 0]]
    report = lp.check_architecture("2-2-2-2", X, Y, activation="identity", search="none")
    applied = {claim.id for claim in report if claim.facts.get("applicable") == "yes"}
    assert "kawaguchi-2016" in applied
    keys = {reference.key for reference in references_of(outline_of(report))}
    assert {_WORKS[id].key for id in applied} <= keys
    assert "goritesi1992" not in keys


def test_every_theorem_that_a_rule_applies_has_its_work():
    never = {"yu-chen-1995", "poston-1991", "soudry-carmon-2016", "safran-shamir-2018"}
    cited = {statement.id for statement in lp.all_statements() if statement.kind == "cited theorem"}
    assert cited - never == set(_WORKS) - {"ggn"}
    assert len({work.key for work in _WORKS.values()}) == len(_WORKS)


def test_braces_are_balanced():
    text = render_bibtex(xor_report())
    assert text.count("{") == text.count("}")


def test_what_latex_cites_stands_in_its_list_and_in_the_bibtex():
    linear = lp.check_architecture(
        "2-2-2-2", [[0, 0], [1, 0], [0, 1], [1, 2]], [[0, 1], [1, 0], [1, 1], [2, 0]], activation="identity", search="none"
    )
    for report in (xor_report(), linear):
        text = render_latex(report)
        listed = re.findall(r"\\bibitem\{(\w+)\}", text)
        assert sorted(listed) == sorted(entries_of(render_bibtex(report)))
        assert set(re.findall(r"\\cite\{(\w+)\}", text)) == set(listed)
        assert "kawaguchi2016" in listed or report is not linear
        decided = [entry for entry in outline_of(report).claims if entry.claim.verdict != "UNDECIDED"]
        assert text.count(r"\begin{proof}") >= len(decided)
