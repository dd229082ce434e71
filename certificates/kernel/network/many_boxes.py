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

*Outputs.* Critical points, with their ε, are those of ``L = Σ_i ε_i (Σ_l v_l φ_il − y_i) − ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``, as ``L_ε = 0`` says what ε is, and then
``L_w = g_w``; so the Hessian of ``T J`` is ``L_ww + L_wε L_εw``. Write ``u = (v, ε)``. ``L_u`` is affine in u, with a matrix ``M = [[Λ, Φ], [Φᵀ, −I]]``. For
any ``u_0``, C and ``δ = u − u_0``: ``δ = −C L_u(θ, u_0) + (I − C M(θ)) δ``. In a box around m with radii ρ, by mean values of ``C L_u(·, u_0)`` from m to θ,
``|δ| ≤ s + O|δ|`` for ``s = |C L_u(m, u_0)| + |C L_uθ(·, u_0)| ρ`` and ``O = |I − C M|``, on the right of which any bound of ``|δ|`` may stand.
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
_SWEEPS = 16


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


def lowest(A: Array) -> Array:
    """Return approximate eigenvectors of the least eigenvalues of symmetric matrices, as columns; raises `Rejected`."""
    try:
        return np.asarray(np.linalg.eigh(A)[1][..., :1])
    except np.linalg.LinAlgError:
        raise Rejected("evidence", "evidence", "a matrix has no eigenvectors in double precision") from None


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


def gradient(land: Landscape, theta: Enclosed, p: Pass, eps: Enclosed, v: Enclosed | None) -> Enclosed:
    """Enclose g, of shape ``(B, N)``."""
    B = len(theta.mid)
    a = p.slope if v is None else p.slope * part(v, (slice(None), slice(land.units), None))
    inner = a * eps @ land.inputs
    found = Enclosed(inner.mid.reshape(B, -1), inner.rad.reshape(B, -1))
    if v is None:
        return found + theta * land.rates
    outer = part(p.phi @ eps.T, (..., 0))
    return joined(found, outer, 1) + joined(theta, v, 1) * land.rates


def curvature(land: Landscape, p: Pass, eps: Enclosed, v: Enclosed | None) -> tuple[Enclosed, Enclosed]:
    """Enclose the second derivatives of ``L``, by the weights twice, of shape ``(B, N, N)``, and by the weights and ε, ``(B, N, T)``, over boxes of θ, ε and v.

    These are ``Σ_i ε_i v_k σ''_k x̃x̃ᵀ`` for ``θ_k`` twice, ``Σ_i ε_i σ'_k x̃`` for ``θ_k, v_k``, and Λ; ``v_k σ'_k x̃`` and φ. For a neuron v is 1.
    """
    B, (T, m), N, inner = len(p.phi.mid), land.inputs.mid.shape, len(land.rates.mid), land.inner
    v_inner = exactly(np.ones((1, 1, 1))) if v is None else part(v, (slice(None), slice(land.units), None))
    outer = part(land.inputs, (..., None)) * part(land.inputs, (slice(None), None))
    turn = p.bend * v_inner * eps @ Enclosed(outer.mid.reshape(T, -1), outer.rad.reshape(T, -1))
    lean, a = p.slope * eps @ land.inputs, part(p.slope * v_inner, (slice(None), slice(None), None)) * land.inputs.T
    mid, rad = np.zeros((B, N, N)), np.zeros((B, N, N))
    for whole, bent, leant in ((mid, turn.mid, lean.mid), (rad, turn.rad, lean.rad)):
        for k in range(inner // m):
            rows = slice(k * m, k * m + m)
            whole[:, rows, rows] = bent[:, k].reshape(B, m, m)
            if v is not None:
                whole[:, rows, inner + k] = whole[:, inner + k, rows] = leant[:, k]
    mixed = Enclosed(a.mid.reshape(B, inner, T), a.rad.reshape(B, inner, T))
    return Enclosed(mid, rad) + exactly(np.eye(N)) * land.rates, mixed if v is None else joined(mixed, p.phi, 1)


def hessian(land: Landscape, p: Pass, eps: Enclosed, v: Enclosed | None) -> Enclosed:
    """Enclose the Hessian, of shape ``(B, N, N)``, where θ and v are in boxes and the residuals are in those of ε: ``L_ww + L_wε L_εw``."""
    L, mixed = curvature(land, p, eps, v)
    return L + mixed @ mixed.T


def system(land: Landscape, p: Pass, eps: Enclosed, v: Enclosed) -> Enclosed:
    """Enclose the Hessian of ``L``, by θ, v and ε, of shape ``(B, N + T, N + T)``."""
    (L, mixed), T = curvature(land, p, eps, v), eps.mid.shape[-1]
    return joined(joined(L, mixed, 2), joined(mixed.T, exactly(np.tile(-np.eye(T), (len(L.mid), 1, 1))), 2), 1)


def outputs(land: Landscape, theta: Enclosed, p: Pass, prior: Array) -> tuple[Enclosed, Enclosed]:
    """Enclose v and ε at critical points with θ in boxes, where ``|(v, ε)| ≤ prior`` at all of them; every Λ must be positive. See the head of this file."""
    centre, inner, (N, every) = exactly(theta.mid), land.inner, (len(land.rates.mid), slice(None))
    at = activations(land, centre)
    A = at.phi.mid @ at.phi.T.mid + np.diag(land.rates.mid[inner:])
    v = exactly((inverse(A) @ (at.phi.mid @ land.targets.mid))[..., 0])
    there = residuals(land, at, v)
    eps = exactly(there.mid)
    g = joined(part(gradient(land, centre, at, eps, v), (every, slice(inner, N))), part(there + minus(eps), (every, 0)), 1)
    S = part(system(land, p, eps, v), (every, slice(inner, None)))
    C = exactly(inverse(S.mid[..., inner:]))
    size = reach(C @ part(g, (..., None)))[..., 0] + (reach(C @ part(S, (..., slice(inner)))) @ theta.rad[..., None])[..., 0]
    off = reach(exactly(np.eye(S.mid.shape[1])) + minus(C @ part(S, (..., slice(inner, None)))))
    start = joined(v, part(eps, (every, 0)), 1).mid
    rad = ENLARGE * (prior + np.abs(start))
    for _ in range(_SWEEPS):
        rad = np.minimum(rad, ENLARGE * (size + (off @ rad[..., None])[..., 0]))
    found = Enclosed(start, rad)
    return part(found, (every, slice(N - inner))), part(found, (every, None, slice(N - inner, None)))
