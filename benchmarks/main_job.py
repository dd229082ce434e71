"""Cold times of the main job: import, the XOR command, the verification of its certificate.

Run with ``python -m benchmarks.main_job``; every figure is a median over fresh processes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5


def seconds(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    python = sys.executable
    check = [python, "-m", "lossproof", "check", "2-2-1", "--data", "xor", "--activation", "tanh", "-o", "xor.html", "--quiet"]
    jobs = {
        "python with an empty program": ([python, "-c", "pass"], None),
        "import lossproof": ([python, "-c", "import lossproof"], 0.2),
        "lossproof check 2-2-1 --data xor -o xor.html": (check, 3.0),
        "the same with --no-self-check": ([*check, "--no-self-check"], 3.0),
        "lossproof verify xor.json": ([python, "-m", "lossproof", "verify", "xor.json"], 2.0),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'job':<48}{'median':>9}{'target':>9}")
        for job, (command, target) in jobs.items():
            median = statistics.median(seconds(command, folder) for _ in range(RUNS))
            print(f"{job:<48}{median:>8.2f}s{'' if target is None else f'{target:>8.1f}s'}")


if __name__ == "__main__":
    main()
