"""The claim ``critical-point``: what kind of critical point lies at or near given weights, with everything it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lossproof.certificates.claims.critical_class import best_of_its_rank, descent, inactive, least_in_cell, near
from lossproof.certificates.claims.critical_facts import claim_loss, claim_loss_at, ranks_at
from lossproof.certificates.claims.critical_kinds import MINIMA, SIGNS
from lossproof.certificates.claims.global_minimum import (
    claim_global,
    claim_global_by_convexity,
    claim_global_by_forms,
    claim_global_by_outputs,
)
from lossproof.certificates.claims.inertia import claim_inertia
from lossproof.certificates.claims.learners import Learner, learner_at
from lossproof.certificates.claims.on_kinks import minimum_near_kinks, minimum_on_kinks, refute_on_kinks
from lossproof.certificates.claims.principles import claim_error_principle
from lossproof.certificates.claims.stationary import refute_stationary, stationary_claims
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided, first_claim, implied, undecided
from lossproof.certificates.proof.places import Point, Witness, radius_of
from lossproof.certificates.proof.rank_bounds import RankBounds
from lossproof.certificates.text.enclosures import decimal_above
from lossproof.numerics.critical.nearby_points import nearby_points
from lossproof.theory.limits import MAX_GRAM_VALUES
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Verdict

_NAME = "critical-point"
_SETTLED = 2
_UNDECIDED = "Its class is not decided: the Hessian has eigenvalues whose sign is not proved, and no curve of descent was found."


@dataclass(frozen=True)
class LandscapeClaims:
    """Claims about the whole problem that the class of a critical point may rest on."""

    principle_error: Claim
    morse: Claim

    @staticmethod
    def of(problem: Problem) -> LandscapeClaims:
        """Return what the error's record says."""
        return LandscapeClaims(claim_error_principle(problem, "principle-error"), claim_error_principle(problem, "principle-morse"))


@dataclass(frozen=True)
class LocatedPoint:
    """A critical point that was proved to lie at or near a point: the PROVED claim ``critical-point``, and what it gathers.

    ``stationary`` is None at a minimum on kinks, where J may have no gradient.
    """

    claim: Claim
    stationary: Claim | None
    loss: Claim
    class_claim: Claim | None
    is_learner: bool

    @property
    def dimension(self) -> int:
        """The dimension of the manifold of critical points that is proved to pass through it."""
        return 0 if self.stationary is None else int(self.stationary.facts["dimension"])

    @property
    def shown(self) -> Claim | None:
        """The claim by which the point exists: that it is stationary, or a minimum near kinks; None at weights given, on kinks."""
        return self.class_claim if self.stationary is None and isinstance(self.claim.place, Witness) else self.stationary

    @property
    def is_minimum(self) -> bool:
        """Whether it is proved to be a local minimum, and not known to be global."""
        return self.class_claim is not None and self.class_claim.id in MINIMA


def claim_critical_point(context: ProofContext, point: Point, landscape: LandscapeClaims) -> Claim:
    """Claim the kind of critical point at or near a point.

    PROVED: there is one within ``radius``, with the proved loss, inertia, rank of ``P`` and ``kind`` (``"undecided"`` where no class is proved).
    REFUTED, with kind ``"not-critical"``: these very weights are not critical. UNDECIDED: neither is proved.
    """
    located = locate(context, point, landscape)
    if located is not None:
        return located.claim
    refuted = refute_stationary(context, point)
    if refuted is None and not context.has_jacobian(point) and not context.problem.architecture.frozen:
        refuted = refute_on_kinks(context, point)
    loss = None if refuted is None else claim_loss(context, point)
    if refuted is not None and loss is not None:
        return claim_not_critical(refuted, loss)
    return _undecided(context.problem, point, refuted)


def claim_not_critical(refuted: Claim, loss: Claim) -> Claim:
    """Claim that weights are no critical point, from the claims that a component of the gradient is not 0 there and about their loss."""
    facts = {"kind": "not-critical", **loss.facts}
    reason = f"These very weights are no critical point. {refuted.reason} {loss.reason}"
    return implied("not-critical", _NAME, refuted.place, reason, refuted, loss, verdict=Verdict.REFUTED, facts=facts)


