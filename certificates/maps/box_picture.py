"""The picture of a complete map of one or two weights: the boxes of its tree over the contours of the loss, with all critical points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lossproof.certificates.maps.descents import descents, joins
from lossproof.certificates.maps.picture import BAD, CAPTION, INK, MARKERS, PAPER, SOFT, draw_point, head_and_foot
from lossproof.certificates.maps.record import CriticalPoint, MapRecord
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.known_points import images
from lossproof.numerics.complete.landscape import Landscape, landscape_of
from lossproof.numerics.complete.leaves import LEFT, leaves
from lossproof.numerics.complete.ridge import hidden_boxes, outputs
from lossproof.numerics.complete.search import Tree
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_WEIGHTS = 2
_REASONS = {
    "N": ("gradient is not 0", "#d3e3f0", "white"),
    "M": ("gradient is not 0,\nby mean values", "#f3e7c9", "white"),
    "D": ("curves downward:\nno minimum", "#e3d3ea", "white"),
    "U": ("no other point\nthan that marked", "#a9dfc9", "#1f7a57"),
    "S": ("by symmetry", "#e6e6e6", "white"),
    LEFT: ("left open", "#f0a07c", "#8a3b12"),
}
_SIDE, _LEFT, _BELOW, _ABOVE, _LEGEND = 4.9, 0.8, 0.86, 0.62, 2.0
_FINE, _SPREAD, _MOST_EDGES, _LEVELS, _ROOM, _NOTHING, _APART = 241, 50, 4000, 16, 0.08, 1e-9, 1.5


class _Scale(NamedTuple):
    """How a weight is drawn: evenly, or, from ``linear`` on, by its logarithm."""

    bound: float
    linear: float | None

    def samples(self) -> Floats:
        """Return numbers that lie evenly on the scale."""
        if self.linear is None:
            return np.linspace(-self.bound, self.bound, _FINE)
        end = math.asinh(self.bound / self.linear)
        return np.asarray(self.linear * np.sinh(np.linspace(-end, end, _FINE)))

    def ticks(self) -> tuple[list[float], list[str]]:
        """Return 0 and the powers of ten beyond ``linear``, with their words; it must not be None."""
        powers = range(math.ceil(math.log10(_APART * (self.linear or self.bound))), math.floor(math.log10(self.bound)) + 1)
        words = {k: f"{10.0**k:g}" if -3 <= k <= 3 else f"10^{{{k}}}" for k in powers}
        ends = [(sign * 10.0**k, f"${'-' * (sign < 0)}{words[k]}$") for k in powers for sign in (-1, 1)]
        return [0.0, *(place for place, _ in ends)], ["0", *(word for _, word in ends)]


def boxes_figure(map: MapRecord, tree: Tree) -> Figure:
    """Return the figure of a complete map with at most two weights.

    Proved are the points and, if ``complete-list`` is PROVED, the reasons of the boxes. Contours, curves of loss, ways of descent, and the output weights that
    boxes are drawn with are in doubles.
    """
    from matplotlib.figure import Figure

    land, problem = landscape_of(map.report.problem), map.report.problem
    found = {point.point: images(land, flat_weights(problem, point.weights)) for point in map}
    scales = [_scale(float(bound), [W[:, k] for W in found.values()]) for k, bound in enumerate(tree.bounds)]
    caption = _caption(map, land, tree)
    width, below = _LEFT + _SIDE + _LEGEND, _BELOW + CAPTION * (len(caption) - 2)
    height = below + _SIDE + _ABOVE
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.add_axes((_LEFT / width, below / height, _SIDE / width, _SIDE / height))
    _draw_boxes(axes, land, tree)
    draw = _draw_plane if len(scales) == MOST_WEIGHTS else _draw_line
    draw(axes, map, scales, found)
    for name, scale, way in zip(_names(land), scales, ("x", "y"), strict=False):
        if scale.linear is not None:
            getattr(axes, f"set_{way}scale")("asinh", linear_width=scale.linear)
            getattr(axes, f"set_{way}ticks")(*scale.ticks())
        axes.set(**{f"{way}lim": (-scale.bound, scale.bound), f"{way}label": name})
    axes.tick_params(colors=INK)
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.02, 1.01), frameon=False, fontsize=8, labelcolor=INK, handlelength=1.3, handleheight=1.1
    )
    sought = "local minima" if tree.minima else "critical points"
    head_and_foot(figure, f"All {sought}" if map.is_complete else sought.capitalize(), map, caption)
    return figure


def _scale(bound: float, found: Sequence[Floats]) -> _Scale:
    """Return a scale on which a weight of the least size that occurs at points can be seen."""
    sizes = np.abs(np.concatenate([np.zeros(0), *found]))
    least = float(sizes[sizes > _NOTHING * bound].min(initial=bound))
    return _Scale(bound, least / 2 if bound > _SPREAD * least else None)


def _names(land: Landscape) -> Iterator[str]:
    inputs = land.inputs.shape[1] - land.biases
    yield from (f"weight of input {k + 1}" if inputs > 1 else "weight of the input" for k in range(inputs))
    yield "weight of the hidden unit" if land.units else "bias"


def _caption(map: MapRecord, land: Landscape, tree: Tree) -> tuple[str, ...]:
    bad = " A ring marks a bad local minimum." if any(point.suboptimal is not None for point in map) else ""
    alike = " Small marks: their copies under the change of all signs of the unit." if land.units and land.odd else ""
    follow = ("The output weight follows from the other: boxes are as high as it is enclosed.",) if land.units and land.bounded else ()
    ways = ", and dotted ways of steepest descent from saddles" if any(joins(point) for point in map) else ""
    drawn = f"contours of the loss{ways}" if len(tree.bounds) == MOST_WEIGHTS else "the curve of the loss"
    none = "local minimum" if tree.minima else "critical point"
    return (
        f"Numbers name the points of the report.{bad}{alike}",
        f"Colours: why a box holds no {none} but those marked{', proved' if map.is_complete else ', as the search says'}.",
        *follow,
        f"In doubles, and proved by nothing: {drawn}.",
    )


def _draw_boxes(axes: Any, land: Landscape, tree: Tree) -> None:
    """Draw the boxes in the colours of their reasons, those of one reason together."""
    from matplotlib.collections import PolyCollection

    found = leaves(land, tree)
    few, half = len(found.reasons) <= _MOST_EDGES, bool(land.units and land.odd)
    if half:
        axes.axvspan(-tree.bounds[0], 0, facecolor=_REASONS["S"][1], edgecolor="none", zorder=0, label=_REASONS["S"][0])
    across = axes.get_xaxis_transform() if len(tree.bounds) == 1 else axes.transData
    for reason, (words, colour, edge) in _REASONS.items():
        some = found.because(reason)
        if some.any():
            corners = _corners(land, tree.bounds, found.lower[some], found.upper[some])
            shown = PolyCollection(
                list(corners), facecolors=colour, edgecolors=edge if few else "face", linewidths=0.4 if few else 0.1, transform=across,
                hatch="////" if reason == LEFT else None, label=f"{words}: {len(corners):,}", zorder=1, rasterized=not few,
            )  # fmt: skip
            axes.add_collection(shown, autolim=False)


def _corners(land: Landscape, bounds: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return the corners of boxes in the plane of the picture, of shape ``(B, 4, 2)``: of one weight from 0 to 1, or over the v that was enclosed."""
    if len(bounds) == 1:
        lower, upper = (np.column_stack([end, np.full(len(end), height)]) for end, height in ((lower, 0), (upper, 1)))
    elif lower.shape[1] == 1:
        with np.errstate(all="ignore"):
            (v, rad), *_ = outputs(land, hidden_boxes(land, lower, upper), bounds)
        lower = np.column_stack([lower[:, 0], np.maximum(v[0] - rad[0], -bounds[1])])
        upper = np.column_stack([upper[:, 0], np.minimum(v[0] + rad[0], bounds[1])])
    (a, b), (c, d) = lower.T, upper.T
    return np.stack([np.column_stack(corner) for corner in ((a, b), (c, b), (c, d), (a, d))], axis=1)


