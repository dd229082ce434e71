"""The claims about a critical point that was located: its loss, inertia, rank of ``P``, class, and the summary ``critical-point``."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from flint import arb

from lossproof.certificates.claims.stationary import LearnerClaims, radius_of
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, proved_at
from lossproof.certificates.text.enclosures import enclosure_text
from lossproof.numerics.algebra.inertia import Inertia, ball_inertia, exact_inertia
from lossproof.numerics.critical.box import hessian_over_box
from lossproof.numerics.critical.exact import formal_field, residual_apart_from_zero
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.precision import LARGEST_EXPONENT
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.hessian import hessian
from lossproof.numerics.network.jacobian import jacobian, output_residuals
from lossproof.numerics.network.loss_value import least_error, loss_ball, loss_exact, outward_bounds
from lossproof.numerics.network.pass_limits import forward_precision
from lossproof.numerics.ranks.balls import ball_rank
from lossproof.numerics.ranks.formal import constant_kernel
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor, Scope, Verdict, weakest

_PRECISIONS = (128, 256, 512)
_LOSS_PRECISIONS = (64, 128, 192)
_LEARNER_PRECISION = 192
_FORMAL_PARAMETERS = 60
_MOST_PARAMETERS = 300
_RANK_COLUMNS = 100
_EXACT_WORK = 20_000
_LONGEST = 40


def claim_loss(context: ProofContext, point: int, radius: Fraction) -> Claim | None:
    """Claim bounds of the loss over the box of a radius around a point; None where no finite bounds are found.

    The bounds are equal where the loss is known exactly and a certificate can hold it; a longer exact loss is enclosed like any other.
    """
    problem, weights = context.problem, context.points[point]
    exact = loss_exact(problem, weights) if radius == 0 and problem.columns * problem.architecture.N_net <= _EXACT_WORK else None
    if exact is not None and is_writable(exact):
        facts = {"loss_lower": exact, "loss_upper": exact, "radius": radius}
        reason = f"The loss is {_exactly(exact)}, by exact arithmetic."
        return Claim("loss-bounds", Scope.AT_WEIGHTS, Verdict.PROVED, reason, facts, Rigor.EXACT, "loss-exact", {}, (), point)
    precision = max((bits for bits in _LOSS_PRECISIONS if bits <= forward_precision(problem, bits)), default=None)
    ball = None if precision is None else loss_ball(problem, weights, radius, precision)
    if ball is None or not abs(ball) < arb(2) ** LARGEST_EXPONENT:
        return None
    lower, upper = outward_bounds(ball)
    facts = {"loss_lower": lower, "loss_upper": upper, "radius": radius}
    evidence = {
        "radius": rational_text(radius),
        "loss_lower": rational_text(lower),
        "loss_upper": rational_text(upper),
        "precision": precision,
    }
    where = "at these weights" if radius == 0 else "at all weights of the box"
    reason = f"The loss is {enclosure_text(lower, upper)} {where}, enclosed in ball arithmetic."
    return Claim("loss-bounds", Scope.AT_WEIGHTS, Verdict.PROVED, reason, facts, Rigor.BALL, "loss-bounds", evidence, (), point)


def _exactly(loss: Fraction) -> str:
    """Return a loss in words: in full where it is short, else its leading digits."""
    plain = rational_text(loss)
    return f"exactly {plain}" if len(plain) <= _LONGEST else f"known exactly, {enclosure_text(loss, loss)}"


def claim_loss_at(context: ProofContext, stationary: Claim) -> Claim | None:
    """Claim bounds of the loss at the critical point: the least there is at an exact learner, else over the box."""
    problem = context.problem
    if stationary.rule != "stationary-learner":
        return claim_loss(context, stationary.point or 0, radius_of(stationary))
    exact = problem.error.family in ("squared", "cauchy")
    lower, upper = (Fraction(0), Fraction(0)) if exact else outward_bounds(least_error(problem, _LEARNER_PRECISION))
    facts = {"loss_lower": lower, "loss_upper": upper, "radius": radius_of(stationary)}
    evidence = {"loss_lower": rational_text(lower), "loss_upper": rational_text(upper), "precision": _LEARNER_PRECISION}
    reason = "At an exact learner every sample has the least error there is."
    return proved_at(
        "loss-bounds", stationary.point, reason, facts, Rigor.EXACT if exact else Rigor.BALL, "loss-learner", evidence, stationary
    )


def claim_inertia(context: ProofContext, stationary: Claim, learner: LearnerClaims, morse: Claim | None) -> Claim | None:
    """Claim the signs of the Hessian's eigenvalues at the critical point; None where no Hessian is proved to exist or the network is too large."""
    if stationary.rule == "stationary-learner":
        return _inertia_of_learner(context, stationary, learner, morse)
    if context.problem.architecture.N_net > _MOST_PARAMETERS:
        return None
    exact = _exact_inertia(context, stationary)
    if exact is not None:
        return exact
    ball = _ball_inertia(context, stationary)
    return ball if ball is None or not ball.facts["undecided"] else _with_kernel_vectors(context, stationary, ball)


