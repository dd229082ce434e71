"""The claims decided by integers and records alone, ``count`` and the principles, and what the principles do not give."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound, decided, undecided
from lossproof.certificates.proof.places import EVERYWHERE, Point
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.numerics.network.points import reading_weights, twin_weights
from lossproof.theory.bounds.lower import guaranteed_ranks, widths_principle
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import brief_name
from lossproof.theory.verdicts import Verdict

_WITNESS_ENTRIES = 250_000


def _recorded(id: str, *, holds: bool, reason: str, facts: dict[str, Any]) -> Claim:
    """Return a claim that the records of the problem decide."""
    return decided(id, EVERYWHERE, reason, "record", verdict=Verdict.PROVED if holds else Verdict.REFUTED, facts=facts)


def claim_count(problem: Problem) -> Claim:
    """Claim ``N_net ≥ T n_L``, which full rank needs."""
    N_net, required = problem.architecture.N_net, problem.columns
    holds = N_net >= required
    comparison = "at least" if holds else "fewer than"
    tail = (
        "the count leaves full rank possible, and proves no more"
        if holds
        else "P has more columns than rows, so full rank fails at every W"
    )
    reason = f"The network has N_net = {N_net} trainable weights, {comparison} the T·n_L = {required} columns of P: {tail}."
    return _recorded("count", holds=holds, reason=reason, facts={"N_net": N_net, "required": required})


def claim_principle_activation(problem: Problem) -> Claim:
    """Claim that ``σ'`` vanishes nowhere, for every layer of this network."""
    a = problem.architecture
    failing = [s for s in a.activations if not s.nonvanishing_derivative.holds]
    reasons = [f"{brief_name(s.name)}: {s.nonvanishing_derivative.argument}" for s in dict.fromkeys(failing or a.activations)]
    facts = {"activation": a.hidden_names, "output_activation": a.output_activation.name}
    return _recorded("principle-activation", holds=not failing, reason="; ".join(reasons) + ".", facts=facts)


def claim_error_principle(problem: Problem, name: str) -> Claim:
    """Claim ``principle-error`` or ``principle-morse`` from the error's record."""
    error = problem.error
    record = error.principle_error if name == "principle-error" else error.principle_morse
    reason = f"For the {brief_name(error.name)} error: {record.argument}."
    return _recorded(name, holds=record.holds, reason=reason, facts={"error": error.name})


def claim_principle_widths(problem: Problem) -> Claim:
    """Claim that no layer is wider than both neighbours, with the ranks that the widths guarantee."""
    widths = problem.architecture.widths
    ranks, holds = guaranteed_ranks(widths), widths_principle(widths)
    listed = ", ".join(f"r_{l} = {r}" for l, r in enumerate(ranks, start=1))
    text = "No layer l = 2..L−1 is wider than both its neighbours" if holds else "Some layer l = 2..L−1 is wider than both its neighbours"
    reason = f"{text}; with full-rank weights the ranks guaranteed for Ψ_l(i) are {listed}."
    return _recorded("principle-widths", holds=holds, reason=reason, facts={"guaranteed": list(ranks)})


def claim_principle_weights(context: ProofContext, point: Point) -> Claim:
    """Claim that every ``W_l`` (with its bias row, when trainable) has full rank at a point."""
    id, layers = "principle-weights", range(1, context.problem.architecture.L + 1)
    full = [min(matrix_size(context.problem, f"W-{l}")) for l in layers]
    found = [rank_bounds(context, f"W-{l}", point) for l in layers]
    for l, bounds, size in zip(layers, found, full, strict=True):
        if bounds.upper.value < size:
            reason = f"W_{l} has rank at most {bounds.upper.value}, and full rank would be {size}."
            facts: dict[str, Any] = {"layer": l, "rank_upper": bounds.upper.value}
            return decided(id, point, reason, "definition", bounds.upper, verdict=Verdict.REFUTED, facts=facts)
    lowers = [bounds.lower for bounds in found]
    if all(bound.value == size for bound, size in zip(lowers, full, strict=True)):
        reason = f"The ranks of W_1, …, W_{len(full)} are {', '.join(map(str, full))}, each as large as the matrix allows."
        return decided(id, point, reason, "definition", *lowers, facts={"ranks": full})
    reason = "The rank of some W_l could be enclosed only between different bounds."
    missing = "a proof or refutation of full rank for the layers whose bounds differ: raise max_precision, or give rational weights"
    facts = {"rank_lower": [bound.value for bound in lowers], "rank_upper": full}
    return undecided(id, point, reason, missing, *lowers, facts=facts)


def claim_principles_suffice(context: ProofContext, start: Point) -> Claim | None:
    """Refute that full rank of every ``W_l`` suffices for full rank of ``P``, by a witness; None when none is found, or a layer is frozen.

    The other principles and the count must hold, or there would be nothing to refute. Tried are the weights of ``start``, and constructed ones.
    """
    problem = context.problem
    a = problem.architecture
    smooth = all(s.nonvanishing_derivative.holds for s in a.activations)
    if a.L < 2 or a.frozen or not smooth or not widths_principle(a.widths) or a.N_net < problem.columns:
        return None
    return next((claim for point in _candidates(context, start) if (claim := _principles_fail_at(context, point)) is not None), None)


def _candidates(context: ProofContext, start: Point) -> Iterator[Point]:
    problem = context.problem
    yield start
    if problem.architecture.N_net * problem.columns <= _WITNESS_ENTRIES:
        constructed = (reading_weights(problem, Fraction(1)), twin_weights(problem, context.seed))
        yield from (Point(weights) for weights in constructed if weights is not None)


def _principles_fail_at(context: ProofContext, point: Point) -> Claim | None:
    problem = context.problem
    if not context.has_jacobian(point):
        return None
    lowers: list[RankBound] = []
    for l in range(1, problem.architecture.L + 1):
        lower = rank_bounds(context, f"W-{l}", point).lower
        if lower.value < min(matrix_size(problem, f"W-{l}")):
            return None
        lowers.append(lower)
    upper = rank_bounds(context, "P", point).upper
    if upper.value >= problem.columns or upper.place is not point:
        return None
    reason = (
        f"Witness: weights all of whose matrices W_l have full rank, and where rank P ≤ {upper.value} < {problem.columns}: "
        "the design principles do not give full rank for all such weights."
    )
    facts = {"rank_upper": upper.value, "columns": problem.columns}
    return decided("principles-suffice", EVERYWHERE, reason, "definition", *lowers, upper, verdict=Verdict.REFUTED, facts=facts)
