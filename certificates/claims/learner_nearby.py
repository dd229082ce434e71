"""Finding an exact learner near given or trained weights, and proving that it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound
from lossproof.certificates.proof.rank_bounds import generic_upper_bound, rank_bounds
from lossproof.certificates.text.enclosures import decimal_above, decimal_below
from lossproof.numerics.algebra.memory import gram_bytes
from lossproof.numerics.learners import candidates as training
from lossproof.numerics.learners import krawczyk
from lossproof.numerics.learners.kantorovich import KantorovichBall, kantorovich_ball
from lossproof.numerics.learners.krawczyk import LearnerBox, learner_box, robust_box
from lossproof.numerics.ranks.producers import has_singular_value_evidence
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor, Scope, Verdict

BOX_RULES = ("exact-learning-krawczyk", "exact-learning-kantorovich", "exact-learning-singular-value")
"""The rules that prove an exact learner near a point."""

_STARTS = 8
_TRAINING_ENTRIES = 1_000_000


@dataclass(frozen=True)
class FoundLearner:
    """A point, the box or ball around it in which an exact learner was proved, and the bound of the smallest singular value it rests on, if any."""

    point: int
    region: LearnerBox | KantorovichBall
    rank: RankBound | None = None

    @property
    def premises(self) -> tuple[RankBound, ...]:
        """What the claims about it rest on."""
        return () if self.rank is None else (self.rank,)

    @property
    def method(self) -> str:
        """The end of the names of the rules for a ball."""
        return "kantorovich" if self.rank is None else "singular-value"


def find_learner(context: ProofContext, *, weights_given: bool) -> FoundLearner | None:
    """Prove that an exact learner lies near the given weights, or else near trained ones (beyond 150 equations only where no weights are given).

    Krawczyk's test in ball arithmetic is tried for at most 150 equations, and where it does not prove a learner the theorem of Newton and
    Kantorovich in verified double precision. Training is tried from eight seeded starts, and only where the count and
    the structural bounds leave full rank possible, the error is a function of the residuals, and there are at most 150 equations and a
    million entries of ``P``, or at most 4,000 equations without such a limit.
    """
    problem = context.problem
    if problem.error.is_cross_entropy:
        return None
    if generic_upper_bound(context).value < problem.columns:
        return None
    for weights in _candidates(context, weights_given=weights_given):
        known = len(context.points)
        found = learner_near_point(context, context.add_point(weights))
        if found is not None:
            return found
        context.forget_points_after(known)
    return None


def learner_near_point(context: ProofContext, point: int) -> FoundLearner | None:
    """Prove that an exact learner lies near a point of the context; None where the tests fail or do not apply.

    A large problem has one proof of the smallest singular value of ``P`` for this and for the rank at the point.
    """
    problem, weights = context.problem, context.points[point]
    if problem.error.is_cross_entropy:
        return None
    box = learner_box(problem, weights) if problem.columns <= krawczyk.MOST_EQUATIONS else None
    if box is not None:
        return FoundLearner(point, box)
    rank = None
    if has_singular_value_evidence(problem, weights) and context.jacobian_exists(point):
        lower = rank_bounds(context, "P", point)[0]
        if lower.rule == "rank-singular-value":
            rank = lower
        elif ("P", point) in context.obstacles:
            return None  # the bound that the theorem asks for was sought in vain
    if rank is None and _is_too_large(context):
        return None
    sigma = None if rank is None else float(Fraction(rank.evidence["least"]))
    ball = kantorovich_ball(problem, weights, sigma=sigma, report=context.effort_for("P", point).report)
    return None if ball is None else FoundLearner(point, ball, rank)


def _is_too_large(context: ProofContext) -> bool:
    problem = context.problem
    return context.most_bytes is not None and gram_bytes(problem.architecture, problem.T) > context.most_bytes


def _candidates(context: ProofContext, *, weights_given: bool) -> Iterator[Weights]:
    problem = context.problem
    with_P = problem.columns <= training.MOST_EQUATIONS_WITH_P
    if weights_given:
        yield context.points[0]
        if not with_P:
            return
    if with_P and problem.architecture.N_net * problem.columns > _TRAINING_ENTRIES:
        return
    context.report_progress("training", 0, 1)
    yield from training.exact_learner_candidates(problem, context.seed, _STARTS)
    context.report_progress("training", 1, 1)


def claim_learner_nearby(found: FoundLearner) -> Claim:
    """Claim that an exact learner exists, within a stated distance of a point."""
    region = found.region
    where = f"An exact learner lies within distance {decimal_above(region.distance)} of the weights of point {found.point}: "
    if isinstance(region, KantorovichBall):
        beta, eta, kappa = (Fraction(constant) for constant in (region.beta, region.eta, region.kappa))
        reason = where + (
            "the theorem of Newton and Kantorovich in verified double precision. With every equation multiplied by a power of two, 1/σ_min(P) is at most "
            f"β = {decimal_above(beta)}, the first Newton step at most η = {decimal_above(eta)} long, and κ = {decimal_above(kappa)} a Lipschitz "
            f"constant of the derivative; βκη = {decimal_above(beta * kappa * eta)} is below 1/2. P has full column rank at that learner."
        )
        rule, rigor = f"exact-learning-{found.method}", Rigor.VERIFIED_FLOAT
        evidence = {"point": found.point, "distance": str(region.distance)}
    else:
        reason = where + (
            f"Newton's map, with {len(region.parameters)} weights free and the others held, sends a box around them into itself "
            "(Krawczyk's test in ball arithmetic). P has full column rank at that learner."
        )
        rule, rigor = "exact-learning-krawczyk", Rigor.BALL
        evidence = _box_evidence(found.point, region)
    facts = {"distance": region.distance}
    return Claim("exact-learning", Scope.EVERYWHERE, Verdict.PROVED, reason, facts, rigor, rule, evidence, found.premises)


def claim_robust_targets(context: ProofContext, found: FoundLearner) -> Claim | None:
    """Claim that all targets within an explicit radius are learnable, too; None where no radius was proved."""
    if isinstance(found.region, KantorovichBall):
        return _robust_in_ball(found, found.region)
    box = robust_box(context.problem, context.points[found.point], found.region)
    if box is None:
        return None
    reason = (
        f"The same test holds for all targets at once that differ from Y by at most {decimal_below(box.target_radius)} in every entry, on a box of "
        f"half-width {decimal_above(box.radius)} around the weights of point {found.point}."
    )
    evidence = {**_box_evidence(found.point, box), "target_radius": str(box.target_radius)}
    facts = {"radius": box.target_radius}
    return Claim("robust-targets", Scope.EVERYWHERE, Verdict.PROVED, reason, facts, Rigor.BALL, "robust-targets", evidence)


def _robust_in_ball(found: FoundLearner, ball: KantorovichBall) -> Claim | None:
    point = found.point
    if ball.target_radius == 0:
        return None
    reason = (
        f"The same theorem holds for all targets at once that differ from Y by at most {decimal_below(ball.target_radius)} in every entry: "
        f"each has an exact learner within distance {decimal_above(ball.target_distance)} of the weights of point {point}."
    )
    evidence = {"point": point, "distance": str(ball.target_distance), "target_radius": str(ball.target_radius)}
    facts = {"radius": ball.target_radius}
    rule = f"robust-targets-{found.method}"
    return Claim("robust-targets", Scope.EVERYWHERE, Verdict.PROVED, reason, facts, Rigor.VERIFIED_FLOAT, rule, evidence, found.premises)


def _box_evidence(point: int, box: LearnerBox) -> dict[str, object]:
    return {"point": point, "parameters": list(box.parameters), "radius": str(box.radius), "precision": box.precision}
