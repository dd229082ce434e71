"""The ways from weights that a user gave to critical points of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from lossproof.certificates.claims.critical_facts import claim_distance
from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint
from lossproof.certificates.claims.reached_point import reach_critical_point
from lossproof.certificates.maps.hits import Hit, Hits
from lossproof.certificates.maps.record import GivenStart
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.certificates.reports.record import ReportRecord
from lossproof.theory.problem.weights import Weights

_NOT_TRIED = "The work was interrupted before they were tried."
_REFUSED = "A proof was made, but the checker of certificates does not accept it."


@dataclass
class Way:
    """The way from given weights: the critical point that was ``located``, the ``hit`` that counts it on the map, and what was ``seen``."""

    point: Point
    located: LocatedPoint | None = None
    hit: Hit | None = None
    seen: str = _NOT_TRIED

    @property
    def is_reached(self) -> bool:
        """Whether a critical point was located."""
        return self.located is not None


def ways_from(weights: Sequence[Weights]) -> list[Way]:
    """Return ways that are still to go."""
    return [Way(Point(start)) for start in weights]


def go(context: ProofContext, way: Way, landscape: LandscapeClaims, hits: Hits) -> None:
    """Go from given weights to a critical point, and enter it where it is proved."""
    reached = reach_critical_point(context, way.point, landscape)
    way.located, way.seen = reached.located, reached.seen
    way.hit = None if reached.located is None else hits.enter(reached.located)


def distance_of(context: ProofContext, way: Way) -> Claim | None:
    """Claim how far from given weights the critical point is that counts them, or a copy of it that is nearer.

    None where these very weights are it, where no distance is proved, or where no critical point was reached.
    """
    if way.located is None or way.hit is None:
        return None
    own = claim_distance(context, way.point, way.located.shown)
    if way.hit.point is way.located or own is None:
        return own
    counted = claim_distance(context, way.point, way.hit.point.shown)
    return own if counted is None or counted.facts["distance"] > 2 * own.facts["distance"] else counted


def told_starts(report: ReportRecord, ways: Sequence[Way], distances: Sequence[Claim | None]) -> tuple[GivenStart, ...]:
    """Return what came of given weights, in the words of a report: a critical point or a distance that it does not claim was refused by the checker."""
    claimed = {id(claim) for claim in report.claims}
    starts = []
    for number, (way, claim) in enumerate(zip(ways, distances, strict=True)):
        located, hit = way.located, way.hit
        if located is None or hit is None or id(hit.point.claim) not in claimed:
            seen = way.seen if located is None else _REFUSED
            starts.append(GivenStart(number, way.point.weights, None, None, None, seen=seen))
            continue
        kept = claim if claim is not None and id(claim) in claimed else None
        here = located.claim.place is way.point
        distance = Fraction(0) if here else None if kept is None else Fraction(kept.facts["distance"])
        is_copy = (located.claim if kept is None else kept).place is not hit.point.claim.place
        starts.append(GivenStart(number, way.point.weights, report.number(hit.point.claim.point), distance, kept, is_copy=is_copy))
    return tuple(starts)
