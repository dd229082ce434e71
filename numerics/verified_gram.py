r"""Full column rank, and a lower bound of ``σ_min``, in double precision: proved from the Cholesky factorisation of a shifted Gram matrix.

The matrix is ``P``, given by its row blocks ``Ψ_l ⊙ Φ_{l-1}`` whose factors are known up to enclosures (``float_enclosures`` fixes
``u``, ``γ_k``, ``ω``); it is never formed. Columns are ordered by output, then sample, which changes no rank; ``n = T n_L``.

**Scaling.** Columns are multiplied by powers of two, ``D``, so that they have norms near 1 (or, for ``σ_min``, at most 1); this changes no
rank and no rounding. Let
``P̂_l = Ψ̂_l ⊙ Φ̂_{l-1}`` be the *exact* product of the scaled midpoints, ``P̂`` all blocks stacked, ``K̂ = P̂ᵀP̂``, ``p_{l,c}`` the
norm of column ``c`` of ``P̂_l`` (the product of two vector norms).

**1. Enclosure.** ``‖P̂ − PD‖_F ≤ δ``, where column ``c`` of block ``l`` contributes ``‖r_ψ‖(‖φ̂‖ + ‖r_φ‖) + ‖ψ̂‖‖r_φ‖``.

**2. Gram matrix.** ``K̃`` is computed entry by entry as ``Σ_l fl(ψ̂_cᵀψ̂_c') · fl(φ̂_cᵀφ̂_c')``. For every order of summation, fused or
not (no Strassen), ``|fl(xᵀy) − xᵀy| ≤ γ_k ‖x‖‖y‖ + 2kω``. With ``k`` and ``m`` the lengths of the two factors and ``L`` blocks, each
entry of block ``l`` carries at most ``k + m + 1 + (L−1)`` roundings, so ``|K̃ − K̂|_{cc'} ≤ Σ_l γ_{k+m+L} p_{l,c} p_{l,c'} +
(underflow)``. Each summand is a matrix of rank one, hence ``‖K̃ − K̂‖₂ ≤ Σ_l γ_{k+m+L} Σ_c p_{l,c}² =: ρ``.

**3. Cholesky.** Let ``A`` be ``K̃`` with shifted diagonal and let the factorisation run to its end with a finite, positive diagonal,
giving ``R``. In every order of the operations, and also if a quotient is formed as product with a rounded reciprocal, ``|RᵀR − A|_{ij}
≤ γ_{min(i,j)+2} Σ_k |r_ki r_kj| ≤ √(γ_{i+2} γ_{j+2}) ‖r_i‖‖r_j‖`` with ``‖r_j‖² ≤ a_jj/(1 − γ_{j+2})``. So ``‖RᵀR − A‖₂ ≤ Σ_j
γ_{j+2}/(1 − γ_{j+2}) a_jj =: τ`` and, as ``RᵀR ⪰ 0``, ``λ_min(A) ≥ −τ`` (Demmel; Rump, *Verification of positive definiteness*, BIT 46,
2006). An infinite or undefined entry of ``R`` would make the diagonal entry of its column so.

**4. Conclusion.** The shift takes at least ``s`` from each diagonal entry (its rounding, at most ``u`` of the entry, is added to what
is subtracted). Then ``λ_min(K̂) ≥ s − τ − ρ``, and ``σ_min(PD) ≥ √λ_min(K̂) − δ > 0`` if ``s > τ + ρ + δ²``; more generally ``σ_min(PD)
≥ σ`` if ``s ≥ τ + ρ + (σ + δ)²``. As ``‖Px‖ = ‖PD D^{-1}x‖``, also ``σ_min(P) ≥ σ_min(PD)/max D``. All of ``δ, ρ, τ`` are
raised for their own rounding. Underflow: entries of the scaled factors stay below 2 (or ``Φ̂ = 0``, and nothing is added), so all its
contributions together lie below ``n²(k + m + n + 9)·2^6 ω < 2^-900``; a summand ``2^-400`` in ``s`` and in ``δ²`` covers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from lossproof.numerics.float_enclosures import UNIT, Enclosure, Floats, gamma, raised

MOST_COLUMNS = 16_000
"""More columns are refused: OpenBLAS's threaded Cholesky factorisation ends the process near 17,000."""

