"""The pictures of complete maps: boxes that cover the root, ways that fall to minima, and graphs that join them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import networkx as nx
import numpy as np
import pytest
from cases.complete_cases import INPUTS, TARGETS

import lossproof as lp
from lossproof.certificates.maps import complete_tree
from lossproof.certificates.maps.box_picture import boxes_figure
from lossproof.certificates.maps.descents import descents, is_minimum, joined_minima
from lossproof.certificates.maps.disconnectivity import branches, graph_figure
from lossproof.numerics.complete.landscape import landscape_of
from lossproof.numerics.complete.leaves import leaves
from lossproof.numerics.complete.search import TreeBudget, root_box
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights


def zoo_map(name, **options):
    """The complete map of a neuron of the zoo in a box, not checked again."""
    entry = lp.zoo_entry(name)
    samples, bias = entry.problem.samples, entry.bias
    return lp.find_critical_points(
        entry.widths, samples.X, samples.Y, output_activation="sigmoid", bias=bias, complete=True, box=3, self_check=False, **options
    )


def hidden_map(targets="far", **options):
    """A complete map of 1-1-1 with decay, not checked again."""
    Y = [[y] for y in TARGETS[targets]]
    return lp.find_critical_points("1-1-1", INPUTS, Y, weight_decay="1/100", complete=True, self_check=False, **options)


@pytest.fixture(scope="module")
def plane():
    return zoo_map("auer-product-4", data_name="auer-product-4")


@pytest.fixture(scope="module")
def hidden():
    return hidden_map()


def texts_of(figure):
    """All words of a figure; its title and the lines at its foot lie within it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for text in figure.texts:
        box = text.get_window_extent(canvas.get_renderer())
        assert box.x0 >= 0, text.get_text()
        assert box.y0 >= 0, text.get_text()
        assert box.x1 <= figure.bbox.x1, text.get_text()
        assert box.y1 <= figure.bbox.y1, text.get_text()
    return [text.get_text() for text in figure.findobj(Text)]


def test_leaves_cover_the_root_without_overlap(plane):
    land = landscape_of(plane.report.problem)
    found = leaves(land, plane.tree)
    low, high = root_box(land, plane.tree.bounds)
    assert ((found.upper - found.lower).prod(axis=1)).sum() == pytest.approx((high - low).prod())
    inside = np.random.default_rng(0).uniform(low, high, (200, 2))
    holding = ((found.lower <= inside[:, None]) & (inside[:, None] <= found.upper)).all(axis=2)
    assert np.all(holding.sum(axis=1) == 1)
    points = np.array([flat_weights(plane.report.problem, point.weights) for point in plane])
    at = ((found.lower <= points[:, None]) & (points[:, None] <= found.upper)).all(axis=2)
    assert all(set(found.reasons[holds]) == {"U"} for holds in at)


def test_the_loss_falls_from_a_saddle_to_minima_beside_it(plane):
    """The loss is a sum of one function a weight, with two minima and a maximum between them each: a saddle joins minima that share a weight."""
    floats, W = FloatLandscape(plane.report.problem), {p.point: flat_weights(plane.report.problem, p.weights) for p in plane}
    seen = 0
    for saddle, ways in descents(plane):
        ends = [descent.minimum for descent in ways]
        assert None not in ends
        assert len({end.point for end in ends}) == 2
        (shared,) = np.flatnonzero(np.abs(W[ends[0].point] - W[ends[1].point]) < 1e-6)
        assert W[saddle.point][shared] == pytest.approx(W[ends[0].point][shared], abs=1e-6)
        for descent in ways:
            assert np.all(np.diff(floats.loss(descent.way)) <= 1e-12)
        seen += 1
    assert seen == 4


def test_minima_are_joined_at_their_lowest_saddles(plane):
    graph = joined_minima(plane)
    assert nx.is_connected(graph)
    (whole,) = branches(graph)
    assert sorted(whole.minima) == sorted(point.point for point in plane if is_minimum(point))
    losses = {point.point: point.loss_upper for point in plane}

    def heights(branch):
        for part in branch.parts:
            assert losses[part.top] < losses[branch.top]
            heights(part)

    heights(whole)


def test_a_saddle_between_copies_of_a_minimum_is_a_loop(hidden):
    (whole,) = branches(joined_minima(hidden))
    assert [part.loop is not None for part in whole.parts] == [False, True]
    words = texts_of(graph_figure(hidden))
    assert {str(point.point) for point in hidden} <= set(words)
    assert any("these are all" in text for text in words)


def test_boxes_are_told_by_reason(plane):
    words = texts_of(boxes_figure(plane, plane.tree))
    assert {str(point.point) for point in plane} <= set(words)
    assert any(text.startswith("All critical points: the 2-1 network") for text in words)
    counts = {reason: int(leaves(landscape_of(plane.report.problem), plane.tree).because(reason).sum()) for reason in "NMU"}
    assert {f"gradient is not 0: {counts['N']}", f"gradient is not 0,\nby mean values: {counts['M']}"} <= set(words)


def test_boxes_that_are_left_are_told(monkeypatch):
    monkeypatch.setattr(complete_tree, "TreeBudget", lambda: TreeBudget(50))
    left = zoo_map("neuron-with-bias")
    assert not left.is_complete
    words = texts_of(boxes_figure(left, left.tree))
    assert any(text.startswith("left open") for text in words)
    assert any("as the search says" in text for text in words)
    assert any(text.startswith("Critical points") for text in words)


def test_saddles_are_told_where_there_are_some(plane):
    alone = lp.find_critical_points(
        "1-1-1", INPUTS, [[y] for y in TARGETS["mixed"]], bias="none", weight_decay=2, complete=True, self_check=False
    )
    assert [point.kind for point in alone] == ["global"]
    for found in (plane, alone):
        told = any("from saddles" in text for text in texts_of(boxes_figure(found, found.tree)))
        assert told == (found is plane)


@pytest.mark.parametrize("decay", [0, "1/100"])
def test_the_output_weight_follows_or_is_split(decay):
    Y = [[y] for y in TARGETS["mixed"]]
    options = {"complete": True, "bias": "none", "self_check": False, **({"box": 3} if decay == 0 else {"weight_decay": decay})}
    found = lp.find_critical_points("1-1-1", INPUTS, Y, **options)
    words = texts_of(boxes_figure(found, found.tree))
    assert any("follows" in text for text in words) == (decay != 0)
    assert {"weight of the input", "weight of the hidden unit", "by symmetry"} <= set(words)


def test_equal_maps_give_equal_files(tmp_path, plane, hidden):
    for found in (plane, hidden):
        first, second = (found.save(tmp_path / f"{name}.svg").read_bytes() for name in "ab")
        assert first == second
        ElementTree.fromstring(first.decode("utf-8"))


def test_one_weight_gives_the_curve_of_the_loss(tmp_path):
    found = zoo_map("auer-3")
    assert found.save(tmp_path / "map.png").stat().st_size > 10_000
    assert {"loss J", "weight of the input", "0.1"} <= {text.strip("$") for text in texts_of(boxes_figure(found, found.tree))}


def test_other_suffixes_are_reports(tmp_path, plane):
    assert plane.save(tmp_path / "map.txt").read_text(encoding="utf-8").startswith("The 2-1")
