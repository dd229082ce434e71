r"""Boxes of θ where all rates are positive, so that the output weights v and the residuals ε follow by a ridge regression: many boxes at once.

All arrays have the boxes last, so that every operation runs over them without a break: with ``n`` units, ``l`` output weights, ``m`` inputs and ``T`` samples
θ has the shape ``(n, m, B)``, φ ``(l, T, B)``, σ' and σ'' ``(n, T, B)``. Nothing is proved by these: see the head of `enclosures`.

*Outputs.* Critical points, with their ε, are those of ``L = Σ_i ε_i (Σ_l v_l φ_il − y_i) − ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``. Let ``u = (v, ε)``, and
``M = [[Λ, Φ], [Φᵀ, −I]]``: ``L_u`` is affine in u, with the matrix M. With a matrix C and ``δ = u − u_0``, ``δ = −C L_u(θ, u_0) + (I − C M) δ``. Over a box
around m with radii ρ, by the mean value theorem ``|δ| ≤ s + O|δ|`` with ``s = |C L_u(m, u_0)| + |C L_uθ| ρ`` and ``O = |I − C M|``. On the right any bound of
``|δ|`` may stand. If ``x > 0`` and ``x > s + O x``, then ``|δ| ≤ x``: else ``|δ| ≤ c x`` for a least ``c > 1``, but ``|δ| ≤ s + c O x < c x``. C is the inverse
of M at the midpoint of Φ: with ``A = (ΦΦᵀ + Λ)⁻¹`` and ``G = AΦ`` it is ``[[A, G], [Gᵀ, ΦᵀG − I]]``, and ``O = |C| [[0, R], [Rᵀ, 0]]`` for the radii R of Φ.
With ``p = R δ_ε`` the equations are closed in ``(δ_v, p)`` for the hidden units, two numbers a unit: there x is the solution of ``x = s + O x``.

*Steep.* Let ``M_k = Σ_i s_ik² x̃x̃ᵀ`` with ``s_ik ≥ |σ'(z_ik)|`` over the box, d_k any vectors, and ``e ≥ |ε||v|`` over the box, v without the bias; ``e =
3√3|y|²/(16√Λ)`` will do. A critical point has ``Σ_w Λ_w θ_kw d_kw = −Σ_i ε_i v_k σ'(z_ik) x̃_i·d_k``, so with ``a_k = |Σ_w Λ_w θ_kw d_kw| / √(d_kᵀM_k d_k)``
(the least over the box), ``Σ_k a_k² = Σ_k a_k |Σ_i ε_i v_k σ' x̃_i·d_k|/√(d_kᵀ M_k d_k) ≤ |ε||v| |a|``: a box with ``|a| > e`` holds none. ``d_k`` is nearly
the solution of ``M_k d = Λθ_k`` at the midpoint.

*Mean value.* With ``Q = [I, −N]``, ``N = L_θu C``, a critical point of the box has ``0 = Q L_w(m) + Q H (W − m)`` for an H of the enclosed Hessian of L by θ
and u. ``N = [N_v, N_ε]`` with ``N_v = (L_θv + L_θε Φᵀ) A`` and ``N_ε = N_v Φ − L_θε``, and ``L_θu − N M`` is 0 at the midpoints: there only radii are left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.curves import curve_of
from lossproof.numerics.complete.enclosures import WIDER, Ball, Indices, inverse
from lossproof.numerics.complete.landscape import Landscape

MARGIN = 1 + 2.0**-10
"""What a test must hold by, as rounding is left out here."""

_LEAST, _FLUSHED, _SMOOTH, _ENLARGED = 2.0**-80, 2.0**-580, 2.0**-16, 1 + 2.0**-16
_ROUNDING, _LOST, _FLOOR, _OFF = 2.0**-42, 2.0**-46, 0.05, 2.0**-4  # a value is off by _OFF _ROUNDING, however small it is


class Hidden(NamedTuple):
    """Boxes of θ, the radii of ``z``, φ with ones for a bias, σ' and σ''."""

    theta: Ball
    spread: Floats
    phi: Ball
    slope: Ball
    bend: Ball

    def part(self, index: Indices) -> Hidden:
        """Return some of the boxes, by their numbers."""
        return Hidden(_some(self.theta, index), self.spread.take(index, -1), *(_some(x, index) for x in self[2:]))


