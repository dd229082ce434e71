"""The claim that no local minimum lies within some distance of weights, whatever the size of the network."""

from __future__ import annotations

from fractions import Fraction

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
    by_gradient = claim_no_critical_point_nearby(context, point)
    ball = descending_ball(context.problem, point.weights, None if by_gradient is None else by_gradient.facts["radius"])
    if ball is None:
        return by_gradient
    reason = (
        f"No local minimum lies within {decimal_below(ball.radius)} of these weights, as Euclidean distance: "
        "along one direction J curves downwards at all weights so near, by a bound of its second derivative there."
    )
    return _claim(point, reason, ball.radius, ball.direction)


def claim_no_critical_point_nearby(context: ProofContext, point: Point) -> Claim | None:
    """Claim that no critical point, hence no local minimum, lies within a radius of the point, by its gradient; None where that is not seen."""
    return context.once("no critical point nearby", point, lambda: _by_gradient(context, point))


def _by_gradient(context: ProofContext, point: Point) -> Claim | None:
    radius = minimum_free_radius(context.problem, point.weights)
    if radius is None:
        return None
    reason = (
        f"No local minimum, and no critical point at all, lies within {decimal_below(radius)} of these weights, as Euclidean distance: "
        "the gradient here is too large to fall to 0 over that distance, by bounds of the derivative of the outputs and of its change."
    )
    return _claim(point, reason, radius, None)


def _claim(point: Point, reason: str, radius: Fraction, direction: list[Fraction] | None) -> Claim:
    facts = {"radius": radius, "by": "gradient" if direction is None else "curvature"}
    return decided(_NAME, point, reason, _NAME, facts=facts, evidence={"radius": radius, "direction": direction}, own=Rigor.VERIFIED_FLOAT)
