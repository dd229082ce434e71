"""The proved critical points of a map, each counted once."""

from __future__ import annotations

from dataclasses import dataclass, field

from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.numerics.critical.symmetries import balanced_weights, same_up_to_symmetry
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_SAME_POINT = 1e-6


@dataclass
class Hit:
    """A proved critical point, and how many starts of the search led to it."""

    point: LocatedPoint
    hits: int = 0


@dataclass
class Hits:
    """The critical points of one landscape that were proved so far.

    With ``merging``, points that cannot be told apart are counted at the first: those of manifolds of critical points of equal dimension, with the same class
    and inertia and losses not told apart, and those that doubles show to be equal up to the symmetries of the loss.
    """

    problem: Problem
    merging: bool
    found: list[Hit] = field(default_factory=list)

    def enter(self, point: LocatedPoint, hits: int = 0) -> Hit:
        """Take in a point with its hits, and return where it is counted; a point that says more stands for those equal to it."""
        for known in self.found:
            equal = _weights_of(known.point) == _weights_of(point)
            if equal or (self.merging and (_same_family(known.point, point) or self._same_point(known.point, point))):
                known.hits += hits
                if self.merging and _telling(point) > _telling(known.point) and not _same_family(known.point, point):
                    known.point = point
                return known
        self.found.append(Hit(point, hits))
        return self.found[-1]

    def _same_point(self, first: LocatedPoint, second: LocatedPoint) -> bool:
        """Tell whether two points are equal up to symmetries and ``10^-6``, as doubles show, with losses not told apart."""
        if not _same_loss(first, second):
            return False
        one, other = self._flat(first), self._flat(second)
        return one is not None and other is not None and same_up_to_symmetry(self.problem, one, other, _SAME_POINT)

    def _flat(self, point: LocatedPoint) -> Array | None:
        """Return the weights of a point in doubles, units of homogeneous activations rescaled; None where they have no doubles."""
        weights = _weights_of(point)
        if weights is None or beyond_doubles(self.problem, weights) is not None:
            return None
        return balanced_weights(self.problem, flat_weights(self.problem, weights))


def _telling(point: LocatedPoint) -> tuple[bool, bool]:
    """Return whether the class of a point is known, and whether the point is known exactly."""
    return point.class_claim is not None, point.claim.facts["radius"] == 0


def _weights_of(point: LocatedPoint) -> Weights | None:
    return None if point.claim.point is None else point.claim.point.weights


def _same_loss(first: LocatedPoint, second: LocatedPoint) -> bool:
    a, b = first.claim.facts, second.claim.facts
    return bool(a["loss_lower"] <= b["loss_upper"] and b["loss_lower"] <= a["loss_upper"])


def _same_family(first: LocatedPoint, second: LocatedPoint) -> bool:
    a, b, dimension = first.claim.facts, second.claim.facts, first.dimension
    alike = dimension > 0 and dimension == second.dimension and all(a[key] == b[key] for key in ("kind", "inertia"))
    return alike and _same_loss(first, second)
