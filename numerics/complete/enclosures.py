r"""What σ, the gradient and the Hessian of ``T J`` are over boxes of weights, many boxes at once, as midpoints and radii.

Nothing is proved by these: the rounding of doubles is left out, the search allows a margin for it, and who checks its tree encloses everything anew.

*σ over an interval* is that of `curves`.

*The Hessian* of ``L = Σ_i ε_i (Σ_l v_l φ_il − y_i) − ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``, whose critical points are those of J with their ε: with ``a_k = v_k
σ'(z_k)`` (v = 1 for a neuron) ``Σ_i ε v_k σ''(z_k) x̃x̃ᵀ`` for ``θ_k`` twice, ``Σ_i ε σ'(z_k) x̃`` for ``θ_k, v_k``, and Λ; ``a_k x̃`` and φ for the weights and
ε; ``−I``. That of ``T J`` is ``L_ww + L_wε L_εw``.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.curves import curve_of
from lossproof.numerics.complete.landscape import Landscape

Indices: TypeAlias = npt.NDArray[Any]

WIDER = 1 + 2.0**-18
"""The checker's arguments of activations are wider by less than this."""

_TINY, _SHIFT, _LEAST_SHIFT = 2.0**-500, 2.0**-32, 2.0**-52


class Ball(NamedTuple):
    """Midpoints and radii of one shape."""

    mid: Floats
    rad: Floats

    def __matmul__(self, other: Any) -> Ball:
        """Return the product with matrices, given exactly or as balls, from the right.

        >>> (Ball(np.array([[1.0]]), np.array([[0.5]])) @ np.array([[-2.0]])).rad.tolist()
        [[1.0]]
        """
        if isinstance(other, Ball):
            return Ball(self.mid @ other.mid, np.abs(self.mid) @ other.rad + self.rad @ (np.abs(other.mid) + other.rad))
        return Ball(self.mid @ other, self.rad @ np.abs(other))

    def times(self, other: Ball) -> Ball:
        """Return the product, entry by entry."""
        return Ball(self.mid * other.mid, np.abs(self.mid) * other.rad + self.rad * (np.abs(other.mid) + other.rad))

    def plus(self, other: Ball) -> Ball:
        """Return the sum."""
        return Ball(self.mid + other.mid, self.rad + other.rad)

    def part(self, index: Any) -> Ball:
        """Return a part."""
        return Ball(self.mid[index], self.rad[index])

    def beside(self, other: Ball) -> Ball:
        """Return both side by side, those of each box in one row."""
        return Ball(np.hstack([self.mid, other.mid]), np.hstack([self.rad, other.rad]))

    def turned(self) -> Ball:
        """Return the transpose in the last two axes."""
        return Ball(np.swapaxes(self.mid, -1, -2), np.swapaxes(self.rad, -1, -2))

    @property
    def reach(self) -> Floats:
        """The largest absolute values."""
        return np.abs(self.mid) + self.rad


def exactly(x: Floats) -> Ball:
    """Return numbers as balls of radius 0."""
    return Ball(x, np.zeros_like(x))


def between(low: Floats, high: Floats) -> Ball:
    """Return the intervals from low to high."""
    return Ball((low + high) / 2, (high - low) / 2)


class Pass(NamedTuple):
    """``φ`` of shape ``(B, n_v, T)`` (``(B, 1, T)`` for a neuron), ``σ'`` and ``σ''`` of shape ``(B, n, T)``, for B boxes."""

    phi: Ball
    slope: Ball
    bend: Ball

    def part(self, index: Any) -> Pass:
        """Return what belongs to some of the boxes."""
        return Pass(*(x.part(index) for x in self))


def activations(land: Landscape, theta: Ball) -> Pass:
    """Enclose the activations over boxes of θ, of shape ``(B, n m)``."""
    B, T = len(theta.mid), len(land.targets)
    z = Ball(*(x.reshape(B, land.rows, -1) for x in theta)) @ land.inputs.T
    phi, slope, bend = (Ball(*x) for x in curve_of(land.activation).over(z.mid - WIDER * z.rad, z.mid + WIDER * z.rad))
    if land.units and land.biases:
        phi = Ball(*(np.concatenate([part, np.full((B, 1, T), one)], axis=1) for part, one in zip(phi, (1.0, 0.0), strict=True)))
    return Pass(phi, slope, bend)


