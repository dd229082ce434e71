"""Figure 1: distance of the AN/GGN iterates to their limit, in doubles and at 200 digits; the exponents double.

Network 2-20-1 with bent identity, squared error, 20 four-region samples with the number of the class as target: one hidden layer of ``T`` units, as
the paper's Proposition 4 asks, so that exact learning is possible. The step is undamped and of minimum norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

import lossproof as lp
from benchmarks.paper_style import COLOURS, INK, MARKERS, new_figure, quiet_grid
from benchmarks.paper_text import markdown_table
from lossproof.theory.problem.four_regions import four_regions

NAME = "paper_order"
DIGITS = 200
MOST_ITERATIONS = 60
LEARNED = 1e-18
_SHOWN_BELOW = -1.0
_ROUNDING_SHOWN = 2


@dataclass(frozen=True)
class Run:
    """One start, which is also the seed of its samples: ``log10`` of the distances to the last iterate, in doubles and at many digits.

    ``iterations`` to a loss of ``1e-18`` in doubles, None where that was not reached; then nothing was run at many digits.
    """

    seed: int
    precision: int
    iterations: int | None
    double: np.ndarray
    digits: np.ndarray
    order: str


def compute(quick: bool) -> list[Run]:
    """Train from several starts."""
    return [run(seed, 6, 60) for seed in range(2)] if quick else [run(seed, 20, DIGITS) for seed in range(6)]


def run(seed: int, size: int, digits: int) -> Run:
    """Train a 2-``size``-1 network on ``size`` samples, in doubles and at so many digits from the same weights."""
    samples = four_regions(size, seed, "number")
    options: dict[str, Any] = {
        "activation": "bent-identity",
        "method": "ggn",
        "damping": 0,
        "seed": seed,
        "max_iterations": MOST_ITERATIONS,
    }
    history = lp.train((2, size, 1), samples.X, samples.Y, **options, tolerance=0.0).history
    learned = np.flatnonzero(history.loss < LEARNED)
    if not len(learned):
        return Run(seed, digits, None, history.log10("distance"), np.empty(0), "")
    precise = lp.train((2, size, 1), samples.X, samples.Y, **options, precision=digits).history
    order = lp.convergence_order(precise)
    shown = history.log10("distance")[: learned[0] + 1 + _ROUNDING_SHOWN]
    return Run(seed, digits, int(learned[0]), shown, precise.log10("distance"), f"{order.order:.3f}")


def draw(runs: list[Run]) -> Figure:
    """Draw the distances in doubles on the left and at many digits on the right."""
    figure, (left, right) = new_figure(7.6, 3.7, 2)
    for k, run in enumerate(run for run in runs if run.iterations is not None):
        style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "markersize": 3.8, "markeredgewidth": 0}
        for axes, logarithms in ((left, run.double), (right, run.digits)):
            shown = np.where(np.isfinite(logarithms), logarithms, np.nan)
            axes.plot(np.arange(len(shown)), shown, label=str(run.seed), **style)
    _finish(left, "double precision", range(-15, 4, 3), 3, -16)
    digits = runs[0].precision
    _finish(right, f"{digits} digits", range(-digits, 1, 25), 6, -digits - 10)
    left.set_ylabel("distance to the limit, $\\|W^{(k)}-W^*\\|_F$")
    left.legend(loc="lower left", title="seed", fontsize=8, title_fontsize=8, ncols=2, handlelength=1.6, labelcolor=INK, columnspacing=1.0)
    return figure


def _finish(axes: Axes, title: str, ticks: range, above: int, below: int) -> None:
    axes.set(title=title, xlabel="iteration $k$", ylim=(below, above))
    axes.set_yticks(ticks, [f"$10^{{{k}}}$" for k in ticks])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    quiet_grid(axes)


def table(runs: list[Run]) -> str:
    """Return the exponents of the distances at many digits, and the order they show."""
    rows = []
    for run in runs:
        if run.iterations is None:
            rows.append([str(run.seed), "–", "–", f"not learned in {MOST_ITERATIONS} iterations", "–"])
            continue
        last = [value for value in run.digits if np.isfinite(value) and value < _SHOWN_BELOW]
        floor = float(np.min(run.double[np.isfinite(run.double)]))
        rows.append([str(run.seed), str(run.iterations), f"{floor:.1f}", ", ".join(f"{value:.1f}" for value in last), run.order])
    head = [
        "seed of samples and start",
        "iterations to loss 1e-18",
        "least log10 distance in doubles",
        f"log10 of the distances at {runs[0].precision} digits, from {_SHOWN_BELOW:.0f} down",
        "measured order",
    ]
    return markdown_table(head, rows)
