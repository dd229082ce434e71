"""The disconnectivity graph of a complete map: its minima, joined at the lowest saddles between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossproof.certificates.maps.descents import joined_minima
from lossproof.certificates.maps.picture import (
    CAPTION,
    INK,
    SOFT,
    Scale,
    draw_point,
    draw_powers,
    head_and_foot,
    label_losses,
    middle_of,
    scale_of,
)
from lossproof.certificates.maps.record import CriticalPoint, MapRecord

if TYPE_CHECKING:
    import networkx
    from matplotlib.figure import Figure

_COLUMN, _HEIGHT, _LEAST_WIDTH = 0.9, 3.9, 5.9
_LEFT, _RIGHT, _BELOW, _ABOVE = 0.95, 0.25, 0.5, 0.62


@dataclass(frozen=True)
class Branch:
    """Minima that are joined below a level: one minimum, or the two branches that the saddle ``top`` joins.

    ``loop`` is the number of the lowest saddle that joins images of the one minimum, or None where others join it to more below that.
    """

    top: int
    parts: tuple[Branch, ...] = ()
    loop: int | None = None

    @property
    def minima(self) -> tuple[int, ...]:
        """The numbers of its minima, from left to right."""
        return tuple(number for part in self.parts for number in part.minima) if self.parts else (self.top,)


def branches(graph: networkx.MultiGraph[int]) -> tuple[Branch, ...]:
    """Return the branches that no saddle joins any more, of minima and the saddles between them, as `joined_minima` gives them.

    >>> import networkx
    >>> graph = networkx.MultiGraph()
    >>> graph.add_edges_from([(0, 1, 7, {"level": 3}), (1, 2, 8, {"level": 2}), (0, 2, 9, {"level": 5}), (2, 2, 6, {"level": 1})])
    [7, 8, 9, 6]
    >>> (found,) = branches(graph)
    >>> found.top, found.minima, [part.top for part in found.parts], found.parts[1].parts[1].loop
    (7, (0, 1, 2), [0, 8], 6)
    """
    import networkx

    whole = {number: Branch(number) for number in graph}
    edges = [*networkx.selfloop_edges(graph, keys=True, data=True), *networkx.minimum_spanning_edges(graph, "kruskal", "level", keys=True)]
    for first, second, saddle, _ in sorted(edges, key=lambda edge: edge[3]["level"]):
        one, other = whole[first], whole[second]
        if first == second:
            found = one if one.parts or one.loop is not None else Branch(one.top, loop=saddle)
        else:
            found = Branch(saddle, tuple(sorted((one, other), key=lambda branch: min(branch.minima))))
        whole |= dict.fromkeys(found.minima, found)
    return tuple(dict.fromkeys(whole.values()))


def graph_figure(map: MapRecord) -> Figure:
    """Return the figure of a complete map: minima and saddles at their losses, which are proved, joined as the ways down in doubles say."""
    from matplotlib.figure import Figure

    graph = joined_minima(map)
    found, points = branches(graph), {point.point: point for point in map}
    drawn = [points[number] for branch in found for number in _numbers(branch)]
    scale = scale_of([middle_of(point) for point in drawn])
    minima = [number for branch in found for number in branch.minima]
    caption = _caption(map, len(drawn))
    inner, below = max(_COLUMN * len(minima), _LEAST_WIDTH), _BELOW + CAPTION * (len(caption) - 2)
    width, height = _LEFT + inner + _RIGHT, below + _HEIGHT + _ABOVE
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.add_axes((_LEFT / width, below / height, inner / width, _HEIGHT / height))
    axes.set(xlim=(-0.7, max(len(minima), 1) - 0.3), ylim=(scale.low, scale.high), xticks=[])
    label_losses(axes)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", colors=INK)
    if scale.logarithmic:
        draw_powers(axes, scale)
    else:
        axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    columns = {number: float(k) for k, number in enumerate(minima)}
    for branch in found:
        x = _draw_branch(axes, branch, columns, points, scale)
        top = scale.place(middle_of(points[branch.top if branch.loop is None else branch.loop]))
        axes.plot([x, x], [top, scale.high], color=SOFT, linewidth=1.2, linestyle=(0, (2, 2)), zorder=1)
    if not minima:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no minimum was proved", transform=axes.transAxes, ha="center", va="center", color=SOFT)
    head_and_foot(figure, "Minima joined at saddles", map, caption)
    return figure


def _numbers(branch: Branch) -> list[int]:
    """Return the numbers of all points that a branch is drawn with."""
    return [branch.top, *([] if branch.loop is None else [branch.loop]), *(number for part in branch.parts for number in _numbers(part))]


def _draw_branch(axes: Any, branch: Branch, columns: dict[int, float], points: dict[int, CriticalPoint], scale: Scale) -> float:
    """Draw a branch up to its top, and return where it stands."""
    place = scale.place(middle_of(points[branch.top]))
    if branch.parts:
        ends = []
        for part in branch.parts:
            x = _draw_branch(axes, part, columns, points, scale)
            _line(axes, (x, x), (scale.place(middle_of(points[part.top if part.loop is None else part.loop])), place))
            ends.append(x)
        _line(axes, ends, (place, place))
        x = sum(ends) / len(ends)
    else:
        x = columns[branch.top]
    _mark(axes, x, place, points[branch.top])
    if branch.loop is not None:
        above = scale.place(middle_of(points[branch.loop]))
        _line(axes, (x, x), (place, above))
        _mark(axes, x, above, points[branch.loop])
    return x


def _line(axes: Any, across: Any, up: Any) -> None:
    axes.plot(across, up, color=INK, linewidth=1.4, solid_capstyle="round", zorder=2)


def _mark(axes: Any, x: float, y: float, point: CriticalPoint) -> None:
    draw_point(axes, x, y, point)
    axes.annotate(str(point.point), (x, y), xytext=(7, 5), textcoords="offset points", fontsize=8.5, color=INK)


def _caption(map: MapRecord, drawn: int) -> tuple[str, ...]:
    bad = " A ring marks a bad local minimum." if any(point.suboptimal is not None for point in map) else ""
    only = " local minima" if map.tree is not None and map.tree.minima else ""
    all_told = f", and that these are all{only}" if map.is_complete else ""
    left_out = len(map) - drawn
    others = (f"Not drawn: {left_out} more, of higher index or above a lower saddle that joins the same.",) if left_out else ()
    return (
        f"Numbers name the points of the report.{bad}",
        "Copies by symmetry count once; a saddle above one minimum joins copies of it.",
        *others,
        f"Proved: the points and their losses{all_told}. In doubles, and proved by nothing: what a saddle joins.",
    )
