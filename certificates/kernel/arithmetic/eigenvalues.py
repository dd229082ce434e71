r"""How many eigenvalues of a symmetric matrix of doubles lie above a number s, and how many below −s, by factorisations of Cholesky.

Let F be any matrix of doubles with k columns. If ``M + FFᵀ ⪰ s I``, at least ``n − k`` eigenvalues of M are at least s, as ``FFᵀ`` has no more than k that are
not 0 (Weyl). The same of −M and a matrix with ``n − k`` columns gives k eigenvalues of M that are at most −s. So k are negative, the others positive, and none
is smaller in size than s. F is made of eigenvectors from LAPACK, of which nothing is assumed; for ``k = 0`` or ``k = n`` none is needed.

``A = fl(M + fl(FFᵀ) − σ I)``, whose factorisation ends with positive finite pivots, is within ``γ/(1 − γ) tr A`` of a positive semidefinite matrix, with γ from
`cholesky_roundings` and ``tr A ≤ τ = Σ|m_ii| + ‖F‖_F²``, up to a factor of ``1 + 2^-20``. The product is wrong by ``γ_k|F||F|ᵀ`` in its entries, in the
spectral norm by ``γ_k ‖F‖_F²`` at most; the sums by ``2u`` times what they give, ``2u(‖M‖_F + ‖F‖_F² + σ)`` in the norm of Frobenius up to such a factor. So

    M + FFᵀ ⪰ (σ − γ/(1 − γ) τ − γ_k ‖F‖_F² − 4u(‖M‖_F + ‖F‖_F² + σ)) I.

*Eigenvalues*, all in ascending order. With Q and Λ from LAPACK let ``‖QᵀQ − I‖ ≤ f < 1`` and ``‖MQ − QΛ‖ ≤ ε``. Then Q is invertible, ``‖Q‖² ≤ 1 + f``, and
``QᵀMQ = QᵀQΛ + Qᵀ(MQ − QΛ)`` differs from Λ by at most ``g = f max|Λ| + ε√(1 + f)``. By Weyl's theorem its k-th eigenvalue is within g of ``Λ_k``; by
Ostrowski's it is ``θ λ_k(M)``, θ between the least and the largest eigenvalue of ``QᵀQ``, so ``|θ − 1| ≤ f``: ``|λ_k(M) − Λ_k| = |(1 − θ)Λ_k + (θλ_k −
Λ_k)|/θ ≤ (f max|Λ| + g)/(1 − f)``, one eigenvalue for each k. The computed products are wrong by ``γ_{n+3}`` times products of Frobenius norms at most.

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


def eigenvalues(M: Array) -> tuple[Array, float]:
    """Return numbers in ascending order and a bound of how far each is from the eigenvalue of M of its place; one that is infinite or NaN says nothing."""
    n = len(M)
    try:
        values, Q = np.linalg.eigh(M)
    except np.linalg.LinAlgError:
        return np.zeros(n), np.inf
    size_Q, top = np.linalg.norm(Q), float(np.max(np.abs(values), initial=0.0))
    f = ENLARGE * (np.linalg.norm(Q.T @ Q - np.eye(n)) + gamma(n + 3) * (size_Q**2 + n)) + TINY
    epsilon = ENLARGE * (np.linalg.norm(M @ Q - Q * values) + gamma(n + 3) * size_Q * (np.linalg.norm(M) + top)) + TINY
    g = ENLARGE * (f * top + epsilon * (1 + f))
    return np.sort(values), float(ENLARGE * (f * top + g) / (1 - f) + TINY) if f < 1 else np.inf


def _is_above(M: Array, F: Array, least: float) -> bool:
    """Tell whether ``M + FFᵀ ⪰ least I`` is seen."""
    (n, k), F = F.shape, np.ascontiguousarray(F)
    roundings, size_M, size_F = gamma(cholesky_roundings(n)), np.linalg.norm(M), np.sum(F * F)
    loss = roundings / (1 - roundings) * (np.sum(np.abs(np.diagonal(M))) + size_F) + gamma(k) * size_F + 4 * UNIT * (size_M + size_F)
    shift = ENLARGE * (least + ENLARGE * loss) + TINY

    def tile(rows: slice, others: slice) -> Array:
        """Return rows and columns of ``M + FFᵀ``."""
        return M[rows, others] + (matrix_product(F[rows], F[others]) if k else 0.0)

    return bool(shift <= LARGEST) and has_positive_pivots(tile, n, shift)
