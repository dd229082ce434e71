"""Backpropagation with a constant step: the baseline of the paper."""

from __future__ import annotations

from dataclasses import dataclass

from lossproof.numerics.training.point import TrainingPoint
from lossproof.numerics.training.settings import DEFAULT_STEP, Move


@dataclass(frozen=True)
class Backpropagation:
    """``W ← W − step · ∇J(W)`` over all samples at once, at a cost of ``O(T N_net)``."""

    step: float = DEFAULT_STEP

    def advance(self, point: TrainingPoint) -> Move:
        """Return the next step."""
        factor = self.step / len(point.targets)
        return Move(point.moved(point.descent, -factor), self.step * point.gradient_norm, shortened=True)
