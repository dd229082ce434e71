"""The pictures are well-formed, accessible and honest."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from lossproof.certificates.reports.svg import network_svg, spectrum_svg
from lossproof.theory.problem.architecture import Architecture


def marks(picture: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [element for element in picture.iter() if element.get("class") == kind]


@pytest.mark.parametrize("widths", ["2-2-1", "1-1", "64-128-10", "2-3-3-3-3-3-3-3-3-3-3-1"])
@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
def test_network(widths, bias):
    picture = ElementTree.fromstring(network_svg(Architecture.of(widths, bias=bias)))
    assert picture.get("role") == "img"
    assert picture.find("title").text == f"The network {widths}"
    assert bias in picture.find("desc").text
    assert len(marks(picture, "unit")) <= 60
    assert bool(marks(picture, "bias")) == (bias == "trainable")
    width, height = (float(size) for size in picture.get("viewBox").split()[2:])
    for circle in marks(picture, "unit"):
        assert 0 < float(circle.get("cx")) < width
        assert 0 < float(circle.get("cy")) < height


@pytest.mark.parametrize(
    ("values", "zeros"),
    [((3.0, 1.0, 1e-9), 0), ((1.0,), 0), ((2.0, 0.0, 0.0), 2), ((0.0,), 1), ((1e-320, 5e-324), 0), ((1e300, 1e-300), 0), ((1.0, 1.0), 0)],
)
def test_spectrum(values, zeros):
    picture = ElementTree.fromstring(spectrum_svg(values, 9, 4))
    assert "estimate" in picture.find("title").text
    assert "decides nothing" in picture.find("desc").text
    assert len(marks(picture, "dot")) == len(values) - zeros
    assert len(marks(picture, "dot zero")) == zeros
    for dot in (*marks(picture, "dot"), *marks(picture, "dot zero")):
        assert 10 <= float(dot.get("cy")) <= 215
        assert 60 <= float(dot.get("cx")) <= 562


def test_an_enclosed_spectrum():
    picture = ElementTree.fromstring(spectrum_svg((3.0, 1.0, 2e-16, 0.0), 9, 4, 1e-15))
    assert "estimate" not in "".join(picture.itertext())
    assert "2 of them not told from zero. Each is proved to lie within 1.01e-15" in picture.find("desc").text
    assert (len(marks(picture, "dot")), len(marks(picture, "dot zero"))) == (2, 2)


def test_the_cut_of_matrix_rank_is_shown_where_it_matters():
    assert marks(ElementTree.fromstring(spectrum_svg((1.0, 1e-15), 9, 4)), "cut")
    assert not marks(ElementTree.fromstring(spectrum_svg((1.0, 0.1), 9, 4)), "cut")


def test_long_spectra_are_thinned():
    picture = ElementTree.fromstring(spectrum_svg([1.0 / (k + 1) for k in range(5000)], 6000, 5000))
    assert len(marks(picture, "dot")) == 300
    assert "5000 singular values" in picture.find("desc").text
