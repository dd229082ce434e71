"""The picture of a training run: the loss and the distance to the last iterate against the iterations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossproof.certificates.files import replace_file
from lossproof.certificates.pictures.files import check_picture_place, figure_bytes
from lossproof.numerics.training.records import History, Training

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
_CURVES = (
    ("loss", "loss J", "#0072b2", "-", "o"),
    ("gradient_norm", "gradient ‖∇J‖", "#d55e00", "--", "s"),
    ("distance", "distance to the last iterate", "#009e73", "-", "o"),
    ("step_norm", "length of the step", "#767676", "--", "s"),
)
_MOST_MARKS = 60
_MOST_POINTS = 4000


def check_history_picture(path: Path) -> Path:
    """Return the path when a picture of a run can be written there. Raises `InputError` for another suffix or a place that cannot be written."""
    return check_picture_place(path, FORMATS, "history.png")


def draw_history(training: Training, path: str | Path) -> Path:
    """Draw a run to ``.png`` or ``.svg`` by suffix, and return the path. The file is replaced atomically.

    On the left the loss and the norm of its gradient, on the right the distance to the last iterate and the lengths of the steps (Frobenius norms
    over all layers), as powers of ten; numbers that are 0 have no place there. Raises `InputError` as `check_history_picture` does.
    """
    target = check_history_picture(Path(path))
    replace_file(target, figure_bytes(lambda: _figure(training), target.suffix, dpi=200, font_size=9.0))
    return target


def _figure(training: Training) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 3.3), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for axes, curves in ((left, _CURVES[:2]), (right, _CURVES[2:])):
        for name, words, colour, line, mark in curves:
            _curve(axes, training.history, name, {"label": words, "color": colour, "linestyle": line, "marker": mark})
        _frame(axes)
    figure.suptitle(f"{training.method}: {training.history.iterations} iterations", fontsize=10)
    return figure


def _curve(axes: Axes, history: History, name: str, style: dict[str, Any]) -> None:
    rows = np.arange(len(history))
    rows = rows[:: max(1, len(rows) // _MOST_POINTS)]
    values = history.log10(name)[rows]
    shown = np.isfinite(values)
    if len(rows) > _MOST_MARKS:
        style = {**style, "marker": ""}
    axes.plot(rows[shown], values[shown], markersize=3.5, linewidth=1.2, **style)


def _frame(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"$10^{{{value:.0f}}}$"))
    axes.set_xlabel("iteration")
    axes.grid(visible=True, color="#e5e5e5", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if axes.lines:
        axes.legend(frameon=False, fontsize=8)