def _inertia_facts(found: Inertia, radius: Fraction) -> dict[str, Any]:
    counts = {"negative": found.negative, "zero": found.zero, "positive": found.positive, "undecided": found.undecided}
    return {**counts, "radius": radius}


def _inertia_of_learner(context: ProofContext, stationary: Claim, learner: LearnerClaims, morse: Claim | None) -> Claim | None:
    n, columns = context.problem.architecture.N_net, context.problem.columns
    radius = radius_of(stationary)
    if radius > 0 and morse is not None and morse.verdict is Verdict.PROVED:
        reason = f"At this learner H = (1/T) P diag(∇²E_i) Pᵀ with ∇²E_i ≻ 0 and rank P = {columns}: {columns} positive eigenvalues, the others are 0."
        return proved_at(
            "inertia",
            stationary.point,
            reason,
            _inertia_facts(Inertia(0, n - columns, columns, 0), radius),
            Rigor.EXACT,
            "inertia-learner",
            {},
            stationary,
            morse,
        )
    rank = learner.hessian_rank
    if radius == 0 and rank is not None and rank.rule == "hessian-rank-point":
        lower, upper = rank.facts["rank_lower"], rank.facts["rank_upper"]
        reason = "At this exact learner H = (1/T) P diag(∇²E_i) Pᵀ is positive semidefinite, of the rank of P."
        return proved_at(
            "inertia",
            stationary.point,
            reason,
            _inertia_facts(Inertia(0, n - upper, lower, upper - lower), radius),
            Rigor.EXACT,
            "inertia-learner",
            {},
            stationary,
            rank,
        )
    return None


def _exact_inertia(context: ProofContext, stationary: Claim) -> Claim | None:
    problem, weights = context.problem, context.points[stationary.point or 0]
    if radius_of(stationary) > 0:
        return None
    try:
        H = hessian(problem, evaluate(problem.architecture, problem.samples, weights, RationalField()))
    except (NotInField, NotDifferentiable):
        return None
    reason = "The Hessian is a rational matrix; a symmetric factorisation in exact arithmetic gives all signs."
    rigor = context.derivative_rigor(weights, 2)
    return proved_at(
        "inertia", stationary.point, reason, _inertia_facts(exact_inertia(H), Fraction(0)), rigor, "inertia-exact", {}, stationary
    )


