"""The claim ``complete-list`` for networks of powers: all critical points are those that exact algebra finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lossproof.certificates.claims.complete import COMPLETE_LIST, lacking, premises_of_list
from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.proof.nodes import Claim, decided, undecided
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.numerics.complete.elimination import Solutions, critical_points, idle_are_global, is_scaled, obstacle
from lossproof.numerics.complete.same_outputs import has_same_outputs, one_of_all
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor

_MISSING = "a way to all critical points, or to all complex ones, within the limits"
_NO_MINIMUM = "all critical points have the same outputs, and none is met, as where the loss falls without end"
_SAME_OUTPUTS = (
    "All critical points are global minima, with the outputs of the one listed: the loss is convex in the weights, strictly in the outputs."
)
_LINEAR = (
    "All critical points have the outputs of the one listed, which fit best, but for those where the product of the weights above the first layer is 0. "
    "These have constant outputs, and are global or no local minima."
)


def obstacle_to_algebra(problem: Problem) -> str:
    """Return why exact algebra lists no critical points of a network of powers, in words that follow "as"; empty where it may."""
    return "" if has_same_outputs(problem) else obstacle(problem)


def solutions_of(problem: Problem) -> Solutions:
    """Return all critical points of a network of powers, up to what can be scaled; raises `InputError` where this is not covered."""
    if has_same_outputs(problem):
        W = one_of_all(problem)
        return Solutions(np.zeros((0, problem.architecture.N_net)), _NO_MINIMUM) if W is None else Solutions(W[None])
    reason = obstacle_to_algebra(problem)
    if reason:
        raise InputError(f"a complete list was asked for, which is not to be had here, as {reason}: leave `complete` out")
    return critical_points(problem)


def claim_algebraic_list(problem: Problem, solutions: Solutions, located: Sequence[LocatedPoint | None]) -> Claim:
    """Claim that the list of critical points is complete, from what is proved at each solution; UNDECIDED says what is left."""
    if solutions.ended:
        return undecided(COMPLETE_LIST, EVERYWHERE, f"Algebra gives no list of all critical points: {solutions.ended}.", _MISSING)
    points = [point for point in located if point is not None and point.stationary is not None]
    if len(points) < len(solutions.points):
        return lacking(len(points), len(solutions.points), "of all weights")
    up_to, attained = _kind(problem)
    premises, kinds = premises_of_list(points, attained=attained)
    facts = {"whole": True, "attained": attained, "bounds": [], "minima": False, "up_to": up_to, **kinds}
    zeros = [None if rows is None else [list(row) for row in rows] for rows in solutions.zeros]
    evidence = {"points": len(points), "zeros": zeros}
    if up_to == "outputs":
        reason = _SAME_OUTPUTS if problem.architecture.L == 1 else _LINEAR
    else:
        reason = _counted(solutions, len(points), scaled=up_to == "scale")
    return decided(COMPLETE_LIST, EVERYWHERE, reason, "complete-algebra", *premises, facts=facts, evidence=evidence, own=Rigor.BALL)


def _kind(problem: Problem) -> tuple[str, bool]:
    """Return up to what all critical points are listed, and whether a global minimum exists that is on the list."""
    if has_same_outputs(problem):
        return "outputs", True
    a = problem.architecture
    rates = None if problem.decay is None else problem.decay.rates(a)
    if is_scaled(problem):
        bounded = not a.bias_rows_of(2) or (rates is not None and rates[-1] > 0)
        return "scale", bounded and not idle_are_global(problem)
    return "signs", a.L == 1 or (rates is not None and min(rates) > 0)


def _counted(solutions: Solutions, points: int, *, scaled: bool) -> str:
    """Return why a list has all critical points, in words."""
    known = "the one listed" if points == 1 else f"the {points} listed"
    zeros = sum(len(rows) for rows in solutions.zeros if rows is not None)
    why = (
        f"all {zeros} complex zeros of the gradient are known, as many as Bézout allows"
        if zeros
        else "elimination leaves a polynomial in each weight, and the gradient does not vanish at any other choice of their real roots"
    )
    if not scaled:
        return f"All critical points are {known}, up to changes of signs that change no loss: {why}."
    return (
        f"All critical points with an output weight v that is not 0 are {known}, up to its scale and to signs: with |v| = 1 {why}. Those with v = 0 are a set "
        "of one loss, each of them global or no local minimum."
    )
