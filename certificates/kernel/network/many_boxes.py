r"""The gradient g and the Hessian of ``T J`` over many boxes of weights at once, in double precision: a neuron, or one hidden layer and identity output.

The output is one number, σ is `Logistic` or in a `Table`, the error is squared. With ``Λ = T λ``, ``T J = ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``. The weights ``θ_k``
of unit k, from ``x̃_i``, come before the output weights v: ``z_ik = θ_k·x̃_i``, ``φ_ik = σ(z_ik)``, 1 for the output bias, ``ε = Σ_k v_k φ_k − y``; for a
neuron ``ε = φ − y``. `Enclosed` arrays, u, and what the factor ENLARGE and the summand TINY cover, are those of `doubles`. All arrays have the boxes first.

*Outputs.* Critical points, with their ε, are those of ``L = Σ_i ε_i (Σ_l v_l φ_il − y_i) − ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``, as ``L_ε = 0`` says what ε is, and
then ``L_w = g_w``; so the Hessian of ``T J`` is ``L_ww + L_wε L_εw``. Write ``u = (v, ε)``. ``L_u`` is affine in u, with a matrix ``M = [[Λ, Φ], [Φᵀ,
−I]]``. For any ``u_0``, C and ``δ = u − u_0``: ``δ = −C L_u(θ, u_0) + (I − C M(θ)) δ``. In a box around m with radii ρ, by mean values of ``C L_u(·, u_0)``
from m to θ, ``|δ| ≤ s + O|δ|`` for ``s = |C L_u(m, u_0)| + |C L_uθ(·, u_0)| ρ`` and ``O = |I − C M|``, on the right of which any bound of ``|δ|`` may stand. If
``x > 0`` and ``x > s + O x``, then ``|δ| ≤ x``: else ``|δ| ≤ c x`` for a least ``c > 1``, but ``|δ| ≤ s + c O x ≤ c (s + O x) < c x``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.doubles import (
    ENLARGE,
    TINY,
    UNIT,
    DoubleRing,
    Enclosed,
    ends,
    exactly,
    hull,
    minus,
    part,
    reach,
)
from lossproof.certificates.kernel.arithmetic.logistic import Logistic
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.arithmetic.tables import Table
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.functions.activations import Activation
from lossproof.theory.limits import MAX_BALANCED

_SWEEPS = 8


class Landscape(NamedTuple):
    """``x̃`` of shape ``(T, m)``, y of shape ``(T, 1)``, Λ of shape ``(N,)``, the hidden units, 0 for a neuron, whether there are biases, and σ.

    ``kinds`` are numbers of the samples, equal for equal ``x̃_i``.
    """

    inputs: Enclosed
    targets: Enclosed
    rates: Enclosed
    units: int
    bias: int
    activation: Activation
    curve: Logistic | Table
    kinds: Array

    @property
    def inner(self) -> int:
        """The number of weights of all θ."""
        return int(max(self.units, 1) * self.inputs.mid.shape[1])

    @property
    def odd(self) -> bool:
        """Whether ``σ(−z) = −σ(z)``, so that a change of all signs of a unit changes no output."""
        return self.activation.reflection == (-1, 0, 0)


class Pass(NamedTuple):
    """``φ`` of shape ``(B, n_v, T)``, ``(B, 1, T)`` for a neuron, ``σ'`` and ``σ''`` of shape ``(B, n, T)``."""

    phi: Enclosed
    slope: Enclosed
    bend: Enclosed


def landscape(work: Work, problem: Problem, widest: Array) -> Landscape:
    """Return the arrays of a problem, for ``θ_k`` with ``|w| ≤ widest``, of shape ``(m,)``; the precision of doubles must be in force."""
    ring, n = DoubleRing(work), problem.widths[1] if problem.L == 2 else 0
    rates = [rate * problem.T for rate in problem.rates] or [fmpq(0)] * problem.N_net
    inputs, targets = ring.array(problem.inputs), ring.array(problem.Y)
    sigma = problem.activation if n else problem.output_activation
    form, farthest = sigma.logistic, float(np.max(reach(inputs) @ widest)) * ENLARGE**8 + 2.0**-300
    curve = Table(work, sigma, farthest) if form is None else Logistic(work, int(form.low), int(form.rate))
    return Landscape(inputs, targets, part(ring.array([rates]), 0), n, problem.bias_rows_of(1), sigma, curve, np.array(problem.firsts()))


