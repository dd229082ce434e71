r"""What σ, the gradient and the Hessian of ``T J`` are over boxes of weights, many boxes at once, as midpoints and radii.

Nothing is proved by these: the rounding of doubles is left out, the search allows a margin for it, and who checks its tree encloses everything anew.

*σ over an interval* comes from its ends: σ rises; ``σ'`` is even and falls with ``|z|``; ``σ''`` is odd, with one minimum, at ``k z = ln(2 + √3)``, of
``−k³/(6√3)``.

*The output weights.* Let ``A = ΦΦᵀ + Λ``, so that ``A v = Φ y`` at a critical point, ``r = Φ(y − Φᵀv_0) − Λ v_0`` and ``δ = v − v_0``. With any matrix C, ``δ =
C r + (I − C A) δ``. Over a box around m with radii ``ρ``, by the mean value theorem ``C r ∈ C r(m) − Σ_j C (∂_j Φ (Φᵀv_0 − y) + Φ ∂_jΦᵀ v_0) [−ρ_j, ρ_j]``, and
``C A`` likewise, so that what cancels in sums over samples does cancel. This gives ``|δ| ≤ s + O|δ|`` with vector s and matrix O; and where ``κ =
‖D⁻¹O D‖_∞ < 1`` for a positive diagonal D, ``|δ|/D ≤ max(s/D)/(1 − κ)``.

*The Hessian*, with ``a_k = v_k σ'(z_k)`` (v = 1 for a neuron): ``Σ_i (a_k a_l + [k = l] ε v_k σ''(z_k)) x̃x̃ᵀ`` for ``θ_k, θ_l``, ``Σ_i (a_k φ_l + [k = l] ε
σ'(z_k)) x̃`` for ``θ_k, v_l``, ``Σ_i φ_l φ_m`` for ``v_l, v_m``, and Λ on the diagonal.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.landscape import Landscape

_TURN = math.log(2 + math.sqrt(3))
_BEND = 1 / (6 * math.sqrt(3))
_NEARLY_ONE = 0.99


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
    B, T, k = len(theta.mid), len(land.targets), land.rate
    z = Ball(*(x.reshape(B, land.rows, -1) for x in theta)) @ land.inputs.T
    low, high = z.mid - z.rad, z.mid + z.rad
    (v0, d0, b0), (v1, d1, b1) = _at(land, low), _at(land, high)
    top = np.where((low < 0) & (high > 0), k * k / 4, np.maximum(d0, d1))
    most = np.where((k * low < -_TURN) & (k * high > -_TURN), k**3 * _BEND, np.maximum(b0, b1))
    least = np.where((k * low < _TURN) & (k * high > _TURN), -(k**3) * _BEND, np.minimum(b0, b1))
    phi = between(v0, v1)
    if land.units and land.biases:
        phi = Ball(*(np.concatenate([part, np.full((B, 1, T), one)], axis=1) for part, one in zip(phi, (1.0, 0.0), strict=True)))
    return Pass(phi, between(np.minimum(d0, d1), top), between(least, most))


def _at(land: Landscape, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return ``σ``, ``σ'`` and ``σ''``, each with a small relative error: near ``z = 0``, too, where tanh and ``σ''`` vanish."""
    k = land.rate
    e = np.exp(-k * np.abs(z))
    q = 1 / (1 + e)
    d = e * q * q
    value = np.tanh(z) if land.low else np.where(z >= 0, q, e * q)
    return value, k * k * d, np.sign(z) * k**3 * d * np.expm1(-k * np.abs(z)) * q


def best_output_weights(land: Landscape, phi: Floats) -> tuple[Floats, Floats]:
    """Return v and the inverse of A for exact φ."""
    A = phi @ np.swapaxes(phi, -1, -2) + np.diag(land.rates[land.inner :])
    C: Floats = np.linalg.inv(A).astype(np.float64, copy=False)
    return (C @ (phi @ land.targets)[..., None])[..., 0], C


