"""The claims about a critical point that was located: its loss, how far it is from given weights, and bounds of the rank of ``P`` there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossproof.certificates.claims.learners import Learner
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound, bound, decided
from lossproof.certificates.proof.places import Place, Point, point_near, radius_of
from lossproof.certificates.proof.rank_bounds import RankBounds, generic_upper_bound, rank_bounds
from lossproof.certificates.proof.structural_bounds import trivial_bound
from lossproof.certificates.text.enclosures import decimal_above, enclosure_text
from lossproof.numerics.critical.exact import residual_apart_from_zero
from lossproof.numerics.critical.loss_in_doubles import loss_in_doubles
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.jacobian import jacobian, output_residuals
from lossproof.numerics.network.loss_bounds import LossBounds, loss_bounds, sharp_loss_bounds
from lossproof.numerics.network.loss_value import least_error, loss_exact, outward_bounds
from lossproof.numerics.network.weight_vectors import distance_bound
from lossproof.numerics.ranks.balls import ball_rank
from lossproof.numerics.training.lower_loss import weights_below
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor

_PRECISIONS = (128, 256, 512)
_LEARNER_PRECISION = 192
_RANK_COLUMNS = 100
_EXACT_WORK = 20_000
_LONGEST = 40
_MANY_VALUES = 500_000


def claim_loss(context: ProofContext, place: Place, *support: Claim) -> Claim | None:
    """Claim bounds of the loss at a point, or over the box that holds a witness, which ``support`` introduces; None where no finite bounds are found.

    The bounds are equal where the loss is known exactly and a certificate can hold it; a longer exact loss is enclosed like any other. From 500,000 values of
    activations on they come from doubles, at a point with all slopes.
    """
    return context.once("loss", place, lambda: _loss(context, place, support))


def claim_loss_below(context: ProofContext, loss: Fraction) -> Claim | None:
    """Claim the loss of weights that a short training finds clearly below a given loss, remembering it; None where it finds none."""

    def train() -> Claim | None:
        context.report_progress("looking for weights of a smaller loss", 0, 1)
        weights = weights_below(context.problem, float(loss), context.seed)
        return None if weights is None else claim_loss(context, Point(weights))

    return context.once("loss below", loss, train)


def _loss(context: ProofContext, place: Place, support: tuple[Claim, ...]) -> Claim | None:
    problem, point, radius = context.problem, point_near(place), radius_of(place)
    if point is None:
        return None
    small = radius == 0 and problem.columns * problem.architecture.N_net <= _EXACT_WORK
    exact = loss_exact(problem, point.weights) if small else None
    if exact is not None and is_writable(exact):
        facts = {"loss_lower": exact, "loss_upper": exact, "radius": radius}
        reason, own = f"The loss is {_exactly(exact)}, by exact arithmetic.", context.formal_rigor(point)
        evidence = {"loss_lower": exact, "loss_upper": exact, "precision": None}
        return decided("loss-bounds", place, reason, "loss-bounds", facts=facts, evidence=evidence, own=own)
    large = radius == 0 and problem.T * sum(problem.architecture.widths[1:]) >= _MANY_VALUES
    found = loss_in_doubles(problem, point.weights) if large else None
    return _enclosed_loss(place, found or loss_bounds(problem, point.weights, radius, context.max_precision), support)


def claim_sharp_loss(context: ProofContext, point: Point) -> Claim | None:
    """Claim bounds of the loss at a point as narrow as balls of 192 bits give; None where no finite ones are found."""
    return context.once(
        "sharp loss", point, lambda: _enclosed_loss(point, sharp_loss_bounds(context.problem, point.weights, _LEARNER_PRECISION), ())
    )


def _enclosed_loss(place: Place, found: LossBounds | None, support: tuple[Claim, ...]) -> Claim | None:
    if found is None or not (is_writable(found.lower) and is_writable(found.upper)):
        return None
    radius = radius_of(place)
    bounds, doubles = {"loss_lower": found.lower, "loss_upper": found.upper}, found.precision is None
    evidence, facts = {**bounds, "precision": "double" if doubles else found.precision}, {**bounds, "radius": radius}
    where = "at these weights" if radius == 0 else "at all weights of the box"
    how = "in double precision with proved bounds" if doubles else f"in ball arithmetic{_told_apart(found)}"
    own = Rigor.VERIFIED_FLOAT if doubles else Rigor.BALL
    reason = f"The loss is {enclosure_text(found.lower, found.upper)} {where}, enclosed {how}."
    return decided("loss-bounds", place, reason, "loss-bounds", facts=facts, evidence=evidence, own=own, support=support)


def _told_apart(found: LossBounds) -> str:
    """Say on which side of a short number near it the loss lies, and how far away; empty where it was not told from one."""
    if not found.apart:
        return ""
    above = found.lower > found.apart
    ends = (found.lower - found.apart, found.upper - found.apart) if above else (found.apart - found.upper, found.apart - found.lower)
    return f" of {found.precision} bits: {'above' if above else 'below'} {rational_text(found.apart)} by {enclosure_text(*ends)}"


def _exactly(loss: Fraction) -> str:
    """Return a loss in words: in full where it is short, else its leading digits."""
    plain = rational_text(loss)
    return f"exactly {plain}" if len(plain) <= _LONGEST else f"known exactly, {enclosure_text(loss, loss)}"


def claim_loss_at(context: ProofContext, stationary: Claim, learner: Learner | None) -> Claim | None:
    """Claim bounds of the loss at the critical point: the least there is at an exact learner, else at the point or over the box."""
    problem = context.problem
    if learner is None:
        return claim_loss(context, stationary.place, stationary)
    exact = problem.error.family in ("squared", "cauchy")
    lower, upper = (Fraction(0), Fraction(0)) if exact else outward_bounds(least_error(problem, _LEARNER_PRECISION))
    facts = {"loss_lower": lower, "loss_upper": upper, "radius": radius_of(stationary.place)}
    evidence = {"loss_lower": lower, "loss_upper": upper, "precision": None if exact else _LEARNER_PRECISION}
    reason, own = "At an exact learner every sample has the least error there is.", Rigor.EXACT if exact else Rigor.BALL
    return decided("loss-bounds", stationary.place, reason, "loss-bounds", learner.claim, facts=facts, evidence=evidence, own=own)


def claim_distance(context: ProofContext, given: Point, stationary: Claim | None) -> Claim | None:
    """Claim how far a critical point is at most from weights that were given.

    None where it is one of these very weights, or on kinks, or where it lies is not known.
    """
    if stationary is None:
        return None
    place, problem = stationary.place, context.problem
    near = point_near(place)
    if near is None or place is given:
        return None
    what = "The critical point lies within the Euclidean distance"
    return _distance(problem, place, given, near, what, (stationary,))


def claim_distance_between(problem: Problem, given: Point, end: Point) -> Claim | None:
    """Claim how far weights are at most from others that were given; None beyond all doubles."""
    return _distance(problem, end, given, end, "These weights lie within the Euclidean distance", ())


def _distance(problem: Problem, place: Place, given: Point, near: Point, what: str, support: tuple[Claim, ...]) -> Claim | None:
    radius = radius_of(place)
    most = distance_bound(problem, given.weights, near.weights, radius, _PRECISIONS[0])
    if most is None:
        return None
    reason = f"{what} {decimal_above(most)} of the weights given, in all trainable weights together."
    facts = {"point": given, "distance": most, "radius": radius}
    evidence = {"point": given, "distance": most, "precision": _PRECISIONS[0]}
    return decided("distance", place, reason, "distance", facts=facts, evidence=evidence, own=Rigor.BALL, support=support)


def ranks_at(context: ProofContext, stationary: Claim, learner: Learner | None) -> RankBounds | None:
    """Return bounds of the rank of ``P`` at the critical point: those of an exact learner, else at the point or by a minor over the box.

    Upper bounds are those that hold at all weights, one less than ``T n_L`` where ``ε ≠ 0`` is proved, and for a point of a family the number of components of
    the gradient that no identity implies, except for softmax. Where ``P`` has more than 100 columns, only what holds at all weights is told. None where ``P``
    may not exist.
    """
    place, problem = stationary.place, context.problem
    if learner is not None:
        return learner.ranks
    if problem.columns > _RANK_COLUMNS:
        return RankBounds(trivial_bound(problem, "P"), generic_upper_bound(context))
    try:
        known = (generic_upper_bound(context), _upper_by_family(problem, stationary), _upper_by_residual(problem, stationary))
        upper = min((found for found in known if found is not None), key=lambda b: b.value)
        if isinstance(place, Point):
            found = rank_bounds(context, "P", place)
            return replace(found, upper=min(found.upper, upper, key=lambda b: b.value))
        return RankBounds(_lower_over_box(problem, stationary, upper.value) or trivial_bound(problem, "P"), upper)
    except NotDifferentiable:
        return None


def _upper_by_family(problem: Problem, stationary: Claim) -> RankBound | None:
    """The identities of a family are independent combinations of the rows of P that vanish; for softmax they need not vanish."""
    if stationary.rule != "stationary-family" or problem.error.family == "softmax":
        return None
    value = problem.architecture.N_net - stationary.facts["implied"]
    return bound("P", stationary.place, value, "rank-family", stationary, lower=False)


def _upper_by_residual(problem: Problem, stationary: Claim) -> RankBound | None:
    """As ``P ε = 0`` at a critical point, ``rank P < T n_L`` where ``ε ≠ 0``."""
    place, precision = stationary.place, _PRECISIONS[0]
    point = point_near(place)
    if point is None or problem.decay is not None:
        return None
    found = residual_apart_from_zero(
        problem, output_residuals(problem, evaluate_box(problem, point.weights, BallField(precision), radius_of(place)))
    )
    if found is None:
        return None
    evidence = {"sample": found[0], "output": found[1], "precision": precision}
    return bound("P", place, problem.columns - 1, "rank-residual", stationary, lower=False, own=Rigor.BALL, evidence=evidence)


def _lower_over_box(problem: Problem, stationary: Claim, enough: int) -> RankBound | None:
    place = stationary.place
    point, radius = point_near(place), radius_of(place)
    if point is None:
        return None
    weights, strip = point.weights, problem.architecture.output_activation.has_nonzero_slopes
    found = ball_rank(
        lambda bits: jacobian(replace(evaluate_box(problem, weights, BallField(bits), radius), strip_output=strip)),
        start=_PRECISIONS[0], max_precision=_PRECISIONS[1], enough=min(enough, problem.architecture.N_net),
    )  # fmt: skip
    if found is None:
        return None
    return bound(
        "P", place, found.value, found.rule, lower=True, own=found.rigor, evidence=found.payload, support=(stationary,)
    )  # fmt: skip
