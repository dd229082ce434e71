"""The picture of the dependency graph of the statements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossproof.certificates.files import replace_file
from lossproof.certificates.pictures.files import figure_bytes
from lossproof.certificates.pictures.layered_layout import Layout, layered_layout
from lossproof.theory.exceptions import InputError
from lossproof.theory.statements.graph import statement_graph
from lossproof.theory.statements.registry import statement_named
from lossproof.theory.statements.statement import KINDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = {
    "assumption": "#b3541e",
    "principle": "#2f6f4e",
    "condition": "#2a78c2",
    "theorem": "#473a94",
    "bound": "#2b8a9a",
    "obstruction": "#8a6d1d",
    "critical point": "#8c3b6f",
    "cited theorem": "#5d6d3b",
    "false claim": "#b3261e",
    "conclusion": "#222222",
}
_FORMATS = (".svg", ".png", ".pdf")
_COLUMN, _ROW = 2.45, 0.46
_BOX_WIDTH, _BOX_HEIGHT = 1.72, 0.3
_MARGIN, _LEGEND = 0.3, 0.62


def draw_statement_graph(path: str | Path) -> Path:
    """Draw the graph to ``.svg``, ``.png`` or ``.pdf`` by suffix, and return the path. The file is replaced atomically.

    Foundations stand on the left; an arrow runs from a statement to one that rests on it. Raises `InputError` for another suffix or
    a place that cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in _FORMATS:
        raise InputError(f"the picture's name must end in {', '.join(_FORMATS)}, got {target.name!r}: write for example graph.svg")
    replace_file(target, _rendered(target.suffix))
    return target


def _rendered(suffix: str) -> bytes:
    return figure_bytes(lambda: _figure(layered_layout(statement_graph().reverse(copy=True))), suffix, dpi=130)


def _figure(layout: Layout) -> Figure:
    from matplotlib.figure import Figure

    heights = [height for _, height in layout.position.values()] + [height for route in layout.routes.values() for _, height in route]
    width = (layout.columns - 1) * _COLUMN + _BOX_WIDTH + 2 * _MARGIN
    tall = max(heights) * _ROW + _BOX_HEIGHT + 2 * _MARGIN + _LEGEND
    figure = Figure(figsize=(width, tall), facecolor="white")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(-_MARGIN, width - _MARGIN)
    axes.set_ylim(tall - _MARGIN - _LEGEND, -_MARGIN - _LEGEND)
    axes.set_axis_off()
    _draw_lines(axes, layout)
    for name, (column, height) in layout.position.items():
        _draw_box(axes, column * _COLUMN, height * _ROW, name, _COLOURS[statement_named(name).kind])
    _draw_legend(axes, width - 2 * _MARGIN)
    _draw_caption(axes, width - 2 * _MARGIN, max(heights) * _ROW + _BOX_HEIGHT)
    return figure


def _draw_box(axes: Any, x: float, y: float, text: str, colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = "round,pad=0,rounding_size=0.08"
    box = FancyBboxPatch((x, y), _BOX_WIDTH, _BOX_HEIGHT, boxstyle=shape, facecolor=colour, edgecolor="white", linewidth=1.2, zorder=3)
    axes.add_patch(box)
    axes.text(x + _BOX_WIDTH / 2, y + _BOX_HEIGHT / 2, text, color="white", fontsize=9, ha="center", va="center_baseline", zorder=4)


def _draw_lines(axes: Any, layout: Layout) -> None:
    arriving: dict[str, list[str]] = {}
    for v, w in layout.routes:
        arriving.setdefault(w, []).append(v)
    for (v, w), route in layout.routes.items():
        others = sorted(arriving[w], key=lambda u: layout.routes[u, w][-2][1])
        shift = (others.index(v) + 1) / (len(others) + 1) - 0.5
        _draw_line(axes, route, _COLOURS[statement_named(v).kind], shift * _BOX_HEIGHT * 0.8)


def _draw_line(axes: Any, route: tuple[tuple[int, float], ...], colour: str, shift: float) -> None:
    """Draw a line from the right side of a box to the left side of another, level across the columns between."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    middle = _BOX_HEIGHT / 2
    x, y = route[0][0] * _COLUMN + _BOX_WIDTH, route[0][1] * _ROW + middle
    vertices, codes = [(x, y)], [Curve.MOVETO]
    for k, (column, height) in enumerate(route[1:], start=1):
        final = k == len(route) - 1
        x_next, y_next = column * _COLUMN - (0.03 if final else 0.0), height * _ROW + middle + (shift if final else 0.0)
        half = (x_next - x) / 2
        vertices += [(x + half, y), (x_next - half, y_next), (x_next, y_next)]
        codes += [Curve.CURVE4] * 3
        x, y = x_next, y_next
        if not final:
            x += _BOX_WIDTH
            vertices.append((x, y))
            codes.append(Curve.LINETO)
    line = FancyArrowPatch(
        path=Curve(vertices, codes), arrowstyle="-|>", mutation_scale=8, color=colour, linewidth=1.1, alpha=0.75, zorder=1
    )
    axes.add_patch(line)


def _draw_legend(axes: Any, width: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    step = width / len(KINDS)
    for k, kind in enumerate(KINDS):
        x, y = k * step, -_LEGEND
        swatch = FancyBboxPatch((x, y), 0.16, 0.16, boxstyle="round,pad=0,rounding_size=0.04", facecolor=_COLOURS[kind], linewidth=0)
        axes.add_patch(swatch)
        axes.text(x + 0.24, y + 0.08, kind, fontsize=9, color="#333333", va="center_baseline")


def _draw_caption(axes: Any, right: float, bottom: float) -> None:
    lines = ("The statements of lossproof", "An arrow runs from a statement to one that rests on it.")
    for k, (text, size) in enumerate(zip(lines, (13, 9), strict=True)):
        axes.text(right, bottom - 0.3 + 0.24 * k, text, fontsize=size, color="#333333", ha="right", va="center_baseline")
