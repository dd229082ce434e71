"""The claim that no local minimum lies within some distance of weights, whatever the size of the network."""

from __future__ import annotations

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided
from lossproof.certificates.proof.places import Point
from lossproof.certificates.text.enclosures import decimal_below
from lossproof.numerics.critical.minimum_free import minimum_free_radius
from lossproof.numerics.critical.negative_curvature import descending_ball
from lossproof.theory.verdicts import Rigor

_NAME = "no-minimum-nearby"


def claim_no_minimum_nearby(context: ProofContext, point: Point) -> Claim | None:
    """Claim that no local minimum lies within a radius of the point, by its gradient or by a direction of negative curvature, whichever gives more.

    None where neither shows any, as at and next to minima.
    """
    problem, weights = context.problem, point.weights
    radius, direction = minimum_free_radius(problem, weights), None
    ball = descending_ball(problem, weights, radius)
    if ball is not None:
        radius, direction = ball.radius, ball.direction
    if radius is None:
        return None
    what = "No local minimum" if direction else "No local minimum, and no critical point at all,"
    why = (
        "along one direction J curves downwards at all weights so near, by a bound of its second derivative there."
        if direction
        else "the gradient here is too large to fall to 0 over that distance, by bounds of the derivative of the outputs and of its change."
    )
    reason = f"{what} lies within {decimal_below(radius)} of these weights, as Euclidean distance: {why}"
    facts = {"radius": radius, "by": "curvature" if direction else "gradient"}
    return decided(_NAME, point, reason, _NAME, facts=facts, evidence={"radius": radius, "direction": direction}, own=Rigor.VERIFIED_FLOAT)