def joined(x: Enclosed, y: Enclosed, axis: int) -> Enclosed:
    """Return two arrays side by side."""
    return Enclosed(np.concatenate([x.mid, y.mid], axis=axis), np.concatenate([x.rad, y.rad], axis=axis))


def inverse(A: Array, shift: float = 2.0**-32, onto: Array | None = None) -> Array:
    """Return an approximate inverse of each matrix, times another if given, any matrix if it is far from one; raises `LinAlgError`, which rejects the step."""
    size, eye = np.abs(A).max(axis=(-1, -2), keepdims=True), np.eye(A.shape[-1])
    return np.asarray(np.linalg.solve(A + eye * (shift * size + TINY), eye if onto is None else onto))


def activations(land: Landscape, theta: Enclosed) -> Pass:
    """Enclose the activations over boxes of θ, of shape ``(B, n m)``."""
    m = land.inputs.mid.shape[1]
    z = Enclosed(theta.mid.reshape(len(theta.mid), -1, m), theta.rad.reshape(len(theta.rad), -1, m)) @ land.inputs.T
    phi, slope, bend = land.curve.over(*ends(z))
    if land.units and land.bias:
        phi = joined(phi, exactly(np.ones_like(phi.mid[:, :1])), 1)
    return Pass(phi, slope, bend)


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


def relative_gradient(land: Landscape, curve: Logistic, theta: Enclosed, phi: Enclosed, eps: Enclosed) -> Enclosed:
    r"""Enclose g of a neuron without decay, and ``g_j x̃_rp − g_p x̃_rj``, each divided by a positive function of θ, of shape ``(B, 2m)``.

    So signs are seen where all samples are saturated. With any signs ``s_i`` and ``a_i = s_i x̃_i``, ``σ'(z_i) = k² e^{−k a_i·θ} q_i²`` with ``q_i = 1/(1 +
    e^{−k a_i·θ})``: for ``s_i = 1`` that is ``(σ − low)/k``, else 1 less that. `_weights` encloses the exponentials, divided by a common function. The term of
    one r, which may be any, is not in ``g_j x̃_rp − g_p x̃_rj``: its terms have the factors ``x̃_ij x̃_rp − x̃_ip x̃_rj``, 0 for equal rows.
    """
    x, T = land.inputs, len(land.inputs.mid)
    z = theta.mid @ x.mid.T
    a, none = exactly(np.where(z >= 0, 1.0, -1.0)[..., None]) * x, np.broadcast_to(~reach(x).any(axis=1), z.shape)
    s = exactly(1 / curve.k) * (part(phi, (slice(None), 0)) + exactly(-curve.low))
    q = Enclosed(np.where(z >= 0, s.mid, 1 - s.mid), s.rad + UNIT)
    terms, (weights, r) = q * q * part(eps, (slice(None), 0)), _weights(curve, a, theta, z, none)
    if T > MAX_BALANCED:
        return weights * terms @ x
    same = land.kinds == land.kinds[:, None]
    others, pivots = _weights(curve, a, theta, z, same[r] | none)[0], np.abs(x.mid).argmax(axis=1)
    minors = x * part(x, (np.arange(T), pivots, None, None)) + minus(
        part(part(x, (slice(None), pivots)).T, (..., None)) * part(x, (slice(None), None))
    )
    minors = Enclosed(*(np.where(same[..., None], 0.0, sizes) for sizes in (minors.mid, minors.rad)))
    return joined(weights * terms @ x, part(part(others * terms, (slice(None), None)) @ part(minors, r), (slice(None), 0)), 1)


