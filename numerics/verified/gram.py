r"""Full column rank, and a lower bound of ``σ_min``, in double precision: proved from the Cholesky factorisation of a shifted Gram matrix.

The matrix is ``P``, given by its row blocks ``Ψ_l ⊙ Φ_{l-1}`` whose factors are known up to enclosures (``float_enclosures`` fixes
``u``, ``γ_k``, ``ω``); it is never formed; ``n = T n_L``. Of ``K = PᵀP`` one
triangle is held, in tiles (``gram_parts``, ``tiled_cholesky``).

**Scaling.** Columns are multiplied by powers of two, ``D``, so that they have norms near 1 (or, for ``σ_min``, at most 1); this changes no
rank and no rounding. Let
``P̂_l = Ψ̂_l ⊙ Φ̂_{l-1}`` be the *exact* product of the scaled midpoints, ``P̂`` all blocks stacked, ``K̂ = P̂ᵀP̂``, ``p_{l,c}`` the
norm of column ``c`` of ``P̂_l`` (the product of two vector norms).

**1. Enclosure.** ``‖P̂ − PD‖_F ≤ δ``, where column ``c`` of block ``l`` contributes ``‖r_ψ‖(‖φ̂‖ + ‖r_φ‖) + ‖ψ̂‖‖r_φ‖``; four roundings of it are counted on
top, as another program may have where factors are exact here, such as an identity.

**2. Gram matrix.** ``K̃`` is computed entry by entry as ``Σ_l fl(ψ̂_cᵀψ̂_c') · fl(φ̂_cᵀφ̂_c')``. For every order of summation, fused or
not (no Strassen), ``|fl(xᵀy) − xᵀy| ≤ γ_k ‖x‖‖y‖ + 2kω``. With ``k`` and ``m`` the lengths of the two factors and ``L`` blocks, each
entry of block ``l`` carries at most ``k + m + 1 + (L−1)`` roundings, so ``|K̃ − K̂|_{cc'} ≤ Σ_l γ_{k+m+L} p_{l,c} p_{l,c'} +
(underflow)``. Each summand is a matrix of rank one, hence ``‖K̃ − K̂‖₂ ≤ Σ_l γ_{k+m+L} Σ_c p_{l,c}² =: ρ``.

**3. Cholesky.** Let ``A`` be ``K̃`` with shifted diagonal and let the factorisation run to its end with a finite, positive diagonal,
giving ``R = Lᵀ``. By ``tiled_cholesky``, ``|RᵀR − A|_{ij} ≤ γ_m Σ_k |r_ki r_kj| ≤ √(γ_{m_i} γ_{m_j}) ‖r_i‖‖r_j‖`` with ``m = min(m_i, m_j)`` and
``‖r_j‖² ≤ a_jj/(1 − γ_{m_j})``. So ``‖RᵀR − A‖₂ ≤ Σ_j γ_{m_j}/(1 − γ_{m_j}) a_jj =: τ`` and, as ``RᵀR ⪰ 0``, ``λ_min(A) ≥ −τ`` (Demmel; Rump,
*Verification of positive definiteness*, BIT 46, 2006; there with ``j`` in place of ``m_j``, which is at most the length of a tile and the
number of tiles). An infinite or undefined entry of ``R`` would make the diagonal entry of its row so.

An engine that is not stable (`tile_engine`) has its residuals measured in place of this: with ``F ≤ φ = γ_64 tr A`` and the m of `tiled_cholesky`,
``τ = γ_m/(1 − γ_m) (tr A + √n φ) + φ``, and where ``F`` is larger nothing is proved.

**4. Conclusion.** The shift takes at least ``s`` from each diagonal entry (its rounding, at most ``u`` of the entry, is added to what
is subtracted). Then ``λ_min(K̂) ≥ s − τ − ρ``, and ``σ_min(PD) ≥ √λ_min(K̂) − δ > 0`` if ``s > τ + ρ + δ²``; more generally ``σ_min(PD)
≥ σ`` if ``s ≥ τ + ρ + (σ + δ)²``. As ``‖Px‖ = ‖PD D^{-1}x‖``, also ``σ_min(P) ≥ σ_min(PD)/max D``. All of ``δ, ρ, τ`` are
raised for their own rounding.

**Room for a checker.** Another program that proves the same counts its roundings for tiles of 1024 rows and for the longest block of all, ``λ = (γ_c + γ_d
+ 4u) Σ_c p_c²`` with ``c = max_l (k + m) + L + 8`` and ``d = min(n, 1024) + ⌈n/1024⌉ + 8``, and it needs ``λ`` once more for its factorisation not to break
down. Where a norm is so near a power of two that it may scale the column otherwise, ``p_c`` is that of the larger scale. The shift is enlarged by a multiple
of ``λ + δ²``.

Underflow: entries of the scaled factors stay below 2 (or ``Φ̂ = 0``, and nothing is added), so all its
contributions together lie below ``n²(k + m + n + 9)·2^6 ω < 2^-900``; a summand ``2^-400`` in ``s`` and in ``δ²`` covers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from lossproof.numerics.algebra.gram_sums import GramPart
from lossproof.numerics.algebra.products import UNIT, Floats, gamma
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.algebra.tiled_cholesky import factor_in_place, factor_measured, roundings, solve_factored
from lossproof.numerics.algebra.tiled_matrix import Report, Triangle, tile_bytes
from lossproof.numerics.algebra.workplace import IN_MEMORY, Workplace
from lossproof.numerics.verified.blocks import LARGEST, GramBlock, are_moderate, column_bounds
from lossproof.numerics.verified.enclosures import norm_bounds, raised

_TINY = 2.0**-400
_OCTAVES = 4
_NEAR = 2.0**-30
_MORE_ROUNDINGS = 4 * UNIT
_CHECKER_TILE = 1024
_SPARE = 4.0
_SHARES = (0.8, 0.5, 0.25)
_ITERATIONS = 12
_LANCZOS_FROM, _TOLERANCE = 256, 0.02
_LEAST = 2.0**-100
_KEPT = 2**28
_RESIDUALS = 64


@dataclass(frozen=True)
class RankOutcome:
    """What a factorisation told: whether full column rank is proved, and the ``shift`` of the diagonal that its bounds asked for.

    Where it is not proved and ``shift`` is a number, the smallest eigenvalue of the scaled ``K`` (diagonal entries between 1/4 and 1) is below about that
    shift: this is the margin that was missing. ``shift`` is None where an entry is out of range, so that there was no factorisation. For an approximate
    inverse it is the bound that had to be less than 1.
    """

    proved: bool
    shift: float | None


def full_column_rank(
    blocks: Sequence[GramBlock], n_L: int, spare: float = 1.0, report: Report | None = None, place: Workplace = IN_MEMORY
) -> RankOutcome:
    r"""Try to prove that the stacked matrix has full column rank ``T n_L``, for every matrix within the enclosures.

    ``proved`` is a proof (see the head of this module). Without it nothing is known: the matrix may be singular, too ill-conditioned for doubles
    (roughly, if ``σ_min`` is below ``√n·10^-7`` of the column norms), or have entries above ``2^90`` or columns below ``2^-90``.

    With ``spare > 1`` the shift is ``(spare − 1)(λ + δ²)`` larger than needed: from 4 on a checker with coarser bounds agrees (see the head of this module).
    ``report(done, total)`` is called as the factorisation goes on. Memory is that of one triangle, ``4 n²`` bytes, and the factors; with a folder as ``place``
    of it that of some tile rows.

    >>> from lossproof.numerics.verified.enclosures import exact_floats
    >>> one = exact_floats([[1.0], [1.0]])
    >>> [full_column_rank([GramBlock(exact_floats([matrix]), one)], 1).proved for matrix in ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [2.0, 4.0]])]
    [True, False]
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        prepared = prepare_columns(blocks, n_L)
        if prepared is None:
            return RankOutcome(False, None)
        return factor_shifted(place.gram(prepared.blocks), prepared.needed, prepared.room(spare), report)


