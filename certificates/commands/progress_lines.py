"""Progress where there is no bar: a plain line once in a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from lossproof.certificates.commands.options import remark
from lossproof.numerics.child_processes import deaf_threads

FIRST, FOLLOWING = 20.0, 60.0
"""After so many seconds the first line, and from then on one after so many."""


Progress = Callable[[str, int, int], None]


@contextmanager
def progress_lines(say: Callable[[str], None] = remark, first: float | None = None, following: float = FOLLOWING) -> Iterator[Progress]:
    """Yield what is called as work goes on, and say now and then how long it has taken and what it is at.

    Work that is done before ``first``, by default 20 seconds, says nothing. The lines come from a thread of their own, so
    that they come also from within a long step that calls nothing.

    >>> with progress_lines() as progress:
    ...     progress("rank of P", 0, 1)
    """
    began, ended = monotonic(), Event()
    at = ("starting", 0, 0)

    def update(stage: str, done: int, total: int) -> None:
        nonlocal at
        at = (stage, done, total)

    def tell() -> None:
        wait = FIRST if first is None else first
        while not ended.wait(wait):
            say(line_of(monotonic() - began, *at))
            wait = following

    teller = Thread(target=tell, daemon=True)
    with deaf_threads():
        teller.start()
    try:
        yield update
    finally:
        ended.set()
        teller.join()


def cost_first(progress: Progress | None, estimate: Callable[[], str]) -> Progress:
    """Return what tells of progress, and says on standard error what a problem will take, if anything, as its work begins: one that is refused never does."""
    said = False

    def update(stage: str, done: int, total: int) -> None:
        nonlocal said
        if not said:
            said = True
            cost = estimate()
            if cost:
                remark(cost)
        if progress is not None:
            progress(stage, done, total)

    return update


def line_of(seconds: float, stage: str, done: int, total: int) -> str:
    """Return one line of progress.

    >>> line_of(70.2, "search", 3, 200), line_of(10, "rank of P", 0, 1)
    ('at work for 70 s: search, 3 of 200', 'at work for 10 s: rank of P')
    """
    return f"at work for {seconds:.0f} s: {stage}" + (f", {done} of {total}" if total > 1 else "")
