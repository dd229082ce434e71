"""The report as Markdown with ``$…$`` formulas, as GitHub and Jupyter show it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lossproof.certificates.notes import assumed_notes
from lossproof.certificates.reports.critical_rows import HEADINGS, TABLE_GLOSS
from lossproof.certificates.reports.fact_tables import fact_tables
from lossproof.certificates.reports.key_claims import key_rows
from lossproof.certificates.reports.outline import (
    ARGUMENTS,
    ARGUMENTS_GLOSS,
    MATRIX_GLOSS,
    ClaimEntry,
    LemmaEntry,
    Link,
    ProofOutline,
    Section,
    outline_of,
)
from lossproof.certificates.reports.plain_words import (
    KEY_CLAIMS,
    QUESTION,
    conclusion_headline,
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
from lossproof.certificates.text.formulas import activation_formula, error_formula, loss_formula, named_hidden
from lossproof.certificates.text.numbers import shortened_rows

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|$~!])")
_MARKS = {"PROVED": "✓", "REFUTED": "✗", "UNDECIDED": "?"}


def render_markdown(report: ReportRecord, certificate_name: str = "report.json") -> str:
    """Return the report as Markdown; ``certificate_name`` is the file to verify."""
    outline = outline_of(report)
    assumed = map(escape_markdown, assumed_notes(report.notes))
    blocks = [f"# {escape_markdown(report_title(report))}", *assumed, *_conclusion(outline), *_key_claims(outline), *_problem(report)]
    for section in outline.sections:
        blocks.append(f"## {section.heading}")
        if section.heading == CRITICAL_POINTS:
            blocks += _point_table(outline)
        for entry in section.told:
            blocks += [*_claim(entry), *_behind(entry)]
        blocks += _not_applying(section)
    blocks += _arguments(outline)
    blocks += ["## Lemmas: rank bounds", escape_markdown(MATRIX_GLOSS), _lemmas(outline.lemmas), "## The weights", *_points(report)]
    blocks.append("## How to read this, and what it rests on")
    blocks.append("\n".join(f"- {escape_markdown(line)}" for line in (*report.notes, *trust_lines(outline))))
    blocks += [
        "## How to re-check this",
        f"```sh\nlossproof verify {_one_line(certificate_name)}\n```",
        f"Problem SHA-256: `{report.certificate.digest}`",
    ]
    return "\n\n".join(blocks) + "\n"


def escape_markdown(text: str) -> str:
    r"""Return text in which Markdown and HTML see nothing special.

    >>> print(escape_markdown("N_net < 3*T"))
    N\_net &lt; 3\*T
    """
    plain = _one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", plain)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _conclusion(outline: ProofOutline) -> list[str]:
    entry = outline.conclusion
    claim = entry.claim
    blocks = [
        f'<a id="{entry.anchor}"></a>\n\n## {entry.number}. {QUESTION} (`{claim.id}`)',
        _verdict(entry),
        f"**{escape_markdown(conclusion_headline(outline.report))}**",
    ]
    blocks.append(f"*{entry.proof_word}* {escape_markdown(claim.reason)}")
    if claim.missing:
        blocks.append(f"*What is missing:* {escape_markdown(claim.missing)}.")
    if what_does_not_follow(outline):
        blocks.append(f"*What does not follow:* {escape_markdown(what_does_not_follow(outline))}")
    return [*blocks, *_rests_on(entry.rests_on), escape_markdown(tally(outline))]


def _key_claims(outline: ProofOutline) -> list[str]:
    rows = [
        [
            f"**{row.entry.claim.verdict.value}**",
            f"[{escape_markdown(row.name)}](#{row.entry.anchor})",
            row.where,
            escape_markdown(row.number),
        ]
        for row in key_rows(outline)
    ]
    table = [markdown_table(["verdict", "claim", "where", ""], rows)] if rows else []
    return [f"## {KEY_CLAIMS}", *table, escape_markdown(theorems_sentence(outline))]


def _not_applying(section: Section) -> list[str]:
    if not section.folded:
        return []
    rows = [
        [
            f'<a id="{entry.anchor}"></a>{entry.number}',
            f"{escape_markdown(entry.title)} (`{entry.claim.id}`)",
            escape_markdown(entry.why_not),
        ]
        for entry in section.folded
    ]
    opening = f"<details><summary>UNDECIDED: {len(rows)} theorems that do not apply here</summary>"
    return [opening, markdown_table(["Claim", "Theorem", "Hypothesis that fails"], rows), "</details>"]


def _claim(entry: ClaimEntry) -> list[str]:
    claim = entry.claim
    statement = claim.statement
    blocks = [f'<a id="{entry.anchor}"></a>\n\n### {entry.number}. {escape_markdown(entry.title)} (`{claim.id}`)', _verdict(entry)]
    if entry.stated_at is None:
        blocks += [f"$${statement.formula}$$", f"*{entry.statement_word}.* {escape_markdown(statement.conclusion)}"]
    blocks.append(f"*{entry.proof_word}* {escape_markdown(claim.reason)}")
    for table in fact_tables(entry.facts):
        header = [f"{escape_markdown(words)} `{key}`" for key, words in zip(table.keys, table.words, strict=True)]
        blocks.append(markdown_table(header, [[escape_markdown(cell) for cell in row] for row in table.rows]))
    if claim.missing:
        blocks.append(f"*What is missing:* {escape_markdown(claim.missing)}.")
    return [*blocks, *_rests_on(entry.rests_on)]


def _arguments(outline: ProofOutline) -> list[str]:
    blocks = [f"## {ARGUMENTS}", escape_markdown(ARGUMENTS_GLOSS)] if outline.arguments else []
    for argument in outline.arguments:
        statement = argument.statement
        blocks += [f"**{escape_markdown(statement.title)}** (`{statement.id}`). {escape_markdown(statement.conclusion)}"]
        blocks += [f"*Hypotheses.* {escape_markdown(' '.join(statement.hypotheses))}", f"*Proof.* {escape_markdown(argument.proof)} ∎"]
    return blocks


def _behind(entry: ClaimEntry) -> list[str]:
    if not entry.behind:
        return []
    opening = f"<details><summary>What claim {entry.number} rests on, in full: {len(entry.behind)} claims</summary>"
    return [opening, *(block for inner in entry.behind for block in _claim(inner)), "</details>"]


def _point_table(outline: ProofOutline) -> list[str]:
    rows = outline.point_table()
    if not rows:
        return []
    cells = [[*map(escape_markdown, row.cells), f"[{entry.number}](#{entry.anchor})"] for row, entry in rows]
    return [escape_markdown(TABLE_GLOSS), markdown_table([*HEADINGS, "claim"], cells)]


def _verdict(entry: ClaimEntry) -> str:
    claim = entry.claim
    rigor = "" if claim.rigor is None else f" · {claim.rigor.value.replace('_', chr(92) + '_')}"
    step = "" if entry.step is None else f" · certificate step {entry.step}"
    return f"**{_MARKS[claim.verdict.value]} {claim.verdict.value}** · {entry.setting}{rigor}{step}"


def _rests_on(links: tuple[Link, ...]) -> list[str]:
    return [f"*Rests on* {', '.join(_link(link) for link in links)}."] if links else []


def _link(link: Link) -> str:
    return f"[{link.label}](#{link.anchor})"


def _problem(report: ReportRecord) -> list[str]:
    problem = report.problem
    a = problem.architecture
    lines = "\n".join(f"- {term}: {escape_markdown(value)}" for term, value in problem_lines(report))
    blocks = [
        "## The problem",
        lines,
        f"$${loss_formula(decays=problem.decay is not None)}$$",
        rf"$$E(\varphi_L,y)={error_formula(problem.error)}$$",
    ]
    for name, activation in named_hidden(a):
        blocks.append(f"$${name}(z)={activation_formula(activation)}$$")
    if a.L == 1 or not a.output_activation.is_identity:
        blocks.append(rf"$$\sigma_L(z)={activation_formula(a.output_activation)}$$")
    rows = shortened_rows([(*x, *y) for x, y in zip(problem.samples.X, problem.samples.Y, strict=True)])
    return [*blocks, "The samples, inputs then targets:", markdown_table([""] * len(rows[0]), rows)]


def _lemmas(lemmas: tuple[LemmaEntry, ...]) -> str:
    if not lemmas:
        return "None."
    rows = []
    for lemma in lemmas:
        rests = ", ".join(_link(link) for link in lemma.rests_on) or "–"
        rigor = escape_markdown(lemma.bound.rigor.value)
        rows.append([f'<a id="{lemma.anchor}"></a>{lemma.number}', escape_markdown(lemma.text), f"`{lemma.bound.rule}`", rigor, rests])
    return markdown_table(["Lemma", "Bound", "Rule", "Rigor", "Rests on"], rows)


def _points(report: ReportRecord) -> list[str]:
    blocks = []
    for index, weights in enumerate(report.points):
        blocks.append(f"Point {index}: {point_name(report, index)}.")
        for l, layer in enumerate(weights.layers, start=1):
            bias = report.problem.architecture.biases[l - 1] != "none"
            rows = shortened_rows([*layer.W, *([layer.b] if bias else [])])
            blocks += [
                f"$W_{{{l}}}$" + (f", with $b_{{{l}}}$ as its last row:" if bias else ":"),
                markdown_table([""] * len(rows[0]), rows),
            ]
    return blocks


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the cells are Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
