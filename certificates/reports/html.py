"""The report as one self-contained HTML page that reads like a proof."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from lossproof.certificates.notes import assumed_notes
from lossproof.certificates.reports.claims_svg import claims_svg
from lossproof.certificates.reports.critical_figures import figures_of
from lossproof.certificates.reports.critical_rows import HEADINGS, TABLE_GLOSS
from lossproof.certificates.reports.fact_tables import fact_tables
from lossproof.certificates.reports.key_claims import key_rows
from lossproof.certificates.reports.layer_ranks import layer_ranks
from lossproof.certificates.reports.outline import ARGUMENTS, ARGUMENTS_GLOSS, MATRIX_GLOSS, outline_of
from lossproof.certificates.reports.plain_words import (
    KEY_CLAIMS,
    QUESTION,
    VERDICT_WORDS,
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
from lossproof.certificates.reports.subjects import CRITICAL_POINTS, DECIDING
from lossproof.certificates.reports.svg import network_svg, spectrum_svg
from lossproof.certificates.text.enclosures import decimal_above
from lossproof.certificates.text.formulas import activation_formula, error_formula, loss_formula, mathml, named_hidden
from lossproof.certificates.text.numbers import is_shortened, shortened_rows
from lossproof.certificates.text.prose import runs_of
from lossproof.theory.problem.numbers import Number
from lossproof.theory.rationals import brief_name

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

_TEMPLATES = "lossproof.certificates.reports.templates"
_MANY_LEMMAS = 12
_LONE_SYMBOL = re.compile(r"(?<![\w-])([EFHJKLPTWXY])(?![\w-])")


@dataclass(frozen=True)
class MatrixView:
    """A matrix or data table as text: column headings, rows, and whether the middle was left out."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shortened: bool


def render_html(report: ReportRecord, certificate_name: str = "report.json") -> str:
    """Return the report as an HTML page without any reference to the network.

    ``certificate_name`` is the file named in the command that re-checks it. All text is escaped by Jinja2; formulas and pictures are made
    by the library.
    """
    outline = outline_of(report)
    certificate, ranks = report.certificate, layer_ranks(report)
    page = _environment().get_template("report.html.jinja")
    return page.render(
        css=_resource("report.css"),
        outline=outline,
        title=report_title(report),
        problem_lines=problem_lines(report),
        headline=conclusion_headline(outline.report),
        does_not_follow=what_does_not_follow(outline),
        tally=tally(outline),
        key_rows=key_rows(outline),
        theorems=theorems_sentence(outline),
        wide_network=report.problem.architecture.L > 3,
        formulas=_problem_formulas(report),
        network=_markup(network_svg(report.problem.architecture, ranks)),
        ranks=ranks,
        spectrum=_spectrum(report),
        spectrum_within="" if report.spectrum_within is None else decimal_above(Fraction(report.spectrum_within)),
        graph=_markup(claims_svg(outline) or ""),
        data=_data_view(report),
        figures=lambda entry: [(_markup(figure.svg), figure.caption) for figure in figures_of(report, entry)],
        points=[(index, point_name(report, index), _point_views(report, index)) for index in range(len(report.points))],
        trust=trust_lines(outline),
        notes=report.notes,
        assumed=assumed_notes(report.notes),
        verdict_words=[(verdict.value, words) for verdict, words in VERDICT_WORDS.items()],
        lemmas_open=len(outline.lemmas) <= _MANY_LEMMAS,
        digest=certificate.digest,
        file_digest=hashlib.sha256(certificate.text.encode("utf-8")).hexdigest(),
        certificate_name=certificate_name,
    )


