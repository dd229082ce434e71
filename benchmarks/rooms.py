"""The picture of the rooms, ``docs/figures/rooms.svg``, drawn from the table of allowed imports in ``tests/test_import_direction.py``.

Run with ``python -m benchmarks.rooms``. Rooms and arrows come from the table, the words from here. Equal tables give equal bytes; a test compares the file with
what is drawn.
"""

from __future__ import annotations

import runpy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import networkx as nx

from lossproof.certificates.pictures.layered_layout import Layout, layered_layout

ROOT = Path(__file__).resolve().parents[1]
FIGURE = Path("docs/figures/rooms.svg")
TABLE = ROOT / "tests" / "test_import_direction.py"

BANDS = {
    "theory": ("theory", "what is true: integers, rationals, SymPy expressions, records", "#2f6f4e"),
    "numerics": ("numerics", "what can be computed: evidence, and searches that decide nothing; may import theory", "#2a78c2"),
    "certificates": ("certificates", "what is proved: claims, certificates, reports; may import theory and numerics", "#473a94"),
    "kernel": ("certificates/kernel", "what must be trusted; may import of the other folders only theory's", "#b3261e"),
}
"""Name, words and colour of each band, from top to bottom."""

WORDS = {
    "theory": "verdicts, limits, texts",
    "theory.functions": "σ and E with properties",
    "theory.problem": "samples, weights",
    "theory.bounds": "ranks in integers",
    "theory.derivations": "the records, derived",
    "theory.statements": "theorems, their graph",
    "theory.zoo": "known landscapes",
    "numerics": "child processes",
    "numerics.functions": "σ over every field",
    "numerics.fields": "one field a file",
    "numerics.algebra": "tiles, Cholesky, inertia",
    "numerics.verified": "doubles with bounds",
    "numerics.network": "passes, P, K, Hessian",
    "numerics.training": "methods, steps, runs",
    "numerics.ranks": "evidence about ranks",
    "numerics.samples": "facts about data alone",
    "numerics.curves": "curves of descent",
    "numerics.critical": "critical points",
    "numerics.complete": "complete lists of critical points",
    "numerics.learners": "exact learners",
    "certificates": "files on disk",
    "certificates.text": "numbers as text",
    "certificates.pictures": "layout, drawing",
    "certificates.inputs": "data, models, memory",
    "certificates.proof": "bounds, claims, verify",
    "certificates.claims": "one family a file",
    "certificates.reports": "record and renderers",
    "certificates.training": "the job of train",
    "certificates.checks": "the job of check",
    "certificates.maps": "the job of map",
    "certificates.sweeps": "the job of sweep",
    "certificates.zoo": "the job of zoo",
    "certificates.commands": "the command line",
    "certificates.kernel": "check.py: the one way in",
    "certificates.kernel.reading": "JSON, numbers, work",
    "certificates.kernel.arithmetic": "rings, balls, factorising",
    "certificates.kernel.network": "its own pass, P, K",
    "certificates.kernel.rules": "what follows from what",
}

STATIONS = {
    "certificates.inputs": "1",
    "theory.problem": "2",
    "numerics.network": "3",
    "numerics.ranks": "4",
    "certificates.proof": "5, 8",
    "certificates.claims": "6",
    "certificates.reports": "7",
    "certificates.kernel.reading": "9",
    "certificates.kernel.network": "10",
    "certificates.kernel.rules": "11",
}
"""The way of one number, in the order of ``docs/architecture.md``."""

_COLUMN, _ROW, _WIDTH, _HEIGHT = 164.0, 50.0, 138.0, 40.0
_LEFT, _HEAD, _FOOT, _BETWEEN = 20.0, 40.0, 14.0, 14.0
_SMALL, _PLAIN, _BADGE = 11.5, "#444444", "#c77800"


@dataclass(frozen=True)
class Tables:
    """The table of rooms, the modules of theory that the kernel may import, and the modules that may import the kernel."""

    rooms: Mapping[str, str]
    of_theory: tuple[str, ...]
    users: tuple[str, ...]


def tables() -> Tables:
    """Return the tables of the test of imports."""
    found = runpy.run_path(str(TABLE))
    of_theory = (name.removeprefix("lossproof.theory.") for name in found["KERNEL_MAY_IMPORT"])
    users = (name.removeprefix("lossproof.certificates.") for name in found["KERNEL_USERS"])
    return Tables(found["MAY_IMPORT"], tuple(sorted(of_theory)), tuple(sorted(users)))


def band_of(room: str) -> str:
    """Return the band that a room is drawn in."""
    return "kernel" if room.startswith("certificates.kernel") else room.partition(".")[0]


def graph_of(band: str, table: Mapping[str, str]) -> nx.DiGraph:
    """Return the rooms of a band with an arrow from each room to those that use it, without arrows that follow from others."""
    graph = nx.DiGraph()
    graph.add_nodes_from(room for room in table if band_of(room) == band)
    graph.add_edges_from((used, room) for room in graph for used in table[room].split() if band_of(used) == band and used != room)
    reduced = nx.DiGraph()
    reduced.add_nodes_from(sorted(graph))
    reduced.add_edges_from(sorted(nx.transitive_reduction(graph).edges))
    return reduced


