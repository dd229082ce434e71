"""A sweep as plain data for programs."""

from __future__ import annotations

from typing import Any

from lossproof.certificates.sweeps.record import SweepRecord
from lossproof.certificates.sweeps.table import made_with


def sweep_as_dict(found: SweepRecord) -> dict[str, Any]:
    """Return what a sweep found as dicts, lists, strings and numbers: what ``lossproof sweep --json`` prints.

    Keys: ``grid`` (the grid as plain data), ``cells_planned``, ``interrupted``, ``counts`` (cells by verdict, and those decided), ``checked``, ``provenance``,
    and ``cells`` with the fields of `SweepCell`.

    >>> from lossproof.certificates.sweeps.sweep import sweep
    >>> found = sweep_as_dict(sweep("2-2-1", "4", workers=0))
    >>> found["counts"]["PROVED"], found["cells"][0]["rank"]
    (1, 4)
    """
    return {
        "grid": found.grid,
        "cells_planned": found.cells_planned,
        "interrupted": found.interrupted,
        "counts": found.counts(),
        "checked": found.checked,
        "provenance": made_with(found.table),
        "cells": found.table.to_pylist(),
    }