_TILE = 512
_LARGEST = 2.0**90
_TINY = 2.0**-400
_OCTAVES = 4
_SPARE = 4.0
_SHARES = (0.8, 0.5, 0.25)
_ITERATIONS = 12
_LEAST = 2.0**-100


@dataclass(frozen=True)
class GramBlock:
    r"""One row block ``Ψ ⊙ Φ``: ``psi`` of shape ``(n_L, T, k)`` or None where every ``Ψ(i)`` is the identity, and ``phi`` of shape ``(T, m)``."""

    psi: Enclosure | None
    phi: Enclosure


@dataclass(frozen=True)
class _ScaledBlock:
    """Scaled midpoints: rows ``psi`` of shape ``(n_L·T, k)``, or for the identity the scales of shape ``(n_L, T)``; ``phi`` of shape ``(T, m)``."""

    psi: Floats | None
    scales: Floats
    phi: Floats


def has_full_column_rank(blocks: Sequence[GramBlock], n_L: int, spare: float = 1.0) -> bool:
    r"""Tell whether the stacked matrix is proved to have full column rank ``T n_L``, for every matrix within the enclosures.

    True is a proof (see the head of this module). False says nothing: the matrix may be singular, too ill-conditioned for doubles
    (roughly, if ``σ_min`` is below ``n·10^-8`` of the column norms), too large (`MOST_COLUMNS`), or have entries above ``2^90`` or
    columns below ``2^-90``.

    With ``spare ≥ 1`` the shift is that much larger than needed, and ``δ`` is counted ``spare`` times: a checker with coarser bounds
    then agrees.

    >>> from lossproof.numerics.float_enclosures import exact_floats
    >>> one = exact_floats([[1.0], [1.0]])
    >>> [has_full_column_rank([GramBlock(exact_floats([matrix]), one)], 1) for matrix in ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [2.0, 4.0]])]
    [True, False]
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        prepared = _prepare(blocks, n_L, evenly=False)
        if prepared is None:
            return False
        needed = spare**2 * float(raised(np.square(prepared.delta), 1)) + prepared.rho
        return _runs_to_its_end(_gram(prepared.blocks, n_L, blocks[0].phi.mid.shape[0]), needed, spare)


@dataclass(frozen=True)
class SingularValueBound:
    r"""Powers of two ``scales`` of shape ``(n_L, T)``, the diagonal of ``D``, and a number ``lower > 0`` with ``σ_min(PD) ≥ lower``."""

    scales: Floats
    lower: float

    @property
    def unscaled(self) -> float:
        """A lower bound of ``σ_min(P)``, ``lower / max D``: exact, as the scales are powers of two."""
        return self.lower / float(self.scales.max())


def smallest_singular_value(blocks: Sequence[GramBlock], n_L: int) -> SingularValueBound | None:
    r"""Bound ``σ_min(PD)`` from below for every matrix within the enclosures, or return None.

    ``D`` brings the largest column norm near 1 and leaves the ratios of the norms as they are, except that no norm falls below 1/32.
    The bound is proved by a second factorisation (see the head of this module), with a shift just below an estimate of the smallest
    eigenvalue; the errors are counted four times, so that a checker with coarser bounds agrees. It is at least half of the true value,
    unless that is near what doubles can tell from 0. None as in `has_full_column_rank`.

    >>> from lossproof.numerics.float_enclosures import exact_floats
    >>> diagonal = GramBlock(exact_floats([[[3.0, 0.0], [0.0, 4.0]]]), exact_floats([[1.0], [1.0]]))
    >>> 2.5 < smallest_singular_value([diagonal], 1).unscaled < 3
    True
    """
    with np.errstate(all="ignore"):
        prepared = _prepare(blocks, n_L, evenly=True)
        if prepared is None:
            return None
        K = _gram(prepared.blocks, n_L, blocks[0].phi.mid.shape[0])
        eigenvalue = _estimated_eigenvalue(K.copy())
        for share in _SHARES:
            sigma = float(np.sqrt(share * eigenvalue))
            needed = float(raised(np.square(prepared.delta), 1)) + prepared.rho
            extra = float(raised(np.asarray(sigma * sigma + 2 * _SPARE * sigma * prepared.delta), 3))
            if sigma > _LEAST and _runs_to_its_end(K.copy(), needed, _SPARE, extra):
                return SingularValueBound(prepared.scales, sigma)
    return None


def _estimated_eigenvalue(K: Floats) -> float:
    """Estimate ``λ_min`` by inverse iteration in plain doubles; 0 where ``K``, which is overwritten, does not factor."""
    factor, info = lapack.dpotrf(K.T, lower=1, clean=0, overwrite_a=1)
    if info != 0:
        return 0.0
    x: Floats = np.random.default_rng(0).standard_normal((K.shape[0],))
    estimate = 0.0
    for _ in range(_ITERATIONS):
        x /= np.linalg.norm(x)
        y, _ = lapack.dpotrs(factor, x, lower=1)
        estimate = float(1 / (x @ y))
        x = y
    return estimate if np.isfinite(estimate) else 0.0


@dataclass(frozen=True)
class _Prepared:
    """Scaled blocks with the bounds ``δ`` and ``ρ`` of steps 1 and 2, and the scales of shape ``(n_L, T)``."""

    blocks: list[_ScaledBlock]
    scales: Floats
    delta: float
    rho: float


def _prepare(blocks: Sequence[GramBlock], n_L: int, *, evenly: bool) -> _Prepared | None:
    """Scale the columns, each to a norm near 1, or ``evenly`` as `smallest_singular_value` says; None where nothing can be proved."""
    if n_L * blocks[0].phi.mid.shape[0] > MOST_COLUMNS:
        return None
    if not all(_is_moderate(part) for block in blocks for part in (block.psi, block.phi) if part is not None):
        return None
    norms, errors = _column_norms(blocks, n_L)
    size = np.sqrt((norms * norms).sum(axis=0))
    if not (size.min() > 1 / _LARGEST and size.max() < _LARGEST):
        return None
    exponents = np.frexp(size)[1]
    if evenly:
        exponents = np.minimum(exponents.max(), exponents + _OCTAVES)
    norms, errors = np.ldexp(norms, -exponents), np.ldexp(errors, -exponents)
    scaled = [_scale(block, exponents) for block in blocks]
    delta_squared = raised((errors.sum(axis=0) ** 2).sum() + _TINY, errors.size + 8)
    rho = sum(gamma(_roundings(block, len(blocks))) * float(raised((p * p).sum(), p.size)) for block, p in zip(scaled, norms, strict=True))
    return _Prepared(scaled, np.ldexp(1.0, -exponents), float(raised(np.sqrt(delta_squared), 1)), rho)


def _is_moderate(part: Enclosure) -> bool:
    """Exclude NaN, infinity and entries of extreme size."""
    return bool(part.mid.size and np.abs(part.mid).max() < _LARGEST and part.rad.max() < _LARGEST)


def _column_norms(blocks: Sequence[GramBlock], n_L: int) -> tuple[Floats, Floats]:
    """Return upper bounds of ``p_{l,c}`` and of the column errors of step 1, both of shape ``(L, n_L, T)``."""
    norms, errors = [], []
    for block in blocks:
        phi, phi_error = _norm(block.phi.mid), _norm(block.phi.rad)
        if block.psi is None:
            psi, psi_error = np.ones((n_L, phi.size)), np.zeros((n_L, phi.size))
        else:
            psi, psi_error = _norm(block.psi.mid), _norm(block.psi.rad)
        norms.append(raised(psi * phi, 1))
        errors.append(raised(psi_error * (phi + phi_error) + psi * phi_error, 4))
    return np.array(norms), np.array(errors)


def _norm(x: Floats) -> Floats:
    """Return upper bounds of the norms along the last axis."""
    return raised(np.sqrt(raised(np.einsum("...k,...k->...", x, x), x.shape[-1])), 1) if x.any() else np.zeros(x.shape[:-1])


def _scale(block: GramBlock, exponents: npt.NDArray[np.int32]) -> _ScaledBlock:
    """Multiply column ``c`` by ``2^-exponent``: as much of it goes to ``φ`` as gives it a norm near 1, the rest to ``ψ``."""
    inner = np.frexp(_norm(block.phi.mid))[1]
    phi = np.ldexp(block.phi.mid, -inner[:, None])
    scales = np.ldexp(1.0, inner - exponents)
    if block.psi is None:
        return _ScaledBlock(None, scales, phi)
    psi = block.psi.mid * scales[:, :, None]
    return _ScaledBlock(psi.reshape(-1, psi.shape[2]), scales, phi)


def _roundings(block: _ScaledBlock, blocks: int) -> int:
    """Return a bound of the roundings in an entry of step 2, with some to spare."""
    k = 1 if block.psi is None else int(block.psi.shape[1])
    return k + int(block.phi.shape[1]) + blocks + 8


def _gram(blocks: Sequence[_ScaledBlock], n_L: int, T: int) -> Floats:
    """Return ``K̃``, of which only the upper triangle (and some entries below it) is filled; the rest stays undefined."""
    n = n_L * T
    K = np.empty((n, n))
    buffer = np.empty(min(_TILE, T) * n) if len(blocks) > 1 else np.empty(0)
    dense = sorted(blocks, key=lambda block: block.psi is None)
    for start in range(0, T, _TILE):
        stop = min(start + _TILE, T)
        inner = [block.phi[start:stop] @ block.phi[0 if n_L > 1 else start :].T for block in dense]
        for j in range(n_L):
            tile = K[j * T + start : j * T + stop, j * T + start :]
            for k, block in enumerate(dense):
                _accumulate(tile, block, inner[k], (j, start, stop, T), None if k == 0 else buffer)
    return K


def _accumulate(tile: Floats, block: _ScaledBlock, inner: Floats, place: tuple[int, int, int, int], buffer: Floats | None) -> None:
    """Add one block's part to the rows ``(j, start..stop)`` of ``K̃`` from their diagonal on; without a buffer, write it."""
    j, start, stop, T = place
    width = T - start
    own = inner[:, inner.shape[1] - width :]
    if block.psi is None:
        if buffer is None:
            tile[:] = 0
        tile[:, :width] += own * block.scales[j, start:stop, None] * block.scales[j, None, start:]
        return
    target = tile if buffer is None else buffer[: tile.size].reshape(tile.shape)
    np.matmul(block.psi[j * T + start : j * T + stop], block.psi[j * T + start :].T, out=target)
    target[:, :width] *= own
    for left in range(width, tile.shape[1], T):
        target[:, left : left + T] *= inner
    if buffer is not None:
        tile += target


def _runs_to_its_end(K: Floats, needed: float, spare: float, extra: float = 0.0) -> bool:
    """Shift the diagonal by ``(τ + needed)·spare + extra`` and factor in place: step 3 and 4. ``K`` is overwritten."""
    n = K.shape[0]
    diagonal = K.diagonal().copy()
    if not np.isfinite(diagonal).all() or diagonal.min() <= 0:
        return False
    weights = (np.arange(n) + 8) * diagonal
    tau = gamma(1) * float(raised(weights.sum(), n))
    shift = ((tau + needed + 4 * UNIT * float(diagonal.max()) + 2 * _TINY) * spare + extra) * (1 + 2.0**-20)
    if not shift < diagonal.min():
        return False
    K[np.arange(n), np.arange(n)] = diagonal - shift
    factor, info = lapack.dpotrf(K.T, lower=1, clean=0, overwrite_a=1)
    pivots = factor.diagonal()
    return bool(info == 0 and np.isfinite(pivots).all() and pivots.min() > 0)