class Followed(NamedTuple):
    """v and ε of critical points, of shape ``(l, B)`` and ``(T, B)``, the N of the head of this module, and φ and σ' at the midpoints of θ.

    ``N_v`` has the shape ``(l, n, m, B)``, ``N_ε`` ``(n, m, T, B)``.
    """

    v: Ball
    eps: Ball
    N_v: Floats
    N_eps: Floats
    phi: Floats
    slope: Floats

    def part(self, index: Indices) -> Followed:
        """Return some of the boxes, by their numbers."""
        return Followed(_some(self.v, index), _some(self.eps, index), *(x.take(index, -1) for x in self[2:]))


class MeanValue(NamedTuple):
    """The reduced Hessian ``H_θθ − N L_uθ`` at the midpoints, the part of ``|Q H| ρ`` that comes from radii, ρ, and what each weight of θ adds."""

    mid: Floats
    radii: Floats
    rho: Floats
    shares: Floats

    def part(self, index: Indices) -> MeanValue:
        """Return some of the boxes, by their numbers."""
        return MeanValue(*(x.take(index, -1) for x in self))


def _some(x: Ball, index: Indices) -> Ball:
    return Ball(x.mid.take(index, -1), x.rad.take(index, -1))


def weights(box: Hidden, u: Followed) -> Ball:
    """Return all weights, the boxes first."""
    return Ball(*(np.vstack([*x.reshape(x.shape[0] * x.shape[1], x.shape[2]), v]).T for x, v in zip(box.theta, u.v, strict=True)))


def hidden_boxes(land: Landscape, lower: Floats, upper: Floats) -> Hidden:
    """Enclose the activations over boxes of θ, given by their ends, of shape ``(B, n m)``."""
    shape = land.units, land.inputs.shape[1], -1
    theta = Ball(((lower + upper) / 2).T.reshape(shape), ((upper - lower) / 2).T.reshape(shape))
    z, spread = np.einsum("ia,kab->kib", land.inputs, theta.mid), WIDER * np.einsum("ia,kab->kib", np.abs(land.inputs), theta.rad)
    phi, slope, bend = (Ball(*x) for x in curve_of(land.activation).over(z - spread, z + spread))
    return Hidden(theta, spread, Ball(_with_ones(land, phi.mid, 1), _with_ones(land, phi.rad, 0)), slope, bend)


def _with_ones(land: Landscape, phi: Floats, one: float) -> Floats:
    return np.concatenate([phi, np.full((land.biases, *phi.shape[1:]), float(one))])


def pull_of_decay(land: Landscape, box: Hidden) -> Floats:
    """Return the least ``|a|²`` of the first test over each box."""
    m = land.inputs.shape[1]
    squares = (land.inputs[:, :, None] * land.inputs[:, None, :]).reshape(-1, m * m)
    M = np.einsum("kib,iq->qkb", box.slope.reach**2, squares)
    M /= np.abs(M).max(axis=0) + _FLUSHED
    M = M.reshape(m, m, *M.shape[1:])
    rates = land.rates[: land.inner].reshape(land.units, m, 1)
    mid, rad = box.theta.mid * rates, box.theta.rad * rates
    d = np.einsum("cakb,kab->kcb", definite_inverse(M, _SMOOTH), mid)
    d /= np.abs(d).max(axis=1, keepdims=True) + _FLUSHED
    along = np.maximum((mid * d).sum(axis=1) - _ENLARGED * (rad * np.abs(d)).sum(axis=1), 0)
    x = np.einsum("ia,kab->kib", land.inputs, d)
    x *= box.slope.reach
    return np.asarray((along**2 / ((x * x).sum(axis=1) + _FLUSHED)).sum(axis=0))


