"""Every format holds every claim with its verdict, escapes what the user named, and has links that resolve."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser

import pytest
from cases.map_cases import hand_map
from cases.report_cases import NASTY_NAME, proved_report, xor_report

from lossproof.certificates.checks.check_architecture import check_architecture
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.certificates.proof.nodes import Claim, proof_order
from lossproof.certificates.reports.as_dict import report_as_dict
from lossproof.certificates.reports.fact_tables import fact_tables, facts_in_words
from lossproof.certificates.reports.html import prose_html, render_html
from lossproof.certificates.reports.latex import render_latex
from lossproof.certificates.reports.markdown import render_markdown
from lossproof.certificates.reports.outline import outline_of
from lossproof.certificates.reports.text import render_summary, render_text
from lossproof.certificates.text.formulas import error_formula, mathml
from lossproof.certificates.text.latex import latex_prose, latex_text
from lossproof.certificates.text.numbers import display_number
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES, activation_named
from lossproof.theory.functions.errors import ERROR_FAMILIES, error_named
from lossproof.theory.problem.decay import Decay
from lossproof.theory.statements.registry import all_statements
from lossproof.theory.verdicts import Rigor, Verdict

RENDERERS = {"html": render_html, "md": render_markdown, "tex": render_latex, "txt": render_text}
VOID = {"meta", "br", "link", "img", "input", "hr", "line", "circle", "rect"}


class Page(HTMLParser):
    """Checks that tags nest and collects ids, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        self.loaded += [found[key] for key in ("src", "srcset", "data", "action") if key in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def checked_report():
    """A report that the prover made."""
    data = load_data("xor", 1)
    return check_architecture("2-2-1", data.X, data.Y, error="cauchy", data_name="xor")


def map_report():
    """A report on critical points of every kind."""
    return hand_map().report


@pytest.fixture(params=[xor_report, proved_report, checked_report, map_report], ids=["xor", "proved", "checked", "map"])
def report(request):
    return request.param()


def test_outline_numbers_the_conclusion_first():
    outline = outline_of(xor_report())
    assert outline.conclusion.number == 1
    assert outline.conclusion.claim.id == "no-bad-local-minima"
    assert [entry.number for entry in outline.claims] == list(range(1, len(outline.report.claims) + 1))
    assert [lemma.number for lemma in outline.lemmas] == list(range(1, len(outline.lemmas) + 1))
    headings = [section.heading for section in outline.sections]
    assert len(headings) == len(set(headings))


def test_outline_has_all_claims_and_premises(report):
    outline = outline_of(report)
    nodes = {id(node) for node in proof_order(report.claims) if isinstance(node, Claim)}
    assert {id(entry.claim) for entry in outline.claims} == nodes
    assert {id(claim) for claim in report.claims} <= nodes
    assert [entry.number for entry in outline.claims] == list(range(1, len(nodes) + 1))
    anchors = {entry.anchor for entry in outline.claims} | {lemma.anchor for lemma in outline.lemmas}
    for entry in (*outline.claims, *outline.lemmas):
        node = entry.claim if hasattr(entry, "claim") else entry.bound
        assert len(entry.rests_on) == len({id(premise) for premise in node.premises})
        assert {link.anchor for link in entry.rests_on} <= anchors


def test_outline_lists_mere_premises_too():
    report = xor_report()
    kept = tuple(claim for claim in report.claims if claim.id not in ("principle-error", "almost-everywhere"))
    outline = outline_of(replace(report, claims=kept))
    assert {"principle-error", "almost-everywhere"} <= {entry.claim.id for entry in outline.claims}


def test_outline_steps_are_those_of_the_certificate(report):
    steps = {step["id"]: step["conclusion"] for step in report.certificate.document["steps"]}
    for entry in outline_of(report).claims:
        if entry.claim.verdict is Verdict.UNDECIDED:
            assert entry.step is None
        else:
            assert steps[entry.step]["statement"] == entry.claim.id
            assert steps[entry.step]["at"] == report.numbering.name(entry.claim.place)


@pytest.mark.parametrize("form", RENDERERS)
def test_every_claim_stands_in_every_format(form, report):
    text = RENDERERS[form](report)
    if form == "html":
        text = Page(text).text
    flat = re.sub(r"\s+", " ", text)
    for entry in outline_of(report).claims:
        assert entry.claim.id in flat.replace("\\_", "_")
        assert entry.claim.verdict.value in flat
        opening = (entry.why_not if entry.does_not_apply else entry.claim.reason).split(" ")[0]
        assert opening.split("_")[0] in flat
        if entry.claim.rigor is not None:
            assert entry.claim.rigor.value in flat
    for verdict in {claim.verdict for claim in report.claims}:
        told = [entry.claim for entry in outline_of(report).claims if not entry.does_not_apply]
        assert flat.count(verdict.value) >= sum(claim.verdict is verdict for claim in told)
    for lemma in outline_of(report).lemmas:
        assert lemma.bound.rule in flat


@pytest.mark.parametrize("form", RENDERERS)
def test_theorems_that_do_not_apply_are_folded_with_the_hypothesis_that_fails(form):
    report = checked_report()
    folded = [entry for entry in outline_of(report).claims if entry.does_not_apply]
    assert len(folded) == 12
    text = RENDERERS[form](report)
    page = Page(text) if form == "html" else None
    flat = re.sub(r"\s+", " ", text if page is None else page.text)
    for entry in folded:
        assert entry.claim.id in flat
        assert (entry.anchor in page.ids) if page else f"{entry.number}" in flat
    assert "the network is not linear: it uses tanh" in flat
    assert "a problem that the theorem speaks about" not in flat
    assert "12 published theorems: none applies." in flat


@pytest.mark.parametrize("form", RENDERERS)
def test_conclusion_stands_first(form, report):
    text = RENDERERS[form](report)
    assert text.index("Is every local minimum global?") < text.index("The problem")


@pytest.mark.parametrize("form", [*RENDERERS, "summary"])
def test_nothing_reads_as_has_local_minima(form):
    text = (render_summary if form == "summary" else RENDERERS[form])(xor_report())
    flat = re.sub(r"\s+", " ", Page(text).text if form == "html" else text).lower()
    assert re.search(r"(has|have|there are|there is an?) (bad |suboptimal |spurious )?local minim", flat) is None
    assert "no sign either way" in flat
    assert "sufficient for a global minimum, not necessary" in flat


@pytest.mark.parametrize("form", RENDERERS)
def test_undecided_claims_say_what_is_missing(form):
    text = re.sub(r"\s+", " ", re.sub(r"</?[a-z][^>]*>", "", RENDERERS[form](xor_report())))
    assert text.count("What is missing") == sum(claim.verdict is Verdict.UNDECIDED for claim in xor_report().claims)
    assert "weights that fit all samples exactly" in text


def test_a_proved_conclusion_has_no_warning():
    for render in RENDERERS.values():
        text = render(proved_report())
        assert "every local minimum of the loss" in re.sub(r"<[^>]+>", "", text)
        assert "What does not follow" not in text


def test_html_is_well_formed_and_links_resolve(report):
    page = Page(render_html(report, "xor.json"))
    assert len(page.ids) == len(set(page.ids))
    assert page.links
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert "math" in page.tags
    assert "svg" in page.tags
    assert "lossproof verify xor.json" in page.text
    assert report.certificate.digest in page.text


def test_html_loads_nothing(report):
    text = render_html(report)
    page = Page(text)
    assert page.loaded == []
    assert "link" not in page.tags
    assert re.search(r"url\(|@import|https?:|fetch\(|XMLHttpRequest", text) is None


def test_html_escapes_what_the_user_named():
    text = render_html(xor_report(NASTY_NAME, (NASTY_NAME,)), f"{NASTY_NAME}.json")
    assert "<script>alert" not in text
    assert Page(text).tags.count("script") == 1
    assert "alert('x')" in Page(text).text


def test_html_prose_escapes_and_sets_indices():
    assert str(prose_html("<b> W_{l+1} ^ P")) == "&lt;b&gt; <var>W</var><sub><i>l</i>+1</sub> ^ <var>P</var>"


def test_markdown_links_resolve_and_text_is_escaped():
    text = render_markdown(xor_report(NASTY_NAME, (NASTY_NAME,)))
    anchors = re.findall(r'<a id="([^"]+)"></a>', text)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(anchors)
    assert "<script>" not in text
    assert text.count("<a id") == len(outline_of(xor_report()).claims) + len(outline_of(xor_report()).lemmas)
    without_escapes = re.sub(r"\\[\\`*_{}\[\]#|$~!]", "", text)
    assert without_escapes.count("$") % 2 == 0


@pytest.mark.parametrize("name", ["xor", NASTY_NAME])
def test_latex_structure(name):
    text = render_latex(xor_report(name, (name,)), f"{name}.json")
    assert all(ord(character) < 0x180 for character in text)
    environments: list[str] = []
    for kind, environment in re.findall(r"\\(begin|end)\{([a-z]+\*?)\}", text):
        if kind == "begin":
            environments.append(environment)
        else:
            assert environments.pop() == environment
    assert environments == []
    unescaped = re.sub(r"\\\\|\\[{}$%&#_]", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    body = unescaped.partition(r"\begin{document}")[2]
    assert body.count("$") % 2 == 0
    assert "#" not in body
    assert "%" not in body
    labels = re.findall(r"\\target\{([^}]+)\}", text)
    assert len(labels) == len(set(labels))
    assert set(re.findall(r"\\hyperref\[([^\]]+)\]", text)) <= set(labels)
    for line in text.replace(r"\&", "").splitlines():
        assert "&" not in line or line.endswith(r"\\") or r"\begin{cases}" in line


def test_latex_states_each_statement_once(report):
    text = render_latex(report)
    claims = [entry.claim for entry in outline_of(report).claims[1:] if not entry.does_not_apply]
    assert text.count(r"\begin{statement}") + text.count(r"\begin{remark}") == len({claim.id for claim in claims})
    assert text.count(r"\textbf{Claim ") == len(claims)


@pytest.mark.parametrize("form", RENDERERS)
def test_weight_decay_stands_in_the_loss(form):
    report = xor_report()
    decay = Decay.of("1/100", report.problem.architecture)
    text = RENDERERS[form](replace(report, problem=replace(report.problem, decay=decay)))
    plain = Page(text).text if form == "html" else text
    assert "weight decay" in plain
    assert "1/100" in plain
    penalty = {"html": "½ Σ", "txt": "½ Σ", "md": r"\sum_{k}\lambda_k w_k^2", "tex": r"\sum_{k}\lambda_k w_k^2"}[form]
    assert penalty in plain
    assert penalty not in (Page(RENDERERS[form](report)).text if form == "html" else RENDERERS[form](report))


def test_latex_escaping():
    assert latex_text(r"a_b & 5% #1 {x} ~^\ $") == (r"a\_b \& 5\% \#1 \{x\} \textasciitilde{}\textasciicircum{}\textbackslash{} \$")
    assert latex_text("σ'(z) ≥ 0, ü") == r"\ensuremath{\sigma}'(z) \ensuremath{\geq} 0, ü"
    assert latex_prose("in N_net of W_{l+1}") == "in $N_{net}$ of $W_{l+1}$"


def test_text_keeps_its_width():
    for line in render_text(xor_report()).splitlines():
        assert len(line) <= 100
    for line in render_summary(xor_report(), 60).splitlines():
        assert len(line) <= 60 or "–" in line


def test_print_shows_the_proof():
    assert str(xor_report()) == render_text(xor_report())


def test_dict_is_plain_data(report):
    data = report_as_dict(report)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert report.to_dict() == data
    assert data["conclusion"] == report.conclusion.verdict.value
    anchors = {entry["anchor"] for entry in (*data["claims"], *data["lemmas"])}
    for entry in (*data["claims"], *data["lemmas"]):
        assert set(entry["rests_on"]) <= anchors
    first = next(entry for entry in data["claims"] if entry["id"] != "no-bad-local-minima")
    facts = next(claim for claim in report.claims if claim.id == first["id"]).facts
    assert first["facts"] == {key: str(value) if isinstance(value, Fraction) else value for key, value in facts.items()}


def test_long_fractions_become_bounded_decimals():
    third = Fraction(1, 3) + Fraction(1, 3**90)
    facts = {"loss_lower": third, "loss_upper": third, "radius": Fraction(1, 2**60), "N_net": 9, "other": Fraction(1, 8)}
    row = fact_tables(facts)[0].rows[0]
    assert row == ("≥ 0.3333333333", "≤ 0.3333333334", "≈ 8.7e-19", "9", "0.125")
    assert facts_in_words({"loss_lower": third}) == "loss_lower ≥ 0.3333333333"
    for render in RENDERERS.values():
        assert re.search(r"\d{30}", re.sub(r"[0-9a-f]{64}", "", render(map_report()))) is None


def test_inertia_in_words():
    inertia = {"negative": 1, "zero": 0, "positive": 8, "undecided": 0}
    assert fact_tables({"inertia": inertia})[0].rows == (("1 negative, 8 positive",),)


def test_facts_become_tables():
    plain, layers = fact_tables({"rank": 3, "layers": [{"layer": 1, "bound": 2}, {"layer": 2, "bound": 0}]})
    assert plain.rows == (("3",),)
    assert layers.keys == ("layer", "bound")
    assert layers.rows == (("1", "2"), ("2", "0"))
    assert fact_tables({}) == ()


@pytest.mark.parametrize("statement", all_statements(), ids=lambda statement: statement.id)
def test_every_statement_formula_becomes_mathml(statement):
    markup = mathml(statement.formula, display=True)
    assert "\\" not in markup
    Page(markup)


def test_activation_and_error_formulas_become_mathml():
    examples = {"leaky-relu": "leaky-relu:1/10", "power": "power:3"}
    for family in ACTIVATION_FAMILIES:
        assert "\\" not in mathml(activation_named(examples.get(family, family)).latex)
    for family in ERROR_FAMILIES:
        for name in (family, f"{family}:1/4" if error_named(family).beta else family):
            assert "BETA" not in error_formula(error_named(name))
            assert "\\" not in mathml(error_formula(error_named(name)))


def test_numbers_are_short():
    assert display_number(Fraction(-7, 3)) == "-7/3"
    assert display_number(Fraction(0.1)) == "0.1"
    assert display_number(Fraction(10) ** 400) == "≈ 10^400"
    assert display_number(-Fraction(1, 10**400)) == "≈ -10^-400"


def test_large_reports_stay_small():
    from lossproof.certificates.proof.places import Point
    from lossproof.certificates.reports.report import Report
    from lossproof.theory.problem.architecture import Architecture
    from lossproof.theory.problem.problem import Problem
    from lossproof.theory.problem.samples import Samples
    from lossproof.theory.problem.weights import Weights

    architecture = Architecture.of((30, 40, 3))
    samples = Samples.of([[i + j for j in range(30)] for i in range(50)], [[0, 1, 0]] * 50)
    weights = Weights.of(architecture, [([[0.1] * 40] * 30, [0] * 40), ([[1, 2, 3]] * 40, [0, 0, 0])])
    conclusion = xor_report().conclusion
    report = Report(Problem(architecture, error_named("squared"), samples), (Point(weights),), True, (conclusion,), tuple(range(150)))
    for render in RENDERERS.values():
        assert len(render(report)) < 150_000


def test_rigor_of_the_report_is_listed():
    outline = outline_of(xor_report())
    assert outline.rigors() == (Rigor.EXACT, Rigor.CITED)
