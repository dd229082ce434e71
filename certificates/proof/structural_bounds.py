"""Bounds of ranks that hold by structure alone."""

from __future__ import annotations

from lossproof.certificates.proof.nodes import RankBound, bound
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.numerics.samples.orbits import orbits
from lossproof.theory.bounds.structural import structural_rank_bounds
from lossproof.theory.problem.matrix_sizes import matrix_size
from lossproof.theory.problem.problem import Problem


def size_bound(problem: Problem, matrix: str) -> RankBound:
    """Return ``rank ≤ min(rows, columns)``."""
    return bound(matrix, EVERYWHERE, min(matrix_size(problem, matrix)), "rank-size", lower=False)


def trivial_bound(problem: Problem, matrix: str) -> RankBound:
    """Return ``rank ≥ 1`` for a matrix with a row of ones, and ``rank ≥ 0`` for others."""
    ones = matrix.startswith("Phi") and matrix.endswith("+") and problem.architecture.bias_rows_of(int(matrix[4:-1]) + 1)
    return bound(matrix, EVERYWHERE, 1 if ones else 0, "rank-size", lower=True)


def structural_upper_bounds(problem: Problem, inputs_upper: RankBound) -> list[RankBound]:
    """Return all upper bounds of ``rank P`` that hold at every ``W``, given an upper bound of ``rank Φ_0⁺``.

    Where layers are frozen these are its size, and the columns of samples whose outputs determine each other.
    """
    a, found = problem.architecture, [size_bound(problem, "P")] if problem.architecture.frozen else []
    for value, rule in () if a.frozen else structural_rank_bounds(a, problem.T, inputs_upper.value):
        if rule == "rank-stack":
            found.append(_block_sum(problem, inputs_upper))
        else:
            premises = (inputs_upper,) if rule == "rank-dimension" else ()
            found.append(bound("P", EVERYWHERE, value, rule, *premises, lower=False))
    telling = len({orbit.first for orbit in orbits(problem) if orbit.factor != 0})
    if telling < problem.T:
        found.insert(1, bound("P", EVERYWHERE, a.n_L * telling, "rank-samples", lower=False))
    return found


def _block_sum(problem: Problem, inputs_upper: RankBound) -> RankBound:
    """Return ``rank P ≤ Σ_l rank P_l`` with the first block bounded through ``rank Φ_0⁺`` and the others by their size."""
    blocks = [product_bound(problem, 1, inputs_upper)]
    blocks += [size_bound(problem, f"P-{l}") for l in range(2, problem.architecture.L + 1)]
    return bound("P", EVERYWHERE, sum(b.value for b in blocks), "rank-stack", *blocks, lower=False)


def product_bound(problem: Problem, layer: int, phi_upper: RankBound) -> RankBound:
    """Return ``rank P_l ≤ min(n_l · rank Φ_{l-1}⁺, T n_L)``."""
    value = min(problem.architecture.widths[layer] * phi_upper.value, problem.columns)
    return bound(f"P-{layer}", phi_upper.place, value, "rank-sylvester", phi_upper, lower=False)