@dataclass(frozen=True)
class SingularValueBound:
    r"""Powers of two ``scales`` of shape ``(n_L, T)``, the diagonal of ``D``, and a number ``lower > 0`` with ``σ_min(PD) ≥ lower``."""

    scales: Floats
    lower: float

    @property
    def unscaled(self) -> float:
        """A lower bound of ``σ_min(P)``, ``lower / max D``: exact, as the scales are powers of two."""
        return self.lower / float(self.scales.max())


def smallest_singular_value(
    blocks: Sequence[GramBlock], n_L: int, report: Report | None = None, place: Workplace = IN_MEMORY
) -> SingularValueBound | None:
    r"""Bound ``σ_min(PD)`` from below for every matrix within the enclosures, or return None.

    ``D`` brings the largest column norm near 1 and leaves the ratios of the norms as they are, except that no norm falls below 1/32.
    The bound is proved by a second factorisation (see the head of this module), with a shift just below an estimate of the smallest
    eigenvalue, and room for a checker with coarser bounds. It is at least half of the true value,
    unless that is near what doubles can tell from 0. Memory is that of one triangle (two below a quarter of a GiB). None where nothing is proved, as in
    `full_column_rank`.

    >>> from lossproof.numerics.verified.enclosures import exact_floats
    >>> diagonal = GramBlock(exact_floats([[[3.0, 0.0], [0.0, 4.0]]]), exact_floats([[1.0], [1.0]]))
    >>> 2.5 < smallest_singular_value([diagonal], 1).unscaled < 3
    True
    """
    with np.errstate(all="ignore"):
        prepared = _prepare(blocks, n_L, evenly=True)
        if prepared is None:
            return None
        K = place.gram(prepared.blocks)
        kept = K.copy() if tile_bytes(K.n) <= _KEPT else None
        eigenvalue = _estimated_eigenvalue(K, report)
        K.release()
        del K
        for share in _SHARES:
            sigma = float(np.sqrt(share * eigenvalue))
            extra = prepared.room(_SPARE) + float(raised(np.asarray(sigma * sigma + _SPARE * sigma * prepared.delta), 3))
            if not sigma > _LEAST:
                return None
            if factor_shifted(place.gram(prepared.blocks) if kept is None else kept.copy(), prepared.needed, extra, report).proved:
                return SingularValueBound(prepared.scales, sigma)
    return None


