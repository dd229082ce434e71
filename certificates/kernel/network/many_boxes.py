r"""The gradient g and the Hessian of ``T J`` over many boxes of weights at once, in double precision: a neuron, or one hidden layer and identity output.

The output is one number, σ is `Logistic` or in a `Table`, the error is squared. With ``Λ = T λ``, ``T J = ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``. The weights ``θ_k``
of unit k, from ``x̃_i``, come before the output weights v: ``z_ik = θ_k·x̃_i``, ``φ_ik = σ(z_ik)``, 1 for the output bias, ``ε = Σ_k v_k φ_k − y``; for a
neuron ``ε = φ − y``, and v is None. `Enclosed` arrays, u, and what the factor ENLARGE and the summand TINY cover, are those of `doubles`. All arrays have
the boxes last: with n units (1 for a neuron), l output weights, m inputs and T samples θ has the shape ``(n, m, B)``, φ ``(l, T, B)``, or ``(1, T, B)``,
``σ'`` and ``σ''`` ``(n, T, B)``, ε ``(T, B)``, and v ``(l, B)``.

*Outputs.* Critical points, with their ε, are those of ``L = Σ_i ε_i (Σ_l v_l φ_il − y_i) − ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``, as ``L_ε = 0`` says what ε is, and
then ``L_w = g_w``; so the Hessian of ``T J`` is ``L_ww + L_wε L_εw``. Write ``u = (v, ε)``. ``L_u`` is affine in u, with a matrix ``M = [[Λ, Φ], [Φᵀ,
−I]]``. For any ``u_0``, C and ``δ = u − u_0``: ``δ = −C L_u(θ, u_0) + (I − C M(θ)) δ``. In a box around m with radii ρ, by mean values of ``C L_u(·, u_0)``
from m to θ, ``|δ| ≤ s + O|δ|`` for ``s = |C L_u(m, u_0)| + |C L_uθ(·, u_0)| ρ`` and ``O = |I − C M|``. With doubles A and Φ, the midpoint of that over the
box, let ``G = AΦ`` and ``C = [[A, G], [ΦᵀA, P]]``, ``P = ΦᵀG − I``. Then ``C(a, b) = (t, Φᵀt − b)`` with ``t = A(a + Φb)``; and C times the M of Φ is ``I +
[[E, 0], [ΦᵀE, 0]]`` with ``E = A(Λ + ΦΦᵀ) − I``. So with the radii R of Φ and ``p = R|δ_ε|``

    ``|δ_v| ≤ s_v + (|E| + |G|Rᵀ)|δ_v| + |A| p``,  ``|δ_ε| ≤ s_ε + (|Φ|ᵀ|E| + |P|Rᵀ)|δ_v| + |AΦ|ᵀ p``

(of A symmetric; in general ``|ΦᵀA|`` stands for the last matrix). R times the second line makes this a system ``d ≤ s + Od`` of ``d = (|δ_v|, p)``, on the
right of which any bound of d may stand. If ``x > 0`` and ``x > s + O x``, then ``d ≤ x``: else ``d ≤ c x`` for a least ``c > 1``, but ``d ≤ s + c O x ≤ c (s
+ O x) < c x``.

*Mean values.* If ``L_w`` and ``L_ε`` vanish at a point of the box, ``0 = (L_θ − NᵀL_u)(m, u_0) + (L_θθ − NᵀL_uθ)(θ − m) + (L_θu − NᵀM) δ`` for any N, with
means of the second derivatives over the box. N is the midpoint of ``C L_uθ``, which makes the last bracket small.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, TINY, DoubleRing, Enclosed, exactly, gamma, hull, joined, product
from lossproof.certificates.kernel.arithmetic.logistic import Logistic
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.arithmetic.tables import Table
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.functions.activations import Activation
from lossproof.theory.limits import MAX_BALANCED


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
    """φ, ``σ'`` and ``σ''``."""

    phi: Enclosed
    slope: Enclosed
    bend: Enclosed


class Followed(NamedTuple):
    """v and ε, the N of the head of this file, of shape ``(l + T, n m, B)``, and ``L_w`` and ``L_ε`` at ``(m, u_0)``, of shape ``(N + T, B)``."""

    v: Enclosed
    eps: Enclosed
    follow: Enclosed
    slopes: Enclosed


def landscape(work: Work, problem: Problem, widest: Array) -> Landscape:
    """Return the arrays of a problem, for ``θ_k`` with ``|w| ≤ widest``, of shape ``(m,)``; the precision of doubles must be in force."""
    ring, n = DoubleRing(work), problem.widths[1] if problem.L == 2 else 0
    rates = [rate * problem.T for rate in problem.rates] or [fmpq(0)] * problem.N_net
    inputs, targets = ring.array(problem.inputs), ring.array(problem.Y)
    sigma = problem.activation if n else problem.output_activation
    form, farthest = sigma.logistic, float(np.max(inputs.reach @ widest)) * ENLARGE**8 + 2.0**-300
    curve = Table(work, sigma, farthest) if form is None else Logistic(work, int(form.low), int(form.rate))
    return Landscape(inputs, targets, ring.array([rates])[0], n, problem.bias_rows_of(1), sigma, curve, np.array(problem.firsts()))


