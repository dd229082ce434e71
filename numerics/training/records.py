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
from lossproof.theory.notebook import notebook_block
from lossproof.theory.problem.weights import Weights

DOUBLE_DIGITS = 16
_SHOWN = {"loss": "loss", "gradient_norm": "‖∇J‖", "step_norm": "step", "damping": "damping", "distance": "distance"}
_LAST_ROWS = 12


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

    >>> row = np.array([1.0, 0.25, 0.0])
    >>> History(row, row, row, row, row, row, 16, 1.0)
    <History: 2 iterations, loss 1 → 0>
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

    def __repr__(self) -> str:
        return f"<History: {self._length}, loss {self._told('loss', 0)} → {self._told('loss', -1)}>"

    def _repr_html_(self) -> str:
        return notebook_block(self._length, headings=("iteration", *_SHOWN.values()), rows=self._rows())

    @property
    def _length(self) -> str:
        return f"{self.iterations} iteration{'s' * (self.iterations != 1)}"

    def _rows(self) -> list[tuple[str, ...]]:
        """Return the last rows as text, at most a dozen."""
        return [(str(k), *(self._told(name, k) for name in _SHOWN)) for k in range(max(len(self) - _LAST_ROWS, 0), len(self))]

    def _told(self, name: str, k: int) -> str:
        """Return three digits of an entry, also where it is no double."""
        return mpmath.nstr(mpmath.mpf(getattr(self, name)[k]), 3).removesuffix(".0") if len(self) else "none"

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

    >>> from lossproof.certificates.training.train import train
    >>> training = train("1-1", [[0], [1]], [[1], [3]], activation="identity")
    >>> training.converged, training.weights, [W.round(6).tolist() for W in training.arrays[0]]
    (True, <Weights: W_1 1×1>, [[[2.0]], [1.0]])
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

    def __repr__(self) -> str:
        return f"<Training by {self}>"

    def _repr_html_(self) -> str:
        return notebook_block(
            f"Training by {self}",
            headings=("iteration", *_SHOWN.values()),
            rows=self.history._rows(),
            foot="Nothing is proved by it: give training.weights to check_architecture.",
        )

    def __str__(self) -> str:
        end = "converged" if self.converged else "stopped"
        return f"{self.method}: {end} after {self.history._length} at loss {self.loss:.3g}: {self.reason}"
