"""The problems on which training is timed, as plain arrays that a fresh process can receive."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

DIGITS_SAMPLES = 300


@dataclass(frozen=True)
class Case:
    """A tanh network with identity output and squared error: widths, samples as rows, and the weights ``(W_l, b_l)`` of the start."""

    widths: tuple[int, ...]
    X: np.ndarray
    Y: np.ndarray
    start: tuple[tuple[np.ndarray, np.ndarray], ...]

    @property
    def equations(self) -> int:
        """``T n_L``."""
        return self.Y.size

    @property
    def unknowns(self) -> int:
        """``N_net``."""
        return sum((m + 1) * n for m, n in pairwise(self.widths))

    @property
    def name(self) -> str:
        """The widths as text."""
        return "-".join(map(str, self.widths))


def start_of(widths: tuple[int, ...], seed: int) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Return normal weights of variance ``1/n_{l-1}`` and small biases."""
    g = np.random.default_rng(seed)
    return tuple((g.standard_normal((m, n)) / np.sqrt(m), g.standard_normal(n) / 10) for m, n in pairwise(widths))


def random_case(widths: tuple[int, ...], samples: int, seed: int = 0) -> Case:
    """Return normal inputs and targets."""
    g = np.random.default_rng(seed)
    return Case(widths, g.standard_normal((samples, widths[0])), g.standard_normal((samples, widths[-1])), start_of(widths, seed + 1))


def digits_case(seed: int = 0) -> Case | None:
    """Return the first 300 digits of scikit-learn (8 × 8 pixels, divided by 16) with one-hot targets for 64-128-10; None without scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        return None
    digits = load_digits()
    X, Y = digits.data[:DIGITS_SAMPLES] / 16, np.eye(10)[digits.target[:DIGITS_SAMPLES]]
    return Case((64, 128, 10), X, Y, start_of((64, 128, 10), seed))
