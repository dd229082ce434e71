r"""Full column rank of ``P`` or ``P-l``, and a lower bound of ``σ_min(P)``, in double precision with a proof.

``u``, ``γ_k`` and the enclosures are those of `doubles`. Let ``M`` be the real matrix, ``M̂`` the Khatri-Rao blocks of the doubles ``ψ̂``, ``φ̂`` taken
as exact numbers, ``S`` a diagonal matrix of powers of two ``s_p`` that scales its columns, whose norms in M̂ are ``k_p``.

1. *Enclosure.* For column ``p``, ``‖(M − M̂)e_p‖² ≤ δ_p² = Σ_l (‖r_ψ‖ (‖φ̂‖ + ‖r_φ‖) + ‖ψ̂‖ ‖r_φ‖)²`` and ``‖(M − M̂)S‖_F² ≤ D² = Σ_p (δ_p s_p)²``.
2. *Gram matrix.* ``K = SM̂ᵀM̂S = Σ_l (Ψ̂_lᵀΨ̂_l) ∘ (Φ̂_lᵀΦ̂_l)`` is computed as ``K̃`` with ``|K̃ − K|_{pq} ≤ γ_c s_p k_p k_q s_q`` (Cauchy-Schwarz),
   ``c = max_l (n_l + m_l) + L + 8``; so ``‖K̃ − K‖₂ ≤ γ_c τ`` with ``τ = Σ_p (s_p k_p)²``.
3. *Cholesky.* If the factorisation of ``A = fl(K̃ − σI)`` ends with positive finite pivots, ``‖A − LLᵀ‖₂ ≤ γ/(1 − γ) tr A`` with ``γ = γ_d``, d from
   `cholesky_roundings` (see `cholesky`; Demmel; Rump, BIT 46, 2006). Forming the diagonal costs at most ``2uτ``.
4. So ``λ_min(K) ≥ σ − (γ_c + γ_d/(1 − γ_d) + 2u) τ``, and with ``σ`` a little above ``(D + s)²`` plus this loss, ``σ_min(MS) ≥ √λ_min(K) − D ≥ s``, and more
   than 0. S is invertible, so M has full column rank.
5. *Approximate left inverse*, for matrices that are too ill-conditioned for K. ``A = fl(M̂S)`` is written out, each entry a product of two doubles and a power
   of two: ``‖A − MS‖_F ≤ D + 2u‖A‖_F``. X is any matrix of doubles. With N rows, ``‖I − X MS‖₂ ≤ e = ‖fl(I − XA)‖_F + γ_{N+2} ‖|X||A| + I‖_F + ‖X‖_F (D +
   2u‖A‖_F)``; if ``e < 1``, ``X MS`` is invertible and ``σ_min(MS) ≥ (1 − e)/‖X‖_F``. Nothing is assumed of X: here it comes from a QR factorisation.

Rows may be divided by powers of two first, which cannot raise the rank. The norms of columns are between 2^-100 and 2^100, so underflow loses less than 2^-200.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import lapack, qr

from lossproof.certificates.kernel.arithmetic.cholesky import cholesky_roundings, has_positive_pivots, matrix_product
from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, LARGEST, TINY, UNIT, DoubleRing, Enclosed, gamma
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.network.passes import Passed, backward, forward
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits

_OCTAVES, _MOST_OCTAVES, _PIECE = 4, 400, 1024


@dataclass(frozen=True)
class Columns:
    """The blocks ``(Ψ̂_l, Φ̂_{l-1}⁺)``, of shapes ``(n_L, T, n_l)`` and ``(T, m_l)``; ``k_p`` and ``δ_p²``, both of shape ``(T, n_L)``; c of step 2."""

    blocks: list[tuple[Enclosed, Enclosed]]
    norms: Array
    errors: Array
    terms: int


@dataclass(frozen=True)
class Network:
    """The network at a point in doubles: its weights and biases, its pass, the columns of ``P``, and the scales of its equations, S."""

    curve: list[tuple[Enclosed, Enclosed]]
    passed: Passed
    columns: Columns
    scale: Array


def network_at(
    work: Work, problem: Problem, point: Point, layers: Sequence[int], *, strip: bool, balanced: bool = False, weighted: bool = False
) -> Network:
    """Enclose the blocks of ``P`` of some layers, with the output derivative in its place unless ``strip``; S brings norms of columns into ``[1/2, 1)``.

    With ``weighted`` only the largest, and S keeps the ratios of the norms as they are, but leaves none below 1/32: all equations weigh about the same.
    """
    limit(problem.columns, limits.MAX_GRAM_COLUMNS, "the number of columns")
    limit(problem.T * sum(problem.widths), limits.MAX_GRAM_VALUES, "the number of values of activations")
    rows = sum(problem.fan_in(l) * problem.widths[l] for l in layers)
    require(rows >= problem.columns, "evidence", "there are fewer rows than columns")
    ring, n = DoubleRing(work), problem.n_L
    curve = [(ring.array(W), ring.array([b])) for W, b in point.layers]
    passed = forward(ring, problem, curve, problem.L - 1 if strip else problem.L)
    units = np.repeat(np.eye(n)[:, None, :], problem.T, axis=1)
    delta = Enclosed(units, np.zeros_like(units))
    deltas = backward(ring, problem, curve, passed.slopes, delta if strip else delta * passed.slopes[-1], min(layers), passes=n)
    blocks = [(deltas[l], plus(passed.phi[l - 1], problem.fan_in(l))) for l in layers]
    if balanced:
        blocks = [(_divided(psi, (0, 1)), _divided(phi, (0,))) for psi, phi in blocks]
    columns = _columns(blocks, max(problem.widths[l] + problem.fan_in(l) for l in layers) + len(layers) + 8)
    exponents = np.frexp(columns.norms)[1]
    return Network(curve, passed, columns, np.ldexp(1.0, -(np.minimum(exponents.max(), exponents + _OCTAVES) if weighted else exponents)))


def plus(phi: Enclosed, width: int) -> Enclosed:
    """Append a column of ones where the width asks for one."""
    if phi.mid.shape[1] == width:
        return phi
    one = np.ones((phi.mid.shape[0], 1))
    return Enclosed(np.hstack([phi.mid, one]), np.hstack([phi.rad, 0 * one]))


def _divided(part: Enclosed, others: tuple[int, ...]) -> Enclosed:
    """Divide rows of P, by their last index, by powers of two near the largest ``|ψ̂_a|`` or ``|φ̂_b|``; 2^-600 covers underflow."""
    exponents = np.clip(np.frexp(np.max(np.abs(part.mid), axis=others, keepdims=True))[1], -_MOST_OCTAVES, _MOST_OCTAVES)
    return Enclosed(np.ldexp(part.mid, -exponents), np.ldexp(part.rad, -exponents) + TINY)


def _columns(blocks: list[tuple[Enclosed, Enclosed]], terms: int) -> Columns:
    squares = errors = np.zeros((blocks[0][0].mid.shape[1], blocks[0][0].mid.shape[0]))
    for psi, phi in blocks:
        (psi_norm, psi_error), (phi_norm, phi_error) = (
            [np.sqrt(np.sum(x**2, axis=-1)).T for x in (part.mid, part.rad)] for part in (psi, phi)
        )
        squares = squares + (psi_norm * phi_norm[:, None]) ** 2
        errors = errors + (psi_error * (phi_norm + phi_error)[:, None] + psi_norm * phi_error[:, None]) ** 2
    norms = np.sqrt(squares)
    require(bool(np.all(norms >= 1 / LARGEST)), "evidence", "a column is 0 or nearly so")
    return Columns(blocks, norms, errors, terms)


def is_above_by_cholesky(work: Work, found: Network, least: float) -> bool:
    """Tell whether ``σ_min(MS) ≥ least``, and more than 0, is seen by steps 2 to 4."""
    columns, scale, n = found.columns, found.scale, found.scale.size
    work.spend(limits.flops_work(n**3 // 3 + n**2 * columns.terms), "a Cholesky factorisation")
    D2, tau = float(np.sum(columns.errors * scale**2)), float(np.sum((columns.norms * scale) ** 2))
    cholesky = gamma(cholesky_roundings(n))
    loss = (gamma(columns.terms) + cholesky / (1 - cholesky) + 4 * UNIT) * tau
    shift = ENLARGE * ((np.sqrt(D2) + least) ** 2 + loss)
    factors = [(_scaled_rows(psi, scale), np.ascontiguousarray(phi.mid)) for psi, phi in columns.blocks]
    return bool(np.isfinite(shift)) and has_positive_pivots(
        lambda rows, others: _gram_tile(factors, scale.shape[1], rows, others, shift), n
    )


def _scaled_rows(psi: Enclosed, scale: Array) -> Array:
    """Return ``Ψ̂ᵀS``, a row a column of P: column p belongs to sample ``p // n_L``."""
    return np.ascontiguousarray(psi.mid.transpose(1, 0, 2) * scale[:, :, None]).reshape(scale.size, -1)


