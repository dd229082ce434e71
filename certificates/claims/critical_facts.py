"""The claims about a critical point that was located: its loss, the signs of its Hessian's eigenvalues, and bounds of the rank of ``P`` there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from lossproof.certificates.claims.learners import Learner
from lossproof.certificates.claims.second_order import premises_at_learner
from lossproof.certificates.claims.stationary import BALL_RULE, ball_at
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound, bound, decided
from lossproof.certificates.proof.places import Place, Point, point_near, radius_of
from lossproof.certificates.proof.rank_bounds import RankBounds, generic_upper_bound, rank_bounds
from lossproof.certificates.proof.structural_bounds import trivial_bound
from lossproof.certificates.text.enclosures import decimal_above, enclosure_text
from lossproof.numerics.algebra.inertia import Inertia, ball_inertia, exact_inertia
from lossproof.numerics.critical.ball import signs_in_box
from lossproof.numerics.critical.box import hessian_precision, symmetry_gauge
from lossproof.numerics.critical.exact import formal_field, residual_apart_from_zero
from lossproof.numerics.critical.systems import hessian_over_box
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.exact_work import hessian_work
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import jacobian, output_residuals
from lossproof.numerics.network.loss_bounds import LossBounds, loss_bounds
from lossproof.numerics.network.loss_value import least_error, loss_exact, outward_bounds
from lossproof.numerics.network.weight_vectors import distance_bound
from lossproof.numerics.ranks.balls import ball_rank
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.numerics.training.lower_loss import weights_below
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor

_PRECISIONS = (128, 256, 512)
_LEARNER_PRECISION = 192
_FORMAL_PARAMETERS = 60
_MOST_PARAMETERS, _MOST_WORK_IN_BALLS = 300, 100_000
_RANK_COLUMNS = 100
_EXACT_WORK = 20_000
_LONGEST = 40


def claim_loss(context: ProofContext, place: Place, *support: Claim) -> Claim | None:
    """Claim bounds of the loss at a point, or over the box that holds a witness, which ``support`` introduces; None where no finite bounds are found.

    The bounds are equal where the loss is known exactly and a certificate can hold it; a longer exact loss is enclosed like any other.
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
        return decided("loss-bounds", place, reason, "loss-exact", facts=facts, own=own)
    found = loss_bounds(problem, point.weights, radius, context.max_precision)
    if found is None or not (is_writable(found.lower) and is_writable(found.upper)):
        return None
    bounds = {"loss_lower": found.lower, "loss_upper": found.upper}
    evidence, facts = {**bounds, "precision": found.precision}, {**bounds, "radius": radius}
    where = "at these weights" if radius == 0 else "at all weights of the box"
    reason = f"The loss is {enclosure_text(found.lower, found.upper)} {where}, enclosed in ball arithmetic{_told_apart(found)}."
    return decided("loss-bounds", place, reason, "loss-ball", facts=facts, evidence=evidence, own=Rigor.BALL, support=support)


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
    evidence = {"loss_lower": lower, "loss_upper": upper, "precision": _LEARNER_PRECISION}
    reason, own = "At an exact learner every sample has the least error there is.", Rigor.EXACT if exact else Rigor.BALL
    return decided("loss-bounds", stationary.place, reason, "loss-learner", learner.claim, facts=facts, evidence=evidence, own=own)


def claim_distance(context: ProofContext, given: Point, stationary: Claim | None) -> Claim | None:
    """Claim how far a critical point is at most from weights that were given.

    None where it is one of these very weights, or on kinks, or where it lies is not known.
    """
    if stationary is None:
        return None
    place, problem = stationary.place, context.problem
    near, radius = point_near(place), radius_of(place)
    if near is None or place is given:
        return None
    most = distance_bound(problem, given.weights, near.weights, radius, _PRECISIONS[0])
    if most is None:
        return None
    reason = f"The critical point lies within the Euclidean distance {decimal_above(most)} of the weights given, in all trainable weights together."
    facts = {"point": given, "distance": most, "radius": radius}
    evidence = {"point": given, "distance": most, "precision": _PRECISIONS[0]}
    return decided("distance", place, reason, "distance", facts=facts, evidence=evidence, own=Rigor.BALL, support=(stationary,))


def claim_inertia(context: ProofContext, stationary: Claim, learner: Learner | None, morse: Claim) -> Claim | None:
    """Claim the signs of the Hessian's eigenvalues at the critical point; None where no Hessian is proved to exist or the network is too large."""
    if learner is not None:
        return _inertia_of_learner(context, learner, morse)
    a, T = context.problem.architecture, context.problem.T
    if stationary.rule == BALL_RULE or T * a.N_net**2 > _MOST_WORK_IN_BALLS:
        signs = _inertia_in_doubles(context, stationary)
        if signs is not None or a.N_net > _MOST_PARAMETERS:
            return signs
    exact = _exact_inertia(context, stationary)
    if exact is not None:
        return exact
    ball = _ball_inertia(context, stationary)
    return ball if ball is None or not ball.facts["undecided"] else _with_kernel_vectors(context, ball)


def _inertia_facts(found: Inertia, place: Place) -> dict[str, Any]:
    counts = {"negative": found.negative, "zero": found.zero, "positive": found.positive, "undecided": found.undecided}
    return {**counts, "radius": radius_of(place)}


