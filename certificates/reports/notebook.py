"""The report as a piece of HTML for notebooks: the conclusion and the claims that matter."""

from __future__ import annotations

from html import escape

from lossproof.certificates.notes import assumed_notes
from lossproof.certificates.reports.key_claims import key_rows
from lossproof.certificates.reports.outline import outline_of
from lossproof.certificates.reports.plain_words import QUESTION, conclusion_headline, report_title, tally, theorems_sentence
from lossproof.certificates.reports.record import ReportRecord
from lossproof.theory.verdicts import Verdict

_COLOURS = {Verdict.PROVED: "#0b5c94", Verdict.REFUTED: "#a63a00", Verdict.UNDECIDED: "#5a4a78"}
_CELL = "text-align:left;padding:.15em .9em .15em 0"


def render_notebook(report: ReportRecord) -> str:
    """Return a report as HTML without style sheet or script; all text is escaped. `render_html` has all of it."""
    outline = outline_of(report)
    claim = outline.conclusion.claim
    rows = [(row.entry.claim.verdict, (row.name, row.where, row.number)) for row in key_rows(outline)]
    table = "".join(f"<tr>{_cell(_badge(verdict))}{''.join(_cell(escape(text)) for text in texts)}</tr>" for verdict, texts in rows)
    assumed = "".join(f"<br>{escape(note)}" for note in assumed_notes(report.notes))
    foot = " ".join(filter(None, [tally(outline), theorems_sentence(outline)]))
    return (
        f"<div><p><strong>{escape(report_title(report))}</strong>{assumed}</p>"
        f"<p>{_badge(claim.verdict)} {escape(QUESTION)} {escape(conclusion_headline(report))}</p>"
        f'<table style="border-collapse:collapse"><tbody>{table}</tbody></table>'
        f"<p><small>{escape(foot)} All of it: <code>print(report)</code>, <code>report.explain(id)</code>, "
        f"<code>report.save(&quot;report.html&quot;)</code>.</small></p></div>"
    )


def _badge(verdict: Verdict) -> str:
    """Return a verdict in white on its colour, which can be read on light and dark notebooks alike."""
    return f'<span style="background:{_COLOURS[verdict]};color:#fff;font-weight:bold;padding:.1em .4em;border-radius:.2em">{verdict.value}</span>'


def _cell(markup: str) -> str:
    return f'<td style="{_CELL}">{markup}</td>'
