"""Complete lists of critical points: what they cost, beside a plain branch and prune and a search from many starts.

Run with ``python -m benchmarks.complete_maps``; it rewrites the table of ``docs/complete-maps.md``. Times are processor seconds of one thread. The plain branch
and prune splits all weights, the longest side first, and drops a box where some component of the gradient, term by term, does not contain 0, or where it has no
point with ``w_1 ≥ w_2 ≥ …``; it does not say how many points there are. It ends when the boxes left are shorter than 1/64 of the box, or after a million.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import lossproof as lp
from benchmarks.paper_text import markdown_table, write_blocks
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.complete.enclosures import activations, between, gradient, residuals
from lossproof.numerics.complete.landscape import Landscape, landscape_of
from lossproof.numerics.complete.search import TreeBudget, root_box, search_tree
from lossproof.numerics.critical.search import find_candidates
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

PAGE = Path("docs/complete-maps.md")
X = [[-1], ["-1/2"], [0], ["1/2"], [1]]
Y = [["1/8"], ["-1/8"], ["5/8"], ["1/16"], ["-1/2"]]
FAR = [["3/16"], ["-1/2"], ["-3/8"], ["-39/16"], ["7/4"]]
_BATCH, _MOST, _FINE = 4096, 1_000_000, 1 / 64


def problem_of(widths: str, Y: Any, rate: str, activation: str = "tanh") -> Problem:
    """Return a network with a squared error and decay of all weights."""
    a = Architecture.of(widths, activation=activation)
    return Problem(a, error_named("squared"), Samples.of(X, Y), None, Decay.of(rate, a))


def cases() -> dict[str, tuple[Problem, float | None]]:
    """Return the problems with their boxes, None where all weights decay."""
    zoo = {entry.name: entry.problem for entry in lp.zoo_entries()}
    neurons: dict[str, tuple[Problem, float | None]] = {name: (zoo[name], 3.0) for name in ("auer-4", "auer-product-4", "auer-product-9")}
    return neurons | {
        "1-1-1 tanh, λ = 1e-2": (problem_of("1-1-1", Y, "1/100"), None),
        "1-1-1 sigmoid, λ = 1e-2": (problem_of("1-1-1", Y, "1/100", "sigmoid"), None),
        **{f"1-1-1 {name}, λ = 1e-2": (problem_of("1-1-1", Y, "1/100", name), None) for name in ("softplus", "silu", "gelu", "erf", "sin")},
        "1-1-1 tanh, λ = 1e-2, larger targets": (problem_of("1-1-1", FAR, "1/100"), None),
        "1-2-1 tanh, λ = 0.2": (problem_of("1-2-1", Y, "1/5"), None),
        "1-2-1 tanh, λ = 0.1": (problem_of("1-2-1", Y, "1/10"), None),
        **{
            f"1-2-1 {name}, λ = 0.1": (problem_of("1-2-1", Y, "1/10", name), None)
            for name in ("softplus", "silu", "bent-identity", "arctan", "sin")
        },
        "1-2-1 tanh, λ = 0.05": (problem_of("1-2-1", Y, "1/20"), None),
        "1-2-1 tanh, λ = 0.01": (problem_of("1-2-1", Y, "1/100"), None),
        "1-2-1 tanh, λ = 0.1, larger targets": (problem_of("1-2-1", FAR, "1/10"), None),
    }


def plain(land: Landscape, bounds: np.ndarray) -> str:
    """Make a branch and prune with natural enclosures of all weights, and return how it went."""
    low, high = -bounds, bounds.copy()
    low[: land.splits] = root_box(land, bounds)[0]
    stack, boxes, left = [(low[None], high[None])], 0, 0
    while stack and boxes < _MOST:
        lower, upper = stack.pop()
        if len(lower) > _BATCH:
            stack.append((lower[:-_BATCH], upper[:-_BATCH]))
            lower, upper = lower[-_BATCH:], upper[-_BATCH:]
        boxes += len(lower)
        box = between(lower, upper)
        theta = box.part((slice(None), slice(land.inner)))
        v = box.part((slice(None), slice(land.inner, None))) if land.units else None
        p = activations(land, theta)
        g = gradient(land, theta, p, residuals(land, p.phi, v), v)
        keep = (np.abs(g.mid) <= g.rad).all(axis=1)
        firsts = np.arange(0, land.inner, land.inputs.shape[1]) if land.units else np.zeros(1, dtype=int)
        keep &= ~(upper[:, firsts[:-1]] <= lower[:, firsts[1:]]).any(axis=1)
        sizes = (upper - lower)[keep] / (2 * bounds)
        done = sizes.max(axis=1, initial=0) <= _FINE
        left += int(done.sum())
        some, axes = np.flatnonzero(keep)[~done], sizes[~done].argmax(axis=1)
        lows, highs, every = np.repeat(lower[some], 2, axis=0), np.repeat(upper[some], 2, axis=0), 2 * np.arange(len(some))
        middle = (lower[some, axes] + upper[some, axes]) / 2
        highs[every, axes], lows[every + 1, axes] = middle, middle
        if len(some):
            stack.append((lows, highs))
    open_boxes = left + sum(len(pair[0]) for pair in stack)
    return f"{boxes:,}, {open_boxes:,} left"


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a function gives, and the processor seconds that it took."""
    begin = time.process_time()
    found = run()
    return found, time.process_time() - begin


def row(name: str, problem: Problem, box: float | None) -> list[str]:
    """Return a row of the table."""
    a, land = problem.architecture, landscape_of(problem)
    bounds = land.bounds() if box is None else np.full(len(land.rates), box)
    tree, searched = timed(lambda: search_tree(land, bounds, TreeBudget()))
    decay = 0 if problem.decay is None else [list(pair) for pair in problem.decay.layers]
    found, whole = timed(
        lambda: lp.find_critical_points(
            a.widths, problem.samples.X, problem.samples.Y, activation=a.activation, output_activation=a.output_activation, bias=a.bias,
            weight_decay=decay, complete=True, box=box, workers=1,
        )
    )  # fmt: skip
    verified, checked = timed(lambda: lp.verify(found.certificate.text))
    if not verified.ok:
        raise SystemExit(f"{name}: {verified.failures}")
    outcome, naive = timed(lambda: plain(land, bounds))
    starts, many = timed(lambda: find_candidates(problem, starts=100, seed=0, workers=1))
    claim = found.report["complete-list"]
    told = f"{claim.facts['points']}" if claim.verdict == "PROVED" else claim.verdict.value
    times = [f"{seconds:.2f}" for seconds in (searched, checked, whole)]
    return [
        name,
        told,
        f"{tree.boxes:,}",
        *times,
        found.conclusion.verdict.value,
        f"{outcome}, {naive:.1f} s",
        f"{len(starts.candidates)}, {many:.1f} s",
    ]


def main() -> None:
    """Measure, and rewrite the table."""
    headings = ["problem", "points", "boxes", "search, s", "check, s", "all, s", "every minimum global?", "plain", "100 starts"]
    with one_thread():
        rows = [row(name, *case) for name, case in cases().items()]
    write_blocks(PAGE, {"complete-maps": markdown_table(headings, rows)})


if __name__ == "__main__":
    main()
