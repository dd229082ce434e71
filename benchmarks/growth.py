"""How time and memory of the proof of full rank grow: random inputs in [0, 1], tanh 64-512-10, up to 17,970 columns, each size in a process of its own.

Run with ``python -m benchmarks.growth``; ``--write`` puts the table into ``docs/peers.md`` and the figure into ``docs/figures``, ``--sizes`` chooses other
numbers of columns. A Cholesky factorisation takes ``n³/3`` operations on ``n²/2`` doubles, ``K`` another ``n²·n_1``, and its factors are a few arrays of
``n·n_1`` doubles: these are fitted, and shown beside the rate of a matrix product on the machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.measured import Measured, Prepared, cores, measure, use_threads
from benchmarks.paper_style import BLUE, INK, SOFT, new_figure, quiet_grid, save, styled
from benchmarks.paper_text import markdown_table, write_blocks
from benchmarks.scaling import fitted_power, fitted_terms, in_bytes, in_seconds
from benchmarks.training_problems import start_of
from lossproof.numerics.algebra.gram_sums import gram_triangle
from lossproof.numerics.algebra.tiled_cholesky import factor_in_place
from lossproof.numerics.ranks.verified import verified_full_column_rank
from lossproof.numerics.verified.enclosures import exact_floats
from lossproof.numerics.verified.forward_backward import enclose_pass
from lossproof.numerics.verified.gram import prepare_columns
from lossproof.theory.problem.architecture import Architecture

PAGE, FIGURE = Path("docs/peers.md"), Path("docs/figures/growth.svg")
QUICK_FIGURE = Path("build/growth.svg")
WIDTHS = (64, 512, 10)
SIZES = (1000, 2000, 4000, 8000, 17970)
PRODUCT, LARGE = 4000, 4000
LIMIT = 600.0


@dataclass(frozen=True)
class Growth:
    """One size and what was measured."""

    n: int
    proof: Measured
    factorisation: Measured

    @property
    def operations(self) -> float:
        """``n³/3 + n²·n_1``."""
        return self.n**3 / 3 + self.n**2 * WIDTHS[1]

    @property
    def triangle(self) -> float:
        """Bytes of ``n²/2`` doubles."""
        return 4.0 * self.n**2

    @property
    def factors(self) -> float:
        """Bytes of ``n·n_1`` doubles."""
        return 8.0 * self.n * WIDTHS[1]


def inputs(columns: int) -> np.ndarray:
    """Return uniform inputs in [0, 1] for so many columns."""
    return np.random.default_rng(columns).random((columns // WIDTHS[-1], WIDTHS[0]))


def proof(columns: int) -> Prepared:
    """Time the proof, from samples and weights."""
    architecture, X, weights = Architecture.of(WIDTHS, "tanh"), inputs(columns), list(start_of(WIDTHS, 1))

    def judge(found: Any) -> str:
        if found is None:
            raise RuntimeError("nothing was proved")
        return ""

    verified_full_column_rank(architecture, X[:2], weights)
    return lambda: verified_full_column_rank(architecture, X, weights), judge


def factorisation(columns: int) -> Prepared:
    """Time the factorisation of ``K`` alone, once."""
    architecture, weights = Architecture.of(WIDTHS, "tanh"), list(start_of(WIDTHS, 1))
    blocks = enclose_pass(architecture, exact_floats(inputs(columns)), weights, strip_output=True).blocks()
    prepared = prepare_columns(blocks, architecture.n_L)
    if prepared is None:
        raise RuntimeError("an entry is out of range")
    K = gram_triangle(prepared.blocks)

    def judge(found: Any) -> str:
        if not found:
            raise RuntimeError("the factorisation broke down")
        return ""

    return lambda: factor_in_place(K), judge


def product(n: int) -> Prepared:
    """Time the product of two square matrices of doubles."""
    A = np.random.default_rng(0).standard_normal((n, n))
    return lambda: A @ A, lambda found: ""


def table(growths: Sequence[Growth], rate: float) -> str:
    """Return the table of all sizes and the sentence of the fits; ``rate`` in operations a second."""
    rows = []
    for g in growths:
        if g.proof.end != "finished":
            rows.append([f"{g.n:,}", g.proof.end, "", g.proof.words, "", "", "", ""])
            continue
        seconds, peak, factored = g.proof.seconds, g.proof.peak, g.factorisation
        share = f"{g.operations / seconds / rate:.0%}"
        alone = (
            [in_seconds(factored.seconds), f"{g.n**3 / 3 / factored.seconds / rate:.0%}"]
            if factored.end == "finished"
            else [factored.end, ""]
        )
        rows.append([f"{g.n:,}", in_seconds(seconds), f"{g.operations:.1e}", share, *alone, in_bytes(peak), f"{peak / g.triangle:.2f}"])
    head = [
        "columns n", "proof", "n³/3 + n²·n_1", "share of the matrix-product rate", "factorisation alone, n³/3", "its share", "peak memory", "in n²/2 doubles",
    ]  # fmt: skip
    return f"{markdown_table(head, rows)}\n\n{fits(growths, rate)}"


def fits(growths: Sequence[Growth], rate: float) -> str:
    """Say how time and memory grow."""
    done = [g for g in growths if g.proof.end == "finished"]
    words = [f"A matrix product of {PRODUCT:,} rows ran at {rate / 1e9:.0f} GFLOP/s."]
    if done:
        cost, (alpha, beta) = time_fit(done), memory_fit(done)
        words.append(
            f"Fits: time = (n³/3 + n²·n_1) operations at {1e-9 / cost:.0f} GFLOP/s; peak = {alpha:.2f} · n²/2 + {beta:.1f} · n·n_1 doubles."
        )
    large = [g for g in done if g.n >= LARGE]
    sizes = [g.n for g in large]
    time, memory = (fitted_power(sizes, values, 0.0) for values in ([g.proof.seconds for g in large], [g.proof.peak for g in large]))
    if time and memory:
        words.append(f"From {LARGE:,} columns on, time grows as n^{time.exponent:.2f} and memory as n^{memory.exponent:.2f}.")
    return " ".join(words)


def time_fit(done: Sequence[Growth]) -> float:
    """Return seconds an operation."""
    return fitted_terms([[g.operations for g in done]], [g.proof.seconds for g in done])[0]


def memory_fit(done: Sequence[Growth]) -> tuple[float, float]:
    """Return how many times ``n²/2`` and ``n·n_1`` doubles the peak is."""
    alpha, beta = fitted_terms([[g.triangle for g in done], [g.factors for g in done]], [g.proof.peak for g in done])
    return alpha, beta


def draw(growths: Sequence[Growth], rate: float) -> Figure:
    """Draw time and peak memory over columns on logarithmic axes, with the fits and the bound of the machine."""
    figure, axes = new_figure(8.6, 3.6, 2)
    done = [g for g in growths if g.proof.end == "finished"]
    n = [g.n for g in done]
    cost, (alpha, beta) = time_fit(done), memory_fit(done)
    axes[0].plot(n, [g.proof.seconds for g in done], "o", color=BLUE, markersize=5, label="measured")
    axes[0].plot(n, [cost * g.operations for g in done], color=BLUE, label=f"$n^3/3 + n^2 n_1$ at {1e-9 / cost:.0f} GFLOP/s (fit)")
    axes[0].plot(n, [g.operations / rate for g in done], color=SOFT, linestyle=":", label="the same at the rate of a matrix product")
    fitted = [1e-6 * (alpha * g.triangle + beta * g.factors) for g in done]
    axes[1].plot(n, [1e-6 * g.proof.peak for g in done], "o", color=BLUE, markersize=5, label="measured")
    axes[1].plot(n, fitted, color=BLUE, label=f"{alpha:.2f} · $n^2/2$ + {beta:.1f} · $n n_1$ doubles (fit)")
    axes[1].plot(n, [1e-6 * g.triangle for g in done], color=SOFT, linestyle=":", label="$n^2/2$ doubles")
    for panel, unit, title in zip(axes, ("seconds", "MB"), ("proof of full rank: time", "peak memory"), strict=True):
        _finish(panel, n, unit, title)
    return figure


def _finish(axes: Axes, n: Sequence[int], unit: str, title: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(list(n), [f"{m:,}" for m in n], minor=False)
    axes.minorticks_off()
    axes.set_xlabel("columns n = T·n_L")
    axes.set_ylabel(unit)
    axes.set_title(title, color=INK)
    quiet_grid(axes, "both")
    axes.legend(fontsize=7.5, loc="upper left")


def main() -> None:
    parser = argparse.ArgumentParser(description="Growth of the proof of full rank with the number of columns.")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="columns T·n_L, multiples of 10 up to 38410")
    parser.add_argument("--threads", type=int, default=cores(), help="threads of BLAS")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for one measurement")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE} and the figure into {FIGURE}")
    options = parser.parse_args()
    use_threads(options.threads)
    rate = 2 * PRODUCT**3 / measure(product, (PRODUCT,), options.limit).seconds
    growths = []
    for n in (int(part) for part in options.sizes.split(",")):
        growths.append(Growth(n, measure(proof, (n,), options.limit, 3), measure(factorisation, (n,), options.limit, 1)))
        print(f"{n:>7} columns: {growths[-1].proof}", flush=True)
    text = f"{options.threads} threads.\n\n{table(growths, rate)}"
    print(f"\n{text}")
    with styled():
        print(save(draw(growths, rate), FIGURE if options.write else QUICK_FIGURE))
    if options.write:
        write_blocks(PAGE, {"growth": text})


if __name__ == "__main__":
    main()
