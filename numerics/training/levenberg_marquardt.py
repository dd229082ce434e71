"""Levenberg-Marquardt: Gauss-Newton steps with a damping that follows how well the model predicts the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from lossproof.numerics.network.weight_vectors import Step
from lossproof.numerics.training.gauss_newton_step import GaussNewtonSystem
from lossproof.numerics.training.large_systems import TiledSystem
from lossproof.numerics.training.point import TrainingPoint, inner, norm
from lossproof.numerics.training.settings import Move, Stop
from lossproof.numerics.training.step_halving import is_at_limit, rounding_of

MOST_WHOLE = 8_000
"""Matrices of more rows are held as one triangle in tiles: OpenBLAS's threaded Cholesky factorisation ends the process near 17,000."""

_FIRST_DAMPING = 1e-2
_LEAST_DAMPING = 1e-15
_MOST_GROWTH = 2**20
_SHRINKS = 0.9


class DampedSystem(Protocol):
    """What the method asks of a linear system at one point."""

    def largest_diagonal(self) -> float:
        """Return the largest diagonal entry of the matrix."""

    def damped_step(self, damping: float) -> Step | None:
        """Return the step for damping ``μ``, or None where there is none."""


def system_for(point: TrainingPoint) -> Callable[..., DampedSystem]:
    """Return the system with the whole matrix, or beyond 8,000 equations and with fewer equations than weights, with one triangle in tiles."""
    a = point.problem.architecture
    dual = point.problem.decay is None
    return TiledSystem if dual and MOST_WHOLE < point.problem.columns <= a.N_net else GaussNewtonSystem


class LevenbergMarquardt:
    r"""Steps ``(H_GN + μ I) δ = −∇J`` that are taken only where the loss falls, with Nielsen's rule for ``μ``.

    ``ρ`` is the decrease of the loss over that of the model, ``−½ ∇J·δ + ½ μ ‖δ‖²``. Where ``ρ > 0`` the step is taken and ``μ`` multiplied by
    ``max(1/20, 1 − (2 min(ρ, 1) − 1)³)``; else ``μ`` grows by 2, 4, 8, …. Where the decrease of the model is below the rounding of ``J``, steps are
    taken with the same ``μ`` as long as each is at most 9/10 of the one before. The first ``μ`` is ``damping``, or 1/100 of the
    largest diagonal entry of the matrix over T. ``factorisations`` counts the Cholesky factorisations spent; there are at most
    ``most_factorisations``. ``system`` is how steps are solved for; by default that of `system_for`.
    """

    def __init__(
        self,
        damping: float | None = None,
        *,
        hold_output: bool = False,
        most_factorisations: int | None = None,
        system: Callable[..., DampedSystem] | None = None,
    ) -> None:
        self.damping, self.hold_output, self.most_factorisations = damping, hold_output, most_factorisations
        self._system = system
        self.factorisations = 0
        self._growth, self._last = 2.0, np.inf

    def advance(self, point: TrainingPoint) -> Move | Stop:
        """Return the next step that lowers the loss."""
        system = (self._system or system_for(point))(point, hold_output=self.hold_output)
        if self.damping is None:
            self.damping = _FIRST_DAMPING * system.largest_diagonal() / len(point.targets)
        while self.most_factorisations is None or self.factorisations < self.most_factorisations:
            self.factorisations += 1
            step = system.damped_step(self.damping)
            outcome = None if step is None else self._judged(point, step, self.damping)
            if outcome is not None:
                return outcome
            self.damping, self._growth = max(self.damping * self._growth, _LEAST_DAMPING), self._growth * 2
            if self._growth > _MOST_GROWTH:
                return Stop("no damping gives a step that lowers the loss")
        return Stop("all factorisations are spent")

    def _judged(self, point: TrainingPoint, step: Step, damping: float) -> Move | Stop | None:
        """Return the step taken, or that rounding hides what is left, or None for a step to be refused."""
        length, tried, rounding = norm(step), point.moved(step, 1.0), rounding_of(point.loss)
        expected = (damping * inner(step, step) - inner(point.descent, step) / len(point.targets)) / 2
        decrease, shortened = point.loss - tried.loss, damping * length > point.gradient_norm / 2
        gain = decrease / expected if expected > 0 and np.isfinite(decrease) else -1.0
        if 0 < expected <= rounding:
            if length > _SHRINKS * self._last or decrease < -rounding:
                return Stop("the loss cannot fall by more than its rounding any more", converged=is_at_limit(length, point))
            gain = 0.5
        if not gain > 0:
            return None
        self._growth, self._last = 2.0, length
        self.damping = damping * max(0.05, 1 - (2 * min(gain, 1.0) - 1) ** 3)
        return Move(tried, length, damping, shortened=shortened)
