"""What a worker of a local Dask cluster runs when it starts."""

from __future__ import annotations

from lossproof.numerics.child_processes import ignore_interrupts


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C to the process that started the cluster, which then stops its workers in order."""
    ignore_interrupts()