def picture() -> str:
    """Return the picture as SVG."""
    found = tables()
    layouts = {band: layered_layout(graph_of(band, found.rooms)) for band in BANDS}
    width = max(layout.columns for layout in layouts.values()) * _COLUMN - (_COLUMN - _WIDTH) + 2 * _LEFT
    parts, top = [], _BETWEEN
    for band, layout in layouts.items():
        height = _HEAD + max(y for _, y in layout.position.values()) * _ROW + _HEIGHT + _FOOT
        parts += [*_frame(band, width, top, height, found), *_rooms(BANDS[band][2], layout, top + _HEAD)]
        top += height + _BETWEEN
    parts += _legend(top)
    return "\n".join([*_head(width, top + 26), *parts, "</svg>"]) + "\n"


def _head(width: float, height: float) -> Iterator[str]:
    box = f"{width:.0f} {height:.0f}"
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {box}" font-family="DejaVu Sans, Verdana, sans-serif">'
    yield "<title>The rooms of lossproof, and which may import which</title>"
    yield '<defs><marker id="arrow" markerWidth="8" markerHeight="6" refX="7" refY="3" orient="auto">'
    yield '<path d="M0,0 L7,3 L0,6 z" fill="#777777"/></marker></defs>'
    yield f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>'


def _frame(band: str, width: float, top: float, height: float, found: Tables) -> Iterator[str]:
    name, words, colour = BANDS[band]
    trusted = band == "kernel"
    shape = f'x="6" y="{top:.1f}" width="{width - 12:.0f}" height="{height:.1f}" rx="8"'
    yield f'<rect {shape} fill="{colour}" fill-opacity="0.06" stroke="{colour}" stroke-width="{2.5 if trusted else 1}"/>'
    told = f"{words} {', '.join(found.of_theory)}" if trusted else words
    title = f'<tspan font-size="15" font-weight="bold" fill="{colour}">{escape(name)}</tspan>'
    yield f'<text x="{_LEFT:.1f}" y="{top + 22:.1f}">{title}<tspan dx="12" font-size="{_SMALL}" fill="{_PLAIN}">{escape(told)}</tspan></text>'
    if trusted:
        x, y = _LEFT + 5 * _COLUMN, top + _HEAD + _HEIGHT / 2
        yield _text(x, y + 4, f"imported by {' and '.join(found.users)} alone", _SMALL, _PLAIN)


def _rooms(colour: str, layout: Layout, top: float) -> Iterator[str]:
    for route in layout.routes.values():
        yield _arrow([(column, top + y * _ROW + _HEIGHT / 2) for column, y in route])
    for room, (column, y) in layout.position.items():
        yield from _room(room, _LEFT + column * _COLUMN, top + y * _ROW, colour)


def _arrow(route: Sequence[tuple[int, float]]) -> str:
    """Return a line from the right side of a box to the left side of another, level across the columns between."""
    x, y = _LEFT + route[0][0] * _COLUMN + _WIDTH, route[0][1]
    path = f"M{x:.1f},{y:.1f}"
    for k, (column, y_next) in enumerate(route[1:], start=1):
        last = k == len(route) - 1
        x_next = _LEFT + column * _COLUMN - (2 if last else 0)
        middle = (x + x_next) / 2
        path += f" C{middle:.1f},{y:.1f} {middle:.1f},{y_next:.1f} {x_next:.1f},{y_next:.1f}"
        x, y = x_next + (0 if last else _WIDTH), y_next
        path += "" if last else f" L{x:.1f},{y:.1f}"
    return f'<path d="{path}" fill="none" stroke="#777777" stroke-width="1.1" marker-end="url(#arrow)"/>'


def _room(room: str, x: float, y: float, colour: str) -> Iterator[str]:
    name = {"certificates.kernel": "check"}.get(room, room.rpartition(".")[2])
    name = f"{name}/*.py" if room in ("theory", "numerics", "certificates") else name
    yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{_WIDTH:.0f}" height="{_HEIGHT:.0f}" rx="5" fill="white" stroke="{colour}" stroke-width="1.2"/>'
    yield _text(x + 8, y + 16, name, 12.5, colour, bold=True)
    yield _text(x + 8, y + 31, WORDS[room], 10, "#333333")
    if room in STATIONS:
        wide = 11 + 7 * len(STATIONS[room])
        yield _badge(x + _WIDTH - wide + 5, y - 7, wide)
        yield _text(x + _WIDTH - wide / 2 + 5, y + 5.5, STATIONS[room], 11, "white", bold=True, anchor="middle")


def _legend(top: float) -> Iterator[str]:
    yield _text(
        _LEFT, top + 8, "An arrow runs from a room to one that may import it; arrows that follow from others are left out.", _SMALL, _PLAIN
    )
    yield _badge(_LEFT + 640, top - 4, 18)
    yield _text(
        _LEFT + 666, top + 8, "The way of one number from the input to the certificate, and back through the kernel.", _SMALL, _PLAIN
    )


def _badge(x: float, y: float, wide: float) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.0f}" height="17" rx="8.5" fill="{_BADGE}"/>'


def _text(x: float, y: float, text: str, size: float, colour: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="bold"' if bold else ""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{weight}{at}>{escape(text)}</text>'


if __name__ == "__main__":
    FIGURE.write_text(picture(), encoding="utf-8")
    print(f"written: {FIGURE}")
