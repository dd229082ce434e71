"""The pictures of a critical point, the figures of its claims, and how a report on many points is ordered."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from cases.map_cases import hand_map

import lossproof as lp
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.certificates.reports.critical_estimates import descent_estimate, hessian_eigenvalues, line_estimate
from lossproof.certificates.reports.critical_figures import figures_of
from lossproof.certificates.reports.critical_svg import SIGNS, inertia_svg
from lossproof.certificates.reports.html import render_html
from lossproof.certificates.reports.loss_svg import descent_svg, line_svg
from lossproof.certificates.reports.outline import outline_of
from lossproof.certificates.reports.subjects import CRITICAL_POINTS
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor, Verdict


def marks(picture: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [element for element in picture.iter() if element.get("class") == kind]


def place(mark: ElementTree.Element) -> tuple[float, float]:
    if mark.get("cx") is not None:
        return float(mark.get("cx")), float(mark.get("cy"))
    corners = [tuple(map(float, corner.split(","))) for corner in mark.get("points").split()]
    return sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners)


def counts(negative: int, zero: int, positive: int, undecided: int) -> dict[str, int]:
    return dict(zip(("negative", "zero", "positive", "undecided"), (negative, zero, positive, undecided), strict=True))


@pytest.mark.parametrize(
    ("values", "inertia"),
    [
        ([-2.0, -0.5, 3.0], counts(2, 0, 1, 0)),
        ([-1e-17, 1e-18, 0.5, 2.0], counts(0, 2, 2, 0)),
        ([-1e-17, 1e-9, 2e-5, 1.0], counts(0, 1, 1, 2)),
        ([0.0, 0.0], counts(0, 0, 0, 2)),
        ([5e-324, 1e300], counts(0, 0, 2, 0)),
        ([-1e300, -1e-300], counts(2, 0, 0, 0)),
        ([-1e-17, 1.0], counts(0, 0, 2, 0)),
    ],
)
def test_the_spectrum_shows_every_eigenvalue_with_its_sign(values, inertia):
    picture = ElementTree.fromstring(inertia_svg(values, inertia, "claim-1"))
    width, height = (float(size) for size in picture.get("viewBox").split()[2:])
    zero_at = next(float(text.get("x")) for text in marks(picture, "label") if text.text == "0")
    for sign in SIGNS:
        found = [place(mark) for mark in marks(picture, f"eigenvalue {sign}")]
        in_the_plot = [spot for spot in found if spot[1] < height - 30]
        assert len(in_the_plot) == inertia[sign]
        assert len(found) - len(in_the_plot) == bool(inertia[sign])
        for x, y in found:
            assert 0 < x < width
            assert 0 < y < height
            assert sign != "negative" or y > height - 30 or x < zero_at
            assert sign != "positive" or y > height - 30 or x > zero_at
            assert sign != "zero" or y > height - 30 or x == pytest.approx(zero_at, abs=0.1)
    assert "Proved: " in picture.find("desc").text
    assert "estimates" in picture.find("desc").text


def test_many_equal_eigenvalues_become_one_mark_with_their_number():
    picture = ElementTree.fromstring(inertia_svg([0.0] * 40 + [1.0], counts(0, 40, 1, 0), "1"))
    assert len(marks(picture, "eigenvalue zero")) == 2
    assert "×40" in [text.text for text in marks(picture, "label")]


def test_bars_count_eigenvalues_that_are_too_many_for_marks():
    values = sorted([-(10.0 ** (k / 40)) for k in range(-60, 20)] + [10.0 ** (k / 60) for k in range(-90, 40)])
    inertia = counts(80, 0, 130, 0)
    picture = ElementTree.fromstring(inertia_svg(values, inertia, "1"))
    bars = {sign: [mark for mark in marks(picture, f"eigenvalue {sign}") if mark.tag.endswith("rect")] for sign in SIGNS}
    zero_at = next(float(text.get("x")) for text in marks(picture, "label") if text.text == "0")
    assert all(float(bar.get("x")) + float(bar.get("width")) < zero_at for bar in bars["negative"])
    assert all(float(bar.get("x")) > zero_at for bar in bars["positive"])
    heights = {sign: [float(bar.get("height")) for bar in found] for sign, found in bars.items()}
    unit = max(map(max, (heights["negative"], heights["positive"]))) / int(
        next(text.text for text in marks(picture, "label") if text.text.startswith("×"))[1:]
    )
    assert [round(sum(heights[sign]) / unit) for sign in SIGNS] == pytest.approx([80, 0, 130, 0], abs=1)
    assert bars["zero"] + bars["undecided"] == []
    assert "bars count eigenvalues" in [text.text for text in marks(picture, "label end")]


def test_tick_labels_keep_apart():
    picture = ElementTree.fromstring(inertia_svg([-1e3, -1e-9, 1e-9, 1e4], counts(2, 0, 2, 0), "1"))
    ticks = sorted(float(text.get("x")) for text in marks(picture, "label") if not text.text.startswith("×"))
    assert len(ticks) >= 5
    assert min(np.diff(ticks)) >= 40


def test_the_descent_picture_is_drawn_to_scale():
    t = [k / 20 for k in range(21)]
    curve, line = [-2 * s**4 for s in t], [s**2 for s in t]
    picture = ElementTree.fromstring(descent_svg(t, curve, line, [-(s**4) for s in t], "−1 t⁴", "claim-9"))
    paths = {kind: marks(picture, f"path {kind}")[0] for kind in ("curve", "tangent", "bound")}
    points = {kind: [tuple(map(float, corner.split(","))) for corner in path.get("points").split()] for kind, path in paths.items()}
    assert len(points["curve"]) == len(points["bound"]) == 21
    assert 2 < len(points["tangent"]) < 21
    zero = points["curve"][0][1]
    assert points["curve"][-1][1] - zero == pytest.approx(2 * (points["bound"][-1][1] - zero), rel=0.01)
    assert points["tangent"][-1][1] < zero
    width, height = (float(size) for size in picture.get("viewBox").split()[2:])
    assert all(0 < x < width and 0 < y < height for path in points.values() for x, y in path)
    assert "−1 t⁴" in "".join(picture.itertext())


def xor(layers: list[tuple[object, object]]) -> tuple[Problem, Weights]:
    architecture = Architecture.of("2-2-1")
    samples = Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])
    return Problem(architecture, error_named("squared"), samples), Weights.of(architecture, layers)


def test_eigenvalues_agree_with_the_exact_hessian():
    problem, weights = xor([([[0, 0], [0, 0]], [0, 0]), ([[1], [2]], ["1/2"])])
    exact = hessian(problem, evaluate(problem.architecture, problem.samples, weights, RationalField()))
    expected = np.linalg.eigvalsh(np.array([[float(x) for x in row] for row in exact]))
    assert hessian_eigenvalues(problem, weights) == pytest.approx(tuple(expected), abs=1e-12)


def test_the_loss_along_a_curve_of_descent():
    problem, weights = xor([([[-2, 0], [0, -2]], [1, 1]), ([[0], [0]], ["1/2"])])
    curve = [[1, ["0", "1", "0", "0", "0", "0", "0", "0", "0"]], [2, ["0", "0", "0", "0", "0", "0", "-1/6", "0", "0"]]]
    claim = Claim("higher-order-descent", Point(weights), Verdict.PROVED, "", {"order": 4, "coefficient": Fraction(-43, 16384)}, Rigor.BALL)
    found = descent_estimate(problem, weights, replace(claim, evidence={"curve": curve}))
    assert found is not None
    assert found.t[0] == found.curve[0] == 0
    assert all(later <= earlier for earlier, later in zip(found.curve, found.curve[1:], strict=False))
    assert found.curve[-1] < found.bound[-1] < 0
    assert max(map(abs, found.line)) < 1e-15
    exponent = np.polyfit(np.log(found.t[20:60]), np.log(-np.array(found.curve[20:60])), 1)[0]
    assert exponent == pytest.approx(4, abs=0.2)


def test_a_descent_that_doubles_do_not_resolve_is_not_drawn():
    problem, weights = xor([([[-2, 0], [0, -2]], [1, 1]), ([[0], [0]], ["1/2"])])
    claim = Claim("higher-order-descent", Point(weights), Verdict.PROVED, "", {"order": 4, "coefficient": Fraction(-1, 10**40)}, Rigor.BALL)
    assert descent_estimate(problem, weights, replace(claim, evidence={"curve": [[1, ["0", "1", *["0"] * 7]]]})) is None


def valley(curvature, weights="3"):
    """A layer with one weight and one sample: ``J(w) = (w x − y)²/2``, with its minimum at ``w``."""
    architecture = Architecture.of("1-1", bias="none")
    x = Fraction(curvature)
    problem = Problem(architecture, error_named("squared"), Samples.of([[x]], [[x * Fraction(weights)]]))
    return problem, Weights.of(architecture, [([[weights]], None)])


def test_the_loss_along_the_least_eigenvector_of_a_minimum():
    problem, weights = valley(2)
    found = line_estimate(problem, weights, counts(0, 0, 1, 0))
    assert (found.eigenvalue, found.loss) == (4, 0)
    assert found.s[0] == -found.s[-1] == -3
    assert found.change == pytest.approx(found.parabola)
    assert found.parabola == pytest.approx([2 * s * s for s in found.s])


def test_the_least_eigenvector_is_that_of_descent_at_a_saddle_and_no_proved_zero():
    problem, weights = xor([([[0, 0], [0, 0]], [0, 0]), ([[1], [2]], ["1/2"])])
    values = hessian_eigenvalues(problem, weights)
    negative = sum(value < -1e-9 for value in values)
    zero = sum(abs(value) <= 1e-9 for value in values)
    found = line_estimate(problem, weights, counts(negative, zero, 9 - negative - zero, 0))
    assert zero
    assert found.eigenvalue == pytest.approx(values[0] if negative else values[zero])
    assert found.change[0] * found.eigenvalue > 0
    middle = len(found.s) // 2
    assert found.s[middle] == found.change[middle] == 0


def test_a_line_that_doubles_do_not_resolve_is_not_drawn():
    problem, weights = valley("1e-9")
    far = Problem(problem.architecture, problem.error, Samples.of(problem.samples.X, [[1000]]))
    assert line_estimate(far, weights, counts(0, 0, 1, 0)) is None
    assert line_estimate(*valley(2), counts(0, 1, 0, 0)) is None
    assert line_estimate(*valley(2, "1e400"), counts(0, 0, 1, 0)) is None


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("proved", [(-1e-12, 1e-12), (-0.2, 0.1), (-50.0, 50.0)])
def test_the_line_picture_has_the_proved_loss_at_0(side, proved):
    s = [k / 10 for k in range(-10, 11)]
    change, parabola = [side * x * x * (1 + x / 2) for x in s], [side * x * x for x in s]
    picture = ElementTree.fromstring(line_svg(s, change, parabola, proved, "0.125", "claim-7"))
    (curve,) = (mark for mark in marks(picture, "path curve") if mark.get("points"))
    corners = [tuple(map(float, corner.split(","))) for corner in curve.get("points").split()]
    assert len(corners) == len(s)
    line = marks(picture, "path bound")[0]
    narrow = proved[1] - proved[0] < 1e-9
    assert not narrow or float(line.get("y1")) == pytest.approx(corners[10][1], abs=0.1)
    bands = marks(picture, "band")
    assert len(bands) == (not narrow)
    width, height = (float(size) for size in picture.get("viewBox").split()[2:])
    assert all(0 < x < width and 0 < y < height for x, y in corners)
    for band in bands:
        top, size = float(band.get("y")), float(band.get("height"))
        assert 0 < top <= corners[10][1] <= top + size < height
    assert "the proved loss, 0.125" in "".join(picture.itertext())


def test_the_loss_along_a_line_is_drawn_beside_given_weights_only():
    report = lp.check_architecture("1-1", [[0], [1], [2]], [[1], [3], [4]], weights=[([[1.5]], [1.2])], search="none")
    entry = next(
        entry for entry in outline_of(report).claims if entry.claim.id == "critical-point" and entry.claim.verdict is Verdict.PROVED
    )
    kinds = [figure.svg.partition('"')[2].partition('"')[0] for figure in figures_of(report, entry)]
    assert kinds == ["inertia", "line"]
    assert "numerical illustration" in figures_of(report, entry)[1].caption
    assert render_html(report).count('<svg class="line"') == 1
    found = lp.find_critical_points("1-1", [[0], [1], [2]], [[1], [3], [4]], starts=2, workers=1)
    assert '<svg class="line"' not in render_html(found.report)


def test_figures_stand_with_the_summary_of_a_point():
    report = hand_map().report
    entries = {entry.point: entry for entry in outline_of(report).claims if entry.claim.id == "critical-point"}
    assert [figure.svg.partition('"')[2].partition('"')[0] for figure in figures_of(report, entries[0])] == ["inertia"]
    for figure in figures_of(report, entries[5]):
        assert "Proved: " in figure.caption
        assert "Estimated in float64" in figure.caption
    alone = next(
        entry
        for entry in outline_of(replace(report, claims=(report.conclusion, *report.claims[1].premises))).claims
        if entry.claim.id == "inertia"
    )
    assert len(figures_of(report, alone)) == 1
    assert figures_of(report, outline_of(report).conclusion) == ()


def test_claims_stand_behind_their_point():
    outline = outline_of(hand_map().report)
    section = next(section for section in outline.sections if section.heading == CRITICAL_POINTS)
    assert [entry.point for entry in section.entries] == [0, 1, 2, 2, 3, 3, 4, 5, 6]
    assert {entry.claim.id for entry in section.entries} == {"critical-point", "suboptimal"}
    for entry in section.entries:
        if entry.claim.id == "critical-point":
            assert [inner.claim for inner in entry.behind] == list(entry.claim.premises)
            assert [inner.number for inner in entry.behind] == list(range(entry.number + 1, entry.number + 1 + len(entry.behind)))
    stated = [entry for entry in section.claims if entry.stated_at is None]
    assert len(stated) == len({entry.claim.id for entry in section.claims})
    assert all(outline.claims[entry.stated_at - 1].claim.id == entry.claim.id for entry in section.claims if entry.stated_at is not None)


def test_the_page_has_the_table_and_keeps_premises_folded():
    page = render_html(hand_map().report)
    assert page.count('<table class="points">') == 1
    table = page.partition('<table class="points">')[2].partition("</table>")[0]
    assert re.findall(r'<td><a href="#(claim-\d+)">', table) == [
        entry.anchor for entry in outline_of(hand_map().report).claims if entry.claim.id == "critical-point"
    ]
    assert page.count('<details class="behind">') == 7
    assert page.count('<svg class="inertia"') == 7
    assert '<table class="points">' not in render_html(hand_map((1,), ("saddle",)).report)
