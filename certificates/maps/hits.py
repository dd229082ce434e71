"""The proved critical points of a map, each counted once."""

from __future__ import annotations

from dataclasses import dataclass, field

from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.claims.same_points import same_loss, same_point, weights_of
from lossproof.theory.problem.problem import Problem


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
        known = self.equal_to(point)
        if known is None:
            self.found.append(Hit(point, hits))
            return self.found[-1]
        known.hits += hits
        if self.merging and _telling(point) > _telling(known.point) and not _same_family(known.point, point):
            known.point = point
        return known

    def equal_to(self, point: LocatedPoint) -> Hit | None:
        """Return where a point equal to this one is counted; None without any."""
        for known in self.found:
            equal = weights_of(known.point) == weights_of(point)
            if equal or (self.merging and (_same_family(known.point, point) or same_point(self.problem, known.point, point))):
                return known
        return None


def _telling(point: LocatedPoint) -> tuple[bool, bool]:
    """Return whether the class of a point is known, and whether the point is known exactly."""
    return point.class_claim is not None, point.claim.facts["radius"] == 0


def _same_family(first: LocatedPoint, second: LocatedPoint) -> bool:
    a, b, dimension = first.claim.facts, second.claim.facts, first.dimension
    alike = dimension > 0 and dimension == second.dimension and all(a[key] == b[key] for key in ("kind", "inertia"))
    return alike and same_loss(first, second)
