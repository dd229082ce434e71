"""Entries of the zoo as plain text: the list, and one entry with what was proved about it."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from lossproof.certificates.claims.critical_kinds import KIND_WORDS
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.critical_rows import HEADINGS, aligned_table, critical_rows, kind_text
from lossproof.certificates.reports.markdown import escape_markdown, markdown_table
from lossproof.certificates.reports.plain_words import QUESTION, conclusion_headline
from lossproof.certificates.text.enclosures import enclosure_text
from lossproof.certificates.text.numbers import display_number
from lossproof.certificates.zoo.record import ZooRecord
from lossproof.theory.problem.numbers import exact_number
from lossproof.theory.statements.registry import statement_named
from lossproof.theory.verdicts import Verdict
from lossproof.theory.zoo.entry import ZooEntry
from lossproof.theory.zoo.registry import zoo_entries

_HEAD = """\
# The zoo: known loss landscapes, proved

This page is written by `lossproof zoo --markdown docs/zoo.md`, from proofs that ran for it: every row of a table is a claim whose certificate the kernel
accepts. `lossproof zoo` lists the entries, and any of them is proved again, re-checked and explored with, for example,

```sh
lossproof zoo auer-3 -o auer-3.html   # the proof, its report, and beside it the certificate auer-3.json
lossproof verify auer-3.json          # re-check the certificate with the small independent kernel
lossproof map 1-1 --data zoo:auer-3 --output-activation sigmoid --bias none   # search the landscape for critical points
```

or in Python with `lp.prove_entry("auer-3")`.

