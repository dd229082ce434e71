"""Running the tasks of a sweep: in this process, on a cluster of this machine's cores, or on a Dask cluster that is there already."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from logging import CRITICAL
from typing import Any, TypeAlias

from lossproof.certificates.inputs.problem import check_whole
from lossproof.certificates.sweeps.grid import SweepGroup
from lossproof.certificates.sweeps.interrupts import interrupts_noted
from lossproof.certificates.sweeps.task import prove_task
from lossproof.numerics.child_processes import interrupts_held, one_thread_each, without_main_module
from lossproof.theory.exceptions import InputError, LossproofError

Tasks: TypeAlias = Mapping[int, tuple[SweepGroup, ...]]
Finished: TypeAlias = tuple[int, dict[str, list[Any]]]
_MOST_DEATHS = 20
_PATIENCE = 10
_WORKERLESS = 60.0
"""Seconds that a scheduler may be without any worker: some start theirs only when there is work."""
_GLANCE = 0.01
_LOOK = 1.0
_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[^\s/]+:[0-9]{1,5}|inproc://\S+")


def check_engine(workers: int | None, scheduler: str | None) -> None:
    """Raise `InputError` unless the number of workers is None or from 0 to 1024, the scheduler None or an address, and one of them is None."""
    if workers is not None:
        check_whole("workers", workers, 0, 1024)
    if workers is not None and scheduler is not None:
        raise InputError(f"a scheduler has its own workers, got workers={workers} and {scheduler!r}: leave one of them out")
    if scheduler is not None and not _ADDRESS.fullmatch(scheduler):
        raise InputError(
            f"the scheduler must be an address such as tcp://host:8786, got {scheduler!r}: dask scheduler prints it when it starts"
        )


def run_tasks(tasks: Tasks, workers: int | None, scheduler: str | None, *, self_check: bool) -> Generator[Finished, None, None]:
    """Yield ``(number, columns)`` of each task as it is finished, in any order.

    ``workers = 0``: in this process, without Dask. Else Dask runs them: on the cluster at the address ``scheduler``, or on one process for each worker
    of a local cluster (default: one a core). A task whose worker dies is run again elsewhere, so that nothing is lost. Raises `InputError` when
    Dask is missing, the scheduler cannot be reached, or it has had no worker for a minute, `LossproofError` when a task kills its workers again and again.
    """
    if workers == 0:
        for number, task in tasks.items():
            yield number, prove_task(task, self_check=self_check)
    elif tasks:
        with interrupts_noted() as raise_noted, _client(workers, scheduler, len(tasks)) as client:
            yield from _run(client, tasks, raise_noted, self_check=self_check)


@contextmanager
def _client(workers: int | None, scheduler: str | None, tasks: int) -> Iterator[Any]:
    try:
        dask, distributed = import_module("dask"), import_module("distributed")
    except ImportError:
        raise InputError("a sweep on several processes needs Dask, got none: pip install 'lossproof[sweep]', or take workers=0") from None
    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout=_PATIENCE)
        except (OSError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(f"the scheduler at {scheduler!r} must answer, got: {reason}: start one with dask scheduler") from None
        with client:
            yield client
        return
    processes = min(workers or os.cpu_count() or 1, tasks)
    settings = {"distributed.scheduler.allowed-failures": _MOST_DEATHS}
    with one_thread_each(), without_main_module(), dask.config.set(settings):
        with interrupts_held():
            cluster = distributed.LocalCluster(
                n_workers=processes,
                threads_per_worker=1,
                processes=True,
                dashboard_address=":0",
                silence_logs=CRITICAL + 1,
                preload=["lossproof.certificates.sweeps.worker"],
            )
        with cluster, distributed.Client(cluster) as client:
            yield client


class _Watch:
    """Looks once a second whether a cluster still has workers."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._looked = self._seen = time.monotonic()

    def look(self) -> None:
        """Raise `InputError` where there has been no worker for a minute."""
        now = time.monotonic()
        if now - self._looked < min(_LOOK, _WORKERLESS):
            return
        self._looked = now
        if self._client.nthreads():
            self._seen = now
        elif now - self._seen >= _WORKERLESS:
            raise InputError(
                f"the scheduler must have workers, got none for {_WORKERLESS:g} s: start some with dask worker, and run the same sweep again; "
                "what was finished is kept"
            )


def _run(client: Any, tasks: Tasks, raise_noted: Callable[[], None], *, self_check: bool) -> Generator[Finished, None, None]:
    distributed = import_module("distributed")
    token = secrets.token_hex(8)
    futures: dict[Any, int] = {}
    try:
        for number, task in tasks.items():
            raise_noted()
            key = f"lossproof-sweep-{token}-{number}"
            futures[client.submit(prove_task, task, self_check=self_check, key=key, pure=False)] = number
        completed, watch = distributed.as_completed(list(futures)), _Watch(client)
        while futures:
            raise_noted()
            if not completed.has_ready():
                watch.look()
                time.sleep(_GLANCE)
                continue
            future = next(completed)
            number = futures.pop(future)
            try:
                columns: dict[str, list[Any]] = future.result()
            except distributed.KilledWorker:
                widths = tasks[number][0].widths
                raise LossproofError(
                    f"the task that begins with {'-'.join(map(str, widths))} lost every worker it was given to: "
                    "they may be short of memory; what was finished is kept, so run the same sweep again with fewer workers"
                ) from None
            future.release()
            yield number, columns
    finally:
        if futures:
            client.cancel(list(futures), force=True)
