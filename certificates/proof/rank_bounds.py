"""Proving the rank of a named matrix at a point: which producer of evidence is asked, and in which order.

Producers are tried from the cheapest to the dearest until the lower bound meets the upper bound. What comes back is always a pair of proved
bounds; it is a pair of equal bounds wherever the rank can be decided.
"""

from __future__ import annotations

from collections.abc import Iterator

from lossproof.certificates.proof.context import ProofContext
from lossproof.certificates.proof.nodes import RankBound
from lossproof.certificates.proof.structural_bounds import product_bound, size_bound, structural_upper_bounds
from lossproof.numerics.network.outputs import dead_outputs
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.ranks.producers import has_singular_value_evidence, rank_evidence
from lossproof.theory.bounds.lower import khatri_rao_bound, psi_rank
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.verdicts import Rigor, weakest

Bounds = tuple[RankBound, RankBound]
_DIRECT_BLOCK_ENTRIES = 400_000
_MANY_COLUMNS = 1000
_PRECISION = 256
_SOME_PRIME = 1_048_583


def rank_bounds(context: ProofContext, matrix: str, point: int) -> Bounds:
    """Return the best proved (lower, upper) bounds of ``rank matrix`` at a point, remembering them.

    ``Phi-0`` and ``Phi-0+`` depend on no weights: their bounds hold at all points.
    """
    at = None if matrix in ("Phi-0", "Phi-0+") else point
    if (matrix, at) not in context.bounds:
        context.report_progress(f"rank of {matrix}", 0, 1)
        context.bounds[matrix, at] = _prove_bounds(context, matrix, point, at)
        context.report_progress(f"rank of {matrix}", 1, 1)
    return context.bounds[matrix, at]


def _prove_bounds(context: ProofContext, matrix: str, point: int, at: int | None) -> Bounds:
    lowers, uppers = _derived_bounds(context, matrix, point)
    if not _decided(lowers, uppers) and _worth_direct_proof(context, matrix):
        enough = min(bound.value for bound in uppers)
        for evidence in _direct_evidence(context, matrix, point, enough):
            (lowers if evidence.is_lower else uppers).append(_bound_of(evidence, matrix, at))
            if _decided(lowers, uppers):
                break
    if matrix == "P" and not _decided(lowers, uppers):
        lowers += _by_full_block(context, point, min(bound.value for bound in uppers))
    if not lowers:
        nothing = {"rows": [], "columns": [], "prime": _SOME_PRIME, "u": None}
        lowers.append(RankBound(matrix, at, True, 0, "rank-minor", Rigor.EXACT, nothing))
    return max(lowers, key=lambda bound: bound.value), min(uppers, key=lambda bound: bound.value)


def _decided(lowers: list[RankBound], uppers: list[RankBound]) -> bool:
    return bool(lowers) and max(b.value for b in lowers) >= min(b.value for b in uppers)


def _direct_evidence(context: ProofContext, matrix: str, point: int, enough: int) -> Iterator[RankEvidence]:
    yield from rank_evidence(context.problem, context.points[point], matrix, context.effort_for(matrix, point), enough=enough)


def _bound_of(evidence: RankEvidence, matrix: str, at: int | None) -> RankBound:
    return RankBound(matrix, at, evidence.is_lower, evidence.value, evidence.rule, evidence.rigor, evidence.payload)


def _worth_direct_proof(context: ProofContext, matrix: str) -> bool:
    if not matrix.startswith("Psi-"):
        return True
    rows, columns = matrix_size(context.problem, matrix)
    return rows * columns <= _DIRECT_BLOCK_ENTRIES


def _derived_bounds(context: ProofContext, matrix: str, point: int) -> tuple[list[RankBound], list[RankBound]]:
    """Bounds that follow from ranks of other matrices."""
    if matrix == "P":
        return _derived_for_jacobian(context, point)
    kind, _, rest = matrix.partition("-")
    uppers = [size_bound(context.problem, matrix)]
    if kind == "Psi":
        return _psi_lower(context, int(rest), point), uppers
    if kind == "P":
        return _derived_for_block(context, int(rest), point, uppers)
    return [], uppers


