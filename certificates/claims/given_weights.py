"""What very weights that were given are: critical or not, with their own loss, before anything is said about a critical point somewhere near them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from lossproof.certificates.claims.critical_facts import claim_loss
from lossproof.certificates.claims.critical_point import LandscapeClaims, claim_critical_point, claim_critical_point_at, claim_not_critical
from lossproof.certificates.claims.stationary import LearnerClaims, radius_of, refute_stationary
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.numerics.critical.box import refined_weights
from lossproof.numerics.learners.candidates import learner_from
from lossproof.numerics.network.weight_vectors import is_small_beside
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Verdict

NEAR = Fraction(1, 100)
"""A critical point farther than this share of the largest weight from weights that are not critical is not told as what these weights are."""

_MOST_WORK = 5_000_000


@dataclass(frozen=True)
class GivenWeights:
    """The claims about given weights, point 0.

    - ``critical``: the claim ``critical-point`` there;
    - ``own``: what is proved about these very weights besides, where ``critical`` speaks about a critical point at some distance from them;
    - ``witness``: the claim ``critical-point`` at a point of its own, found from weights that are not critical and far from it; or None.
    """

    critical: Claim
    own: tuple[Claim, ...] = ()
    witness: Claim | None = None

    @property
    def located(self) -> Claim:
        """The claim about the critical point that was located, at or near the weights or from them."""
        return self.critical if self.witness is None else self.witness


def claim_given_weights(context: ProofContext, learner: LearnerClaims, landscape: LandscapeClaims) -> GivenWeights:
    """Claim what the weights of point 0 are.

    Where a critical point is proved within a positive distance of them, the reason first says whether they are critical themselves, and their own loss. If
    they are proved not to be, and that distance is more than 1/100 of their largest entry, the claim is the refutation; a critical point that steps like
    Newton's lead to from there, and that is proved near where they end, is a witness at a point of its own. Of large problems, ``T N_net`` beyond 5·10^6,
    weights near a critical point are not asked for more.
    """
    located = claim_critical_point(context, 0, learner, landscape)
    if located.verdict is not Verdict.PROVED or radius_of(located) == 0:
        return GivenWeights(located)
    far = _is_far(context, 0, located)
    asked = far or context.problem.T * context.problem.architecture.N_net <= _MOST_WORK
    refuted = refute_stationary(context, 0) if asked else None
    loss = claim_loss(context, 0, Fraction(0)) if asked else None
    if refuted is None or loss is None or not far:
        own = tuple(claim for claim in (refuted, loss) if claim is not None)
        return GivenWeights(replace(located, reason=f"{_about(refuted, loss)} {located.reason}"), own)
    witness = _witness(context, located, landscape)
    found = "" if witness is None else f" Steps like Newton's lead from them to a critical point: that of point {witness.point}."
    refutation = claim_not_critical(refuted, loss)
    return GivenWeights(replace(refutation, reason=refutation.reason + found), (), witness)


def _about(refuted: Claim | None, loss: Claim | None) -> str:
    own = "" if loss is None else f" {loss.reason}"
    if refuted is None:
        return f"Whether these very weights are critical is not decided.{own}"
    return f"These very weights are not critical: {refuted.reason[0].lower()}{refuted.reason[1:]}{own}"


def _is_far(context: ProofContext, point: int, located: Claim) -> bool:
    """Tell whether a critical point may be farther from a point than `NEAR` of its largest weight."""
    return not is_small_beside(radius_of(located), context.problem.architecture, context.points[point], NEAR)


def _witness(context: ProofContext, located: Claim, landscape: LandscapeClaims) -> Claim | None:
    """Return the claim ``critical-point`` at weights nearer to the critical point that was located; None where it is not proved near them."""
    for weights in _nearer(context, located):
        known = len(context.points)
        claim = claim_critical_point_at(context, context.add_point(weights), landscape)
        if claim.verdict is Verdict.PROVED and not _is_far(context, claim.point or 0, claim):
            return claim
        context.forget_points_after(known)
    return None


def _nearer(context: ProofContext, located: Claim) -> list[Weights]:
    problem, start = context.problem, context.points[0]
    at_learner = any(isinstance(premise, Claim) and premise.rule == "stationary-learner" for premise in located.premises)
    found = learner_from(problem, start) if at_learner else refined_weights(problem, start)
    return [] if found is None or found == start else [found]
