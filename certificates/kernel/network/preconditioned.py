r"""Full column rank of an ill-conditioned P or P-l, in double precision with a proof: of MSX for a preconditioner X, as ``r(MSX) ≤ r(M)``.

M, M̂, S, u, ``γ_k`` and D as in `kernel_gram`, with balanced rows; n columns and N rows. X is any matrix of doubles: here ``L^{-T}`` of a Cholesky factor of the
shifted Gram matrix, so that MSX has nearly orthonormal columns; nothing is assumed of it. ``‖·‖`` is the Frobenius norm.

1. ``A = fl(M̂S)`` is written out, each entry a product of two doubles and a power of two: ``‖A − MS‖ ≤ D + u‖M̂S‖ ≤ D + 2u‖A‖``.
2. ``Q = fl(A X)``, in any order of summation: ``‖Q − AX‖ ≤ γ_n ‖A‖‖X‖``. So ``‖Q − MSX‖ ≤ e = (D + (γ_n + 2u)‖A‖)‖X‖``.
3. ``G = fl(QᵀQ)``, summed over c pieces of at most 1,024 rows, each product formed apart: ``‖G − QᵀQ‖₂ ≤ γ_{1024+c+8}‖Q‖²`` (Cauchy-Schwarz).
4. A Cholesky factorisation of ``fl(G − σI)`` that ends gives ``λ_min(G) ≥ σ − (γ_d/(1 − γ_d) + 4u) tr G`` as in `kernel_gram`.

So ``σ_min(MSX)² ≥`` positive if ``σ > e² + γ_{1024+c+8}‖Q‖² + (γ_d/(1 − γ_d) + 4u) tr G``: then ``σ_min(Q) > e``. Underflow is far below what the factor
``1 + 2^-20`` and 2^-300 cover, as no entry of A exceeds 1 and none of X 2^60.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas, lapack

from lossproof.certificates.kernel.arithmetic.cholesky import cholesky_roundings, has_positive_pivots
from lossproof.certificates.kernel.network.gram import PLACE, Columns, column_scale, gamma, stacked_columns
from lossproof.certificates.kernel.reading.limits import Array, limit
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import Point, Problem

MAX_COLUMNS = 6_000
MAX_ENTRIES = 2**28
_U = 2.0**-53
_ENLARGE = 1 + 2.0**-20
_LARGEST, _TINY = 2.0**60, 2.0**-300
_PIECE = 1024


def require_preconditioned_rank(problem: Problem, point: Point, layers: list[int]) -> None:
    """Prove that the row blocks ``P-l`` of the given layers, stacked, have linearly independent columns; raises `Rejected` if that fails."""
    limit(problem.columns, MAX_COLUMNS, "the number of columns")
    limit(problem.columns * sum(problem.fan_in(l) * problem.widths[l] for l in layers), MAX_ENTRIES, "the number of entries of P")
    columns = stacked_columns(problem, point, layers, balanced=True)
    with np.errstate(all="ignore"):
        scale = column_scale(columns)
        A = _scaled_matrix(columns, scale)
        X = _preconditioner(A)
        if X is None or not np.all(np.abs(X) <= _LARGEST):
            raise Rejected(PLACE, "evidence", "no preconditioner was found")
        D = np.sqrt(np.sum(columns.errors * scale**2))
        error = _ENLARGE * (D + (gamma(A.shape[1]) + 2 * _U) * np.linalg.norm(A)) * np.linalg.norm(X) + _TINY
        if not _is_positive(A @ X, float(error)):
            raise Rejected(PLACE, "evidence", "the shifted Gram matrix, preconditioned, is not seen to be positive definite")


def _scaled_matrix(columns: Columns, scale: Array) -> Array:
    """Return A, of shape ``(N, T n_L)``."""
    rows = []
    for psi, phi in columns.blocks:
        entries = (psi.mid * scale[:, None, :])[:, :, None, :] * phi.mid[:, None, :, None]
        rows.append(entries.transpose(1, 2, 0, 3).reshape(-1, scale.size))
    return np.vstack(rows)


def _preconditioner(A: Array) -> Array | None:
    K = A.T @ A
    n = len(K)
    shift = 2 * gamma(cholesky_roundings(n)) * float(np.trace(K))
    for _ in range(4):
        factor, info = lapack.dpotrf((K + shift * np.eye(n)).T, lower=0, clean=0, overwrite_a=1)
        if info == 0:
            inverse, info = lapack.dtrtri(factor, lower=0, overwrite_c=1)
            return np.triu(inverse) if info == 0 else None
        shift *= 8
    return None


def _is_positive(Q: Array, error: float) -> bool:
    n, starts = Q.shape[1], range(0, len(Q), _PIECE)
    G: Array = np.zeros((n, n))
    for start in starts:
        piece = Q[start : start + _PIECE]
        G += blas.dgemm(1.0, piece.T, piece.T, trans_b=1)
    cholesky = gamma(cholesky_roundings(n))
    loss = gamma(_PIECE + len(starts) + 8) * np.sum(Q**2) + (cholesky / (1 - cholesky) + 4 * _U) * np.trace(G)
    shift = _ENLARGE * (error**2 + loss) + _TINY

    def tile(rows: slice, others: slice) -> Array:
        part = G[rows, others].copy()
        if rows == others:
            part[np.diag_indices(len(part))] -= shift
        return part

    return bool(np.isfinite(shift)) and has_positive_pivots(tile, n)
