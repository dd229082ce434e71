"""The dependency graph: acyclic, faithful, and drawn without overlaps."""

from pathlib import Path
from xml.etree import ElementTree

import networkx
import pytest

from lossproof.certificates.pictures import statements as drawing
from lossproof.certificates.pictures.layered_layout import layered_layout, spread
from lossproof.theory.exceptions import InputError
from lossproof.theory.statements.graph import statement_graph
from lossproof.theory.statements.registry import all_statements


@pytest.fixture(scope="module")
def layout():
    return layered_layout(statement_graph().reverse(copy=True))


def test_graph_is_the_registry() -> None:
    graph = statement_graph()
    assert set(graph) == {statement.id for statement in all_statements()}
    assert set(graph.edges) == {(statement.id, needed) for statement in all_statements() for needed in statement.depends_on}


def test_graph_has_no_cycle() -> None:
    assert networkx.is_directed_acyclic_graph(statement_graph())


def test_every_statement_is_connected() -> None:
    assert not list(networkx.isolates(statement_graph()))


def test_conclusion_rests_on_the_theorem() -> None:
    assert {"full-rank", "critical-theorem", "gradient-identity", "khatri-rao"} <= networkx.descendants(
        statement_graph(), "no-bad-local-minima"
    )


def test_edges_run_from_left_to_right(layout) -> None:
    for (v, w), route in layout.routes.items():
        assert layout.position[v][0] < layout.position[w][0]
        assert [column for column, _ in route] == list(range(layout.position[v][0], layout.position[w][0] + 1))


def test_boxes_do_not_overlap(layout) -> None:
    box_height = drawing._BOX_HEIGHT / drawing._ROW
    for v, (column, height) in layout.position.items():
        for w, (other_column, other_height) in layout.position.items():
            assert v == w or column != other_column or abs(height - other_height) > box_height


def test_lines_pass_beside_the_boxes(layout) -> None:
    half_box = drawing._BOX_HEIGHT / drawing._ROW / 2
    for (v, w), route in layout.routes.items():
        for column, height in route[1:-1]:
            for box, (box_column, box_height) in layout.position.items():
                assert box in (v, w) or column != box_column or abs(height - box_height) > half_box


def test_labels_fit_their_boxes(layout) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = drawing._figure(layout)
    renderer = FigureCanvasAgg(figure).get_renderer()
    names = {statement.id for statement in all_statements()}
    widths = [text.get_window_extent(renderer).width for text in figure.axes[0].texts if text.get_text() in names]
    assert len(widths) >= len(names)
    assert max(widths) / figure.dpi < drawing._BOX_WIDTH - 0.1


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_picture_is_written(tmp_path: Path, suffix: str) -> None:
    target = drawing.draw_statement_graph(tmp_path / f"graph{suffix}")
    start = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix]
    assert target.read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_svg_names_every_statement_and_repeats(tmp_path: Path) -> None:
    first, second = (drawing.draw_statement_graph(tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert first == second
    texts = {element.text for element in ElementTree.fromstring(first).iter("{http://www.w3.org/2000/svg}text")}
    assert {statement.id for statement in all_statements()} <= texts


@pytest.mark.parametrize("name", ["graph.jpg", "graph", "missing/graph.svg"])
def test_bad_targets_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        drawing.draw_statement_graph(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_spread_keeps_distances() -> None:
    assert spread([3.0, 1.0, 1.0], [1.0, 2.0]) == pytest.approx([1 / 3, 4 / 3, 10 / 3])
