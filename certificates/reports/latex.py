"""The report as a standalone LaTeX article."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lossproof.certificates.reports.critical_rows import HEADINGS, TABLE_GLOSS
from lossproof.certificates.reports.fact_tables import fact_tables
from lossproof.certificates.reports.key_claims import key_rows
from lossproof.certificates.reports.outline import MATRIX_GLOSS, ClaimEntry, LemmaEntry, Link, ProofOutline, Section, outline_of
from lossproof.certificates.reports.plain_words import (
    KEY_CLAIMS,
    NOT_APPLYING,
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
from lossproof.certificates.text.formulas import LOSS, activation_formula, error_formula
from lossproof.certificates.text.latex import latex_prose, latex_text
from lossproof.certificates.text.numbers import shortened_rows

_PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage{iftex}
\ifPDFTeX\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\fi
\usepackage{amsmath,amssymb}
\usepackage[margin=27mm]{geometry}
\usepackage{booktabs,longtable,xcolor}
\usepackage[hidelinks]{hyperref}
\definecolor{proved}{HTML}{0B5C94}
\definecolor{refuted}{HTML}{A63A00}
\definecolor{undecided}{HTML}{5A4A78}
\newcommand{\verdict}[2]{{\small\bfseries\sffamily\textcolor{#1}{[#2]}}}
\newcommand{\target}[1]{\phantomsection\label{#1}}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5\baselineskip}
\setlength{\emergencystretch}{3em}
"""


def render_latex(report: ReportRecord, certificate_name: str = "report.json") -> str:
    """Return the report as a LaTeX document that compiles on its own; ``certificate_name`` is the file to verify. All text is escaped."""
    outline = outline_of(report)
    title = latex_text(report_title(report))
    lines = [_PREAMBLE, rf"\title{{{title}}}", r"\author{lossproof}", r"\date{}", r"\begin{document}", r"\maketitle", ""]
    lines += [*_conclusion(outline), *_key_claims(outline), *_problem(report)]
    for section in outline.sections:
        lines.append(rf"\section*{{{latex_text(section.heading)}}}")
        if section.heading == CRITICAL_POINTS:
            lines += _point_table(outline)
        for entry in section.told:
            lines += _claim(entry)
            for inner in entry.behind:
                lines += _claim(inner, "subsubsection")
        lines += _not_applying(section)
    lines += [
        r"\section*{Lemmas: rank bounds}",
        latex_prose(MATRIX_GLOSS),
        "",
        *_lemmas(outline.lemmas),
        r"\section*{The weights}",
        *_points(report),
    ]
    lines += [r"\section*{How to read this, and what it rests on}", r"\begin{itemize}"]
    lines += [rf"\item {latex_prose(line)}" for line in (*report.notes, *trust_lines(outline))]
    lines += [r"\end{itemize}", r"\section*{How to re-check this}", rf"\texttt{{lossproof verify {latex_text(certificate_name)}}}", ""]
    lines += [rf"Problem SHA-256: {{\footnotesize\texttt{{{report.certificate.digest}}}}}", r"\end{document}", ""]
    return "\n".join(lines)


def _conclusion(outline: ProofOutline) -> list[str]:
    entry = outline.conclusion
    claim = entry.claim
    lines = [rf"\section*{{{entry.number}. {latex_text(QUESTION)}}}", rf"\target{{{entry.anchor}}}{_verdict(entry)}", ""]
    lines += [
        rf"\textbf{{{latex_prose(conclusion_headline(outline.report))}}}",
        "",
        rf"\textit{{{entry.proof_word}}} {latex_prose(claim.reason)}",
        "",
    ]
    lines += _missing(entry)
    if what_does_not_follow(outline):
        lines += [rf"\textit{{What does not follow.}} {latex_prose(what_does_not_follow(outline))}", ""]
    return [*lines, *_rests_on(entry.rests_on), latex_text(tally(outline)), ""]


def _point_table(outline: ProofOutline) -> list[str]:
    rows = outline.point_table()
    if not rows:
        return []
    lines = [latex_prose(TABLE_GLOSS), "", r"{\small", r"\begin{longtable}{@{}rp{42mm}lrrrrllr@{}}", r"\toprule"]
    lines += [" & ".join(map(latex_prose, (*HEADINGS, "claim"))) + r"\\", r"\midrule", r"\endhead"]
    for row, entry in rows:
        cells = [latex_text(cell).replace("[", "{[}") for cell in row.cells]
        lines.append(" & ".join([*cells, rf"\hyperref[{entry.anchor}]{{{entry.number}}}"]) + r"\\")
    return [*lines, r"\bottomrule", r"\end{longtable}}", ""]


def _not_applying(section: Section) -> list[str]:
    """Return the theorems that do not apply as one sentence, each with the hypothesis that fails."""
    if not section.folded:
        return []
    told = [
        rf"\target{{{entry.anchor}}}{entry.number}. \texttt{{{latex_text(entry.claim.id)}}} ({latex_prose(entry.why_not.rstrip('.'))})"
        for entry in section.folded
    ]
    return [rf"\verdict{{undecided}}{{UNDECIDED}} {NOT_APPLYING}: {'; '.join(told)}.", ""]