def _estimated_eigenvalue(K: Triangle, report: Report | None) -> float:
    """Estimate ``λ_min`` in plain doubles from the inverse, by Lanczos steps or for few columns by inverse iteration.

    0 where ``K``, which is overwritten, does not factor.
    """
    if not factor_in_place(K, report):
        return 0.0
    x: Floats = np.random.default_rng(0).standard_normal((K.n,))
    if K.n >= _LANCZOS_FROM:
        inverse = LinearOperator((K.n, K.n), matvec=lambda y: solve_factored(K, y), dtype=np.float64)
        try:
            with threads_for(_ITERATIONS * K.n**2):
                largest = float(eigsh(inverse, 1, which="LA", v0=x, tol=_TOLERANCE, maxiter=_ITERATIONS, return_eigenvectors=False)[0])
        except ArpackError:
            return 0.0
        return 1 / largest if np.isfinite(largest) and largest > 0 else 0.0
    estimate = 0.0
    for _ in range(_ITERATIONS):
        x /= np.linalg.norm(x)
        y = solve_factored(K, x)
        estimate = float(1 / (x @ y))
        x = y
    return estimate if np.isfinite(estimate) else 0.0


def prepare_columns(blocks: Sequence[GramBlock], n_L: int) -> PreparedColumns | None:
    """Scale the columns to norms near 1; None for entries out of range."""
    return _prepare(blocks, n_L, evenly=False)


def even_scales(blocks: Sequence[GramBlock], n_L: int) -> Floats | None:
    """Return the ``D`` of `smallest_singular_value` without a factorisation, the larger one where another program may scale a column by twice as much.

    None where entries are out of range. A bound of ``σ_min`` for smaller scales holds for these, too.
    """
    with np.errstate(all="ignore"):
        prepared = _prepare(blocks, n_L, evenly=True)
    return None if prepared is None else prepared.largest_scales


@dataclass(frozen=True)
class PreparedColumns:
    """Scaled blocks with the bounds ``δ`` and ``ρ`` of steps 1 and 2, and the scales of shape ``(n_L, T)``.

    ``largest_scales`` are twice as large where a norm is near a power of two, and ``checker`` is the ``λ`` of the head of this module.
    """

    blocks: list[GramPart]
    scales: Floats
    largest_scales: Floats
    delta: float
    rho: float
    checker: float

    @property
    def needed(self) -> float:
        """``ρ + δ²``."""
        return self.rho + float(raised(np.square(self.delta), 1))

    def room(self, spare: float) -> float:
        """Return ``(spare − 1)(λ + δ²)``."""
        return (spare - 1) * (self.checker + self.delta**2)


