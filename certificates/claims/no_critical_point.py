"""The claims ``no-critical-point`` and ``infimum-not-attained``: losses that only fall towards their infimum."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from lossproof.certificates.claims.critical_facts import claim_loss_below
from lossproof.certificates.claims.exact_learning import target_out_of_reach
from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, decided, first_claim, implied
from lossproof.certificates.proof.places import EVERYWHERE, Point
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.numerics.samples.escape_direction import escape_direction, lifting_direction
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import is_writable, rational_text

_LOG_2 = Fraction(69, 100)
_MOST_WORK = 200_000


def claim_no_critical_point(context: ProofContext) -> Claim | None:
    """Claim that the loss has no critical point at all, by a direction along which it falls everywhere; None where none is found, or a layer is frozen."""
    return context.once("no critical point", None, lambda: _by_escape(context.problem))


def _by_escape(problem: Problem) -> Claim | None:
    evidence = None if problem.architecture.frozen else _evidence(escape_direction(problem))
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


def claim_infimum_not_attained(context: ProofContext, point: Point, losses: Iterable[Claim] | None) -> Claim | None:
    """Claim that the least loss is approached and never reached, as targets are at an end of the output's range; None where that is not shown.

    That is shown by a wide layer, or else by a loss so small that no output is on the wrong side: one of ``losses``, which are claims ``loss-bounds`` asked for
    only then, or one that a short training of a small network finds. None for ``losses`` leaves that out.
    """
    return first_claim(lambda: _by_wide_layer(context, point), lambda: None if losses is None else _by_small_loss(context, losses))


def _by_small_loss(context: ProofContext, losses: Iterable[Claim]) -> Claim | None:
    problem = context.problem
    most = _telling_loss(problem)
    if most is None:
        return None
    loss = min(losses, key=lambda known: known.facts["loss_upper"], default=None)
    if (loss is None or loss.facts["loss_upper"] >= most) and problem.T * problem.architecture.N_net <= _MOST_WORK:
        loss = claim_loss_below(context, most)
    if loss is None or loss.facts["loss_upper"] >= most:
        return None
    reason = (
        "All targets are at the ends of the output's range, and at some weights the loss is so small that every output is on the side of its target: larger "
        "and larger output weights bring the loss to 0, which no weights attain. So the infimum of the loss, 0, is not attained."
    )
    return implied("infimum-by-loss", "infimum-not-attained", EVERYWHERE, reason, loss)


def _telling_loss(problem: Problem) -> Fraction | None:
    """Return a loss below which no output is on the wrong side of its target, which has to be at an end of the range; None where there is no such loss."""
    a, error, targets = problem.architecture, problem.error, {y for row in problem.samples.Y for y in row}
    output = a.output_activation
    if error.is_cross_entropy:
        free = a.biases[-1] != "fixed" and output.is_identity and (a.n_L >= 2 or error.family == "logistic")
        return _LOG_2 / problem.T if free and targets <= {0, 1} else None
    lower, upper = output.range.lower, output.range.upper
    free = a.biases[-1] == "trainable" and output.is_squashing and error.name == "squared"
    return (
        (upper - lower) ** 2 / (8 * problem.T) if free and lower is not None and upper is not None and targets <= {lower, upper} else None
    )


def _by_wide_layer(context: ProofContext, point: Point) -> Claim | None:
    problem = context.problem
    a, unreachable = problem.architecture, target_out_of_reach(context)
    if unreachable is None or a.fan_in(a.L) < problem.T or not _targets_are_limits(problem):
        return None
    lower = rank_bounds(context, f"Phi-{a.L - 1}+", point).lower
    if lower.value < problem.T:
        return None
    reason = (
        f"rank [Φ_{a.L - 1}; 1] = T = {problem.T}, so the output weights bring every output as near to its target as one likes, but no weights attain "
        "the targets at the end of the range: the infimum of the loss is not attained."
    )
    return implied("infimum-by-rank", "infimum-not-attained", EVERYWHERE, reason, unreachable, lower)


def _targets_are_limits(problem: Problem) -> bool:
    output = problem.architecture.output_activation
    if problem.error.is_cross_entropy:
        return output.is_identity
    ends = {end for end in (output.range.lower, output.range.upper) if end is not None} if output.range == output.attained else set()
    return all(output.attained.contains(y) or y in ends for row in problem.samples.Y for y in row)
