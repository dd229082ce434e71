"""Solving with a Gram matrix: Cholesky, iterative refinement, and a rank-revealing factorisation where the matrix is singular to rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from lossproof.numerics.fields.field import Array

_REFINEMENTS = 1


@dataclass(frozen=True, eq=False)
class Solution:
    """``x`` and how it was found: ``rank`` directions kept of ``len(x)``; ``reciprocal_condition`` as LAPACK estimates it, 0 where Cholesky failed."""

    x: Array
    rank: int
    reciprocal_condition: float


def rounding_threshold(n: int) -> float:
    """Return ``n ε`` with ``ε = 2^-52``: a Gram matrix of n rows with a smaller reciprocal condition is called singular to rounding."""
    return n * float(np.finfo(float).eps)


def factored(A: Array, shift: float) -> Array | None:
    """Return the Cholesky factor of ``A + shift I``, for `lapack.dpotrs` with ``lower=1``, or None where the factorisation breaks down.

    ``A`` is symmetric and stays as it is; one copy is factored in place.
    """
    work = A.copy()
    work[np.diag_indices(len(A))] += shift
    factor, info = lapack.dpotrf(work.T, lower=1, clean=0, overwrite_a=1)
    return factor if info == 0 else None


def solve_refined(A: Array, shift: float, factor: Array, right: Array) -> Array:
    """Return the solution of ``(A + shift I) x = right`` from a factor, with one sweep of iterative refinement (residual in doubles)."""
    x, _ = lapack.dpotrs(factor, right, lower=1)
    for _sweep in range(_REFINEMENTS):
        correction, _ = lapack.dpotrs(factor, right - A @ x - shift * x, lower=1)
        x = x + correction
    return np.asarray(x)


def solve_positive(A: Array, shift: float, right: Array) -> Solution:
    r"""Return the minimum-norm least-squares solution of ``(A + shift I) x = right`` for a symmetric ``A ⪰ 0``.

    Cholesky with one sweep of refinement, ``n³/3`` operations, where LAPACK's estimate of the reciprocal condition is at least ``n ε``,
    ``ε = 2^-52``. Otherwise Cholesky with complete pivoting, ``Πᵀ (A + shift I) Π ≈ L Lᵀ``, stopped at pivots below ``n ε`` times the largest
    diagonal entry, and from the QR factors ``L = Q R`` the pseudo-inverse ``x = Q R^{-T} R^{-1} Qᵀ right`` of the truncated matrix, at several times
    the cost. Truncation is never silent: ``rank`` says what was kept.

    >>> solve_positive(np.array([[2.0, 0.0], [0.0, 4.0]]), 0.0, np.array([2.0, 2.0])).x.tolist()
    [1.0, 0.5]
    >>> found = solve_positive(np.ones((2, 2)), 0.0, np.array([2.0, 2.0]))
    >>> found.rank, found.x.round(12).tolist()
    (1, [1.0, 1.0])
    """
    n, threshold = len(A), rounding_threshold(len(A))
    if n == 0:
        return Solution(np.zeros(0), 0, 1.0)
    factor, estimate = factored(A, shift), 0.0
    if factor is not None:
        estimate, _ = lapack.dpocon(factor, lapack.dlange("1", A.T) + abs(shift), uplo="L")
        if estimate >= threshold:
            return Solution(solve_refined(A, shift, factor, right), n, float(estimate))
    return _truncated(A, shift, right, threshold, float(estimate))


def _truncated(A: Array, shift: float, right: Array, threshold: float, estimate: float) -> Solution:
    work = A.copy()
    work[np.diag_indices(len(A))] += shift
    largest = float(np.abs(work.diagonal()).max())
    if not largest > 0 or not np.isfinite(largest):
        return Solution(np.zeros_like(right), 0, estimate)
    factor, pivots, rank, _ = lapack.dpstrf(work.T, tol=threshold * largest, lower=1, overwrite_a=1)
    order, x = pivots - 1, np.empty_like(right)
    if rank == len(A):
        x[order], _ = lapack.dpotrs(factor, right[order], lower=1)
        return Solution(x, int(rank), estimate)
    reflectors, scales, _, _ = lapack.dgeqrf(np.asfortranarray(np.tril(factor)[:, :rank]), overwrite_a=1)
    y = _apply_Q(reflectors, scales, right[order], "T")[:rank]
    y, _ = lapack.dtrtrs(reflectors[:rank], y, lower=0)
    y, _ = lapack.dtrtrs(reflectors[:rank], y, lower=0, trans=1)
    x[order] = _apply_Q(reflectors, scales, np.concatenate([y, np.zeros(len(A) - rank)]), "N")
    return Solution(x, int(rank), estimate)


def _apply_Q(reflectors: Array, scales: Array, vector: Array, transposed: str) -> Array:
    """Return ``Q v`` or ``Qᵀ v`` for the square orthogonal matrix of a QR factorisation."""
    product, _, _ = lapack.dormqr("L", transposed, reflectors, scales, vector[:, None], 64)
    return np.asarray(product[:, 0])
