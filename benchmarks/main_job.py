"""Times of the main job and of what surrounds it: import, the help, the XOR command and its certificate, a long report, a model read.

Run with ``python -m benchmarks.main_job``. Every figure is a median: by the clock over fresh processes, and in processor seconds, which a machine with other
work to do does not falsify. The report and the model are timed within one process, after their imports.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

RUNS = 5
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def spent(command: list[str], folder: Path) -> tuple[float, float]:
    """Return the seconds of a command by the clock and of the processor."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of a call by the clock and of the processor."""
    start, before = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - before


def medians(once: Callable[[], tuple[float, float]]) -> tuple[float, float]:
    """Return the medians over all runs."""
    clock, processor = zip(*(once() for _ in range(RUNS)), strict=True)
    return statistics.median(clock), statistics.median(processor)


def tell(job: str, found: tuple[float, float], target: float | None) -> None:
    """Print a row."""
    print(f"{job:<58}{found[0]:>8.3f}s{found[1]:>10.3f}s{'' if target is None else f'{target:>8.1f}s'}")


def long_report() -> None:
    """Time the HTML of the longest report of the zoo."""
    import lossproof as lp
    from lossproof.certificates.reports.html import render_html
    from lossproof.certificates.reports.outline import outline_of

    report = lp.prove_entry("auer-product-9").report
    tell(f"the HTML of a report of {len(outline_of(report).claims)} claims", medians(lambda: timed(lambda: render_html(report))), 0.5)


def model() -> None:
    """Time what reading a fitted model of scikit-learn adds to the check of its weights."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    import lossproof as lp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", solver="lbfgs", alpha=0.0, random_state=0, max_iter=20).fit(*XOR)
    weights = list(zip(fitted.coefs_, fitted.intercepts_, strict=True))
    alone = medians(lambda: timed(lambda: lp.check_architecture("2-3-1", *XOR, weights=weights, search="none")))
    whole = medians(lambda: timed(lambda: lp.check_model(fitted, *XOR, search="none")))
    tell("check_model beyond check_architecture, scikit-learn", (whole[0] - alone[0], whole[1] - alone[1]), 0.2)


def main() -> None:
    """Print a table of all jobs."""
    python = sys.executable
    check = [python, "-m", "lossproof", "check", "2-2-1", "--data", "xor", "--activation", "tanh", "-o", "xor.html", "--quiet"]
    jobs = {
        "python with an empty program": ([python, "-c", "pass"], None),
        "import lossproof": ([python, "-c", "import lossproof"], 0.2),
        "lossproof --help": ([python, "-m", "lossproof", "--help"], 0.3),
        "lossproof check 2-2-1 --data xor -o xor.html": (check, 3.0),
        "the same with --no-self-check": ([*check, "--no-self-check"], 3.0),
        "lossproof verify xor.json": ([python, "-m", "lossproof", "verify", "xor.json"], 2.0),
    }
    print(f"{'job':<58}{'median':>9}{'processor':>11}{'target':>9}")
    with tempfile.TemporaryDirectory() as name:
        for job, (command, target) in jobs.items():
            tell(job, medians(lambda command=command: spent(command, Path(name))), target)
    long_report()
    model()


if __name__ == "__main__":
    main()
