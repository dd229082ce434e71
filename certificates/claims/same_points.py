"""Whether two proved critical points are one, as far as doubles tell."""

from __future__ import annotations

from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.numerics.critical.symmetries import balanced_weights, same_up_to_symmetry
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_SAME_POINT = 1e-6


def weights_of(point: LocatedPoint) -> Weights | None:
    """Return the weights at or near which a critical point is proved; None without any."""
    return None if point.claim.point is None else point.claim.point.weights


def same_loss(first: LocatedPoint, second: LocatedPoint) -> bool:
    """Tell whether the enclosures of two losses meet."""
    a, b = first.claim.facts, second.claim.facts
    return bool(a["loss_lower"] <= b["loss_upper"] and b["loss_lower"] <= a["loss_upper"])


def same_point(problem: Problem, first: LocatedPoint, second: LocatedPoint) -> bool:
    """Tell whether two points are equal up to symmetries and ``10^-6``, as doubles show, with losses not told apart."""
    if not same_loss(first, second):
        return False
    one, other = _flat(problem, first), _flat(problem, second)
    return one is not None and other is not None and same_up_to_symmetry(problem, one, other, _SAME_POINT)


def _flat(problem: Problem, point: LocatedPoint) -> Array | None:
    """Return the weights of a point in doubles, units of homogeneous activations rescaled; None where they have no doubles."""
    weights = weights_of(point)
    if weights is None or beyond_doubles(problem, weights) is not None:
        return None
    return balanced_weights(problem, flat_weights(problem, weights))