def largest_push(land: Landscape, u: Followed | None = None) -> Floats:
    """Return a bound of ``|ε|²|v|²`` at critical points, or in boxes of v and ε."""
    least = np.float64(land.norm) ** 4 * 27 / (256 * land.rates[land.inner : land.inner + land.units].min())
    return np.asarray(least if u is None else np.fmin(least, (u.eps.reach**2).sum(axis=0) * (u.v.reach[: land.units] ** 2).sum(axis=0)))


def is_steep(pull: Floats, push: Floats) -> Floats:
    """Tell where the first test excludes critical points."""
    return np.asarray(pull > MARGIN * push + _LEAST)


def definite_inverse(A: Floats, shift: float = 0.0) -> Floats:
    """Return the inverses of positive definite matrices, given in the first two axes, by Gauss and Jordan; with a shift of their diagonals.

    >>> definite_inverse(np.array([[[4.0], [2.0]], [[2.0], [2.0]]]))[..., 0].tolist()
    [[0.5, -0.5], [-0.5, 1.0]]
    """
    X, every = A.copy(), range(len(A))
    X[every, every] += shift * np.abs(A).max(axis=(0, 1)) + _FLUSHED
    for k in every:
        pivot = 1 / X[k, k]
        row, column = X[k] * pivot, X[:, k].copy()
        X -= column[:, None] * row
        X[k], X[:, k] = row, -column * pivot
        X[k, k] = pivot
    return X


def outputs(land: Landscape, box: Hidden, bounds: Floats) -> Followed:
    """Enclose v and ε at critical points in boxes of θ, where ``|v| ≤ bounds`` at all of them."""
    n, rates, R = land.units, land.rates[land.inner :, None], box.phi.rad[: land.units]
    phi, slope, _ = curve_of(land.activation).at(np.einsum("ia,kab->kib", land.inputs, box.theta.mid))
    phi = _with_ones(land, phi, 1)
    A, v, eps = _regressed(land, phi), np.zeros((len(rates), phi.shape[2])), -land.targets[:, None]
    for _ in range(2):  # a second step, as the inverse is no better than the matrix is conditioned
        v = v - np.einsum("jkb,kb->jb", A, np.einsum("kib,ib->kb", phi, np.broadcast_to(eps, phi.shape[1:])) + rates * v)
        eps = np.einsum("kib,kb->ib", phi, v) - land.targets[:, None]
    A, middle = _regressed(land, box.phi.mid), box.phi.mid
    G = np.einsum("jkb,kib->jib", A, middle)
    P = np.einsum("kib,kjb->ijb", middle, G)
    P[range(len(P)), range(len(P))] -= 1
    lean, a, rho = box.slope.mid * eps, box.slope.mid * v[:n, None], box.theta.rad
    Y = np.einsum("kib,ia->kaib", a, land.inputs)
    moved = np.einsum("jib,kaib->jkab", G, Y)
    moved += A[:, :n, None] * np.einsum("kib,ia->kab", lean, land.inputs)
    below = np.einsum("jib,jkab->kaib", middle, moved)
    below -= Y
    size, A, G, P, wide = np.abs(middle), np.abs(A, out=A), np.abs(G, out=G), np.abs(P, out=P), box.slope.rad * box.spread
    about, beside = np.abs(np.einsum("kib,ib->kb", phi, eps) + rates * v), np.einsum("kib,kb->ib", wide, np.abs(v[:n]))
    about[:n] += np.einsum("kib,ib->kb", wide, np.abs(eps))
    rounded = np.einsum("kib,ib->kb", np.abs(phi) + _OFF, np.abs(eps)) + rates * np.abs(v)
    rounded += np.einsum("jib,ib->jb", size, (np.abs(a) * box.spread).sum(axis=0))
    rounded[:n] += (np.abs(lean) * box.spread).sum(axis=1)
    about += _ROUNDING * rounded
    rounded = _LOST * np.einsum("jkb,kb->jb", A, rounded)
    dv = np.einsum("jkab,kab->jb", np.abs(moved), rho) + np.einsum("jkb,kb->jb", A, about) + np.einsum("jib,ib->jb", G, beside) + rounded
    de = np.einsum("kaib,kab->ib", np.abs(below), rho) + np.einsum("kib,kb->ib", G, about) + np.einsum("iqb,qb->ib", P, beside)
    de += np.einsum("kib,kb->ib", size, rounded)

    l, reached, E = len(A), np.einsum("kib,jib->kjb", R, size), np.einsum("jib,kib->jkb", G, R)
    lost = np.einsum("jib,kib->jkb", size, size)
    lost[range(l), range(l)] += rates
    lost[:, :n] += np.swapaxes(reached, 0, 1)
    lost = _LOST * np.einsum("jkb,klb->jlb", A, lost)
    O = np.empty((l + n, l + n, lost.shape[2]))
    O[:l, :l], O[:l, l:], O[l:, :l], O[l:, l:] = lost, A[:, :n], np.einsum("kjb,jlb->klb", reached, lost), np.swapaxes(E[:n], 0, 1)
    O[:l, :n] += E
    O[l:, :n] += np.einsum("kqb,jqb->kjb", np.einsum("kib,iqb->kqb", R, P), R)
    y, e = bounds[land.inner :, None] + np.abs(v), land.norm + np.abs(eps)
    x = _bounded(O * _ENLARGED, np.concatenate([dv, np.einsum("kib,ib->kb", R, de)]))
    x = np.where(np.isfinite(x[0]), x, np.concatenate([y, np.einsum("kib,ib->kb", R, e)]))
    dv = np.fmin(y, dv + np.einsum("jkb,kb->jb", O[:l], x))
    de += np.einsum("kib,kb->ib", G[:n], x[l:]) + np.einsum("iqb,qb->ib", P, np.einsum("kib,kb->ib", R, x[:n]))
    de = np.fmin(e, de + np.einsum("jib,jb->ib", size, np.einsum("jkb,kb->jb", lost, x[:l])))
    return Followed(Ball(v, dv), Ball(eps, de), moved, below, phi, slope)


