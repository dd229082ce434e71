"""The claims ``no-critical-point`` and ``infimum-not-attained``: losses that only fall towards their infimum."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.claims.exact_learning import unreachable_target
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided
from lossproof.certificates.proof.places import EVERYWHERE, Point
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.numerics.samples.escape_direction import escape_direction, lifting_direction
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import is_writable, rational_text


def claim_no_critical_point(problem: Problem) -> Claim | None:
    """Claim that the loss has no critical point at all, by a direction along which it falls everywhere; None where none is found."""
    evidence = _evidence(escape_direction(problem))
    if evidence is None:
        return None
    reason = (
        "The samples are separable: along one direction of the weights no output moves away from its target, which lies at the end of the range, and one moves "
        "strictly towards it. So the loss falls along it at all weights, and its infimum is not attained."
    )
    return decided("no-critical-point", EVERYWHERE, reason, "no-critical-point", evidence=evidence)


def claim_no_local_minimum(problem: Problem) -> Claim | None:
    """Claim that the loss of a network with one hidden layer has no local minimum, as its samples are separable; None where that is not shown."""
    evidence = _evidence(lifting_direction(problem))
    if evidence is None:
        return None
    reason = (
        "The samples are separable, and every target lies at the end of the range: along one direction of its incoming weights any hidden unit can move all "
        "outputs towards their targets, or at least one of them and none away. So the loss has no local minimum, good or bad."
    )
    return decided("separable-squashing", EVERYWHERE, reason, "no-critical-point", evidence=evidence)


def _evidence(direction: list[list[Fraction]] | None) -> dict[str, list[list[str]]] | None:
    if direction is None or not all(is_writable(u) for row in direction for u in row):
        return None
    return {"direction": [[rational_text(u) for u in row] for row in direction]}


def claim_infimum_not_attained(context: ProofContext, point: Point) -> Claim | None:
    """Claim that the least loss is approached and never reached, from targets at the end of the output's range and a wide layer; None otherwise."""
    problem = context.problem
    a, unreachable = problem.architecture, unreachable_target(problem)
    if unreachable is None or a.fan_in(a.L) < problem.T or not _targets_are_limits(problem):
        return None
    lower = rank_bounds(context, f"Phi-{a.L - 1}+", point).lower
    if lower.value < problem.T:
        return None
    reason = (
        f"rank [Φ_{a.L - 1}; 1] = T = {problem.T}, so the output weights bring every output as near to its target as one likes, but no weights attain "
        "the targets at the end of the range: the infimum of the loss is not attained."
    )
    return decided("infimum-not-attained", EVERYWHERE, reason, "infimum-not-attained", lower, evidence=unreachable)


def _targets_are_limits(problem: Problem) -> bool:
    output = problem.architecture.output_activation
    if problem.error.is_cross_entropy:
        return output.is_identity
    ends = {end for end in (output.range.lower, output.range.upper) if end is not None} if output.range == output.attained else set()
    return all(output.attained.contains(y) or y in ends for row in problem.samples.Y for y in row)
