"""What `check_architecture` says about critical points: at the weights given or at a learner found, and whether a bad local minimum is met."""

from __future__ import annotations

from dataclasses import dataclass

from lossproof.certificates.claims.critical_facts import claim_loss
from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, locate, prove_near
from lossproof.certificates.claims.given_weights import claim_given_weights
from lossproof.certificates.claims.learners import FoundLearner
from lossproof.certificates.claims.suboptimal import claim_suboptimal, worst_suboptimal
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical.search import Candidate, find_candidates

_STARTS = 12
_SMALL, _MODERATE = (24, 64), (100, 400)
_PROOFS = 6
_NO_LOSS = 1e-20


@dataclass(frozen=True)
class CriticalClaims:
    """Claims ``critical-point``, each at a point of its own, and the worst bad local minimum among them, if any.

    ``own`` are claims about the very weights given that stand before them (see `GivenWeights`).
    """

    points: tuple[Claim, ...]
    suboptimal: Claim | None
    own: tuple[Claim, ...] = ()


def claims_at_weights(context: ProofContext, point: Point, nearby: FoundLearner | None, landscape: LandscapeClaims) -> CriticalClaims:
    """Claim what kind of critical point lies at or near a point; where it is a local minimum, look for a point with a smaller loss.

    That is the exact learner ``nearby``, if one was found, or else met by a search of 12 starts, for at most 100 parameters and 400 columns.
    """
    given = claim_given_weights(context, point, landscape)
    here = given.located
    if here is None or not here.is_minimum:
        return CriticalClaims(given.claims, None, given.own)
    better = None if nearby is None else locate(context, nearby.point, landscape)
    if better is not None:
        return CriticalClaims((*given.claims, better.claim), claim_suboptimal(here, [better.loss]), given.own)
    candidate = next((c for c in _candidates(context, _MODERATE) if c.loss < here.loss.facts["loss_lower"]), None)
    loss = None if candidate is None else claim_loss(context, Point(candidate.weights))
    return CriticalClaims(given.claims, None if loss is None else claim_suboptimal(here, [loss]), given.own)


def claims_of_search(context: ProofContext, nearby: FoundLearner | None, landscape: LandscapeClaims) -> CriticalClaims:
    """Claim the best of the critical points met by a short search, where the network is small, and the worst bad local minimum among them.

    The best one is the exact learner ``nearby`` where one was found. The search takes 12 starts, at most 24 parameters and 64 columns.
    """
    found: list[LocatedPoint] = []
    learner = None if nearby is None else locate(context, nearby.point, landscape)
    if learner is not None:
        found.append(learner)
    for candidate in _candidates(context, _SMALL)[:_PROOFS]:
        if learner is None or candidate.loss > _NO_LOSS:
            located = prove_near(context, candidate.weights, landscape, nearby=True)
            found += [] if located is None else [located]
    worst = worst_suboptimal(found)
    named = {id(node.place) for node in worst.premises} if worst is not None else {id(point.claim.place) for point in found[:1]}
    return CriticalClaims(tuple(point.claim for point in found if id(point.claim.place) in named), worst)


def _candidates(context: ProofContext, size: tuple[int, int]) -> tuple[Candidate, ...]:
    """Search from 12 starts unless the problem has more parameters or columns than ``size`` says."""
    problem = context.problem
    if problem.architecture.N_net > size[0] or problem.columns > size[1]:
        return ()
    context.report_progress("searching critical points", 0, 1)
    return find_candidates(problem, starts=_STARTS, seed=context.seed, workers=1).candidates
