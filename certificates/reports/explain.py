"""One statement in full, and all that a report says about it: the answer of ``report.explain``."""

from __future__ import annotations

from lossproof.certificates.reports.fact_tables import facts_in_words
from lossproof.certificates.reports.outline import ClaimEntry, ProofOutline, outline_of
from lossproof.certificates.reports.record import ReportRecord
from lossproof.certificates.reports.text import WIDTH, claim_lines, wrapped
from lossproof.theory.names import nearest_name
from lossproof.theory.statements.text import describe_statement


class Explanation(str):
    """Text that shows itself as it is, also where Python shows what a line gave."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def explain(report: ReportRecord, id: str, width: int = WIDTH) -> Explanation:
    """Return the statement ``id`` as ``lossproof statements`` tells it, then each claim of it: verdict, reason, facts, and what it rests on, in words.

    Premises of claims are told, too. Raises `KeyError` where the report claims nothing about it, with what it does.
    """
    outline = outline_of(report)
    entries = [entry for entry in outline.claims if entry.claim.id == id]
    if not entries:
        known = dict.fromkeys(entry.claim.id for entry in outline.claims)
        raise KeyError(f"{id!r} was not claimed by this report{nearest_name(id, known)}")
    parts = [describe_statement(entries[0].claim.statement), *(_told(outline, entry, width) for entry in entries)]
    return Explanation("\n\n".join(parts) + "\n")


def _told(outline: ProofOutline, entry: ClaimEntry, width: int) -> str:
    lines = claim_lines(entry, width, brief=True, links=False)
    if entry.facts:
        lines += wrapped(f"Facts: {facts_in_words(entry.facts)}.", width)
    rules = {lemma.anchor: f" [{lemma.bound.rule}, {lemma.bound.rigor.value}]" for lemma in outline.lemmas}
    for link in entry.rests_on:
        lines += wrapped(f"Rests on {link.label}: {link.text}{rules.get(link.anchor, '')}.", width, rest="        ")
    return "\n".join(lines)
