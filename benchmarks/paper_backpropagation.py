"""Figure 3: AN/GGN against backpropagation (BP) without exact learning, by iterations and by wall time.

Network 2-10-10-4 with tanh, squared error, 1,000 four-region samples with the unit vectors of R⁴ as targets: 4,000 equations for 184 weights, so that
no exact learner is to be expected. BP has a constant step, the best of a grid. All methods start from the same weights.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import lossproof as lp
from benchmarks.paper_style import BLUE, GREEN, INK, ORANGE, VERMILION, new_figure, quiet_grid
from benchmarks.paper_text import markdown_table
from lossproof.theory.problem.four_regions import four_regions
from lossproof.theory.problem.samples import Samples

NAME = "paper_backpropagation"
WIDTHS, SAMPLES, SAMPLES_SEED = (2, 10, 10, 4), 1000, 0
STARTS = 10
STEPS = (0.03, 0.1, 0.3, 1.0, 3.0)
BP = "BP, constant step"
SECOND_ORDER: dict[str, dict[str, Any]] = {
    "AN/GGN, full steps": {"method": "ggn", "damping": 0},
    "AN/GGN, halved steps": {"method": "ggn", "damping": "auto"},
    "Levenberg-Marquardt": {"method": "lm"},
}
METHODS = (BP, *SECOND_ORDER)
_COLOURS = (ORANGE, VERMILION, GREEN, BLUE)
_DASHES: tuple[Any, ...] = ((0, (1, 1.2)), (0, (5, 2)), (0, (4, 1.5, 1, 1.5)), "-")
_SHOWN = 1e3
_MOST_BP = 50_000


@dataclass(frozen=True)
class Curve:
    """The loss of one start after every iteration, and the seconds spent until then."""

    method: str
    seed: int
    loss: np.ndarray
    seconds: np.ndarray

    @property
    def cost(self) -> float:
        """Seconds an iteration."""
        return float(self.seconds[-1]) / max(len(self.seconds) - 1, 1)

    def at(self, seconds: float) -> float:
        """Return the least loss met until so many seconds, infinite before the first."""
        return float(np.min(np.nan_to_num(self.loss[self.seconds <= seconds], nan=np.inf), initial=np.inf))


@dataclass(frozen=True)
class Comparison:
    """All curves, and the mean final loss of each step of BP's grid after the pilot."""

    curves: tuple[Curve, ...]
    step: float
    pilot: tuple[tuple[float, float], ...]

    def of(self, method: str) -> list[Curve]:
        """Return the curves of one method."""
        return [curve for curve in self.curves if curve.method == method]


def compute(quick: bool) -> Comparison:
    """Choose BP's step on a pilot, then train from every start with each method for about the same time."""
    samples = four_regions(60 if quick else SAMPLES, SAMPLES_SEED, "basis")
    widths, starts, iterations = ((2, 4, 4, 4), 1, 10) if quick else (WIDTHS, STARTS, 300)
    pilot = [(step, float(train(samples, widths, BP, 0, 20 if quick else 2000, step).loss[-1])) for step in STEPS]
    step = min(pilot, key=lambda pair: pair[1] if np.isfinite(pair[1]) else np.inf)[0]
    curves: list[Curve] = []
    for seed in range(starts):
        second_order = [train(samples, widths, method, seed, iterations) for method in SECOND_ORDER]
        budget = max(float(curve.seconds[-1]) for curve in second_order)
        probe = train(samples, widths, BP, seed, 20, step)
        curves += [*second_order, train(samples, widths, BP, seed, 20 if quick else min(int(budget / probe.cost), _MOST_BP), step)]
    return Comparison(tuple(curves), step, tuple(pilot))


def train(samples: Samples, widths: tuple[int, ...], method: str, seed: int, iterations: int, step: float | None = None) -> Curve:
    """Train for so many iterations, unless the method stops before."""
    options = SECOND_ORDER[method] if step is None else {"method": "bp", "step": step}
    found = lp.train(widths, samples.X, samples.Y, activation="tanh", seed=seed, max_iterations=iterations, **options)
    return Curve(method, seed, np.asarray(found.history.loss, dtype=float), np.asarray(found.history.seconds, dtype=float))


def draw(result: Comparison) -> Figure:
    """Draw the loss against iterations on the left and against seconds on the right; a dot marks where a second-order method ended."""
    figure, (left, right) = new_figure(7.6, 3.6, 2, sharey=True)
    for method, colour, dashes in zip(METHODS, _COLOURS, _DASHES, strict=True):
        for curve in result.of(method):
            style = {"color": colour, "linestyle": dashes, "linewidth": 0.9, "alpha": 0.75, "label": method if curve.seed == 0 else None}
            shown = np.where(curve.loss < _SHOWN, curve.loss, np.nan)
            ends = {"marker": "" if method == BP else "o", "markersize": 2.8, "markevery": [-1]}
            left.loglog(np.arange(1, len(shown)), shown[1:], **style, **ends)
            right.loglog(curve.seconds[1:], shown[1:], **style, **ends)
    _finish(left, "by iterations", "iteration")
    _finish(right, "by wall time", "seconds")
    left.set_ylabel("loss $J(W)$")
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=4,
        fontsize=8.5,
        labelcolor=INK,
        handlelength=2.4,
        columnspacing=1.4,
    )
    return figure


def _finish(axes: Axes, title: str, label: str) -> None:
    axes.set(title=title, xlabel=label)
    quiet_grid(axes)


def table(result: Comparison) -> str:
    """Return the losses reached after some times, the cost of an iteration and its ratio to BP's."""
    times = _times(result)
    bp = statistics.median(curve.cost for curve in result.of(BP))
    rows = []
    for method in METHODS:
        curves = result.of(method)
        cost = statistics.median(curve.cost for curve in curves)
        words = f"{BP} {result.step:g}" if method == BP else method
        reached = [_median_and_range([curve.at(t) for curve in curves]) for t in times]
        rows.append(
            [words, f"{statistics.median(len(c.loss) - 1 for c in curves):.0f}", f"{1e3 * cost:.2f} ms", f"{cost / bp:.1f}", *reached]
        )
    head = ["method", "iterations (median)", "an iteration", "of BP's", *(f"least loss after {t:g} s: median (range)" for t in times)]
    grid = ", ".join(f"{step:g}: {loss:.3g}" for step, loss in result.pilot)
    return f"{markdown_table(head, rows)}\n\nLoss after BP's pilot (seed 0) by step: {grid}."


def _times(result: Comparison) -> list[float]:
    """Return three times, rounded, up to the shortest run of BP."""
    longest = min(float(curve.seconds[-1]) for curve in result.of(BP))
    return [float(f"{longest / share:.1g}") for share in (20, 5, 1.25)]


def _median_and_range(values: list[float]) -> str:
    return f"{statistics.median(values):.4f} ({min(values):.4f}–{max(values):.4f})"
