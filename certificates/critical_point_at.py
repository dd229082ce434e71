"""The claim ``critical-point`` at one of the points of a run, with what is proved about exact learners there."""

from __future__ import annotations

from lossproof.certificates.claims import Claim
from lossproof.certificates.critical_point_claims import LandscapeClaims, claim_critical_point
from lossproof.certificates.exact_learning_claims import claim_exact_learning_at
from lossproof.certificates.full_rank_claims import claim_full_rank_at
from lossproof.certificates.learner_search import claim_learner_nearby, learner_near_point
from lossproof.certificates.proof_context import ProofContext
from lossproof.certificates.second_order_claims import claim_hessian_rank_at
from lossproof.certificates.stationary_claims import LearnerClaims
from lossproof.theory.verdicts import Verdict


def claim_critical_point_at(context: ProofContext, point: int, landscape: LandscapeClaims) -> Claim:
    """Claim the kind of critical point at or near a point of the context; an exact learner there is looked for first (see `claim_critical_point`)."""
    return claim_critical_point(context, point, _learner_claims(context, point, landscape.morse), landscape)


def _learner_claims(context: ProofContext, point: int, morse: Claim) -> LearnerClaims:
    """Return what can be proved about exact learners at or near a point: at it with the ranks there, or in a box around it, or nothing."""
    exact = claim_exact_learning_at(context, point)
    if exact is not None and exact.verdict is Verdict.PROVED:
        return LearnerClaims(exact, None, claim_full_rank_at(context, point), claim_hessian_rank_at(context, exact, morse))
    found = learner_near_point(context, point)
    return LearnerClaims(exact, None if found is None else claim_learner_nearby(found))
