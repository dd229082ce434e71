"""Running a benchmark with one BLAS thread, which has to be settled before numpy is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def run_on_one_thread(module: str) -> int | None:
    """Run this program again with one thread unless their number is set, and return its exit code; None when it is set.

    On a machine that has other work to do, OpenBLAS's threads wait for each other longer than they work; and sums depend on their number.
    """
    if _VARIABLES[0] in os.environ:
        return None
    environment = {**os.environ, **dict.fromkeys(_VARIABLES, "1")}
    return subprocess.run([sys.executable, "-m", module, *sys.argv[1:]], env=environment, check=False).returncode
