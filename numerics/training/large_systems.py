r"""Gauss-Newton steps for systems too large to hold ``K`` as a square: by conjugate gradients without any matrix, or with one triangle in tiles.

Both solve ``(H_GN + μ I) δ = −∇J`` in the notation of `gauss_newton_step`.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tiled_cholesky import factor_in_place, solve_factored
from lossproof.numerics.algebra.tiled_matrix import TiledMatrix
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.weight_vectors import Step, rows_of_step, step_of_rows
from lossproof.numerics.training.error_curvature import CurvedPoint
from lossproof.numerics.training.weighted_gram import weighted_gram_triangle

_ITERATIONS = 300
_TOLERANCE = 0.03


class TiledSystem(CurvedPoint):
    """The dual system ``(K_C + λ I) t = c`` with ``K_C`` as one triangle in tiles; a second one is held while a step is computed."""

    @cached_property
    def _matrix(self) -> TiledMatrix:
        return weighted_gram_triangle(self.point.evaluation, self.curvature[0], hold_output=self.hold_output)

    def largest_diagonal(self) -> float:
        """Return the largest diagonal entry of ``K_C``."""
        return float(np.abs(self._matrix.diagonal()).max())

    def damped_step(self, damping: float) -> Step | None:
        """Return the step for damping ``μ``, with one sweep of iterative refinement, or None where Cholesky breaks down."""
        c = self.curvature[1]
        shift, right = damping * len(c), c.ravel()
        L = self._matrix.copy()
        L.set_diagonal(L.diagonal() + shift)
        with threads_for(L.n**3 / 3):
            if not factor_in_place(L):
                return None
            x = solve_factored(L, right)
            x += solve_factored(L, right - self._matrix.times(x) - shift * x)
        return self.dual_step(x)


class IterativeSystem(CurvedPoint):
    r"""The primal system ``(P D Pᵀ + λ I) δ = −P ε`` by at most 300 steps of conjugate gradients, each one product with ``P`` and one with ``Pᵀ``.

    Every iterate minimises the model over a subspace, so that the decrease ``−½ (∇J·δ + μ ‖δ‖²)`` of `LevenbergMarquardt` is that of the model.
    """

    def largest_diagonal(self) -> float:
        """Return an estimate of the largest diagonal entry of ``K_C``: the largest squared norm of the gradient of an output, for squared errors."""
        evaluation, a = self.point.evaluation, self.point.problem.architecture
        squares = np.zeros((len(self.point.targets), a.n_L))
        for l in range(1, a.L + 1):
            if not (self.hold_output and l == a.L):
                squares += (evaluation.psi[l] ** 2).sum(axis=1) * (evaluation.extended_phi(l - 1) ** 2).sum(axis=1)[:, None]
        return float(squares.max())

    def damped_step(self, damping: float) -> Step | None:
        """Return the step for damping ``μ``."""
        a, T = self.point.problem.architecture, len(self.point.targets)
        C = self.curvature[0]

        def times(flat: Array) -> Array:
            change = self.point.times_P_transposed(step_of_rows(a, flat), hold_output=self.hold_output)
            curved = change if C is None else C**2 * change if C.ndim == 2 else (C @ (C.transpose(0, 2, 1) @ change[:, :, None]))[:, :, 0]
            return rows_of_step(a, self.point.times_P(curved, hold_output=self.hold_output)) + damping * T * flat

        right = -rows_of_step(a, self.point.times_P(self.point.eps, hold_output=self.hold_output))
        operator = LinearOperator((a.N_net, a.N_net), matvec=times, dtype=np.float64)
        with threads_for(_ITERATIONS * 2 * T * a.N_net):
            found, _ = cg(operator, right, rtol=_TOLERANCE, maxiter=_ITERATIONS)
        return step_of_rows(a, found) if np.isfinite(found).all() else None
