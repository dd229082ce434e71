"""The claims ``no-critical-point`` and ``infimum-not-attained``: losses that only fall towards their infimum."""

from __future__ import annotations

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, rigor_of
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.numerics.samples.escape_direction import escape_direction
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import is_writable, rational_text
from lossproof.theory.verdicts import Rigor, Scope, Verdict


def claim_no_critical_point(context: ProofContext) -> Claim | None:
    """Claim that the loss has no critical point at all, by a direction along which it falls everywhere; None where none is found."""
    direction = escape_direction(context.problem)
    if direction is None or not all(is_writable(u) for row in direction for u in row):
        return None
    reason = (
        "The samples are separable: along one direction of the weights no output moves away from its target, which lies at the end of the range, and one moves "
        "strictly towards it. So the loss falls along it at all weights, and its infimum is not attained."
    )
    evidence = {"direction": [[rational_text(u) for u in row] for row in direction]}
    return Claim("no-critical-point", Scope.EVERYWHERE, Verdict.PROVED, reason, {}, Rigor.EXACT, "no-critical-point", evidence)


def claim_infimum_not_attained(context: ProofContext, existence: Claim) -> Claim | None:
    """Claim that the least loss is approached and never reached, from targets at the end of the output's range and a wide layer; None otherwise."""
    problem = context.problem
    a = problem.architecture
    if existence.rule != "exact-learning-range" or a.fan_in(a.L) < problem.T or not _targets_are_limits(problem):
        return None
    lower = rank_bounds(context, f"Phi-{a.L - 1}+", 0)[0]
    if lower.value < problem.T:
        return None
    reason = (
        f"rank [Φ_{a.L - 1}; 1] = T = {problem.T}, so the output weights bring every output as near to its target as one likes, but no weights attain "
        "the targets at the end of the range: the infimum of the loss is not attained."
    )
    rigor = rigor_of(existence, lower)
    return Claim(
        "infimum-not-attained", Scope.EVERYWHERE, Verdict.PROVED, reason, {}, rigor, "infimum-not-attained", {}, (existence, lower)
    )


def _targets_are_limits(problem: Problem) -> bool:
    output = problem.architecture.output_activation
    if problem.error.is_cross_entropy:
        return output.is_identity
    ends = {end for end in (output.range.lower, output.range.upper) if end is not None} if output.range == output.attained else set()
    return all(output.attained.contains(y) or y in ends for row in problem.samples.Y for y in row)
