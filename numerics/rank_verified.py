"""Full column rank of ``P`` or of one of its blocks, proved in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossproof.numerics.activation_enclosures import enclose_activation
from lossproof.numerics.evidence import RankEvidence
from lossproof.numerics.float_enclosures import Enclosure, enclose_numbers, matrix_product, product, total
from lossproof.numerics.verified_gram import MOST_COLUMNS, GramBlock, has_full_column_rank
from lossproof.theory.architecture import Architecture
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.samples import Samples
from lossproof.theory.verdicts import Rigor
from lossproof.theory.weights import Weights

MOST_VALUES = 5_000_000
"""More values of activations are refused, as the rule `rank-gram` does."""

_SPARE = 16.0
_Enclosures = list[Enclosure]


def verified_full_column_rank(
    architecture: Architecture,
    samples: Samples | Any,
    weights: Weights | Sequence[tuple[Any, Any]],
    *,
    block: int | None = None,
) -> RankEvidence | None:
    r"""Prove ``rank P = T n_L`` (or ``rank P-l = T n_L`` for ``block = l``) in double precision, or return None.

    ``samples`` is a sample set or inputs ``X`` of shape ``(T, n_0)``; ``weights`` are exact weights or a list of ``(W_l, b_l)``,
    ``b_l`` of length ``n_l`` or None. Arrays of doubles are exact, other exact numbers are enclosed. If the output activation's
    derivative vanishes nowhere, each column is taken up to that non-zero factor.

    The forward pass and the factors ``Ψ_l`` are computed with BLAS and a-priori error bounds (``float_enclosures``), ``σ`` and ``σ'``
    are enclosed by Arb once for each unit and sample, and ``verified_gram`` proves ``σ_min > 0`` for all matrices within the
    enclosures, without forming ``P``. The cost is that of ``K`` and one Cholesky factorisation, ``O(T² n_L² Σ n_l + (T n_L)³/3)``.

    The result (rule `rank-gram`) is a proof under IEEE 754 arithmetic. None says nothing about the rank: the matrix may be singular or
    too ill-conditioned for doubles, have fewer rows than columns, more than 16,000 columns, a value out of range, or a derivative at or
    too near a kink. The bounds have a factor to spare, so that the independent checker, whose constants are coarser, agrees.

    >>> xor = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> weights = [([[1.0, -2.0], [1.5, 0.5]], [0.25, -0.5]), ([[1.0], [2.0]], [0.0])]
    >>> verified_full_column_rank(Architecture.of("2-2-1", "tanh"), np.array(xor), weights).text
    'rank ≥ 4'
    >>> zero = [([[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0]), ([[0.0], [0.0]], [0.0])]
    >>> verified_full_column_rank(Architecture.of("2-2-1", "tanh"), np.array(xor), zero) is None
    True
    """
    if block is not None and not 1 <= block <= architecture.L:
        raise ValueError(f"the block must lie between 1 and {architecture.L}, got {block}: leave it out for the whole of P")
    inputs = enclose_numbers(samples.X if isinstance(samples, Samples) else samples)
    columns = inputs.mid.shape[0] * architecture.n_L
    rows = architecture.N_net if block is None else architecture.fan_in(block) * architecture.widths[block]
    if columns > min(rows, MOST_COLUMNS) or inputs.mid.shape[0] * sum(architecture.widths) > MOST_VALUES:
        return None
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        try:
            blocks = _blocks(architecture, inputs, _enclose_weights(weights))
        except NotDifferentiable:
            return None
        if has_full_column_rank(blocks if block is None else [blocks[block - 1]], architecture.n_L, _SPARE):
            return RankEvidence(columns, True, "rank-gram", Rigor.VERIFIED_FLOAT, {})
    return None


def _enclose_weights(weights: Weights | Sequence[tuple[Any, Any]]) -> list[tuple[Enclosure, Enclosure | None]]:
    pairs = [(layer.W, layer.b) for layer in weights.layers] if isinstance(weights, Weights) else weights
    return [(enclose_numbers(W), None if b is None else enclose_numbers(b)) for W, b in pairs]


def _blocks(architecture: Architecture, inputs: Enclosure, weights: list[tuple[Enclosure, Enclosure | None]]) -> list[GramBlock]:
    """Return the factors of the row blocks ``l = 1..L`` of ``P``."""
    phi, slopes = _forward(architecture, inputs, weights)
    psi = _backward(architecture, slopes, [W for W, _ in weights])
    return [GramBlock(psi[l], _with_ones(phi[l]) if architecture.bias_rows else phi[l]) for l in range(architecture.L)]


def _forward(
    architecture: Architecture, inputs: Enclosure, weights: list[tuple[Enclosure, Enclosure | None]]
) -> tuple[_Enclosures, list[Enclosure | None]]:
    """Return ``φ_0 .. φ_{L-1}`` and ``σ'(z_1) .. σ'(z_L)``, the last None where it vanishes nowhere; all of shape ``(T, n_l)``."""
    phi: _Enclosures = [inputs]
    slopes: list[Enclosure | None] = []
    for l, (W, b) in enumerate(weights, start=1):
        if l == architecture.L and architecture.output_activation.nonvanishing_derivative.holds:
            slopes.append(None)
            break
        z = matrix_product(phi[-1], W)
        value, slope = enclose_activation(architecture.activation_of(l), z if b is None else total(z, b))
        slopes.append(slope)
        phi.append(value)
    return phi[: architecture.L], slopes


def _backward(architecture: Architecture, slopes: list[Enclosure | None], W: _Enclosures) -> list[Enclosure | None]:
    """Return ``Ψ_1 .. Ψ_L`` of shape ``(n_L, T, n_l)``, ``[j, i, a]`` being entry ``(a, j)`` of ``Ψ_l(i)``; the last None if it is the identity."""
    n_L, last = architecture.n_L, slopes[-1]
    psi: list[Enclosure | None] = [None if last is None else _diagonals(last)]
    for l in range(architecture.L - 1, 0, -1):
        later, slope = psi[0], slopes[l - 1]
        backward = Enclosure(W[l].mid.T, W[l].rad.T)
        if later is None:
            incoming = Enclosure(backward.mid[:, None, :], backward.rad[:, None, :])
        else:
            T, n = later.mid.shape[1:]
            flat = matrix_product(Enclosure(later.mid.reshape(-1, n), later.rad.reshape(-1, n)), backward)
            incoming = Enclosure(flat.mid.reshape(n_L, T, -1), flat.rad.reshape(n_L, T, -1))
        psi.insert(0, incoming if slope is None else product(incoming, Enclosure(slope.mid[None], slope.rad[None])))
    return psi


def _diagonals(slope: Enclosure) -> Enclosure:
    """Return ``diag(σ'(z_L(i)))`` in the layout of `_backward`."""
    T, n = slope.mid.shape
    mid, rad = np.zeros((n, T, n)), np.zeros((n, T, n))
    unit = np.arange(n)
    mid[unit, :, unit], rad[unit, :, unit] = slope.mid.T, slope.rad.T
    return Enclosure(mid, rad)


def _with_ones(phi: Enclosure) -> Enclosure:
    """Append the constant unit of a trainable bias."""
    T = phi.mid.shape[0]
    return Enclosure(np.hstack([phi.mid, np.ones((T, 1))]), np.hstack([phi.rad, np.zeros((T, 1))]))
