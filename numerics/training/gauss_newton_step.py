r"""Gauss-Newton steps by the smaller of two systems: ``T n_L`` unknowns with ``K``, or ``N_net`` unknowns with ``P C Cᵀ Pᵀ``.

Derivation. Let ``D = blockdiag(∇²E_i) = C Cᵀ`` with ``C`` of full column rank, ``Q = P C`` and ``c = C⁺ε``, so that ``T H_GN = Q Qᵀ`` and ``T ∇J =
P ε = Q c``. The step with damping ``μ`` solves ``(H_GN + μ I) δ = −∇J``, that is ``(Q Qᵀ + λ I) δ = −Q c`` with ``λ = μ T`` (*primal*). Since
``(Q Qᵀ + λ I) Q = Q (Qᵀ Q + λ I)``, it is ``δ = −Q t`` with ``(K_C + λ I) t = c``, ``K_C = Qᵀ Q = Cᵀ K C`` (*dual*); with ``s = C t`` and ``D``
invertible this reads ``(K + λ D^{-1}) s = D^{-1} ε``, ``δ = −P s``. For ``λ = 0`` and ``Q`` of full column rank, ``Qᵀ δ = −c`` and ``δ`` in the range of ``Q``:
the least of all steps that solve the linearised equations. Where ``Q`` loses column rank the same formula with the pseudo-inverse of
``K_C`` gives the least step among those that minimise ``‖Qᵀ δ + c‖``. With weight decay the primal form is taken, with ``T diag(λ)`` added to ``Q Qᵀ``.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lossproof.numerics.algebra.positive_solve import factored, solve_positive, solve_refined
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.penalty import rates_in_doubles
from lossproof.numerics.network.weight_vectors import Step, rows_of_step, step_of_rows
from lossproof.numerics.training.error_curvature import CurvedPoint
from lossproof.numerics.training.weighted_gram import gauss_newton_sum, weighted_gram


class GaussNewtonSystem(CurvedPoint):
    """The system at one point, for any number of dampings: the matrix is formed once.

    ``hold_output`` leaves the output weights as they are and always takes the dual form.

    >>> from lossproof.numerics.training.point import training_point
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.problem import Problem
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1", "identity"), error_named("squared"), Samples.of([[0], [1]], [[1], [3]]))
    >>> step, rank = GaussNewtonSystem(training_point(problem, [(np.zeros((1, 1)), np.zeros(1))])).least_step(0.0)
    >>> rank, [part.round(12).tolist() for part in step[0]]
    (2, [[[2.0]], [1.0]])
    """

    @cached_property
    def is_dual(self) -> bool:
        """Tell whether the system has one unknown an equation (``T m``) and not one a weight."""
        wide = self.point.problem.architecture.N_net >= self.curvature[1].size
        return self.hold_output or (wide and self.point.problem.decay is None)

    @cached_property
    def matrix(self) -> Array:
        """``K_C``, or ``P C Cᵀ Pᵀ`` in the primal form, with ``T λ_k`` on its diagonal where weights decay."""
        if self.is_dual:
            return weighted_gram(self.point.evaluation, self.curvature[0], hold_output=self.hold_output)
        found = gauss_newton_sum(self.point.evaluation, self.curvature[0])
        if self.point.problem.decay is not None:
            found[np.diag_indices(len(found))] += len(self.point.targets) * rates_in_doubles(self.point.problem)
        return found

    @cached_property
    def _right(self) -> Array:
        if self.is_dual:
            return np.asarray(self.curvature[1].ravel())
        return rows_of_step(self.point.problem.architecture, self.point.descent)

    def largest_diagonal(self) -> float:
        """Return the largest diagonal entry of the matrix."""
        return float(np.abs(self.matrix.diagonal()).max())

    def least_step(self, damping: float) -> tuple[Step, int]:
        """Return the step for damping ``μ`` and the rank that was kept; the minimum-norm step where ``μ = 0`` (see `solve_positive`)."""
        with threads_for(len(self.matrix) ** 3 / 3):
            found = solve_positive(self.matrix, damping * len(self.point.targets), self._right)
        return self._step(found.x), found.rank

    def damped_step(self, damping: float) -> Step | None:
        """Return the step for damping ``μ``, or None where Cholesky breaks down."""
        shift = damping * len(self.point.targets)
        with threads_for(len(self.matrix) ** 3 / 3):
            factor = factored(self.matrix, shift)
            x = None if factor is None else solve_refined(self.matrix, shift, factor, self._right)
        return None if x is None else self._step(x)

    def _step(self, x: Array) -> Step:
        if not self.is_dual:
            return step_of_rows(self.point.problem.architecture, -x)
        return self.dual_step(x)
