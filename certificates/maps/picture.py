"""The picture of a map: every proved critical point at its loss, in columns by kind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossproof.certificates.claims.critical_kinds import MINIMA
from lossproof.certificates.files import replace_file
from lossproof.certificates.maps.record import CriticalPoint, MapRecord
from lossproof.certificates.pictures.files import check_picture_place, figure_bytes
from lossproof.certificates.reports.plain_words import report_title
from lossproof.numerics.fields.float64 import nearest_double
from lossproof.theory.rationals import decimal_exponent, shifted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".svg", ".png")
_KINDS = ("global", "strict-minimum", "local-minimum", "saddle", "maximum", "higher-order-descent", "undecided")
_COLUMN_WORDS = (
    "global\nminimum",
    "strict local\nminimum",
    "local minimum",
    "saddle",
    "local\nmaximum",
    "no minimum:\nhigher order",
    "kind\nundecided",
)
MARKERS = {
    "global": "o",
    "strict-minimum": "v",
    "local-minimum": "s",
    "saddle": "D",
    "maximum": "P",
    "higher-order-descent": "^",
    "undecided": "p",
}
_COLOURS = {
    "global": "#009e73",
    "strict-minimum": "#0072b2",
    "local-minimum": "#0072b2",
    "saddle": "#ffffff",
    "maximum": "#ffffff",
    "higher-order-descent": "#ffffff",
    "undecided": "#ffffff",
}
BAD, INK, SOFT = "#d55e00", "#222222", "#767676"
_COLUMN, _HEIGHT, _MARGINS = 1.42, 3.7, (0.95, 0.25, 1.0, 0.62)
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
_LINE, _STEP, _GAP, _CHARACTER, CAPTION = 0.2, 0.14, 0.19, 0.075, 0.16
_MOST_NUMBERS, _MOST_MARKS, _LEAST_WIDTH = 3, 4, 3.9
_FACTOR, _LARGEST = 50, 300


def check_picture(path: Path) -> Path:
    """Return the path when a picture of a map can be written there. Raises `InputError` for another suffix or a place that cannot be written."""
    return check_picture_place(path, FORMATS, "map.svg")


def draw_map(map: MapRecord, path: str | Path) -> Path:
    """Draw the map to ``.svg`` or ``.png`` by suffix, and return the path. The file is replaced atomically; equal maps give equal bytes.

    Each proved critical point is a mark at its loss, in the column of its kind, saddles by the proved number of negative eigenvalues. Shapes tell the
    kinds apart without colour; a ring marks a bad local minimum; marks grow with the number of starts that ended there; the numbers are the points of the
    report. The scale is logarithmic where losses differ by more than a factor of 50; a loss of 0 then stands below a break of the axis.

    Raises `InputError` for another suffix or a place that cannot be written.
    """
    target = check_picture(Path(path))
    replace_file(target, _rendered(map, target.suffix))
    return target


def _rendered(map: MapRecord, suffix: str) -> bytes:
    return figure_bytes(lambda: _figure(map), suffix, dpi=200, font_size=9.0)


@dataclass(frozen=True)
class Scale:
    """Where a loss stands on the axis from ``low`` to ``high``: linear, or by powers of ten with a place ``zero`` for a loss of 0 if there is one."""

    logarithmic: bool
    low: float
    high: float
    zero: float | None = None

    def place(self, loss: Fraction | float) -> float:
        """Return where a loss stands."""
        if not self.logarithmic:
            return nearest_double(Fraction(loss))
        return _log10(loss) if loss > 0 or self.zero is None else self.zero


@dataclass(frozen=True)
class _Group:
    """Points of one column whose losses are too near to each other to be labelled apart."""

    column: int
    place: float
    points: tuple[CriticalPoint, ...]


def middle_of(point: CriticalPoint) -> Fraction:
    """Return the middle of the enclosure of the loss, or 0 where 0 is its end."""
    return (point.loss_lower + point.loss_upper) / 2 if point.loss_lower != 0 else Fraction(0)


def _log10(loss: Fraction | float) -> float:
    """Return the decimal logarithm of a positive number of any size."""
    exponent = decimal_exponent(Fraction(loss))
    return exponent + math.log10(nearest_double(shifted(Fraction(loss), -exponent)))


def scale_of(losses: Sequence[Fraction | float]) -> Scale:
    """Return a logarithmic scale where losses differ by much or some are too large for a linear one, else a linear one."""
    positive = [loss for loss in losses if loss > 0]
    apart = bool(positive) and (max(positive) > min(positive) * _FACTOR or _log10(max(positive)) >= _LARGEST)
    if apart and min(losses) >= 0:
        low, high = _log10(min(positive)), _log10(max(positive))
        pad = 0.08 * (high - low) or 1.0
        zero = low - 4 * pad if min(losses) == 0 else None
        return Scale(True, (low if zero is None else zero) - pad, high + pad, zero)
    low, high = (nearest_double(Fraction(end)) for end in (min(losses, default=0), max(losses, default=1)))
    pad = 0.09 * (high - low) or 0.1 * abs(high) or 0.1
    return Scale(False, low - pad, high + pad)


def _columns(points: Sequence[CriticalPoint]) -> list[tuple[str, int]]:
    """Return the columns that occur: a kind, and for saddles the proved number of negative eigenvalues."""
    return sorted({_column_of(point) for point in points}, key=lambda column: (_KINDS.index(column[0]), column[1]))


def _column_of(point: CriticalPoint) -> tuple[str, int]:
    return (point.kind, point.inertia["negative"] if point.kind == "saddle" else 0)


def _column_text(column: tuple[str, int], points: Sequence[CriticalPoint]) -> str:
    kind, index = column
    if kind != "saddle":
        return _COLUMN_WORDS[_KINDS.index(kind)]
    members = [point.inertia for point in points if _column_of(point) == column]
    open_end, known = any(signs["undecided"] for signs in members), all(signs["positive"] for signs in members)
    return f"{'saddle' if known else 'no minimum'},\nindex {'≥ ' if open_end else ''}{index}"


def _groups(points: Sequence[CriticalPoint], columns: Sequence[tuple[str, int]], scale: Scale) -> list[_Group]:
    least = _LINE / _HEIGHT * (scale.high - scale.low)
    groups: list[_Group] = []
    for k, column in enumerate(columns):
        members = sorted((scale.place(middle_of(point)), point.point, point) for point in points if _column_of(point) == column)
        while members:
            near = [member for member in members if member[0] - members[0][0] < least]
            groups.append(_Group(k, members[0][0], tuple(point for _, _, point in near)))
            members = members[len(near) :]
    return groups


def _figure(map: MapRecord) -> Figure:
    from matplotlib.figure import Figure

    columns = _columns(map.points)
    scale = scale_of([middle_of(point) for point in map])
    left, right, below, above = _MARGINS
    caption = _caption(map)
    below += CAPTION * (len(caption) - 2)
    inner = max(len(columns) * _COLUMN, _LEAST_WIDTH)
    width, height = left + inner + right, below + _HEIGHT + above
    figure = Figure(figsize=(width, height), facecolor="white")
    axes = figure.add_axes((left / width, below / height, inner / width, _HEIGHT / height))
    axes.set_xlim(-0.5, max(len(columns), 1) - 0.5)
    axes.set_ylim(scale.low, scale.high)
    _draw_frame(axes, columns, scale, map.points)
    for group in _groups(map.points, columns, scale):
        _draw_group(axes, group, scale, max(len(columns), 1) / inner)
    if not map.points:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no critical point was proved", transform=axes.transAxes, ha="center", va="center", color=SOFT)
    head_and_foot(figure, "Proved critical points", map, caption)
    return figure


def head_and_foot(figure: Figure, words: str, map: MapRecord, caption: Sequence[str]) -> None:
    """Write the title, which ends with the problem, and lines at the foot."""
    width, height = figure.get_size_inches()
    title = f"{words}: {_shortened(report_title(map.report), width - _MARGINS[0] - _MARGINS[1])}"
    figure.text(0.2 / width, 1 - 0.2 / height, title, va="top", fontsize=10.5, color=INK)
    for k, line in enumerate(reversed(caption)):
        figure.text(0.2 / width, (0.14 + CAPTION * k) / height, line, va="center", fontsize=7.5, color=SOFT)


def _shortened(title: str, inner: float) -> str:
    room = int(inner * 11)
    printable = "".join(character if character.isprintable() else " " for character in title).replace("$", r"\$")
    plain = printable[0].lower() + printable[1:]
    return plain if len(plain) <= room else plain[: room - 1] + "…"


def _caption(map: MapRecord) -> tuple[str, ...]:
    bad = " A ring marks a bad local minimum." if any(point.suboptimal is not None for point in map) else ""
    given = ("A star marks a point that was reached from given weights.",) if map.given else ()
    searched = f"{map.starts} starts; larger marks were met more often. The map need not be complete."
    if map.complete is not None:
        searched = "All critical points, up to symmetry." if map.is_complete else "The map need not be complete."
    return (f"Numbers name the points of the report.{bad}", *given, searched)


def _draw_frame(axes: Any, columns: Sequence[tuple[str, int]], scale: Scale, points: Sequence[CriticalPoint]) -> None:
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(INK)
    axes.set_xticks(range(len(columns)), [_column_text(column, points) for column in columns])
    axes.tick_params(axis="x", length=0, pad=8, colors=INK)
    axes.tick_params(axis="y", colors=INK)
    label_losses(axes)
    for k in range(len(columns) - 1):
        axes.axvline(k + 0.5, color="#dddddd", linewidth=0.8, zorder=0)
    if points:
        axes.axhline(scale.place(middle_of(points[0])), color=SOFT, linewidth=0.8, linestyle=(0, (2, 3)), zorder=0)
    if scale.logarithmic:
        draw_powers(axes, scale)


def label_losses(axes: Any) -> None:
    """Name the axis of losses above it, where labels of many digits leave no room beside."""
    axes.annotate("loss J", (0, 1), xytext=(0, 7), xycoords="axes fraction", textcoords="offset points", ha="center", color=INK)


def draw_powers(axes: Any, scale: Scale) -> None:
    """Label powers of ten, and twice and five times these where there are few; a loss of 0 below a break."""
    low = scale.low if scale.zero is None else scale.zero + 0.6 * (scale.high - scale.low) / 6
    steps = (1, 2, 5) if scale.high - low < 3 else (1,)
    every = max(1, math.ceil((scale.high - low) / 8))
    ticks = [(k + math.log10(step), _power_text(k, step)) for k in range(math.floor(low), math.ceil(scale.high), every) for step in steps]
    ticks = [tick for tick in ticks if low <= tick[0] <= scale.high]
    if scale.zero is not None:
        ticks.append((scale.zero, "0"))
        _draw_break(axes, scale, scale.zero)
    axes.set_yticks([place for place, _ in ticks], [words for _, words in ticks])


def _power_text(exponent: int, factor: int) -> str:
    if -4 <= exponent <= 4:
        return f"{factor * 10.0**exponent:g}"
    return f"$10^{{{exponent}}}$" if factor == 1 else f"${factor}\\cdot 10^{{{exponent}}}$"


def _draw_break(axes: Any, scale: Scale, zero: float) -> None:
    """Draw two short strokes across the axis between 0 and the powers of ten."""
    unit = (scale.high - scale.low) / 100
    across = axes.get_yaxis_transform()
    middle = zero + 6 * unit
    axes.plot([0, 0], [middle - unit, middle + unit], transform=across, color="white", linewidth=3, clip_on=False, zorder=5)
    for shift in (-unit, unit):
        ends = [middle + shift - unit, middle + shift + unit]
        axes.plot([-0.012, 0.012], ends, transform=across, color=INK, linewidth=0.9, clip_on=False, zorder=6)


def _draw_group(axes: Any, group: _Group, scale: Scale, inch: float) -> None:
    """Draw the marks of a group side by side and their numbers behind, all centred in the column; ``inch`` is an inch on the axis of columns.

    Of many points some are drawn, from the lowest to the highest loss.
    """
    count = len(group.points)
    shown = group.points if count <= _MOST_MARKS else [group.points[round(k * (count - 1) / (_MOST_MARKS - 1))] for k in range(_MOST_MARKS)]
    numbers = [f"{point.point}*" if point.given else str(point.point) for point in group.points]
    words = ", ".join(numbers) if len(numbers) <= _MOST_NUMBERS else f"{len(numbers)} points"
    room = _STEP * (len(shown) - 1) + _GAP + _CHARACTER * len(words)
    start = group.column - inch * room / 2
    for k, point in enumerate(shown):
        draw_point(axes, start + inch * _STEP * k, scale.place(middle_of(point)), point)
    end = start + inch * (_STEP * (len(shown) - 1) + _GAP)
    axes.text(end, group.place, words, va="center_baseline", ha="left", fontsize=8.5, color=INK, bbox=PAPER)


def draw_point(axes: Any, x: float, y: float, point: CriticalPoint) -> None:
    """Draw the mark of a point, which tells its kind, and whether it is a bad minimum."""
    size = 26 + 16 * math.log2(1 + min(point.hits, 10_000)) ** 0.9
    bad = point.suboptimal is not None and point.kind in MINIMA
    colour = BAD if bad else _COLOURS[point.kind]
    if bad:
        axes.scatter([x], [y], s=size * 2.6 + 40, marker="o", facecolors="none", edgecolors=BAD, linewidths=1.2, zorder=3)
    axes.scatter([x], [y], s=size, marker=MARKERS[point.kind], facecolors=colour, edgecolors=INK, linewidths=1.0, zorder=4)
