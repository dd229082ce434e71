"""What `check_architecture` says about critical points: at the weights given, at a learner found, and those that decide about bad local minima."""

from __future__ import annotations

from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, locate
from lossproof.certificates.claims.given_weights import GivenWeights, claim_given_weights
from lossproof.certificates.claims.learners import FoundLearner
from lossproof.certificates.claims.pool import Pool
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, proof_order
from lossproof.certificates.proof.places import Point


def pool_of_check(
    context: ProofContext, point: Point, nearby: FoundLearner | None, landscape: LandscapeClaims, *, weights_given: bool
) -> tuple[Pool, GivenWeights | None]:
    """Return the critical points and losses known from the weights given, and from the exact learner ``nearby``, and the claims about those weights."""
    pool, given = Pool(context), None
    if weights_given:
        given = claim_given_weights(context, point, landscape)
        pool.first = given.located
        pool.add(given.located)
        pool.add_losses(
            claim for claim in proof_order([*given.own, *given.claims]) if isinstance(claim, Claim) and claim.id == "loss-bounds"
        )
        pool.unread.append(point)
    if nearby is not None and (given is None or given.located is None or given.located.is_minimum):
        pool.add(locate(context, nearby.point, landscape))
    return pool, given


def told_points(pool: Pool, given: GivenWeights | None, *deciding: Claim | None) -> tuple[Claim, ...]:
    """Return the claims ``critical-point`` to tell: about the weights given, or else the best point of all; and those that ``deciding`` claims rest on.

    These are the points that show a minimum to be bad, and all of a complete list.
    """
    first = () if given is None else given.claims
    best: list[LocatedPoint] = sorted(pool.points, key=lambda found: found.loss.facts["loss_upper"])
    named = [premise.place for claim in deciding if claim is not None for premise in claim.premises] or [
        p.claim.place for p in best[: given is None]
    ]
    known = [claim.place for claim in first]
    others = [p.claim for p in best if any(p.claim.place is q for q in named) and all(p.claim.place is not q for q in known)]
    return (*first, *others)
