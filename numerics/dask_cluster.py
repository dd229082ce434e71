"""Clusters of Dask: one on this machine's cores, or one that is there already, and a look whether it still has workers."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from logging import CRITICAL
from typing import Any

from lossproof.numerics.child_processes import interrupts_held, one_thread_each, without_main_module
from lossproof.theory.exceptions import InputError

_MOST_DEATHS = 20
_PATIENCE = 10
_GRAPH = "1TB"
"""From where on Dask warns of what a task carries: what the scheduler keeps for tasks that have to be done again is meant to be there."""
_ALLOCATION = {"MMAP": 2**25, "TRIM": 2**26}
"""Bytes from which glibc asks the system for memory of its own, and gives back what is free: with less every tile is taken anew, page by page."""
_WORKERLESS = 60.0
"""Seconds that a scheduler may be without any worker: some start theirs only when there is work."""
_LOOK = 1.0
_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[^\s/]+:[0-9]{1,5}|inproc://\S+")


def check_scheduler(scheduler: str) -> None:
    """Raise `InputError` unless it is an address."""
    if not _ADDRESS.fullmatch(scheduler):
        raise InputError(
            f"the scheduler must be an address such as tcp://host:8786, got {scheduler!r}: dask scheduler prints it when it starts"
        )


@contextmanager
def dask_client(workers: int, scheduler: str | None, advice: str, memory: int | None = None, *, thrifty: bool = True) -> Iterator[Any]:
    """Give a client of the cluster at an address, or of a local one of so many processes, each with so many bytes, which ends with the block.

    A process that is ``thrifty`` gives free memory back at once, as it must where its limit is near; else it keeps some, which is faster.

    Raises `InputError` when Dask is missing, with advice what to do without it, or when the scheduler cannot be reached.
    """
    try:
        dask, distributed = import_module("dask"), import_module("distributed")
    except ImportError:
        raise InputError(f"several processes need Dask, got none: pip install 'lossproof[sweep]', or {advice}") from None
    settings = {"distributed.scheduler.allowed-failures": _MOST_DEATHS, "distributed.admin.large-graph-warning-threshold": _GRAPH}
    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout=_PATIENCE)
        except (OSError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(f"the scheduler at {scheduler!r} must answer, got: {reason}: start one with dask scheduler") from None
        with client, dask.config.set(settings):
            yield client
        return
    if not thrifty:
        settings |= {f"distributed.nanny.pre-spawn-environ.MALLOC_{name}_THRESHOLD_": most for name, most in _ALLOCATION.items()}
    with one_thread_each(), without_main_module(), dask.config.set(settings):
        with interrupts_held(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Creating scratch directories")  # a busy disk is no fault of the user's
            cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                memory_limit="auto" if memory is None else memory,
                dashboard_address=":0",
                silence_logs=CRITICAL + 1,
                preload=["lossproof.numerics.dask_worker"],
            )
        with cluster, distributed.Client(cluster) as client:
            yield client


def cores() -> int:
    """Return how many workers a local cluster has if nothing else is said."""
    return os.cpu_count() or 1


class Watch:
    """Looks once a second whether a cluster still has workers, and whether they are others."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._looked = self._seen = time.monotonic()
        self._workers = set(client.nthreads())

    def look(self, advice: str) -> bool:
        """Tell whether all workers that were there are gone, and others have come; raise `InputError` where there has been none for a minute."""
        now = time.monotonic()
        if now - self._looked < min(_LOOK, _WORKERLESS):
            return False
        self._looked = now
        workers = set(self._client.nthreads())
        if workers:
            replaced = bool(self._workers) and not workers & self._workers
            self._seen, self._workers = now, workers
            return replaced
        if now - self._seen >= _WORKERLESS:
            raise InputError(f"the scheduler must have workers, got none for {_WORKERLESS:g} s: start some with dask worker, {advice}")
        return False