def _ball_inertia(context: ProofContext, stationary: Claim) -> Claim | None:
    problem, weights = context.problem, context.points[stationary.point or 0]
    radius, dimension, n = radius_of(stationary), stationary.facts["dimension"], context.problem.architecture.N_net
    best: tuple[Inertia, int] | None = None
    for precision in _PRECISIONS:
        try:
            found = ball_inertia(hessian_over_box(problem, weights, 2 * radius, 3 * precision // 4), precision)
        except NotDifferentiable:
            continue
        if best is None or found.undecided < best[0].undecided:
            best = (found, precision)
        if found.undecided <= dimension:
            break
    if best is None or best[0].undecided < dimension:
        return None
    counts, precision = best
    decided = counts.undecided == dimension
    facts = _inertia_facts(replace(counts, zero=dimension if decided else 0, undecided=0 if decided else counts.undecided), radius)
    null = f", and {dimension} zero ones, as the critical manifold has that dimension" if decided and dimension else ""
    reason = f"A symmetric factorisation of the Hessian in balls finds {counts.negative} negative and {counts.positive} positive eigenvalues of {n}{null}."
    evidence = {"negative": counts.negative, "positive": counts.positive, "precision": precision}
    rigor = weakest([Rigor.BALL, context.derivative_rigor(weights, 2)])
    return proved_at("inertia", stationary.point, reason, facts, rigor, "inertia-ball", evidence, stationary)


def _with_kernel_vectors(context: ProofContext, stationary: Claim, ball: Claim) -> Claim:
    """Add proved zeros from rational vectors that the formal Hessian annihilates; the claim unchanged where there are none."""
    problem, weights = context.problem, context.points[stationary.point or 0]
    if radius_of(stationary) > 0 or ball.facts["zero"] or problem.architecture.N_net > _FORMAL_PARAMETERS:
        return ball
    try:
        H = hessian(problem, evaluate(problem.architecture, problem.samples, weights, formal_field(problem)))
    except (NotInField, NotDifferentiable):
        return ball
    kernel = constant_kernel(H, "right")
    vectors = [] if kernel is None else kernel.payload["vectors"]
    zero = min(len(vectors), ball.facts["undecided"])
    if not zero:
        return ball
    facts = {**ball.facts, "zero": zero, "undecided": ball.facts["undecided"] - zero}
    reason = f"{zero} independent rational vectors are annihilated by the Hessian exactly; the other signs are those of the factorisation in balls."
    rigor = context.derivative_rigor(weights, 2)
    return proved_at("inertia", stationary.point, reason, facts, rigor, "inertia-kernel", {"vectors": vectors[:zero]}, ball)


def claim_critical_rank(context: ProofContext, stationary: Claim) -> Claim | None:
    """Claim bounds of the rank of ``P`` at the critical point: a ball minor over the box, and one less than ``T n_L`` where ``ε ≠ 0`` is proved.

    At an exact learner that was proved to lie nearby the rank is full.
    """
    problem, weights, radius = context.problem, context.points[stationary.point or 0], radius_of(stationary)
    n, columns = problem.architecture.N_net, problem.columns
    if stationary.rule == "stationary-learner" and radius > 0:
        reason = f"P has full column rank {columns} at the exact learner that was proved to lie nearby."
        full = {"rank_lower": columns, "rank_upper": columns, "columns": columns, "radius": radius}
        return proved_at("critical-rank", stationary.point, reason, full, Rigor.EXACT, "critical-rank-learner", {}, stationary)
    if columns > _RANK_COLUMNS:
        return None
    strip = problem.architecture.output_activation.nonvanishing_derivative.holds
    precision = _PRECISIONS[0]
    try:
        residuals = output_residuals(problem, evaluate_box(problem, weights, BallField(precision), radius))
        place = residual_apart_from_zero(problem, residuals)
        upper = min(n, columns if place is None else columns - 1)
        found = ball_rank(
            lambda bits: jacobian(replace(evaluate_box(problem, weights, BallField(bits), radius), strip_output=strip)),
            start=precision, max_precision=_PRECISIONS[1], enough=upper,
        )  # fmt: skip
    except NotDifferentiable:
        return None
    rows, minor, bits = (
        ([], [], precision) if found is None else (found.payload["rows"], found.payload["columns"], found.payload["precision"])
    )
    facts = {"rank_lower": len(rows), "rank_upper": upper, "columns": columns, "radius": radius}
    lacking = "" if place is None else f" As P ε = 0 with ε ≠ 0, the rank is below {columns}."
    reason = f"A minor of size {len(rows)} of P is not 0 over the box, in ball arithmetic.{lacking}"
    evidence = {"rows": rows, "columns": minor, "precision": bits, "residual": place}
    return proved_at("critical-rank", stationary.point, reason, facts, Rigor.BALL, "critical-rank", evidence, stationary)
