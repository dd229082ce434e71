"""What a training run returns: the weights, the reason it stopped, and one row of figures for each iteration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.evaluation import LayerArrays
from lossproof.numerics.network.weight_vectors import float_layers
from lossproof.theory.problem.weights import Weights

DOUBLE_DIGITS = 16


@dataclass(frozen=True, eq=False)
class History:
    """Figures of a run, one entry an iteration; entry 0 is the starting point, entry ``k`` the point after ``k`` steps.

    - ``loss``: ``J(W_k)``; ``gradient_norm``: ``‖∇J(W_k)‖`` (NaN where a kink leaves it undefined);
    - ``step_norm``: ``‖W_k − W_{k-1}‖``, 0 for the start; ``damping``: the ``μ`` used for this step, 0 where there is none;
    - ``distance``: ``‖W_k − W_K‖`` to the last iterate ``K``; norms are Frobenius norms over all layers, biases included;
    - ``seconds``: since the start;
    - ``digits``: decimal digits of the arithmetic, 16 for doubles; ``size``: ``‖W_K‖``, against which rounding is judged.

    Arrays are of ``float64``, or of mpmath numbers where more digits were asked for (``1e-400`` is no double). Distances are NaN for rows
    whose weights were not kept: a run keeps at most ``2^24`` numbers, then every second, fourth, … row.
    """

    loss: Array
    gradient_norm: Array
    step_norm: Array
    damping: Array
    distance: Array
    seconds: Array
    digits: int
    size: float

    def __len__(self) -> int:
        """Return the number of rows, iterations and start."""
        return len(self.loss)

    @property
    def iterations(self) -> int:
        """Number of steps taken."""
        return max(len(self) - 1, 0)

    def log10(self, name: str) -> Array:
        """Return the decimal logarithms of one of the arrays in doubles, ``−inf`` for 0, also where the numbers are no doubles.

        >>> row = np.array([1.0, 0.01])
        >>> History(row, row, row, row, row, row, 16, 1.0).log10("loss").tolist()
        [0.0, -2.0]
        """
        values = getattr(self, name)
        if values.dtype != object:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(np.log10(values))
        return np.array([_log10(value) for value in values])


def _log10(value: Any) -> float:
    if value <= 0 or mpmath.isnan(value):
        return -np.inf if value == 0 else np.nan
    return float(mpmath.log10(value))


@dataclass(frozen=True, eq=False)
class Training:
    """The outcome of a run: an estimate, which proves nothing by itself.

    - ``weights``: the last iterate as exact weights (doubles are dyadic rationals), for `check_architecture` to judge;
    - ``converged``: whether a stopping rule that speaks for a limit was met; ``reason`` says in words which rule ended the run;
    - ``interrupted``: whether Ctrl-C ended it; the weights are then those reached until then.

    It unpacks into the two that are wanted most: ``weights, history = train(…)``.
    """

    weights: Weights
    history: History
    method: str
    converged: bool
    reason: str
    interrupted: bool = False

    def __iter__(self) -> Iterator[Any]:
        """Yield the weights, then the history."""
        yield self.weights
        yield self.history

    @property
    def loss(self) -> float:
        """The last loss in double precision, NaN where nothing was recorded."""
        return float(self.history.loss[-1]) if len(self.history) else float("nan")

    @property
    def arrays(self) -> list[LayerArrays]:
        """The weights in doubles: a pair ``(W_l, b_l)`` a layer."""
        return float_layers(self.weights)

    def __str__(self) -> str:
        end = "converged" if self.converged else "stopped"
        return f"{self.method}: {end} after {self.history.iterations} iterations at loss {self.loss:.3g}: {self.reason}"
