"""Pictures of what is proved: ranks of layers, enclosures of eigenvalues, and which claim rests on which."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction

import pytest
from cases.map_cases import hand_map
from cases.report_cases import xor_report

import lossproof as lp
from lossproof.certificates.proof.nodes import RankBound, proof_order
from lossproof.certificates.reports.claims_svg import claims_svg
from lossproof.certificates.reports.critical_figures import figures_of
from lossproof.certificates.reports.html import render_html
from lossproof.certificates.reports.layer_ranks import layer_ranks
from lossproof.certificates.reports.outline import outline_of
from lossproof.certificates.reports.svg import network_svg
from lossproof.theory.problem.architecture import Architecture

XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])


WEIGHTS = [([[1, 0], [0, 1]], [0, 0]), ([[0], [0]], [0])]


@pytest.fixture(scope="module")
def report():
    """XOR at weights whose Hessian has eigenvalues of both signs, and zeros."""
    return lp.check_architecture("2-2-1", *XOR, weights=WEIGHTS, search="none")


def marks(picture, kind):
    return [element for element in picture.iter() if element.get("class") == kind]


def test_ranks_of_layers_are_those_of_the_proofs(report):
    told = layer_ranks(report)
    assert (told["Phi"], told["P"][2]) == ({0: "rank Φ₀⁺ = 3", 1: "rank Φ₁⁺ = 3"}, "rank P₂ = 3")
    assert layer_ranks(xor_report()) == {"Phi": {0: "rank Φ₀⁺ = 3"}, "W": {}, "P": {1: "rank P₁ = 4"}}
    told = {"Phi": {0: "rank Φ₀⁺ = 3", 1: "rank Φ₁⁺ = 3"}, "W": {1: "rank W₁ = 2", 2: "rank W₂ = 1"}, "P": {1: "rank P₁ ≥ 2"}}
    picture = ElementTree.fromstring(network_svg(Architecture.of("2-2-1"), told))
    places = {text.text: float(text.get("x")) for text in marks(picture, "label soft") if text.text.startswith("rank")}
    assert places == {"rank Φ₀⁺ = 3": 60, "rank Φ₁⁺ = 3": 188, "rank W₁ = 2": 124, "rank W₂ = 1": 252, "rank P₁ ≥ 2": 124}
    assert "Proved at point 0: rank Φ₀⁺ = 3" in picture.find("desc").text
    assert max(float(text.get("y")) for text in marks(picture, "label soft")) < float(picture.get("viewBox").split()[3])


def test_a_lower_bound_alone_is_no_rank(report):
    nodes = [node for node in proof_order(report.claims) if isinstance(node, RankBound)]
    lower = next(node for node in nodes if node.matrix == "P-2" and node.is_lower)
    claim = replace(report["count"], premises=(replace(lower, value=2),))
    assert layer_ranks(replace(report, claims=(claim,)))["P"] == {2: "rank P₂ ≥ 2"}
    assert layer_ranks(replace(report, claims=(claim,), first_points=xor_report().first_points))["P"] == {}


def test_layers_that_are_left_out_have_no_ranks():
    told = {"W": {l: f"rank W{l}" for l in range(1, 12)}, "Phi": {l: f"rank Phi{l}" for l in range(11)}, "P": {}}
    picture = ElementTree.fromstring(network_svg(Architecture.of("2-3-3-3-3-3-3-3-3-3-3-1"), told))
    shown = {text.text for text in marks(picture, "label soft") if text.text.startswith("rank")}
    assert {"rank W1", "rank W11", "rank Phi0", "rank Phi10"} <= shown
    assert {"rank W5", "rank W9", "rank Phi5"}.isdisjoint(shown)


def test_enclosed_eigenvalues_have_the_signs_that_are_proved(report):
    outline = outline_of(report)
    entry = outline.find("hessian-spectrum", "at these weights")
    (figure,) = figures_of(report, entry)
    listed, within = entry.claim.facts["eigenvalues"], Fraction(entry.claim.facts["within"])
    negative, positive = sum(x < -within for x in listed), sum(x > within for x in listed)
    assert 0 < negative < len(listed) - positive
    told = ElementTree.fromstring(figure.svg).find("desc").text
    for count, sign in ((negative, "negative"), (positive, "positive"), (len(listed) - negative - positive, "undecided")):
        assert f"{count} {sign}" in told
    assert "proved up to" in told
    assert "Those whose enclosure holds 0 are undecided" in figure.caption
    radius = Fraction(re.search(r"within (\S+) of", figure.caption)[1])
    assert within <= radius <= 2 * within
    unlisted = replace(entry, claim=replace(entry.claim, facts={k: v for k, v in entry.claim.facts.items() if k != "eigenvalues"}))
    assert figures_of(report, unlisted) == ()


def test_every_claim_that_rests_on_claims_is_drawn(report):
    outline = outline_of(report)
    picture = ElementTree.fromstring(claims_svg(outline))
    links = {(int(link.anchor[6:]), entry.number) for entry in outline.claims for link in entry.rests_on if link.label.startswith("Claim")}
    drawn = {number for link in links for number in link}
    for verdict in lp.Verdict:
        boxes = marks(picture, f"node {verdict.value.lower()}")
        assert len(boxes) == sum(entry.claim.verdict is verdict for entry in outline.claims if entry.number in drawn)
    assert len(marks(picture, "edge link")) == len(marks(picture, "head")) == len(links) > 10
    width, height = map(float, picture.get("viewBox").split()[2:])
    for box in (box for box in picture.iter() if (box.get("class") or "").startswith("node")):
        assert 0 <= float(box.get("x")) <= width - float(box.get("width"))
        assert 0 <= float(box.get("y")) <= height - float(box.get("height"))
    said = picture.find("desc").text
    for entry in outline.claims:
        sources = sorted(source for source, target in links if target == entry.number)
        assert (
            not sources
            or f"claim {entry.number}, {entry.claim.id}, {entry.claim.verdict.value}, rests on {', '.join(map(str, sources))}" in said
        )


def test_of_too_many_claims_those_of_the_conclusion_are_drawn(report):
    outline = outline_of(report)
    link = next(link for entry in outline.claims for link in entry.rests_on if link.label.startswith("Claim"))

    def chain(first, last):
        """Claims each of which rests on the next one."""
        return tuple(
            replace(outline.conclusion, number=number, rests_on=(replace(link, anchor=f"claim-{number + 1}"),))
            for number in range(first, last)
        )

    rest = replace(outline.conclusion, number=9, rests_on=())
    short, long = chain(1, 9), chain(20, 80)
    sections = (replace(outline.sections[0], entries=(*short[1:], rest, *long)),)
    assert claims_svg(replace(outline, conclusion=short[0], sections=sections)).count('class="node') == 9
    assert claims_svg(replace(outline, conclusion=long[0], sections=sections)) is None
    assert claims_svg(replace(outline, conclusion=rest, sections=sections)) is None
    assert claims_svg(replace(outline, conclusion=rest, sections=())) is None


@pytest.mark.parametrize("make", [xor_report, lambda: hand_map().report])
def test_a_page_has_each_picture_once_and_ids_of_their_own(make):
    page = render_html(make())
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(set(names)) == len(names)
    assert page.count('<svg class="network"') == 1