def inverse(A: Array, shift: float = 0.0) -> Array:
    """Return approximate inverses of matrices, given by the first two axes, any matrix if one is singular; raises `LinAlgError`, which rejects the step."""
    size, eye = np.abs(A).max(axis=(0, 1)), np.eye(len(A))
    shifted = np.moveaxis(A, (0, 1), (-2, -1)) + eye * (shift * size + TINY)[..., None, None]
    return np.ascontiguousarray(np.moveaxis(np.linalg.inv(shifted), (-2, -1), (0, 1)))


def weights(land: Landscape, W: Enclosed) -> tuple[Enclosed, Enclosed | None]:
    """Return θ and v of weights, of shape ``(N, B)``; v is None for a neuron, and may lack."""
    theta = W[: land.inner].reshape(max(land.units, 1), land.inputs.mid.shape[1], -1)
    return theta, W[land.inner :] if land.units else None


def row_of(land: Landscape, theta: Enclosed, v: Enclosed | None) -> Enclosed:
    """Return the weights of θ and v, of shape ``(N, B)``, the inverse of `weights`."""
    W = theta.reshape(land.inner, -1)
    return W if v is None else joined(W, v)


def activations(land: Landscape, theta: Enclosed) -> Pass:
    """Enclose the activations over boxes of θ."""
    phi, slope, bend = land.curve.over(*product("ia,kab->kib", land.inputs, theta).ends)
    if land.units and land.bias:
        phi = joined(phi, exactly(np.ones_like(phi.mid[:1])))
    return Pass(phi, slope, bend)


def residuals(land: Landscape, p: Pass, v: Enclosed | None) -> Enclosed:
    """Enclose ε."""
    return (p.phi[0] if v is None else product("lib,lb->ib", p.phi, v)) - land.targets


def _times(land: Landscape, x: Enclosed, v: Enclosed | None) -> Enclosed:
    return x if v is None else x * v[: land.units, None]


def gradient(land: Landscape, theta: Enclosed, p: Pass, eps: Enclosed, v: Enclosed | None) -> Enclosed:
    """Enclose g, or ``L_w`` for an ε that is not that of v, of shape ``(N, B)``."""
    found = product("ia,kib->kab", land.inputs, _times(land, p.slope * eps, v)).reshape(land.inner, -1)
    if v is not None:
        found = joined(found, product("lib,ib->lb", p.phi, eps))
    return found + row_of(land, theta, v) * land.rates[..., None]


def relative_gradient(land: Landscape, curve: Logistic, theta: Enclosed, phi: Enclosed, eps: Enclosed) -> Enclosed:
    r"""Enclose g of a neuron without decay, and ``g_j x̃_rp − g_p x̃_rj``, each divided by a positive function of θ, of shape ``(2m, B)``.

    So signs are seen where all samples are saturated. With any signs ``s_i`` and ``a_i = s_i x̃_i``, ``σ'(z_i) = k² e^{−k a_i·θ} q_i²`` with ``q_i = 1/(1 +
    e^{−k a_i·θ})``: for ``s_i = 1`` that is ``(σ − low)/k``, else 1 less that. `_weights` encloses the exponentials, divided by a common function. The term of
    one r, which may be any, is not in ``g_j x̃_rp − g_p x̃_rj``: its terms have the factors ``x̃_ij x̃_rp − x̃_ip x̃_rj``, 0 for equal rows.
    """
    x, T = land.inputs, len(land.inputs.mid)
    z = np.einsum("ia,kab->ib", x.mid, theta.mid)
    a, none = exactly(np.where(z >= 0, 1.0, -1.0)[:, None]) * x[..., None], np.broadcast_to(~x.reach.any(axis=1, keepdims=True), z.shape)
    s = exactly(1 / curve.k) * (phi[0] + exactly(-curve.low))
    q = Enclosed(np.where(z >= 0, s.mid, 1 - s.mid), s.rad + gamma(1))
    terms, (weights, r) = q * q * eps, _weights(curve, a, theta, z, none)
    found = product("ib,ia->ab", weights * terms, x)
    if T > MAX_BALANCED:
        return found
    same = np.asarray(land.kinds == land.kinds[:, None])
    others, pivots = _weights(curve, a, theta, z, same[r].T | none)[0], np.abs(x.mid).argmax(axis=1)
    minors = x * x[np.arange(T), pivots, None, None] - (x[:, pivots].T[..., None] * x[:, None])
    minors = Enclosed(*(np.where(same[..., None], 0.0, sizes) for sizes in (minors.mid, minors.rad)))
    return joined(found, product("ib,bia->ab", others * terms, minors[r]))