def best_output_weights(land: Landscape, phi: Floats) -> tuple[Floats, Floats]:
    """Return v and the inverse of ``ΦΦᵀ + Λ`` for exact φ."""
    A = phi @ np.swapaxes(phi, -1, -2) + np.diag(land.rates[land.inner :])
    try:
        C: Floats = np.linalg.inv(A).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        C = inverse(A, _LEAST_SHIFT)
    return (C @ (phi @ land.targets)[..., None])[..., 0], C


def inverse(A: Floats, shift: float = _SHIFT) -> Floats:
    """Return approximate inverses: of A with a small shift of its diagonal, as A may be singular."""
    A = np.nan_to_num(A)
    size = np.abs(A).max(axis=(-1, -2), keepdims=True)
    shifted = A + np.eye(A.shape[-1]) * (shift * size + _TINY)
    try:
        return np.asarray(np.linalg.inv(shifted))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(shifted))


def residuals(land: Landscape, phi: Ball, v: Ball | None) -> Ball:
    """Enclose ε, of shape ``(B, T)``."""
    if v is None:
        return Ball(phi.mid[:, 0] - land.targets, phi.rad[:, 0])
    f = phi.times(v.part((..., None)))
    return Ball(f.mid.sum(axis=1) - land.targets, f.rad.sum(axis=1))


def gradient(land: Landscape, theta: Ball, p: Pass, eps: Ball, v: Ball | None) -> Ball:
    """Enclose ``T ∇J``, of shape ``(B, N)``, term by term."""
    push = p.slope.times(eps.part((slice(None), None)))
    if v is None:
        inner, weights = push @ land.inputs, theta
    else:
        inner = push.times(v.part((slice(None), slice(land.units), None))) @ land.inputs
        weights = theta.beside(v)
    found = Ball(*(x.reshape(len(x), -1) for x in inner))
    if v is not None:
        found = found.beside((p.phi @ eps.part((..., None))).part((..., 0)))
    return found.plus(weights.times(exactly(land.rates)))


def system(land: Landscape, p: Pass, eps: Ball, v: Ball | None) -> Ball:
    """Enclose the Hessian of L, by the weights and ε, of shape ``(B, N + T, N + T)``, over boxes of θ, ε and v."""
    (B, T), n, m, N, inner = eps.mid.shape, land.rows, land.inputs.shape[1], len(land.rates), land.inner
    S, a, turn, lean = Ball(*np.zeros((2, B, N + T, N + T))), p.slope, p.bend, p.slope.times(eps.part((slice(None), None)))
    if v is not None:
        scale = v.part((slice(None), slice(land.units), None))
        a, turn = a.times(scale), turn.times(scale)
    bent, leant = (
        turn.times(eps.part((slice(None), None))) @ (land.inputs[:, :, None] * land.inputs[:, None, :]).reshape(T, -1),
        lean @ land.inputs,
    )
    for whole, slopes, x, bend, mixed, phi in zip(S, a, (land.inputs.T, np.abs(land.inputs.T)), bent, leant, p.phi, strict=True):
        _put(whole, slice(inner), slice(N, None), (slopes[:, :, None] * x).reshape(B, inner, T))
        for k in range(n):
            rows = slice(k * m, (k + 1) * m)
            whole[:, rows, rows] = bend[:, k].reshape(B, m, m)
            if v is not None:
                _put(whole, rows, slice(inner + k, inner + k + 1), mixed[:, k, :, None])
        if v is not None:
            _put(whole, slice(inner, N), slice(N, None), phi)
    S.mid[:, range(N + T), range(N + T)] += np.concatenate([land.rates, -np.ones(T)])
    return S


def hessian(land: Landscape, p: Pass, eps: Ball, v: Ball | None) -> Ball:
    """Enclose ``T H``, of shape ``(B, N, N)``, where θ and v are in boxes and the residuals in those of ε."""
    S, N = system(land, p, eps, v), len(land.rates)
    mixed = S.part((slice(None), slice(N), slice(N, None)))
    return S.part((slice(None), slice(N), slice(N))).plus(mixed @ mixed.turned())


def _put(whole: Floats, rows: slice, columns: slice, block: Floats) -> None:
    """Set a block, and its mirror image."""
    whole[:, rows, columns] = block
    whole[:, columns, rows] = np.swapaxes(block, 1, 2)
