"""Training side by side: one AN/GGN step, and the time to a loss of 1e-20, beside torch, curvlinops and SciPy; and XOR to 1e-28.

Run with ``python -m benchmarks.training``; ``--quick`` takes small sizes and short limits, ``--write`` puts the tables into ``docs/benchmarks.md``. The
peers are the extra ``bench`` (``pip install -e ".[bench]"``); those that are missing are skipped. All start from the same weights, in double
precision, and run on one thread unless ``OPENBLAS_NUM_THREADS`` is set.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import linalg

import lossproof as lp
from benchmarks.paper_text import markdown_table, power_of_ten, write_blocks
from benchmarks.single_thread import run_on_one_thread
from benchmarks.timing import median
from benchmarks.training_limits import Outcome, run_limited
from benchmarks.training_peers import curvlinops_with_cg, dense_in_torch, flat_rows, one_scipy_step
from benchmarks.training_problems import Case, digits_case, random_case
from benchmarks.training_rivals import adam_to, lbfgs_to, scipy_to
from lossproof.numerics.training.point import training_point
from lossproof.numerics.training.weighted_gram import weighted_gram

PAGE = Path("docs/benchmarks.md")
TARGET = 1e-20
STEP_LIMIT, TRAINING_LIMIT, LIMIT_IN_OWN_TIMES = 60.0, 120.0, 11.0
MOST_BYTES = 16e9
RUNS = 5
XOR_X, XOR_Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
XOR_LOSS, XOR_SEEDS = 1e-28, 20


def problem_of(case: Case) -> lp.Problem:
    """Return the problem with exact samples."""
    return lp.Problem(lp.Architecture.of(case.widths, "tanh"), lp.error_named("squared"), lp.Samples.of(case.X, case.Y))


def own_step(case: Case, damping: float) -> tuple[float, np.ndarray]:
    """Return the seconds of one iteration of `lp.train`, a median that leaves out the first, and its first step."""
    options = {"activation": "tanh", "method": "ggn", "damping": damping, "weights": case.start}
    first = lp.train(case.widths, case.X, case.Y, **options, max_iterations=1)
    timed = lp.train(case.widths, case.X, case.Y, **options, max_iterations=RUNS + 1, tolerance=0.0)
    return statistics.median(np.diff(timed.history.seconds)[1:]), flat_rows(first.arrays) - flat_rows(case.start)


def kernel_and_cholesky(case: Case) -> float:
    """Return the seconds to evaluate the network, form ``K`` and factor it by Cholesky: the floor of a step."""
    point = training_point(problem_of(case), list(case.start))

    def work() -> None:
        linalg.cholesky(weighted_gram(point.at(point.layers).evaluation, None), lower=True, overwrite_a=True, check_finite=False)

    return median(work, RUNS)


def step_rows(case: Case, limit: float) -> Iterator[list[str]]:
    """Yield the rows of one case: what, seconds, against the step, operations, remark."""
    n, N, hidden = case.equations, case.unknowns, case.widths[1]
    damping = (
        1e-2 * float(weighted_gram(training_point(problem_of(case), list(case.start)).evaluation, None).diagonal().max()) / len(case.X)
    )
    own_step(case, 0.0)
    floor, (own, step), (_, damped) = kernel_and_cholesky(case), own_step(case, 0.0), own_step(case, damping)
    operations, more = n * n * hidden + n**3 / 3, 6 * n * n + 6 * len(case.X) * N
    where, ratio = f"{case.name}, T = {len(case.X)}: {n} equations, {N} weights", f"{own / floor:.2f} × `K` and Cholesky (at most 1.5)"
    yield [where, "forming `K` and one Cholesky", _seconds(floor), "", f"n²·n_1 + n³/3 = {operations:.1e}", ""]
    yield ["", "**AN/GGN step of `lp.train`**", _seconds(own), "1", f"the same + 6·n² + 6·T·N = {operations + more:.1e}", ratio]
    jobs = [
        ("torch, dense primal, damped", dense_in_torch, (case, damping), damped, f"2·n·N² + N³/3 = {2.0 * n * N * N + N**3 / 3:.1e}"),
        ("curvlinops GGN and CG", curvlinops_with_cg, (case, 0.0), step, f"about 8·T·N = {8.0 * len(case.X) * N:.1e} a product"),
        ("curvlinops GGN and CG, damped", curvlinops_with_cg, (case, damping), damped, "the same"),
        (
            "SciPy `least_squares`, `trf`",
            one_scipy_step,
            (case, "trf", None),
            None,
            f"SVD of P: about 6·N·n² + 20·n³ = {6.0 * N * n * n + 20.0 * n**3:.1e}",
        ),
        ("SciPy `least_squares`, `lm`", one_scipy_step, (case, "lm", None), None, ""),
    ]
    for words, job, arguments, against, operations in jobs:
        if job is dense_in_torch and 16.0 * N * N > MOST_BYTES:
            yield ["", words, "not run", "", operations, f"two matrices of {8 * N * N / 1e9:.0f} GB"]
            continue
        outcome = run_limited(job, arguments, limit)
        yield ["", words, *_step_cells(outcome, own, against, operations, limit)]


def _step_cells(outcome: Outcome, own: float, against: np.ndarray | None, operations: str, limit: float) -> list[str]:
    if outcome.end == "missing":
        return ["skipped", "", operations, outcome.words]
    if outcome.end == "refused":
        return ["refused", "", operations, outcome.words]
    if outcome.end == "stopped":
        return [
            f"> {limit:.0f} s",
            f"> {limit / own:.0f}",
            operations,
            f"stopped after {outcome.count} products" if outcome.count else "stopped",
        ]
    remarks = [f"{outcome.count} products"] if outcome.count > 1 else []
    if against is not None and outcome.step is not None:
        remarks.append(f"differs by {np.linalg.norm(outcome.step - against) / np.linalg.norm(against):.0e}")
    return [_seconds(outcome.seconds), f"{outcome.seconds / own:.1f}", operations, ", ".join(remarks)]


def _seconds(value: float) -> str:
    return f"{value:.3f} s" if value < 10 else f"{value:.1f} s"


def steps_table(quick: bool) -> str:
    """Time one step on each case."""
    shapes = [((8, 40, 4), 10)] if quick else [((64, 128, 10), 100), ((64, 128, 10), 300), ((64, 530, 10), 100), ((64, 530, 10), 300)]
    rows = []
    for widths, samples in shapes:
        for row in step_rows(random_case(widths, samples), 20.0 if quick else STEP_LIMIT):
            print(" | ".join(row), flush=True)
            rows.append(row)
    return markdown_table(["case", "step", "time", "× the step", "operations", "remark"], rows)


def training_table(quick: bool) -> str:
    """Time the way to a loss of 1e-20 on 300 digits."""
    case = digits_case()
    if case is None:
        return "Digits: skipped, scikit-learn is not installed."
    if quick:
        case = Case((64, 20, 10), case.X[:30], case.Y[:30], random_case((64, 20, 10), 30).start)
    start = time.perf_counter()
    found = lp.train(case.widths, case.X, case.Y, activation="tanh", method="lm", weights=case.start, target_loss=TARGET)
    own, h = time.perf_counter() - start, found.history
    limit = 10.0 if quick else max(TRAINING_LIMIT, LIMIT_IN_OWN_TIMES * own)
    n, hidden = case.equations, case.widths[1]
    operations = f"an iteration: n²·n_1 + n³/3 = {n * n * hidden + n**3 / 3:.1e}"
    rows = [["**`lp.train`, `lm`**", _seconds(own), "1", power_of_ten(found.loss), str(h.iterations), operations]]
    jobs = [
        (
            "SciPy `least_squares`, `trf`",
            scipy_to,
            (case, TARGET, "exact"),
            f"an iteration: 6·N·n² + 20·n³ = {6.0 * case.unknowns * n * n + 20.0 * n**3:.1e}",
        ),
        ("SciPy `least_squares`, `trf`, `lsmr`", scipy_to, (case, TARGET, "lsmr"), f"4·n·N = {4.0 * n * case.unknowns:.1e} a product"),
        (
            "torch L-BFGS, strong Wolfe, 100 pairs",
            lbfgs_to,
            (case, TARGET),
            f"6·T·N = {6.0 * len(case.X) * case.unknowns:.1e} an evaluation",
        ),
        ("torch Adam, best of three rates", adam_to, (case, TARGET), "the same"),
    ]
    for words, job, arguments, operations in jobs:
        row = [words, *_training_cells(run_limited(job, arguments, limit), own, operations, limit)]
        print(" | ".join(row), flush=True)
        rows.append(row)
    head = ["method", f"time to loss {power_of_ten(TARGET)}", "× `lp.train`", "least loss", "evaluations", "operations"]
    return markdown_table(head, rows)


def _training_cells(outcome: Outcome, own: float, operations: str, limit: float) -> list[str]:
    if outcome.end == "missing":
        return ["skipped", "", "", "", outcome.words]
    reached = outcome.loss <= TARGET
    spent = _seconds(outcome.seconds) if reached else f"not in {limit:.0f} s" if outcome.end == "stopped" else f"never: {outcome.words}"
    ratio = f"{outcome.seconds / own:.1f}" if reached else f"> {outcome.seconds / own:.0f}"
    return [spent, ratio, power_of_ten(outcome.loss), str(outcome.count), operations]


def xor_table() -> str:
    """Time XOR to a loss of 1e-28 from several seeds, the reading of the samples included."""
    rows = []
    for widths in ("2-2-1", "2-3-1"):
        times, failed = [], 0
        for seed in range(XOR_SEEDS):
            start = time.perf_counter()
            found = lp.train(widths, XOR_X, XOR_Y, activation="tanh", method="lm", seed=seed, target_loss=XOR_LOSS)
            seconds = time.perf_counter() - start
            if found.loss <= XOR_LOSS:
                times.append(seconds)
            failed += found.loss > XOR_LOSS
        rows.append([widths, f"{XOR_SEEDS - failed} of {XOR_SEEDS}", f"{statistics.median(times):.3f} s", f"{max(times):.3f} s", "0.2 s"])
    return markdown_table(["XOR, tanh", "seeds that reached 1e-28", "median time", "longest", "target"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Training side by side with torch, curvlinops and SciPy.")
    parser.add_argument("--quick", action="store_true", help="small sizes and short limits")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE}")
    options = parser.parse_args()
    code = run_on_one_thread("benchmarks.training")
    if code is not None:
        sys.exit(code)
    blocks = {"training-xor": xor_table(), "training-steps": steps_table(options.quick), "training-digits": training_table(options.quick)}
    for text in blocks.values():
        print(f"\n{text}")
    if options.write:
        write_blocks(PAGE, blocks)


if __name__ == "__main__":
    main()
