"""Upper bounds of ranks that hold by structure alone."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.proof.nodes import RankBound
from lossproof.numerics.fields.known_values import vanishes_at_zero
from lossproof.theory.bounds.structural import structural_rank_bounds
from lossproof.theory.bounds.upper import duplicate_bound
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.problem.problem import Problem
from lossproof.theory.verdicts import Rigor


def size_bound(problem: Problem, matrix: str) -> RankBound:
    """Return ``rank ≤ min(rows, columns)``."""
    return RankBound(matrix, None, False, min(matrix_size(problem, matrix)), "rank-size", Rigor.EXACT)


def structural_upper_bounds(problem: Problem, inputs_upper: RankBound) -> list[RankBound]:
    """Return all upper bounds of ``rank P`` that hold at every ``W``, given an upper bound of ``rank Φ_0⁺``."""
    found = []
    for value, rule in structural_rank_bounds(problem.architecture, problem.T, inputs_upper.value):
        if rule == "rank-sum":
            found.append(_block_sum(problem, inputs_upper))
        elif rule == "rank-linear":
            found.append(RankBound("P", None, False, value, rule, inputs_upper.rigor, premises=(inputs_upper,)))
        else:
            found.append(RankBound("P", None, False, value, rule, Rigor.EXACT))
    distinct = _telling_inputs(problem)
    if distinct < problem.T:
        found.insert(1, RankBound("P", None, False, duplicate_bound(problem.architecture.n_L, distinct), "rank-duplicate", Rigor.EXACT))
    return found


def _telling_inputs(problem: Problem) -> int:
    """Return the number of different inputs, without the input 0 where it gives zero columns: no bias, and ``σ(0) = 0``."""
    a, samples = problem.architecture, problem.samples
    silent = a.bias == "none" and (a.L == 1 or vanishes_at_zero(a.activation)) and (Fraction(0),) * a.widths[0] in samples.X
    return samples.distinct_inputs() - int(silent)


def _block_sum(problem: Problem, inputs_upper: RankBound) -> RankBound:
    """Return ``rank P ≤ Σ_l rank P_l`` with the first block bounded through ``rank Φ_0⁺`` and the others by their size."""
    blocks = [product_bound(problem, 1, inputs_upper)]
    blocks += [size_bound(problem, f"P-{l}") for l in range(2, problem.architecture.L + 1)]
    return RankBound("P", None, False, sum(b.value for b in blocks), "rank-sum", inputs_upper.rigor, premises=tuple(blocks))


def product_bound(problem: Problem, layer: int, phi_upper: RankBound) -> RankBound:
    """Return ``rank P_l ≤ min(n_l · rank Φ_{l-1}⁺, T n_L)``."""
    value = min(problem.architecture.widths[layer] * phi_upper.value, problem.columns)
    return RankBound(f"P-{layer}", phi_upper.point, False, value, "rank-product", phi_upper.rigor, premises=(phi_upper,))
