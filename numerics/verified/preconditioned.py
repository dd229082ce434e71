r"""Full column rank of an ill-conditioned matrix in double precision: the Gram matrix of ``P D X`` for a preconditioner ``X``.

``K = PᵀP`` squares the condition, so that `verified_gram` sees singular values down to about ``10^-5`` of the column norms. Here ``P`` is formed, a matrix
``X`` with ``PDX`` nearly orthonormal is taken from a factorisation, and the proof is made for ``PDX``; as ``rank PDX ≤ rank P``, nothing need be known of
``X``. It sees singular values down to about ``10^-10``. Symbols as in `verified_gram`; ``n = T n_L`` columns, ``N`` rows.

**1. The product.** ``P̂`` holds the products of the scaled midpoints, rounded: ``‖P̂ − PD‖_F ≤ δ + 2u π`` with ``π ≥ ‖P̂‖_F``, and ``Q̂ = fl(P̂ X)`` obeys
``|Q̂ − P̂X| ≤ γ_n |P̂||X|`` in any order of summation. With ``ξ ≥ ‖X‖_F``: ``‖Q̂ − PDX‖_F ≤ e := (δ + (2u + γ_n) π) ξ``.

**2. The Gram matrix** ``G ≈ Q̂ᵀQ̂`` is summed over pieces of at most ``b = 1024`` rows, ``c`` of them, each product formed apart: ``|G − Q̂ᵀQ̂|_ij ≤
γ_{b+c} ‖q_i‖‖q_j‖``, so ``‖G − Q̂ᵀQ̂‖₂ ≤ γ_{b+c} ‖Q̂‖_F²``.

**3. Cholesky** of the shifted ``G`` as in step 3 of `verified_gram`, with the same ``τ``. If it runs to its end with a shift of at least ``τ + γ_{b+c}
‖Q̂‖_F² + e²``, then ``σ_min(PDX) ≥ √λ_min(Q̂ᵀQ̂) − e > 0``.

Underflow: all entries of ``P̂`` stay below 2 and those of ``X`` below ``2^60`` (else the proof fails), so it adds less than ``2^-800`` to any norm here;
``2^-400`` is added to ``e`` and to the shift.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from lossproof.numerics.algebra.gram_sums import GramPart
from lossproof.numerics.algebra.products import UNIT, Floats, gamma
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tiled_cholesky import Report, roundings
from lossproof.numerics.algebra.tiled_matrix import tile_rows, tile_starts, tiled
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import frobenius_bound, raised
from lossproof.numerics.verified.gram import RankOutcome, factor_shifted, prepare_columns

MOST_COLUMNS = 6_000
"""More columns are refused: four square matrices are held at once, and the rows of ``P``."""

_PIECE = 1024
_TINY = 2.0**-400
_LARGEST = 2.0**60
_SHIFTS = 8.0


def preconditioned_bytes(N: int, n: int) -> int:
    """Return the memory that the proof takes for ``N`` rows and ``n`` columns."""
    return 8 * (2 * N * n + 3 * n * n)


def preconditioned_full_column_rank(blocks: list[GramBlock], n_L: int, spare: float = 1.0, report: Report | None = None) -> RankOutcome:
    r"""Try to prove that the stacked matrix has full column rank, for every matrix within the enclosures, at a cost of ``2 N n² + n³`` operations and more.

    ``proved`` is a proof (see the head of this module); without it nothing is known. ``spare`` as in `full_column_rank`.

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
        with threads_for(2 * N * n**2 + n**3):
            X = _preconditioner(P)
            if X is None or not np.abs(X).max() < _LARGEST:
                return RankOutcome(False, None)
            size, reach = frobenius_bound(P), frobenius_bound(X)
            Q = P @ X
            error = (prepared.delta + (2 * UNIT + gamma(n)) * size) * reach * spare
            error = float(raised(np.asarray(error + _TINY), 4))
            return _is_positive(Q, error, spare, report)


def _is_positive(Q: Floats, error: float, spare: float, report: Report | None) -> RankOutcome:
    """Steps 2 and 3."""
    n, pieces = Q.shape[1], range(0, len(Q), _PIECE)
    G = np.zeros((n, n))
    for start in pieces:
        piece = Q[start : start + _PIECE]
        G += piece.T @ piece
    size = float(raised(np.square(Q).sum(), Q.size))
    needed = gamma(_PIECE + len(pieces) + 4) * size + float(raised(np.asarray(error * error), 2))

    def fill(rows: slice, columns: slice, out: Floats) -> None:
        out[...] = G[rows, columns]

    K = tiled(tile_starts(n, tile_rows(n)), fill)
    return factor_shifted(K, needed, spare, report=report)


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


def _preconditioner(P: Floats) -> Floats | None:
    """Return ``R^{-1}`` for the Cholesky factor ``R`` of ``PᵀP`` with a diagonal shifted by about its rounding; nothing is proved of it."""
    K = P.T @ P
    n = len(K)
    m = roundings(tile_starts(n, tile_rows(n)))
    shift = 2 * gamma(1) * float((m * K.diagonal()).sum())
    for _ in range(4):
        work = K.copy()
        work[np.diag_indices(n)] += shift
        factor, info = lapack.dpotrf(work.T, lower=0, clean=0, overwrite_a=1)
        if info == 0:
            inverse, info = lapack.dtrtri(factor, lower=0, overwrite_c=1)
            return np.triu(inverse) if info == 0 else None
        shift *= _SHIFTS
    return None
