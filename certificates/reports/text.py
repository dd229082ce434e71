"""The report as plain text: what ``print(report)`` shows, a proof to read."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from lossproof.certificates.notes import assumed_notes, data_notes
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.critical_rows import HEADINGS, LEFT_COLUMNS, TABLE_GLOSS, aligned_table
from lossproof.certificates.reports.fact_tables import facts_in_words
from lossproof.certificates.reports.first_screen import key_table
from lossproof.certificates.reports.key_claims import key_rows
from lossproof.certificates.reports.outline import (
    ARGUMENTS,
    ARGUMENTS_GLOSS,
    MATRIX_GLOSS,
    ClaimEntry,
    Link,
    ProofOutline,
    Section,
    outline_of,
)
from lossproof.certificates.reports.plain_words import (
    KEY_CLAIMS,
    NOT_APPLYING,
    QUESTION,
    conclusion_headline,
    notes_on_doubles,
    point_name,
    problem_lines,
    report_title,
    tally,
    theorems_sentence,
    trust_lines,
    what_does_not_follow,
)
from lossproof.certificates.reports.record import ReportRecord
from lossproof.certificates.reports.subjects import CRITICAL_POINTS
from lossproof.certificates.text.numbers import shortened_rows
from lossproof.theory.verdicts import Verdict

WIDTH = 100


def render_text(report: ReportRecord, certificate_name: str = "report.json", width: int = WIDTH) -> str:
    """Return the report as text, wrapped to ``width`` columns; ``certificate_name`` is the file to verify."""
    outline = outline_of(report)
    title = report_title(report)
    assumed = _told((), assumed_notes(report.notes), width)
    lines = [
        title,
        "=" * len(title),
        "",
        *assumed,
        *_conclusion(outline, width),
        "",
        *_key_claims(outline, width),
        "",
        *_problem(report, width),
    ]
    lines.append("")
    for section in outline.sections:
        lines += _heading(section.heading)
        if section.heading == CRITICAL_POINTS:
            lines += _point_table(outline, width)
        for entry in section.claims:
            lines += [] if entry.does_not_apply else [*claim_lines(entry, width), ""]
        lines += _not_applying(section, width)
    lines += _arguments(outline, width)
    lines += [*_heading("Lemmas: rank bounds"), *wrapped(MATRIX_GLOSS, width, "", ""), ""]
    for lemma in outline.lemmas:
        rests = f"; rests on {_labels(lemma.rests_on)}" if lemma.rests_on else ""
        lines += wrapped(f"Lemma {lemma.number}. {lemma.text}  [{lemma.bound.rule}, {lemma.bound.rigor.value}{rests}]", width, "", "    ")
    lines += ["", *_heading("The weights"), *_points(report)]
    lines += ["", *_heading("How to read this, and what it rests on")]
    for line in (*report.notes, *trust_lines(outline)):
        lines += wrapped(line, width, "- ", "  ")
    lines += ["", *_heading("How to re-check this"), f"lossproof verify {certificate_name}", f"problem SHA-256 {report.certificate.digest}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def render_summary(report: ReportRecord, width: int = WIDTH) -> str:
    """Return the conclusion in full, then every claim with its verdict, reason and links; no statements, lemmas or weights.

    The claims that a claim ``critical-point`` gathers are left out. Numbers that no double is near, and a search that was made, are told at the end.
    """
    outline = outline_of(report)
    title = report_title(report)
    lines = [
        title,
        "=" * len(title),
        "",
        *_told(data_notes(report.notes), assumed_notes(report.notes), width),
        *_conclusion(outline, width),
    ]
    for section in outline.sections:
        lines += ["", *_heading(section.heading)]
        if section.heading == CRITICAL_POINTS:
            lines += _point_table(outline, width)
        for entry in section.entries:
            lines += claim_lines(entry, width, brief=True)
    searched = () if report.search is None or not report.search.starts else (str(report.search),)
    for note in (*notes_on_doubles(report.problem, report.points), *searched):
        lines += ["", *wrapped(note, width, "", "")]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _told(data: Sequence[str], assumed: Sequence[str], width: int) -> list[str]:
    lines = [line for text in (" ".join(data), *assumed) if text for line in wrapped(text, width, "", "")]
    return [*lines, ""] if lines else []


def claim_lines(entry: ClaimEntry, width: int, *, brief: bool = False, links: bool = True) -> list[str]:
    """Return a claim as lines: verdict, title, scope and rigor, then (unless ``brief``) the statement, the reason, facts and ``links``."""
    claim = entry.claim
    lines = wrapped(f"{entry.number}. {verdict_mark(claim)} {entry.title} ({claim.id}) – {entry.setting}{_rigor(claim)}", width, "", "    ")
    if not brief and entry.stated_at is None:
        lines += wrapped(f"{entry.statement_word}. {claim.statement.conclusion}", width)
    lines += wrapped(f"{entry.proof_word} {claim.reason}", width)
    if entry.facts and not brief:
        lines += wrapped(f"Facts: {facts_in_words(entry.facts)}.", width)
    if claim.missing:
        lines += wrapped(f"What is missing: {claim.missing}.", width)
    if entry.rests_on and links:
        lines += wrapped(f"Rests on {_labels(entry.rests_on)}.", width)
    return lines


def verdict_mark(claim: Claim) -> str:
    """Return the verdict in brackets."""
    return f"[{claim.verdict.value}]"


def _conclusion(outline: ProofOutline, width: int) -> list[str]:
    entry = outline.conclusion
    claim = entry.claim
    lines = [f"1. {verdict_mark(claim)} {QUESTION} ({claim.id}) – {entry.setting}{_rigor(claim)}"]
    lines += wrapped(conclusion_headline(outline.report), width)
    lines += wrapped(f"{entry.proof_word} {claim.reason}", width)
    if claim.missing:
        lines += wrapped(f"What is missing: {claim.missing}.", width)
    if claim.verdict is Verdict.UNDECIDED and what_does_not_follow(outline):
        lines += wrapped(f"What does not follow: {what_does_not_follow(outline)}", width)
    if entry.rests_on:
        lines += wrapped(f"Rests on {_labels(entry.rests_on)}.", width)
    return [*lines, "", *wrapped(tally(outline), width)]


def _key_claims(outline: ProofOutline, width: int) -> list[str]:
    return [*_heading(KEY_CLAIMS), *key_table(key_rows(outline), width), *wrapped(theorems_sentence(outline), width, "", "")]


def _not_applying(section: Section, width: int) -> list[str]:
    if not section.folded:
        return []
    lines = wrapped(f"[UNDECIDED] {NOT_APPLYING}:", width, "", "")
    for entry in section.folded:
        lines += wrapped(f"{entry.number}. {entry.title} ({entry.claim.id}): {entry.why_not}", width, "    ", "        ")
    return [*lines, ""]


def _problem(report: ReportRecord, width: int) -> list[str]:
    lines = _heading("The problem")
    for term, value in problem_lines(report):
        lines += wrapped(value, width, f"{term:<20}", " " * 20)
    samples = report.problem.samples
    rows = shortened_rows([(*x, *y) for x, y in zip(samples.X, samples.Y, strict=True)])
    return [*lines, "", "Samples, one a row, inputs then targets:", *_aligned(rows)]


def _arguments(outline: ProofOutline, width: int) -> list[str]:
    if not outline.arguments:
        return []
    lines = [*_heading(ARGUMENTS), *wrapped(ARGUMENTS_GLOSS, width, "", ""), ""]
    for argument in outline.arguments:
        lines += wrapped(f"{argument.statement.id}. {argument.statement.conclusion}", width, "", "    ")
        lines += wrapped(f"Hypotheses: {' '.join(argument.statement.hypotheses)}", width)
        lines += [*wrapped(f"Proof. {argument.proof} ∎", width), ""]
    return lines


def _points(report: ReportRecord) -> list[str]:
    lines: list[str] = []
    for index, weights in enumerate(report.points):
        lines.append(f"Point {index}: {point_name(report, index)}.")
        for l, layer in enumerate(weights.layers, start=1):
            lines += [f"  W_{l}:", *_aligned(shortened_rows(layer.W), "    ")]
            if report.problem.architecture.biases[l - 1] != "none":
                lines += [f"  b_{l}:", *_aligned(shortened_rows([layer.b]), "    ")]
    return lines


def _aligned(rows: tuple[tuple[str, ...], ...], indent: str = "    ") -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [indent + "  ".join(cell.rjust(size) for cell, size in zip(row, widths, strict=True)) for row in rows]


def _point_table(outline: ProofOutline, width: int) -> list[str]:
    rows = outline.point_table()
    if not rows:
        return []
    cells = [(*HEADINGS, "claim"), *((*row.cells, str(entry.number)) for row, entry in rows)]
    return [*wrapped(TABLE_GLOSS, width, "", ""), "", *aligned_table(cells, LEFT_COLUMNS), ""]


def _heading(text: str) -> list[str]:
    return [text, "-" * len(text)]


def _rigor(claim: Claim) -> str:
    return "" if claim.rigor is None else f" ({claim.rigor.value})"


def _labels(links: tuple[Link, ...]) -> str:
    return ", ".join(link.label for link in links)


def wrapped(text: str, width: int, first: str = "    ", rest: str = "    ") -> list[str]:
    """Return a text as lines of a width, the first and the others with their indents."""
    return textwrap.wrap(text, max(width, 30), initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)
