"""What very weights that were given are: critical or not, with their own loss, before anything is said about a critical point somewhere near them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lossproof.certificates.claims.critical_facts import claim_distance, claim_loss
from lossproof.certificates.claims.critical_point import (
    LandscapeClaims,
    LocatedPoint,
    claim_critical_point,
    claim_not_critical,
    locate,
)
from lossproof.certificates.claims.stationary import refute_stationary
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.proof.places import Point, radius_of
from lossproof.certificates.text.enclosures import decimal_above
from lossproof.numerics.critical.ball import gradient_and_margin, polished_weights, takes_steps
from lossproof.numerics.critical.box import refined_weights
from lossproof.numerics.critical.kink_box import weights_on_kinks
from lossproof.numerics.critical.point_on_kinks import point_on_kinks
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.learners.candidates import learner_from
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.weight_vectors import flat_weights, is_small_beside
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Verdict

NEAR = Fraction(1, 100)
"""A critical point farther than this share of the largest weight from weights that are not critical is not told as what these weights are."""

_SHORT_STEPS = Fraction(1, 10)
_MOST_WORK = 5_000_000
_MOST_NEWTON_WORK = 2_000_000
_SHARP = Fraction(1, 10**6)
_FINER = " The box is wide; steps like Newton's lead to a finer centre inside it, which is a point of its own."
_LEADS = " A short way leads from them to a critical point, which is proved at a point of its own."


@dataclass(frozen=True)
class GivenWeights:
    """The claims about given weights.

    - ``critical``: the claim ``critical-point`` there;
    - ``own``: what is proved about these very weights besides, where ``critical`` speaks about a critical point at some distance from them, and how far the
      critical point that was located is from them;
    - ``located``: the critical point that was located, at or near the weights, or at a point of its own, found from weights that are not critical and far
      from it, or that lie in a wide box around it; or None;
    - ``ends``: where steps led to from the weights, if no critical point is proved there.
    """

    critical: Claim
    own: tuple[Claim, ...] = ()
    located: LocatedPoint | None = None
    ends: tuple[Weights, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims ``critical-point``."""
        return (
            (self.critical,)
            if self.located is None or self.located.claim.point is self.critical.point
            else (self.critical, self.located.claim)
        )


def claim_given_weights(context: ProofContext, point: Point, landscape: LandscapeClaims, *, anywhere: bool = False) -> GivenWeights:
    """Claim what the weights of a point are.

    Where a critical point is proved within a positive distance of them, the reason first says whether they are critical themselves, and their own loss. If
    they are proved not to be, and that distance is more than 1/100 of their largest entry, the claim is the refutation; a critical point that steps like
    Newton's lead to from there, and that is proved near where they end, is a witness at a point of its own. So is one where nothing is proved near the
    weights, if they are not critical and the steps go no farther than 1/10 of the largest entry (with ``anywhere``, however far), and one inside a wide box
    around the weights: one that leaves the class open, or the loss known to less than six digits. Of large problems, ``T N_net`` beyond 5·10^6, weights
    near a critical point are not asked for more; beyond ``T N_net² = 2·10^6`` all steps are taken in doubles, and none in a wide box.
    """
    found = locate(context, point, landscape)
    if found is None:
        return _not_located(context, point, landscape, anywhere=anywhere)
    if radius_of(found.claim.place) == 0:
        return GivenWeights(claim_critical_point(context, point, landscape), (), found)
    a = context.problem.architecture
    far = _is_far(a, found)
    asked = far or context.problem.T * a.N_net <= _MOST_WORK
    refuted, loss = (refute_stationary(context, point), claim_loss(context, point)) if asked else (None, None)
    if refuted is None or loss is None or not far:
        affordable = _is_wide(found) and context.problem.T * a.N_net**2 <= _MOST_NEWTON_WORK
        nearer = (learner_from if found.is_learner else refined_weights)(context.problem, point.weights) if affordable else None
        finer = _witness(context, point.weights, [nearer], landscape)
        inside = finer is not None and _holds(found, finer)
        distance = claim_distance(context, point, finer.shown if finer is not None and inside else found.shown)
        own = tuple(claim for claim in (refuted, loss, distance) if claim is not None)
        told = replace(found.claim, reason=f"{_about(refuted, loss)} {found.claim.reason}{_FINER if inside else ''}")
        return GivenWeights(told, own, finer if inside else replace(found, claim=told))
    problem, start = context.problem, point.weights
    ends = [learner_from(problem, start)] if found.is_learner else _nearer(problem, start)
    return _with_witness(context, point, claim_not_critical(refuted, loss), _witness(context, start, ends, landscape))


def _is_wide(found: LocatedPoint) -> bool:
    """Tell whether a box leaves the class of its critical point open, or encloses the loss to less than six digits."""
    lower, upper = (Fraction(found.loss.facts[key]) for key in ("loss_lower", "loss_upper"))
    return found.class_claim is None or upper - lower > _SHARP * abs(upper)


