"""Times of the rank producers beside what one would type otherwise, medians of one run.

Run with ``python -m benchmarks.ranks``; ``--quick`` leaves out the singular value decomposition and SymPy.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from itertools import pairwise

import numpy as np
import sympy
from flint import arb
from scipy import linalg

from benchmarks.timing import median
from lossproof.numerics.ranks.balls import ball_rank
from lossproof.numerics.ranks.modular import modular_rank, random_prime
from lossproof.numerics.ranks.rational import rational_rank
from lossproof.numerics.ranks.verified import verified_full_column_rank
from lossproof.theory.problem.architecture import Architecture

RUNS = 7
SYMPY_LIMIT = 60.0
WIDTHS, SAMPLES = (64, 128, 10), 300


def show(job: str, seconds: float, operations: str, note: str = "") -> None:
    print(f"{job:<58}{seconds:>10.3f}s   {operations:<34}{note}", flush=True)


def trained_like() -> tuple[Architecture, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Return a tanh network 64-128-10 with random weights, and 300 inputs."""
    g = np.random.default_rng(0)
    weights = [(g.standard_normal((m, n)) / np.sqrt(m), g.standard_normal(n) / 10) for m, n in pairwise(WIDTHS)]
    return Architecture.of(WIDTHS, "tanh"), g.standard_normal((SAMPLES, WIDTHS[0])), weights


def plain_jacobian(X: np.ndarray, weights: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return ``P`` in float64, as one would write it down, of shape ``(9610, 3000)``."""
    (W1, b1), (W2, _) = weights
    phi = np.tanh(X @ W1 + b1)
    ones, n_L = np.ones((len(X), 1)), W2.shape[1]
    first = np.einsum("ia,aj,ib->abij", 1 - phi**2, W2, np.hstack([X, ones])).reshape(-1, len(X) * n_L)
    second = np.einsum("jk,ib->jbik", np.eye(n_L), np.hstack([phi, ones])).reshape(-1, len(X) * n_L)
    return np.vstack([first, second])


def full_rank_at_3000_columns(quick: bool) -> None:
    architecture, X, weights = trained_like()
    if verified_full_column_rank(architecture, X, weights) is None:
        raise SystemExit("the verified proof failed: the other times mean nothing")
    P = plain_jacobian(X, weights)
    K = P.T @ P
    n, rows = K.shape[0], P.shape[0]
    # Alternating keeps both under the same load.
    pairs = [
        (median(lambda: linalg.cholesky(K), 1), median(lambda: verified_full_column_rank(architecture, X, weights), 1)) for _ in range(RUNS)
    ]
    cholesky, proof = (statistics.median(column) for column in zip(*pairs, strict=True))
    exponentials = SAMPLES * WIDTHS[1]
    show("scipy.linalg.cholesky(K), unverified, K given", cholesky, f"n³/3 = {n**3 / 3:.1e}")
    show(
        "verified proof of rank P = 3000, from X and the weights",
        proof,
        f"n³/3 + n²·n_1, {exponentials} exponentials",
        f"{proof / cholesky:.2f} × Cholesky (at most 3)",
    )
    if not quick:
        svd = median(lambda: np.linalg.matrix_rank(P), 1)
        show(
            "numpy.linalg.matrix_rank(P)",
            svd,
            f"~ 2·{rows}·n² + 2n³ = {2 * rows * n**2 + 2 * n**3:.1e}",
            f"{svd / proof:.0f} × the proof (at least 30)",
        )


def ball_rank_of_200_columns() -> None:
    rows = np.random.default_rng(1).standard_normal((200, 200)).tolist()

    def build(bits: int) -> np.ndarray:
        return np.array([[arb(entry).exp() for entry in row] for row in rows], dtype=object)

    seconds = median(lambda: ball_rank(build, start=128, max_precision=128), 3)
    show("Arb rank, 200 columns, 128 bits", seconds, f"n³ ball operations = {200**3:.1e}", "at most 1 s")


def modular_rank_of_1000_columns() -> None:
    prime, g = random_prime(0), np.random.default_rng(2)
    residues = g.integers(0, prime, (1000, 1000))
    seconds = median(lambda: modular_rank(residues, prime), 3)
    show("rank mod p, 1000 columns, with its minor", seconds, f"n³ = {1000**3:.1e}", "at most 1 s")
    residues[:, 900:] = residues[:, :100]
    seconds = median(lambda: modular_rank(residues, prime), 3)
    show("the same of rank 900", seconds, f"2 n³ = {2 * 1000**3:.1e}", "at most 1 s")


def integers(n: int) -> list[list[int]]:
    """Return an ``n × n`` matrix of rank ``5n/6`` with entries of about 20 digits."""
    g, r = np.random.default_rng(n), 5 * n // 6
    left, right = (g.integers(-(10**10), 10**10, shape).astype(object) for shape in ((n, r), (r, n)))
    return [[int(entry) for entry in row] for row in left @ right]


def sympy_rank(rows: list[list[int]]) -> None:
    sympy.Matrix(rows).rank()


def exact_rank(quick: bool) -> None:
    for n in (20, 60, 100):
        rows = integers(n)
        show(
            f"exact rank over Q, {n} × {n}, 20 digits, both bounds",
            median(lambda rows=rows: rational_rank(rows), 3),
            f"r²·n = {(5 * n // 6) ** 2 * n:.1e}, growing digits",
        )
    for n in () if quick else (10, 15, 20, 60):
        worker = multiprocessing.get_context("spawn").Process(target=sympy_rank, args=(integers(n),))
        start = time.perf_counter()
        worker.start()
        worker.join(SYMPY_LIMIT)
        seconds = time.perf_counter() - start
        if finished := worker.exitcode is not None:
            worker.join()
        else:
            worker.terminate()
            worker.join()
        show(f"sympy.Matrix.rank, {n} × {n}, the same kind", seconds, "", "a fresh process" if finished else "stopped at the time limit")


def main() -> None:
    quick = "--quick" in sys.argv[1:]
    full_rank_at_3000_columns(quick)
    ball_rank_of_200_columns()
    modular_rank_of_1000_columns()
    exact_rank(quick)


if __name__ == "__main__":
    main()
