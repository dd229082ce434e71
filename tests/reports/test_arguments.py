"""The lemmas by which the conclusion is proved stand in every format, each with its proof, in the words of the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.certificates.reports.html import render_html
from lossproof.certificates.reports.latex import render_latex
from lossproof.certificates.reports.markdown import render_markdown
from lossproof.certificates.reports.outline import ARGUMENTS, outline_of
from lossproof.certificates.reports.text import render_text
from lossproof.theory.statements.proofs import PROOFS
from lossproof.theory.statements.registry import statement_named

DECIDING = Path(__file__).parents[2] / "docs" / "deciding.md"
RENDERERS = (render_text, render_markdown, render_latex, render_html)
LINE = [[1], [2]]


def words_of(text):
    return " ".join(re.sub(r"[`\\*]", "", text).split())


@pytest.mark.parametrize("name", PROOFS)
def test_the_docs_have_the_same_words(name):
    assert words_of(PROOFS[name]) in words_of(DECIDING.read_text(encoding="utf-8"))
    assert statement_named(name)


CASES = {
    "a parallelogram": (("2-2-1", XOR_X, XOR_Y), {"activation": "tanh"}, ["flat-neighbours", "spanning", "no-idle-unit"]),
    "independent": (("1-2-1", LINE, [[1], [0]]), {"activation": "tanh"}, ["flat-neighbours", "independent-samples", "shallow-linear"]),
    "linear": (("1-1-1", LINE, [[1], [3]]), {"activation": "identity", "bias": "none"}, ["flat-neighbours", "shallow-linear"]),
    "convex": (("1-1", LINE, [[1], [0]]), {}, []),
    "refuted": (("2-1-1", XOR_X, XOR_Y), {"activation": "tanh"}, []),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_conclusion_uses(name):
    problem, options, expected = CASES[name]
    report = lp.check_architecture(*problem, search="none", **options)
    assert [argument.statement.id for argument in outline_of(report).arguments] == expected
    for render in RENDERERS:
        text = render(report)
        assert (ARGUMENTS in text) == bool(expected)
        for lemma in expected:
            assert lemma in text[text.rindex(ARGUMENTS) :]


def test_no_character_is_lost_in_print():
    problem, options, _ = CASES["a parallelogram"]
    text = render_latex(lp.check_architecture(*problem, search="none", **options))
    assert "[U+" not in text
    assert r"\tilde{x}_{i}" in text
