"""Running something slow in a process of its own, with a time limit, and knowing what it had reached when the time was up."""

from __future__ import annotations

import math
import multiprocessing
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_SPAWN = multiprocessing.get_context("spawn")
_START_UP = 60.0


class Board:
    """What a run writes down for the process that waits: the least loss so far, seconds of work, a count, and at last a step."""

    def __init__(self) -> None:
        self.state = _SPAWN.Array("d", [math.inf, 0.0, 0.0, 0.0])
        self.steps = _SPAWN.Queue()

    def begin(self) -> None:
        """Say that imports and copies are done, so that the time limit starts."""
        self.state[3] = time.time()

    def note(self, loss: float, seconds: float, count: int) -> None:
        """Write down the least loss, the seconds of work and the number of iterations or products."""
        if not loss >= self.state[0]:
            self.state[0] = loss
        self.state[1], self.state[2] = seconds, count

    def answer(self, step: np.ndarray) -> None:
        """Hand in a step, in the order of the rows of ``P``."""
        self.steps.put(step)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: ``finished``, ``stopped`` at the limit, ``missing`` a package, or ``refused`` by the method."""

    end: str
    loss: float = math.inf
    seconds: float = 0.0
    count: int = 0
    step: np.ndarray | None = None
    words: str = ""


def run_limited(job: Callable[..., None], arguments: tuple[Any, ...], limit: float) -> Outcome:
    """Run ``job(board, *arguments)`` in a fresh process for at most ``limit`` seconds, counted from its `Board.begin`."""
    board, messages = Board(), _SPAWN.Queue()
    worker = _SPAWN.Process(target=_guarded, args=(job, board, messages, arguments), daemon=True)
    worker.start()
    words, end, step, launched = "", "stopped", None, time.time()
    while time.time() < (board.state[3] + limit if board.state[3] else launched + _START_UP):
        try:
            end, words = messages.get(timeout=0.2)
            break
        except queue.Empty:
            if not worker.is_alive():
                end, words = "refused", f"the process ended with code {worker.exitcode}"
                break
    if end == "finished":
        try:
            step = board.steps.get(timeout=1.0)
        except queue.Empty:
            step = None
    if worker.is_alive():
        worker.join(1.0)
        worker.terminate()
    worker.join()
    loss, seconds, count, _ = board.state
    return Outcome(end, loss, seconds, int(count), step, words)


def _guarded(job: Callable[..., None], board: Board, messages: Any, arguments: tuple[Any, ...]) -> None:
    try:
        job(board, *arguments)
        messages.put(("finished", ""))
    except ImportError as error:
        messages.put(("missing", f"{error.name} is not installed"))
    except (ValueError, MemoryError, RuntimeError) as error:
        messages.put(("refused", str(error).splitlines()[0]))