def _gram_tile(factors: list[tuple[Array, Array]], n_L: int, rows: slice, others: slice, shift: float) -> Array:
    """Return rows and columns of ``Σ_l (SΨ̂ᵀΨ̂S) ∘ (Φ̂ᵀΦ̂) − σI``."""
    samples, other_samples = (np.arange(part.start, part.stop) // n_L for part in (rows, others))
    first, second = (slice(part[0], part[-1] + 1) for part in (samples, other_samples))
    places = np.ix_(samples - samples[0], other_samples - other_samples[0])
    total = np.zeros((len(samples), len(other_samples)))
    for psi, phi in factors:
        total += matrix_product(psi[rows], psi[others]) * matrix_product(phi[first], phi[second])[places]
    if rows == others:
        total[np.diag_indices(len(samples))] -= shift
    return total


def is_above_by_inverse(work: Work, found: Network, least: float) -> bool:
    """Tell whether ``σ_min(MS) ≥ least``, and more than 0, is seen by step 5."""
    scale, n = found.scale, found.scale.size
    heights = [psi.mid.shape[2] * phi.mid.shape[1] for psi, phi in found.columns.blocks]
    limit(n, limits.MAX_INVERSE_COLUMNS, "the number of columns")
    limit(sum(heights) * n, limits.MAX_INVERSE_ENTRIES, "the number of entries of P")
    work.spend(limits.flops_work(12 * sum(heights) * n * n), "an approximate inverse")
    parts: list[Any] = []
    for (psi, phi), rows in zip(found.columns.blocks, heights, strict=True):
        parts.append((_scaled_rows(psi, scale).T[:, None, :] * np.repeat(phi.mid.T, scale.shape[1], axis=1)[None]).reshape(rows, n))
    A = np.vstack(parts)
    Q, R = qr(A, mode="economic", check_finite=False)
    inverse, info = lapack.dtrtri(R)
    X = np.triu(inverse) @ Q.T
    if info != 0 or not np.all(np.isfinite(X)):
        return False
    residual, size = np.eye(n), np.eye(n)
    for start in range(0, len(A), _PIECE):
        piece = slice(start, start + _PIECE)
        residual -= X[:, piece] @ A[piece]
        size += np.abs(X[:, piece]) @ np.abs(A[piece])
    norm_A, norm_X, D = np.linalg.norm(A), np.linalg.norm(X), np.sqrt(np.sum(found.columns.errors * scale**2))
    error = np.linalg.norm(residual) + gamma(len(A) + 2) * np.linalg.norm(size) + norm_X * (D + 2 * UNIT * norm_A)
    return bool(ENLARGE * error + TINY < 1 and (1 - ENLARGE * error) >= ENLARGE * least * norm_X)
