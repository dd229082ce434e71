"""Median times of a job in this process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def timed(job: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Return the median time of some runs in seconds, and the last result."""
    times, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = job()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def median(job: Callable[[], Any], runs: int) -> float:
    """Return the median time of some runs in seconds."""
    return timed(job, runs)[0]
