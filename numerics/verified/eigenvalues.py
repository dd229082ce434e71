r"""The signs of the eigenvalues of a symmetric matrix of doubles, and how far they are from 0, by factorisations of Cholesky.

If ``M + FFᵀ ⪰ s I`` with k columns in F, at least ``n − k`` eigenvalues of M are s or more (Weyl: k of those of ``FFᵀ`` are not 0); and if ``−M + GGᵀ ⪰ s I``
with ``n − k`` columns in G, at least k are ``−s`` or less. Good F and G mirror the eigenvalues of one sign: ``√(2|λ|) v`` for estimated eigenvectors v.

*Eigenvalues*, all in ascending order. With Q and Λ from LAPACK, ``‖QᵀQ − I‖ ≤ f < 1`` and ``‖MQ − QΛ‖ ≤ ε`` as products with a-priori bounds show, ``QᵀMQ`` is
within ``g = f max|Λ| + ε√(1 + f)`` of Λ. Its k-th eigenvalue is within g of ``Λ_k`` (Weyl), and is ``θ λ_k(M)`` with ``|θ − 1| ≤ f`` (Ostrowski):
``|λ_k(M) − Λ_k| ≤ (f max|Λ| + g)/(1 − f)``.

Forming ``A = M + FFᵀ − σ I`` loses ``γ_k ‖F‖_F² + 4u(‖M‖_F + ‖F‖_F² + σ)`` in the spectral norm at most, and a factorisation of A that ends shows
``A ⪰ −γ/(1 − γ) τ I`` with ``τ = Σ|m_ii| + ‖F‖_F²`` and γ from `tiled_cholesky.roundings`. Numbers are at most ``2^160``, so underflow takes less than the
``2^-590`` that is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossproof.numerics.algebra.products import UNIT, Floats, gamma, times
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tiled_cholesky import factor_in_place, roundings
from lossproof.numerics.algebra.tiled_matrix import tile_rows, tile_starts, tiled
from lossproof.numerics.verified.enclosures import frobenius_bound, raised

_LARGEST, _LEAST_SHIFT = 2.0**100, 2.0**-590


@dataclass(frozen=True)
class HessianSigns:
    """What is proved about ``T H`` over a box: each matrix differs by ``spread`` at most, in the spectral norm, from one with so many ``negative`` eigenvalues.

    The other eigenvalues of that matrix are positive, and none is smaller in size than ``least``, which is above ``spread``.
    """

    negative: int
    least: float
    spread: float


def eigenvalues_are_apart(M: Floats, negative: int, least: float, eigen: tuple[Floats, Floats] | None = None) -> bool:
    r"""Tell whether so many eigenvalues of a symmetric matrix are proved to be at most ``−least``, and all others to be at least ``least``.

    ``eigen`` are estimated eigenvalues, in increasing order, and eigenvectors, which are needed where both signs occur.

    >>> M = np.array([[9.0, 7.0], [7.0, 4.0]])  # the eigenvalues are 13.93… and −0.93…
    >>> [eigenvalues_are_apart(M, 1, least, np.linalg.eigh(M)) for least in (0.93, 0.94)]
    [True, False]
    """
    n = len(M)
    F = np.zeros((n, 0)) if eigen is None else eigen[1] * np.sqrt(2 * np.abs(eigen[0]))
    if F.shape[1] < n and 0 < negative < n:
        return False
    above = negative == n or _is_above(M, F[:, :negative], least)
    return above and (negative == 0 or _is_above(-M, F[:, negative:], least))


def enclosed_eigenvalues(M: Floats) -> tuple[Floats, float]:
    """Return numbers in ascending order and a bound of how far each is from the eigenvalue of a symmetric matrix of its place; infinite where none is found.

    >>> values, error = enclosed_eigenvalues(np.array([[9.0, 7.0], [7.0, 4.0]]))
    >>> values.round(6).tolist(), error < 1e-12
    ([-0.933034, 13.933034], True)
    """
    n = len(M)
    with threads_for(10 * n**3):
        try:
            values, Q = np.linalg.eigh(M)
        except np.linalg.LinAlgError:
            return np.zeros(n), np.inf
        size, top, norm = frobenius_bound(Q), float(np.max(np.abs(values), initial=0.0)), frobenius_bound(M)
        f = frobenius_bound(times(Q.T, Q) - np.eye(n)) + gamma(n + 6) * (size**2 + n)
        epsilon = frobenius_bound(times(M, Q) - Q * values) + gamma(n + 6) * size * (norm + top)
    g = float(raised(np.asarray(f * top + epsilon * (1 + f)), 16))
    return np.sort(values), float(raised(np.asarray((f * top + g) / (1 - f)), 16)) if f < 1 else np.inf


def _is_above(M: Floats, F: Floats, least: float) -> bool:
    """Tell whether ``M + FFᵀ ⪰ least`` is proved."""
    (n, k), F = F.shape, np.ascontiguousarray(F)
    starts = tile_starts(n, tile_rows(n)) if n else (0,)
    size, length = frobenius_bound(M), frobenius_bound(F) ** 2
    g = gamma(int(roundings(starts).max(initial=1)) + 4)
    loss = g / (1 - g) * (float(np.sum(np.abs(np.diagonal(M)))) + length) + gamma(k + 1) * length + 8 * UNIT * (size + length)
    shift = float(raised(np.asarray(least + raised(np.asarray(loss), 2 * n)), 8)) + _LEAST_SHIFT

    def fill(rows: slice, columns: slice) -> Floats:
        tile = M[rows, columns].copy()
        if k:
            tile += times(F[rows], F[columns].T)
        if rows == columns:
            tile[np.diag_indices(len(tile))] -= shift
        return tile

    if not shift <= _LARGEST or np.max(np.abs(M), initial=0.0) > _LARGEST:
        return False
    with threads_for(n**2 * (n / 3 + k)):
        return factor_in_place(tiled(starts, fill))