def _weights(curve: Logistic, a: Enclosed, theta: Enclosed, z: Array, skipped: Array) -> tuple[Enclosed, Array]:
    """Enclose ``e^{−k a_i·θ}/e^{−k a_r·θ − c}``, and return r, with the least ``|z|`` of samples that are not skipped; nothing is said of those that are.

    The exponents are ``−y_i`` with ``y_i = k (a_i − a_r)·θ − c``, and c is no more than the least of ``k (a_i − a_r)·θ``, so that ``y_i ≥ 0``.
    """
    r = np.where(skipped, np.inf, np.abs(z) * (1 + 2.0**-40 * np.arange(len(z))[:, None])).argmin(axis=0)  # the first of equal ones
    apart = exactly(curve.k) * product("iab,kab->ib", a - a[r, :, np.arange(len(r))].T, theta)
    least = np.where(skipped, np.inf, apart.ends[0]).min(axis=0)
    least = np.where(skipped.all(axis=0), 0.0, least)
    near, far = (curve.exponential(np.maximum(end, 0)) for end in (apart + exactly(-least)).ends)
    return hull(far.mid - far.rad, near.mid + near.rad), r


def mixed(land: Landscape, p: Pass, eps: Enclosed, v: Enclosed | None) -> Enclosed:
    """Enclose ``L_uθ``, of shape ``(l + T, n m, B)``, of a neuron ``L_εθ``: ``Σ_i ε_i σ'_k x̃`` for ``v_k, θ_k``, and ``v_k σ'_k x̃_i`` for ``ε_i, θ_k``."""
    moved = product("ia,kib->ikab", land.inputs, _times(land, p.slope, v)).reshape(len(land.targets.mid), land.inner, -1)
    if v is None:
        return moved
    lean = product("ia,kib->kab", land.inputs, p.slope * eps)
    own = np.zeros((2, len(v.mid), *lean.mid.shape))
    own[:, range(land.units), range(land.units)] = lean.mid, lean.rad
    return joined(Enclosed(*own).reshape(len(v.mid), land.inner, -1), moved)


def turned(land: Landscape, p: Pass, eps: Enclosed, v: Enclosed | None) -> Enclosed:
    """Enclose ``L_θθ``, of shape ``(n m, n m, B)``: ``Σ_i ε_i v_k σ''_k x̃x̃ᵀ`` for ``θ_k`` twice, and Λ."""
    (T, m), n, inner = land.inputs.mid.shape, len(p.bend.mid), land.inner
    outer = (land.inputs[..., None] * land.inputs[:, None]).reshape(T, m * m)
    blocks = product("iq,kib->kqb", outer, _times(land, p.bend * eps, v)).reshape(n, m, m, -1)
    placed = np.zeros((2, n, m, n, m, blocks.mid.shape[-1]))
    placed[:, range(n), :, range(n)] = np.swapaxes([blocks.mid, blocks.rad], 0, 1)
    return Enclosed(*placed).reshape(inner, inner, -1) + _diagonal(land.rates[:inner])


def _diagonal(rates: Enclosed) -> Enclosed:
    return exactly(np.eye(len(rates.mid))[..., None]) * rates[..., None, None]


def hessian(land: Landscape, p: Pass, eps: Enclosed, v: Enclosed | None) -> Enclosed:
    """Enclose the Hessian, of shape ``(N, N, B)``, where θ and v are in boxes and the residuals are in those of ε: ``L_ww + L_wε L_εw``."""
    to_u, l = mixed(land, p, eps, v), 0 if v is None else len(v.mid)
    rates = _diagonal(land.rates[land.inner :]) + exactly(np.zeros(to_u.mid.shape[-1]))
    L = joined(joined(turned(land, p, eps, v), _swapped(to_u[:l]), axis=1), joined(to_u[:l], rates, axis=1))
    to_eps = joined(to_u[l:], _swapped(p.phi[:l]), axis=1)
    return L + product("iab,icb->acb", to_eps, to_eps)


def _swapped(x: Enclosed) -> Enclosed:
    return Enclosed(np.swapaxes(x.mid, 0, 1), np.swapaxes(x.rad, 0, 1))


def _normal(land: Landscape, phi: Enclosed) -> Enclosed:
    """Enclose ``ΦΦᵀ + Λ``."""
    return product("jib,kib->jkb", phi, phi) + _diagonal(land.rates[land.inner :])


