r"""Gauss-Newton matrices without ``P``: ``K_C = Cᵀ Pᵀ P C`` over the samples, and ``P C Cᵀ Pᵀ`` over the weights."""

from __future__ import annotations

import numpy as np

from lossproof.numerics.algebra.gram_sums import GramPart, gram_of_parts, gram_triangle
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tiled_matrix import TiledMatrix
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.evaluation import Evaluation


def weighted_gram(evaluation: Evaluation, factor: Array | None, *, hold_output: bool = False) -> Array:
    r"""Return ``K_C`` of shape ``(T m, T m)``: ``Σ_l ((Ψ_l(i) C_i)ᵀ Ψ_l(i') C_i')[j, j'] · φ⁺_{l-1}(i)ᵀ φ⁺_{l-1}(i')``, entry ``(i, j)`` at ``i m + j``.

    ``factor`` as from `curvature_factor`. One symmetric rank-``n_l`` update a hidden layer, ``T² m² Σ_{l<L} n_l`` operations in all, panel by panel
    (`gram_of_parts`); whatever ``N_net``. With ``hold_output`` the rows of ``P`` that belong to ``W_L`` are left out.
    """
    return gram_of_parts(_weighted_parts(evaluation, factor, hold_output=hold_output))


def weighted_gram_triangle(evaluation: Evaluation, factor: Array | None, *, hold_output: bool = False) -> TiledMatrix:
    """Return the same matrix as one triangle in tiles."""
    return gram_triangle(_weighted_parts(evaluation, factor, hold_output=hold_output))


def _weighted_parts(evaluation: Evaluation, factor: Array | None, *, hold_output: bool) -> list[GramPart]:
    a = evaluation.architecture
    last = evaluation.slope[a.L]
    if factor is not None and factor.ndim == 3:
        output = (last[:, :, None] * factor).transpose(0, 2, 1)
    else:
        output = last if factor is None else last * factor
    values = evaluation.phi[a.L - 1]
    parts = [GramPart(output, values[:, :0] if hold_output or not a.fan_in(a.L) else values, a.bias_rows_of(a.L))]
    hidden = ((l, psi) for l, psi in _weighted_psi(evaluation, factor) if a.fan_in(l))
    return parts + [GramPart(psi, evaluation.phi[l - 1], a.bias_rows_of(l)) for l, psi in hidden]


def _weighted_psi(evaluation: Evaluation, factor: Array | None) -> list[tuple[int, Array]]:
    """Return ``(Ψ_l(i) C_i)ᵀ`` of shape ``(T, m, n_l)`` for ``l = L−1, …, 1``."""
    a = evaluation.architecture
    last = evaluation.slope[a.L]
    found: list[tuple[int, Array]] = []
    psi: Array | None = None
    for l in range(a.L - 1, 0, -1):
        W = evaluation.layers[l][0]
        if psi is not None:
            carried = psi @ W.T
        elif factor is not None and factor.ndim == 3:
            carried = (last[:, :, None] * factor).transpose(0, 2, 1) @ W.T
        else:
            carried = (last if factor is None else last * factor)[:, :, None] * W.T[None, :, :]
        psi = carried * evaluation.slope[l][:, None, :]
        found.append((l, psi))
    return found


def gauss_newton_sum(evaluation: Evaluation, factor: Array | None) -> Array:
    r"""Return ``P C Cᵀ Pᵀ = Σ_i (Ψ_l D_i Ψ_kᵀ)[a, c] φ⁺_{l-1}[b] φ⁺_{k-1}[d]``, of shape ``(N_net, N_net)`` in the order of the rows of ``P``.

    ``D_i = C_i C_iᵀ``. Each pair of layers is one product of a ``(n_l n_k, T)`` with a ``(T, m_l m_k)`` matrix, ``T N_net²`` operations in all: ``n_L``
    times fewer than from ``P``.
    """
    a, T = evaluation.architecture, evaluation.T
    last = evaluation.slope[a.L]
    if factor is not None and factor.ndim == 3:
        start = (last[:, :, None] * factor).transpose(0, 2, 1)
    else:
        start = np.zeros((T, a.n_L, a.n_L))
        start[:, np.arange(a.n_L), np.arange(a.n_L)] = last if factor is None else last * factor
    psi = {a.L: start, **dict(_weighted_psi(evaluation, factor))}
    values = {l: evaluation.extended_phi(l - 1) for l in range(1, a.L + 1)}
    sizes = [a.fan_in(l) * a.widths[l] for l in range(1, a.L + 1)]
    starts = [0, *np.cumsum(sizes).tolist()]
    H: Array = np.empty((starts[-1], starts[-1]))
    for number, l in enumerate(a.trained):
        for k in a.trained[number:]:
            n_l, n_k, m_l, m_k = a.widths[l], a.widths[k], a.fan_in(l), a.fan_in(k)
            mixed = (psi[l].transpose(0, 2, 1) @ psi[k]).reshape(T, n_l * n_k)
            inputs = (values[l][:, :, None] * values[k][:, None, :]).reshape(T, m_l * m_k)
            with threads_for(T * sizes[l - 1] * sizes[k - 1]):
                block = (mixed.T @ inputs).reshape(n_l, n_k, m_l, m_k).transpose(0, 2, 1, 3).reshape(n_l * m_l, n_k * m_k)
            H[starts[l - 1] : starts[l], starts[k - 1] : starts[k]] = block
            if k > l:
                H[starts[k - 1] : starts[k], starts[l - 1] : starts[l]] = block.T
    return H
