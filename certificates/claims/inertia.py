"""The claim about a critical point that was located of the signs of its Hessian's eigenvalues: by its ranks, in exact arithmetic, in balls or in doubles."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from lossproof.certificates.claims.learners import Learner
from lossproof.certificates.claims.second_order import premises_at_learner
from lossproof.certificates.claims.stationary import BALL_RULE, ball_at
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided
from lossproof.certificates.proof.places import Place, Point, point_near, radius_of
from lossproof.numerics.algebra.inertia import Inertia, ball_inertia, exact_inertia
from lossproof.numerics.critical.ball import signs_in_box
from lossproof.numerics.critical.box import hessian_precision, symmetry_gauge
from lossproof.numerics.critical.exact import formal_field
from lossproof.numerics.critical.systems import hessian_over_box
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.exact_work import hessian_work
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Rigor

_RULE = "eigenvalue-signs"
_PRECISIONS = (128, 256, 512)
_FORMAL_PARAMETERS = 60
_MOST_PARAMETERS, _MOST_WORK_IN_BALLS = 300, 100_000


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
    reason = f"Cholesky factorisations of the Hessian, shifted by more than all errors, show {negative} negative and {positive} positive eigenvalues{null}."
    facts, evidence = (
        _inertia_facts(Inertia(negative, zero, positive, 0), place),
        {"fixed": sorted(fixed), "index": negative},
    )
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
    evidence = {"negative": found.negative, "positive": found.positive, "vectors": [], "precision": None}
    return decided("inertia", place, reason, _RULE, facts=_inertia_facts(found, place), evidence=evidence)


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
    evidence = {"negative": counts.negative, "positive": counts.positive, "vectors": [], "precision": precision}
    return decided("inertia", place, reason, _RULE, stationary, facts=_inertia_facts(told, place), evidence=evidence, own=Rigor.BALL)


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
    evidence = {**ball.evidence, "vectors": vectors[:zero]}
    return decided("inertia", place, reason, _RULE, *ball.premises, facts=facts, evidence=evidence, own=Rigor.BALL)
