r"""Full column rank of ``P`` or ``P-l``, and a lower bound of ``σ_min(P)``, in double precision with a proof.

Write ``u = 2^{-53}``, ``γ_k = k u / (1 − k u)``. Let ``M`` be the real matrix, ``M̂`` the Khatri-Rao blocks of the doubles ``ψ̂``, ``φ̂`` taken
as exact numbers, ``S`` the diagonal matrix of powers of two ``s_p`` that brings the norms ``k_p`` of the columns of ``M̂`` into ``[1/2, 1)``.

1. *Enclosure.* ``|φ − φ̂| ≤ r_φ`` and ``|ψ − ψ̂| ≤ r_ψ`` entrywise. Products of doubles in any order of summation, with or without fused
   multiply-add, obey ``|fl(AB) − AB| ≤ γ_m |A||B|``; the activations are enclosed by Arb over the whole interval of their argument.
   Hence, for column ``p``, ``‖(M − M̂)e_p‖² ≤ δ_p² = Σ_l (‖r_ψ‖ (‖φ̂‖ + ‖r_φ‖) + ‖ψ̂‖ ‖r_φ‖)²`` and ``‖(M − M̂)S‖_F² ≤ D² = Σ_p (δ_p s_p)²``.
2. *Gram matrix.* ``K = SM̂ᵀM̂S = Σ_l (Ψ̂_lᵀΨ̂_l) ∘ (Φ̂_lᵀΦ̂_l)`` is computed as ``K̃`` with ``|K̃ − K|_{pq} ≤ γ_c s_p k_p k_q s_q`` (Cauchy-Schwarz),
   ``c = max_l (n_l + m_l) + L + 8``; so ``‖K̃ − K‖₂ ≤ γ_c τ`` with ``τ = Σ_p (s_p k_p)²``.
3. *Cholesky.* If the factorisation of ``A = fl(K̃ − σI)`` ends with positive finite pivots, ``‖A − LLᵀ‖₂ ≤ γ/(1 − γ) tr A`` with ``γ = γ_d``, d from
   `cholesky_roundings` (see `kernel_cholesky`; Demmel; Rump, BIT 46, 2006). Forming the diagonal costs at most ``2uτ``.

So ``λ_min(K) ≥ σ − (γ_c + γ_d/(1 − γ_d) + 2u) τ``, and with ``σ`` a little above ``D²`` plus this loss,
``σ_min(MS) ≥ √λ_min(K) − D > 0``; ``S`` is invertible, so M has full column rank. With ``σ`` above ``(D + s)²`` plus this loss, ``σ_min(MS) ≥ s``; there
the norms of the columns of ``M̂S`` may be smaller than 1/2, which plays no part in the proof.

The bounds themselves are sums, products and roots of fewer than 2^30 non-negative doubles, wrong by less than the factor ``1 + 2^{-20}``
they are enlarged by. Underflow, even flushed to zero: every magnitude is at most 2^100, so what one layer loses in ``z``, ``φ``, ``Ψ`` is below
2^-700 and is covered by the 2^-600 added to each radius; every ``k_p`` is at least 2^-100, so ``K`` and ``D²`` (below 1, or the factorisation
fails) lose less than 2^-200, and the factor covers that since ``σ ≥ uτ``. Hypotheses: IEEE 754 double precision, rounding to nearest, BLAS
products by conventional summation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.arithmetic.cholesky import cholesky_roundings, has_positive_pivots, matrix_product
from lossproof.certificates.kernel.reading.limits import MAX_GRAM_BYTES, MAX_GRAM_COLUMNS, MAX_WORK, Array, limit
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import Number, Point, Problem
from lossproof.theory.functions.activations import Activation

_U = 2.0**-53
_ENLARGE = 1 + 2.0**-20
_LARGEST, _TINY = 2.0**100, 2.0**-600
_PRECISION = 80
_OCTAVES, _MOST_OCTAVES = 4, 400
PLACE = "conclusion.rank_lower"


@dataclass(frozen=True)
class Enclosed:
    """Doubles ``mid`` and radii ``rad ≥ 0``: the real entries are within ``rad`` of ``mid``, and both are at most 2^100."""

    mid: Array
    rad: Array

    def __post_init__(self) -> None:
        if not (np.all(np.abs(self.mid) <= _LARGEST) and np.all(self.rad <= _LARGEST)):
            raise Rejected("evidence", "limit", "a number is not finite or above 2^100 in double precision")


def gamma(k: int) -> float:
    """Return ``γ_k`` for ``k ≤ 2^30``, itself rounded (see the factor above)."""
    return k * _U / (1 - k * _U)


def require_full_column_rank(problem: Problem, point: Point, layers: list[int], *, balanced: bool = False) -> None:
    """Prove that the row blocks ``P-l`` of the given layers, stacked, have linearly independent columns; raises `Rejected` if that fails.

    With ``balanced`` the rows are scaled first, see `balanced_rows`.
    """
    columns = stacked_columns(problem, point, layers, balanced=balanced)
    with np.errstate(all="ignore"):
        if not _is_positive(columns, column_scale(columns), _terms(problem, layers), 0.0):
            raise Rejected(PLACE, "evidence", "the shifted Gram matrix is not seen to be positive definite")


def stacked_columns(problem: Problem, point: Point, layers: list[int], *, balanced: bool) -> Columns:
    """Enclose the blocks of the given layers, with columns up to non-zero factors (section 4)."""
    _limit_size(problem)
    if sum(problem.fan_in(l) * problem.widths[l] for l in layers) < problem.columns:
        raise Rejected("conclusion.rank_lower", "evidence", "there are fewer rows than columns")
    with np.errstate(all="ignore"), ball_precision(_PRECISION):
        z, phi = _forward(problem, point, strip=problem.strip)
        psi = _backward(problem, point, z, min(layers), strip=problem.strip)
        blocks = [(psi[l], _plus(phi[l - 1], problem.fan_in(l))) for l in layers]
        return _columns(balanced_rows(blocks) if balanced else blocks, PLACE)


def column_scale(columns: Columns) -> Array:
    """Return S."""
    return np.asarray(np.ldexp(1.0, -np.frexp(columns.norms)[1]))


def balanced_rows(blocks: list[tuple[Enclosed, Enclosed]]) -> list[tuple[Enclosed, Enclosed]]:
    """Divide row ``(a, b)`` of each block by powers of two near the largest ``|ψ̂_a|`` and ``|φ̂_b|``: ``r(RM) ≤ r(M)``; 2^-600 covers underflow."""
    return [(_divided(psi, (0, 2)), _divided(phi, (0,))) for psi, phi in blocks]


def _divided(part: Enclosed, others: tuple[int, ...]) -> Enclosed:
    exponents = np.clip(np.frexp(np.max(np.abs(part.mid), axis=others, keepdims=True))[1], -_MOST_OCTAVES, _MOST_OCTAVES)
    return Enclosed(np.ldexp(part.mid, -exponents), np.ldexp(part.rad, -exponents) + _TINY)


def _limit_size(problem: Problem) -> None:
    """Refuse what takes too long, or too much memory."""
    n, widths = problem.columns, problem.widths
    limit(n, MAX_GRAM_COLUMNS, "the number of columns")
    limit(sum(problem.T * w for w in widths), MAX_WORK // 10, "the number of values of activations")
    limit(4 * n * n + 40 * n * sum(widths[1:]), MAX_GRAM_BYTES, "the memory in bytes")


def _terms(problem: Problem, layers: list[int]) -> int:
    """Return c of step 2."""
    return max(problem.widths[l] + problem.fan_in(l) for l in layers) + len(layers) + 8


@dataclass(frozen=True)
class TruePass:
    """The network at a point, with the output derivative in its place, and the scales of its equations.

    ``z[l]``, ``phi[l]`` for ``l = 0..L`` (``z[0]`` unused), ``plus[l]`` the same with the constant unit of a trainable bias, ``W[l]`` for
    ``l = 1..L`` without bias (``W[0]`` unused); ``residuals`` encloses ``F − Y``; ``scale`` of shape ``(T, n_L)`` is the diagonal of S.
    """

    z: list[Enclosed]
    phi: list[Enclosed]
    plus: list[Enclosed]
    W: list[Enclosed]
    residuals: Enclosed
    scale: Array
    columns: Columns
    terms: int


def true_pass(problem: Problem, point: Point) -> TruePass:
    """Enclose all that `require_smallest_singular_value` and the residuals need.

    S brings the largest norm of a column into ``[1/2, 1)`` and keeps the ratios of the norms as they are, but leaves none below 1/32.
    """
    L = problem.L
    _limit_size(problem)
    if problem.N_net < problem.columns:
        raise Rejected("evidence.point", "evidence", "there are fewer weights than equations")
    with np.errstate(all="ignore"), ball_precision(_PRECISION):
        z, phi = _forward(problem, point, strip=False)
        psi = _backward(problem, point, z, 1, strip=False)
        plus = [_plus(phi[l - 1], problem.fan_in(l)) for l in range(1, L + 1)]
        columns = _columns([(psi[l], plus[l - 1]) for l in range(1, L + 1)], "evidence.point")
        exponents = np.frexp(columns.norms)[1]
        scale = np.ldexp(1.0, -np.minimum(exponents.max(), exponents + _OCTAVES))
        Y = _doubles(problem.Y)
        mid = phi[L].mid - Y.mid
        residuals = Enclosed(mid, _ENLARGE * (phi[L].rad + Y.rad + 2 * _U * np.abs(mid)) + _TINY)
        W = [phi[0], *(_doubles(rows) for rows, _ in point.layers)]
    return TruePass(z, phi, plus, W, residuals, scale, columns, _terms(problem, list(range(1, L + 1))))


def require_smallest_singular_value(found: TruePass, least: float, place: str) -> None:
    """Prove ``σ_min(PS) ≥ least`` for the true P, with its output derivative; raises `Rejected`."""
    with np.errstate(all="ignore"):
        if not (0 <= least < 1 and _is_positive(found.columns, found.scale, found.terms, least)):
            raise Rejected(place, "evidence", f"the smallest singular value of P, scaled, is not seen to be at least {least:.3g}")


@dataclass(frozen=True)
class Columns:
    """Factors of the blocks, the norms ``k_p`` of the columns of ``M̂``, and ``δ_p²``, both of shape ``(T, n_L)``."""

    blocks: list[tuple[Enclosed, Enclosed]]
    norms: Array
    errors: Array


def _columns(blocks: list[tuple[Enclosed, Enclosed]], place: str) -> Columns:
    squares: Array = np.zeros(())
    errors: Array = np.zeros(())
    for psi, phi in blocks:
        norm_psi, norm_phi = np.sqrt(np.sum(psi.mid**2, axis=1)), np.sqrt(np.sum(phi.mid**2, axis=1))[:, None]
        error_psi, error_phi = np.sqrt(np.sum(psi.rad**2, axis=1)), np.sqrt(np.sum(phi.rad**2, axis=1))[:, None]
        squares = squares + (norm_psi * norm_phi) ** 2
        errors = errors + (error_psi * (norm_phi + error_phi) + norm_psi * error_phi) ** 2
    norms = np.sqrt(squares)
    if not np.all(norms >= 1 / _LARGEST):
        raise Rejected(place, "evidence", "a column is 0 or nearly so")
    return Columns(blocks, norms, errors)


def _is_positive(columns: Columns, scale: Array, terms: int, least: float) -> bool:
    """Tell whether ``σ_min(MS) ≥ least``, and more than 0, is seen."""
    n = scale.size
    D2, tau = float(np.sum(columns.errors * scale**2)), float(np.sum((columns.norms * scale) ** 2))
    cholesky = gamma(cholesky_roundings(n))
    loss = (gamma(terms) + cholesky / (1 - cholesky) + 4 * _U) * tau
    shift = _ENLARGE * ((np.sqrt(D2) + least) ** 2 + loss)
    factors = [_scaled_rows(psi, phi, scale) for psi, phi in columns.blocks]
    return has_positive_pivots(lambda rows, others: _gram_tile(factors, scale.shape[1], rows, others, shift), n)


def _scaled_rows(psi: Enclosed, phi: Enclosed, scale: Array) -> tuple[Array, Array]:
    """Return ``Ψ̂ᵀS``, a row a column of P, and ``Φ̂ᵀ``."""
    rows = np.ascontiguousarray((psi.mid * scale[:, None, :]).transpose(0, 2, 1))
    return rows.reshape(scale.size, -1), np.ascontiguousarray(phi.mid)


def _gram_tile(factors: list[tuple[Array, Array]], n_L: int, rows: slice, others: slice, shift: float) -> Array:
    """Return rows and columns of ``Σ_l (SΨ̂ᵀΨ̂S) ∘ (Φ̂ᵀΦ̂) − σI``: column p of P belongs to sample ``p // n_L``."""
    samples, other_samples = (np.arange(part.start, part.stop) // n_L for part in (rows, others))
    first, second = (slice(part[0], part[-1] + 1) for part in (samples, other_samples))
    places = np.ix_(samples - samples[0], other_samples - other_samples[0])
    total = np.zeros((len(samples), len(other_samples)))
    for psi, phi in factors:
        total += matrix_product(psi[rows], psi[others]) * matrix_product(phi[first], phi[second])[places]
    if rows == others:
        total[np.diag_indices(len(samples))] -= shift
    return total


def _forward(problem: Problem, point: Point, *, strip: bool) -> tuple[list[Enclosed], list[Enclosed]]:
    """Enclose ``z_l`` and ``φ_l``: with weights ``Ŵ`` within ``8u|Ŵ|``, ``r_z = r_φ|Ŵ| + γ_{m+24}((|φ̂| + r_φ)|Ŵ| + |b̂|)``."""
    phi = [_doubles(problem.X)]
    z = [phi[0]]
    for l in range(1, (problem.L - 1 if strip else problem.L) + 1):
        rows, bias = point.layers[l - 1]
        W, b, before = _doubles(rows), _doubles([bias]), phi[-1]
        size = np.abs(before.mid) @ np.abs(W.mid) + np.abs(b.mid)
        radius = before.rad @ (np.abs(W.mid) + W.rad) + np.abs(before.mid) @ W.rad + b.rad + gamma(problem.widths[l - 1] + 2) * size
        z.append(Enclosed(before.mid @ W.mid + b.mid, _ENLARGE * radius + _TINY))
        phi.append(_apply(problem.activation_of(l), 0, z[l]))
    return z, phi


def _backward(problem: Problem, point: Point, z: list[Enclosed], lowest: int, *, strip: bool) -> dict[int, Enclosed]:
    """Enclose ``Ψ_l = diag(d) Q``, ``Q = W Ψ_{l+1}``.

    ``r_Q = (|Ŵ| + r_W) r_Ψ + r_W |Ψ̂| + γ_{n+2}|Ŵ||Ψ̂|`` and ``r = |d|r_Q + r_d(|Q| + r_Q) + γ_4|d||Q|``.
    """
    L, one = problem.L, np.eye(problem.n_L)[None]
    if strip:
        psi = {L: Enclosed(np.repeat(one, problem.T, axis=0), np.zeros((problem.T, problem.n_L, problem.n_L)))}
    else:
        d = _apply(problem.output_activation, 1, z[L])
        psi = {L: Enclosed(d.mid[:, :, None] * one, d.rad[:, :, None] * one)}
    for l in range(L - 1, lowest - 1, -1):
        W, after = _doubles(point.layers[l][0]), psi[l + 1]
        Q, size = W.mid @ after.mid, np.abs(W.mid)
        Q_rad = (size + W.rad) @ after.rad + W.rad @ np.abs(after.mid) + gamma(problem.widths[l + 1] + 2) * (size @ np.abs(after.mid))
        d = _apply(problem.activation, 1, z[l])
        mid, rad = d.mid[:, :, None], d.rad[:, :, None]
        radius = np.abs(mid) * Q_rad + rad * (np.abs(Q) + Q_rad) + gamma(4) * np.abs(mid * Q)
        psi[l] = Enclosed(mid * Q, _ENLARGE * radius + _TINY)
    return psi


def _plus(phi: Enclosed, width: int) -> Enclosed:
    if phi.mid.shape[1] == width:
        return phi
    one = np.ones((phi.mid.shape[0], 1))
    return Enclosed(np.hstack([phi.mid, one]), np.hstack([phi.rad, 0 * one]))


def _apply(activation: Activation, order: int, z: Enclosed) -> Enclosed:
    """Enclose ``σ`` or ``σ'`` over each interval by Arb."""
    ring = BallRing()
    balls = [ring.sigma(activation, order, arb(mid, rad)) for mid, rad in zip(z.mid.flat, z.rad.flat, strict=True)]
    return _of_balls(balls, z.mid.shape)


def _of_balls(balls: list[arb], shape: tuple[int, ...]) -> Enclosed:
    mid = np.array([float(ball.mid()) for ball in balls]).reshape(shape)
    rad = np.array([float(ball.rad()) for ball in balls]).reshape(shape)
    return Enclosed(mid, _ENLARGE * (rad + 2 * _U * np.abs(mid)) + _TINY)


def _doubles(rows: object) -> Enclosed:
    """Return exact numbers as doubles within ``8u|x|`` (or 2^-600), without error where they are doubles."""
    table: tuple[tuple[Number, ...], ...] = tuple(map(tuple, rows))  # type: ignore[call-overload]
    mid = np.array([[_double(x) for x in row] for row in table])
    same = np.array(
        [[isinstance(x, fmpq) and _is(x, float(m)) for x, m in zip(row, out, strict=True)] for row, out in zip(table, mid, strict=True)]
    )
    return Enclosed(mid, np.where(same, 0.0, 8 * _U * np.abs(mid) + _TINY))


def _is(x: fmpq, m: float) -> bool:
    p, q = m.as_integer_ratio()
    return int(x.p) == p and int(x.q) == q


def _double(x: Number) -> float:
    if isinstance(x, fmpq):
        return int(x.p) / int(x.q)
    ball = BallRing().embed(x)
    if ball.rel_accuracy_bits() < 56:
        raise Rejected("conclusion.point", "evidence", "a weight is too close to 0 to be told from it in double precision")
    return float(ball.mid())
