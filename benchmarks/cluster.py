"""Full rank of a large matrix by a local Dask cluster of one worker a core, in turn with one process that uses as many threads.

``python -m benchmarks.cluster [COLUMNS …] [--rounds N] [--kill]`` prints a table in Markdown: for each number of columns T·10 of a 64-512-10 network of tanh
units and each run the seconds of the proof by the clock, the start of the cluster included, those of the processor over all its processes, and what each is in
units of the run of one process before it. With ``--kill`` a worker is killed after a third of the work. Where other programs run, the clock tells their load
as well, and the processor's seconds are the better measure.
"""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter

import numpy as np
import psutil

from lossproof.numerics.algebra.workplace import workplace_named
from lossproof.numerics.ranks.verified import attempt_full_column_rank
from lossproof.theory.problem.architecture import Architecture

WIDTHS, COLUMNS, ROUNDS = (64, 512, 10), (9_000, 17_970), 3


@dataclass(frozen=True)
class Run:
    """Seconds by the clock and of the processor, and whether full rank was proved."""

    clock: float
    processor: float
    proved: bool


def run(columns: int, name: str, report: Callable[[int, int], None]) -> Run:
    """Prove full rank at random weights on random samples, by an engine."""
    g, a = np.random.default_rng(0), Architecture.of(WIDTHS, "tanh")
    weights = [(g.standard_normal((m, n)) / np.sqrt(m), g.standard_normal(n) / 10) for m, n in pairwise(WIDTHS)]
    X = g.standard_normal((columns // WIDTHS[-1], WIDTHS[0]))
    place = workplace_named(name, columns)
    start, used = perf_counter(), _processor()
    attempt = attempt_full_column_rank(a, X, weights, place=place, report=report)
    return Run(perf_counter() - start, _processor() - used, attempt.evidence is not None)


def _processor() -> float:
    """Return the seconds of this process and of those it started and has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def killer() -> Callable[[int, int], None]:
    """Return what kills one worker of the cluster of this process after a third of the work: the process that uses most memory."""
    killed: list[int] = []

    def report(done: int, total: int) -> None:
        if not killed and 3 * done > total:
            victim = max(psutil.Process().children(recursive=True), key=lambda child: child.memory_info().rss)
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)

    return report


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Full rank by a local Dask cluster and by one process.")
    parser.add_argument("columns", nargs="*", type=int, default=COLUMNS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    print(
        "| columns | engine | by the clock | of the processor | clock ratio | processor ratio | full rank |\n|---|---|---|---|---|---|---|"
    )
    for columns in given.columns:
        for _ in range(given.rounds):
            one = run(columns, "numpy", lambda done, total: None)
            many = run(columns, "dask", killer() if given.kill else lambda done, total: None)
            for name, found in (("numpy", one), ("dask", many)):
                ratios = f"{found.clock / one.clock:.2f} | {found.processor / one.processor:.2f}"
                proved = "PROVED" if found.proved else "not proved"
                print(f"| {columns:,} | {name} | {found.clock:.1f} s | {found.processor:.1f} s | {ratios} | {proved} |", flush=True)


if __name__ == "__main__":
    main()
