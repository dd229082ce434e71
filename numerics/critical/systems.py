"""Systems of as many equations as unknowns whose zeros are critical points: some components of the gradient, or sums of the gradients of the errors.

Every unknown is one weight, or several that move in fixed ratios; the other weights are held.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from flint import arb_mat

from lossproof.numerics.critical.still_units import Still, still_derivatives, still_values
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.evaluation import Evaluation, evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import gradient, jacobian, output_residuals
from lossproof.numerics.network.pass_limits import constants_in
from lossproof.theory.limits import constants_work, elimination_work, gradient_work, hessian_batches, hessian_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights


@dataclass(frozen=True)
class System(ABC):
    """A system in the weights ``parameters`` (rows of ``P``), of which ``ties`` (weight, parameter, ratio) let others follow in a fixed ratio."""

    parameters: tuple[int, ...]
    ties: tuple[tuple[int, int, Fraction], ...]

    @abstractmethod
    def values(self, problem: Problem, weights: Weights, precision: int) -> arb_mat:
        """Return enclosures of the equations at the weights, as a column."""

    @abstractmethod
    def _rows(self, problem: Problem, weights: Weights, radius: Fraction, precision: int) -> Array:
        """Return enclosures of the derivatives of the equations by all weights over the box in which those of `moving` differ by at most ``radius``."""

    @property
    def moving(self) -> list[int]:
        """The weights that move."""
        return [*self.parameters, *(k for k, _, _ in self.ties)]

    def reach(self, radius: Fraction) -> Fraction:
        """Return how far any weight moves at most where no parameter moves farther than ``radius``."""
        return radius * max([Fraction(1), *(abs(q) for _, _, q in self.ties)])

    def slopes(self, problem: Problem, weights: Weights, radius: Fraction, precision: int) -> arb_mat:
        """Return enclosures of the derivatives by the parameters over a box, as a square matrix; raises `NotDifferentiable`."""
        rows = self._rows(problem, weights, self.reach(radius), precision)
        columns = rows[:, list(self.parameters)]
        place = {k: m for m, k in enumerate(self.parameters)}
        for k, parameter, ratio in self.ties:
            columns[:, place[parameter]] = columns[:, place[parameter]] + rows[:, k] * ball_of(ratio)
        return arb_mat(columns.tolist())

    def work(self, problem: Problem, weights: Weights, bits: int) -> int:
        """Return the work of Krawczyk's test for a checker: the equations, their derivatives, and an inverse."""
        widths, T, softmax, n = problem.architecture.widths, problem.T, problem.error.family == "softmax", len(self.parameters)
        passes = gradient_work(widths, T, bits, softmax=softmax) + hessian_work(widths, T, bits, n, softmax=softmax)
        return passes + constants_work((2 + hessian_batches(widths, T, n)) * constants_in(weights), bits) + 2 * elimination_work(n, bits)


@dataclass(frozen=True)
class ReducedSystem(System):
    """Components of the gradient (``equations``, rows of ``P``), and what must vanish for ``still`` units: together as many as parameters."""

    equations: tuple[int, ...]
    still: Still = ()

    def values(self, problem: Problem, weights: Weights, precision: int) -> arb_mat:
        """Return enclosures of these components of ``∇J``, and of the `still_values`."""
        passed = evaluate(problem.architecture, problem.samples, weights, StateBallField(precision))
        g, rest = gradient(problem, passed), still_values(problem, passed, self.still)
        return arb_mat(len(self.equations) + len(rest), 1, [*(g[k] for k in self.equations), *rest])

    def _rows(self, problem: Problem, weights: Weights, radius: Fraction, precision: int) -> Array:
        passed = evaluate_box(problem, weights, StateBallField(precision), radius, self.moving)
        return np.stack([*hessian(problem, passed)[list(self.equations)], *still_derivatives(problem, passed, self.still)])

    def work(self, problem: Problem, weights: Weights, bits: int) -> int:
        """Return the work of the test, with that of the `still_values` and their derivatives: less than for the gradient and its own."""
        return super().work(problem, weights, bits) * (3 if self.still else 1)


@dataclass(frozen=True)
class BalancedSystem(System):
    """For each of some groups of samples ``(i, ρ_i)`` the components of ``Σ ρ_i ∇E_i`` over the group for some ``outputs``."""

    groups: tuple[tuple[tuple[int, Fraction], ...], ...]
    outputs: tuple[int, ...]

    def values(self, problem: Problem, weights: Weights, precision: int) -> arb_mat:
        """Return enclosures of these sums."""
        residuals = output_residuals(problem, evaluate(problem.architecture, problem.samples, weights, StateBallField(precision)))
        return arb_mat(len(self.parameters), 1, list(self.sums(residuals)))

    def sums(self, entries: Array) -> Array:
        """Return the sums over the groups, one row for each equation, of entries whose first axes are samples and outputs: balls, or doubles."""
        number = float if entries.dtype == np.float64 else ball_of
        return np.array([sum(entries[i, j] * number(rho) for i, rho in group) for group in self.groups for j in self.outputs])

    def _rows(self, problem: Problem, weights: Weights, radius: Fraction, precision: int) -> Array:
        return self.derivatives(problem, evaluate_box(problem, weights, StateBallField(precision), radius, self.moving))

    def derivatives(self, problem: Problem, evaluation: Evaluation) -> Array:
        """Return the derivatives of the sums by all weights: those of ``∇E_ij`` are ``Σ_j' ∇²E_i[j, j'] P[:, (i, j')]``."""
        full, a = replace(evaluation, strip_output=False), problem.architecture
        P = full.field.finalize(jacobian(full)).reshape(a.N_net, problem.T, a.n_L)
        D = full.field.error_derivative(problem.error, 2, full.phi[a.L], full.field.array(problem.samples.Y))
        each = np.array([[sum(P[:, i, m] * D[i, j, m] for m in range(a.n_L)) for j in range(a.n_L)] for i in range(problem.T)])
        return self.sums(each)


def without(problem: Problem, fixed: tuple[int, ...] = ()) -> ReducedSystem:
    """Return the system of all parameters but the ``fixed`` ones, and of the same components of the gradient."""
    free = tuple(k for k in range(problem.architecture.N_net) if k not in set(fixed))
    return ReducedSystem(free, (), free)


def hessian_over_box(problem: Problem, weights: Weights, radius: Fraction, precision: int, parameters: list[int] | None = None) -> Array:
    """Return an enclosure of ``∇²J`` for all weights whose given parameters (all if None) lie within ``radius`` of the point's.

    Raises `NotDifferentiable` where a second derivative does not exist, or may not, in the box.
    """
    return hessian(problem, evaluate_box(problem, weights, StateBallField(precision), radius, parameters))
