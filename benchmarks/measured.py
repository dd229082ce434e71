"""Measuring a job in a process of its own: the best time of several runs, the first one apart, and the peak of memory above what was there before."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_SPAWN = multiprocessing.get_context("spawn")
_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_START_UP = 120.0
_JUDGEMENT = 120.0

Judge = Callable[[Any], str]
"""Tells in words what is to be said of a result; an empty text is nothing."""

Prepared = tuple[Callable[[], Any], Judge]
"""What a job returns when its imports are done and its inputs lie in memory: the work to be timed, and the judge of its result."""


@dataclass(frozen=True)
class Measured:
    """How a job ended: ``finished``, ``stopped`` at the limit, ``missing`` a package, ``refused``, or ``not run``; seconds, bytes, and words.

    ``seconds`` is the best run, ``first`` the first one (which may compile), ``peak`` the most memory in use above that before the runs, or NaN.
    """

    end: str
    seconds: float = math.nan
    first: float = math.nan
    runs: int = 0
    peak: float = math.nan
    words: str = ""


def use_threads(count: int) -> None:
    """Give all processes started from here on so many threads of BLAS, OpenMP and XLA: by variables, and by the cores they may run on."""
    os.environ.update(dict.fromkeys(_VARIABLES, str(count)))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure(job: Callable[..., Prepared], arguments: tuple[Any, ...], limit: float, runs: int = 5) -> Measured:
    """Run ``job(*arguments)`` in a fresh process, then its work up to ``runs`` times within ``limit`` seconds in all."""
    receiver, sender = _SPAWN.Pipe(duplex=False)
    worker = _SPAWN.Process(target=_work, args=(job, arguments, limit, runs, sender), daemon=True)
    worker.start()
    sender.close()
    result = _wait(receiver, limit)
    worker.join(1.0)
    if worker.is_alive():
        worker.kill()
    worker.join()
    return replace(result, words=f"the process ended with code {worker.exitcode}") if result.end == "died" else result


def _wait(receiver: Any, limit: float) -> Measured:
    """Follow a worker through its preparation, its runs and its judgement."""
    result = Measured("stopped")
    try:
        for patience in (_START_UP, limit, _JUDGEMENT):
            if not receiver.poll(patience):
                return (
                    result
                    if math.isnan(result.seconds)
                    else replace(result, end="finished", words="its result could not be judged in time")
                )
            result = receiver.recv()
            if result.end not in ("ready", "timed"):
                return result
            result = replace(result, end="stopped")
    except EOFError:
        return Measured("died")
    return result


def _work(job: Callable[..., Prepared], arguments: tuple[Any, ...], limit: float, runs: int, sender: Any) -> None:
    try:
        work, judge = job(*arguments)
        sender.send(Measured("ready"))
        timed, result = _timed(work, limit, runs)
        sender.send(timed)
        sender.send(replace(timed, end="finished", words=judge(result)))
    except ImportError as error:
        sender.send(Measured("missing", words=f"{error.name} is not installed"))
    except (ValueError, ArithmeticError, AttributeError, MemoryError, RuntimeError) as error:
        sender.send(Measured("refused", words=(str(error).splitlines() or [type(error).__name__])[0]))


def _timed(work: Callable[[], Any], limit: float, runs: int) -> tuple[Measured, Any]:
    """Run the work as often as a third of the limit allows, at least once."""
    before, times, result = _start_of_peak(), [], None
    started = time.perf_counter()
    while not times or (len(times) < runs and time.perf_counter() - started + times[-1] < limit / 3):
        result = None
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return Measured("timed", min(times), times[0], len(times), _status("VmHWM") - before), result


def _start_of_peak() -> float:
    """Forget the peak so far, as Linux allows, and return the memory in use; NaN elsewhere."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return math.nan
    return _status("VmRSS")


def _status(name: str) -> float:
    """Return an entry of ``/proc/self/status`` in bytes, or NaN."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return math.nan
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), math.nan)
