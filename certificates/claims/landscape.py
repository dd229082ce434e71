"""What `check_architecture` says about critical points: at the weights given or at a learner found, and whether a bad local minimum is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lossproof.certificates.claims.critical_facts import claim_loss
from lossproof.certificates.claims.critical_kinds import MINIMA
from lossproof.certificates.claims.critical_point import LandscapeClaims, claim_critical_point, claim_critical_point_at, prove_near
from lossproof.certificates.claims.given_weights import claim_given_weights
from lossproof.certificates.claims.learner_nearby import BOX_RULES
from lossproof.certificates.claims.stationary import LearnerClaims
from lossproof.certificates.claims.suboptimal import claim_suboptimal, losses_of, worst_of
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.numerics.critical.search import Candidate, find_candidates
from lossproof.theory.verdicts import Verdict

_STARTS = 12
_SMALL, _MODERATE = (24, 64), (100, 400)
_PROOFS = 6
_NO_LOSS = 1e-20


@dataclass(frozen=True)
class CriticalClaims:
    """Claims ``critical-point``, each at a point of its own, and the worst bad local minimum among them, if any.

    ``own`` are claims about the very weights of point 0 that stand before them (see `GivenWeights`).
    """

    points: tuple[Claim, ...]
    suboptimal: Claim | None
    own: tuple[Claim, ...] = ()


def claims_at_weights(context: ProofContext, learner: LearnerClaims, landscape: LandscapeClaims) -> CriticalClaims:
    """Claim what kind of critical point lies at or near point 0; where it is a local minimum, look for a point with a smaller loss.

    The search takes 12 starts, at most 100 parameters and 400 columns.
    """
    given = claim_given_weights(context, learner, landscape)
    here, points = given.located, (given.critical, *(() if given.witness is None else (given.witness,)))
    if here.facts["kind"] not in MINIMA:
        return CriticalClaims(points, None, given.own)
    if learner.nearby is not None:
        better = claim_critical_point(context, learner.nearby.evidence["point"], learner, landscape)
        return CriticalClaims((*points, better), claim_suboptimal(here, losses_of([better])), given.own)
    for candidate in _candidates(context, _MODERATE):
        if candidate.loss < here.facts["loss_lower"]:
            count = len(context.points)
            loss = claim_loss(context, context.add_point(candidate.weights), Fraction(0))
            suboptimal = None if loss is None else claim_suboptimal(here, [loss])
            if suboptimal is None:
                context.forget_points_after(count)
            return CriticalClaims(points, suboptimal, given.own)
    return CriticalClaims(points, None, given.own)


def claims_of_search(context: ProofContext, existence: Claim, landscape: LandscapeClaims) -> CriticalClaims:
    """Claim the best of the critical points met by a short search, where the network is small, and the worst bad local minimum among them.

    The best one is the exact learner of ``existence`` where that was proved in a box. The search takes 12 starts, at most 24 parameters and 64 columns.
    """
    found: list[Claim] = []
    count = len(context.points)
    if existence.rule in BOX_RULES:
        found.append(claim_critical_point(context, existence.evidence["point"], LearnerClaims(nearby=existence), landscape))
    for candidate in _candidates(context, _SMALL)[:_PROOFS]:
        if existence.rule not in BOX_RULES or candidate.loss > _NO_LOSS:
            claim = prove_near(context, candidate.weights, landscape, nearby=True)
            found += [] if claim is None else [claim]
    worst_one = _worst(found)
    named = (
        {worst_one.point, min(losses_of(found), key=lambda loss: loss.facts["loss_upper"]).point}
        if worst_one is not None
        else {c.point for c in found[:1]}
    )
    kept = _renumbered(context, count, {claim.point or 0: claim for claim in found if claim.point in named}, landscape)
    return CriticalClaims(kept, _worst(kept))


def _worst(claims: Sequence[Claim]) -> Claim | None:
    """Return the claim ``suboptimal`` about the worst of the local minima among some claims ``critical-point``; None where none is proved to be bad."""
    losses = losses_of(claims)
    return worst_of(bad for claim in claims if (bad := claim_suboptimal(claim, losses)) is not None)


def _renumbered(context: ProofContext, count: int, claims: Mapping[int, Claim], landscape: LandscapeClaims) -> tuple[Claim, ...]:
    """Forget the points beyond the first ``count`` that none of the claims, by point, is about; a claim at a point that moves up is proved there again."""
    kept, end = [], count
    weights = {point: context.points[point] for point in claims}
    for point, claim in claims.items():
        if point > end:
            claim = claim_critical_point_at(context, context.keep_point_at(end, weights[point]), landscape)
        kept.append(claim)
        end = max(end, (claim.point or 0) + 1)
    context.forget_points_after(end)
    return tuple(kept)


def _candidates(context: ProofContext, size: tuple[int, int]) -> tuple[Candidate, ...]:
    """Search from 12 starts unless the problem has more parameters or columns than ``size`` says."""
    problem = context.problem
    if problem.architecture.N_net > size[0] or problem.columns > size[1]:
        return ()
    context.report_progress("searching critical points", 0, 1)
    return find_candidates(problem, starts=_STARTS, seed=context.seed, workers=1).candidates


def learner_claims_at_weights(
    context: ProofContext, learner: Claim | None, existence: Claim, full_rank: Claim, hessian: Claim
) -> LearnerClaims:
    """Gather what is proved about an exact learner at or near point 0."""
    at_point = learner is not None and learner.verdict is Verdict.PROVED
    near = existence if existence.rule in BOX_RULES else None
    return LearnerClaims(learner, near, full_rank if at_point else None, hessian if at_point else None)
