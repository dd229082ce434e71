"""What a run is told, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeAlias

from lossproof.numerics.training.point import TrainingPoint

Progress: TypeAlias = Callable[[str, int, int], None]

METHODS = ("ggn", "lm", "newton", "bp", "lbfgs")
DEFAULT_ITERATIONS = MappingProxyType({"ggn": 200, "lm": 500, "newton": 500, "bp": 10_000, "lbfgs": 10_000})
DEFAULT_TOLERANCE = 1e-14
DEFAULT_STEP = 0.1


@dataclass(frozen=True)
class Settings:
    """The choices of one run.

    - ``damping``: None for the method's own rule (``"auto"``), or ``μ ≥ 0``;
    - ``step``: the constant step of ``bp``;
    - ``hold_output``: whether ``ggn`` and ``lm`` leave ``W_L`` as it is;
    - ``tolerance``, ``target_loss``: see `TrainingRun.stop`;
    - ``progress(stage, done, total)``: called after every iteration.
    """

    method: str = "ggn"
    damping: float | None = None
    step: float = DEFAULT_STEP
    max_iterations: int = 200
    tolerance: float = DEFAULT_TOLERANCE
    target_loss: float | None = None
    progress: Progress | None = None
    hold_output: bool = False


@dataclass(frozen=True)
class Stop:
    """Why a run ends, and whether that speaks for a limit."""

    reason: str
    converged: bool = False
    interrupted: bool = False


@dataclass(frozen=True, eq=False)
class Move:
    """One accepted step: the new point, the norm of the step, the damping used, and whether halving or damping made it much shorter than the model asks."""

    point: TrainingPoint
    norm: float
    damping: float = 0.0
    shortened: bool = False


class Optimiser(Protocol):
    """A method that makes one step at a time, and may keep what it learns between steps."""

    def advance(self, point: TrainingPoint) -> Move | Stop:
        """Return the next step, or why there is none. Raises `NotDifferentiable` at a kink."""
        ...
