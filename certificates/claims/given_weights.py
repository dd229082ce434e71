"""What very weights that were given are: critical or not, with their own loss, before anything is said about a critical point somewhere near them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from lossproof.certificates.claims.critical_facts import claim_loss
from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, claim_critical_point, claim_not_critical, locate
from lossproof.certificates.claims.stationary import refute_stationary
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point, radius_of
from lossproof.numerics.critical.box import refined_weights
from lossproof.numerics.learners.candidates import learner_from
from lossproof.numerics.network.weight_vectors import is_small_beside
from lossproof.theory.problem.architecture import Architecture

NEAR = Fraction(1, 100)
"""A critical point farther than this share of the largest weight from weights that are not critical is not told as what these weights are."""

_MOST_WORK = 5_000_000


@dataclass(frozen=True)
class GivenWeights:
    """The claims about given weights.

    - ``critical``: the claim ``critical-point`` there;
    - ``own``: what is proved about these very weights besides, where ``critical`` speaks about a critical point at some distance from them;
    - ``located``: the critical point that was located, at or near the weights, or at a point of its own, found from weights that are not critical and far
      from it; or None.
    """

    critical: Claim
    own: tuple[Claim, ...] = ()
    located: LocatedPoint | None = None

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims ``critical-point``."""
        return (
            (self.critical,)
            if self.located is None or self.located.claim.point is self.critical.point
            else (self.critical, self.located.claim)
        )


def claim_given_weights(context: ProofContext, point: Point, landscape: LandscapeClaims) -> GivenWeights:
    """Claim what the weights of a point are.

    Where a critical point is proved within a positive distance of them, the reason first says whether they are critical themselves, and their own loss. If
    they are proved not to be, and that distance is more than 1/100 of their largest entry, the claim is the refutation; a critical point that steps like
    Newton's lead to from there, and that is proved near where they end, is a witness at a point of its own. Of large problems, ``T N_net`` beyond 5·10^6,
    weights near a critical point are not asked for more.
    """
    found = locate(context, point, landscape)
    if found is None or radius_of(found.claim.place) == 0:
        return GivenWeights(claim_critical_point(context, point, landscape), (), found)
    a = context.problem.architecture
    far = _is_far(a, found)
    asked = far or context.problem.T * a.N_net <= _MOST_WORK
    refuted, loss = (refute_stationary(context, point), claim_loss(context, point)) if asked else (None, None)
    if refuted is None or loss is None or not far:
        own = tuple(claim for claim in (refuted, loss) if claim is not None)
        told = replace(found.claim, reason=f"{_about(refuted, loss)} {found.claim.reason}")
        return GivenWeights(told, own, replace(found, claim=told))
    witness = _witness(context, point, found, landscape)
    leads = "" if witness is None else " Steps like Newton's lead from them to a critical point, which is proved at a point of its own."
    refutation = claim_not_critical(refuted, loss)
    return GivenWeights(replace(refutation, reason=refutation.reason + leads), (), witness)


def _about(refuted: Claim | None, loss: Claim | None) -> str:
    own = "" if loss is None else f" {loss.reason}"
    if refuted is None:
        return f"Whether these very weights are critical is not decided.{own}"
    return f"These very weights are not critical: {refuted.reason[0].lower()}{refuted.reason[1:]}{own}"


def _is_far(architecture: Architecture, found: LocatedPoint) -> bool:
    """Tell whether a critical point may be farther from the point near it than `NEAR` of its largest weight."""
    point = found.claim.point
    return point is None or not is_small_beside(radius_of(found.claim.place), architecture, point.weights, NEAR)


def _witness(context: ProofContext, point: Point, found: LocatedPoint, landscape: LandscapeClaims) -> LocatedPoint | None:
    """Return a critical point at or near weights nearer to the one that was located; None where it is not proved near them."""
    problem, start = context.problem, point.weights
    nearer = learner_from(problem, start) if found.is_learner else refined_weights(problem, start)
    if nearer is None or nearer == start:
        return None
    witness = locate(context, Point(nearer), landscape)
    return None if witness is None or _is_far(problem.architecture, witness) else witness
