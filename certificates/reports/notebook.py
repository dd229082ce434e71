"""The report as a piece of HTML for notebooks: the conclusion and the claims that matter."""

from __future__ import annotations

from lossproof.certificates.notes import assumed_notes
from lossproof.certificates.reports.key_claims import key_rows
from lossproof.certificates.reports.outline import outline_of
from lossproof.certificates.reports.plain_words import QUESTION, conclusion_headline, report_title, tally, theorems_sentence
from lossproof.certificates.reports.record import ReportRecord
from lossproof.theory.notebook import notebook_block

_ALL_OF_IT = "All of it: <code>print(report)</code>, <code>report.explain(id)</code>, <code>report.save(&quot;report.html&quot;)</code>."


def render_notebook(report: ReportRecord) -> str:
    """Return a report as HTML without style sheet or script; all text is escaped. `render_html` has all of it."""
    outline = outline_of(report)
    return notebook_block(
        report_title(report),
        verdict=outline.conclusion.claim.verdict,
        sentence=f"{QUESTION} {conclusion_headline(report)}",
        rows=((row.entry.claim.verdict, row.name, row.where, row.number) for row in key_rows(outline)),
        foot=" ".join(filter(None, [tally(outline), theorems_sentence(outline)])),
        more=_ALL_OF_IT,
        under=assumed_notes(report.notes),
    )
