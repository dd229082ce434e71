r"""Critical points at which the gradients of the errors cancel within each group of samples whose outputs determine each other.

Inputs of one orbit (`orbits`), such as equal ones, have outputs ``ρ_i c`` whatever the weights, so ``T ∇J = P ε`` depends on the sums ``Σ ρ_i ∇E_i``
over the groups only. Where all of them vanish the point is critical, and for a convex error every group has its least error: a global minimum. These are
``n_L`` equations for each group (softmax: one less, as the sum over the outputs is 0), in the weights by which they change most. An exact learner is the case
of groups of one sample.

For the squared error, outputs whose targets follow others, ``y_f = Σ_j q_j y_j + c``, may follow these, and so do their errors: then only the sums of the
others are equations, in the weights of the hidden layers. Else, where hidden outputs depend on the ones, no weights determine all sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from flint import fmpq, fmpq_mat
from scipy import linalg

from lossproof.numerics.algebra.rational_echelon import echelon
from lossproof.numerics.critical.box import MOST_PARAMETERS, refined_zero, zero_box
from lossproof.numerics.critical.systems import BalancedSystem
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import output_residuals
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.numerics.samples.orbits import orbits
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_NEARLY_BALANCED = 1e-5
_REGULAR = 1e-9
_NEARLY_FOLLOWING = Fraction(1, 10**4)


@dataclass(frozen=True)
class BalancedPoint:
    """Weights near which the sums vanish, those that are free (``parameters``, rows of ``P``), the box proved for them, and outputs that follow others."""

    weights: Weights
    parameters: tuple[int, ...]
    radius: Fraction
    precision: int
    following: tuple[Following, ...] = ()


Following: TypeAlias = tuple[int, tuple[Fraction, ...]]
"""An output, and its share of each other output; of those that follow others it has none."""


def balanced_point(problem: Problem, weights: Weights, *, exactly: bool = False) -> BalancedPoint | None:
    """Return a point at or near the weights near which the sums over all groups are proved to vanish, or None.

    With ``exactly`` the weights stay as they are, else they are refined. None says nothing: the sums may be far from 0, or their derivative deficient.
    """
    found = _point_of(problem, weights, (), exactly=exactly)
    following = following_outputs(problem) if found is None else ()
    start = with_following_outputs(problem, weights, following) if following else None
    return found if start is None or (exactly and start != weights) else _point_of(problem, start, following, exactly=exactly)


def _point_of(problem: Problem, weights: Weights, following: tuple[Following, ...], *, exactly: bool) -> BalancedPoint | None:
    system = _system(problem, weights, following)
    if system is None:
        return None
    point = weights if exactly else refined_zero(problem, weights, system) or weights
    box = zero_box(problem, point, system)
    return None if box is None else BalancedPoint(point, system.parameters, *box, following)


def _system(problem: Problem, weights: Weights, following: tuple[Following, ...]) -> BalancedSystem | None:
    """Return the system in the weights that pivoting in doubles chooses; None where the sums are not small, or too few weights determine them."""
    a, groups = problem.architecture, balanced_groups(problem)
    followers = [f for f, _ in following]
    outputs = tuple(j for j in range(a.n_L - (problem.error.family == "softmax")) if j not in followers)
    n, free = len(groups) * len(outputs), a.N_net - (a.fan_in(a.L) * a.n_L if following else 0)
    if not 0 < n <= min(free, MOST_PARAMETERS) or beyond_doubles(problem, weights) is not None:
        return None
    try:
        with np.errstate(all="ignore"):
            evaluation = evaluate(a, problem.samples, weights, Float64Field())
            blank = BalancedSystem((), (), groups, outputs)
            residuals = np.asarray(output_residuals(problem, evaluation), dtype=float)
            sums, sizes = blank.sums(residuals), blank.sums(np.abs(residuals))
            J = np.asarray(blank.derivatives(problem, evaluation), dtype=float)[:, :free]
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


def following_outputs(problem: Problem) -> tuple[Following, ...]:
    """Return the outputs whose targets are sums of others and of a constant, each as late as can be; none but for the squared error and identity output.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> classes = Samples.of([[0], [1], [2]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    >>> [(f, [str(x) for x in q]) for f, q in following_outputs(Problem(Architecture.of("1-2-3"), error_named("squared"), classes))]
    [(2, ['-1', '-1', '0'])]
    """
    a, Y = problem.architecture, problem.samples.Y
    if problem.error.name != "squared" or not a.output_activation.is_identity or a.L == 1 or a.n_L == 1:
        return ()
    constant = a.bias_rows_of(a.L)
    rows, pivots = echelon(fmpq_mat([[fmpq(1)] * constant + [to_flint(y) for y in row] for row in Y]))
    found = list[Following]()
    for k in range(constant, constant + a.n_L):
        if k not in pivots:
            shares = dict(zip(pivots, (from_flint(row[k]) for row in rows), strict=True))
            found.append((k - constant, tuple(shares.get(j, Fraction(0)) for j in range(constant, constant + a.n_L))))
    return tuple(found) if len(found) < a.n_L else ()


def with_following_outputs(problem: Problem, weights: Weights, following: Sequence[Following]) -> Weights | None:
    """Return the weights with those to outputs that follow others in this relation exactly, where they nearly are; None where they are not, or not rational."""
    a, last = problem.architecture, weights.layers[-1]
    rows = [[x for x in row if isinstance(x, Fraction)] for row in (*last.W, last.b)]
    if any(len(row) < a.n_L for row in rows):
        return None
    targets = problem.samples.Y[0]
    for f, shares in following:
        offset = targets[f] - sum((q * y for q, y in zip(shares, targets, strict=True)), Fraction(0))
        for k, row in enumerate(rows):
            wanted = sum((q * x for q, x in zip(shares, row, strict=True)), offset if k == len(last.W) else Fraction(0))
            if abs(wanted - row[f]) > _NEARLY_FOLLOWING * (1 + abs(wanted)):
                return None
            row[f] = wanted
    return Weights((*weights.layers[:-1], Layer(tuple(map(tuple, rows[:-1])), tuple(rows[-1]))))


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
