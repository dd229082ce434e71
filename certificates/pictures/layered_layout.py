"""Laying out a directed acyclic graph in columns, so that no line crosses a box.

The usual steps: nodes get columns by longest path; a node whose line runs over several columns gets a *bend* in each column between; the
order within a column is found by sweeps of barycentres, and the heights by least squares under minimal distances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Slot = tuple[str, int]
_SWEEPS = 24
_BOX_DISTANCE, _BEND_DISTANCE = 1.0, 0.42


@dataclass(frozen=True)
class Layout:
    """``position``: column and height of each node; ``routes``: for each edge the points its line passes, column by column."""

    position: Mapping[str, tuple[int, float]]
    routes: Mapping[tuple[str, str], tuple[tuple[int, float], ...]]
    columns: int


def layered_layout(graph: Any) -> Layout:
    """Lay out a networkx ``DiGraph`` without cycles; edges run from left to right.

    All lines that leave one node share one way, and part as late as they can.

    >>> import networkx
    >>> layout = layered_layout(networkx.DiGraph([("a", "b"), ("b", "c"), ("a", "c")]))
    >>> layout.columns, [len(layout.routes[edge]) for edge in (("a", "b"), ("a", "c"))]
    (3, [2, 3])
    """
    column = _columns(graph)
    last = {v: max((column[w] for w in graph.successors(v)), default=column[v] + 1) - 1 for v in graph}
    slots: list[list[Slot]] = [[] for _ in range(max(column.values()) + 1)]
    for v in sorted(graph):
        for c in range(column[v], last[v] + 1):
            slots[c].append((v, c))
    links = [((v, c), (v, c + 1)) for v in graph for c in range(column[v], last[v])]
    links += [((v, column[w] - 1), (w, column[w])) for v, w in graph.edges]
    ordered = _best_order(slots, links)
    height = _heights(ordered, links, column)
    routes = {
        (v, w): (*((c, height[v, c]) for c in range(column[v], column[w])), (column[w], height[w, column[w]])) for v, w in graph.edges
    }
    return Layout({v: (column[v], height[v, column[v]]) for v in graph}, routes, len(slots))


def _columns(graph: Any) -> dict[str, int]:
    import networkx

    column: dict[str, int] = {}
    for v in networkx.lexicographical_topological_sort(graph):
        column[v] = max((column[w] + 1 for w in graph.predecessors(v)), default=0)
    for v in reversed(list(networkx.lexicographical_topological_sort(graph))):
        users = [column[w] for w in graph.successors(v)]
        if users and len(users) >= graph.in_degree(v):
            column[v] = min(users) - 1
    return column


def _best_order(slots: list[list[Slot]], links: Sequence[tuple[Slot, Slot]]) -> list[list[Slot]]:
    before, after = _neighbours(links)
    best, fewest = slots, _crossings(slots, links)
    current = slots
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        neighbours = before if forward else after
        placed = list(current)
        columns = range(1, len(slots)) if forward else range(len(slots) - 2, -1, -1)
        for c in columns:
            fixed = {slot: k for k, slot in enumerate(placed[c - 1 if forward else c + 1])}
            own = {slot: k for k, slot in enumerate(placed[c])}
            placed[c] = sorted(placed[c], key=lambda slot: (_mean([fixed[n] for n in neighbours.get(slot, [])], own[slot]), own[slot]))
        current = _exchange_neighbours(placed, links)
        crossings = _crossings(current, links)
        if crossings < fewest:
            best, fewest = current, crossings
    return best


def _exchange_neighbours(slots: list[list[Slot]], links: Sequence[tuple[Slot, Slot]]) -> list[list[Slot]]:
    placed = [list(column) for column in slots]
    before, after = _neighbours(links)
    for c, column in enumerate(placed):
        ranks = [{slot: k for k, slot in enumerate(placed[d])} if 0 <= d < len(placed) else {} for d in (c - 1, c + 1)]
        for k in range(len(column) - 1):
            upper, lower = column[k], column[k + 1]
            gain = 0
            for neighbours, rank in zip((before, after), ranks, strict=True):
                a, b = [rank[n] for n in neighbours.get(upper, [])], [rank[n] for n in neighbours.get(lower, [])]
                gain += sum((x > y) - (x < y) for x in a for y in b)
            if gain > 0:
                column[k], column[k + 1] = lower, upper
    return placed


def _neighbours(links: Sequence[tuple[Slot, Slot]]) -> tuple[dict[Slot, list[Slot]], dict[Slot, list[Slot]]]:
    before: dict[Slot, list[Slot]] = {}
    after: dict[Slot, list[Slot]] = {}
    for a, b in links:
        after.setdefault(a, []).append(b)
        before.setdefault(b, []).append(a)
    return before, after


def _crossings(slots: list[list[Slot]], links: Sequence[tuple[Slot, Slot]]) -> int:
    rank = {slot: k for column in slots for k, slot in enumerate(column)}
    by_column: dict[int, list[tuple[int, int]]] = {}
    for a, b in links:
        by_column.setdefault(a[1], []).append((rank[a], rank[b]))
    return sum((p[0] - q[0]) * (p[1] - q[1]) < 0 for pairs in by_column.values() for i, p in enumerate(pairs) for q in pairs[:i])


def _heights(ordered: list[list[Slot]], links: Sequence[tuple[Slot, Slot]], column: Mapping[str, int]) -> dict[Slot, float]:
    before, after = _neighbours(links)
    height = {slot: float(k) for slots in ordered for k, slot in enumerate(slots)}
    for sweep in range(4 * _SWEEPS):
        for slots in ordered if sweep % 2 == 0 else reversed(ordered):
            distances = [
                0.5 * sum(_BOX_DISTANCE if column[slot[0]] == slot[1] else _BEND_DISTANCE for slot in pair) for pair in pairwise(slots)
            ]
            wished = [_mean([height[n] for n in (*before.get(slot, []), *after.get(slot, []))], height[slot]) for slot in slots]
            for slot, value in zip(slots, spread(wished, distances), strict=True):
                height[slot] = value
    lowest = min(height.values())
    return {slot: value - lowest for slot, value in height.items()}


def spread(wished: Sequence[float], distances: Sequence[float]) -> list[float]:
    """Return the values nearest to the wished ones in least squares whose neighbours keep the distances (pool adjacent violators).

    >>> spread([0.0, 0.0, 5.0], [1.0, 1.0])
    [-0.5, 0.5, 5.0]
    """
    offsets = [0.0]
    for distance in distances:
        offsets.append(offsets[-1] + distance)
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wished, offsets, strict=True):
        total, count = wish - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            earlier = pools.pop()
            total, count = total + earlier[0], count + earlier[1]
        pools.append((total, count))
    levels = [total / count for total, count in pools for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
