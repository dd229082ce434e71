"""The claim ``stationary``: a critical point at, or within a proved distance of, given weights; or that there is none exactly there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from lossproof.certificates.claims.learner_nearby import BOX_RULES
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, proved_at
from lossproof.certificates.text.enclosures import decimal_above
from lossproof.numerics.critical.blind_layers import blind_point
from lossproof.numerics.critical.box import CriticalBox, critical_box, symmetry_gauge
from lossproof.numerics.critical.exact import gradient_apart_from_zero, is_constant_critical
from lossproof.numerics.critical.idle_units import idle_point
from lossproof.numerics.critical.merged_units import MergedPoint, merged_point
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor, Scope, Verdict, weakest

_NAME = "stationary"


@dataclass(frozen=True)
class LearnerClaims:
    """What is known about exact learners at or near a point: claims that may serve as premises, each None where it was not proved."""

    exact: Claim | None = None
    nearby: Claim | None = None
    full_rank: Claim | None = None
    hessian_rank: Claim | None = None


def stationary_claims(context: ProofContext, point: int, learner: LearnerClaims) -> Iterator[Claim]:
    """Yield claims that a critical point lies at or near a point of the context, one for each reason that holds.

    The reasons, in order: the weights are an exact learner, or one is proved near them; the gradient vanishes exactly; Krawczyk's test for the
    gradient, for all parameters, up to the symmetries, in a smaller network whose units are copied, with idle units, or with two layers without
    weights. A later reason may know of a larger manifold of critical points than an earlier one.
    """
    if not context.jacobian_exists(point):
        return
    for reason in (
        partial(_at_learner, learner=learner),
        partial(_near_learner, learner=learner),
        _exactly,
        _scaled,
        _in_a_box,
        _merged,
        _idle,
        _blind,
    ):
        found = reason(context, point)
        if found is not None:
            yield found


def refute_stationary(context: ProofContext, point: int) -> Claim | None:
    """Claim that the weights are not critical: a component of the gradient is proved not to be 0. None where that is not proved."""
    if not context.jacobian_exists(point):
        return None
    found = gradient_apart_from_zero(context.problem, context.points[point], context.max_precision)
    if found is None:
        return None
    parameter, precision = found
    reason = f"Component {parameter} of the gradient is proved not to be 0 at these very weights, in ball arithmetic of {precision} bits."
    rigor = weakest([Rigor.BALL, context.derivative_rigor(context.points[point], 1)])
    evidence = {"parameter": parameter, "precision": precision}
    return Claim(_NAME, Scope.AT_WEIGHTS, Verdict.REFUTED, reason, {}, rigor, "stationary-refuted", evidence, (), point)


def radius_of(claim: Claim) -> Fraction:
    """Return the radius within which a claim at a point speaks about the critical point."""
    return Fraction(claim.facts["radius"])


def _at_learner(context: ProofContext, point: int, learner: LearnerClaims) -> Claim | None:
    if learner.exact is None or learner.exact.verdict is not Verdict.PROVED:
        return None
    problem, reason = context.problem, "These weights are an exact learner: ε(W) = 0, so T∇J = P ε = 0."
    smooth = not problem.architecture.kinked_layers(2)
    if learner.full_rank is not None and learner.full_rank.verdict is Verdict.PROVED and smooth:
        dimension = problem.architecture.N_net - problem.columns
        facts = {"radius": Fraction(0), "dimension": dimension}
        return proved_at(_NAME, point, reason, facts, Rigor.EXACT, "stationary-learner", {}, learner.exact, learner.full_rank)
    rigor = context.derivative_rigor(context.points[point], 1)
    return proved_at(_NAME, point, reason, {"radius": Fraction(0), "dimension": 0}, rigor, "stationary-learner", {}, learner.exact)


def _near_learner(context: ProofContext, point: int, learner: LearnerClaims) -> Claim | None:
    nearby, problem = learner.nearby, context.problem
    if nearby is None or nearby.rule not in BOX_RULES or nearby.evidence["point"] != point or problem.architecture.kinked_layers(2):
        return None
    reason = "The exact learner proved to lie near these weights is a critical point: ε = 0 there, so T∇J = P ε = 0."
    facts = {"radius": nearby.facts["distance"], "dimension": problem.architecture.N_net - problem.columns}
    return proved_at(_NAME, point, reason, facts, Rigor.EXACT, "stationary-learner", {}, nearby)


def _exactly(context: ProofContext, point: int) -> Claim | None:
    problem, weights = context.problem, context.points[point]
    if is_constant_critical(problem, weights) and not problem.architecture.kinked_layers(2):
        a = problem.architecture
        dimension = a.N_net - a.widths[0] * a.widths[1] - a.n_L
        reason = (
            "W_1 = 0, so the outputs are constant, and Σ_i ∇E_i = 0 and Σ_i ∇E_i x_iᵀ = 0 hold exactly: all weights with W_1 = 0 and this output are critical. "
            f"They form a manifold of dimension {dimension}."
        )
        return proved_at(_NAME, point, reason, {"radius": Fraction(0), "dimension": dimension}, Rigor.EXACT, "stationary-constant", {})
    if context.gradient_is_zero(point):
        reason = "Every component of the gradient is 0, by exact arithmetic."
        rigor = context.derivative_rigor(weights, 1)
        return proved_at(_NAME, point, reason, {"radius": Fraction(0), "dimension": 0}, rigor, "stationary-exact", {})
    return None


def _scaled(context: ProofContext, point: int) -> Claim | None:
    """The exact critical point once more, as one of a family that the scaling symmetry gives."""
    problem, weights = context.problem, context.points[point]
    gauge = symmetry_gauge(problem, weights)
    if not gauge or not context.gradient_is_zero(point):
        return None
    reason = (
        "Every component of the gradient is 0, by exact arithmetic; the symmetries of the loss (scaling of hidden units, shifts of the logits) give a "
        f"manifold of dimension {len(gauge)} of critical points with one loss."
    )
    facts = {"radius": Fraction(0), "dimension": len(gauge)}
    return proved_at(_NAME, point, reason, facts, context.derivative_rigor(weights, 1), "stationary-scaled", {"fixed": list(gauge)})


def _in_a_box(context: ProofContext, point: int) -> Claim | None:
    problem, weights = context.problem, context.points[point]
    box = critical_box(problem, weights)
    if box is None:
        gauge = symmetry_gauge(problem, weights)
        box = critical_box(problem, weights, gauge) if gauge else None
    return None if box is None else _box_claim(point, box)


def _box_claim(point: int, box: CriticalBox) -> Claim:
    held = (
        f", with {len(box.fixed)} weights held, as the symmetries of the loss allow (scaling of hidden units, shifts of the logits)"
        if box.fixed
        else ""
    )
    reason = (
        f"Newton's map for ∇J = 0 sends the box of half-width {decimal_above(box.radius)} around these weights into itself{held} "
        "(Krawczyk's test in ball arithmetic)."
    )
    facts = {"radius": box.radius, "dimension": len(box.fixed)}
    evidence = {"fixed": list(box.fixed), "radius": rational_text(box.radius), "precision": box.precision}
    return proved_at(_NAME, point, reason, facts, Rigor.BALL, "stationary-box", evidence)


def _merged(context: ProofContext, point: int) -> Claim | None:
    found = merged_point(context.problem, context.points[point], exactly=True)
    if found is None or not all(map(is_writable, (found.radius, *found.grouping.shares))):
        return None
    return _merged_claim(point, found)


def _merged_claim(point: int, found: MergedPoint) -> Claim:
    grouping = found.grouping
    units, groups = len(grouping.shares), len(grouping.groups)
    reason = (
        f"In hidden layer {grouping.layer} the {units} units are copies of {groups}: the network with {groups} has a critical point in the box of half-width "
        f"{decimal_above(found.box.radius)} (Krawczyk's test), and its embedding is critical for all shares of the outgoing weights (Fukumizu and Amari 2000)."
    )
    evidence = {
        "layer": grouping.layer,
        "groups": [list(group) for group in grouping.groups],
        "shares": [rational_text(share) for share in grouping.shares],
        "radius": rational_text(found.box.radius),
        "precision": found.box.precision,
    }
    return proved_at(_NAME, point, reason, {"radius": found.radius, "dimension": units - groups}, Rigor.BALL, "stationary-merged", evidence)


def _idle(context: ProofContext, point: int) -> Claim | None:
    problem = context.problem
    found = idle_point(problem, context.points[point], exactly=True)
    if found is None:
        return None
    reason = (
        f"{len(found.units)} of the units of hidden layer {found.layer} have no outgoing weights, so the gradient by their incoming weights is 0; "
        f"for the other components Newton's map sends the box of half-width {decimal_above(found.radius)} into itself (Krawczyk's test in ball arithmetic)."
    )
    evidence = {
        "layer": found.layer,
        "units": list(found.units),
        "free": [list(chosen) for chosen in found.free],
        "radius": rational_text(found.radius),
        "precision": found.precision,
    }
    facts = {"radius": found.radius, "dimension": found.dimension(problem.architecture)}
    return proved_at(_NAME, point, reason, facts, Rigor.BALL, "stationary-idle", evidence)


def _blind(context: ProofContext, point: int) -> Claim | None:
    problem = context.problem
    found = blind_point(problem, context.points[point], exactly=True)
    if found is None:
        return None
    reason = (
        f"The weights of layers {found.layers[0]} and {found.layers[1]} are 0, so the output does not depend on the input, and the gradient vanishes "
        f"as soon as Σ_i ∇E_i does; for the output biases Newton's map sends the box of half-width {decimal_above(found.radius)} into itself "
        "(Krawczyk's test in ball arithmetic)."
    )
    evidence = {"layers": list(found.layers), "radius": rational_text(found.radius), "precision": found.precision}
    facts = {"radius": found.radius, "dimension": found.dimension(problem.architecture)}
    return proved_at(_NAME, point, reason, facts, Rigor.BALL, "stationary-blind", evidence)