def output_weights(land: Landscape, p: Pass, start: Floats, C: Floats, rho: Floats, prior: Floats) -> Ball:
    """Enclose v at critical points in boxes of θ with radii rho around ``start``, which solves the equations at the midpoints; ``|v| ≤ prior``."""
    n, m = land.units, land.inputs.shape[1]
    rho, size, aC = rho.reshape(-1, n, m), np.zeros_like(start), np.abs(C)
    eps = residuals(land, p.phi, exactly(start))
    lean = (p.slope.times(eps.part((slice(None), None)))) @ land.inputs
    off = np.zeros_like(C)
    for k in range(n):
        S = p.slope.part((slice(None), slice(k, k + 1))).times(p.phi) @ land.inputs
        h = S.times(exactly(start[:, k, None, None]))
        for whole, more in zip(h, lean, strict=True):
            whole[:, k] += more[:, k]
        size += ((np.abs(C @ h.mid) + aC @ h.rad) @ rho[:, k, :, None])[..., 0]
        CS, rad = C @ S.mid, aC @ S.rad
        for j in range(m):
            change = Ball(C[:, :, k, None] * S.mid[:, None, :, j], aC[:, :, k, None] * S.rad[:, None, :, j])
            change.mid[:, :, k] += CS[:, :, j]
            change.rad[:, :, k] += rad[:, :, j]
            off += change.reach * rho[:, k, j, None, None]
    kappa = ((off @ prior) / prior).max(axis=1)
    most = np.where(kappa < _NEARLY_ONE, (size / prior).max(axis=1) / np.maximum(1 - kappa, 1 - _NEARLY_ONE), np.inf)
    rad = np.minimum(prior + np.abs(start), most[:, None] * prior)
    for _ in range(2):
        rad = np.minimum(rad, size + (off @ rad[..., None])[..., 0])
    return Ball(start, rad)


def residuals(land: Landscape, phi: Ball, v: Ball | None) -> Ball:
    """Enclose ε, of shape ``(B, T)``."""
    if v is None:
        return Ball(phi.mid[:, 0] - land.targets, phi.rad[:, 0])
    f = phi.times(v.part((..., None)))
    return Ball(f.mid.sum(axis=1) - land.targets, f.rad.sum(axis=1))


def gradient(land: Landscape, theta: Ball, p: Pass, v: Ball | None) -> Ball:
    """Enclose ``T ∇J``, of shape ``(B, N)``, term by term."""
    eps = residuals(land, p.phi, v)
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


def hessian(land: Landscape, p: Pass, v: Ball | None) -> Ball:
    """Enclose ``T H``, of shape ``(B, N, N)``, over boxes of θ and v."""
    B, n, m, N, inner = len(p.phi.mid), land.rows, land.inputs.shape[1], len(land.rates), land.inner
    eps = residuals(land, p.phi, v).part((slice(None), None))
    a, turn = p.slope, p.bend.times(eps)
    if v is not None:
        scale = v.part((slice(None), slice(land.units), None))
        a, turn, lean = a.times(scale), turn.times(scale), p.slope.times(eps)
    H = Ball(np.zeros((B, N, N)), np.zeros((B, N, N)))
    squares = (land.inputs[:, :, None] * land.inputs[:, None, :]).reshape(-1, m * m)
    for k in range(n):
        rows = slice(k * m, (k + 1) * m)
        for l in range(k, n):
            c = a.part((slice(None), k)).times(a.part((slice(None), l)))
            block = (c.plus(turn.part((slice(None), k))) if k == l else c) @ squares
            _put(H, rows, slice(l * m, (l + 1) * m), Ball(*(x.reshape(B, m, m) for x in block)))
        if v is not None:
            c = a.part((slice(None), slice(k, k + 1))).times(p.phi)
            for whole, more in zip(c, lean, strict=True):
                whole[:, k] += more[:, k]
            _put(H, slice(inner, N), rows, c @ land.inputs)
    if v is not None:
        _put(H, slice(inner, N), slice(inner, N), p.phi @ p.phi.turned())
    H.mid[:, range(N), range(N)] += land.rates
    return H


def _put(H: Ball, rows: slice, columns: slice, block: Ball) -> None:
    """Set a block, and its mirror image."""
    for whole, part in zip(H, block, strict=True):
        whole[:, rows, columns] = part
        whole[:, columns, rows] = np.swapaxes(part, 1, 2)