def _draw_plane(axes: Any, map: MapRecord, scales: Sequence[_Scale], found: dict[int, Floats]) -> None:
    """Draw contours of the loss, at levels that lie evenly among its values, the ways down from saddles, and the points."""
    across, up = (scale.samples() for scale in scales)
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    loss = FloatLandscape(map.report.problem).loss(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    levels = np.unique(np.quantile(loss, np.linspace(0, 1, _LEVELS + 2)[1:-1]))
    if len(levels) > 1:
        axes.contour(across, up, loss, levels=levels, colors="#5f6f80", linewidths=0.6, alpha=0.8, zorder=2)
    for _, ways in descents(map):
        for descent in ways:
            axes.plot(*descent.way.T, color=BAD, linewidth=1.3, linestyle=(0, (1, 1.2)), zorder=3)
    for point in map:
        _draw_images(axes, point, found[point.point])


def _draw_line(axes: Any, map: MapRecord, scales: Sequence[_Scale], found: dict[int, Floats]) -> None:
    """Draw the loss over one weight, with the points on it."""
    across, loss = scales[0].samples(), FloatLandscape(map.report.problem).loss
    values = loss(across[:, None])
    room = _ROOM * (values.max() - values.min()) or 1.0
    axes.plot(across, values, color=INK, linewidth=1.1, zorder=3)
    axes.set(ylim=(values.min() - room, values.max() + room), ylabel="loss J")
    for point in map:
        _draw_images(axes, point, np.column_stack([found[point.point], loss(found[point.point])]))


def _draw_images(axes: Any, point: CriticalPoint, places: Floats) -> None:
    """Draw a point with its number, and small marks at its images."""
    first = places[0]
    others = places[(places != first).any(axis=1)]
    axes.scatter(*others.T, s=12, marker=MARKERS[point.kind], facecolors="white", edgecolors=SOFT, linewidths=0.8, zorder=4)
    draw_point(axes, first[0], first[1], point)
    axes.annotate(
        str(point.point), first, xytext=(7, 5), textcoords="offset points", fontsize=8.5, color=INK, bbox={**PAPER, "alpha": 0.7}, zorder=5
    )
