r"""Full column rank of an ill-conditioned matrix in double precision: an approximate left inverse ``X`` of ``P D`` with ``‖I − X P D‖ < 1``.

``K = PᵀP`` squares the condition, so that `verified_gram` sees singular values down to about ``10^-5`` of the column norms. Here ``P`` is formed, and ``X``
taken from a QR factorisation: it sees singular values down to about ``10^-10``. Nothing need be known of ``X``. Symbols as in `verified_gram`; ``n = T n_L``
columns, ``N`` rows.

**1. The matrix.** ``P̂`` holds the products of the scaled midpoints, rounded: ``‖P̂ − PD‖_F ≤ δ + 2u ‖P̂‖_F``.

**2. The product.** ``R = fl(I − X P̂)``, summed in any order, obeys ``|R − (I − X P̂)| ≤ γ_{N+2} (|X||P̂| + I)``.

**3. Conclusion.** ``‖I − X P D‖₂ ≤ e := ‖R‖_F + γ_{N+2} ‖|X||P̂| + I‖_F + ‖X‖_F (δ + 2u ‖P̂‖_F)``, and if ``e < 1`` then ``X P D`` is invertible (Neumann), so
``P`` has full column rank.

Underflow: all entries of ``P̂`` stay below 2 and those of ``X`` below ``2^60`` (else the proof fails), so it adds less than ``2^-800`` to any norm here;
``2^-400`` is added to ``e``.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas, qr

from lossproof.numerics.algebra.gram_sums import GramPart
from lossproof.numerics.algebra.products import UNIT, Floats, gamma
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import frobenius_bound, raised
from lossproof.numerics.verified.gram import RankOutcome, prepare_columns

_PIECE = 1024
_TINY = 2.0**-400
_LARGEST = 2.0**60


def preconditioned_bytes(N: int, n: int) -> int:
    """Return the memory that the proof takes for ``N`` rows and ``n`` columns."""
    return 8 * (3 * N * n + 4 * n * n + 2 * _PIECE * n)


def preconditioned_full_column_rank(blocks: list[GramBlock], n_L: int, spare: float = 1.0) -> RankOutcome:
    r"""Try to prove that the stacked matrix has full column rank, for every matrix within the enclosures, at a cost of some ``6 N n²`` operations.

    ``proved`` is a proof (see the head of this module); without it nothing is known. What must be less than 1 is ``spare`` times the bound ``e``: with 4 a
    checker that finds another ``X`` in the same way agrees.

    >>> from lossproof.numerics.verified.enclosures import exact_floats
    >>> one = exact_floats([[1.0], [1.0]])
    >>> near = [[1.0, 1.0], [1.0, 1.0 + 2.0**-30]]
    >>> preconditioned_full_column_rank([GramBlock(exact_floats([near]), one)], 1).proved
    True
    >>> preconditioned_full_column_rank([GramBlock(exact_floats([[[1.0, 1.0], [1.0, 1.0]]]), one)], 1).proved
    False
    """
    with np.errstate(all="ignore"):
        prepared = prepare_columns(blocks, n_L)
        if prepared is None:
            return RankOutcome(False, None)
        P = np.vstack([_rows(part) for part in prepared.blocks])
        N, n = P.shape
        with threads_for(6 * N * n**2):
            X = _left_inverse(P)
            if X is None:
                return RankOutcome(False, np.inf)
            residual, size = np.eye(n), np.eye(n)
            for start in range(0, N, _PIECE):
                piece = slice(start, start + _PIECE)
                residual -= X[:, piece] @ P[piece]
                size += np.abs(X[:, piece]) @ np.abs(P[piece])
        error = frobenius_bound(residual) + gamma(N + 2) * frobenius_bound(size)
        error += frobenius_bound(X) * (prepared.delta + 2 * UNIT * frobenius_bound(P))
        bound = spare * float(raised(np.asarray(error + _TINY), 8))
    return RankOutcome(bound < 1, bound)


def _rows(part: GramPart) -> Floats:
    """Return a block of ``P̂``, of shape ``(k m, T n_L)``."""
    columns, values = part.columns, part.values
    T, n_L = columns.shape[:2]
    if columns.ndim == 2:
        full = np.zeros((n_L, T, n_L))
        full[np.arange(n_L), :, np.arange(n_L)] = columns.T
    else:
        full = columns.transpose(2, 0, 1)
    return np.ascontiguousarray(full[:, None] * values.T[None, :, :, None]).reshape(-1, T * n_L)


def _left_inverse(P: Floats) -> Floats | None:
    """Return ``R^{-1} Qᵀ`` for the factors ``P ≈ Q R``; None where ``R`` is singular, or the inverse too large. Nothing is proved of it."""
    Q, R = qr(P, mode="economic", check_finite=False)
    if not np.all(np.abs(R.diagonal()) > 0):
        return None
    X = blas.dtrsm(1.0, R, Q, side=1, trans_a=1, overwrite_b=1).T
    return X if np.abs(X).max() < _LARGEST else None
