"""A training run as plain data for programs."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import Any

import mpmath

from lossproof.certificates.reports.provenance import Provenance
from lossproof.numerics.training.convergence_order import convergence_order
from lossproof.numerics.training.records import Training

_FIGURES = ("loss", "gradient_norm", "step_norm", "damping", "distance", "seconds")


def training_as_dict(training: Training, seed: int | None = None) -> dict[str, Any]:
    """Return a run as dicts, lists, strings and numbers: what ``lossproof train --json`` prints; the weights stand in the file of ``-o``.

    Keys: ``method``, ``converged``, ``interrupted``, ``reason``, ``iterations``, ``loss``, ``digits`` of the arithmetic, ``order`` (the local order that the
    run shows: ``kind``, ``order``, ``rate``, ``reason``), ``provenance``, and ``history`` with lists ``loss``, ``gradient_norm``, ``step_norm``, ``damping``,
    ``distance`` and ``seconds``, an entry for the start and one for each iteration. Numbers of more digits than doubles have are strings; what is no number
    is null.

    >>> from lossproof.certificates.training.train import train
    >>> found = training_as_dict(train("1-1", [[0], [1]], [[1], [3]], activation="identity"))
    >>> found["converged"], found["iterations"], len(found["history"]["loss"])
    (True, 1, 2)
    """
    history = training.history
    return {
        "method": training.method,
        "converged": training.converged,
        "interrupted": training.interrupted,
        "reason": training.reason,
        "iterations": history.iterations,
        "loss": _plain(history.loss[-1]) if len(history) else None,
        "digits": history.digits,
        "order": {name: _plain(value) for name, value in asdict(convergence_order(history)).items()},
        "history": {name: [_plain(value) for value in getattr(history, name)] for name in _FIGURES},
        "provenance": Provenance.now(seed).as_dict(),
    }


def _plain(value: Any) -> Any:
    """Return text as it is, a number as a double, or as text where it has more digits, and None for what is no number."""
    if isinstance(value, str):
        return value
    if isinstance(value, mpmath.mpf):
        return str(value) if mpmath.isfinite(value) else None
    return float(value) if isfinite(value) else None
