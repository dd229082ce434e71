r"""How many eigenvalues of a symmetric matrix of doubles lie above a number s, and how many below −s, by factorisations of Cholesky.

Let F be any matrix of doubles with k columns. If ``M + FFᵀ ⪰ s I``, at least ``n − k`` eigenvalues of M are at least s, as ``FFᵀ`` has no more than k that are
not 0 (Weyl). The same of −M and a matrix with ``n − k`` columns gives k eigenvalues of M that are at most −s. So k are negative, the others positive, and none
is smaller in size than s. F is made of eigenvectors from LAPACK, of which nothing is assumed; for ``k = 0`` or ``k = n`` none is needed.

``A = fl(M + fl(FFᵀ) − σ I)``, whose factorisation ends with positive finite pivots, is within ``γ/(1 − γ) tr A`` of a positive semidefinite matrix, with γ from
`cholesky_roundings` and ``tr A ≤ τ = Σ|m_ii| + ‖F‖_F²``, up to a factor of ``1 + 2^-20``. The product is wrong by ``γ_k|F||F|ᵀ`` in its entries, in the
spectral norm by ``γ_k ‖F‖_F²`` at most; the sums by ``2u`` times what they give, ``2u(‖M‖_F + ‖F‖_F² + σ)`` in the norm of Frobenius up to such a factor. So

    M + FFᵀ ⪰ (σ − γ/(1 − γ) τ − γ_k ‖F‖_F² − 4u(‖M‖_F + ‖F‖_F² + σ)) I.

No entry of M is above ``2^100``, nor is σ, so no number is above ``2^160``; what underflows is below ``2^-700`` and covered by the ``2^-600`` that σ has more.
"""

from __future__ import annotations

import numpy as np

from lossproof.certificates.kernel.arithmetic.cholesky import cholesky_roundings, has_positive_pivots, matrix_product
from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, LARGEST, TINY, UNIT, gamma
from lossproof.certificates.kernel.arithmetic.series import Array


def are_apart(M: Array, index: int, least: float) -> bool:
    """Tell whether so many eigenvalues of M are seen to be at most ``−least``, and all others at least ``least``, which is at least 0."""
    n, F = len(M), np.zeros_like(M[:, :0])
    if 0 < index < n:
        try:
            values, Q = np.linalg.eigh(M)
        except np.linalg.LinAlgError:
            return False
        F = Q * np.sqrt(2 * np.abs(values))
    above = index == n or _is_above(M, F[:, :index], least)
    return above and (index == 0 or _is_above(-M, F[:, index:], least))


def _is_above(M: Array, F: Array, least: float) -> bool:
    """Tell whether ``M + FFᵀ ⪰ least I`` is seen."""
    (n, k), F = F.shape, np.ascontiguousarray(F)
    roundings, size_M, size_F = gamma(cholesky_roundings(n)), np.linalg.norm(M), np.sum(F * F)
    loss = roundings / (1 - roundings) * (np.sum(np.abs(np.diagonal(M))) + size_F) + gamma(k) * size_F + 4 * UNIT * (size_M + size_F)
    shift = ENLARGE * (least + ENLARGE * loss) + TINY

    def tile(rows: slice, others: slice) -> Array:
        """Return rows and columns of ``M + FFᵀ − σI``."""
        part = np.array(M[rows, others])
        if k:
            part += matrix_product(F[rows], F[others])
        if rows == others:
            part[np.diag_indices(len(part))] -= shift
        return part

    return bool(shift <= LARGEST) and has_positive_pivots(tile, n)
