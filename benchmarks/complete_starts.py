"""Complete lists against searches from 10,000 starts on 100 random problems: nothing that a search meets may lie outside a list that is PROVED.

Run with ``python -m benchmarks.complete_starts``; it rewrites a table of ``docs/benchmarks.md``. The search works in doubles, on all starts at once, with
formulas of gradient and Hessian that the lists do not use. Half of the starts go by Newton's iteration, to critical points of all kinds; half with the absolute
values of the eigenvalues, and steps that are halved until the loss falls, to minima. It proves nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import lossproof as lp
from benchmarks.paper_text import markdown_table, write_blocks
from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.complete.known_points import images
from lossproof.numerics.complete.landscape import landscape_of
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights

PAGE = Path("docs/benchmarks.md")
STARTS, _STEPS, _HALVES, _BOX = 10_000, 80, 12, 3.0
_ARRIVED, _SAME, _FLAT = 1e-11, 1e-6, 1e-9
_FAR, _LONGEST = 1e3, 1.0
SIGMOID, TANH = {"output_activation": "sigmoid"}, {"activation": "tanh"}
KINDS: dict[str, tuple[int, str, dict[str, Any], int]] = {
    "1-1 sigmoid, box 3": (20, "1-1", {**SIGMOID, "bias": "none", "box": _BOX}, 5),
    "1-1 sigmoid with bias, box 3": (20, "1-1", {**SIGMOID, "box": _BOX}, 4),
    "2-1 tanh, box 3": (20, "2-1", {"output_activation": "tanh", "bias": "none", "box": _BOX}, 5),
    "1-1-1 tanh, λ = 1/50": (20, "1-1-1", {**TANH, "weight_decay": "1/50"}, 5),
    "1-1-1 sigmoid, λ = 1/50": (10, "1-1-1", {"activation": "sigmoid", "weight_decay": "1/50"}, 5),
    "1-2-1 tanh, λ = 1/5": (10, "1-2-1", {**TANH, "weight_decay": "1/5"}, 4),
}
"""For each kind of problem: how many, the network, what `find_critical_points` is told, and the number of samples."""


class Met(NamedTuple):
    """What a search met: isolated points, and how many starts ended where the Hessian is singular, or nowhere."""

    points: Floats
    flat: int
    lost: int


def problems(kind: str) -> Iterator[tuple[list[list[str]], list[list[str]]]]:
    """Yield the samples of random problems of a kind: short decimals, inputs of several sizes."""
    count, widths, options, T = KINDS[kind]
    rng = np.random.default_rng(sum(map(ord, kind)))
    squashed = "output_activation" in options
    for _ in range(count):
        X = rng.normal(size=(T, int(widths[0]))) * (5.0 if squashed else 2.0) ** rng.integers(0, 4 if squashed else 2, (T, 1))
        Y = rng.uniform(-0.2, 1.2, (T, 1)) if squashed else rng.normal(size=(T, 1))
        yield ([[f"{x:.2f}" for x in row] for row in X], [[f"{y:.2f}" for y in row] for row in Y])


def search(floats: FloatLandscape, bounds: Floats, rng: np.random.Generator) -> Met:
    """Search from random starts in a box, evenly spread or near its middle."""
    W = rng.uniform(-1, 1, (STARTS, len(bounds))) * bounds * rng.choice([1.0, 0.3, 0.1], (STARTS, 1))
    falling, open_ = np.arange(STARTS) % 2 == 1, np.arange(STARTS)
    arrived = np.zeros(STARTS, dtype=bool)
    for _ in range(_STEPS):
        if not len(open_):
            break
        step = _steps(floats, W[open_], falling[open_])
        W[open_] += step
        length, size = np.abs(step).max(axis=1), 1 + np.abs(W[open_]).max(axis=1)
        arrived[open_] = length <= _ARRIVED * size
        open_ = open_[(length > _ARRIVED * size) & (size < _FAR)]
    ends = W[arrived]
    H = floats.at(ends).hessian if len(ends) else np.zeros((0, len(bounds), len(bounds)))
    signs = np.abs(np.linalg.eigvalsh(H))
    isolated = signs[:, 0] > _FLAT * signs.max(axis=1)
    return Met(ends[isolated], int((~isolated).sum()), int((~arrived).sum()))


def _steps(floats: FloatLandscape, W: Floats, falling: np.ndarray) -> Floats:
    found = floats.at(W)
    values, vectors = np.linalg.eigh(np.nan_to_num(found.hessian))
    along = np.swapaxes(vectors, 1, 2) @ np.nan_to_num(found.gradient)[..., None]
    floor = 1e-14 * np.abs(values).max(axis=1, keepdims=True) + 1e-300
    divisor = np.where(falling[:, None], np.abs(values), values)
    divisor = np.where(np.abs(divisor) < floor, floor, divisor)
    step = -(vectors @ (along / divisor[..., None]))[..., 0]
    step *= np.minimum(1, _LONGEST / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
    rising = np.flatnonzero(falling & (np.abs(step).max(axis=1) > 1e-8))
    for _ in range(_HALVES):
        rising = rising[~(floats.loss(W[rising] + step[rising]) < found.loss[rising])]
        step[rising] /= 2
    return np.asarray(step)


def compare(kind: str) -> list[str]:
    """Return the row of a kind of problem."""
    _, widths, options, _ = KINDS[kind]
    rng, proved, listed, met, missed, outside, times = np.random.default_rng(0), 0, 0, 0, 0, 0, [0.0, 0.0]
    for X, Y in problems(kind):
        begin = time.process_time()
        found = lp.find_critical_points(widths, X, Y, complete=True, **options)
        times[0] += time.process_time() - begin
        if not found.is_complete or found.tree is None:
            continue
        problem, bounds = found.report.problem, found.tree.bounds
        land = landscape_of(problem)
        begin = time.process_time()
        ends = search(FloatLandscape(problem), bounds, rng).points
        times[1] += time.process_time() - begin
        ends = ends[(np.abs(ends) <= bounds).all(axis=1)] if "box" in options else ends
        every = [images(land, W) for W in (flat_weights(problem, point.weights) for point in found) if np.all(np.abs(W) <= bounds)]
        gaps = [np.min([np.abs(ends - copy).max(axis=1) for copy in copies], axis=0) for copies in every]
        near = np.array(gaps).reshape(len(every), len(ends)) <= _SAME * (1 + np.abs(ends).max(axis=1))
        proved, listed, met = proved + 1, listed + len(every), met + len(ends)
        outside += int((~near.any(axis=0)).sum())
        missed += int((~near.any(axis=1)).sum())
    return [
        kind,
        f"{KINDS[kind][0]}",
        f"{proved}",
        f"{listed}",
        f"{met:,}",
        f"{outside}",
        f"{missed}",
        *(f"{seconds:.1f}" for seconds in times),
    ]


def main() -> None:
    """Compare, and rewrite the table."""
    headings = [
        "problems",
        "how many",
        "PROVED",
        "points listed",
        "ends of searches",
        "outside",
        "points no start met",
        "lists, s",
        "searches, s",
    ]
    with one_thread():
        rows = [compare(kind) for kind in KINDS]
    write_blocks(PAGE, {"complete-starts": markdown_table(headings, rows)})


if __name__ == "__main__":
    main()