def _inertia_of_learner(context: ProofContext, learner: Learner, morse: Claim) -> Claim | None:
    premises = premises_at_learner(context, learner, morse)
    if premises is None or learner.ranks is None:
        return None
    n, lower, upper = context.problem.architecture.N_net, learner.ranks.lower.value, learner.ranks.upper.value
    reason = "At this exact learner H = (1/T) P diag(∇²E_i) Pᵀ with ∇²E_i ≻ 0 is positive semidefinite, of the rank of P."
    facts = _inertia_facts(Inertia(0, n - upper, lower, upper - lower), learner.place)
    return decided("inertia", learner.place, reason, "definition", *premises, facts=facts)


def _inertia_in_doubles(context: ProofContext, stationary: Claim) -> Claim | None:
    """Claim the signs that doubles show, those of the ball that a critical point was proved with; zeros are what the symmetries account for."""
    problem, place = context.problem, stationary.place
    point = point_near(place)
    if point is None:
        return None
    ball = ball_at(context, point) if stationary.rule == BALL_RULE else None
    fixed = symmetry_gauge(problem, point.weights) if ball is None else ball.fixed
    if len(fixed) != stationary.facts["dimension"]:
        return None
    signs = signs_in_box(problem, point.weights, radius_of(place), fixed) if ball is None else ball.signs
    if signs is None:
        return None
    negative, zero = signs.negative, len(fixed)
    positive = problem.architecture.N_net - negative - zero
    null = "; the symmetries of the loss account for those that are 0" if zero else ""
    reason = (
        f"Approximate eigenvectors of the Hessian, with proved bounds of how far they are from diagonalising it, show {negative} negative and {positive} "
        f"positive eigenvalues{null}."
    )
    facts, evidence = _inertia_facts(Inertia(negative, zero, positive, 0), place), {"fixed": list(fixed)}
    return decided("inertia", place, reason, BALL_RULE, stationary, facts=facts, evidence=evidence, own=Rigor.VERIFIED_FLOAT)


def _exact_inertia(context: ProofContext, stationary: Claim) -> Claim | None:
    problem, place = context.problem, stationary.place
    smooth = context.differentiable(place, 2)
    if not isinstance(place, Point) or smooth is None:
        return None
    try:
        evaluation = evaluate(problem.architecture, problem.samples, place.weights, RationalField())
        if not hessian_work(problem, evaluation, problem.architecture.N_net).is_allowed:
            return None
        found = exact_inertia(hessian(problem, evaluation))
    except (NotInField, NotDifferentiable):
        return None
    reason = "The Hessian is a rational matrix; a symmetric factorisation in exact arithmetic gives all signs."
    return decided("inertia", place, reason, "inertia-exact", *smooth, facts=_inertia_facts(found, place))


def _ball_inertia(context: ProofContext, stationary: Claim) -> Claim | None:
    problem, place, dimension = context.problem, stationary.place, stationary.facts["dimension"]
    point, n = point_near(place), problem.architecture.N_net
    found = None if point is None else _best_ball_inertia(problem, point.weights, radius_of(place), dimension)
    if found is None:
        return None
    counts, precision = found
    all_told = counts.undecided == dimension
    told = replace(counts, zero=dimension if all_told else 0, undecided=0 if all_told else counts.undecided)
    null = f", and {dimension} zero ones, as the critical manifold has that dimension" if all_told and dimension else ""
    reason = f"A symmetric factorisation of the Hessian in balls finds {counts.negative} negative and {counts.positive} positive eigenvalues of {n}{null}."
    evidence, facts = {"negative": counts.negative, "positive": counts.positive, "precision": precision}, _inertia_facts(told, place)
    return decided("inertia", place, reason, "inertia-ball", stationary, facts=facts, evidence=evidence, own=Rigor.BALL)


def _best_ball_inertia(problem: Problem, weights: Weights, radius: Fraction, dimension: int) -> tuple[Inertia, int] | None:
    """Return the signs that balls show, at the precision that shows most, with no more undecided than the ``dimension`` if that can be had.

    The box is twice as wide, and the precision three quarters of the one named, so that a checker with other balls agrees.
    """
    best: tuple[Inertia, int] | None = None
    highest = hessian_precision(problem, weights, _PRECISIONS[-1])
    for precision in (bits for bits in _PRECISIONS if bits <= highest):
        try:
            counts = ball_inertia(hessian_over_box(problem, weights, 2 * radius, 3 * precision // 4), precision)
        except NotDifferentiable:
            continue
        if best is None or counts.undecided < best[0].undecided:
            best = counts, precision
        if counts.undecided <= dimension:
            break
    return None if best is None or best[0].undecided < dimension else best


def _with_kernel_vectors(context: ProofContext, ball: Claim) -> Claim:
    """Add proved zeros from rational vectors that the formal Hessian annihilates; the claim unchanged where there are none."""
    problem, place = context.problem, ball.place
    smooth = context.differentiable(place, 2)
    if not isinstance(place, Point) or smooth is None or ball.facts["zero"] or problem.architecture.N_net > _FORMAL_PARAMETERS:
        return ball
    try:
        H = hessian(problem, evaluate(problem.architecture, problem.samples, place.weights, formal_field(problem)))
    except (NotInField, NotDifferentiable):
        return ball
    kernel = constant_kernel(H, "right")
    vectors = [] if kernel is None else kernel.payload["vectors"]
    zero = min(len(vectors), ball.facts["undecided"])
    if not zero:
        return ball
    facts = {**ball.facts, "zero": zero, "undecided": ball.facts["undecided"] - zero}
    reason = f"{zero} independent rational vectors are annihilated by the Hessian exactly; the other signs are those of the factorisation in balls."
    own, evidence = context.formal_rigor(place), {"vectors": vectors[:zero]}
    return decided("inertia", place, reason, "inertia-kernel", ball, *smooth, facts=facts, evidence=evidence, own=own)


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
    if point is None:
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
