r"""The gradient g and the Hessian of ``T J`` over many boxes of weights at once, in double precision: a neuron, or one hidden layer and identity output.

The output is one number, σ is sigmoid or tanh, the error is squared. With ``Λ = T λ``, ``T J = ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``. The weights ``θ_k`` of unit k,
from ``x̃_i``, come before the output weights v: ``z_ik = θ_k·x̃_i``, ``φ_ik = σ(z_ik)``, 1 for the output bias, ``ε = Σ_k v_k φ_k − y``; for a neuron ``ε = φ
− y``. `Enclosed` arrays, u, and what the factor ENLARGE and the summand TINY cover, are those of `doubles`. All arrays have the boxes first.

*Exponentials.* For ``y ≥ 0`` let ``k = ⌊16 y⌋`` and ``t = y − k/16``, which is exact, in ``[0, 1/16)``. ``e^{−k/16} = e^{−4i} e^{−j/16}`` with ``k = 64 i +
j`` is a product of balls of Arb, and ``e^{−t} = Σ_{j<10} (−t)^j/j! + R`` with ``|R| < 2^{-61}``; Horner's scheme takes ``p_j = c_j − t p_{j+1}``, ``|p_j| ≤
c_j``, and its step j rounds by ``2.2 u c_j`` at most, which reaches ``p_0`` with the factor ``t^j``: less than 3u in all. Beyond ``y = 512`` both ``e^{−y}``
and ``e^{−512}`` are below ``2^{-700}``: TINY covers that.

*σ over an interval* comes from its ends. With ``e = e^{−k|z|}``, ``q = 1/(1 + e)`` and s the logistic function, ``σ = low + k s(kz)``, ``σ' = k² e q²`` and
``σ'' = −sign(z) k³ e q² (1 − e) q``. σ rises; ``σ'`` is even and falls with ``|z|`` from ``k²/4``; ``σ''`` is odd, falls between ``∓ln(2 + √3)/k`` from
``k³/(6√3)``, and rises elsewhere.

*Output weights.* At a critical point ``A v = Φ y``, ``A = ΦΦᵀ + Λ``. For any ``v_0``, C and ``δ = v − v_0``: ``δ = −C g_v(θ, v_0) + (I − C A) δ``. In a box
around m with radii ρ, by mean values of ``C g_v`` and ``C A`` along the segment from m to θ, ``|δ| ≤ s + O|δ|`` for ``s = |C g_v(m, v_0)| + Σ_j |C ∂_j g_v(·,
v_0)| ρ_j`` and ``O = |I − C A(m)| + Σ_j |C ∂_j A| ρ_j``. With ``S_kjl = Σ_i σ'_ik φ_il x̃_ij``, ``∂_kj A = e_k S_kjᵀ + S_kj e_kᵀ`` and ``∂_kj g_v = v_k S_kj
+ e_k Σ_i ε_i σ'_ik x̃_ij``. If ``O D ≤ κ D``, ``κ < 1``, for a vector ``D > 0``, then ``|δ| ≤ max(s/D)/(1 − κ) D``: the least such bound exists, as ``|δ|``
is finite.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, TINY, UNIT, DoubleRing, Enclosed, of_balls
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.limits import value_work

_FAR = 512
_TURN, _BEND = (1.3169578969, 1.316957897), 0.0962250449  # ln(2 + √3) = 1.31695789692…, 1/(6√3) = 0.09622504486…
_SAFE = 0.99


class Landscape(NamedTuple):
    """``x̃`` of shape ``(T, m)``, y of shape ``(T, 1)``, Λ of shape ``(N,)``, the hidden units, 0 for a neuron, σ, and ``e^{−4i}``, ``e^{−i/16}``."""

    inputs: Enclosed
    targets: Enclosed
    rates: Enclosed
    units: int
    low: int
    k: int
    bias: int
    powers: Enclosed

    @property
    def inner(self) -> int:
        """The number of weights of all θ."""
        return int(max(self.units, 1) * self.inputs.mid.shape[1])


class Pass(NamedTuple):
    """``φ`` of shape ``(B, n_v, T)``, ``(B, 1, T)`` for a neuron, ``σ'`` and ``σ''`` of shape ``(B, n, T)``."""

    phi: Enclosed
    slope: Enclosed
    bend: Enclosed


