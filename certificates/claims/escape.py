"""The claim ``escape``: other weights, a step away from those given, at which the loss is smaller by a proved amount."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.claims.critical_facts import claim_distance_between, claim_loss, claim_sharp_loss
from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, implied
from lossproof.certificates.proof.places import Point
from lossproof.certificates.text.enclosures import decimal_above, decimal_below
from lossproof.numerics.critical.escape import CURVATURE, WayDown, ways_down

_NAME = "escape"
_MOST_WAYS = 2
_LOWEST = ("global", "strict-minimum", "local-minimum")
_WORDS = {CURVATURE: "a direction in which J curves downwards"}


def claim_escape(context: ProofContext, point: Point, located: LocatedPoint | None) -> Claim | None:
    """Claim that weights at a proved distance have a loss smaller by a proved amount, the step with the largest fall that is found first.

    None where no fall is proved, as at minima, and where a box around these weights holds a minimum or an exact learner, which lies no lower to speak of.
    """
    if located is not None and located.claim.point is point and located.class_claim is not None and located.class_claim.id in _LOWEST:
        return None
    ways = context.once("ways down", point, lambda: ways_down(context.problem, point.weights))
    return next((claim for way in ways[:_MOST_WAYS] if (claim := _proved(context, point, way)) is not None), None)


def _proved(context: ProofContext, point: Point, way: WayDown) -> Claim | None:
    """Claim that the loss at the end of a step is smaller, from the usual bounds of both losses, or from sharp ones where these overlap."""
    end = Point(way.weights)
    distance = claim_distance_between(context.problem, point, end)
    for lossy in (claim_loss, claim_sharp_loss):
        here, there = lossy(context, point), lossy(context, end)
        decrease = Fraction(0) if here is None or there is None else here.facts["loss_lower"] - there.facts["loss_upper"]
        if here is not None and there is not None and distance is not None and decrease > 0:
            facts = {"point": end, "decrease": decrease, "distance": distance.facts["distance"]}
            where = _WORDS.get(way.along, "minus the gradient")
            step = f"A step of length {decimal_above(facts['distance'])} at most along {where}"
            reason = f"{step} leads to weights whose loss is smaller by {decimal_below(decrease)} at least."
            return implied(_NAME, _NAME, point, reason, here, there, distance, facts=facts)
    return None
