"""The critical point that the way from given weights leads to, however far that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lossproof.certificates.claims.critical_point import LandscapeClaims, LocatedPoint, first_with_class
from lossproof.certificates.claims.given_weights import claim_given_weights
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.places import Point
from lossproof.numerics.critical.ball import FAR, polished_weights
from lossproof.numerics.critical.nearby_points import descended_weights, structured_points
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_NO_DESCENT = " A descent of the loss from them leads to no critical point that is proved, either."


@dataclass(frozen=True)
class Reached:
    """What the way from some weights led to: the critical point that was located, or None, and what was seen on the way, in words."""

    located: LocatedPoint | None
    seen: str


def reach_critical_point(context: ProofContext, point: Point, landscape: LandscapeClaims) -> Reached:
    """Go from the weights of a point to a critical point, however far that is, and prove it.

    The way is that of `claim_given_weights`. Where it proves no critical point, or none whose class is known, points of a particular form near both its ends
    are tried too (`structured_points`), such as those with merged units; where nothing is proved, then the end of a descent of the loss, and what is near
    there. None of these may be farther than ten times the largest weight, or 10.
    """
    given, problem, start = claim_given_weights(context, point, landscape, anywhere=True), context.problem, point.weights
    located, seen = given.located, given.critical.reason
    if located is None or located.class_claim is None:
        other = _first(context, start, landscape, _of_form(problem, (start, *given.ends)))
        located = other if located is None or (other is not None and other.class_claim is not None) else located
    end = descended_weights(problem, start) if located is None else None
    if end is None:
        return Reached(located, seen)
    return Reached(_first(context, start, landscape, _near(problem, end)), seen + _NO_DESCENT)


def _first(context: ProofContext, start: Weights, landscape: LandscapeClaims, candidates: Iterable[Weights]) -> LocatedPoint | None:
    return first_with_class(context, _within_reach(context.problem, start, candidates), landscape)


def _of_form(problem: Problem, places: Sequence[Weights]) -> Iterator[Weights]:
    for weights in places:
        yield from structured_points(problem, weights)


def _near(problem: Problem, end: Weights) -> Iterator[Weights]:
    yield from polished_weights(problem, end)
    yield end
    yield from structured_points(problem, end)


def _within_reach(problem: Problem, start: Weights, candidates: Iterable[Weights]) -> Iterator[Weights]:
    """Yield those weights that are no farther away than steps may lead, as doubles show: it chooses what is tried, and decides nothing."""
    if beyond_doubles(problem, start) is not None:
        yield from candidates
        return
    flat = flat_weights(problem, start)
    most = FAR * max(1.0, float(np.max(np.abs(flat), initial=0.0)))
    for weights in candidates:
        if beyond_doubles(problem, weights) is None and np.max(np.abs(flat_weights(problem, weights) - flat), initial=0.0) <= most:
            yield weights
