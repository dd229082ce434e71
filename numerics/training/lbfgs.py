"""SciPy's L-BFGS, recorded like the other methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.weight_vectors import rows_of_step, step_of_rows
from lossproof.numerics.training.point import TrainingPoint
from lossproof.numerics.training.run import TrainingRun
from lossproof.numerics.training.settings import Stop

_MEMORY = 20


def run_lbfgs(run: TrainingRun, start: TrainingPoint) -> Stop:
    """Minimise ``J`` by SciPy's L-BFGS-B with 20 pairs of memory; every iterate is recorded. Returns why it ended."""
    from scipy.optimize import minimize

    walk = _Walk(run, start)
    try:
        found = minimize(
            walk.value, np.zeros(start.problem.architecture.N_net), jac=True, method="L-BFGS-B", callback=walk.record,
            options={"maxiter": run.settings.max_iterations + 1, "maxfun": 50 * run.settings.max_iterations + 50, "maxcor": _MEMORY, "ftol": 0.0,
                     "gtol": 0.0, "maxls": 40},
        )  # fmt: skip
    except _Ended:
        return walk.stop
    return Stop(f"SciPy's L-BFGS ended: {' '.join(str(found.message).lower().split())}", converged=bool(found.success))


class _Ended(Exception):
    """Leaves SciPy's loop."""


class _Walk:
    """The objective in displacements from the start, and the record of the iterates."""

    def __init__(self, run: TrainingRun, start: TrainingPoint) -> None:
        self.run, self.start = run, start
        self.last = self.shift = np.zeros(start.problem.architecture.N_net)
        self.point = start
        self.stop = Stop("")

    def value(self, shift: Array) -> tuple[float, Array]:
        """Return ``J`` and ``∇J``; a loss out of range counts as a huge one."""
        point = self._at(shift)
        gradient = rows_of_step(self.start.problem.architecture, point.descent) / len(self.start.targets)
        loss = point.loss
        return (loss, gradient) if np.isfinite(loss) and np.isfinite(gradient).all() else (1e300, np.zeros_like(gradient))

    def record(self, shift: Array, *_: Any) -> None:
        """Record an iterate; ends the run where a stopping rule holds."""
        point = self._at(shift)
        self.run.add(point, float(np.linalg.norm(shift - self.last)), shortened=True)
        self.last = shift.copy()
        stop = self.run.stop()
        if stop is not None:
            self.stop = stop
            raise _Ended

    def _at(self, shift: Array) -> TrainingPoint:
        """Return the point of a displacement: an iterate is mostly the point that was asked for last."""
        if not np.array_equal(shift, self.shift):
            self.shift, self.point = shift.copy(), self.start.moved(step_of_rows(self.start.problem.architecture, shift), 1.0)
        return self.point
