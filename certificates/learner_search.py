"""Finding an exact learner near given or trained weights, and proving that it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lossproof.certificates.claims import Claim
from lossproof.certificates.proof_context import ProofContext
from lossproof.certificates.rank_steps import generic_upper_bound
from lossproof.numerics.krawczyk import MOST_EQUATIONS, LearnerBox, learner_box, robust_box
from lossproof.numerics.training import exact_learner_candidates
from lossproof.theory.verdicts import Rigor, Scope, Verdict
from lossproof.theory.weights import Weights

_STARTS = 8
_TRAINING_ENTRIES = 1_000_000


@dataclass(frozen=True)
class FoundLearner:
    """A point and the box around it in which an exact learner was proved."""

    point: int
    box: LearnerBox


def find_learner(context: ProofContext, *, weights_given: bool) -> FoundLearner | None:
    """Prove that an exact learner lies near the given weights, or else, without given weights, near trained ones.

    Training is tried from eight seeded starts, and only where the count and the structural bounds leave full rank possible, the error is a
    function of the residuals, and there are at most 150 equations and a million entries of ``P``.
    """
    problem = context.problem
    if problem.error.is_cross_entropy or problem.columns > MOST_EQUATIONS or generic_upper_bound(context).value < problem.columns:
        return None
    for weights in _candidates(context, weights_given=weights_given):
        box = learner_box(problem, weights)
        if box is not None:
            return FoundLearner(context.add_point(weights), box)
    return None


def _candidates(context: ProofContext, *, weights_given: bool) -> Iterator[Weights]:
    if weights_given:
        yield context.points[0]
        return
    if context.problem.architecture.N_net * context.problem.columns > _TRAINING_ENTRIES:
        return
    context.report_progress("training", 0, 1)
    yield from exact_learner_candidates(context.problem, context.seed, _STARTS)
    context.report_progress("training", 1, 1)


def claim_learner_nearby(found: FoundLearner) -> Claim:
    """Claim that an exact learner exists, within a stated distance of a point."""
    reason = (
        f"An exact learner lies within distance {float(found.box.distance):.2g} of the weights of point {found.point}: "
        f"Newton's map, with {len(found.box.parameters)} weights free and the others held, sends a box around them into itself "
        "(Krawczyk's test in ball arithmetic). P has full column rank at that learner."
    )
    facts = {"distance": found.box.distance}
    evidence = _evidence(found)
    return Claim("exact-learning", Scope.EVERYWHERE, Verdict.PROVED, reason, facts, Rigor.BALL, "exact-learning-krawczyk", evidence)


def claim_robust_targets(context: ProofContext, found: FoundLearner) -> Claim | None:
    """Claim that all targets within an explicit radius are learnable, too; None where no radius was proved."""
    box = robust_box(context.problem, context.points[found.point], found.box)
    if box is None:
        return None
    reason = (
        f"The same test holds for all targets at once that differ from Y by at most {float(box.target_radius):.2g} in every entry, on a box of half-width "
        f"{float(box.radius):.2g} around the weights of point {found.point}."
    )
    evidence = {**_evidence(FoundLearner(found.point, box)), "target_radius": str(box.target_radius)}
    facts = {"radius": box.target_radius}
    return Claim("robust-targets", Scope.EVERYWHERE, Verdict.PROVED, reason, facts, Rigor.BALL, "robust-targets", evidence)


def _evidence(found: FoundLearner) -> dict[str, Any]:
    return {
        "point": found.point,
        "parameters": list(found.box.parameters),
        "radius": str(found.box.radius),
        "precision": found.box.precision,
    }
