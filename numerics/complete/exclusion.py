r"""Which boxes hold no critical point, or no minimum: tests over many boxes at once, where v does not follow from θ as in `ridge`.

*Steep.* A component of the gradient, term by term, or of `relative_gradient` does not contain 0.

*Mean value.* For a critical point W of the box and any matrix Q, ``0 = Q g(m) + Q H̃ (W − m)`` with an ``H̃`` of the enclosed Hessian and ``g = T ∇J``. So
there is none where ``|Q g(m)|_i > Σ_j |Q H|_ij ρ_j`` for some i. Q is I, and ``H⁻¹``, for valleys along which the gradient hardly changes.

*No minimum.* ``dᵀ H d < 0`` over the box for the eigenvector d of the least eigenvalue at the midpoint.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.enclosures import (
    Ball,
    Indices,
    Pass,
    activations,
    between,
    exactly,
    gradient,
    hessian,
    inverse,
    residuals,
)
from lossproof.numerics.complete.landscape import Landscape
from lossproof.numerics.complete.ridge import MARGIN
from lossproof.theory.limits import MAX_BALANCED

_FLUSHED, _LOST = 2.0**-580, 2.0**-46
_FLOOR, _VALLEY, _WIDE = 0.05, 2.0**-20, 1.25
_HUGE, _ROUNDING = 2.0**100, 2.0**-42


class Box(NamedTuple):
    """Boxes of all weights: θ with radii, its pass and that of the midpoint, ε, and v, or None for a neuron."""

    theta: Ball
    passed: Pass
    centre: Pass
    eps: Ball
    v: Ball | None

    def part(self, index: Indices) -> Box:
        """Return some of the boxes."""
        v = None if self.v is None else self.v.part(index)
        return Box(self.theta.part(index), self.passed.part(index), self.centre.part(index), self.eps.part(index), v)

    @property
    def weights(self) -> Ball:
        """All weights."""
        return self.theta if self.v is None else self.theta.beside(self.v)


def enclosed_boxes(land: Landscape, box: Ball) -> Box:
    """Return boxes of all weights with what the activations and the residuals are there."""
    theta = box.part((slice(None), slice(land.inner)))
    passed, centre = activations(land, theta), activations(land, exactly(theta.mid))
    free = box.part((slice(None), slice(land.inner, None))) if land.units else None
    return Box(theta, passed, centre, residuals(land, passed.phi, free), free)


def steep(land: Landscape, box: Box) -> Indices:
    """Tell for each box whether the first test excludes it."""
    g = gradient(land, box.theta, box.passed, box.eps, box.v)
    lost = _FLUSHED * (1 + np.abs(land.inputs).sum()) * (1 + box.eps.reach.max(axis=1, keepdims=True))
    found = np.asarray((np.abs(g.mid) > MARGIN * g.rad + lost).any(axis=1))
    left = np.flatnonzero(~found)
    if len(left) and box.v is None and land.activation.logistic is not None and not land.rates.any():
        g = relative_gradient(land, box.part(left))
        found[left] = (np.abs(g.mid) > MARGIN * g.rad + lost[left]).any(axis=1)
    return found


def relative_gradient(land: Landscape, box: Box) -> Ball:
    """Enclose the gradient g of a sigmoid or tanh neuron without decay, and ``g_j x̃_rp − g_p x̃_rj``, divided by a positive function of the weights.

    ``σ'(z_i) = k² e^{−k t_i} q_i²`` with ``t_i = ± z_i`` and ``q_i = 1/(1 + e^{−k t_i})``, for both signs. What is left of it after division by that of the
    sample r with the least ``|z|``, but for ``q_i²``, varies less over a box, and does not underflow. Of r nothing is left in ``g_j x̃_rp − g_p x̃_rj``.
    """
    form = land.activation.logistic
    if form is None:
        raise ValueError("the activation must be sigmoid or tanh")
    low, k, x, T = int(form.low), int(form.rate), land.inputs, len(land.inputs)
    z = box.theta.mid @ x.T
    a, none = k * np.where(z >= 0, 1.0, -1.0)[..., None] * x, np.broadcast_to(~x.any(axis=1), z.shape)
    s = Ball((box.passed.phi.mid[:, 0] - low) / k, box.passed.phi.rad[:, 0] / k)
    q = Ball(np.where(z >= 0, s.mid, 1 - s.mid), s.rad)
    terms = q.times(q).times(Ball(box.eps.mid, box.eps.rad + _ROUNDING * (1 + box.eps.reach)))
    weights, r = _weights(a, box.theta, z, none)
    first = weights.times(terms) @ x
    if T > MAX_BALANCED:
        return first
    same = (x == x[:, None]).all(axis=2)
    pivots, others = np.abs(x).argmax(axis=1), _weights(a, box.theta, z, same[r] | none)[0]
    minors = np.where(same[..., None], 0.0, x * x[np.arange(T), pivots, None, None] - x[:, pivots].T[..., None] * x[:, None])
    return first.beside((others.times(terms).part((slice(None), None)) @ minors[r]).part((slice(None), 0)))


def _weights(a: Floats, theta: Ball, z: Floats, skipped: Indices) -> tuple[Ball, Indices]:
    """Enclose ``e^{−a_i·θ}`` of the samples that are not skipped, divided by a common function of θ, and return that with the least ``|z|``."""
    r = np.where(skipped, np.inf, np.abs(z) * (1 + 2.0**-40 * np.arange(z.shape[1]))).argmin(axis=1)  # the first of equal ones
    a = a - a[np.arange(len(z)), r, None]
    mid, rad = (a @ theta.mid[..., None])[..., 0], (np.abs(a) @ (theta.rad + _LOST * np.abs(theta.mid))[..., None])[..., 0]
    least = np.where(skipped, _HUGE, mid - rad).min(axis=1, keepdims=True)
    return between(*(np.exp(np.minimum(least - mid + side * rad, 0)) for side in (-1, 1))), r


class Curved(NamedTuple):
    """The outcome of the mean value test: whether a box is ``excluded``, κ, and how much each weight adds to what is to be exceeded."""

    excluded: Indices
    kappa: Floats
    shares: Floats


def mean_value(land: Landscape, box: Box) -> Curved:
    """Make the mean value test; κ is a norm of the inverse of the Hessian times its change over the box: small where Newton's iteration works."""
    W = box.weights
    centre = Pass(*(Ball(x.mid, x.rad + _ROUNDING * np.abs(x.mid)) for x in box.centre))
    v = None if box.v is None else exactly(box.v.mid)
    g = gradient(land, exactly(box.theta.mid), centre, residuals(land, centre.phi, v), v)
    H = hessian(land, box.passed, box.eps, box.v)
    shares = (np.abs(H.mid) + H.rad) * W.rad[:, None]
    excluded = (np.abs(g.mid) > MARGIN * shares.sum(axis=2) + g.rad).any(axis=1)
    C = inverse(H.mid, _VALLEY)
    reach = ((np.abs(C @ H.mid) + np.abs(C) @ H.rad) @ W.rad[..., None])[..., 0]
    excluded |= (np.abs((C @ g.mid[..., None])[..., 0]) > _WIDE * reach + (np.abs(C) @ g.rad[..., None])[..., 0]).any(axis=1)
    off = np.abs(inverse(H.mid)) @ H.rad @ W.rad[..., None]
    kappa = (off[..., 0] / np.maximum(W.rad, _FLOOR * W.rad.max(axis=1, keepdims=True))).max(axis=1)
    return Curved(np.asarray(excluded), kappa, shares.sum(axis=1))


def curved_downward(land: Landscape, p: Pass, eps: Ball, v: Ball | None) -> Indices:
    """Tell for each box whether the third test excludes minima."""
    H = hessian(land, p, eps, v)
    d = np.linalg.eigh(np.clip(np.nan_to_num(H.mid), -_HUGE, _HUGE))[1][:, :, 0]
    mid, rad = (np.einsum("bj,bjk,bk->b", x, A, x) for x, A in ((d, H.mid), (np.abs(d), H.rad)))
    return np.asarray(mid < -MARGIN * rad - _ROUNDING * np.abs(H.mid).sum(axis=(1, 2)))