def _bounded(O: Floats, s: Floats) -> Floats:
    """Return the solution x of ``x = s + O x`` where it is seen to bound all solutions of ``0 ≤ x ≤ s + O x``, and infinity elsewhere."""
    X, every = np.concatenate([-O, s[:, None]], axis=1), range(len(O))
    X[every, every] += 1
    for k in every:
        row = X[k, k + 1 :] / X[k, k]
        X[:, k + 1 :] -= X[:, k, None] * row
        X[k, k + 1 :] = row
    x = X[:, -1] * _ENLARGED
    return np.where(((x > 0) & (x > s + np.einsum("jkb,kb->jb", O, x))).all(axis=0), x, np.inf)


def _regressed(land: Landscape, phi: Floats) -> Floats:
    """Return ``(ΦΦᵀ + Λ)⁻¹``."""
    A = np.einsum("jib,kib->jkb", phi, phi)
    A[range(len(A)), range(len(A))] += land.rates[land.inner :, None]
    return definite_inverse(A)


def mean_value(land: Landscape, box: Hidden, u: Followed) -> tuple[Floats, MeanValue]:
    """Tell for each box whether the mean value test excludes it, and return what tells where to split, and where it is `contracting`."""
    X, (n, T, B), rho = land.inputs, box.slope.mid.shape, box.theta.rad
    m, inner, rates = X.shape[1], land.inner, land.rates
    (v, dv), (eps, de), S = u.v, u.eps, box.slope
    w, dw = v[:n, None], dv[:n, None]
    size, sizes, reach = np.abs(w), np.abs(w) + dw, np.abs(eps) + de
    S_reach = S.reach
    turn = box.bend.mid * w
    turn *= eps
    d_turn = box.bend.reach * sizes
    d_turn *= reach
    d_turn -= np.abs(turn)
    lean, a = S.mid * eps, S.mid * w
    d_lean, d_a = S_reach * reach - np.abs(lean), S_reach * sizes - np.abs(a)
    Y, bent = np.einsum("kib,ia->kaib", a, X), np.einsum("kib,ia->kab", lean, X)
    N_v, N_eps = u.N_v, u.N_eps
    mid = -np.einsum("kaib,lcib->kalcb", N_eps, Y)
    mid -= np.einsum("jkab,jcb->kajcb", N_v[:n], bent)
    around = np.einsum("kib,iq->kqb", turn, (X[:, :, None] * X[:, None]).reshape(T, -1)).reshape(n, m, m, B)
    for k in range(n):
        mid[k, :, k] += around[k]
    mid = mid.reshape(inner, inner, B)
    mid[range(inner), range(inner)] += rates[:inner, None]
    phi = np.abs(box.phi.mid) * _LOST + box.phi.rad
    across = np.einsum("kib,ib->kb", phi, de) + _LOST * rates[inner:, None] * dv
    across[:n] += (d_lean * box.spread).sum(axis=1)
    down = np.einsum("kib,kb->ib", phi, dv) + _LOST * de + (d_a * box.spread).sum(axis=0)
    N_v, N_eps = np.abs(N_v), np.abs(N_eps)
    each = d_turn * np.abs(X).sum(axis=1)[:, None]
    each += d_a * N_eps.sum(axis=(0, 1))
    each += d_lean * N_v.sum(axis=(1, 2))[:n, None]
    d_turn *= box.spread
    d_turn += d_a * de
    d_turn += d_lean * dw
    radii = np.einsum("kib,ia->kab", d_turn, np.abs(X))
    radii += np.einsum("jkab,jb->kab", N_v, across)
    radii += np.einsum("kaib,ib->kab", N_eps, down)
    rows = np.einsum("pqb,qb->pb", np.abs(mid), rho.reshape(inner, B)) + radii.reshape(inner, B)
    g, lost = (np.einsum("kib,ia->kab", u.slope * s * e, x) for s, e, x in ((w, eps, X), (size, np.abs(eps), np.abs(X))))
    pull = rates[:inner].reshape(n, m, 1) * box.theta.mid
    g += pull
    lost += np.abs(pull)
    lost += np.einsum("jkab,jb->kab", N_v, np.einsum("jib,ib->jb", np.abs(u.phi) + _OFF, np.abs(eps)) + rates[inner:, None] * np.abs(v))
    lost += np.einsum("kaib,ib->kab", N_eps, np.einsum("jib,jb->ib", np.abs(u.phi) + _OFF, np.abs(v)) + np.abs(land.targets)[:, None])
    excluded = (np.abs(g.reshape(inner, B)) > MARGIN * rows + _ROUNDING * lost.reshape(inner, B)).any(axis=0)
    shares = np.einsum("kib,ia->kab", each, np.abs(X)) * rho
    shares = shares.reshape(inner, B) + np.abs(mid).sum(axis=0) * rho.reshape(inner, B)
    return excluded, MeanValue(mid, radii.reshape(inner, B), rho.reshape(inner, B), shares)


def contracting(found: MeanValue, kappa: float) -> Indices:
    """Return the numbers of boxes in which the reduced Hessian, times the inverse of its midpoint, changes by less than κ: where Newton's iteration works."""
    size = np.maximum(found.rho, _FLOOR * found.rho.max(axis=0))
    likely = np.flatnonzero((found.radii <= kappa * np.einsum("pqb,qb->pb", np.abs(found.mid), size)).all(axis=0))
    off = np.abs(inverse(np.moveaxis(found.mid[..., likely], -1, 0))) @ found.radii[:, likely].T[..., None]
    return np.asarray(likely[(off[..., 0] <= kappa * size[:, likely].T).all(axis=1)])
