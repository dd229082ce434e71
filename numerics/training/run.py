"""The record of a run as it goes on, and the rules that end it."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.weight_vectors import all_entries
from lossproof.numerics.training.point import TrainingPoint, norm
from lossproof.numerics.training.records import DOUBLE_DIGITS, History
from lossproof.numerics.training.settings import Settings, Stop
from lossproof.theory.exceptions import NotDifferentiable

_MOST_NUMBERS = 2**24


class TrainingRun:
    """Collects one row an iteration. ``point`` is the last iterate, ``reached`` the last one whose weights are finite."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.point: TrainingPoint | None = None
        self.reached: TrainingPoint | None = None
        self._rows: list[tuple[float, float, float, float, float]] = []
        self._kept: dict[int, Array] = {}
        self._stride = 1
        self._shortened = True
        self._kink: str | None = None
        self._started = perf_counter()

    def add(self, point: TrainingPoint, step_norm: float = 0.0, damping: float = 0.0, *, shortened: bool = True) -> None:
        """Record an iterate, first the start."""
        try:
            gradient_norm = point.gradient_norm
        except NotDifferentiable as kink:
            gradient_norm, self._kink = float("nan"), str(kink)
        number = len(self._rows)
        self._rows.append((point.loss, gradient_norm, step_norm, damping, perf_counter() - self._started))
        if number % self._stride == 0:
            self._kept[number] = all_entries(point.layers)
            if len(self._kept) > 2 and len(self._kept) * len(self._kept[0]) > _MOST_NUMBERS:
                self._stride *= 2
                self._kept = {row: flat for row, flat in self._kept.items() if row % self._stride == 0}
        self.point, self._shortened = point, shortened
        if _has_finite_weights(point):
            self.reached = point
        if self.settings.progress is not None:
            self.settings.progress(f"training, loss {point.loss:.2g}", number, self.settings.max_iterations)

    def stop(self) -> Stop | None:
        r"""Return why the run ends at the last iterate, the first rule that holds, or None while it goes on.

        - the loss is no number, or the weights are not: diverged;
        - with a ``target_loss``: ``J ≤ target_loss``; without one, and without weight decay: the root mean square of the entries of ``ε = ∇E`` is at most
          ``tolerance``, so that for the squared error ``J ≤ ½ n_L tolerance²``;
        - ``‖∇J‖ ≤ tolerance · ‖ε‖ / T``: ``ε`` is orthogonal to the row space of ``P``, a critical point that is no exact learner;
        - the last step was at most ``tolerance`` times ``‖W‖``, and neither halving nor damping made it short (``ggn``, ``lm``, ``newton``);
        - a kink; ``max_iterations``.
        """
        point = self.point
        if point is None:
            return None
        return self._at_limit(point) or self._at_end()

    def _at_limit(self, point: TrainingPoint) -> Stop | None:
        settings = self.settings
        loss, gradient_norm, step_norm = self._rows[-1][:3]
        if not np.isfinite(loss) or point is not self.reached:
            return Stop("diverged: the loss or the weights left the range of doubles")
        size = float(np.linalg.norm(point.eps))
        mean = size / np.sqrt(max(point.eps.size, 1))
        if settings.target_loss is not None:
            if loss <= settings.target_loss:
                return Stop(f"the loss {loss:.3g} is at most {settings.target_loss:.3g}", converged=True)
        elif mean <= settings.tolerance and point.problem.decay is None:
            return Stop(
                f"every sample is fitted: the root mean square of ∇E is {mean:.2g}, at most {settings.tolerance:.2g}", converged=True
            )
        if gradient_norm <= settings.tolerance * size / len(point.targets):
            return Stop(f"critical to rounding, but not exact: ‖∇J‖ = {gradient_norm:.2g} with loss {loss:.6g}", converged=True)
        if not self._shortened and step_norm <= settings.tolerance * norm(point.layers):
            return Stop(f"the last step, {step_norm:.2g}, is at most {settings.tolerance:.2g} of the weights", converged=True)
        return None

    def _at_end(self) -> Stop | None:
        if self._kink is not None:
            return Stop(f"stopped at a kink: {self._kink}")
        if len(self._rows) > self.settings.max_iterations:
            return Stop(f"all {self.settings.max_iterations} iterations are done")
        return None

    def history(self) -> History:
        """Return the record, with the distances to the last iterate."""
        columns = np.array(self._rows, dtype=float).reshape(-1, 5).T
        distance = np.full(len(self._rows), np.nan)
        size = 0.0
        if self.point is not None:
            last = all_entries(self.point.layers)
            size = float(np.linalg.norm(last))
            for row, flat in self._kept.items():
                distance[row] = np.linalg.norm(flat - last)
            distance[-1] = 0.0
        return History(columns[0], columns[1], columns[2], columns[3], distance, columns[4], DOUBLE_DIGITS, size)


def _has_finite_weights(point: TrainingPoint) -> bool:
    return all(np.isfinite(part).all() for layer in point.layers for part in layer)
