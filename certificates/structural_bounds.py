"""Upper bounds of ranks that hold by structure alone."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.claims import RankBound
from lossproof.numerics.known_values import vanishes_at_zero
from lossproof.theory.composition_bound import composition_bound
from lossproof.theory.matrix_sizes import matrix_size
from lossproof.theory.problem import Problem
from lossproof.theory.rank_upper_bounds import (
    bottleneck_bound,
    duplicate_bound,
    homogeneous_bound,
    linear_bound,
    narrow_linear_bound,
    polynomial_bound,
)
from lossproof.theory.verdicts import Rigor

_MAX_DEGREE = 64


def size_bound(problem: Problem, matrix: str) -> RankBound:
    """Return ``rank ≤ min(rows, columns)``."""
    return RankBound(matrix, None, False, min(matrix_size(problem, matrix)), "rank-size", Rigor.EXACT)


def structural_upper_bounds(problem: Problem, inputs_upper: RankBound) -> list[RankBound]:
    """Return all upper bounds of ``rank P`` that hold at every ``W``, given an upper bound of ``rank Φ_0⁺``."""
    a, n_L = problem.architecture, problem.architecture.n_L
    found = [size_bound(problem, "P")]
    distinct = _telling_inputs(problem)
    if distinct < problem.T:
        found.append(RankBound("P", None, False, duplicate_bound(n_L, distinct), "rank-duplicate", Rigor.EXACT))
    if a.L >= 2 and a.activation.family in ("relu", "leaky-relu", "power") and a.bias != "fixed":
        found.append(RankBound("P", None, False, homogeneous_bound(a), "rank-homogeneous", Rigor.EXACT))
    if (a.L == 1 or a.activation.family == "identity") and a.bias != "fixed":
        value = linear_bound(n_L, inputs_upper.value) if a.L == 1 else narrow_linear_bound(a, inputs_upper.value)
        found.append(RankBound("P", None, False, value, "rank-linear", inputs_upper.rigor, premises=(inputs_upper,)))
    found += _polynomial_bound(problem)
    if a.L >= 2 and a.activation.family == "power" and a.bias != "fixed":
        found.append(RankBound("P", None, False, composition_bound(a), "rank-composition", Rigor.EXACT))
    if a.L >= 2:
        found.append(RankBound("P", None, False, bottleneck_bound(a, problem.T), "rank-bottleneck", Rigor.EXACT))
    found.append(_block_sum(problem, inputs_upper))
    return found


def _telling_inputs(problem: Problem) -> int:
    """Return the number of different inputs, without the input 0 where it gives zero columns: no bias, and ``σ(0) = 0``."""
    a, samples = problem.architecture, problem.samples
    silent = a.bias == "none" and (a.L == 1 or vanishes_at_zero(a.activation)) and (Fraction(0),) * a.widths[0] in samples.X
    return samples.distinct_inputs() - int(silent)


def _polynomial_bound(problem: Problem) -> list[RankBound]:
    a = problem.architecture
    power = {"identity": 1, "power": int(a.activation.parameter or 1)}.get(a.activation.family)
    if a.L < 2 or power is None or not a.output_activation.nonvanishing_derivative.holds or power ** (a.L - 1) > _MAX_DEGREE:
        return []
    degree = power ** (a.L - 1)
    value = polynomial_bound(a.n_L, a.widths[0], degree, homogeneous=a.bias == "none")
    return [RankBound("P", None, False, value, "rank-polynomial", Rigor.EXACT)]


def _block_sum(problem: Problem, inputs_upper: RankBound) -> RankBound:
    """Return ``rank P ≤ Σ_l rank P_l`` with the first block bounded through ``rank Φ_0⁺`` and the others by their size."""
    blocks = [product_bound(problem, 1, inputs_upper)]
    blocks += [size_bound(problem, f"P-{l}") for l in range(2, problem.architecture.L + 1)]
    return RankBound("P", None, False, sum(b.value for b in blocks), "rank-sum", inputs_upper.rigor, premises=tuple(blocks))


def product_bound(problem: Problem, layer: int, phi_upper: RankBound) -> RankBound:
    """Return ``rank P_l ≤ min(n_l · rank Φ_{l-1}⁺, T n_L)``."""
    value = min(problem.architecture.widths[layer] * phi_upper.value, problem.columns)
    return RankBound(f"P-{layer}", phi_upper.point, False, value, "rank-product", phi_upper.rigor, premises=(phi_upper,))
