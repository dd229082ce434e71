"""The claim that no local minimum lies within some distance of weights, whatever the size of the network."""

from __future__ import annotations

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided
from lossproof.certificates.proof.places import Point
from lossproof.certificates.text.enclosures import decimal_below
from lossproof.numerics.critical.minimum_free import minimum_free_radius
from lossproof.theory.rationals import rational_text
from lossproof.theory.verdicts import Rigor


def claim_no_minimum_nearby(context: ProofContext, point: Point) -> Claim | None:
    """Claim that no local minimum lies within a radius of the point; None where the gradient there shows none, as at and next to critical points."""
    radius = None if context.problem.decay is not None else minimum_free_radius(context.problem, point.weights)
    if radius is None:
        return None
    reason = (
        f"No local minimum, and no critical point at all, lies within {decimal_below(radius)} of these weights, as Euclidean distance: the gradient here is "
        "too large to fall to 0 over that distance, by bounds of the derivative of the outputs and of its change."
    )
    facts = {"radius": rational_text(radius)}
    return decided("no-minimum-nearby", point, reason, "no-minimum-nearby", facts=facts, evidence=facts, own=Rigor.VERIFIED_FLOAT)
