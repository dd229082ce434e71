"""The paper's experiments: figures into ``docs/figures`` and tables into ``docs/experiments.md``.

Run with ``python -m benchmarks.paper`` from the root of a checkout. ``--only NAME`` runs one of them; ``--quick`` takes small sizes in a few seconds, writes
its figures to ``build/paper`` and leaves the page alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from matplotlib.figure import Figure

from benchmarks import paper_backpropagation, paper_orders, paper_regions, paper_starts
from benchmarks.paper_style import save, styled
from benchmarks.paper_text import write_blocks
from benchmarks.single_thread import run_on_one_thread

PAGE = Path("docs/experiments.md")
FIGURES = Path("docs/figures")
QUICK_FIGURES = Path("build/paper")


class Experiment(Protocol):
    """What a module of an experiment offers; ``NAME`` names its figure and its table."""

    NAME: str

    def compute(self, quick: bool) -> Any:
        """Run it."""
        ...

    def draw(self, result: Any) -> Figure:
        """Draw what it found."""
        ...

    def table(self, result: Any) -> str:
        """Write what it found as a table in Markdown."""
        ...


EXPERIMENTS: Mapping[str, Any] = MappingProxyType(
    {module.NAME: module for module in (paper_regions, paper_orders, paper_starts, paper_backpropagation)}
)


def run(experiment: Experiment, figures: Path, quick: bool) -> str:
    """Run one experiment, write its figure, and return its table."""
    start = time.perf_counter()
    result = experiment.compute(quick)
    with styled():
        path = save(experiment.draw(result), figures / f"{experiment.NAME}.svg")
    text = experiment.table(result)
    print(f"{path} ({time.perf_counter() - start:.1f} s)\n\n{text}\n", flush=True)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="The paper's experiments: figures and tables for the documentation.")
    parser.add_argument("--quick", action="store_true", help="small sizes; the page stays as it is")
    parser.add_argument("--only", choices=sorted(EXPERIMENTS), action="append", help="run this experiment only; repeatable")
    options = parser.parse_args()
    code = run_on_one_thread("benchmarks.paper")
    if code is not None:
        sys.exit(code)
    for name in options.only or EXPERIMENTS:
        text = run(EXPERIMENTS[name], QUICK_FIGURES if options.quick else FIGURES, options.quick)
        if not options.quick:
            write_blocks(PAGE, {name: text})


if __name__ == "__main__":
    main()
