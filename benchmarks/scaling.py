"""Exponents of growth by least squares in logarithms, and how numbers of seconds and bytes are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls


@dataclass(frozen=True)
class Power:
    """``factor · n^exponent``."""

    factor: float
    exponent: float

    def at(self, n: float) -> float:
        """Return the value at ``n``."""
        return self.factor * n**self.exponent


def fitted_power(sizes: Sequence[float], values: Sequence[float], floor: float, exponent: float | None = None) -> Power | None:
    """Return the least-squares fit in logarithms through the values above the floor, or None with fewer than two (one, if the exponent is given).

    >>> power = fitted_power([1, 10, 100], [1e-9, 3e2, 3e4], 1e-3)
    >>> round(power.factor, 9), round(power.exponent, 9)
    (3.0, 2.0)
    >>> round(fitted_power([10, 20], [800.0, 6400.0], 0.0, exponent=3.0).at(1), 9)
    0.8
    >>> fitted_power([10], [5.0], 0.0) is None
    True
    """
    points = [(math.log(n), math.log(value)) for n, value in zip(sizes, values, strict=True) if value > floor]
    if len(points) < (2 if exponent is None else 1):
        return None
    x, y = np.array(points).T
    if exponent is None:
        exponent = float(np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2))
    return Power(float(np.exp(y.mean() - exponent * x.mean())), exponent)


def fitted_terms(terms: Sequence[Sequence[float]], values: Sequence[float]) -> list[float]:
    """Return factors ``c_k ≥ 0`` so that ``Σ_k c_k terms[k]`` is near the values, by least squares of the relative errors.

    >>> [round(c, 9) for c in fitted_terms([[1, 4, 9], [1, 2, 3]], [5, 16, 33])]
    [3.0, 2.0]
    """
    scaled = np.array(terms, dtype=np.float64) / np.array(values, dtype=np.float64)
    return [float(c) for c in nnls(scaled.T, np.ones(len(values)))[0]]


def in_seconds(value: float) -> str:
    """Return seconds as text.

    >>> [in_seconds(value) for value in (0.000123, 0.0123, 1.234, 123.4)]
    ['0.12 ms', '12.3 ms', '1.23 s', '123 s']
    """
    if value < 1:
        return f"{1e3 * value:.2f} ms" if value < 0.01 else f"{1e3 * value:.1f} ms" if value < 0.1 else f"{1e3 * value:.0f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def in_bytes(value: float) -> str:
    """Return a number of bytes as text; an em dash where it is unknown.

    >>> [in_bytes(value) for value in (0.0, 2e6, 1.5e9, float("nan"))]
    ['0 MB', '2 MB', '1.5 GB', '—']
    """
    if math.isnan(value):
        return "—"
    return f"{value / 1e6:.0f} MB" if value < 1e9 else f"{value / 1e9:.1f} GB"
