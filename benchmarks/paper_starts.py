"""Figure 2: the final loss from 100 random starts for five activations, with full AN/GGN steps, with steps that are halved, and with damped ones.

The problem is that of Figure 1: network 2-20-1, squared error, 20 four-region samples of seed 0 with the number of the class as target.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import lossproof as lp
from benchmarks.paper_style import BLUE, GREEN, INK, SOFT, VERMILION, new_figure, quiet_grid
from benchmarks.paper_text import markdown_table
from lossproof.theory.problem.four_regions import four_regions

NAME = "paper_starts"
ACTIVATIONS = ("sigmoid", "tanh", "softsign", "softplus", "bent-identity")
METHODS: dict[str, dict[str, Any]] = {
    "AN/GGN, full steps": {"method": "ggn", "damping": 0},
    "AN/GGN, halved steps": {"method": "ggn", "damping": "auto"},
    "Levenberg-Marquardt": {"method": "lm"},
}
FULL_STEPS = next(iter(METHODS))
_STYLES: dict[str, dict[str, Any]] = dict(
    zip(METHODS, ({"color": VERMILION, "marker": "o"}, {"color": GREEN, "marker": "s"}, {"color": BLUE, "marker": "^"}), strict=True)
)
LEARNED = 1e-20
MOST_ITERATIONS = 200
SAMPLES_SEED = 0
_NEAR, _LARGE = 1e-6, 1e3
_TOP, _BOTTOM = 2.0, -34.5


@dataclass(frozen=True)
class Ends:
    """Where the starts ended: for each one the last loss, the largest weight, and the iterations to ``LEARNED`` or None."""

    activation: str
    method: str
    final: tuple[float, ...]
    largest: tuple[float, ...]
    iterations: tuple[int | None, ...]

    @property
    def learned(self) -> int:
        """How many starts reached ``LEARNED``."""
        return sum(count is not None for count in self.iterations)

    @property
    def far(self) -> list[int]:
        """The starts that ended above ``1e-6`` or beyond doubles: they did not learn."""
        return [k for k, loss in enumerate(self.final) if not loss <= _NEAR]

    @property
    def near(self) -> int:
        """How many starts ended between."""
        return len(self.final) - self.learned - len(self.far)

    @property
    def driven_off(self) -> int:
        """How many of the starts that did not learn ended with a weight above ``1e3``: their units are saturated."""
        return sum(not self.largest[k] <= _LARGE for k in self.far)


def compute(quick: bool) -> list[Ends]:
    """Train from every start with each method; the seeds of the starts are 0, 1, …"""
    size, starts = (5, 6) if quick else (20, 100)
    return [ends(activation, method, size, starts) for activation in ACTIVATIONS for method in METHODS]


def ends(activation: str, method: str, size: int, starts: int) -> Ends:
    """Train a 2-``size``-1 network on ``size`` samples from so many starts; all methods see the same ones."""
    samples = four_regions(size, SAMPLES_SEED, "number")
    final, largest, iterations = [], [], []
    for seed in range(starts):
        found = lp.train(
            (2, size, 1),
            samples.X,
            samples.Y,
            activation=activation,
            seed=seed,
            max_iterations=MOST_ITERATIONS,
            target_loss=LEARNED,
            **METHODS[method],
        )
        loss = [value if math.isfinite(value) else math.inf for value in map(float, found.history.loss)]
        iterations.append(next((k for k, value in enumerate(loss) if value <= LEARNED), None))
        final.append(loss[-1])
        largest.append(max(float(np.abs(W).max()) for W, _ in found.arrays))
    return Ends(activation, method, tuple(final), tuple(largest), tuple(iterations))


def draw(results: list[Ends]) -> Figure:
    """Draw every start as a mark at its final loss; below stands how many learned."""
    figure, (axes,) = new_figure(7.6, 3.9)
    for ends in results:
        place = ACTIVATIONS.index(ends.activation) + 0.27 * (list(METHODS).index(ends.method) - 1)
        _strip(axes, place, ends)
    axes.axhline(math.log10(LEARNED), color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.text(len(ACTIVATIONS) - 0.38, math.log10(LEARNED) + 0.5, "learned, below this line", color=SOFT, fontsize=8, ha="right")
    ticks = [0, -5, -10, -15, -20, -25, -30]
    axes.set_yticks(ticks, [f"$10^{{{k}}}$" for k in ticks])
    axes.set_xticks(range(len(ACTIVATIONS)), [name.replace("-", " ") for name in ACTIVATIONS])
    axes.set(xlim=(-0.65, len(ACTIVATIONS) - 0.35), ylim=(_BOTTOM, _TOP), ylabel="final loss")
    axes.tick_params(axis="x", length=0)
    quiet_grid(axes)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3, fontsize=8.5, labelcolor=INK, handletextpad=0.2)
    return figure


def _strip(axes: Axes, place: float, ends: Ends) -> None:
    """Draw one column; marks are spread sideways by their rank, so that equal losses stay visible."""
    order = sorted(range(len(ends.final)), key=lambda k: ends.final[k])
    xs, ys = [], []
    for rank, k in enumerate(order):
        xs.append(place + 0.1 * (2 * ((rank * 0.61803398875) % 1) - 1))
        ys.append(min(max(math.log10(max(ends.final[k], 1e-300)), _BOTTOM + 2.5), _TOP - 0.5))
    style = {**_STYLES[ends.method], "s": 9, "linewidth": 0, "alpha": 0.85}
    axes.text(place, _BOTTOM + 0.3, f"{ends.learned}", color=style["color"], fontsize=8, ha="center", va="bottom")
    axes.scatter(xs, ys, label=ends.method if ends.activation == ACTIVATIONS[0] else None, zorder=3, **style)


def table(results: list[Ends]) -> str:
    """Return how many starts learned, came near, or did not learn."""
    rows = []
    for ends in results:
        counts = [count for count in ends.iterations if count is not None]
        median = f"{statistics.median(counts):.0f} ({min(counts)}–{max(counts)})" if counts else "–"
        far = f"{len(ends.far)} ({ends.driven_off})"
        rows.append([ends.activation, ends.method, f"{ends.learned} of {len(ends.final)}", str(ends.near), far, median])
    head = [
        "activation",
        "method",
        "loss at most 1e-20",
        "up to 1e-6",
        "above 1e-6 (with a weight above 1e3)",
        "iterations to 1e-20: median (range)",
    ]
    return markdown_table(head, rows)
