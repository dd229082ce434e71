"""Ctrl-C while a cluster works: noted when it comes, and raised where the cluster can be left in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_IMPATIENT = 3


@contextmanager
def interrupts_noted() -> Iterator[Callable[[], None]]:
    """Yield a function that raises `KeyboardInterrupt` where Ctrl-C was pressed within the block; it is not raised of itself, except from the third one on.

    An interrupt that comes at any moment may come within a callback of the interpreter, which prints and forgets it, or while the cluster starts or ends.
    Outside the main thread, and under a handler of the caller's own, nothing is changed.
    """
    count = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count >= _IMPATIENT:
            raise KeyboardInterrupt

    def raise_noted() -> None:
        if count:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield raise_noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield raise_noted
    finally:
        signal.signal(signal.SIGINT, before)
    raise_noted()
