"""Processes started by this one: no second run of the caller's script, one thread each, and deafness to Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

Result = TypeVar("Result")


def pooled(function: Callable[..., Result], tasks: Sequence[tuple[Any, ...]], processes: int) -> Generator[Result, None, None]:
    """Yield ``function(*task)`` for all tasks, in their order, from new processes; raises `BrokenProcessPool` where one dies.

    Where the caller is interrupted, or closes the generator, the processes end at once.
    """
    with process_pool(processes) as submit:
        for future in [submit(function, *task) for task in tasks]:
            yield future.result()


@contextmanager
def process_pool(processes: int) -> Iterator[Callable[..., Future[Any]]]:
    """Give a function that submits ``function, *arguments`` to new processes; those end with the block, and at once where it is interrupted or closed."""
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), ignore_interrupts) as pool:

        def submit(*task: Any) -> Future[Any]:
            with one_thread_each(), without_main_module(), interrupts_held():
                return pool.submit(*task)

        try:
            yield submit
        except (GeneratorExit, KeyboardInterrupt):
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise  # leaving the block waits for the pool's own thread, which fails what is pending and joins the processes


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the block ends, so that processes and threads started within it never see one; where the system cannot, do nothing.

    A process inherits what the thread that starts it holds back, and keeps it: a new one is deaf to Ctrl-C before it can say so itself. The resource tracker of
    `multiprocessing` is started first, as its start would let Ctrl-C through again.
    """
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()
    with deaf_threads():
        yield


@contextmanager
def deaf_threads() -> Iterator[None]:
    """Hold Ctrl-C back until the block ends, so that threads started within it never see one; where the system cannot, do nothing.

    What one thread holds back goes to another that does not: a thread that listens would undo `interrupts_held`.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def without_main_module() -> Iterator[None]:
    """Let processes that are started within the block not run the caller's script again: they need nothing of it."""
    main = sys.modules["__main__"]
    spec, file = main.__spec__, getattr(main, "__file__", None)
    main.__spec__ = main.__file__ = None
    try:
        yield
    finally:
        main.__spec__, main.__file__ = spec, file


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let processes that are started within the block use one thread each for linear algebra."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
