"""The claim ``stationary``: a critical point at, or within a proved distance of, given weights; or that there is none exactly there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from lossproof.certificates.claims.learners import Learner, learner_at, learner_near, learner_of
from lossproof.certificates.claims.no_minimum_nearby import claim_no_critical_point_nearby
from lossproof.certificates.claims.second_order import manifold_at
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided, implied
from lossproof.certificates.proof.places import Point, Witness, point_near, radius_of
from lossproof.certificates.text.enclosures import decimal_above
from lossproof.numerics.critical.balanced_inputs import balanced_point
from lossproof.numerics.critical.ball import PRECISION, CriticalBall, critical_ball
from lossproof.numerics.critical.box import critical_box, symmetry_gauge
from lossproof.numerics.critical.exact import gradient_apart_from_zero, gradient_is_zero, is_constant_critical
from lossproof.numerics.critical.families import FamilyPoint, family_point
from lossproof.numerics.critical.identities import Identity
from lossproof.numerics.critical.rotations import written_gauge
from lossproof.numerics.critical.still_units import Equal, Level, Silent
from lossproof.numerics.network.boxes import parameter_place
from lossproof.theory.problem.numbers import is_rational
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import rational_text
from lossproof.theory.verdicts import Rigor, Verdict

BALL_RULE = "critical-ball"
"""The rule that proves critical points, and the signs of the Hessian there, in doubles."""

_NAME = "stationary"
_MUCH_WORK = 500_000
_MOST_WORK_OF_A_BOX, _MOST_WORK_OF_A_BALL_AND_BOX = 50_000, 1_000_000
_SYMMETRIES = "scaling of hidden units, shifts of the logits", "rotations of hidden units, shifts of the logits"
"""Without weight decay and with it."""

_INTO_ITSELF = "(Krawczyk's test in ball arithmetic)."


def stationary_claims(context: ProofContext, point: Point) -> Iterator[tuple[Claim, Learner | None]]:
    """Yield claims that a critical point lies at or near a point, one for each reason that holds, each with the exact learner that it is, if it is one.

    The reasons, in order: the weights are an exact learner, or one is proved near them; the gradient vanishes exactly; for very large problems Newton's map in
    doubles; Krawczyk's test for the sums over groups of equal inputs; for the gradient, for all parameters, up to the symmetries, and Newton's map in doubles;
    or up to identities on a family of weights, which comes before the boxes where the gradient vanishes exactly. With weight decay those by outputs
    are left out; where layers are frozen an exact gradient, and the tests for all parameters, are left. A later reason may know of a larger manifold
    of critical points than an earlier one.
    """
    if not context.has_jacobian(point):
        return
    ball = (_in_a_ball,) if _work(context) > _MOST_WORK_OF_A_BALL_AND_BOX else ()
    boxes: tuple[Callable[[ProofContext, Point], Claim | None], ...] = (_in_a_box_or_ball,)
    constant: tuple[Callable[[ProofContext, Point], Claim | None], ...] = ()
    if context.problem.decay is None:
        for learner in _learners(context, point):
            found = at_learner(context, learner)
            if found is not None:
                yield found, learner
        boxes, constant = (_balanced, _in_a_box_or_ball), (_constant,)
    if context.problem.architecture.frozen:
        for found in (reason(context, point) for reason in (_exactly, *ball, _in_a_box_or_ball)):
            if found is not None:
                yield found, None
        return
    for reason in (*constant, _exactly, *ball, *((_family, *boxes) if _is_critical(context, point) else (*boxes, _family))):
        found = reason(context, point)
        if found is not None:
            yield found, None


def _is_critical(context: ProofContext, point: Point) -> bool:
    """Tell whether every component of the gradient is 0, by exact arithmetic."""
    return context.once("gradient is zero", point, lambda: gradient_is_zero(context.problem, point.weights))


def _learners(context: ProofContext, point: Point) -> Iterator[Learner]:
    here = learner_at(context, point)
    if here is not None:
        yield here
        return
    near = learner_near(context, point)
    learner = None if near is None else learner_of(context, near.existence)
    if learner is not None:
        yield learner


def at_learner(context: ProofContext, learner: Learner) -> Claim | None:
    """Claim that an exact learner is a critical point, on the manifold of those near it where they are known to form one.

    None where it is not known where it lies, or the gradient may not exist there.
    """
    place, radius = learner.place, radius_of(learner.place)
    if point_near(place) is None:
        return None
    manifold = manifold_at(context, learner)
    if manifold is not None:
        reason = "The exact learner there is a critical point: ε = 0, so T∇J = P ε = 0; the exact learners near it form a manifold."
        facts = {"radius": radius, "dimension": manifold.facts["dimension"]}
        return implied("stationary-manifold", _NAME, place, reason, learner.claim, manifold, facts=facts)
    smooth = context.differentiable(place, 1, learner.claim)
    if smooth is None:
        return None
    reason = "The exact learner there is a critical point: ε(W) = 0, so T∇J = P ε = 0."
    return implied("stationary-learner", _NAME, place, reason, learner.claim, *smooth, facts={"radius": radius, "dimension": 0})


def refute_stationary(context: ProofContext, point: Point) -> Claim | None:
    """Claim that the weights are not critical: a component of the gradient is proved not to be 0. None where that is not proved.

    Where there is much to compute, a bound of the whole gradient in doubles is tried first.
    """
    problem = context.problem
    nearby = claim_no_critical_point_nearby(context, point) if problem.T * problem.architecture.N_net > _MUCH_WORK else None
    if nearby is not None:
        reason = "The gradient is proved not to be 0 at these weights, nor anywhere near them, by bounds in double precision."
        return implied("not-stationary", _NAME, point, reason, nearby, verdict=Verdict.REFUTED)
    smooth = context.differentiable(point, 1)
    found = None if smooth is None else gradient_apart_from_zero(context.problem, point.weights, context.max_precision)
    if smooth is None or found is None:
        return None
    parameter, precision = found
    reason = f"Component {parameter} of the gradient is proved not to be 0 at these very weights, in ball arithmetic of {precision} bits."
    evidence = {"parameter": parameter, "precision": precision}
    return decided(_NAME, point, reason, "stationary-apart", *smooth, verdict=Verdict.REFUTED, evidence=evidence, own=Rigor.BALL)


def _constant(context: ProofContext, point: Point) -> Claim | None:
    problem, smooth = context.problem, context.differentiable(point, 2)
    if smooth is None or not is_constant_critical(problem, point.weights):
        return None
    a = problem.architecture
    dimension = a.N_net - a.widths[0] * a.widths[1] - a.n_L + (problem.error.family == "softmax")
    reason = (
        "W_1 = 0, so the outputs are constant, and Σ_i ∇E_i = 0 and Σ_i ∇E_i x_iᵀ = 0 hold exactly: all weights with W_1 = 0 and this output are critical. "
        f"They form a manifold of dimension {dimension}."
    )
    return decided(
        _NAME,
        point,
        reason,
        "stationary-constant",
        *smooth,
        facts={"radius": Fraction(0), "dimension": dimension},
        own=context.formal_rigor(point),
    )


def _exactly(context: ProofContext, point: Point) -> Claim | None:
    """The gradient vanishes; the symmetries give a family of critical points."""
    problem, smooth = context.problem, context.differentiable(point, 1)
    if smooth is None or not _is_critical(context, point):
        return None
    gauge = symmetry_gauge(problem, point.weights)
    family = (
        f"; the symmetries of the loss ({_SYMMETRIES[problem.decay is not None]}) give a "
        f"manifold of dimension {len(gauge)} of critical points with one loss"
        if gauge
        else ""
    )
    facts = {"radius": Fraction(0), "dimension": len(gauge)}
    reason = f"Every component of the gradient is 0, by exact arithmetic{family}."
    own = context.formal_rigor(point) if _is_held_exactly(problem, point, gauge) else Rigor.BALL
    return decided(
        _NAME,
        point,
        reason,
        "stationary-exact",
        *smooth,
        facts=facts,
        evidence={"fixed": written_gauge(problem, point.weights, gauge)},
        own=own,
    )


def _is_held_exactly(problem: Problem, point: Point, gauge: Sequence[int]) -> bool:
    """Tell whether no incoming weight of a hidden unit is held that takes balls: that it is not 0 where irrational, or with decay its unit's rotations."""
    a = problem.architecture
    places = [place for place in (parameter_place(a, k) for k in gauge) if place[0] < a.L]
    return not places or (
        problem.decay is None and all(is_rational(point.weights.layers[l - 1].W[source][unit]) for l, unit, source in places)
    )


