r"""Lower bounds of the ranks of ``Ψ_l ⊙ Φ_{l-1}`` and ``Ψ_l(i)``, in integers; the upper bounds stand in `theory.rank_upper_bounds`.

Symbols: ``T`` samples; ``n_l`` units in layer ``l``; ``Φ_{l-1}`` the matrix with columns ``φ_{l-1}(i)`` (with its row of ones when the
bias is trainable); ``Ψ_l(i)`` of shape ``(n_l, n_L)``; ``Ψ_l ⊙ Φ_{l-1}`` the row block of ``P`` with column block ``i`` equal to ``Ψ_l(i)
⊗ φ_{l-1}(i)``.

Every lower bound here grows with the ranks put in, so proved *lower* bounds of those ranks may stand for the ranks themselves. All
functions raise `InputError` for numbers that no matrix can have.
"""

from __future__ import annotations

from collections.abc import Sequence

from lossproof.theory.bounds.upper import (
    block_upper_bound,
    bottleneck_bound,
    duplicate_bound,
    hessian_rank_bound,
    homogeneous_bound,
    last_block_rank,
    linear_bound,
    network_upper_bound,
    polynomial_bound,
    product_upper_bound,
    zero_weights_bound,
)
from lossproof.theory.exceptions import InputError
from lossproof.theory.whole_numbers import whole

__all__ = [
    "block_upper_bound",
    "bottleneck_bound",
    "duplicate_bound",
    "guaranteed_ranks",
    "hessian_rank_bound",
    "homogeneous_bound",
    "k_rank_bound",
    "khatri_rao_bound",
    "last_block_rank",
    "linear_bound",
    "network_upper_bound",
    "polynomial_bound",
    "product_upper_bound",
    "projection_bound",
    "psi_rank",
    "widths_lossless",
    "widths_principle",
    "zero_weights_bound",
]


def khatri_rao_bound(n_l: int, T: int, rank_phi: int, psi_rank_sum: int) -> int:
    r"""Return ``max(0, n_l·rank Φ_{l-1} + Σ_i rank Ψ_l(i) − T·n_l) ≤ rank(Ψ_l ⊙ Φ_{l-1})`` (`khatri-rao`).

    Proof: let ``D`` of shape ``(T n_l, T n_L)`` be the block-diagonal matrix of the ``Ψ_l(i)`` with its rows sorted by unit, then sample.
    Column ``(i, j)`` of ``(I ⊗ Φ)·D`` is ``Ψ_l(i)[:, j] ⊗ φ(i)``, so ``Ψ_l ⊙ Φ = (I ⊗ Φ)·D``, and Sylvester's inequality with inner
    dimension ``T n_l`` gives the bound, as ``rank(I ⊗ Φ) = n_l·rank Φ`` and ``rank D = Σ_i rank Ψ_l(i)``.

    The sum of the ranks minus ``T`` in place of this bound is false for ``n_L ≥ 2`` (`naive-khatri-rao`).

    >>> khatri_rao_bound(n_l=2, T=4, rank_phi=3, psi_rank_sum=4)
    2
    """
    n_l, T = whole("n_l", n_l, 1), whole("T", T, 1)
    rank_phi, psi_rank_sum = whole("rank_phi", rank_phi, 0, T), whole("psi_rank_sum", psi_rank_sum, 0, T * n_l)
    return max(0, n_l * rank_phi + psi_rank_sum - T * n_l)


def projection_bound(rank_phi_on_support: int, rank_psi_on_support: int = 0) -> int:
    r"""Return ``max(rank Φ_S, rank [Ψ_l(i)]_{i∈S'}) ≤ rank(Ψ_l ⊙ Φ_{l-1})`` (`projection`).

    ``Φ_S`` keeps the columns of ``Φ_{l-1}`` with ``i ∈ S = {i : Ψ_l(i) ≠ 0}``; ``[Ψ_l(i)]_{i∈S'}`` puts side by side the ``Ψ_l(i)`` with
    ``i ∈ S' = {i : φ_{l-1}(i) ≠ 0}``. Leave out the second rank if only the first is known.

    Proof: a generic ``a`` has ``(aᵀΨ_l(i))_j ≠ 0`` for some ``j`` at every ``i ∈ S``. The product ``(aᵀ ⊗ I)(Ψ ⊙ Φ)`` has columns
    ``(aᵀΨ_l(i))_j φ(i)``, which span the ``φ(i)`` with ``i ∈ S``, and its rank is at most that of ``Ψ ⊙ Φ``. The second bound contracts
    ``Φ`` instead.

    >>> projection_bound(3, 1)
    3
    """
    return max(whole("rank_phi_on_support", rank_phi_on_support, 0), whole("rank_psi_on_support", rank_psi_on_support, 0))


