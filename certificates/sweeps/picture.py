"""The heat map of a sweep: the rank of every cell, with the line ``N_net = T·n_L``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lossproof.certificates.files import replace_file
from lossproof.certificates.pictures.files import check_picture_place, figure_bytes
from lossproof.certificates.sweeps.record import SweepRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
_FULL, _INK, _SOFT, _PAPER, _HATCH = "#7fb2d9", "#222222", "#767676", "#f3f3f3", "#5a5a5a"
_MOST_TICKS, _MOST_NAMES = 14, 30
_WIDTH, _HEIGHT, _LINE, _TALLEST = 3.5, 2.9, 0.17, 6.0
_BIASES = {"trainable": "trainable biases", "none": "no biases"}
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Panel:
    """The cells of the activation and bias mode in the title, architectures as rows: the share of columns missing from the rank (nan: no cell), and whether
    that is decided.
    """

    title: str
    missing: Values
    open: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Scene:
    """All panels, and what their axes are: ``samples``, ``rows`` (architectures), ``border[r]``: how many numbers of samples have ``T n_L ≤ N_net``."""

    samples: tuple[int, ...]
    rows: tuple[str, ...]
    border: tuple[int, ...]
    panels: tuple[_Panel, ...]
    note: str


def check_sweep_picture(path: Path) -> Path:
    """Return the path when a heat map can be written there. Raises `InputError` for another suffix or a place that cannot be written."""
    return check_picture_place(path, FORMATS, "phase.png")


def draw_sweep(result: SweepRecord, path: str | Path) -> Path:
    """Draw a sweep to ``.png`` or ``.svg`` by suffix, and return the path. The file is replaced atomically; equal tables give equal bytes.

    One panel an activation and bias mode; samples to the right, architectures upwards, by ``N_net/n_L``. Blue: rank ``T n_L`` at almost every ``W``. Other
    colours: the share of ``T n_L`` by which the rank falls short. Hatched: a lower bound only, at some ``W`` if the activation is not analytic.
    The line is ``N_net = T·n_L``. Of several seeds the first is shown. Raises `InputError` as `check_sweep_picture` does.
    """
    target = check_sweep_picture(Path(path))
    replace_file(target, figure_bytes(lambda: _figure(result), target.suffix, dpi=160, font_size=9.0))
    return target


def _scene(result: SweepRecord) -> _Scene:
    seeds = result.grid["seeds"]
    found: dict[tuple[str, str, str, int], dict[str, Any]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for row in result.table.to_pylist():
        if row["seed"] == seeds[0]:
            found[row["activation"], row["bias"], row["widths"], row["T"]] = row
            sizes[row["widths"]] = (row["N_net"], row["n_L"])
    samples = tuple(result.grid["samples"])
    planned = ["-".join(map(str, widths)) for widths in result.grid["widths"]]
    rows = tuple(
        sorted((name for name in planned if name in sizes), key=lambda name: (sizes[name][0] / sizes[name][1], planned.index(name)))
    )
    border = tuple(sum(T * sizes[name][1] <= sizes[name][0] for T in samples) for name in rows)
    biases = list(dict.fromkeys(result.table["bias"].to_pylist()))
    panels = tuple(
        _panel(
            activation,
            bias,
            activation if len(biases) == 1 else f"{activation}, {_BIASES.get(bias, f'biases {bias}')}",
            rows,
            samples,
            found,
        )
        for activation in result.grid["activations"]
        for bias in biases
    )
    seed = f"seed {seeds[0]}" + ("" if len(seeds) == 1 else f" of {len(seeds)} seeds")
    missing = "" if len(result) == result.cells_planned else f", {len(result)} of {result.cells_planned} cells"
    bias = "".join(f"{_BIASES.get(bias, f'biases {bias}')}, " for bias in biases[:1] if len(biases) == 1)
    drawn = result.grid["data"]["name"] or "given samples" if "data" in result.grid else seed
    return _Scene(samples, rows, border, panels, f"{bias}{drawn}{missing}")


def _panel(
    activation: str,
    bias: str,
    title: str,
    rows: Sequence[str],
    samples: Sequence[int],
    found: dict[tuple[str, str, str, int], dict[str, Any]],
) -> _Panel:
    missing = np.full((len(rows), len(samples)), np.nan)
    open_cells = np.zeros(missing.shape, dtype=bool)
    for r, name in enumerate(rows):
        for c, T in enumerate(samples):
            cell = found.get((activation, bias, name, T))
            if cell is not None:
                missing[r, c] = 1 - cell["rank_lower"] / cell["columns"]
                open_cells[r, c] = not cell["decided"]
    return _Panel(title, missing, open_cells)


def _figure(result: SweepRecord) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    scene = _scene(result)
    across = 2 if len(scene.panels) in (2, 4) else min(len(scene.panels), 3)
    down = math.ceil(len(scene.panels) / across)
    height = min(max(_HEIGHT, _LINE * min(len(scene.rows), _MOST_NAMES)), _TALLEST)
    figure = Figure(figsize=(_WIDTH * across + 1.3, height * down + 0.95), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    table = figure.subplots(down, across, squeeze=False, sharey=True)
    shades = LinearSegmentedColormap.from_list("missing", ["#fdf0d5", "#f5b461", "#d5651e", "#7a2a0c"]).with_extremes(bad=_PAPER)
    image = None
    for k, axes in enumerate(table.flat):
        if k < len(scene.panels):
            image = _draw(axes, scene, scene.panels[k], shades)
        else:
            axes.set_visible(False)
    _label(table, scene)
    figure.suptitle(f"Rank of P(W) at almost every W: {scene.note}", fontsize=10, color=_INK)
    if image is not None:
        bar = figure.colorbar(image, ax=list(table.flat), shrink=0.85, pad=0.02)
        bar.set_label("share of T·n$_L$ missing from the rank")
        bar.outline.set_visible(False)
    _legend(figure, scene)
    return figure


def _draw(axes: Axes, scene: _Scene, panel: _Panel, shades: Any) -> Any:
    from matplotlib.colors import ListedColormap

    count, places = len(scene.rows), len(scene.samples)
    extent = (-0.5, places - 0.5, -0.5, count - 0.5)
    short = np.ma.masked_invalid(panel.missing)
    common: dict[str, Any] = {"origin": "lower", "extent": extent, "aspect": "auto", "interpolation": "nearest"}
    image = axes.imshow(short, cmap=shades, vmin=0.0, vmax=1.0, **common)
    full = np.ma.masked_where(panel.missing != 0, np.ones_like(panel.missing))
    axes.imshow(full, cmap=ListedColormap([_FULL]), vmin=0, vmax=1, **common)
    _hatch(axes, panel.open)
    x = [value for border in scene.border for value in (border - 0.5, border - 0.5)]
    y = [value for r in range(count) for value in (r - 0.5, r + 0.5)]
    axes.plot(x, y, color=_INK, linewidth=1.4, solid_joinstyle="miter")
    axes.set_xlim(extent[:2])
    axes.set_ylim(extent[2:])
    axes.set_title(panel.title, fontsize=9.5, color=_INK)
    for spine in axes.spines.values():
        spine.set_color("#bbbbbb")
    return image


def _hatch(axes: Axes, open_cells: npt.NDArray[np.bool_]) -> None:
    """Hatch the cells whose rank is not decided, run by run along each row."""
    from matplotlib.patches import Rectangle

    for r, row in enumerate(open_cells):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
        for start, stop in edges.reshape(-1, 2):
            axes.add_patch(Rectangle((start - 0.5, r - 0.5), stop - start, 1, fill=False, hatch="////", edgecolor=_HATCH, linewidth=0))


def _thinned(count: int, most: int) -> list[int]:
    """Return which of ``count`` ticks are labelled."""
    return list(range(0, count, max(1, math.ceil(count / most))))


def _label(table: Any, scene: _Scene) -> None:
    shape, names = _row_names(scene.rows)
    chosen, columns = _thinned(len(scene.rows), _MOST_NAMES), _thinned(len(scene.samples), _MOST_TICKS)
    for axes in table.flat:
        axes.set_yticks(chosen, [names[r] for r in chosen], fontsize=9 if len(chosen) <= _MOST_TICKS else 7)
        axes.set_xticks(columns, [str(scene.samples[c]) for c in columns])
        axes.tick_params(length=2, colors=_INK)
    for axes in table[:, 0]:
        axes.set_ylabel(shape)
    for k, axes in enumerate(table.flat):
        if k + table.shape[1] >= len(scene.panels):
            axes.set_xlabel("samples T")


def _row_names(rows: Sequence[str]) -> tuple[str, list[str]]:
    """Return the label of the axis and of each row: the width that varies if there is one, else the architecture."""
    widths = [tuple(name.split("-")) for name in rows]
    if len({len(w) for w in widths}) == 1 and len(rows) > 1:
        varying = [l for l in range(len(widths[0])) if len({w[l] for w in widths}) > 1]
        if len(varying) == 1:
            l = varying[0]
            pattern = "-".join("n" if k == l else n for k, n in enumerate(widths[0]))
            return f"width n of {pattern}", [w[l] for w in widths]
    return "architecture, by N$_{net}$ / n$_L$", list(rows)


def _legend(figure: Figure, scene: _Scene) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(facecolor=_FULL, label="rank T·n$_L$"),
        Line2D([], [], color=_INK, linewidth=1.4, label="N$_{net}$ = T·n$_L$"),
    ]
    if any(panel.open.any() for panel in scene.panels):
        handles.append(Patch(facecolor="white", edgecolor=_HATCH, hatch="////", linewidth=0.5, label="lower bound only"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8.5)