def _undecided(problem: Problem, point: Point, refuted: Claim | None) -> Claim:
    """Return the UNDECIDED claim; weights that are not critical, but whose loss has no bounds that a certificate can hold, are told as such."""
    values = problem.T * sum(problem.architecture.widths)
    reason = "Neither a critical point at or near these weights was proved, nor that they are not critical."
    missing = "derivatives that exist at these weights, weights nearer to a critical point, or one with an invertible Hessian"
    if values > MAX_GRAM_VALUES:
        missing = f"fewer samples or units: {values:,} values of units are more than the {MAX_GRAM_VALUES:,} that are enclosed for this"
    if refuted is not None:
        reason = f"These very weights are no critical point. {refuted.reason} Their loss is out of the range of what is enclosed here."
        missing = "bounds of the loss"
    premises = () if refuted is None else (refuted,)
    return undecided(_NAME, point, reason, missing, *premises, facts={"kind": "undecided"})


def locate(context: ProofContext, point: Point, landscape: LandscapeClaims) -> LocatedPoint | None:
    """Prove a critical point at or near a point, for the first reason that gives a class, else for the first reason at all; None without any.

    A class that leaves open whether the point is a maximum gives way to a later reason, which may know of a larger manifold of critical points.
    """
    return context.once("critical point", point, lambda: _locate(context, point, landscape))


def _locate(context: ProofContext, point: Point, landscape: LandscapeClaims) -> LocatedPoint | None:
    frozen = bool(context.problem.architecture.frozen)
    best = None if frozen or context.has_jacobian(point) else _on_kinks(context, point, landscape)
    best = _near_kinks(context, point, landscape) if best is None and not frozen else best
    if best is not None or not context.has_jacobian(point):
        return best
    for stationary, learner in stationary_claims(context, point):
        found = _summary(context, stationary, learner, landscape)
        if found is not None and (best is None or _telling(found) > _telling(best)):
            best = found
        if best is not None and _telling(best) == _SETTLED:
            break
    return best


def _telling(found: LocatedPoint) -> int:
    """Return how much the class tells: nothing, that the loss falls along a direction and is not seen to rise along any, or all there is to tell."""
    if found.class_claim is None:
        return 0
    return 1 if found.claim.facts["kind"] == "saddle" and not found.claim.facts["inertia"]["positive"] else _SETTLED


def _on_kinks(context: ProofContext, point: Point, landscape: LandscapeClaims) -> LocatedPoint | None:
    """Return what is proved about a minimum where no gradient is known to exist: no direction leads down from it, so it is critical."""
    learner = learner_at(context, point) if context.problem.decay is None else None
    found = first_claim(
        lambda: None if context.problem.decay is not None else claim_global_by_outputs(context, point, learner, landscape.principle_error),
        lambda: minimum_on_kinks(context, point),
    )
    loss = None if found is None else claim_loss(context, point)
    if found is None or loss is None:
        return None
    facts = _facts(context, found, loss, None, None)
    claim = decided(_NAME, point, f"These weights are a critical point. {found.reason}", "definition", found, loss, facts=facts)
    return LocatedPoint(claim, None, loss, found, learner is not None)


def _near_kinks(context: ProofContext, point: Point, landscape: LandscapeClaims) -> LocatedPoint | None:
    """Return what is proved about a minimum on kinks near weights that are next to these kinks, or on them."""
    found = minimum_near_kinks(context, point)
    loss = None if found is None else claim_loss(context, found.place, found)
    if found is None or loss is None:
        return None
    facts = _facts(context, found, loss, None, None)
    reason = f"A critical point lies within {decimal_above(radius_of(found.place))} of these weights. {found.reason}"
    return LocatedPoint(decided(_NAME, found.place, reason, "definition", found, loss, facts=facts), None, loss, found, is_learner=False)


def _facts(
    context: ProofContext, class_claim: Claim | None, loss: Claim, inertia: Claim | None, ranks: RankBounds | None
) -> dict[str, Any]:
    n = context.problem.architecture.N_net
    counts = {"negative": 0, "zero": 0, "positive": 0, "undecided": n} if inertia is None else {key: inertia.facts[key] for key in SIGNS}
    return {
        "kind": "undecided" if class_claim is None else class_claim.id,
        "loss_lower": loss.facts["loss_lower"],
        "loss_upper": loss.facts["loss_upper"],
        "inertia": counts,
        "radius": radius_of(loss.place),
        "rank_lower": 0 if ranks is None else ranks.lower.value,
        "rank_upper": min(n, context.problem.columns) if ranks is None else ranks.upper.value,
    }


