"""The report as a standalone LaTeX article."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lossproof.certificates.notes import assumed_notes
from lossproof.certificates.reports.bibtex import PAPER, SOFTWARE_KEY, references_of, work_cited_by
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
from lossproof.certificates.text.formulas import activation_formula, error_formula, loss_formula, named_hidden
from lossproof.certificates.text.latex import latex_prose, latex_text
from lossproof.certificates.text.numbers import shortened_rows
from lossproof.theory.verdicts import Verdict

_LONG = 70
"""Characters of a part of a formula that is not set beside the title of its statement."""
_BREAK = r"\allowbreak"
_PREAMBLE = r"""\documentclass[10pt,a4paper]{article}
% What is cited has the same keys in the .bib of this report: \bibliographystyle{plain}\bibliography{report} may stand for thebibliography.
\usepackage{iftex}
\ifPDFTeX\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\fi
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{amsmath,amssymb,amsthm}
\usepackage[margin=17mm,top=13mm,bottom=14mm,footskip=6mm]{geometry}
\usepackage{booktabs,graphicx,longtable,multicol,xcolor}
\usepackage[hidelinks]{hyperref}
\definecolor{proved}{HTML}{0B5C94}
\definecolor{refuted}{HTML}{A63A00}
\definecolor{undecided}{HTML}{5A4A78}
\newcommand{\verdict}[2]{{\footnotesize\bfseries\sffamily\textcolor{#1}{[#2]}}}
\newcommand{\target}[1]{\phantomsection\label{#1}}
\newcommand{\heading}[1]{\par\addvspace{1ex}{\large\bfseries #1\par}\nobreak\vskip0.3ex}
\newcommand{\fitted}[1]{\sbox0{#1}\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi}
\newcommand{\freebreak}{\hfil\penalty0\hfilneg}
\newtheoremstyle{close}{0.3ex}{0pt}{\itshape}{}{\bfseries}{.}{0.5em}{}
\theoremstyle{close}
\newtheorem*{statement}{Statement}
\newtheorem*{remark}{Remark}
\makeatletter
\renewenvironment{proof}[1][\proofname]{\unskip\ \pushQED{\qed}\normalfont\textit{#1\@addpunct{.}} \ignorespaces}{\popQED\par}
\newcommand{\references}[1]{{\renewcommand{\section}[2]{\heading{##2}}\footnotesize#1}}
\makeatother
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.15ex}
\linespread{0.95}
\setlength{\emergencystretch}{4em}
\setlength{\tabcolsep}{4pt}
\setlength{\columnsep}{18pt}
\setlength{\multicolsep}{3pt}
\renewcommand{\arraystretch}{0.9}
"""


def render_latex(report: ReportRecord, certificate_name: str = "report.json") -> str:
    """Return the report as a LaTeX document that compiles on its own; ``certificate_name`` is the file to verify. All text is escaped.

    It is set closely, as an appendix is: a statement stands once, as a theorem; what is claimed of it follows, each with its proof.
    """
    outline = outline_of(report)
    lines = [_PREAMBLE, r"\begin{document}", rf"{{\Large\bfseries {latex_text(report_title(report))}\par}}", ""]
    lines += [rf"{latex_prose(note)}\par" for note in assumed_notes(report.notes)]
    lines += [*_conclusion(outline), *_key_claims(outline), *_problem(report), r"{\small"]
    stated: set[str] = set()
    for section in outline.sections:
        lines.append(_heading(section.heading))
        if section.heading == CRITICAL_POINTS:
            lines += _point_table(outline)
        for entry in section.claims:
            if not entry.does_not_apply:
                lines += [*([] if entry.claim.id in stated else _statement(entry)), *_claim(entry)]
                stated.add(entry.claim.id)
        lines += _not_applying(section)
    lines += [
        "}",
        *_arguments(outline),
        _heading("Lemmas: rank bounds"),
        *_lemmas(outline.lemmas),
        _heading("The weights"),
        *_points(report),
    ]
    lines += [_heading("How to read this, and what it rests on"), r"{\footnotesize"]
    lines += [rf"{' '.join(map(latex_prose, told))}\par" for told in (report.notes, trust_lines(outline)) if told]
    lines += [rf"The theory starts from~\cite{{{PAPER.key}}}; computed by~\cite{{{SOFTWARE_KEY}}}.\par", "}", *_references(outline)]
    lines += [_heading("How to re-check this"), rf"\texttt{{lossproof verify {latex_text(certificate_name)}}}", ""]
    lines += [rf"{{\footnotesize SHA-256 of the problem: \texttt{{{report.certificate.digest}}}}}", r"\end{document}", ""]
    return "\n".join(lines)


def _references(outline: ProofOutline) -> list[str]:
    """Return the works that are cited, under the keys that they have in BibTeX."""
    items = [rf"\bibitem{{{reference.key}}} {latex_text(reference.text())}" for reference in references_of(outline)]
    return [r"\references{\begin{thebibliography}{9}\setlength{\itemsep}{0pt}\setlength{\parsep}{0pt}", *items, r"\end{thebibliography}}"]


def _heading(text: str) -> str:
    return rf"\heading{{{latex_text(text)}}}"


def _conclusion(outline: ProofOutline) -> list[str]:
    entry = outline.conclusion
    lines = [_heading(f"{entry.number}. {QUESTION}"), rf"\target{{{entry.anchor}}}{_verdict(entry)}", ""]
    lines += [rf"\textbf{{{latex_prose(conclusion_headline(outline.report))}}}", ""]
    lines += [*_proof(entry), ""]
    if what_does_not_follow(outline):
        lines += [rf"\textit{{What does not follow.}} {latex_prose(what_does_not_follow(outline))}", ""]
    return [*lines, latex_text(tally(outline)), ""]


def _key_claims(outline: ProofOutline) -> list[str]:
    rows = [
        [
            _badge(row.entry.claim.verdict),
            rf"\hyperref[{row.entry.anchor}]{{{latex_prose(row.name)}}}",
            latex_text(row.where),
            latex_prose(row.number),
        ]
        for row in key_rows(outline)
    ]
    table = [r"{\small\vspace{0.4ex}", *_table(rows), r"\par}"] if rows else []
    return [_heading(KEY_CLAIMS), *table, latex_text(theorems_sentence(outline)), ""]


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


def _statement(entry: ClaimEntry) -> list[str]:
    """Return the statement of a claim as a theorem; one that is known to be false is a remark."""
    statement, kind = entry.claim.statement, entry.statement_word.lower()
    title = latex_prose(statement.title.removeprefix("False: ")).replace("[", "{[}").replace("]", "{]}")
    return [
        rf"\begin{{{kind}}}[{{{title}}}]",
        rf"{_formula(statement.formula)}. {latex_prose(statement.conclusion)}",
        rf"\end{{{kind}}}",
    ]


def _formula(formula: str) -> str:
    """Return a formula that a line may end within, at its wide spaces, and before it, where a part is long and may hold no other place to break it."""
    parts = re.split(r"(?=\\q?quad\b)", formula)
    before = r"\freebreak" if max(map(len, parts)) > _LONG else ""
    return f"{before}${_BREAK.join(parts)}$"


def _claim(entry: ClaimEntry) -> list[str]:
    facts = "; ".join(
        "; ".join(f"{latex_prose(words)}: {latex_text(cell)}" for words, cell in zip(table.words, row, strict=True))
        for table in fact_tables(entry.facts)
        for row in table.rows
    )
    told = rf" {{\footnotesize ({facts}.)}}" if facts else ""
    return [rf"\target{{{entry.anchor}}}\textbf{{Claim {entry.number}.}} {_verdict(entry)}.{told}", *_proof(entry), ""]


def _proof(entry: ClaimEntry) -> list[str]:
    """Return why a claim is decided as a proof, or what is known of one that is not."""
    work = work_cited_by(entry.claim)
    cited = "" if work is None else rf" See~\cite{{{work.key}}}."
    reason = f"{latex_prose(entry.claim.reason)}{_missing(entry)}{cited}{_rests_on(entry.rests_on)}"
    if entry.claim.verdict is Verdict.UNDECIDED:
        return [rf"\textit{{{entry.proof_word}}} {reason}"]
    return [rf"\begin{{proof}}[{entry.proof_word.rstrip('.')}]", reason, r"\end{proof}"]


def _not_applying(section: Section) -> list[str]:
    """Return the theorems that do not apply as one sentence, each with the hypothesis that fails."""
    if not section.folded:
        return []
    told = [
        rf"\target{{{entry.anchor}}}{entry.number}. \texttt{{{latex_text(entry.claim.id)}}} ({latex_prose(entry.why_not.rstrip('.'))})"
        for entry in section.folded
    ]
    return [rf"{_badge(section.folded[0].claim.verdict)} {NOT_APPLYING}: {'; '.join(told)}.", ""]


def _badge(verdict: Verdict) -> str:
    return rf"\verdict{{{verdict.value.lower()}}}{{{verdict.value}}}"


def _verdict(entry: ClaimEntry) -> str:
    claim = entry.claim
    rigor = "" if claim.rigor is None else f", {latex_text(claim.rigor.value)}"
    step = "" if entry.step is None else f", step {entry.step}"
    return rf"{_badge(claim.verdict)} \texttt{{{latex_text(claim.id)}}}, {latex_text(entry.setting)}{rigor}{step}"


def _missing(entry: ClaimEntry) -> str:
    return rf" \textit{{What is missing:}} {latex_prose(entry.claim.missing)}." if entry.claim.missing else ""


def _rests_on(links: tuple[Link, ...]) -> str:
    return rf" \textit{{Rests on}} {', '.join(map(_link, links))}." if links else ""


def _link(link: Link) -> str:
    return rf"\hyperref[{link.anchor}]{{{link.label}}}"


def _problem(report: ReportRecord) -> list[str]:
    problem = report.problem
    a = problem.architecture
    terms = "; ".join(f"{latex_text(term)}: {latex_prose(value)}" for term, value in problem_lines(report))
    formulas = [loss_formula(decays=problem.decay is not None), r"E(\varphi_L,y)=" + error_formula(problem.error)]
    for name, activation in named_hidden(a):
        formulas.append(f"{name}(z)=" + activation_formula(activation))
    if a.L == 1 or not a.output_activation.is_identity:
        formulas.append(r"\sigma_L(z)=" + activation_formula(a.output_activation))
    rows = shortened_rows([(*x, *y) for x, y in zip(problem.samples.X, problem.samples.Y, strict=True)])
    lines = [_heading("The problem"), f"{terms}.", "", ", ".join(f"${formula}$" for formula in formulas), ""]
    return [*lines, r"The samples, inputs then targets: \fitted{", *_table([[latex_text(cell) for cell in row] for row in rows]), "}", ""]


def _arguments(outline: ProofOutline) -> list[str]:
    """Return the statements that the proof of the conclusion uses, each with its proof."""
    lines = [_heading(ARGUMENTS), rf"{{\small {latex_prose(ARGUMENTS_GLOSS)}", ""] if outline.arguments else []
    for argument in outline.arguments:
        statement = argument.statement
        hypotheses = latex_prose(" ".join(statement.hypotheses))
        lines += [rf"\textbf{{\texttt{{{latex_text(statement.id)}}}}}. \textit{{{latex_prose(statement.conclusion)}}}", ""]
        lines += [rf"\textit{{Hypotheses.}} {hypotheses}", r"\begin{proof}", latex_prose(argument.proof), r"\end{proof}", ""]
    return [*lines, "}"] if lines else []


def _lemmas(lemmas: tuple[LemmaEntry, ...]) -> list[str]:
    if not lemmas:
        return ["None.", ""]
    lines = [r"{\footnotesize", latex_prose(MATRIX_GLOSS), "", r"\begin{multicols}{2}\raggedright"]
    for lemma in lemmas:
        rule, rigor = rf"\texttt{{{latex_text(lemma.bound.rule)}}}", latex_text(lemma.bound.rigor.value)
        rests = f", from {', '.join(map(_link, lemma.rests_on))}" if lemma.rests_on else ""
        lines += [rf"\target{{{lemma.anchor}}}\textbf{{{lemma.number}.}} {latex_prose(lemma.text)} ({rule}, {rigor}{rests})", ""]
    return [*lines, r"\end{multicols}}"]


def _points(report: ReportRecord) -> list[str]:
    biases = report.problem.architecture.biases
    lines, some = [r"{\footnotesize\raggedright"], set(biases) != {"none"}
    lines += [r"The last row of $W_{l}$ is $b_{l}$.", ""] if some else []
    for index, weights in enumerate(report.points):
        lines.append(f"Point {index}: {latex_text(point_name(report, index))}.")
        for l, layer in enumerate(weights.layers, start=1):
            rows = shortened_rows([*layer.W, *([layer.b] if some else [])])
            lines += [rf"\quad\fitted{{$W_{{{l}}}=\left(", *_table([[latex_text(cell) for cell in row] for row in rows]), r"\right)$}"]
        lines.append(r"\par\vspace{0.4ex}")
    return [*lines, "}"]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    body = [" & ".join(re.sub(r"^\[", "{[}", cell) for cell in row) + r"\\" for row in rows]
    return [rf"\begin{{tabular}}{{@{{}}{'l' * len(rows[0])}@{{}}}}", *body, r"\end{tabular}"]
