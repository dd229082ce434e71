"""The approximate Newton (generalised Gauss-Newton) iteration."""

from __future__ import annotations

from lossproof.numerics.training.gauss_newton_step import GaussNewtonSystem
from lossproof.numerics.training.point import TrainingPoint, norm
from lossproof.numerics.training.settings import Move, Stop
from lossproof.numerics.training.step_halving import StepHalving


class GaussNewton:
    r"""``W ← W + δ`` with the least ``δ`` that minimises ``‖Qᵀ δ + c‖`` (see `lossproof.numerics.training.gauss_newton_step`).

    - ``damping`` None: the undamped step, shortened where the loss would not fall (see `StepHalving`);
    - ``damping`` 0: the undamped step in full, always, as the paper states the iteration: it may diverge;
    - ``damping`` ``μ > 0``: the full step with ``H_GN + μ I``, for a constant ``μ``.

    With ``hold_output`` the weights ``W_L`` stay, and ``P`` is without their rows.
    """

    def __init__(self, damping: float | None = None, *, hold_output: bool = False) -> None:
        self.damping, self.hold_output = damping, hold_output
        self._halving = StepHalving()

    def advance(self, point: TrainingPoint) -> Move | Stop:
        """Return the next step."""
        step, rank = GaussNewtonSystem(point, hold_output=self.hold_output).least_step(self.damping or 0.0)
        if rank == 0:
            return Stop("P is zero here, or no number, so that there is no step")
        if self.damping is None:
            return self._halving.move(point, step)
        return Move(point.moved(step, 1.0), norm(step), self.damping)