def _weights(curve: Logistic, a: Enclosed, theta: Enclosed, z: Array, skipped: Array) -> tuple[Enclosed, Array]:
    """Enclose ``e^{−k a_i·θ}/e^{−k a_r·θ − c}``, and return r, with the least ``|z|`` of samples that are not skipped; nothing is said of those that are.

    The exponents are ``−y_i`` with ``y_i = k (a_i − a_r)·θ − c``, and c is no more than the least of ``k (a_i − a_r)·θ``, so that ``y_i ≥ 0``.
    """
    r = np.where(skipped, np.inf, np.abs(z)).argmin(axis=1)
    apart = part(exactly(curve.k) * ((a + minus(part(a, (np.arange(len(z)), r, None)))) @ part(theta, (..., None))), (..., 0))
    least = np.where(skipped, np.inf, ends(apart)[0]).min(axis=1, keepdims=True)
    least = np.where(skipped.all(axis=1, keepdims=True), 0.0, least)
    near, far = (curve.exponential(np.maximum(end, 0)) for end in ends(apart + exactly(-least)))
    return hull(far.mid - far.rad, near.mid + near.rad), r


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
    L, mixed = curvature(land, p, eps, v)
    eye = np.tile(np.eye(eps.mid.shape[2]), (len(L.mid), 1, 1))
    mid, rad = (np.block([[x, y], [np.swapaxes(y, 1, 2), z]]) for x, y, z in ((L.mid, mixed.mid, -eye), (L.rad, mixed.rad, 0 * eye)))
    return Enclosed(mid, rad)


def followed(land: Landscape, phi: Array) -> Array:
    """Return an approximate inverse of the matrix M of the head of this file at some Φ: with ``A = (ΦΦᵀ + Λ)⁻¹`` it is ``[[A, AΦ], [ΦᵀA, ΦᵀAΦ − I]]``."""
    turned = np.swapaxes(phi, 1, 2)
    A = inverse(phi @ turned + np.diag(land.rates.mid[land.inner :]), 2.0**-52)
    G = A @ phi
    return np.block([[A, G], [np.swapaxes(G, 1, 2), turned @ G - np.eye(phi.shape[2])]])


def outputs(land: Landscape, theta: Enclosed, p: Pass, prior: Array) -> tuple[Enclosed, Enclosed]:
    """Enclose v and ε at critical points with θ in boxes, where ``|(v, ε)| ≤ prior`` at all of them; every Λ must be positive. See the head of this file."""
    centre, inner, (N, every) = exactly(theta.mid), land.inner, (len(land.rates.mid), slice(None))
    at = activations(land, centre)
    A = at.phi.mid @ at.phi.T.mid + np.diag(land.rates.mid[inner:])
    B, b = inverse(A, 2.0**-52), at.phi.mid @ land.targets.mid
    v = exactly((B @ (2 * b - A @ (B @ b)))[..., 0])  # with a step for what B leaves over
    there = residuals(land, at, v)
    eps = exactly(there.mid)
    g = joined(part(at.phi @ eps.T, (..., 0)) + v * part(land.rates, slice(inner, None)), part(there + minus(eps), (every, 0)), 1)
    S = part(system(land, p, eps, v), (every, slice(inner, None)))
    C = exactly(followed(land, p.phi.mid))
    size = reach(C @ part(g, (..., None)))[..., 0] + (reach(C @ part(S, (..., slice(inner)))) @ theta.rad[..., None])[..., 0]
    off = reach(exactly(np.eye(S.mid.shape[1])) + minus(C @ part(S, (..., slice(inner, None)))))
    start = joined(v, part(eps, (every, 0)), 1).mid
    rad = ENLARGE * (prior + np.abs(start))
    whole = np.eye(S.mid.shape[1]) - ENLARGE**4 * off
    x = inverse(whole, 2.0**-52, ENLARGE**4 * size[..., None])[..., 0]  # a larger shift may leave x < s + O x
    seen = (x > 0) & (x > ENLARGE * (size + (off @ x[..., None])[..., 0]))
    rad = np.where(seen.all(axis=1, keepdims=True), np.minimum(rad, x), rad)
    for _ in range(_SWEEPS):
        rad = np.minimum(rad, ENLARGE * (size + (off @ rad[..., None])[..., 0]))
    found = Enclosed(start, rad)
    return part(found, (every, slice(N - inner))), part(found, (every, None, slice(N - inner, None)))