def _summary(context: ProofContext, stationary: Claim, learner: Learner | None, landscape: LandscapeClaims) -> LocatedPoint | None:
    """Return what is proved about a critical point; None where no bounds of its loss are."""
    loss = claim_loss_at(context, stationary, learner)
    if loss is None:
        return None
    inertia = claim_inertia(context, stationary, learner, landscape.morse)
    ranks, radius = ranks_at(context, stationary, learner), radius_of(stationary.place)
    class_claim = _class_of(context, stationary, inertia, learner, landscape, ranks)
    bounds = () if ranks is None else (ranks.lower, ranks.upper)
    facts = _facts(context, class_claim, loss, inertia, ranks)
    where = (
        "These weights are a critical point" if radius == 0 else f"A critical point lies within {decimal_above(radius)} of these weights"
    )
    reason = f"{where}. {stationary.reason} {_UNDECIDED if class_claim is None else class_claim.reason}"
    premises = [node for node in (stationary, loss, inertia, class_claim, *bounds) if node is not None]
    claim = decided(_NAME, stationary.place, reason, "definition", *premises, facts=facts)
    return LocatedPoint(claim, stationary, loss, class_claim, learner is not None)


def _class_of(
    context: ProofContext,
    stationary: Claim,
    inertia: Claim | None,
    learner: Learner | None,
    landscape: LandscapeClaims,
    ranks: RankBounds | None,
) -> Claim | None:
    """Claim the class of a critical point: global, strict or other local minimum, saddle, maximum, or descent along a curve; None where none is proved."""
    mean = context.problem.decay is None
    if context.problem.architecture.frozen or not mean:
        return first_claim(
            lambda: claim_global_by_convexity(context.problem, stationary),
            lambda: claim_global_by_outputs(context, stationary.place, learner, landscape.principle_error) if mean else None,
            lambda: _by_inertia(context, stationary, inertia),
            lambda: inactive(context, stationary),
            lambda: least_in_cell(context, stationary),
            lambda: None if learner is not None else descent(context, stationary, inertia),
        )
    return first_claim(
        lambda: claim_global(context, stationary, learner, landscape.principle_error),
        lambda: claim_global_by_forms(context.problem, stationary, ranks),
        lambda: _by_inertia(context, stationary, inertia),
        lambda: inactive(context, stationary),
        lambda: least_in_cell(context, stationary),
        lambda: best_of_its_rank(context, stationary),
        lambda: None if learner is not None else descent(context, stationary, inertia),
    )


def _by_inertia(context: ProofContext, stationary: Claim, inertia: Claim | None) -> Claim | None:
    if inertia is None:
        return None
    counts, n, dimension = inertia.facts, context.problem.architecture.N_net, stationary.facts["dimension"]
    if counts["negative"] and counts["negative"] + counts["zero"] == n and counts["zero"] == dimension:
        name, reason = "maximum", "Its Hessian is negative definite: a strict local maximum."
        if dimension:
            reason = (
                f"It lies on a manifold of dimension {dimension} of critical points with one loss, and across it the Hessian is negative definite: "
                "a local maximum, not a strict one (Morse-Bott)."
            )
    elif counts["negative"]:
        plural = "s" if counts["negative"] > 1 else ""
        seen = "a saddle, no local minimum" if counts["positive"] else "no local minimum"
        name, reason = "saddle", f"Its Hessian has {counts['negative']} negative eigenvalue{plural}: {seen}."
    elif counts["positive"] == n:
        name, reason = "strict-minimum", "Its Hessian is positive definite: a strict local minimum."
    elif not counts["undecided"] and counts["zero"] == dimension:
        name = "local-minimum"
        reason = (
            f"It lies on a manifold of dimension {dimension} of critical points with one loss, and across it the Hessian is positive definite: "
            "a local minimum, not a strict one (Morse-Bott)."
        )
    else:
        return None
    return implied(name, name, stationary.place, reason, stationary, inertia, facts=near(stationary))


def prove_near(context: ProofContext, weights: Weights, landscape: LandscapeClaims, *, nearby: bool) -> LocatedPoint | None:
    """Return the critical point proved at or near the weights, or at nearby ones: the first with a class, else the first; None without any."""
    if nearby:
        return first_with_class(context, nearby_points(context.problem, weights), landscape)
    return locate(context, Point(weights), landscape)


def first_with_class(context: ProofContext, candidates: Iterable[Weights], landscape: LandscapeClaims) -> LocatedPoint | None:
    """Return the first critical point with a class that is proved at or near one of some weights, else the first at all; None without any."""
    fallback = None
    for candidate in candidates:
        found = locate(context, Point(candidate), landscape)
        if found is not None and found.class_claim is not None:
            return found
        fallback = fallback or found
    return fallback