@cache
def _environment() -> jinja2.Environment:
    """Return what fills the templates; each is compiled once."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(question=QUESTION, matrix_gloss=MATRIX_GLOSS, deciding=DECIDING, key_claims=KEY_CLAIMS)
    environment.globals.update(arguments_heading=ARGUMENTS, arguments_gloss=ARGUMENTS_GLOSS)
    environment.globals.update(point_headings=HEADINGS, point_section=CRITICAL_POINTS, table_gloss=TABLE_GLOSS)
    environment.filters["formula"] = lambda latex: _markup(mathml(latex, display=True))
    environment.filters["prose"] = prose_html
    environment.filters["facts"] = fact_tables
    environment.filters["shell"] = shlex.quote
    return environment


def _resource(name: str) -> str:
    return resources.files(_TEMPLATES).joinpath(name).read_text(encoding="utf-8")


def _markup(trusted: str) -> Markup:
    from markupsafe import Markup

    return Markup(trusted)


def prose_html(sentence: str) -> Markup:
    """Return a sentence as HTML: escaped, with indices and exponents set, and ``Claim 3`` and ``point 0`` linked.

    >>> str(prose_html("rank W_1 < 3, see Claim 2"))
    'rank <var>W</var><sub>1</sub> &lt; 3, see <a href="#claim-2">Claim 2</a>'
    """
    from markupsafe import Markup, escape

    parts = []
    for run in runs_of(sentence):
        if not run.is_symbol:
            linked = re.sub(r"\b(Claim|Lemma) (\d+)\b", lambda m: f'<a href="#{m[1].lower()}-{m[2]}">{m[0]}</a>', str(escape(run.base)))
            linked = re.sub(r"\bpoint (\d+)\b", r'<a href="#point-\1">point \1</a>', linked)
            parts.append(_LONE_SYMBOL.sub(r"<var>\1</var>", linked))
            continue
        scripts = "".join(f"<{tag}>{_script(text)}</{tag}>" for tag, text in (("sub", run.sub), ("sup", run.sup)) if text)
        parts.append(f"<var>{escape(run.base)}</var>{scripts}")
    return Markup("".join(parts))


def _script(text: str) -> str:
    """Return an index or exponent with its letters slanted and its digits upright."""
    from markupsafe import escape

    return "".join(f"<i>{part}</i>" if part.isalpha() else str(escape(part)) for part in re.split(r"([A-Za-z]+)", text))


def _problem_formulas(report: ReportRecord) -> list[tuple[str, str]]:
    architecture, error = report.problem.architecture, report.problem.error
    found = [
        ("Loss", loss_formula(decays=report.problem.decay is not None)),
        (f"Error, {brief_name(error.name)}", "E(\\varphi_L,y)=" + error_formula(error)),
    ]
    for name, activation in named_hidden(architecture):
        found.append((f"Hidden activation, {brief_name(activation.name)}", f"{name}(z)=" + activation_formula(activation)))
    if architecture.L == 1 or not architecture.output_activation.is_identity:
        found.append(
            (
                f"Output activation, {brief_name(architecture.output_activation.name)}",
                r"\sigma_L(z)=" + activation_formula(architecture.output_activation),
            )
        )
    return found


def _spectrum(report: ReportRecord) -> Markup | None:
    if not report.spectrum:
        return None
    return _markup(spectrum_svg(report.spectrum, report.problem.architecture.N_net, report.problem.columns, report.spectrum_within))


def _data_view(report: ReportRecord) -> MatrixView:
    samples = report.problem.samples
    n_0, n_L = len(samples.X[0]), len(samples.Y[0])
    rows: list[tuple[Number, ...]] = [(*x, *y) for x, y in zip(samples.X, samples.Y, strict=True)]
    names = [f"x_{j}" for j in range(1, n_0 + 1)] + [f"y_{j}" for j in range(1, n_L + 1)]
    if n_0 + n_L > 8:
        names = [*names[:4], "…", *names[-4:]]
    return MatrixView("The samples", tuple(names), shortened_rows(rows), is_shortened(rows))


def _point_views(report: ReportRecord, index: int) -> list[MatrixView]:
    views = []
    for l, layer in enumerate(report.points[index].layers, start=1):
        bias = report.problem.architecture.biases[l - 1] != "none"
        rows: list[tuple[Number, ...]] = [*layer.W, *([layer.b] if bias else [])]
        views.append(MatrixView(f"W_{l}, with b_{l} as its last row" if bias else f"W_{l}", (), shortened_rows(rows), is_shortened(rows)))
    return views
