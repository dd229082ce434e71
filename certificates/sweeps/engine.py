"""Running the tasks of a sweep: in this process, on a cluster of this machine's cores, or on a Dask cluster that is there already."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator, Mapping
from importlib import import_module
from typing import Any, TypeAlias

from lossproof.certificates.inputs.problem import check_whole
from lossproof.certificates.sweeps.grid import SweepGroup
from lossproof.certificates.sweeps.interrupts import interrupts_noted
from lossproof.certificates.sweeps.task import prove_task
from lossproof.numerics.dask_cluster import Watch, check_scheduler, cores, dask_client
from lossproof.theory.exceptions import InputError, LossproofError

Tasks: TypeAlias = Mapping[int, tuple[SweepGroup, ...]]
Finished: TypeAlias = tuple[int, dict[str, list[Any]]]
_GLANCE = 0.01


def check_engine(workers: int | None, scheduler: str | None) -> None:
    """Raise `InputError` unless the number of workers is None or from 0 to 1024, the scheduler None or an address, and one of them is None."""
    if workers is not None:
        check_whole("workers", workers, 0, 1024)
    if workers is not None and scheduler is not None:
        raise InputError(f"a scheduler has its own workers, got workers={workers} and {scheduler!r}: leave one of them out")
    if scheduler is not None:
        check_scheduler(scheduler)


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
        count = min(workers or cores(), len(tasks))
        with interrupts_noted() as raise_noted, dask_client(count, scheduler, "take workers=0") as client:
            yield from _run(client, tasks, raise_noted, self_check=self_check)


def _run(client: Any, tasks: Tasks, raise_noted: Callable[[], None], *, self_check: bool) -> Generator[Finished, None, None]:
    distributed = import_module("distributed")
    token = secrets.token_hex(8)
    futures: dict[Any, int] = {}
    try:
        for number, task in tasks.items():
            raise_noted()
            key = f"lossproof-sweep-{token}-{number}"
            futures[client.submit(prove_task, task, self_check=self_check, key=key, pure=False)] = number
        completed, watch = distributed.as_completed(list(futures)), Watch(client)
        while futures:
            raise_noted()
            if not completed.has_ready():
                watch.look("and run the same sweep again; what was finished is kept")
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
