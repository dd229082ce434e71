"""Proved cells of a sweep a second and core, beside what one would type otherwise, medians of one run.

Run with ``python -m benchmarks.sweep``; ``--quick`` leaves out the Dask cluster.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from benchmarks.single_thread import run_on_one_thread
from benchmarks.timing import median
from lossproof.certificates.proof.verify import verify
from lossproof.certificates.sweeps.certificate import cell_certificate
from lossproof.certificates.sweeps.grid import SweepGrid, SweepGroup
from lossproof.certificates.sweeps.sweep import sweep
from lossproof.certificates.sweeps.task import prove_task
from lossproof.numerics.ranks.general_position import sweep_inputs

RUNS, SAMPLE = 3, 40
GRIDS = (
    ("2-{1..12}-1", "1..40", "tanh,sigmoid", "trainable"),
    ("5-{10..40..10}-5", "1..40", "tanh", "trainable"),
    ("5-10-{5..20..5}-5", "1..40", "sigmoid", "trainable"),
    ("4-{2..20..3}-4-2", "1..100", "power:2,power:3", "none"),
    ("10-100-5", "1..40", "tanh", "trainable"),
    ("5-{10..40..10}-5", "1..40", "gelu", "trainable"),
)


def plain_jacobian(group: SweepGroup, T: int, generator: np.random.Generator) -> np.ndarray:
    """Return ``P`` at random weights in float64, as one would write it down."""
    n, ones = group.widths, np.ones((T, 1))
    bias = group.bias == "trainable"
    weights = [generator.standard_normal((n[l], n[l + 1])) / np.sqrt(n[l]) for l in range(len(n) - 1)]
    biases = [generator.standard_normal(n[l + 1]) * bias for l in range(len(n) - 1)]
    phi, slopes = [np.array(sweep_inputs(n[0], T, group.seed), dtype=float)], []
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        value, slope = activated(group.activation, phi[-1] @ W + b)
        phi.append(value)
        slopes.append(slope)
    psi, blocks = np.broadcast_to(np.eye(n[-1]), (T, n[-1], n[-1])), []
    for l in range(len(weights), 0, -1):
        extended = np.hstack([phi[l - 1], ones]) if bias else phi[l - 1]
        blocks.insert(0, np.einsum("iaj,ib->abij", psi, extended).reshape(-1, T * n[-1]))
        if l > 1:
            psi = slopes[l - 2][:, :, None] * (weights[l - 1] @ psi)
    return np.vstack(blocks)


def activated(name: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "sigmoid":
        s = 1 / (1 + np.exp(-z))
        return s, s * (1 - s)
    if name == "gelu":
        from scipy.special import ndtr

        return z * ndtr(z), ndtr(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    k = int(name.partition(":")[2])
    return z**k, k * z ** (k - 1)


def guesses(grid: SweepGrid) -> tuple[float, int, int]:
    """Return the seconds a cell that numpy takes, and over a sample of cells how often it disagrees with what is proved."""
    cells = list(sweep(grid.widths, grid.samples, grid.activations, grid.seeds, bias=grid.biases, workers=0, self_check=False))
    chosen = [cells[k] for k in np.linspace(0, len(cells) - 1, min(SAMPLE, len(cells))).astype(int)]
    start, generator = time.perf_counter(), np.random.default_rng(0)
    ranks = [int(np.linalg.matrix_rank(plain_jacobian(cell.group, cell.T, generator))) for cell in chosen]
    seconds = time.perf_counter() - start
    decided = [(cell.rank, rank) for cell, rank in zip(chosen, ranks, strict=True) if cell.decided]
    return seconds / len(chosen), sum(a != b for a, b in decided), len(decided)


def certificates(grid: SweepGrid) -> float:
    """Return the seconds that writing and verifying the certificate of a cell takes, over a few cells."""
    cells = [
        cell
        for cell in sweep(grid.widths, grid.samples, grid.activations, grid.seeds, bias=grid.biases, workers=0, self_check=False)
        if cell.verdict != "UNDECIDED"
    ]
    chosen = [cells[k] for k in np.linspace(0, len(cells) - 1, 5).astype(int)]
    return median(lambda: [verify(cell_certificate(cell).text) for cell in chosen], 1) / len(chosen)


def single_core() -> None:
    print(
        f"{'grid':<24}{'activations':<18}{'bias':<11}{'columns':>8}{'cells':>7}{'cells/s':>9}{'numpy':>8}{'ratio':>7}{'differs':>9}{'certificate':>13}"
    )
    for widths, samples, names, bias in GRIDS:
        grid = SweepGrid.of(widths, samples, names, 0, bias)
        seconds = median(lambda grid=grid: [prove_task(task, self_check=False) for task in grid.tasks()], RUNS)
        rate = grid.cells / seconds
        guess, different, compared = guesses(grid)
        columns = grid.samples[-1] * grid.widths[0][-1]
        print(
            f"{widths:<24}{names:<18}{bias:<11}{columns:>8}{grid.cells:>7}{rate:>9.0f}{1 / guess:>8.0f}{rate * guess:>7.1f}"
            f"{f'{different}/{compared}':>9}{1000 * certificates(grid):>10.0f} ms",
            flush=True,
        )


def cluster() -> None:
    for workers in (1, 2):
        start = time.perf_counter()
        found = sweep("2-{1..40}-1", "1..100", "tanh,sigmoid", "0..9", workers=workers, self_check=False)
        seconds = time.perf_counter() - start
        print(
            f"Dask, {workers} worker{'s' if workers > 1 else ''}: {len(found)} cells in {seconds:.1f} s, the start of the cluster included",
            flush=True,
        )


def main() -> None:
    single_core()
    if "--quick" not in sys.argv[1:]:
        cluster()


if __name__ == "__main__":
    code = run_on_one_thread("benchmarks.sweep")
    if code is None:
        main()
    else:
        sys.exit(code)
