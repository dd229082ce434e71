"""The report on one screen: what ``lossproof check`` prints on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from lossproof.certificates.notes import assumed_notes, data_notes
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.key_claims import KeyRow, key_name, key_rows, undecided_groups
from lossproof.certificates.reports.outline import ClaimEntry, ProofOutline, claim_title, outline_of
from lossproof.certificates.reports.plain_words import (
    QUESTION,
    conclusion_headline,
    notes_on_doubles,
    plural,
    point_name,
    report_title,
    theorems_sentence,
    what_does_not_follow,
)
from lossproof.certificates.reports.record import ReportRecord
from lossproof.theory.rationals import brief_name
from lossproof.theory.verdicts import Verdict

SCREEN = 24
"""The lines of a terminal: a first screen has no more, from 80 columns on."""
_MOST_ROWS, _MOST_GROUPS, _WIDE = 10, 2, 100


def render_first_screen(report: ReportRecord, width: int, foot: Sequence[str] = (), all_of_it: str = "print(report)") -> str:
    """Return a report in at most 24 lines of ``width`` columns, 80 at least, ``foot`` included: the lines that say what was written.

    First the problem, with what its columns and classes are and what of a trained network was assumed, then the conclusion and what decides it or what is
    missing; the claims that matter, as many as there is room for; what is undecided and what would decide it. A sentence that is too long is cut, with
    ``[…]``; ``all_of_it`` says how to get the whole.
    """
    outline = outline_of(report)
    assumed = [line for note in assumed_notes(report.notes) for line in _cut(note, width, 1)]
    told = [*_cut(_problem(report), width, 1), *_cut(" ".join(data_notes(report.notes)), width, 2), *assumed]
    above = [*told, "", *_conclusion(outline, width), ""]
    below = [*_undecided(outline, width, all_of_it), *_remarks(report, width), *(["", *foot] if foot else [])]
    theorems = _cut(theorems_sentence(outline), width, 1)
    wrapped = sum((len(line) - 1) // width for line in foot)
    rows = key_rows(outline, min(_MOST_ROWS, SCREEN - len(above) - len(below) - len(theorems) - wrapped - 1), 8 if width >= _WIDE else 4)
    lines = [*above, *key_table(rows, width), *_cut(_more(outline, rows, all_of_it), width, 1), *theorems, *below]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _problem(report: ReportRecord) -> str:
    problem = report.problem
    decay = "" if problem.decay is None else ", weight decay"
    samples = f"{plural(problem.T, 'sample')}, " if report.data_name else ""
    counts = f"{samples}{plural(problem.architecture.N_net, 'weight')}"
    return f"{report_title(report)}: {counts}, {brief_name(problem.error.name)} error{decay}"


def _conclusion(outline: ProofOutline, width: int) -> list[str]:
    claim = outline.conclusion.claim
    rigor = "" if claim.rigor is None else f" ({claim.rigor.value})"
    lines = [f"[{claim.verdict.value}] {QUESTION}{rigor}", *_cut(conclusion_headline(outline.report), width, 4)]
    if claim.verdict is Verdict.UNDECIDED:
        lines += _cut(f"What would decide it: {claim.missing}.", width, 2)
        search = outline.report.search
        if search is not None and search.starts:
            listed = f" {search.boxes:,} boxes are too few for a list of all minima: try --search SECONDS." if search.boxes else ""
            lines += _cut(
                f"Searched for bad minima from {search.starts} seeded starts in {search.seconds:.1f} s, until {search.ended}.{listed}",
                width,
                2,
            )
        failed = "What does not follow: that bad minima exist; full rank suffices, and is not necessary."
        return lines + (_cut(failed, width, 2) if what_does_not_follow(outline) else [])
    deciding = [f"{claim_title(premise)} ({premise.id})" for premise in claim.premises if isinstance(premise, Claim)]
    return lines + _cut(f"Decided by: {'; '.join(deciding)}." if deciding else claim.reason, width, 2)


def key_table(rows: Sequence[KeyRow], width: int) -> list[str]:
    """Return claims in brief as aligned lines: verdict, name, where, and a number, which is cut where it is too long."""
    cells = [(f"[{row.entry.claim.verdict.value}]", row.name, row.where) for row in rows]
    sizes = [max(map(len, column)) for column in zip(*cells, strict=True)]
    heads = ["".join(f"{cell:<{size}}  " for cell, size in zip(row, sizes, strict=True)) for row in cells]
    return [head + "".join(_cut(row.number, width - len(head), 1)) for head, row in zip(heads, rows, strict=True)]


def _more(outline: ProofOutline, rows: Sequence[KeyRow], all_of_it: str) -> str:
    """Say how many decided claims are not in the table, and what point 0 is, where a row is about it and its weights were not given."""
    report = outline.report
    left = sum(entry.claim.verdict is not Verdict.UNDECIDED for entry in outline.claims) - len(rows) - 1
    more = f"{plural(left, 'more claim')} decided: {all_of_it} shows them." if left > 0 else ""
    drawn = any(row.entry.point == 0 for row in rows) and not report.weights_given
    return " ".join(part for part in (more, f"Point 0: {point_name(report, 0)}." if drawn else "") if part)


def _undecided(outline: ProofOutline, width: int, all_of_it: str) -> list[str]:
    groups = undecided_groups(outline)
    lines = []
    for place, (missing, entries) in enumerate(groups[:_MOST_GROUPS]):
        lines += _cut(f"[UNDECIDED] {_names(entries)}; missing: {missing}.", width, 1 if place else 2)
    rest = [entry for _, entries in groups[_MOST_GROUPS:] for entry in entries]
    return [*lines, *_cut(f"[UNDECIDED] {_names(rest)}; {all_of_it} says what is missing." if rest else "", width, 1)]


def _names(entries: Sequence[ClaimEntry]) -> str:
    return ", ".join(dict.fromkeys(key_name(entry.claim.id) for entry in entries))


def _remarks(report: ReportRecord, width: int) -> list[str]:
    """Return what changes how the rest is read: numbers beyond doubles, steps that the checker refused, a search that was interrupted."""
    said = list(notes_on_doubles(report.problem, report.points))
    if report.self_check is not None and report.self_check.refused:
        said.append(f"Refused by the checker, and so UNDECIDED: {'; '.join(report.self_check.refused)}.")
    if report.search is not None and report.search.interrupted:
        said.append(str(report.search))
    return _cut(" ".join(said), width, 2)


def _cut(text: str, width: int, lines: int) -> list[str]:
    """Return a text in at most so many lines, the end of a longer one replaced by ``[…]``; no line for an empty one."""
    return textwrap.wrap(text, width, max_lines=lines, placeholder=" […]", break_on_hyphens=False)