def _prepare(blocks: Sequence[GramBlock], n_L: int, *, evenly: bool) -> PreparedColumns | None:
    """Scale the columns, each to a norm near 1, or ``evenly`` as `smallest_singular_value` says; None where nothing can be proved."""
    if not are_moderate(blocks):
        return None
    norms, errors = column_bounds(blocks, n_L)
    errors = errors + _MORE_ROUNDINGS * norms
    size = np.sqrt((norms * norms).sum(axis=0))
    if not (size.min() > 1 / LARGEST and size.max() < LARGEST):
        return None
    exponents, least = (_exponents(size * (1 + sign * _NEAR), evenly=evenly) for sign in (1, -1))
    norms, errors = np.ldexp(norms, -exponents), np.ldexp(errors, -exponents)
    scaled = [_scale(block, exponents) for block in blocks]
    delta_squared = raised((errors.sum(axis=0) ** 2).sum() + _TINY, errors.size + 8)
    rho = sum(gamma(_roundings(block, len(blocks))) * float(raised((p * p).sum(), p.size)) for block, p in zip(scaled, norms, strict=True))
    checker = _checker_loss(blocks, n_L, np.ldexp(size, -least))
    scales, largest = np.ldexp(1.0, -exponents), np.ldexp(1.0, -least)
    return PreparedColumns(scaled, scales, largest, float(raised(np.sqrt(delta_squared), 1)), rho, checker)


def _exponents(size: Floats, *, evenly: bool) -> npt.NDArray[np.int32]:
    exponents = np.frexp(size)[1]
    return np.minimum(exponents.max(), exponents + _OCTAVES) if evenly else exponents


def _checker_loss(blocks: Sequence[GramBlock], n_L: int, size: Floats) -> float:
    """Return ``λ`` for columns of these norms."""
    lengths = [block.phi.mid.shape[1] + (n_L if block.psi is None else block.psi.mid.shape[2]) for block in blocks]
    count = min(size.size, _CHECKER_TILE) + -(-size.size // _CHECKER_TILE) + 8
    return (gamma(max(lengths) + len(blocks) + 8) + gamma(count) + 4 * UNIT) * float(np.square(size).sum())


def _scale(block: GramBlock, exponents: npt.NDArray[np.int32]) -> GramPart:
    """Multiply column ``c`` by ``2^-exponent``: as much of it goes to ``φ`` as gives it a norm near 1, the rest to ``ψ``."""
    inner = np.frexp(norm_bounds(block.phi.mid))[1]
    phi = np.ldexp(block.phi.mid, -inner[:, None])
    scales = np.ldexp(1.0, inner - exponents).T
    return GramPart(scales if block.psi is None else np.multiply(block.psi.mid.transpose(1, 0, 2), scales[:, :, None], order="C"), phi)


def _roundings(block: GramPart, blocks: int) -> int:
    """Return a bound of the roundings in an entry of step 2, with some to spare."""
    k = 1 if block.columns.ndim == 2 else int(block.columns.shape[2])
    return k + int(block.values.shape[1]) + blocks + 8


def factor_shifted(K: Triangle, needed: float, extra: float = 0.0, report: Report | None = None) -> RankOutcome:
    """Shift the diagonal by ``τ + needed + extra`` and factor in place: step 3 and 4 at the head of this module. ``K`` is overwritten, and released."""
    diagonal = K.diagonal()
    if not np.isfinite(diagonal).all() or diagonal.min() <= 0:
        return RankOutcome(False, None)
    tau, most = _factor_loss(K, diagonal)
    shift = (tau + needed + 4 * UNIT * float(diagonal.max()) + 2 * _TINY + extra) * (1 + 2.0**-20)
    if not shift < diagonal.min():
        return RankOutcome(False, shift)
    K.set_diagonal(diagonal - shift)
    residual = factor_measured(K, report)
    K.release()
    small = K.engine.stable or (residual is not None and 2 * float(raised(np.asarray(residual), K.n**2)) <= most)
    return RankOutcome(residual is not None and small, shift)


def _factor_loss(K: Triangle, diagonal: Floats) -> tuple[float, float]:
    """Return ``τ``, and the ``φ`` that it allows twice the residuals of an engine to reach: 0 for one that is stable."""
    if K.engine.stable:
        weights = (roundings(K.starts) + 4) * diagonal
        return gamma(1) * float(raised(weights.sum(), K.n)), 0.0
    trace, m = float(raised(diagonal.sum(), K.n)), 2 * int(np.diff(K.starts).max()) + len(K.starts) + 12
    most = gamma(_RESIDUALS) * trace
    return float(raised(np.asarray(gamma(m) * (1 + 2.0**-20) * (trace + np.sqrt(K.n) * most) + most), 8)), most
