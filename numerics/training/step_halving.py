"""Shortening a step until the loss falls."""

from __future__ import annotations

import numpy as np

from lossproof.numerics.network.weight_vectors import Step
from lossproof.numerics.training.point import TrainingPoint, inner, norm
from lossproof.numerics.training.settings import Move, Stop

HALVINGS = 40
SHARE = 1e-4
_ROUNDINGS = 4 * float(np.finfo(float).eps)
_AT_LIMIT = 1e-8
_FITTED = 1e-10


def rounding_of(loss: float) -> float:
    """Return ``4 ε |J|`` with ``ε = 2^-52``: smaller changes of the loss are its rounding."""
    return _ROUNDINGS * abs(loss)


def is_at_limit(length: float, point: TrainingPoint) -> bool:
    """Tell whether the rest is rounding: the step is at most ``1e-8`` of the weights, and ``ε`` vanishes to ``1e-10`` or ``‖∇J‖ ‖W‖ ≤ 1e-8 |J|``."""
    size = norm(point.layers)
    fitted = float(np.linalg.norm(point.eps)) <= _FITTED * np.sqrt(point.eps.size)
    return length <= _AT_LIMIT * size and (fitted or point.gradient_norm * size <= _AT_LIMIT * abs(point.loss))


class StepHalving:
    r"""Takes the first of the steps ``δ, δ/2, δ/4, …`` with ``J(W + αδ) ≤ J(W) + 10^{-4} α ∇J·δ`` (Armijo), at most 40 halvings.

    Near a minimum with positive definite model the whole step passes, so that the order of convergence is that of the method. Where ``|∇J·δ|`` is
    below the rounding of ``J``, the loss can no longer judge: whole steps are then taken as long as each is shorter than the one before. Where no
    step is left the run ends: converged where `is_at_limit` holds.
    """

    def __init__(self) -> None:
        self._last = np.inf

    def move(self, point: TrainingPoint, step: Step, damping: float = 0.0) -> Move | Stop:
        """Return the step taken from a point, or why there is none."""
        slope, length, rounding = inner(point.descent, step) / len(point.targets), norm(step), rounding_of(point.loss)
        hidden = -slope <= rounding
        if not slope < 0 or (hidden and length >= self._last):
            return _no_way_down(point, length)
        factor = 1.0
        for _ in range(1 if hidden else HALVINGS):
            tried = point.moved(step, factor)
            falls = tried.loss < point.loss and tried.loss <= point.loss + SHARE * factor * slope
            if falls or (hidden and tried.loss <= point.loss + rounding):
                self._last = factor * length
                return Move(tried, factor * length, damping, shortened=factor < 1)
            factor /= 2
        return _no_way_down(point, length)


def _no_way_down(point: TrainingPoint, length: float) -> Stop:
    if is_at_limit(length, point):
        return Stop(
            "no step lowers the loss any more, and the next one is below 1e-8 of the weights: what is left is rounding", converged=True
        )
    return Stop("no step along this direction lowers the loss")
