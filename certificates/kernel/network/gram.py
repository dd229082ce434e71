r"""Full column rank of ``P``, ``P-l`` or ``Phi-l``, and a lower bound of ``σ_min(P)``, in double precision with a proof.

``u``, ``γ_k`` and the enclosures are those of `doubles`. Let ``M`` be the real matrix, ``M̂`` the Khatri-Rao blocks of the doubles ``ψ̂``, ``φ̂`` taken
as exact numbers, ``S`` a diagonal matrix of powers of two ``s_p`` that scales its columns, whose norms in M̂ are ``k_p``. For ``Phi-l`` there is one block,
with the number 1 for each ``ψ(i)``.

1. *Enclosure.* For column ``p``, ``‖(M − M̂)e_p‖² ≤ δ_p² = Σ_l (‖r_ψ‖ (‖φ̂‖ + ‖r_φ‖) + ‖ψ̂‖ ‖r_φ‖)²`` and ``‖(M − M̂)S‖_F² ≤ D² = Σ_p (δ_p s_p)²``.
2. *Gram matrix.* ``K = SM̂ᵀM̂S = Σ_l (Ψ̂_lᵀΨ̂_l) ∘ (Φ̂_lᵀΦ̂_l)`` is computed as ``K̃`` with ``|K̃ − K|_{pq} ≤ γ_c s_p k_p k_q s_q`` (Cauchy-Schwarz),
   ``c = max_l (n_l + m_l) + L + 8``; so ``‖K̃ − K‖₂ ≤ γ_c τ`` with ``τ = Σ_p (s_p k_p)²``.
3. *Cholesky.* If the factorisation of ``A = fl(K̃ − σI)`` ends with positive finite pivots, ``‖A − LLᵀ‖₂ ≤ γ/(1 − γ) tr A`` with ``γ = γ_d``, d from
   `cholesky_roundings` (see `cholesky`; Demmel; Rump, BIT 46, 2006). Forming the diagonal costs at most ``2uτ``.
4. So ``λ_min(K) ≥ σ − (γ_c + γ_d/(1 − γ_d) + 2u) τ``, and with ``σ`` a little above ``(D + s)²`` plus this loss, ``σ_min(MS) ≥ √λ_min(K) − D ≥ s``, and more
   than 0. S is invertible, so M has full column rank.
5. *Approximate left inverse*, for matrices that are too ill-conditioned for K. ``A = fl(M̂S)`` is written out, each entry a product of two doubles
   and a power of two: ``‖A − MS‖_F ≤ D + 2u‖A‖_F``. X is any matrix of doubles. With N rows, ``‖I − X MS‖₂ ≤ e = ‖fl(I − XA)‖_F + γ_{N+2} ‖|X||A| +
   I‖_F + ‖X‖_F (D + 2u‖A‖_F)``; if ``e < 1``, ``X MS`` is invertible and ``σ_min(MS) ≥ (1 − e)/‖X‖_F``. Nothing is assumed of X, not even that it
   is finite: here it comes from a QR factorisation.

Rows may be divided by powers of two first, which cannot raise the rank. The norms of columns are between 2^-100 and 2^100, so underflow loses less than 2^-200.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
class Scaled:
    """The columns of a matrix of a network in doubles.

    These are the blocks ``(Ψ̂_l, Φ̂_{l-1}⁺)``, of shapes ``(n_L, T, n_l)`` and ``(T, m_l)``; S, the scales of the equations, of shape ``(T, n_L)``;
    and D, τ and c of steps 1 and 2.
    """

    blocks: list[tuple[Enclosed, Enclosed]]
    scale: Array
    D: float
    tau: float
    terms: int


@dataclass(frozen=True)
class Network(Scaled):
    """The columns of ``P`` at a point, with the weights and biases of the network and its pass."""

    curve: list[tuple[Enclosed, Enclosed]]
    passed: Passed


def network_at(
    work: Work, problem: Problem, point: Point, layers: Sequence[int], *, strip: bool, balanced: bool = False, weighted: bool = False
) -> Network:
    """Enclose the blocks of ``P`` of some layers, with the output derivative in its place unless ``strip``; S brings norms of columns into ``[1/2, 1)``.

    With ``weighted`` only the largest, and S keeps the ratios of the norms as they are, but leaves none below 1/32: all equations weigh about the same.
    """
    layers = [l for l in problem.trained if l in layers]
    limit(problem.columns, limits.MAX_GRAM_COLUMNS, "the number of columns")
    limit(problem.T * sum(problem.widths), limits.MAX_GRAM_VALUES, "the number of values of activations")
    limit(problem.columns * sum(problem.widths[min(layers) :]), limits.MAX_GRAM_ENTRIES, "the number of entries of the blocks Ψ_l(i)")
    rows = sum(problem.fan_in(l) * problem.widths[l] for l in layers)
    require(rows >= problem.columns, "evidence", "there are fewer rows than columns")
    ring, n = DoubleRing(work), problem.n_L
    curve = [(ring.array(W), ring.array([b])) for W, b in point.layers]
    passed = forward(ring, problem, curve, problem.L - 1 if strip else problem.L)
    units = np.repeat(np.eye(n)[:, None, :], problem.T, axis=1)
    delta = Enclosed(units, np.zeros_like(units))
    deltas = backward(ring, problem, curve, passed.slopes, delta if strip else delta * passed.slopes[-1], min(layers), passes=n)
    found = _scaled([(deltas[l], plus(passed.phi[l - 1], problem.bias_rows_of(l))) for l in layers], balanced=balanced, weighted=weighted)
    return Network(found.blocks, found.scale, found.D, found.tau, found.terms, curve, passed)


def features_at(work: Work, problem: Problem, point: Point, layer: int, rows: int, *, balanced: bool) -> Scaled:
    """Enclose ``Phi-l``, with a row of ones where it has so many rows; S as in `network_at`."""
    limit(problem.T, limits.MAX_GRAM_COLUMNS, "the number of columns")
    require(rows >= problem.T, "evidence", "there are fewer rows than columns")
    phi, ones = values_at(work, problem, point, layer, rows), np.ones((1, problem.T, 1))
    return _scaled([(Enclosed(ones, 0 * ones), phi)], balanced=balanced, weighted=False)


def values_at(work: Work, problem: Problem, point: Point, layer: int, width: int) -> Enclosed:
    """Enclose ``φ_l`` at all samples, with ones where the width is larger, by passes of some samples after others."""
    values = sum(problem.widths[: layer + 1])
    limit(problem.T * values, limits.MAX_GRAM_ENTRIES, "the number of values of activations")
    ring = DoubleRing(work)
    curve = [(ring.array(W), ring.array([b])) for W, b in point.layers[:layer]]
    phi = Enclosed(np.zeros((problem.T, width)), np.zeros((problem.T, width)))
    step = max(1, limits.FEATURE_VALUES // values)
    for start in range(0, problem.T, step):
        samples = slice(start, start + step)
        passed = forward(ring, replace(problem, X=problem.X[samples], Y=problem.Y[samples]), curve, layer, slopes=False)
        part = plus(passed.phi[-1], width - problem.widths[layer])
        phi.mid[samples], phi.rad[samples] = part.mid, part.rad
    return phi


def _scaled(blocks: list[tuple[Enclosed, Enclosed]], *, balanced: bool, weighted: bool) -> Scaled:
    if balanced:
        blocks = [(_divided(psi, (0, 1)), _divided(phi, (0,))) for psi, phi in blocks]
    squares, errors = (np.zeros(blocks[0][0].mid.shape[1::-1]) for _ in range(2))
    for psi, phi in blocks:
        (k_psi, r_psi), (k_phi, r_phi) = ([np.sqrt(np.sum(x**2, axis=-1)).T for x in (part.mid, part.rad)] for part in (psi, phi))
        squares += (k_psi * k_phi[:, None]) ** 2
        errors += (r_psi * (k_phi + r_phi)[:, None] + k_psi * r_phi[:, None]) ** 2
    norms = np.sqrt(squares)
    require(bool(np.all(norms >= 1 / LARGEST)), "evidence", "a column is 0 or nearly so")
    exponents = np.frexp(norms)[1]
    scale = np.ldexp(1.0, -(np.minimum(exponents.max(), exponents + _OCTAVES) if weighted else exponents))
    terms = max(psi.mid.shape[-1] + phi.mid.shape[-1] for psi, phi in blocks) + len(blocks) + 8
    D, tau = float(np.sqrt(np.sum(errors * scale**2))), float(np.sum((norms * scale) ** 2))
    return Scaled(blocks, scale, D, tau, terms)


def plus(phi: Enclosed, ones: int) -> Enclosed:
    """Append so many columns of ones, those of trainable biases."""
    more = np.ones((len(phi.mid), ones))
    return Enclosed(np.hstack([phi.mid, more]), np.hstack([phi.rad, 0 * more]))


def _divided(part: Enclosed, others: tuple[int, ...]) -> Enclosed:
    """Divide rows of P, by their last index, by powers of two near the largest ``|ψ̂_a|`` or ``|φ̂_b|``; 2^-600 covers underflow."""
    exponents = np.clip(np.frexp(np.max(np.abs(part.mid), axis=others, keepdims=True))[1], -_MOST_OCTAVES, _MOST_OCTAVES)
    return Enclosed(np.ldexp(part.mid, -exponents), np.ldexp(part.rad, -exponents) + TINY)


def is_above_by_cholesky(work: Work, found: Scaled, least: float) -> bool:
    """Tell whether ``σ_min(MS) ≥ least``, and more than 0, is seen by steps 2 to 4."""
    n = found.scale.size
    work.spend(limits.flops_work(n**3 // 3 + n**2 * found.terms), "a Cholesky factorisation")
    cholesky = gamma(cholesky_roundings(n))
    loss = (gamma(found.terms) + cholesky / (1 - cholesky) + 4 * UNIT) * found.tau
    shift = ENLARGE * ((found.D + least) ** 2 + loss)
    factors = _factors(found)

    def tile(rows: slice, others: slice) -> Array:
        """Return rows and columns of ``Σ_l (SΨ̂ᵀΨ̂S) ∘ (Φ̂ᵀΦ̂)``."""
        parts = (matrix_product(psi[rows], psi[others]) * matrix_product(phi[rows], phi[others]) for psi, phi in factors)
        return sum(parts, np.zeros((rows.stop - rows.start, others.stop - others.start)))

    return bool(np.isfinite(shift)) and has_positive_pivots(tile, n, shift, work.tiles)


def _factors(found: Scaled) -> list[tuple[Array, Array]]:
    """Return ``Ψ̂_lᵀS`` and ``Φ̂_{l-1}⁺ᵀ`` layer by layer: row ``i n_L + j`` of both belongs to column ``i n_L + j`` of P, sample i and output j."""
    n_L, n = found.scale.shape[1], found.scale.size
    scaled = [np.ascontiguousarray(psi.mid.transpose(1, 0, 2) * found.scale[:, :, None]) for psi, _ in found.blocks]
    return [(part.reshape(n, -1), np.repeat(phi.mid, n_L, axis=0)) for part, (_, phi) in zip(scaled, found.blocks, strict=True)]


def is_above_by_inverse(work: Work, found: Scaled, least: float) -> bool:
    """Tell whether ``σ_min(MS) ≥ least``, and more than 0, is seen by step 5."""
    n, N = found.scale.size, sum(psi.mid.shape[2] * phi.mid.shape[1] for psi, phi in found.blocks)
    limit(n, limits.MAX_INVERSE_COLUMNS, "the number of columns")
    limit(N * n, limits.MAX_INVERSE_ENTRIES, "the number of entries of P")
    work.spend(limits.flops_work(12 * N * n * n), "an approximate inverse")
    A = np.vstack([(psi.T[:, None, :] * phi.T[None]).reshape(-1, n) for psi, phi in _factors(found)])
    Q, R = qr(A, mode="economic", check_finite=False)
    X = np.triu(lapack.dtrtri(R)[0]) @ Q.T
    residual, size = np.eye(n), np.eye(n)
    for start in range(0, N, _PIECE):
        piece = slice(start, start + _PIECE)
        residual -= X[:, piece] @ A[piece]
        size += np.abs(X[:, piece]) @ np.abs(A[piece])
    norm_A, norm_X = np.linalg.norm(A), np.linalg.norm(X)
    error = np.linalg.norm(residual) + gamma(N + 2) * np.linalg.norm(size) + norm_X * (found.D + 2 * UNIT * norm_A)
    return bool(ENLARGE * error + TINY < 1 and (1 - ENLARGE * error) >= ENLARGE * least * norm_X)