def _located(
    point: Point, radius: Fraction, dimension: int, reason: str, rule: str, evidence: Mapping[str, Any], own: Rigor = Rigor.BALL
) -> Claim:
    """Return the claim that a critical point lies within a radius of a point: a witness that it introduces."""
    place = Witness(point, radius)
    facts = {"point": point, "radius": radius, "dimension": dimension}
    return decided(_NAME, place, reason, rule, facts=facts, evidence={"point": point, **evidence}, own=own, introduces=place)


def _work(context: ProofContext) -> int:
    return context.problem.T * context.problem.architecture.N_net**2


def _in_a_box_or_ball(context: ProofContext, point: Point) -> Claim | None:
    """Apply Krawczyk's test to small problems first, and the test in doubles to large ones; very large ones have had that test before."""
    work = _work(context)
    ways = (
        (_in_a_box, _in_a_ball) if work <= _MOST_WORK_OF_A_BOX else (_in_a_ball, _in_a_box) if work <= _MOST_WORK_OF_A_BALL_AND_BOX else ()
    )
    return next((found for way in ways if (found := way(context, point)) is not None), None)


def ball_at(context: ProofContext, point: Point) -> CriticalBall | None:
    """Return the ball around the weights in which Newton's map in doubles proves a critical point, if any."""
    return context.once("critical ball", point, lambda: critical_ball(context.problem, point.weights))


