"""The picture of a map: every point, no two labels on each other, the same bytes each time."""

from __future__ import annotations

import os
import random
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest
from cases.map_cases import KINDS, hand_map
from cases.report_cases import NASTY_NAME

from lossproof.certificates.maps import picture as map_picture
from lossproof.certificates.maps.picture import draw_map
from lossproof.certificates.maps.record import GivenStart
from lossproof.theory.exceptions import InputError


def crowded_map(seed: int):
    generator = random.Random(seed)
    losses = sorted(Fraction(10.0 ** generator.uniform(-8, 1)) for _ in range(40))
    return hand_map((0, *losses), ("global", *(generator.choice(KINDS[1:]) for _ in losses)))


def drawn_texts(found):
    """Return the texts in the picture with their boxes in pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = map_picture._figure(found)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes = figure.axes[0]
    shown = [text for text in (*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels(), *figure.texts) if text.get_text()]
    return [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in shown], figure


def test_every_point_is_drawn_with_its_number(tmp_path):
    found = hand_map()
    picture = ElementTree.fromstring(draw_map(found, tmp_path / "map.svg").read_text(encoding="utf-8"))
    texts = ["".join(element.itertext()).strip() for element in picture.iter() if element.tag.endswith("}text")]
    numbers = {number for text in texts for number in re.findall(r"^\d+(?=$|,)|(?<=, )\d+", text)}
    assert {str(point.point) for point in found} <= numbers
    assert {"global", "saddle,", "kind"} <= set(texts)
    assert any("ring marks a bad local minimum" in text for text in texts)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_equal_maps_give_equal_bytes(tmp_path, suffix):
    first, second = (draw_map(hand_map(), tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab")
    assert first == second
    assert b"<dc:date>" not in first
    assert first.startswith(b"\x89PNG" if suffix == "png" else b"<?xml")


def test_it_may_be_saved_from_the_map(tmp_path):
    assert hand_map().save(tmp_path / "map.png").stat().st_size > 1000
    assert hand_map().save(tmp_path / "map.txt").read_text(encoding="utf-8").startswith("The 2-2-1")


@pytest.mark.parametrize("seed", range(4))
def test_labels_do_not_overlap_and_stay_inside(seed):
    texts, figure = drawn_texts(crowded_map(seed))
    width, height = figure.bbox.size
    for k, (words, box) in enumerate(texts):
        assert box.x0 >= -1, words
        assert box.y0 >= -1, words
        assert box.x1 <= width + 1, words
        assert box.y1 <= height + 1, words
        for other, second in texts[k + 1 :]:
            across = min(box.x1, second.x1) - max(box.x0, second.x0)
            up = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert across <= 1 or up <= 1, (words, other)


@pytest.mark.parametrize(
    "found",
    [
        hand_map((), ()),
        hand_map((0,), ("global",)),
        hand_map((Fraction(1, 8),), ("saddle",)),
        hand_map((-1, Fraction(1, 10**9)), ("strict-minimum", "strict-minimum")),
        hand_map((Fraction(1, 10**30), 10**6), ("strict-minimum", "saddle")),
        hand_map((Fraction(1, 2),) * 9, ("saddle",) * 9),
        hand_map(data_name=NASTY_NAME),
    ],
    ids=["empty", "zero", "one", "negative", "far apart", "equal", "nasty"],
)
def test_unusual_maps(tmp_path, found):
    ElementTree.fromstring(draw_map(found, tmp_path / "map.svg").read_text(encoding="utf-8"))


def test_a_zero_loss_stands_below_the_powers_of_ten():
    scale = map_picture.scale_of([0.0, 1e-6, 1.0])
    assert scale.logarithmic
    assert scale.low < scale.place(0.0) < scale.place(1e-6) < scale.place(1.0) < scale.high
    assert not map_picture.scale_of([0.0, 0.1, 0.2]).logarithmic


def test_legible_without_colour():
    from PIL import Image

    stream = BytesIO(map_picture._rendered(hand_map(), "png"))
    grey = np.asarray(Image.open(stream).convert("L"))
    assert grey.min() < 80
    assert len(set(map_picture.MARKERS.values())) == len(map_picture.MARKERS)


def test_no_global_state():
    import matplotlib

    before = dict(matplotlib.rcParams)
    map_picture._rendered(hand_map(), "svg")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(("name", "message"), [("map.gif", ".svg or .png"), ("map", ".svg or .png"), ("nowhere/map.svg", "folder")])
def test_bad_places(tmp_path, name, message):
    with pytest.raises(InputError, match=re.escape(message)):
        draw_map(hand_map(), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_failing_picture_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "map.svg"
    path.write_text("old", encoding="utf-8")

    def fail(*args: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(map_picture, "_rendered", fail)
    with pytest.raises(ZeroDivisionError):
        draw_map(hand_map(), path)
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["map.svg"]


def test_points_reached_from_given_weights_have_a_star():
    plain = hand_map()
    points = tuple(replace(point, given=(0, 1) if point.point == 4 else ()) for point in plain)
    start = GivenStart(0, plain[4].weights, 4, Fraction(1, 10), None)
    shown, figure = drawn_texts(replace(plain, points=points, given=(start,)))
    assert any(re.search(r"(^|, )4\*", text) for text, _ in shown)
    captions = {text: box for text, box in shown if text.startswith(("Numbers", "A star", "200 starts"))}
    assert len(captions) == 3
    assert all(box.y0 >= 0 and box.x1 <= figure.bbox.x1 for box in captions.values())
    heights = [box.y0 for box in captions.values()]
    assert min(abs(a - b) for k, a in enumerate(heights) for b in heights[k + 1 :]) > 8
    assert not any("*" in text for text, _ in drawn_texts(plain)[0])
