"""Exact learners: at given weights, and near given or trained ones, with what is known of the rank of ``P`` there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided, implied
from lossproof.certificates.proof.places import EVERYWHERE, Place, Point, Witness
from lossproof.certificates.proof.rank_bounds import RankBounds, generic_upper_bound, rank_bounds, regular_bound, singular_value_claim
from lossproof.certificates.proof.structural_bounds import size_bound
from lossproof.certificates.text.enclosures import decimal_above, decimal_below
from lossproof.numerics.algebra.memory import gram_bytes
from lossproof.numerics.learners import candidates as training
from lossproof.numerics.learners import krawczyk
from lossproof.numerics.learners.kantorovich import KantorovichBall, kantorovich_ball
from lossproof.numerics.learners.krawczyk import LearnerBox, learner_box, robust_box
from lossproof.numerics.network.outputs import is_exact_learner, output_apart_from_target
from lossproof.numerics.ranks.producers import has_singular_value_evidence
from lossproof.theory.verdicts import Rigor, Verdict

_STARTS = 8
_TRAINING_ENTRIES = 1_000_000


@dataclass(frozen=True)
class Learner:
    """An exact learner: the claim ``exact-learner`` at a point or a witness, and the bounds of ``rank P`` there, None where ``P`` may not exist."""

    claim: Claim
    ranks: RankBounds | None

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.claim.place


def claim_learner_at(context: ProofContext, point: Point) -> Claim | None:
    """Claim at given weights that all outputs equal their targets, or that one does not; None when neither is proved."""
    return context.once("exact-learner", point, lambda: _learner_at(context, point))


def _learner_at(context: ProofContext, point: Point) -> Claim | None:
    problem = context.problem
    if problem.error.is_cross_entropy:
        return None
    if is_exact_learner(problem, point.weights):
        reason = "Every output equals its target exactly, by exact arithmetic: these weights are a global minimum with ε(W) = 0."
        return decided("exact-learner", point, reason, "learner-exact", own=context.formal_rigor(point))
    apart = output_apart_from_target(problem, point.weights, context.max_precision)
    if apart is None:
        return None
    sample, output, precision = apart
    evidence = {"sample": sample, "output": output, "precision": precision}
    reason = f"Output {output} at sample {sample} differs from its target, so these weights are no exact learner (another point may still be one)."
    return decided("exact-learner", point, reason, "learner-apart", verdict=Verdict.REFUTED, evidence=evidence, own=Rigor.BALL)


def learner_at(context: ProofContext, point: Point) -> Learner | None:
    """Return the exact learner that the weights of a point are, or None."""
    claim = claim_learner_at(context, point)
    if claim is None or claim.verdict is not Verdict.PROVED:
        return None
    return Learner(claim, rank_bounds(context, "P", point) if context.has_jacobian(point) else None)


def learner_of(context: ProofContext, existence: Claim) -> Learner | None:
    """Return the exact learner that a claim ``exact-learning`` names, or None where it names none, or none for which ``P`` is known to have full rank."""
    witness, columns = existence.facts.get("learner"), context.problem.columns
    if not isinstance(witness, Witness) or existence.facts["rank_lower"] < columns or context.problem.error.is_cross_entropy:
        return None

    def named() -> Learner:
        reason = "It is the exact learner that was proved to exist."
        claim = implied("named-learner", "exact-learner", witness, reason, existence)
        ranks = RankBounds(regular_bound("P", witness, columns, existence), size_bound(context.problem, "P"))
        return Learner(claim, ranks)

    return context.once("named learner", witness, named)


@dataclass(frozen=True)
class FoundLearner:
    """A point, and the claims that an exact learner lies near it (``existence``), and so it does for all targets nearby (``robust``, if that is proved)."""

    point: Point
    existence: Claim
    robust: Claim | None


def find_learner(context: ProofContext, start: Point, *, weights_given: bool) -> FoundLearner | None:
    """Prove that an exact learner lies near the given weights, or else near trained ones (beyond 150 equations only where no weights are given).

    Krawczyk's test in ball arithmetic is tried for at most 150 equations, and where it does not prove a learner the theorem of Newton and
    Kantorovich in verified double precision. Training is tried from eight seeded starts, and only where the count and
    the structural bounds leave full rank possible, the error is a function of the residuals, and there are at most 150 equations and a
    million entries of ``P``, or at most 4,000 equations without such a limit.
    """
    problem = context.problem
    if problem.error.is_cross_entropy or generic_upper_bound(context).value < problem.columns:
        return None
    for point in _candidates(context, start, weights_given=weights_given):
        found = learner_near(context, point)
        if found is not None:
            return found
    return None


def _candidates(context: ProofContext, start: Point, *, weights_given: bool) -> Iterator[Point]:
    problem = context.problem
    with_P = problem.columns <= training.MOST_EQUATIONS_WITH_P
    if weights_given:
        yield start
        if not with_P:
            return
    if with_P and problem.architecture.N_net * problem.columns > _TRAINING_ENTRIES:
        return
    context.report_progress("training", 0, 1)
    yield from map(Point, training.exact_learner_candidates(problem, context.seed, _STARTS))
    context.report_progress("training", 1, 1)


def learner_near(context: ProofContext, point: Point) -> FoundLearner | None:
    """Prove that an exact learner lies near a point; None where the tests fail or do not apply.

    A large problem has one proof of the smallest singular value of ``P`` for this and for the rank at the point.
    """
    if context.problem.error.is_cross_entropy:
        return None
    return context.once("learner near", point, lambda: _in_box(context, point) or _in_ball(context, point))


def _in_box(context: ProofContext, point: Point) -> FoundLearner | None:
    problem = context.problem
    box = learner_box(problem, point.weights) if problem.columns <= krawczyk.MOST_EQUATIONS else None
    if box is None:
        return None
    wider = robust_box(problem, point.weights, box)
    robust = None
    if wider is not None:
        reason = (
            f"The same test holds for all targets at once that differ from Y by at most {decimal_below(wider.target_radius)} in every entry, on a box of "
            f"half-width {decimal_above(wider.radius)} around the same weights."
        )
        robust = _robust(_box_claim(context, point, wider), reason)
    return FoundLearner(point, _box_claim(context, point, box), robust)


def _box_claim(context: ProofContext, point: Point, box: LearnerBox) -> Claim:
    learner = Witness(point, box.radius)
    reason = (
        f"An exact learner lies within distance {decimal_above(box.distance)} of the weights of a point: Newton's map, with {len(box.parameters)} weights free "
        "and the others held, sends a box around them into itself (Krawczyk's test in ball arithmetic). P has full column rank at that learner."
    )
    facts = _facts(context, learner, point, box.distance, box.target_radius)
    evidence = {
        "learner": learner,
        "point": point,
        "parameters": list(box.parameters),
        "radius": box.radius,
        "target_radius": box.target_radius,
        "precision": box.precision,
    }
    return decided("exact-learning", EVERYWHERE, reason, "learner-box", facts=facts, evidence=evidence, own=Rigor.BALL, introduces=learner)


def _facts(context: ProofContext, learner: Witness, point: Point, distance: Fraction, target_radius: Fraction) -> dict[str, object]:
    columns = context.problem.columns
    return {"learner": learner, "rank_lower": columns, "point": point, "distance": distance, "target_radius": target_radius}


def _robust(existence: Claim, reason: str) -> Claim:
    return implied("robust-targets", "robust-targets", EVERYWHERE, reason, existence, facts={"radius": existence.facts["target_radius"]})


def _in_ball(context: ProofContext, point: Point) -> FoundLearner | None:
    problem, weights, value = context.problem, point.weights, None
    if has_singular_value_evidence(problem, weights) and context.has_jacobian(point):
        bounds = rank_bounds(context, "P", point)
        value = bounds.singular_value
        if value is None and bounds.obstacle:
            return None  # the bound that the theorem asks for was sought in vain
    if value is None and _is_too_large(context):
        return None
    sigma = None if value is None else float(Fraction(value.facts["least"]))
    ball = kantorovich_ball(problem, weights, sigma=sigma, report=context.effort_for("P").report)
    if ball is None:
        return None
    value = singular_value_claim("P", point, ball.sigma) if value is None else value
    robust = None
    if ball.target_radius > 0:
        reason = (
            f"The same theorem holds for all targets at once that differ from Y by at most {decimal_below(ball.target_radius)} in every entry: "
            f"each has an exact learner within distance {decimal_above(ball.target_distance)} of the same weights."
        )
        wider = replace(ball, distance=ball.target_distance)
        robust = _robust(_ball_claim(context, point, wider, value), reason)
    return FoundLearner(point, _ball_claim(context, point, replace(ball, target_radius=Fraction(0)), value), robust)


def _is_too_large(context: ProofContext) -> bool:
    problem = context.problem
    return context.most_bytes is not None and gram_bytes(problem.architecture, problem.T) > context.most_bytes


def _ball_claim(context: ProofContext, point: Point, ball: KantorovichBall, value: Claim) -> Claim:
    learner = Witness(point, ball.distance)
    beta, eta, kappa = (Fraction(constant) for constant in (ball.beta, ball.eta, ball.kappa))
    reason = (
        f"An exact learner lies within distance {decimal_above(ball.distance)} of the weights of a point: the theorem of Newton and Kantorovich in verified "
        f"double precision. With every equation multiplied by a power of two, 1/σ_min(P) is at most β = {decimal_above(beta)}, the first Newton step at most "
        f"η = {decimal_above(eta)} long, and κ = {decimal_above(kappa)} a Lipschitz constant of the derivative; βκη = {decimal_above(beta * kappa * eta)} is "
        "below 1/2. P has full column rank at that learner."
    )
    facts = _facts(context, learner, point, ball.distance, ball.target_radius)
    evidence = {"learner": learner, "point": point, "distance": ball.distance, "target_radius": ball.target_radius}
    return decided(
        "exact-learning", EVERYWHERE, reason, "learner-ball", value,
        facts=facts, evidence=evidence, own=Rigor.VERIFIED_FLOAT, introduces=learner,
    )  # fmt: skip