def k_rank_bound(k_phi: int, k_psi: int, T: int) -> int:
    r"""Return ``min(k(Φ) + k'(Ψ) − 1, T) ≤ k'(Ψ_l ⊙ Φ_{l-1})``, or 0 if either is 0 (`k-rank`).

    ``k(Φ)`` is the largest ``k`` such that every ``k`` columns of ``Φ`` are independent; ``k'(Ψ)`` the largest ``k`` such that every
    ``k`` of the blocks ``Ψ(1), …, Ψ(T)`` have all their ``k n_L`` columns independent (for ``n_L = 1`` the same notion). The rank of ``Ψ
    ⊙ Φ`` is at least ``n_L`` times the bound.

    Proof: let ``m`` be the bound and ``Σ_{i∈N} (Ψ(i)c_i) ⊗ φ(i) = 0`` with ``N`` of size ``1 ≤ p ≤ m`` and all ``c_i ≠ 0``. As a matrix
    this reads ``Φ_N A_Nᵀ = 0`` with ``A_N = [Ψ(i)c_i]``, where ``rank Φ_N ≥ min(p, k)`` and ``rank A_N ≥ min(p, k')``. By Sylvester the
    product has rank at least ``min(p, k) + min(p, k') − p``, which is positive for ``p ≤ k + k' − 1``: a contradiction. Source:
    Sidiropoulos and Bro 2000 for ``n_L = 1``, De Lathauwer 2008 (part I) for partitioned matrices.

    >>> k_rank_bound(k_phi=3, k_psi=2, T=4), k_rank_bound(k_phi=2, k_psi=2, T=4), k_rank_bound(k_phi=0, k_psi=4, T=4)
    (4, 3, 0)
    """
    T = whole("T", T, 1)
    k_phi, k_psi = whole("k_phi", k_phi, 0, T), whole("k_psi", k_psi, 0, T)
    return min(k_phi + k_psi - 1, T) if k_phi and k_psi else 0


def psi_rank(widths: Sequence[int], layer: int, weight_ranks: Sequence[int]) -> int:
    r"""Return ``r_layer``, a lower bound of ``rank Ψ_layer(i)`` for every sample, from given ranks of the weights.

    ``widths`` are ``(n_0, …, n_L)``; ``weight_ranks`` are the ranks (or lower bounds) of ``W_L, W_{L-1}, …, W_{layer+1}``, *in this
    order, from the last layer down, and without bias rows*. ``r_L = n_L`` and ``r_k = max(0, rank W_{k+1} + r_{k+1} − n_{k+1})``.

    Hypothesis: ``σ' ≠ 0`` everywhere for the activations of the layers ``layer..L`` (`principle-activation`). Proof: then ``Σ'_k(i)`` is
    invertible, and Sylvester's inequality applies to ``Ψ_k(i) = Σ'_k(i) W_{k+1} Ψ_{k+1}(i)`` with inner dimension ``n_{k+1}``.

    >>> psi_rank((2, 3, 3, 2), layer=1, weight_ranks=[2, 3])
    2
    >>> psi_rank((2, 3, 3, 2), layer=1, weight_ranks=[2, 2])
    1
    """
    n = _checked_widths(widths)
    L = len(n) - 1
    layer = whole("layer", layer, 1, L)
    if len(weight_ranks) != L - layer:
        raise InputError(
            f"weight_ranks must hold {L - layer} ranks, from W_{L} down to W_{layer + 1}, got {len(weight_ranks)}: "
            f"give one rank for each layer above layer {layer}"
        )
    rank = n[L]
    for k, given in zip(range(L - 1, layer - 1, -1), weight_ranks, strict=True):
        rank_W = whole(f"the rank of W_{k + 1}", given, 0, min(n[k], n[k + 1]))
        rank = max(0, rank_W + rank - n[k + 1])
    return rank


def guaranteed_ranks(widths: Sequence[int]) -> tuple[int, ...]:
    r"""Return ``(r_1, …, r_L)``: the ranks of ``Ψ_l(i)`` that full-rank weights guarantee (`principle-widths`).

    ``r_L = n_L`` and ``r_l = max(0, min(n_l, n_{l+1}) + r_{l+1} − n_{l+1})``: `psi_rank` with every ``W_{l+1}`` (without its bias row) of
    full rank, under the same hypothesis. Sharp for a single sample: some full-rank ``W_2, …, W_L`` attain all the ``r_l`` at once.

    >>> guaranteed_ranks((2, 2, 1))
    (1, 1)
    >>> guaranteed_ranks((4, 2, 5, 2))
    (0, 2, 2)
    """
    n = _checked_widths(widths)
    ranks = [n[-1]]
    for l in range(len(n) - 2, 0, -1):
        ranks.append(max(0, min(n[l], n[l + 1]) + ranks[-1] - n[l + 1]))
    return tuple(reversed(ranks))


def widths_principle(widths: Sequence[int]) -> bool:
    r"""Tell whether no layer is wider than both neighbours: ``n_l ≤ max(n_{l-1}, n_{l+1})`` for ``l = 2..L−1`` (`principle-widths`).

    The principle alone does not keep every rank: on a wide plateau such as 2-2-3-3-2 it holds, and yet full-rank ``W_2 W_3 W_4`` may have
    rank 1. What full-rank weights do guarantee is `guaranteed_ranks`; `widths_lossless` tells whether that is all the widths allow.

    >>> widths_principle((4, 2, 5, 2)), widths_principle((2, 2, 3, 3, 2)), widths_lossless((2, 2, 3, 3, 2))
    (False, True, False)
    """
    n = _checked_widths(widths)
    return all(n[l] <= max(n[l - 1], n[l + 1]) for l in range(2, len(n) - 1))


def widths_lossless(widths: Sequence[int]) -> bool:
    r"""Tell whether full-rank weights lose no rank: ``r_l = min(n_l, …, n_L)`` for every layer, with the ``r_l`` of `guaranteed_ranks`.

    This implies `widths_principle`: at an inner layer strictly wider than both neighbours, full-rank weights can lose rank.

    >>> widths_lossless((2, 8, 4, 2, 5)), widths_lossless((2, 2, 3, 2))
    (True, False)
    """
    n = _checked_widths(widths)
    return all(r == min(n[l:]) for l, r in enumerate(guaranteed_ranks(n), start=1))


def _checked_widths(widths: Sequence[int]) -> tuple[int, ...]:
    n = tuple(whole(f"width n_{l}", width, 1) for l, width in enumerate(widths))
    if len(n) < 2:
        raise InputError(f"widths must name at least inputs and outputs, got {n!r}: write for example (2, 2, 1)")
    return n