def _holds(outer: LocatedPoint, inner: LocatedPoint) -> bool:
    """Tell whether one box lies inside another, up to rounding: it chooses what to tell, and decides nothing."""
    first, second = outer.claim.point, inner.claim.point
    if first is None or second is None:
        return False
    pairs = zip(first.weights.layers, second.weights.layers, strict=True)
    apart = [
        abs(ball_of(x) - ball_of(y))
        for a, b in pairs
        for u, v in zip((*a.W, a.b), (*b.W, b.b), strict=True)
        for x, y in zip(u, v, strict=True)
    ]
    return all(bool(x + ball_of(radius_of(inner.claim.place)) <= ball_of(radius_of(outer.claim.place))) for x in apart)


def _not_located(context: ProofContext, point: Point, landscape: LandscapeClaims, *, anywhere: bool) -> GivenWeights:
    """Claim what weights are near which no critical point is proved; a way to one, short or ``anywhere``, is tried from weights that are not critical."""
    critical, problem, start = claim_critical_point(context, point, landscape), context.problem, point.weights
    if critical.verdict is not Verdict.REFUTED:
        return GivenWeights(critical)
    for kinked in (on_kinks(problem, start) for on_kinks in (point_on_kinks, weights_on_kinks)):
        near = kinked is not None and (anywhere or _is_short_way(problem, start, kinked))
        witness = _witness(context, start, [kinked], landscape) if near else None
        if witness is not None:
            return _with_witness(context, point, critical, witness)
    ends: list[Weights] = []
    for end in _nearer(problem, start):
        ends += () if end is None else (end,)
        near = bool(ends) and (anywhere or _is_short_way(problem, start, ends[-1]))
        witness = _witness(context, start, ends[-1:], landscape) if near else None
        if witness is not None:
            return _with_witness(context, point, critical, witness)
    return GivenWeights(replace(critical, reason=f"{critical.reason} {_where_steps_end(problem, start, ends)}"), ends=tuple(ends))


def _nearer(problem: Problem, start: Weights) -> Iterator[Weights | None]:
    """Yield where steps like Newton's lead to: in balls where the problem is small, then in doubles."""
    if problem.T * problem.architecture.N_net**2 <= _MOST_NEWTON_WORK:
        yield refined_weights(problem, start)
    yield from polished_weights(problem, start)


def _where_steps_end(problem: Problem, start: Weights, ends: Sequence[Weights]) -> str:
    """Say what was seen where no critical point was proved."""
    if any(beyond_doubles(problem, weights) is not None for weights in (start, *ends)):
        return "Numbers beyond the range of doubles leave no steps to take from them."
    if not ends:
        kinks = ", or meet weights without a Hessian" if problem.architecture.kinked_layers(2) else ""
        return f"Steps like Newton's from them run off{kinks}." if takes_steps(problem, start) else "Steps from them would take too long."
    length = float(np.linalg.norm(flat_weights(problem, ends[-1]) - flat_weights(problem, start)))
    gradient, margin = gradient_and_margin(problem, ends[-1])
    return (
        f"Steps like Newton's from them end about {length:.2g} away, and no critical point is proved there: in doubles the gradient is about {gradient:.1g}, "
        f"and the eigenvalue of the Hessian nearest to 0 about {margin:.1g} in size."
    )


def _is_short_way(problem: Problem, start: Weights, end: Weights) -> bool:
    """Tell whether the way from some weights to others is short beside them, as doubles show: it chooses what to tell, and decides nothing."""
    length = float(np.max(np.abs(flat_weights(problem, end) - flat_weights(problem, start)), initial=0.0))
    return bool(np.isfinite(length)) and is_small_beside(Fraction(length), problem.architecture, start, _SHORT_STEPS)


def _with_witness(context: ProofContext, point: Point, critical: Claim, witness: LocatedPoint | None) -> GivenWeights:
    if witness is None:
        return GivenWeights(critical)
    distance = claim_distance(context, point, witness.shown)
    far = "" if distance is None else f" It is at most {decimal_above(distance.facts['distance'])} away."
    told = replace(critical, reason=critical.reason + _LEADS + far)
    return GivenWeights(told, () if distance is None else (distance,), witness)


def _about(refuted: Claim | None, loss: Claim | None) -> str:
    own = "" if loss is None else f" {loss.reason}"
    if refuted is None:
        return f"Whether these very weights are critical is not decided.{own}"
    return f"These very weights are not critical: {refuted.reason[0].lower()}{refuted.reason[1:]}{own}"


def _is_far(architecture: Architecture, found: LocatedPoint, *others: Weights) -> bool:
    """Tell whether a critical point may be farther from the point near it than `NEAR` of the largest weight there, or of ``others``."""
    point, radius = found.claim.point, radius_of(found.claim.place)
    return point is None or not any(is_small_beside(radius, architecture, weights, NEAR) for weights in (point.weights, *others))


def _witness(
    context: ProofContext, start: Weights, candidates: Iterable[Weights | None], landscape: LandscapeClaims
) -> LocatedPoint | None:
    """Return a critical point at or near the first of the weights that steps from others led to near which one is proved; None without any."""
    for nearer in candidates:
        witness = None if nearer is None or nearer == start else locate(context, Point(nearer), landscape)
        if witness is not None and not _is_far(context.problem.architecture, witness, start):
            return witness
    return None
