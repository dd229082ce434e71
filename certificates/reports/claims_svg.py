"""The picture of which claim rests on which, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lossproof.certificates.pictures.layered_layout import Layout, layered_layout
from lossproof.certificates.reports.outline import ClaimEntry, ProofOutline
from lossproof.certificates.reports.svg import svg_document

if TYPE_CHECKING:
    import networkx

_COLUMN, _ROW, _WIDE, _TALL, _MARGIN = 236, 38, 196, 26, 14
_MOST_CLAIMS, _LONGEST = 40, 23


def claims_svg(outline: ProofOutline) -> str | None:
    """Return a drawing of the claims that rest on claims: foundations on the left, an arrow to what rests on them; the shape of a box says the verdict.

    Where there are more than 40 of them, only those that the conclusion rests on are drawn; None where these are too many, too, or nothing rests on a claim.
    """
    graph = _graph(outline.claims)
    if len(graph) > _MOST_CLAIMS:
        import networkx

        first = _key(outline.conclusion.number)
        graph = graph.subgraph(networkx.ancestors(graph, first) | {first}) if first in graph else graph
    if not 2 <= len(graph) <= _MOST_CLAIMS:
        return None
    entries = {_key(entry.number): entry for entry in outline.claims}
    layout = layered_layout(graph)
    heights = [height for _, height in layout.position.values()] + [height for route in layout.routes.values() for _, height in route]
    body = [_arrow(layout, edge) for edge in sorted(layout.routes)]
    body += [_box(entries[name], *place) for name, place in sorted(layout.position.items())]
    told = [(entry, list(graph.predecessors(name))) for name, entry in entries.items() if name in graph]
    description = "; ".join(
        f"claim {entry.number}, {entry.claim.id}, {entry.claim.verdict.value}, rests on {_listed(found)}" for entry, found in told if found
    )
    width, height = (layout.columns - 1) * _COLUMN + _WIDE + 2 * _MARGIN, max(heights) * _ROW + _TALL + 2 * _MARGIN
    return svg_document("graph", width, height, "Which claim rests on which", f"{escape(description)}.", body)


def _graph(claims: Sequence[ClaimEntry]) -> networkx.DiGraph:
    """Return the claims as a graph with an edge from each to what rests on it, without those that stand alone."""
    import networkx

    links = [
        (int(link.anchor.removeprefix("claim-")), entry.number) for entry in claims for link in entry.rests_on if "claim" in link.anchor
    ]
    return networkx.DiGraph((_key(source), _key(target)) for source, target in links)


def _key(number: int) -> str:
    return f"{number:05d}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(str(int(name)) for name in sorted(names))


def _place(column: int, height: float) -> tuple[float, float]:
    return _MARGIN + column * _COLUMN, _MARGIN + height * _ROW


def _box(entry: ClaimEntry, column: int, height: float) -> str:
    x, y = _place(column, height)
    name = entry.claim.id if len(entry.claim.id) <= _LONGEST else entry.claim.id[: _LONGEST - 1] + "…"
    verdict = entry.claim.verdict.value.lower()
    return (
        f'<rect class="node {verdict}" x="{x:g}" y="{y:.1f}" width="{_WIDE}" height="{_TALL}" rx="5"/>'
        f'<text class="label start" x="{x + 8:g}" y="{y + 17.5:.1f}">{entry.number}</text>'
        f'<text class="label start" x="{x + 34:g}" y="{y + 17.5:.1f}">{name}</text>'
    )


def _arrow(layout: Layout, edge: tuple[str, str]) -> str:
    """Return the line from the right of one box, through its bends, to the left of another, with its head."""
    route = [_place(column, height) for column, height in layout.routes[edge]]
    middle = [(x, y + _TALL / 2) for x, y in route]
    parts = [f"M{middle[0][0] + _WIDE:g},{middle[0][1]:.1f}"]
    for (x, y), (u, v) in pairwise(middle):
        start, turn = x + _WIDE, (_COLUMN - _WIDE) / 2
        parts.append(f"L{start:g},{y:.1f} C{start + turn:g},{y:.1f} {u - turn:g},{v:.1f} {u:g},{v:.1f}")
    x, y = middle[-1]
    return f'<path class="edge link" d="{" ".join(parts)}"/><path class="head" d="M{x:g},{y:.1f} l-7,-3.5 v7 z"/>'
