"""The claim ``principles-suffice``, which a witness refutes."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.claims import Claim
from lossproof.certificates.proof_context import ProofContext
from lossproof.certificates.rank_steps import rank_bounds
from lossproof.numerics.candidate_points import reading_weights, twin_weights
from lossproof.theory.matrix_sizes import matrix_size
from lossproof.theory.rank_bounds import widths_principle
from lossproof.theory.verdicts import Scope, Verdict, weakest

_WITNESS_ENTRIES = 250_000


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
