"""Running several methods on several sizes, each in a process of its own, and the tables and figures of what came out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from benchmarks.measured import Measured
from benchmarks.paper_style import COLOURS, INK, MARKERS, quiet_grid
from benchmarks.scaling import Power, fitted_power, in_bytes, in_seconds

FLOOR = 1e-3
"""Seconds below which a time is not used for an exponent."""

COMPILED, WORTH_TELLING = 3.0, 0.1
"""A first run that takes so many times the best one, and so many seconds more, is told of."""


@dataclass(frozen=True)
class Result:
    """What one method did on ``n`` columns."""

    method: str
    n: int
    measured: Measured


def run_sizes(method: str, sizes: Iterable[int], attempt: Callable[[int], Measured]) -> list[Result]:
    """Try the sizes in ascending order; after one that did not end in time, or had no package, the larger ones are not run."""
    results: list[Result] = []
    barrier = ""
    for n in sorted(sizes):
        measured = Measured("not run", words=barrier) if barrier else attempt(n)
        if measured.end == "stopped":
            barrier = f"stopped at {n} columns"
        if measured.end == "missing":
            barrier = measured.words
        results.append(Result(method, n, measured))
        print(f"{method:<44}{n:>7}  {time_cell(measured):<16}{in_bytes(measured.peak):<10}{measured.words}", flush=True)
    return results


def time_cell(measured: Measured, limit: float | None = None) -> str:
    """Return the time, or the reason that there is none."""
    if measured.end == "finished":
        return in_seconds(measured.seconds)
    if measured.end == "stopped":
        return "stopped" if limit is None else f"> {limit:.0f} s"
    return {"missing": "skipped", "refused": "failed"}.get(measured.end, measured.end)


def seconds_of(results: Sequence[Result], method: str, n: int) -> float:
    """Return the seconds of a method on ``n`` columns, or NaN."""
    found = [r.measured.seconds for r in results if r.method == method and r.n == n and r.measured.end == "finished"]
    return found[0] if found else math.nan


def exponent_of(results: Sequence[Result], method: str) -> Power | None:
    """Return the fit of a method's times over the sizes above `FLOOR`."""
    own = [r for r in results if r.method == method and r.measured.end == "finished"]
    return fitted_power([r.n for r in own], [r.measured.seconds for r in own], FLOOR)


def rows_of(results: Sequence[Result], reference: str, told: dict[str, str], limit: float) -> list[list[str]]:
    """Return one row a method, in the order of ``told``: a cell a size, the peak at the largest one done, compilation, exponent, what is told of it."""
    rows = []
    for method, words in told.items():
        own = [r for r in results if r.method == method]
        done = [r.measured for r in own if r.measured.end == "finished"]
        cells = [_cell(r.measured, seconds_of(results, reference, r.n) if method != reference else math.nan, limit) for r in own]
        compiling = max((m.first - m.seconds for m in done if m.first > COMPILED * m.seconds), default=0.0)
        fit = exponent_of(results, method)
        ends = [
            in_bytes(done[-1].peak) if done else "—",
            in_seconds(compiling) if compiling > WORTH_TELLING else "",
            f"{fit.exponent:.2f}" if fit else "—",
        ]
        rows.append([method, *cells, *ends, words])
    return rows


def head_of(results: Sequence[Result], told: str) -> list[str]:
    """Return the head of the table of `rows_of`."""
    sizes = sorted({r.n for r in results})
    return ["method", *(f"{n:,} columns" for n in sizes), "peak memory", "first run more by", "exponent", told]


def _cell(measured: Measured, base: float, limit: float) -> str:
    """Return the time and how many times the reference it is, or why there is none."""
    if measured.end in ("finished", "stopped"):
        shown, seconds = time_cell(measured, limit), measured.seconds if measured.end == "finished" else limit
        sign = ">" if measured.end == "stopped" else "×"
        ratio = seconds / base
        return shown if math.isnan(base) else f"{shown} ({sign} {ratio:.1f})" if ratio < 10 else f"{shown} ({sign} {ratio:.0f})"
    return f"{time_cell(measured)}: {measured.words}"


def remarks_of(results: Sequence[Result]) -> str:
    """Return what the judges said at the largest size that each method did, as a list in Markdown."""
    last = {r.method: r for r in results if r.measured.end == "finished"}
    return "\n".join(f"- {method}, {r.n:,} columns: {r.measured.words}." for method, r in last.items() if r.measured.words)


def draw_times(axes: Axes, results: Sequence[Result], methods: Sequence[str], title: str) -> None:
    """Draw times over columns on logarithmic axes, with each method's fitted exponent in the legend."""
    for k, method in enumerate(methods):
        points = [(r.n, r.measured.seconds) for r in results if r.method == method and r.measured.end == "finished"]
        if not points:
            continue
        fit = exponent_of(results, method)
        label = method.replace("`", "") + (f": $n^{{{fit.exponent:.1f}}}$" if fit else "")
        colour = COLOURS[k % len(COLOURS)]
        axes.plot(*zip(*points, strict=True), marker=MARKERS[k % len(MARKERS)], color=colour, label=label, markersize=4.5, linewidth=1.0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = sorted({r.n for r in results})
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    axes.set_xlabel("columns n = T·n_L")
    axes.set_ylabel("seconds")
    axes.set_title(title, color=INK)
    quiet_grid(axes, "both")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(0.0, -0.16), borderaxespad=0.0)
