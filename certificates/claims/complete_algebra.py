"""The claim ``complete-list`` for networks of powers: all critical points are those that elimination finds."""

from __future__ import annotations

from collections.abc import Sequence

from lossproof.certificates.claims.complete import COMPLETE_LIST, lacking, premises_of_list
from lossproof.certificates.claims.critical_point import LocatedPoint
from lossproof.certificates.proof.nodes import Claim, decided, undecided
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.numerics.complete.elimination import Solutions, critical_points, obstacle
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor

_MISSING = "an elimination that leaves a polynomial in each weight, within the limits"


def solutions_of(problem: Problem) -> Solutions:
    """Return all critical points of a network of powers; raises `InputError` where this is not covered."""
    reason = obstacle(problem)
    if reason:
        raise InputError(f"a complete list was asked for, which is not to be had here, as {reason}: leave `complete` out")
    return critical_points(problem)


def claim_algebraic_list(problem: Problem, solutions: Solutions, located: Sequence[LocatedPoint | None]) -> Claim:
    """Claim that the list of critical points is complete, from what is proved at each solution; UNDECIDED says what is left."""
    if solutions.ended:
        return undecided(COMPLETE_LIST, EVERYWHERE, f"Elimination gives no list of all critical points: {solutions.ended}.", _MISSING)
    points = [point for point in located if point is not None and point.stationary is not None]
    if len(points) < len(solutions.points):
        return lacking(len(points), len(solutions.points), "of all weights")
    decays = problem.decay is not None and min(problem.decay.rates(problem.architecture)) > 0
    attained = decays or problem.architecture.L == 1
    premises, kinds = premises_of_list(points, attained=attained)
    facts = {"whole": True, "attained": attained, "bounds": [], "minima": False, **kinds}
    evidence = {"bounds": [], "radii": [[] for _ in points], "tails": False, "tree": ""}
    known = "the one listed" if len(points) == 1 else f"the {len(points)} listed"
    reason = f"All critical points are {known}, up to a change of all signs that changes no loss: elimination leaves a polynomial in each weight, and the "
    reason += "gradient does not vanish at any other choice of their real roots."
    return decided(COMPLETE_LIST, EVERYWHERE, reason, COMPLETE_LIST, *premises, facts=facts, evidence=evidence, own=Rigor.BALL)
