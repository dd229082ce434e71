"""The claims decided by integers and records alone: ``count`` and the principles."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import Claim, RankBound
from lossproof.certificates.proof.rank_bounds import rank_bounds
from lossproof.numerics.network.points import reading_weights, twin_weights
from lossproof.theory.bounds.lower import guaranteed_ranks, widths_principle
from lossproof.theory.functions.properties import Property
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.rationals import brief_name
from lossproof.theory.verdicts import Rigor, Scope, Verdict, weakest

_WITNESS_ENTRIES = 250_000


def _verdict(holds: bool) -> Verdict:
    return Verdict.PROVED if holds else Verdict.REFUTED


def claim_count(context: ProofContext) -> Claim:
    """Claim ``N_net ≥ T n_L``, which full rank needs."""
    N_net, required = context.problem.architecture.N_net, context.problem.columns
    holds = N_net >= required
    comparison = "at least" if holds else "fewer than"
    tail = (
        "the count leaves full rank possible, and proves no more"
        if holds
        else "P has more columns than rows, so full rank fails at every W"
    )
    return Claim(
        "count",
        Scope.EVERYWHERE,
        _verdict(holds),
        f"The network has N_net = {N_net} trainable weights, {comparison} the T·n_L = {required} columns of P: {tail}.",
        {"N_net": N_net, "required": required},
        Rigor.EXACT,
        "count",
    )


def claim_principle_activation(context: ProofContext) -> Claim:
    """Claim that ``σ'`` vanishes nowhere, for every layer of this network."""
    a = context.problem.architecture
    failing = [s for s in a.activations if not s.nonvanishing_derivative.holds]
    reasons = [f"{brief_name(s.name)}: {s.nonvanishing_derivative.argument}" for s in (failing or dict.fromkeys(a.activations))]
    return Claim(
        "principle-activation",
        Scope.EVERYWHERE,
        _verdict(not failing),
        "; ".join(reasons) + ".",
        {"activation": a.activation.name, "output_activation": a.output_activation.name},
        Rigor.EXACT,
        "principle-activation",
    )


def claim_error_principle(context: ProofContext, name: str) -> Claim:
    """Claim ``principle-error`` or ``principle-morse`` from the error's record."""
    error = context.problem.error
    record: Property = error.principle_error if name == "principle-error" else error.principle_morse
    return Claim(
        name,
        Scope.EVERYWHERE,
        _verdict(record.holds),
        f"For the {brief_name(error.name)} error: {record.argument}.",
        {"error": error.name},
        Rigor.EXACT,
        name,
    )


def claim_principle_widths(context: ProofContext) -> Claim:
    """Claim that no layer is wider than both neighbours, with the ranks that the widths guarantee."""
    widths = context.problem.architecture.widths
    ranks = guaranteed_ranks(widths)
    holds = widths_principle(widths)
    listed = ", ".join(f"r_{l} = {r}" for l, r in enumerate(ranks, start=1))
    text = "No layer l = 2..L−1 is wider than both its neighbours" if holds else "Some layer l = 2..L−1 is wider than both its neighbours"
    return Claim(
        "principle-widths",
        Scope.EVERYWHERE,
        _verdict(holds),
        f"{text}; with full-rank weights the ranks guaranteed for Ψ_l(i) are {listed}.",
        {"guaranteed": list(ranks)},
        Rigor.EXACT,
        "principle-widths",
    )


def claim_principle_weights(context: ProofContext, point: int) -> Claim:
    """Claim that every ``W_l`` (with its bias row, when trainable) has full rank at a point."""
    layers = range(1, context.problem.architecture.L + 1)
    full = [min(matrix_size(context.problem, f"W-{l}")) for l in layers]
    pairs = [rank_bounds(context, f"W-{l}", point) for l in layers]
    for l, (_, upper) in zip(layers, pairs, strict=True):
        if upper.value < full[l - 1]:
            return _weights_refuted(point, l, upper, full[l - 1])
    lowers = tuple(lower for lower, _ in pairs)
    if all(bound.value == size for bound, size in zip(lowers, full, strict=True)):
        reason = f"The ranks of W_1, …, W_{len(full)} are {', '.join(map(str, full))}, each as large as the matrix allows."
        rigor = weakest(bound.rigor for bound in lowers)
        facts = {"ranks": full}
        return Claim("principle-weights", Scope.AT_WEIGHTS, Verdict.PROVED, reason, facts, rigor, "principle-weights", {}, lowers, point)
    facts = {"rank_lower": [bound.value for bound in lowers], "rank_upper": full}
    return Claim(
        "principle-weights",
        Scope.AT_WEIGHTS,
        Verdict.UNDECIDED,
        "The rank of some W_l could be enclosed only between different bounds.",
        facts,
        premises=lowers,
        point=point,
        missing="a proof or refutation of full rank for the layers whose bounds differ: raise max_precision, or give rational weights",
    )


def _weights_refuted(point: int, layer: int, upper: RankBound, full: int) -> Claim:
    return Claim(
        "principle-weights",
        Scope.AT_WEIGHTS,
        Verdict.REFUTED,
        f"W_{layer} has rank at most {upper.value}, and full rank would be {full}.",
        {"layer": layer, "rank_upper": upper.value},
        upper.rigor,
        "principle-weights",
        {},
        (upper,),
        point,
    )


def claim_principles_suffice(context: ProofContext) -> Claim | None:
    """Refute that full rank of every ``W_l`` suffices for full rank of ``P``, by a witness; None when none is found.

    The other principles and the count must hold, or there would be nothing to refute.
    """
    problem = context.problem
    a = problem.architecture
    smooth = all(s.nonvanishing_derivative.holds for s in a.activations)
    if a.L < 2 or not smooth or not widths_principle(a.widths) or a.N_net < problem.columns:
        return None
    candidates = [context.points[0]]
    if a.N_net * problem.columns <= _WITNESS_ENTRIES:
        candidates += [w for w in (reading_weights(problem, Fraction(1)), twin_weights(problem, context.seed)) if w is not None]
    for weights in candidates:
        known = len(context.points)
        point = context.add_point(weights)
        claim = _principles_fail_at(context, point)
        if claim is not None:
            return claim
        context.forget_points_after(known)
    return None


def _principles_fail_at(context: ProofContext, point: int) -> Claim | None:
    problem = context.problem
    if not context.jacobian_exists(point):
        return None
    lowers = []
    for l in range(1, problem.architecture.L + 1):
        lower = rank_bounds(context, f"W-{l}", point)[0]
        if lower.value < min(matrix_size(problem, f"W-{l}")):
            return None
        lowers.append(lower)
    upper = rank_bounds(context, "P", point)[1]
    if upper.value >= problem.columns or upper.point is None:
        return None
    reason = (
        f"Witness: the weights of point {point}, all of whose matrices W_l have full rank, and where rank P ≤ {upper.value} < {problem.columns}: "
        "the design principles do not give full rank for all such weights."
    )
    return Claim(
        "principles-suffice",
        Scope.EVERYWHERE,
        Verdict.REFUTED,
        reason,
        {"rank_upper": upper.value, "columns": problem.columns},
        weakest([*(bound.rigor for bound in (*lowers, upper)), context.derivative_rigor(context.points[point], 1)]),
        "principles-suffice",
        {},
        (*lowers, upper),
    )