def outputs(land: Landscape, theta: Enclosed, p: Pass, prior: Array) -> Followed:
    """Enclose v and ε at critical points with θ in boxes, where ``|(v, ε)| ≤ prior`` at all of them; every Λ must be positive. See the head of this file."""
    (l, T, _), n, inner, centre = p.phi.mid.shape, land.units, land.inner, exactly(theta.mid)
    at = activations(land, centre)
    S, b = _normal(land, at.phi).mid, np.einsum("kib,ic->kb", at.phi.mid, land.targets.mid)
    regular = 1 + 2.0**-52 * np.eye(l)[..., None]  # for rows that agree, each on its own scale
    B = inverse(S * regular)
    v = np.einsum("jkb,kb->jb", B, b)
    v += np.einsum("jkb,kb->jb", B, b - np.einsum("jkb,kb->jb", S, v))  # a step for what B leaves over
    there = residuals(land, at, exactly(v))
    eps = there.mid
    slopes = joined(gradient(land, centre, at, exactly(eps), exactly(v)), there + exactly(-eps))

    phi = exactly(p.phi.mid)
    normal = _normal(land, phi)
    A = exactly(inverse(normal.mid * regular))
    to_u = joined(mixed(land, p, exactly(eps), exactly(v)), slopes[inner:, None], axis=1)
    a, b = exactly(to_u.mid[:l]), exactly(to_u.mid[l:])
    t = product("jlb,lcb->jcb", A, a + product("lib,icb->lcb", phi, b))
    moved = joined(t, product("lib,lcb->icb", phi, t) - b)
    G, H, off = (
        product("jlb,lib->jib", A, phi),
        product("lib,lkb->ikb", phi, A),
        product("jlb,lkb->jkb", A, normal) + exactly(-np.eye(l)[..., None]),
    )
    P = np.abs(np.einsum("lib,ljb->ijb", phi.mid, G.mid) - np.eye(T)[..., None])
    rho, size = np.concatenate([theta.rad.reshape(inner, -1), np.ones((1, len(v[0])))]), np.abs(phi.mid)
    q = np.einsum("qcb,cb->qb", to_u.rad, rho)
    X = np.concatenate([q[None, l:], p.phi.rad])
    beside, lost = (np.einsum("ljb,kjb->lkb", x, X) for x in (G.reach, G.rad + gamma(l + 2) * np.abs(G.mid)))
    below = np.einsum("ijb,kjb->ikb", P, X) + np.einsum("lib,lkb->ikb", size, lost)
    CX, CA = np.concatenate([beside, below]), joined(A, H).reach
    s = np.einsum("rcb,cb->rb", moved.reach, rho) + np.einsum("rqb,qb->rb", CA, q[:l]) + CX[:, 0] + TINY

    E, R, bound = off.reach, p.phi.rad[:n], prior[:, None] + np.abs(np.concatenate([v, eps]))
    K = CX[:, 1:] + np.concatenate([E, np.einsum("lib,lkb->ikb", size, E)])
    K = ENLARGE**4 * np.concatenate([K, CA[:, :n]], axis=1)
    O, first, d = (np.concatenate([x[:l], ENLARGE * np.einsum("kib,i...b->k...b", R, x[l:])]) + TINY for x in (K, ENLARGE**4 * s, bound))
    x = np.einsum("jkb,kb->jb", inverse(np.eye(l + n)[..., None] - ENLARGE * O), ENLARGE * first)
    seen = ((x > 0) & (x > first + np.einsum("jkb,kb->jb", O, x))).all(axis=0)
    d = np.where(seen, np.minimum(d, x), d)
    rad = np.minimum(ENLARGE * bound, ENLARGE**4 * s + np.einsum("rkb,kb->rb", K, d))
    return Followed(Enclosed(v, rad[:l]), Enclosed(eps, rad[l:]), exactly(moved.mid[:, :inner]), slopes)


def excluded(land: Landscape, theta: Enclosed, p: Pass, u: Followed) -> Array:
    """Tell for each box whether mean values with N exclude critical points."""
    inner, l, phi = land.inner, len(p.phi.mid), p.phi
    N_v, N_eps, to_u = u.follow[:l], u.follow[l:], mixed(land, p, u.eps, u.v)
    value = u.slopes[:inner] - product("rcb,rb->cb", u.follow, u.slopes[inner:])
    H = turned(land, p, u.eps, u.v) - product("rcb,rdb->cdb", u.follow, to_u)
    across = land.rates[inner:, None, None] * N_v + product("icb,lib->lcb", N_eps, phi)
    down = product("lcb,lib->icb", N_v, phi) - N_eps
    left = (to_u - joined(across, down)).reach
    most = np.einsum("cdb,db->cb", H.reach, theta.rad.reshape(inner, -1))
    most += np.einsum("rcb,rb->cb", left, np.concatenate([u.v.rad, u.eps.rad]))
    return np.asarray((np.abs(value.mid) - value.rad > ENLARGE * most).any(axis=0))
