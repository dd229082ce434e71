"""The claim ``global``: a critical point that is a global minimum, by convexity or by its outputs."""

from __future__ import annotations

import math

from lossproof.certificates.claims.learners import Learner
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided, implied
from lossproof.certificates.proof.places import Place, Point, radius_of
from lossproof.certificates.proof.rank_bounds import RankBounds
from lossproof.numerics.critical.exact import samples_are_balanced
from lossproof.theory import limits
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Verdict


def claim_global(context: ProofContext, stationary: Claim, learner: Learner | None, principle_error: Claim) -> Claim | None:
    """Claim that a critical point is a global minimum; None where that is not proved."""
    problem, place = context.problem, stationary.place
    facts, convex = {"radius": radius_of(place)}, claim_global_by_convexity(problem, stationary)
    if convex is not None:
        return convex
    if stationary.rule == "stationary-balanced" and problem.error.convex.holds:
        reason = (
            "The gradients of the errors cancel within each group of samples whose outputs determine each other, so every group has its least error, "
            "by convexity: a global minimum."
        )
        return implied("global-balanced", "global", place, reason, stationary, facts=facts)
    return claim_global_by_outputs(context, place, learner, principle_error)


def convex_layers(problem: Problem) -> str:
    """Return what makes J convex for a convex error, as the subject of a sentence."""
    return "One trainable layer with nothing but affine maps behind it" if problem.architecture.frozen else "One layer with identity output"


def claim_global_by_convexity(problem: Problem, stationary: Claim) -> Claim | None:
    """Claim that a critical point of a convex J is a global minimum; a penalty keeps J convex. None where J is not known to be convex."""
    if not problem.is_convex:
        return None
    reason = f"{convex_layers(problem)} and a convex error make J convex, so a critical point is a global minimum."
    return implied("global-convex", "global", stationary.place, reason, stationary, facts={"radius": radius_of(stationary.place)})


def claim_global_by_forms(problem: Problem, stationary: Claim, ranks: RankBounds | None) -> Claim | None:
    """Claim that a critical point of a network of powers is global, as the derivatives by its weights span all forms that outputs may be; None if they do not.

    The outputs are forms of one degree d in the inputs, with a unit of biases if there are any: ``C(n + d − 1, d)`` of them are independent.
    """
    a = problem.architecture
    degree = math.prod(a.activation_of(l).degree or 0 for l in range(1, a.L + 1))
    if ranks is None or not 0 < degree <= limits.MAX_FORMS or not problem.error.convex.holds:
        return None
    n = a.widths[0] + any(bias != "none" for bias in a.biases)
    forms = math.comb(n + degree - 1, degree)
    if ranks.lower.value < a.n_L * forms:
        return None
    reason = (
        f"Outputs are forms of degree {degree}, of which {forms} are independent, and the derivatives by the weights span them all: as the error is convex, "
        "it is a global minimum."
    )
    return implied(
        "global-forms", "global", stationary.place, reason, stationary, ranks.lower, facts={"radius": radius_of(stationary.place)}
    )


def claim_global_by_outputs(context: ProofContext, place: Place, learner: Learner | None, principle_error: Claim) -> Claim | None:
    """Claim a global minimum by the outputs alone, whether or not J has a gradient there: an exact learner, or errors balanced among equal inputs."""
    problem, facts = context.problem, {"radius": radius_of(place)}
    if learner is not None and principle_error.verdict is Verdict.PROVED:
        reason = "It is an exact learner, where every sample has its least error: a global minimum."
        return implied("global-learner", "global", place, reason, learner.claim, principle_error, facts=facts)
    if isinstance(place, Point) and problem.error.convex.holds and samples_are_balanced(problem, place.weights):
        reason = (
            "Within each group of samples whose outputs determine each other, such as equal inputs, the ∇E_i cancel, so every group has its least error, "
            "by convexity: a global minimum."
        )
        return decided("global", place, reason, "global-floor", facts=facts, own=context.formal_rigor(place))
    return None