How to read the tables: the loss is J(W) = (1/T) Σ E. Only proved digits are shown: after `…` more follow that are left out, and `0.25(67|72)` lies between
0.2567 and 0.2572. The columns −, 0, + and ? count the eigenvalues of the Hessian by their proved sign, ? those that are not decided. The critical point lies
within the radius of the weights in every coordinate; 0 means exactly there. A *suboptimal* local minimum is proved to be beaten by another point of
the table."""


_LEFT = (1, 2)
_LABEL = 12


def list_entries() -> str:
    """Return the names and titles of all entries, each with what is proved about its points."""
    width = max(len(entry.name) for entry in zoo_entries()) + 2
    lines = []
    for entry in zoo_entries():
        lines += [f"{entry.name:<{width}}{entry.title}", f"{'':<{width}}{proved_in_short(entry)}"]
    return "\n".join(lines)


def proved_in_short(entry: ZooEntry) -> str:
    """Return how many points of which kind an entry has.

    >>> from lossproof.theory.zoo.registry import zoo_entry
    >>> proved_in_short(zoo_entry("auer-3"))
    '3 × strict local minimum, 2 of them suboptimal; all critical points known'
    """
    parts = []
    for kind, count in Counter(point.kind for point in entry.points).items():
        bad = sum(point.suboptimal for point in entry.points if point.kind == kind)
        words = f"{count} × {KIND_WORDS[kind]}" if count > 1 else KIND_WORDS[kind]
        some = ", suboptimal" if count == 1 else f", {'all' if bad == count else bad} of them suboptimal"
        parts.append(words + some * (bad > 0))
    whole = [statement_named(entry.theorem).title.lower()] if entry.theorem else []
    every = ["all critical points known"] if entry.complete else []
    return "; ".join([*whole, *parts, *every])


def problem_text(entry: ZooEntry) -> str:
    """Return the network, error and bias of an entry in a sentence.

    >>> from lossproof.theory.zoo.registry import zoo_entry
    >>> problem_text(zoo_entry("auer-2"))
    'F(1, 1), sigmoid output, squared error, no bias, 1 weight, 2 samples'
    """
    a, T = entry.problem.architecture, entry.problem.T
    hidden = f"{a.hidden_in_words} hidden units, " if a.L > 1 else ""
    bias = "no bias" if a.bias == "none" else f"{a.bias} bias"
    widths = ", ".join(map(str, a.widths))
    weights = f"{a.N_net} weight{'s' if a.N_net > 1 else ''}"
    decay = "" if entry.problem.decay is None else f", weight decay λ = {entry.weight_decay} of all weights"
    return (
        f"F({widths}), {hidden}{a.output_activation.name} output, {entry.problem.error.name} error{decay}, {bias}, {weights}, {T} samples"
    )


def samples_text(entry: ZooEntry) -> str:
    """Return the samples of an entry as inputs and targets.

    >>> from lossproof.theory.zoo.registry import zoo_entry
    >>> samples_text(zoo_entry("auer-2"))
    '10 → 3/4, -1 → 4/5'
    """
    return ", ".join(f"{_vector(x)} → {_vector(y)}" for x, y in zip(entry.X, entry.Y, strict=True))


def _vector(entries: tuple[object, ...]) -> str:
    texts = [display_number(exact_number(entry)) for entry in entries]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def table_rows(proof: ZooRecord) -> list[tuple[str, ...]]:
    """Return the cells of the table of an entry's points under `critical_rows.HEADINGS`, in the entry's order."""
    claims = (claim for pair in proof.points for claim in pair if claim is not None)
    proved = {row.point: row.cells for row in critical_rows(claims, proof.report.number)}
    rows = []
    for number, (claim, _) in enumerate(proof.points):
        cells = proved.get(number) or _unproved_cells(number, claim)
        rows.append((cells[0], cells[1] + _order(claim), *cells[2:]))
    return rows


def _order(claim: Claim) -> str:
    found = next((p for p in claim.premises if isinstance(p, Claim) and p.id == "higher-order-descent"), None)
    return "" if found is None else f" of order {found.facts['order']}"


def _unproved_cells(number: int, claim: Claim) -> tuple[str, ...]:
    facts = claim.facts
    if claim.verdict is not Verdict.REFUTED:
        return (str(number), kind_text(facts, suboptimal=False), *("",) * (len(HEADINGS) - 2))
    loss = enclosure_text(Fraction(facts["loss_lower"]), Fraction(facts["loss_upper"]))
    return (str(number), kind_text(facts, suboptimal=False), loss, *("",) * (len(HEADINGS) - 4), "0")


def complete_text(proof: ZooRecord) -> str:
    """Return what is proved of the list of all critical points, or nothing."""
    claim = proof.complete
    if claim is None or claim.verdict is not Verdict.PROVED:
        return ""
    kinds = Counter(other.facts["kind"] for other in proof.report if other.id == "critical-point")
    kinds.subtract(other.facts["kind"] for other, _ in proof.points)
    others = ", ".join(f"{kinds[kind]} × {words}" for kind, words in KIND_WORDS.items() if kinds[kind])
    alike = " Copies under permutations and changes of sign of hidden units count once." if proof.entry.problem.architecture.L > 1 else ""
    if claim.facts.get("up_to") == "scale":
        alike = " Scales of the hidden unit count once, and points with the output weight 0 are left out: each of them is global, or no local minimum."
    return f"All critical points are those of the table{f', and {others}' if others else ''}.{alike}"


def conclusion_text(proof: ZooRecord) -> str:
    """Return what follows for the question whether every local minimum is global."""
    claim = proof.conclusion
    told = "Open: none of these points is a bad local minimum." if claim.verdict is Verdict.UNDECIDED else conclusion_headline(proof.report)
    return f"{QUESTION} {told}"


def render_proof(proof: ZooRecord, width: int = 100) -> str:
    """Return an entry with its literature and the table of what was proved about its points, wrapped to ``width`` columns."""
    entry = proof.entry
    title = f"{entry.title} ({entry.name})"
    parts = [
        ("Problem", problem_text(entry)),
        ("Samples", samples_text(entry)),
        ("Literature", entry.literature),
        ("Here", entry.shows),
        *([] if proof.theorem is None else [("Theorem", proof.theorem.statement.conclusion)]),
    ]
    lines = [title, "=" * len(title), ""]
    for label, text in parts:
        lines += _wrapped(f"{label:<{_LABEL}}", text, width)
    lines += ["", *aligned_table([HEADINGS, *table_rows(proof)], _LEFT), ""]
    lines += _wrapped(f"{'All':<{_LABEL}}", complete_text(proof), width)
    for number, point in enumerate(entry.points):
        lines += _wrapped(f"{f'Point {number}':<{_LABEL}}", point.about, width)
    verdict = f"[{proof.conclusion.verdict.value}] "
    lines += ["", *_wrapped(verdict, conclusion_text(proof), width)]
    for difference in proof.differences:
        lines += _wrapped("DIFFERENT   ", difference, width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _wrapped(label: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, max(width, 40), initial_indent=label, subsequent_indent=" " * _LABEL, break_long_words=False, break_on_hyphens=False
    )


def render_page(proofs: Iterable[ZooRecord]) -> str:
    """Return the page for these proofs as Markdown."""
    known = tuple(proofs)
    return "\n\n".join([_HEAD, _contents([proof.entry for proof in known]), *(_entry(proof) for proof in known)]) + "\n"


def _contents(entries: Iterable[ZooEntry]) -> str:
    return "\n".join(f"- [`{entry.name}`](#{entry.name}): {escape_markdown(entry.title)}" for entry in entries)


def _entry(proof: ZooRecord) -> str:
    entry = proof.entry
    blocks = [
        f'<a id="{entry.name}"></a>\n\n## {escape_markdown(entry.title)}',
        f"`{entry.name}`: {escape_markdown(problem_text(entry))}. Samples: {escape_markdown(samples_text(entry))}.",
        f"**Literature.** {escape_markdown(entry.literature)}",
        f"**Proved here.** {escape_markdown(entry.shows)}",
        *(_theorem(proof.theorem) if proof.theorem is not None else []),
        _table(proof),
        *([f"**Complete.** {escape_markdown(complete_text(proof))}"] if complete_text(proof) else []),
        f"[{proof.conclusion.verdict.value}] {escape_markdown(conclusion_text(proof))}",
        f"Re-check: `lossproof zoo {entry.name} -o {entry.name}.html; lossproof verify {entry.name}.json`",
        *(f"**Different from the record:** {escape_markdown(difference)}" for difference in proof.differences),
    ]
    return "\n\n".join(blocks)


def _theorem(claim: Claim) -> list[str]:
    return [f"**Theorem** (`{claim.id}`, proved for these samples). {escape_markdown(claim.statement.conclusion)}"]


def _table(proof: ZooRecord) -> str:
    rows = [(cells[0], point.about, *cells[1:]) for point, cells in zip(proof.entry.points, table_rows(proof), strict=True)]
    return markdown_table([HEADINGS[0], "which", *HEADINGS[1:]], [[escape_markdown(cell) for cell in row] for row in rows])
