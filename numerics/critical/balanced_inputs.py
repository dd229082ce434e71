r"""Critical points at which the gradients of the errors cancel within each group of samples whose outputs determine each other.

Inputs of one orbit (`orbits`), such as equal ones, have outputs ``ρ_i c`` whatever the weights, so ``T ∇J = P ε`` depends on the sums ``Σ ρ_i ∇E_i``
over the groups only. Where all of them vanish the point is critical, and for a convex error every group has its least error: a global minimum. These are
``n_L`` equations for each group (softmax: one less, as the sum over the outputs is 0), in the weights by which they change most. An exact learner is the case
of groups of one sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import linalg

from lossproof.numerics.critical.box import MOST_PARAMETERS, refined_zero, zero_box
from lossproof.numerics.critical.systems import BalancedSystem
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import output_residuals
from lossproof.numerics.samples.orbits import orbits
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_NEARLY_BALANCED = 1e-5
_REGULAR = 1e-9


@dataclass(frozen=True)
class BalancedPoint:
    """Weights near which the sums vanish, the weights that are free (``parameters``, rows of ``P``), and the box proved for them."""

    weights: Weights
    parameters: tuple[int, ...]
    radius: Fraction
    precision: int


def balanced_point(problem: Problem, weights: Weights, *, exactly: bool = False) -> BalancedPoint | None:
    """Return a point at or near the weights near which the sums over all groups are proved to vanish, or None.

    With ``exactly`` the weights stay as they are, else they are refined. None says nothing: the sums may be far from 0, or their derivative deficient.
    """
    system = _system(problem, weights)
    if system is None:
        return None
    point = weights if exactly else refined_zero(problem, weights, system) or weights
    box = zero_box(problem, point, system)
    return None if box is None else BalancedPoint(point, system.parameters, *box)


def _system(problem: Problem, weights: Weights) -> BalancedSystem | None:
    """Return the system in the weights that pivoting in doubles chooses; None where the sums are not small, or too few weights determine them."""
    a, groups = problem.architecture, balanced_groups(problem)
    outputs = a.n_L - (problem.error.family == "softmax")
    n = len(groups) * outputs
    if not 0 < n <= min(a.N_net, MOST_PARAMETERS) or beyond_doubles(problem, weights) is not None:
        return None
    try:
        with np.errstate(all="ignore"):
            evaluation = evaluate(a, problem.samples, weights, Float64Field())
            blank = BalancedSystem((), (), groups, outputs)
            residuals = np.asarray(output_residuals(problem, evaluation), dtype=float)
            sums, sizes = blank.sums(residuals), blank.sums(np.abs(residuals))
            J = np.asarray(blank.derivatives(problem, evaluation), dtype=float)
    except NotDifferentiable:
        return None
    if not (np.all(np.abs(sums) <= _NEARLY_BALANCED * (1 + sizes)) and np.all(np.isfinite(J))):
        return None
    scale = np.max(np.abs(J), axis=1, keepdims=True)
    if not np.all(scale > 0):
        return None
    R, chosen = linalg.qr(J / scale, mode="r", pivoting=True)
    if abs(R[n - 1, n - 1]) <= _REGULAR * abs(R[0, 0]):
        return None
    return BalancedSystem(tuple(sorted(int(k) for k in chosen[:n])), (), groups, outputs)


def balanced_groups(problem: Problem) -> tuple[tuple[tuple[int, Fraction], ...], ...]:
    """Return the samples with the factors of their outputs in groups; samples whose output is always 0 are left out.

    At an output activation other than the identity only equal inputs go together.
    """
    groups: dict[object, list[tuple[int, Fraction]]] = {}
    if problem.architecture.output_activation.is_identity:
        for i, orbit in enumerate(orbits(problem)):
            if orbit.factor != 0:
                groups.setdefault(orbit.first, []).append((i, orbit.factor))
    else:
        for i, x in enumerate(problem.samples.X):
            groups.setdefault(x, []).append((i, Fraction(1)))
    return tuple(map(tuple, groups.values()))
