"""Newton's method with the exact Hessian of ``J``."""

from __future__ import annotations

import numpy as np

from lossproof.numerics.algebra.positive_solve import rounding_threshold
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.weight_vectors import rows_of_step, step_of_rows
from lossproof.numerics.training.point import TrainingPoint, norm
from lossproof.numerics.training.settings import Move, Stop
from lossproof.numerics.training.step_halving import StepHalving


class Newton:
    r"""Steps from the spectrum ``H = V Λ Vᵀ`` of the exact Hessian, at a cost of ``O(N_net³)``.

    - ``damping`` None: ``δ = −V (|Λ| + μ I)^{-1} Vᵀ ∇J`` with ``μ = ‖∇J‖``, shortened where the loss would not fall (see `StepHalving`). It descends
      everywhere, turns away from saddles, and its damping vanishes so fast that convergence stays quadratic, to isolated minima and
      to manifolds of minima whose loss grows with the squared distance (Li, Fukushima, Qi and Yamashita 2004);
    - ``damping`` 0: pure Newton ``δ = −H⁺ ∇J`` in full: it may diverge and is attracted by saddles. ``H⁺`` leaves out eigenvalues below ``N_net ε`` times
      the largest one, ``ε = 2^-52``;
    - ``damping`` ``μ > 0``: ``|Λ| + μ I`` with a constant ``μ``, in full.
    """

    def __init__(self, damping: float | None = None) -> None:
        self.damping = damping
        self._halving = StepHalving()

    def advance(self, point: TrainingPoint) -> Move | Stop:
        """Return the next step."""
        architecture = point.problem.architecture
        gradient = rows_of_step(architecture, point.descent) / len(point.targets)
        H = hessian(point.problem, point.evaluation)
        if not np.isfinite(H).all():
            return Stop("the Hessian is out of the range of doubles")
        with threads_for(len(H) ** 3):
            values, vectors = np.linalg.eigh(H)
        sizes, along = np.abs(values), vectors.T @ gradient
        kept = sizes > rounding_threshold(len(values)) * sizes.max()
        damping = point.gradient_norm if self.damping is None else self.damping
        if damping > 0:
            along /= sizes + damping
        else:
            along[kept] /= values[kept]
            along[~kept] = 0.0
        step = step_of_rows(architecture, -(vectors @ along))
        return self._halving.move(point, step, damping) if self.damping is None else Move(point.moved(step, 1.0), norm(step), damping)