def _key_claims(outline: ProofOutline) -> list[str]:
    rows = [
        [
            rf"\verdict{{{row.entry.claim.verdict.value.lower()}}}{{{row.entry.claim.verdict.value}}}",
            rf"\hyperref[{row.entry.anchor}]{{{latex_prose(row.name)}}}",
            latex_text(row.where),
            latex_prose(row.number),
        ]
        for row in key_rows(outline)
    ]
    table = _table([], rows) if rows else []
    return [rf"\section*{{{KEY_CLAIMS}}}", *table, "", latex_text(theorems_sentence(outline)), ""]


def _claim(entry: ClaimEntry, heading: str = "subsection") -> list[str]:
    claim = entry.claim
    statement = claim.statement
    lines = [
        rf"\{heading}*{{{entry.number}. {latex_prose(entry.title)}}}",
        rf"\target{{{entry.anchor}}}{_verdict(entry)}",
        "",
    ]
    if entry.stated_at is None:
        lines += [*_display(statement.formula), rf"\textit{{{entry.statement_word}.}} {latex_prose(statement.conclusion)}", ""]
    lines += [rf"\textit{{{entry.proof_word}}} {latex_prose(claim.reason)}", ""]
    for table in fact_tables(entry.facts):
        lines += [*_table([latex_prose(words) for words in table.words], [[latex_text(cell) for cell in row] for row in table.rows]), ""]
    return [*lines, *_missing(entry), *_rests_on(entry.rests_on)]


def _verdict(entry: ClaimEntry) -> str:
    claim = entry.claim
    rigor = "" if claim.rigor is None else f", {latex_text(claim.rigor.value)}"
    step = "" if entry.step is None else f", certificate step {entry.step}"
    verdict = rf"\verdict{{{claim.verdict.value.lower()}}}{{{claim.verdict.value}}}"
    return rf"{verdict} \texttt{{{latex_text(claim.id)}}}, {latex_text(entry.setting)}{rigor}{step}"


def _missing(entry: ClaimEntry) -> list[str]:
    return [rf"\textit{{What is missing:}} {latex_prose(entry.claim.missing)}.", ""] if entry.claim.missing else []


def _rests_on(links: tuple[Link, ...]) -> list[str]:
    return [rf"\textit{{Rests on}} {', '.join(map(_link, links))}.", ""] if links else []


def _link(link: Link) -> str:
    return rf"\hyperref[{link.anchor}]{{{link.label}}}"


def _display(formula: str) -> list[str]:
    return [r"\[", formula, r"\]"]


def _problem(report: ReportRecord) -> list[str]:
    problem = report.problem
    a = problem.architecture
    lines = [r"\section*{The problem}", r"\begin{description}"]
    lines += [rf"\item[{latex_text(term)}] {latex_prose(value)}" for term, value in problem_lines(report)]
    lines += [r"\end{description}", *_display(LOSS), *_display(r"E(\varphi_L,y)=" + error_formula(problem.error))]
    if a.L > 1:
        lines += _display(r"\sigma(z)=" + activation_formula(a.activation))
    if a.L == 1 or not a.output_activation.is_identity:
        lines += _display(r"\sigma_L(z)=" + activation_formula(a.output_activation))
    rows = shortened_rows([(*x, *y) for x, y in zip(problem.samples.X, problem.samples.Y, strict=True)])
    return [*lines, "The samples, inputs then targets:", "", *_table([], [[latex_text(cell) for cell in row] for row in rows]), ""]


def _lemmas(lemmas: tuple[LemmaEntry, ...]) -> list[str]:
    if not lemmas:
        return ["None.", ""]
    lines = [r"\begin{longtable}{@{}rllll@{}}", r"\toprule", r"Lemma & Bound & Rule & Rigor & Rests on\\", r"\midrule", r"\endhead"]
    for lemma in lemmas:
        rests = ", ".join(map(_link, lemma.rests_on)) or "--"
        cells = (latex_prose(lemma.text), rf"\texttt{{{latex_text(lemma.bound.rule)}}}", latex_text(lemma.bound.rigor.value), rests)
        lines.append(rf"\target{{{lemma.anchor}}}{lemma.number} & {' & '.join(cells)}\\")
    return [*lines, r"\bottomrule", r"\end{longtable}"]


def _points(report: ReportRecord) -> list[str]:
    lines = []
    for index, weights in enumerate(report.points):
        lines += [f"Point {index}: {latex_text(point_name(report, index))}.", ""]
        for l, layer in enumerate(weights.layers, start=1):
            bias = report.problem.architecture.bias != "none"
            rows = shortened_rows([*layer.W, *([layer.b] if bias else [])])
            lines += [f"$W_{{{l}}}$" + (f", with $b_{{{l}}}$ as its last row:" if bias else ":"), ""]
            lines += [*_table([], [[latex_text(cell) for cell in row] for row in rows]), ""]
    return lines


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    columns = len(rows[0])
    head = [" & ".join(header) + r"\\", r"\midrule"] if header else []
    body = [" & ".join(re.sub(r"^\[", "{[}", cell) for cell in row) + r"\\" for row in rows]
    return [rf"\begin{{tabular}}{{@{{}}{'l' * columns}@{{}}}}", r"\toprule", *head, *body, r"\bottomrule", r"\end{tabular}"]