def _in_a_ball(context: ProofContext, point: Point) -> Claim | None:
    ball = ball_at(context, point)
    if ball is None:
        return None
    held = f", with {len(ball.fixed)} weights held that the symmetries of the loss can move," if ball.fixed else ""
    reason = (
        f"Newton's map for ∇J = 0{held} with one fixed matrix sends the ball of radius {decimal_above(ball.radius)} around these weights into itself and "
        "contracts: it holds exactly one critical point (Hessian in doubles with proved bounds)."
    )
    fixed = written_gauge(context.problem, point.weights, ball.fixed)
    evidence = {"fixed": fixed, "index": ball.signs.negative, "radius": ball.radius, "precision": PRECISION}
    return _located(point, ball.radius, len(ball.fixed), reason, BALL_RULE, evidence, Rigor.VERIFIED_FLOAT)


def _in_a_box(context: ProofContext, point: Point) -> Claim | None:
    problem, weights = context.problem, point.weights
    box = critical_box(problem, weights)
    if box is None:
        gauge = symmetry_gauge(problem, weights)
        box = critical_box(problem, weights, gauge) if gauge else None
    if box is None:
        return None
    held = (
        f", with {len(box.fixed)} weights held, as the symmetries of the loss allow ({_SYMMETRIES[problem.decay is not None]})"
        if box.fixed
        else ""
    )
    reason = f"Newton's map for ∇J = 0 sends the box of half-width {decimal_above(box.radius)} around these weights into itself{held} {_INTO_ITSELF}"
    evidence = {"fixed": written_gauge(problem, weights, box.fixed), "radius": box.radius, "precision": box.precision}
    return _located(point, box.radius, len(box.fixed), reason, "stationary-box", evidence)


def _balanced(context: ProofContext, point: Point) -> Claim | None:
    found = balanced_point(context.problem, point.weights, exactly=True)
    if found is None:
        return None
    followers = len(found.following)
    others = f", and {followers} of the outputs follow others, as their targets do" if followers else ""
    reason = (
        f"The gradients of the errors cancel within every group of samples whose outputs determine each other, such as equal inputs{others}: with "
        f"{len(found.parameters)} weights free, as many as these are equations, Newton's map sends the box of half-width {decimal_above(found.radius)} around "
        f"these weights into itself {_INTO_ITSELF}"
    )
    following = [[f, [rational_text(q) for q in shares]] for f, shares in found.following]
    evidence = {"parameters": list(found.parameters), "following": following, "radius": found.radius, "precision": found.precision}
    a = context.problem.architecture
    dimension = a.N_net - len(found.parameters) - followers * a.fan_in(a.L)
    return _located(point, found.radius, dimension, reason, "stationary-balanced", evidence)


def _family(context: ProofContext, point: Point) -> Claim | None:
    """A critical point at the weights, where the gradient is 0 by exact arithmetic, or else near them, on a manifold that identities of the gradient show."""
    problem = context.problem
    found = family_point(problem, point.weights, exactly=True)
    if found is None:
        return None
    here = _is_critical(context, point)
    special = "zeros and equal units of these weights" if found.held or found.ties else "symmetries of the network"
    still = "units have slope 0, or one input at several samples, or nothing comes back to them, which are equations besides"
    where = f" where some {still}" if found.still else ""
    implied = (
        f"By the {special}, {len(found.implied)} components of the gradient follow from the others all over a family of weights{where}; "
    )
    rest = (
        f"these are 0 by exact arithmetic, and determine {len(found.parameters)} of the weights near these."
        if here
        else f"for these Newton's map sends the box of half-width {decimal_above(found.radius)} into itself, with {len(found.parameters)} weights free "
        f"{_INTO_ITSELF}"
    )
    evidence = {"point": point, **_family_evidence(found), "radius": Fraction(0) if here else found.radius, "precision": found.precision}
    facts = {"radius": Fraction(0) if here else found.reach, "dimension": found.dimension(problem.architecture)}
    facts["implied"] = len(found.implied)
    if here:
        return decided(_NAME, point, implied + rest, "stationary-family", facts=facts, evidence=evidence, own=Rigor.BALL)
    place = Witness(point, found.reach)
    return decided(
        _NAME, place, implied + rest, "stationary-family", facts={"point": point, **facts}, evidence=evidence, own=Rigor.BALL, introduces=place
    )  # fmt: skip


def _family_evidence(found: FamilyPoint) -> dict[str, Any]:
    return {
        "held": list(found.held),
        "ties": [[k, m, rational_text(q)] for k, m, q in found.ties],
        "parameters": list(found.parameters),
        "implied": list(found.implied),
        "identities": _terms(found.identities),
        "across": list(found.across),
        "symmetries": _terms(found.symmetries),
        "level": [[one.layer, one.unit, list(one.samples)] for one in found.still if isinstance(one, Level)],
        "equal": [[one.layer, one.unit, list(one.samples)] for one in found.still if type(one) is Equal],
        "silent": [[one.layer, one.unit, [one.sample]] for one in found.still if isinstance(one, Silent)],
    }


def _terms(identities: Sequence[Identity]) -> list[Any]:
    return [
        [[k, rational_text(q), [x if isinstance(x, int) else list(x) for x in factors]] for k, q, factors in identity]
        for identity in identities
    ]
