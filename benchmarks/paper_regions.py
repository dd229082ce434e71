"""The picture of the four-region benchmark: its classes, and samples drawn from it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, Rectangle, Wedge

from benchmarks.paper_style import BLUE, GREEN, INK, PURPLE, VERMILION, new_figure
from benchmarks.paper_text import markdown_table
from lossproof.theory.problem.four_regions import CLASSES, HALF_SIDE, RADII, four_regions, region_of

NAME = "four_regions"
SEED = 0
_COLOURS = dict(zip(CLASSES, (BLUE, VERMILION, GREEN, PURPLE), strict=True))
_FILLS = dict(zip(CLASSES, ("#bcd9ec", "#f6d0b8", "#d9efe7", "#eee2ea"), strict=True))
_MARKERS = dict(zip(CLASSES, "os^D", strict=True))
_LABELS = (
    (0, 0),
    (Fraction(-3, 2), 0),
    (Fraction(5, 2), 0),
    (Fraction(3, 2), 0),
    (Fraction(-5, 2), 0),
    (0, Fraction(7, 2)),
    (0, Fraction(-7, 2)),
)


@dataclass(frozen=True)
class Regions:
    """Points ``(x, y)`` with the numbers of their classes."""

    points: tuple[tuple[float, float, int], ...]

    def count(self, region: int) -> int:
        """Return how many of the points lie in one class."""
        return sum(point[2] == region for point in self.points)


def compute(quick: bool) -> Regions:
    """Draw the samples that are shown."""
    samples = four_regions(60 if quick else 240, SEED, "number")
    return Regions(tuple((float(x), float(y), int(row[0])) for (x, y), row in zip(samples.X, samples.Y, strict=True)))


def draw(result: Regions) -> Figure:
    """Draw the parts as filled shapes, and the samples on them."""
    figure, (axes,) = new_figure(4.4, 4.5)
    for part in _parts():
        axes.add_patch(part)
    for k in CLASSES:
        inside = [point for point in result.points if point[2] == k]
        xs, ys = ([point[i] for point in inside] for i in (0, 1))
        axes.scatter(xs, ys, s=14, marker=_MARKERS[k], color=_COLOURS[k], edgecolor="white", linewidth=0.4, zorder=4)
    for x, y in _LABELS:
        k = region_of(x, y)
        frame = {"boxstyle": "circle,pad=0.22", "facecolor": "white", "edgecolor": _COLOURS[k], "linewidth": 1.2}
        axes.text(float(x), float(y), str(k), ha="center", va="center", fontsize=10.5, fontweight="bold", color=INK, bbox=frame, zorder=5)
    axes.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal", xlabel="$x$", ylabel="$y$", xticks=range(-4, 5), yticks=range(-4, 5))
    axes.spines[:].set_visible(False)
    return figure


def _parts() -> Iterator[Patch]:
    """Yield the parts of the square, each filled with the colour of its class."""
    for y in (-HALF_SIDE, 0):
        fill = _FILLS[region_of(0, 2 * y + HALF_SIDE)]
        yield Rectangle((-HALF_SIDE, y), 2 * HALF_SIDE, HALF_SIDE, facecolor=fill, edgecolor="none")
    for inner, outer in ((RADII[1], RADII[2]), (RADII[0], RADII[1])):
        for side in (1, -1):
            fill = _FILLS[region_of(Fraction(side * (inner + outer), 2), 0)]
            yield Wedge((0, 0), outer, -90 * side, -90 * side + 180, width=outer - inner, facecolor=fill, edgecolor="none")
    yield Circle((0, 0), RADII[0], facecolor=_FILLS[region_of(0, 0)], edgecolor="none")
    for radius in RADII:
        yield Circle((0, 0), radius, facecolor="none", edgecolor="white", linewidth=1.2)


def table(result: Regions) -> str:
    """Return the shares of the classes: of the area, and of the samples shown."""
    first = math.pi * (RADII[0] ** 2 + (RADII[1] ** 2 - RADII[0] ** 2) / 2 + (RADII[2] ** 2 - RADII[1] ** 2) / 2)
    second = math.pi * RADII[2] ** 2 - first
    square = (2 * HALF_SIDE) ** 2
    frame = (square - math.pi * RADII[2] ** 2) / 2
    areas = zip(CLASSES, (first, second, frame, frame), strict=True)
    rows = [[str(k), f"{area / square:.1%}", f"{result.count(k)} of {len(result.points)}"] for k, area in areas]
    return markdown_table(["class", "share of the square", f"samples shown (seed {SEED})"], rows)
