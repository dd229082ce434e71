"""What Python and notebooks show of a result by itself: short, of one piece, escaped, and readable on any ground."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

import lossproof as lp
from lossproof.theory.notebook import MOST_ROWS, notebook_block
from lossproof.theory.verdicts import Verdict

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]


@pytest.fixture(scope="module")
def shown():
    """One result of every kind, by name."""
    report = lp.check_architecture("2-2-1", *XOR, search="none", data_name="<b>my & data</b>")
    found = lp.find_critical_points(
        "1-1", [["1/4"], [8]], [["9/10"], ["1/10"]], output_activation="sigmoid", bias="none", starts=12, workers=1
    )
    training = lp.train("2-40-1", *XOR, method="lm")
    sweep = lp.sweep("2-{1..9}-1", "1..9", workers=0)
    proof = lp.prove_entry("auer-2")
    full = report["full-rank", "everywhere"]
    return {
        "Report": report,
        "Claim": full,
        "undecided Claim": next(claim for claim in report if claim.verdict == "UNDECIDED"),
        "RankBound": full.premises[0],
        "LandscapeMap": found,
        "CriticalPoint": found[0],
        "Certificate": found.certificate,
        "Training": training,
        "Training in many digits": lp.train("1-1", [[0], [1]], [[1], [3]], activation="identity", precision=40),
        "History": training.history,
        "Weights": training.weights,
        "Point": report.first_points[0],
        "Samples": report.problem.samples,
        "Problem": report.problem,
        "Architecture": report.problem.architecture,
        "Activation": lp.activation_named("leaky-relu:1/100"),
        "ErrorFunction": lp.error_named("cauchy:1/4"),
        "Statement": lp.statement_named("full-rank"),
        "SweepResult": sweep,
        "SweepCell": next(iter(sweep)),
        "Verification": lp.verify(found.certificate.text),
        "rejected Verification": lp.verify(found.certificate.text.replace('"1/4"', '"1/5"', 1)),
        "TrustedCode": lp.verify(found.certificate.text).trusted_code(),
        "ZooProof": proof,
        "ZooEntry": proof.entry,
    }


class Tags(HTMLParser):
    """Reads a piece of HTML, and remembers its tags and its text."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_what_python_shows_is_a_line_without_fractions(shown):
    for name, result in shown.items():
        if name == "Report":
            continue
        text = repr(result)
        assert len(text.splitlines()) == 1, name
        assert len(text) <= 200, (name, text)
        assert text.startswith(("<", "Point(")), name
        assert "Fraction(" not in text, name
        assert "Fraction(" not in str(result), name


def test_what_notebooks_show_is_one_escaped_piece(shown):
    kinds = {name for name, result in shown.items() if hasattr(result, "_repr_html_")}
    assert {"Report", "Claim", "LandscapeMap", "Training", "History", "SweepResult", "Verification", "ZooProof"} <= kinds
    for name in kinds:
        tags = Tags()
        tags.feed(shown[name]._repr_html_())
        assert tags.open == [], name
        assert {tag for tag, _ in tags.seen} <= {"div", "p", "strong", "small", "span", "table", "thead", "tbody", "tr", "th", "td", "code"}
        for tag, attributes in tags.seen:
            assert set(attributes) <= {"style"}, name
            style = attributes.get("style", "")
            assert ("color" in style) == (tag == "span"), name  # a colour stands on its own ground, and nothing else has one
            assert "url" not in style
        assert "Fraction(" not in "".join(tags.text), name
    assert "<b>" not in shown["Report"]._repr_html_()
    assert "&lt;b&gt;my &amp; data" in shown["Report"]._repr_html_()


def test_they_say_what_was_found(shown):
    claim, verified = shown["Claim"], shown["Verification"]
    assert repr(claim) == "<Claim full-rank – everywhere: REFUTED, EXACT>"
    assert str(claim).startswith("[REFUTED] P has full column rank (full-rank) – everywhere, EXACT\nWitness W = 0")
    assert "\nWhat is missing: " in str(shown["undecided Claim"])
    assert "What is missing: " in shown["undecided Claim"]._repr_html_()
    assert "[REFUTED]" not in shown["LandscapeMap"]._repr_html_()
    assert shown["LandscapeMap"]._repr_html_().count("<tr>") == 1 + len(shown["LandscapeMap"])
    assert verified._repr_html_().count("<tr>") == len(verified.claims)
    assert "rejected" in shown["rejected Verification"]._repr_html_()
    assert shown["SweepResult"]._repr_html_().count("<tr>") == 1 + MOST_ROWS
    assert f"{81 - MOST_ROWS} more cells." in shown["SweepResult"]._repr_html_()
    assert repr(shown["Weights"]) == "<Weights: W_1 2×40, W_2 40×1>"


def test_long_tables_are_cut_and_all_text_is_escaped():
    block = notebook_block(
        "<i>",
        verdict=Verdict.UNDECIDED,
        sentence="a & b",
        headings=("<",),
        rows=[(">",)] * (MOST_ROWS + 2),
        foot="<p>",
        more="<code>x</code>",
    )
    assert block.count("<td") == MOST_ROWS
    assert "2 more rows. &lt;p&gt; <code>x</code>" in block
    assert "<i>" not in block
    assert "a &amp; b" in block