def _derived_for_jacobian(context: ProofContext, point: int) -> tuple[list[RankBound], list[RankBound]]:
    a = context.problem.architecture
    uppers = [*_structural(context), *_dead_outputs(context, point)]
    least, phi = min(b.value for b in uppers), f"Phi-{a.L - 1}+"
    lowers = []
    if a.output_activation.nonvanishing_derivative.holds and a.n_L * min(matrix_size(context.problem, phi)) >= least:
        last = last_block_bound(context, rank_bounds(context, phi, point)[0])
        if last.value >= least:
            lowers.append(RankBound("P", point, True, last.value, "rank-block", last.rigor, premises=(last,)))
    if not lowers and point == 0 and context.problem.columns >= _MANY_COLUMNS and not _is_near_learner(context, point):
        lowers = _by_full_block(context, point, least)
    return lowers, uppers


def _is_near_learner(context: ProofContext, point: int) -> bool:
    """Tell whether a bound of the smallest singular value of P is worth more than its rank."""
    return has_singular_value_evidence(context.problem, context.points[point])


def _by_full_block(context: ProofContext, point: int, least: int) -> list[RankBound]:
    """Derive full rank of P from that of a block of rows, where one has enough of them.

    With many columns this comes first, as `khatri-rao` reports the blocks at point 0 in any case: one factorisation for both. Else it is tried
    last: a smaller set of weights may be better conditioned than all of them.
    """
    columns = context.problem.columns
    if least < columns:
        return []
    for l in range(1, context.problem.architecture.L):
        if matrix_size(context.problem, f"P-{l}")[0] >= columns:
            block = rank_bounds(context, f"P-{l}", point)[0]
            if block.value == columns:
                return [RankBound("P", point, True, columns, "rank-block", block.rigor, premises=(block,))]
    return []


def _dead_outputs(context: ProofContext, point: int) -> list[RankBound]:
    problem = context.problem
    if not problem.architecture.output_activation.is_dead_for_negative:
        return []
    dead = dead_outputs(problem, context.points[point], _PRECISION)
    evidence = {"outputs": dead, "precision": _PRECISION}
    return [RankBound("P", point, False, problem.columns - len(dead), "rank-dead-outputs", Rigor.BALL, evidence)] if dead else []


def last_block_bound(context: ProofContext, phi: RankBound) -> RankBound:
    """Return ``rank P_L ≥ n_L · rank Φ_{L-1}⁺`` (or ``≤``), for output activations whose derivative vanishes nowhere."""
    a = context.problem.architecture
    rule = "rank-last-block" if phi.is_lower else "rank-last-block-upper"
    point = phi.point
    return RankBound(f"P-{a.L}", point, phi.is_lower, a.n_L * phi.value, rule, phi.rigor, premises=(phi,))


def _psi_lower(context: ProofContext, layer: int, point: int) -> list[RankBound]:
    a, T = context.problem.architecture, context.problem.T
    if not all(a.activation_of(l).nonvanishing_derivative.holds for l in range(layer, a.L + 1)):
        return []
    ranks = [rank_bounds(context, f"W-{l}*", point)[0] for l in range(a.L, layer, -1)]
    value = T * psi_rank(a.widths, layer, [bound.value for bound in ranks])
    rigor = weakest(bound.rigor for bound in ranks)
    return [RankBound(f"Psi-{layer}", point, True, value, "rank-psi", rigor, premises=tuple(ranks))]


def _derived_for_block(context: ProofContext, layer: int, point: int, uppers: list[RankBound]) -> tuple[list[RankBound], list[RankBound]]:
    problem = context.problem
    a = problem.architecture
    phi_lower, phi_upper = rank_bounds(context, f"Phi-{layer - 1}+", point)
    psi_lower = rank_bounds(context, f"Psi-{layer}", point)[0]
    value = khatri_rao_bound(a.widths[layer], problem.T, phi_lower.value, psi_lower.value)
    rigor = weakest([phi_lower.rigor, psi_lower.rigor])
    lowers = [RankBound(f"P-{layer}", point, True, max(0, value), "rank-khatri-rao", rigor, premises=(phi_lower, psi_lower))]
    uppers = [*uppers, product_bound(problem, layer, phi_upper)]
    if layer == a.L and a.output_activation.nonvanishing_derivative.holds:
        lowers.append(last_block_bound(context, phi_lower))
        uppers.append(last_block_bound(context, phi_upper))
    return lowers, uppers


def generic_upper_bound(context: ProofContext) -> RankBound:
    """Return the best upper bound of ``rank P`` that holds at every ``W``."""
    return min(_structural(context), key=lambda bound: bound.value)


def _structural(context: ProofContext) -> list[RankBound]:
    if not context.structural:
        context.structural = structural_upper_bounds(context.problem, rank_bounds(context, "Phi-0+", 0)[1])
    return context.structural