def landscape(work: Work, problem: Problem, low: int, k: int) -> Landscape:
    """Return the arrays of a problem, where σ rises from low to ``low + k``; the precision of doubles must be in force."""
    work.spend(2 * (_FAR // 4 + 1) * value_work(64), "exponentials")
    ring, n, ones = DoubleRing(work), problem.widths[1] if problem.L == 2 else 0, [fmpq(1)] * problem.bias_rows_of(1)
    powers = np.array([[arb(-4 * i).exp(), (arb(-i) / 16).exp()] for i in range(_FAR // 4 + 1)], dtype=object)
    rates = [rate * problem.T for rate in problem.rates] or [fmpq(0)] * problem.N_net
    inputs, targets = ring.array([[*x, *ones] for x in problem.X]), ring.array(problem.Y)
    return Landscape(inputs, targets, part(ring.array([rates]), 0), n, low, k, problem.bias_rows_of(1), of_balls(powers, powers.shape))


def part(x: Enclosed, at: Any) -> Enclosed:
    """Return a part of an array."""
    return Enclosed(x.mid[at], x.rad[at])


def exactly(x: Any) -> Enclosed:
    """Return doubles without radii."""
    return Enclosed(np.asarray(x, dtype=float), np.zeros(np.shape(x)))


def reach(x: Enclosed) -> Array:
    """Return upper bounds of absolute values."""
    return ENLARGE * (np.abs(x.mid) + x.rad)


def minus(x: Enclosed) -> Enclosed:
    """Return ``−x``."""
    return Enclosed(-x.mid, x.rad)


def hull(low: Array, high: Array) -> Enclosed:
    """Return what lies between numbers, both rounded once."""
    return Enclosed((low + high) / 2, ENLARGE * ((high - low) / 2 + 4 * UNIT * (np.abs(low) + np.abs(high))) + TINY)


def joined(x: Enclosed, y: Enclosed, axis: int) -> Enclosed:
    """Return two arrays side by side."""
    return Enclosed(np.concatenate([x.mid, y.mid], axis=axis), np.concatenate([x.rad, y.rad], axis=axis))


def inverse(A: Array, shift: float = 2.0**-32) -> Array:
    """Return an approximate inverse of each matrix, any matrix if it is far from one; raises `Rejected`."""
    size = np.abs(A).max(axis=(-1, -2), keepdims=True)
    try:
        return np.asarray(np.linalg.inv(A + np.eye(A.shape[-1]) * (shift * size + TINY)))
    except np.linalg.LinAlgError:
        raise Rejected("evidence", "evidence", "a matrix is singular at its midpoint") from None


def exponential(land: Landscape, y: Array) -> Enclosed:
    """Enclose ``e^{−y}`` for doubles ``y ≥ 0``."""
    y = np.minimum(y, _FAR)
    k = np.floor(16 * y)
    t, p, i = y - k / 16, np.full_like(y, 1 / math.factorial(9)), k.astype(int)
    for j in range(8, -1, -1):
        p = 1 / math.factorial(j) - t * p
    return Enclosed(p, np.full_like(p, 4 * UNIT)) * part(land.powers, (i // 64, 0)) * part(land.powers, (i % 64, 1))


def _at(land: Landscape, z: Array) -> Pass:
    """Enclose ``σ``, ``σ'`` and ``σ''`` at doubles."""
    k, e = land.k, exponential(land, land.k * np.abs(z))
    q = Enclosed(
        1 / (1 + e.mid), ENLARGE * (e.rad + 4 * UNIT)
    )  # a Lipschitz constant of 1/(1 + e) is 1, and its two roundings are below 3u
    small = e * q
    d = small * q
    s = Enclosed(np.where(z >= 0, q.mid, small.mid), np.where(z >= 0, q.rad, small.rad))
    return Pass(exactly(k) * s + exactly(land.low), exactly(k * k) * d, exactly(-np.sign(z) * k**3) * d * q * (exactly(1) + minus(e)))


def activations(land: Landscape, theta: Enclosed) -> Pass:
    """Enclose the activations over boxes of θ, of shape ``(B, n m)``."""
    m, k = land.inputs.mid.shape[1], land.k
    z = Enclosed(theta.mid.reshape(len(theta.mid), -1, m), theta.rad.reshape(len(theta.rad), -1, m)) @ land.inputs.T
    wide = ENLARGE * (z.rad + 2 * UNIT * np.abs(z.mid)) + TINY
    low, high = z.mid - wide, z.mid + wide
    (f, d, b), (F, D, B) = _at(land, low), _at(land, high)
    top = np.where((low < 0) & (high > 0), k * k / 4, np.maximum(d.mid + d.rad, D.mid + D.rad))
    most = np.where((k * low < -_TURN[0]) & (k * high > -_TURN[1]), k**3 * _BEND, np.maximum(b.mid + b.rad, B.mid + B.rad))
    least = np.where((k * low < _TURN[1]) & (k * high > _TURN[0]), -(k**3) * _BEND, np.minimum(b.mid - b.rad, B.mid - B.rad))
    phi = hull(f.mid - f.rad, F.mid + F.rad)
    if land.units and land.bias:
        phi = joined(phi, exactly(np.ones_like(phi.mid[:, :1])), 1)
    return Pass(phi, hull(np.minimum(d.mid - d.rad, D.mid - D.rad), top), hull(least, most))


def residuals(land: Landscape, p: Pass, v: Enclosed | None) -> Enclosed:
    """Enclose ε, of shape ``(B, 1, T)``."""
    return (p.phi if v is None else part(v, (slice(None), None)) @ p.phi) + minus(land.targets.T)


def gradient(land: Landscape, theta: Enclosed, p: Pass, v: Enclosed | None) -> Enclosed:
    """Enclose g, of shape ``(B, N)``."""
    eps, B = residuals(land, p, v), len(theta.mid)
    a = p.slope if v is None else p.slope * part(v, (slice(None), slice(land.units), None))
    inner = a * eps @ land.inputs
    found = Enclosed(inner.mid.reshape(B, -1), inner.rad.reshape(B, -1))
    if v is None:
        return found + theta * land.rates
    outer = part(p.phi @ eps.T, (..., 0))
    return joined(found, outer, 1) + joined(theta, v, 1) * land.rates


def hessian(land: Landscape, p: Pass, v: Enclosed | None) -> Enclosed:
    """Enclose the Hessian, of shape ``(B, N, N)``, over boxes of θ and v.

    With ``a_k = v_k σ'_k`` it has ``Σ_i (a_k a_l + [k = l] ε v_k σ''_k) x̃x̃ᵀ`` for ``θ_k, θ_l``, ``Σ_i (a_k φ_l + [k = l] ε σ'_k) x̃`` for ``θ_k, v_l``,
    ``Σ_i φ_l φ_m`` for ``v_l, v_m``, and Λ on the diagonal; for a neuron v is 1.
    """
    B, (T, m), N, inner, eps = len(p.phi.mid), land.inputs.mid.shape, len(land.rates.mid), land.inner, residuals(land, p, v)
    v_inner = exactly(np.ones((1, 1, 1))) if v is None else part(v, (slice(None), slice(land.units), None))
    a, turn, lean = p.slope * v_inner, p.bend * v_inner * eps, p.slope * eps
    outer = part(land.inputs, (..., None)) * part(land.inputs, (slice(None), None))
    squares, mid, rad = Enclosed(outer.mid.reshape(T, -1), outer.rad.reshape(T, -1)), np.zeros((B, N, N)), np.zeros((B, N, N))

    def put(rows: slice, columns: slice, block: Enclosed) -> None:
        for whole, found in ((mid, block.mid), (rad, block.rad)):
            whole[:, rows, columns] = found.reshape(B, rows.stop - rows.start, -1)
            whole[:, columns, rows] = np.swapaxes(whole[:, rows, columns], 1, 2)

    for k in range(inner // m):
        rows, one = slice(k * m, k * m + m), (slice(None), k)
        for l in range(k, inner // m):
            product = part(a, one) * part(a, (slice(None), l))
            put(rows, slice(l * m, l * m + m), (product + part(turn, one) if k == l else product) @ squares)
        if v is not None:
            unit = exactly(np.eye(len(land.rates.mid) - inner)[k][:, None])
            put(
                slice(inner, N),
                rows,
                (part(a, (slice(None), slice(k, k + 1))) * p.phi + part(lean, (slice(None), slice(k, k + 1))) * unit) @ land.inputs,
            )
    if v is not None:
        put(slice(inner, N), slice(inner, N), p.phi @ p.phi.T)
    return Enclosed(mid, rad) + exactly(np.eye(N)) * land.rates


def output_weights(land: Landscape, theta: Enclosed, p: Pass, prior: Array) -> Enclosed:
    """Enclose v at critical points with θ in boxes, where ``|v| ≤ prior`` at all of them; every Λ must be positive. See the head of this file."""
    n, m, B = land.units, land.inputs.mid.shape[1], len(theta.mid)
    centre, eye = exactly(theta.mid), np.eye(len(prior))
    at, outer = activations(land, centre), part(land.rates, slice(land.inner, None))
    A = at.phi @ at.phi.T + exactly(eye) * outer
    C = exactly(inverse(A.mid))
    start = exactly((C.mid @ (at.phi.mid @ land.targets.mid))[..., 0])
    there = part(gradient(land, centre, at, start), (slice(None), slice(land.inner, None), None))
    S = part(p.slope, (slice(None), slice(None), None)) * part(p.phi, (slice(None), None)) @ land.inputs
    lean = part(p.slope * residuals(land, p, start) @ land.inputs, (slice(None), slice(None), None))
    unit, each = exactly(eye[:n, :, None]), part(C, (slice(None), None))
    moved = each @ (S * part(start, (slice(None), slice(n), None, None)) + lean * unit)
    rho = ENLARGE * theta.rad.reshape(B, n, 1, m)
    size = ENLARGE * (reach(C @ there)[..., 0] + (reach(moved) * rho).sum(axis=(1, 3)))
    column, row = part(C.T, (slice(None), slice(n), None, slice(None), None)), part(S.T, (slice(None), slice(None), slice(None), None))
    change = column * row + part((each @ S).T, (..., None)) * exactly(eye[:n, None, None])
    off = ENLARGE * (reach(exactly(eye) + minus(C @ A)) + (reach(change) * rho[:, :, 0, :, None, None]).sum(axis=(1, 2)))
    kappa = ENLARGE * ((off @ prior) / prior).max(axis=1)
    most = np.where(kappa < _SAFE, ENLARGE * (size / prior).max(axis=1) / np.maximum(1 - kappa, 1 - _SAFE), np.inf)
    rad = ENLARGE * np.minimum(prior + np.abs(start.mid), most[:, None] * prior)
    for _ in range(2):
        rad = np.minimum(rad, ENLARGE * (size + (off @ rad[..., None])[..., 0]))
    return Enclosed(start.mid, rad)
