"""How the figures of the experiments look, and how they are written: equal figures give equal bytes."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, SOFT, GRID = "#222222", "#6b6b6b", "#dddddd"
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072b2", "#d55e00", "#009e73", "#a8558a", "#b87f00", "#56b4e9"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "lossproof",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
}


def new_figure(width: float, height: float, columns: int = 1, **options: Any) -> tuple[Figure, list[Axes]]:
    """Return a white figure of so many inches with one row of axes."""
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False, **options)[0]
    return figure, list(axes)


def save(figure: Figure, path: Path) -> Path:
    """Write the figure as ``.svg`` or ``.png`` by suffix; no date enters the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = BytesIO()
    metadata: dict[str, Any] = {".svg": {"Date": None}, ".png": {}}[path.suffix]
    figure.savefig(stream, format=path.suffix[1:], dpi=150, metadata=metadata)
    path.write_bytes(stream.getvalue())
    return path


def styled() -> Any:
    """Return the context in which figures are made and saved."""
    return matplotlib.rc_context(SETTINGS)


def quiet_grid(axes: Axes, axis: str = "y") -> None:
    """Draw a faint grid behind the data."""
    axes.grid(True, axis=axis, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
