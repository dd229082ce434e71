"""The claim ``critical-point``: what kind of critical point lies at or near given weights, with everything it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.certificates.claims.critical_facts import claim_critical_rank, claim_inertia, claim_loss, claim_loss_at
from lossproof.certificates.claims.critical_kinds import SIGNS
from lossproof.certificates.claims.exact_learning import claim_exact_learning_at
from lossproof.certificates.claims.full_rank import claim_full_rank_at
from lossproof.certificates.claims.learner_nearby import claim_learner_nearby, learner_near_point
from lossproof.certificates.claims.second_order import claim_hessian_rank_at
from lossproof.certificates.claims.stationary import LearnerClaims, radius_of, refute_stationary, stationary_claims
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, proved_at, rigor_of
from lossproof.certificates.text.enclosures import decimal_above
from lossproof.numerics.critical.exact import equal_inputs_are_balanced, has_rational_sides, inactive_layer
from lossproof.numerics.critical.nearby_points import nearby_points
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor, Scope, Verdict, weakest

_NAME = "critical-point"
_PRECISION = 128
_DESCENT_PARAMETERS = 60
_UNDECIDED = "Its class is not decided: the Hessian has eigenvalues whose sign is not proved, and no curve of descent was found."


@dataclass(frozen=True)
class LandscapeClaims:
    """Claims about the whole problem that the class of a critical point may rest on."""

    principle_error: Claim
    morse: Claim


def claim_critical_point(context: ProofContext, point: int, learner: LearnerClaims, landscape: LandscapeClaims) -> Claim:
    """Claim the kind of critical point at or near a point of the context.

    PROVED: there is one within ``radius``, with the proved loss, inertia, rank of ``P`` and ``kind`` (``"undecided"`` where no class is proved).
    REFUTED, with kind ``"not-critical"``: these very weights are not critical. UNDECIDED: neither is proved.
    """
    located = _located(context, point, learner, landscape)
    if located is not None:
        return located
    refuted = refute_stationary(context, point)
    loss = None if refuted is None else claim_loss(context, point, Fraction(0))
    if refuted is not None and loss is not None:
        return claim_not_critical(refuted, loss)
    return _undecided(point, refuted)


def claim_not_critical(refuted: Claim, loss: Claim) -> Claim:
    """Claim that weights are no critical point, from the claims that a component of the gradient is not 0 there and about their loss."""
    facts = {"kind": "not-critical", **loss.facts}
    reason = f"These very weights are no critical point. {refuted.reason} {loss.reason}"
    premises, rigor = (refuted, loss), rigor_of(refuted, loss)
    return Claim(_NAME, Scope.AT_WEIGHTS, Verdict.REFUTED, reason, facts, rigor, "critical-point-refuted", {}, premises, refuted.point)


def _undecided(point: int, refuted: Claim | None) -> Claim:
    """Return the UNDECIDED claim; weights that are not critical, but whose loss has no bounds that a certificate can hold, are told as such."""
    reason = "Neither a critical point at or near these weights was proved, nor that they are not critical."
    missing = "derivatives that exist at these weights, weights nearer to a critical point, or one with an invertible Hessian"
    if refuted is not None:
        reason = f"These very weights are no critical point. {refuted.reason} Their loss is out of the range of what is enclosed here."
        missing = "bounds of the loss"
    premises = () if refuted is None else (refuted,)
    return Claim(_NAME, Scope.AT_WEIGHTS, Verdict.UNDECIDED, reason, {"kind": "undecided"}, premises=premises, point=point, missing=missing)


def _located(context: ProofContext, point: int, learner: LearnerClaims, landscape: LandscapeClaims) -> Claim | None:
    """Return the claim for the first reason that gives a class, else for the first reason at all; None without any."""
    first = None
    for stationary in stationary_claims(context, point, learner):
        loss = claim_loss_at(context, stationary)
        if loss is None:
            continue
        claim = _summary(context, stationary, loss, claim_inertia(context, stationary, learner, landscape.morse), landscape)
        if claim.facts["kind"] != "undecided":
            return claim
        first = first or claim
    return first


def _summary(context: ProofContext, stationary: Claim, loss: Claim, inertia: Claim | None, landscape: LandscapeClaims) -> Claim:
    class_claim = claim_class(context, stationary, inertia, landscape)
    rank = claim_critical_rank(context, stationary)
    premises = tuple(claim for claim in (stationary, loss, inertia, class_claim, rank) if claim is not None)
    kind = "undecided" if class_claim is None else class_claim.id
    facts = {
        "kind": kind,
        "loss_lower": loss.facts["loss_lower"],
        "loss_upper": loss.facts["loss_upper"],
        "inertia": _inertia_counts(context, inertia),
        "radius": radius_of(stationary),
        "rank_lower": 0 if rank is None else rank.facts["rank_lower"],
        "rank_upper": min(context.problem.architecture.N_net, context.problem.columns) if rank is None else rank.facts["rank_upper"],
    }
    where = (
        "These weights are a critical point"
        if radius_of(stationary) == 0
        else f"A critical point lies within {decimal_above(radius_of(stationary))} of these weights"
    )
    reason = f"{where}. {stationary.reason} {_UNDECIDED if class_claim is None else class_claim.reason}"
    return proved_at(_NAME, stationary.point, reason, facts, Rigor.EXACT, _NAME, {}, *premises)


def _inertia_counts(context: ProofContext, inertia: Claim | None) -> dict[str, int]:
    if inertia is None:
        return {"negative": 0, "zero": 0, "positive": 0, "undecided": context.problem.architecture.N_net}
    return {key: inertia.facts[key] for key in SIGNS}


def claim_class(context: ProofContext, stationary: Claim, inertia: Claim | None, landscape: LandscapeClaims) -> Claim | None:
    """Claim the class of a located critical point: global, strict or other local minimum, saddle, or descent along a curve; None where none is proved."""
    return (
        _global(context, stationary, landscape)
        or _by_inertia(context, stationary, inertia)
        or _inactive(context, stationary)
        or _descent(context, stationary, inertia)
    )


def _global(context: ProofContext, stationary: Claim, landscape: LandscapeClaims) -> Claim | None:
    problem, radius = context.problem, radius_of(stationary)
    facts = {"radius": radius}
    if stationary.rule == "stationary-learner" and landscape.principle_error.verdict is Verdict.PROVED:
        reason = "It is an exact learner, where every sample has its least error: a global minimum."
        return proved_at(
            "global", stationary.point, reason, facts, Rigor.EXACT, "global-learner", {}, stationary, landscape.principle_error
        )
    if problem.is_convex:
        reason = "One layer with identity output and a convex error make J convex, so a critical point is a global minimum."
        return proved_at("global", stationary.point, reason, facts, Rigor.EXACT, "global-convex", {}, stationary)
    if radius == 0 and problem.error.convex.holds and equal_inputs_are_balanced(problem, context.points[stationary.point or 0]):
        reason = "Within each group of equal inputs the ∇E_i sum to 0, so every group has its least error, by convexity: a global minimum."
        return proved_at("global", stationary.point, reason, facts, Rigor.EXACT, "global-floor", {}, stationary)
    return None


def _by_inertia(context: ProofContext, stationary: Claim, inertia: Claim | None) -> Claim | None:
    if inertia is None:
        return None
    counts, facts, n = inertia.facts, {"radius": radius_of(stationary)}, context.problem.architecture.N_net
    if counts["negative"]:
        reason = (
            f"Its Hessian has {counts['negative']} negative eigenvalue{'s' if counts['negative'] > 1 else ''}: a saddle, no local minimum."
        )
        return proved_at("saddle", stationary.point, reason, facts, Rigor.EXACT, "saddle", {}, stationary, inertia)
    if counts["positive"] == n:
        reason = "Its Hessian is positive definite: a strict local minimum."
        return proved_at("strict-minimum", stationary.point, reason, facts, Rigor.EXACT, "strict-minimum", {}, stationary, inertia)
    dimension = stationary.facts["dimension"]
    if not counts["undecided"] and counts["zero"] == dimension:
        reason = (
            f"It lies on a manifold of dimension {dimension} of critical points with one loss, and across it the Hessian is positive definite: "
            "a local minimum, not a strict one (Morse-Bott)."
        )
        return proved_at("local-minimum", stationary.point, reason, facts, Rigor.EXACT, "local-minimum", {}, stationary, inertia)
    return None


def _inactive(context: ProofContext, stationary: Claim) -> Claim | None:
    problem, a = context.problem, context.problem.architecture
    right = a.bias == "trainable" and a.output_activation.is_identity and problem.error.convex.holds
    if radius_of(stationary) > 0 or not right or a.L < 2:
        return None
    layer = inactive_layer(problem, context.points[stationary.point or 0], _PRECISION)
    if layer is None:
        return None
    reason = (
        f"All units of hidden layer {layer} are inactive at all samples, so no small change makes the output depend on the input; "
        "the constant it gives is the best one: a local minimum, not a strict one."
    )
    evidence = {"layer": layer, "precision": _PRECISION}
    rigor = weakest([Rigor.BALL, context.derivative_rigor(context.points[stationary.point or 0], 2)])
    return proved_at(
        "local-minimum", stationary.point, reason, {"radius": radius_of(stationary)}, rigor, "local-minimum-inactive", evidence, stationary
    )


def _descent(context: ProofContext, stationary: Claim, inertia: Claim | None) -> Claim | None:
    decided = inertia is not None and inertia.facts["positive"] == context.problem.architecture.N_net
    if (
        radius_of(stationary) > 0
        or decided
        or context.problem.architecture.N_net > _DESCENT_PARAMETERS
        or stationary.rule == "stationary-learner"
    ):
        return None
    weights = context.points[stationary.point or 0]
    if not has_rational_sides(context.problem, weights):
        return None
    curve = context.descent_at(stationary.point or 0)
    if curve is None or not all(is_writable(x) for _, vector in curve.terms for x in vector):
        return None
    facts: dict[str, Any] = {"order": curve.order, "coefficient": curve.coefficient, "radius": radius_of(stationary)}
    reason = (
        f"Along a curve W(t) the loss changes by c t^{curve.order} + …, with c at most {decimal_above(curve.coefficient)}, and all lower "
        "coefficients are exactly 0: "
        "no local minimum, although the Hessian does not show it."
    )
    evidence = {
        "curve": [[k, [rational_text(x) for x in vector]] for k, vector in curve.terms],
        "order": curve.order,
        "coefficient": rational_text(curve.coefficient),
        "precision": curve.precision,
    }
    rigor = weakest([Rigor.EXACT if curve.exact else Rigor.BALL, context.derivative_rigor(weights, 2)])
    return proved_at("higher-order-descent", stationary.point, reason, facts, rigor, "higher-order-descent", evidence, stationary)


def prove_near(context: ProofContext, weights: Weights, landscape: LandscapeClaims, *, nearby: bool) -> Claim | None:
    """Return the PROVED claim ``critical-point`` at the weights, or at nearby ones: the first with a class, else the first; None without any.

    The context gains the point of that claim, unless it was known, and no other.
    """
    count, fallback = len(context.points), None
    for candidate in nearby_points(context.problem, weights) if nearby else (weights,):
        known = len(context.points)
        point = context.add_point(candidate)
        claim = claim_critical_point_at(context, point, landscape)
        if claim.verdict is Verdict.PROVED and (claim.facts["kind"] != "undecided" or not nearby):
            return claim if fallback is None else claim_critical_point_at(context, context.keep_point_at(count, candidate), landscape)
        if claim.verdict is Verdict.PROVED and fallback is None:
            fallback = claim
        elif point >= known:
            context.forget_points_after(known)
    if fallback is None:
        context.forget_points_after(count)
    return fallback


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
