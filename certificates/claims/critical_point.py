"""The claim ``critical-point``: what kind of critical point lies at or near given weights, with everything it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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
from lossproof.certificates.proof.places import Point, Witness, point_near, radius_of
from lossproof.certificates.proof.rank_bounds import RankBounds
from lossproof.certificates.text.enclosures import decimal_above
from lossproof.numerics.critical.cells import is_least_in_cell
from lossproof.numerics.critical.exact import has_rational_sides, inactive_layer
from lossproof.numerics.critical.nearby_points import nearby_points
from lossproof.numerics.critical.rank_fit import rank_fit
from lossproof.numerics.curves.descent import DescentCurve, descent_curve
from lossproof.numerics.curves.one_sided import one_sided_descent
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.limits import MAX_GRAM_VALUES
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor, Verdict

_NAME = "critical-point"
_PRECISION = 128
_DESCENT_PARAMETERS = 60
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
    if refuted is None and not context.has_jacobian(point):
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
    best = None if context.has_jacobian(point) else _on_kinks(context, point, landscape)
    best = _near_kinks(context, point, landscape) if best is None else best
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
    if context.problem.decay is not None:
        return first_claim(
            lambda: claim_global_by_convexity(context.problem, stationary),
            lambda: _by_inertia(context, stationary, inertia),
            lambda: _inactive(context, stationary),
            lambda: _least_in_cell(context, stationary),
            lambda: _descent(context, stationary, inertia),
        )
    return first_claim(
        lambda: claim_global(context, stationary, learner, landscape.principle_error),
        lambda: claim_global_by_forms(context.problem, stationary, ranks),
        lambda: _by_inertia(context, stationary, inertia),
        lambda: _inactive(context, stationary),
        lambda: _least_in_cell(context, stationary),
        lambda: _best_of_its_rank(context, stationary),
        lambda: None if learner is not None else _descent(context, stationary, inertia),
    )


def _near(stationary: Claim) -> dict[str, Any]:
    return {"radius": radius_of(stationary.place)}


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
    return implied(name, name, stationary.place, reason, stationary, inertia, facts=_near(stationary))


def _inactive(context: ProofContext, stationary: Claim) -> Claim | None:
    problem, a, place = context.problem, context.problem.architecture, stationary.place
    layer = inactive_layer(problem, place.weights, _PRECISION) if isinstance(place, Point) else None
    moves = a.biases[-1] == "trainable" and (problem.decay is None or problem.decay.layers[-1][1] == 0)
    free = layer is not None and (moves or layer == a.L - 1)
    if layer is None or (layer < a.L and not (free and a.output_activation.is_identity and problem.error.convex.holds)):
        return None
    reason = (
        f"All units of hidden layer {layer} are inactive at all samples, so no small change makes the output depend on the input; "
        "the constant it gives is the best of those near it: a local minimum, not a strict one."
        if layer < a.L
        else "All outputs lie where their activation is constant, at all samples, so no small change of the weights changes the loss: a local minimum."
    )
    evidence = {"layer": layer, "precision": _PRECISION}
    return decided("local-minimum", place, reason, "dead-layer", stationary, facts=_near(stationary), evidence=evidence, own=Rigor.BALL)


def _least_in_cell(context: ProofContext, stationary: Claim) -> Claim | None:
    place, point = stationary.place, point_near(stationary.place)
    if point is None or not is_least_in_cell(context.problem, point.weights, radius_of(place), 3 * _PRECISION // 4):
        return None
    reason = (
        "Every hidden unit keeps its affine piece at every sample near it, so the output is affine in products of weights; J is a convex function of these, "
        "whose derivatives all vanish, as the output weights leave none out, or the gradients of the errors cancel: a local minimum."
        if context.problem.decay is None
        else "Every hidden unit keeps its slope at every sample near it, so the output is linear in sums of products of weights; the penalty is no less than "
        "the nuclear norms of these sums, and is these here, and J with them is convex and least here: a local minimum."
    )
    evidence, facts = {"precision": _PRECISION}, _near(stationary)
    return decided("local-minimum", place, reason, "cell-minimum", stationary, facts=facts, evidence=evidence, own=Rigor.BALL)


def _best_of_its_rank(context: ProofContext, stationary: Claim) -> Claim | None:
    place = stationary.place
    found = rank_fit(context.problem, place.weights) if isinstance(place, Point) else None
    if found is None or not all(is_writable(q) for table in (found.offsets, found.rest, [[found.level]]) for row in table for q in row):
        return None
    reason = (
        "All layers are linear, and the outputs are the best fit of the targets by matrices of their rank: a global minimum (Eckart and Young)."
        if found.everywhere
        else "Every hidden unit keeps its affine piece at every sample near it, and what the units with equal slopes add to the output is, beside all that the "
        "others can add, the best fit of its rank: a local minimum (Eckart and Young)."
    )
    evidence = {
        "units": list(found.units),
        "offsets": [[rational_text(q) for q in row] for row in found.offsets],
        "rest": [[rational_text(q) for q in row] for row in found.rest],
        "between": rational_text(found.level),
    }
    name = "global" if found.everywhere else "local-minimum"
    return decided(name, place, reason, "eckart-young", facts=_near(stationary), evidence=evidence, own=Rigor.EXACT)


def _descent(context: ProofContext, stationary: Claim, inertia: Claim | None) -> Claim | None:
    problem, place = context.problem, stationary.place
    n, smooth = problem.architecture.N_net, context.differentiable(place, 2)
    if smooth is None and n <= _DESCENT_PARAMETERS:
        return _one_sided_descent(context, stationary)
    positive = inertia is not None and inertia.facts["positive"] == n
    if not isinstance(place, Point) or smooth is None or positive or n > _DESCENT_PARAMETERS:
        return None
    point = place
    curve = context.once("descent", point, lambda: _curve_at(context, point))
    if curve is None or not all(is_writable(x) for _, vector in curve.terms for x in vector):
        return None
    facts = {"order": curve.order, "coefficient": curve.coefficient, **_near(stationary)}
    reason = (
        f"Along a curve W(t) the loss changes by c t^{curve.order} + …, with c at most {decimal_above(curve.coefficient)}, and all lower "
        "coefficients are exactly 0: no local minimum, although the Hessian does not show it."
    )
    evidence = {
        "curve": [[k, [rational_text(x) for x in vector]] for k, vector in curve.terms],
        "order": curve.order,
        "coefficient": curve.coefficient,
        "precision": curve.precision,
    }
    own = context.formal_rigor(place) if curve.exact else Rigor.BALL
    return decided(
        "higher-order-descent", place, reason, "higher-order-descent", stationary, *smooth, facts=facts, evidence=evidence, own=own
    )


def _one_sided_descent(context: ProofContext, stationary: Claim) -> Claim | None:
    place = stationary.place
    if not isinstance(place, Point):
        return None
    found = one_sided_descent(context.problem, place.weights)
    if found is None or not all(is_writable(x) for x in (found.coefficient, *found.direction)):
        return None
    facts = {"order": 2, "coefficient": found.coefficient, **_near(stationary)}
    reason = (
        f"Along a direction the loss changes by c t² + …, with c = {decimal_above(found.coefficient)}, for small t > 0: no local minimum, although there is no "
        "Hessian, as a second derivative jumps at a z that is met."
    )
    evidence = {"direction": [rational_text(x) for x in found.direction], "coefficient": rational_text(found.coefficient)}
    return decided(
        "higher-order-descent",
        place,
        reason,
        "one-sided-descent",
        stationary,
        facts=facts,
        evidence=evidence,
        own=context.formal_rigor(place),
    )


def _curve_at(context: ProofContext, point: Point) -> DescentCurve | None:
    if not has_rational_sides(context.problem, point.weights):
        return None
    try:
        return descent_curve(context.problem, point.weights, context.seed)
    except NotDifferentiable:
        return None


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
