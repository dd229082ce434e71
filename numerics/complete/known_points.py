r"""The critical points that a search has met, with their images under the symmetries, and boxes around them on which the gradient is one-to-one.

Permutations of the hidden units, and for tanh the changes of sign of all weights of a unit, change no loss. With C an approximate inverse of the Hessian at the
point and ρ the radii of a box, ``‖I − C H‖_∞ < 1`` over it, relative to ρ, makes the gradient one-to-one: a critical point in the box is the one that is known.
"""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.enclosures import Ball, activations, exactly, gradient, hessian
from lossproof.numerics.complete.exclusion import inverse
from lossproof.numerics.complete.landscape import Landscape

_TRIES, _STEPS, _CLOSE, _SAME = 16, 40, 1e-13, 1e-8
_LARGEST_KAPPA, _SHRINK, _LEAST = 0.9, 0.8, 1e-10
_SPARE, _FLOOR = 1.2, 0.05


def images(land: Landscape, W: Floats) -> Floats:
    """Return the images of weights under the symmetries, one a row, the weights themselves first.

    >>> land = Landscape(np.ones((1, 1)), np.ones(1), np.ones(2), 1, -1, 2, 0)
    >>> images(land, np.array([2.0, 3.0])).tolist()
    [[2.0, 3.0], [-2.0, -3.0]]
    """
    n, found = land.units, []
    if not n:
        return W[None]
    for order in permutations(range(n)):
        for signs in product((1.0, -1.0) if land.low else (1.0,), repeat=n):
            theta, v = W[: land.inner].reshape(n, -1)[list(order)] * np.array(signs)[:, None], W[land.inner :].copy()
            v[:n] = v[:n][list(order)] * signs
            found.append(np.concatenate([theta.ravel(), v]))
    return np.array(found)


class KnownPoints:
    """Points, one of each orbit, with radii, and all their images."""

    def __init__(self, land: Landscape) -> None:
        self.land, none = land, np.zeros((0, len(land.rates)))
        self.points, self.radii, self._images, self._around = none, none, none, none

    def holds(self, box: Ball) -> Floats:
        """Tell for each box of all weights whether it lies within the box around an image of a point."""
        inside = np.zeros(len(box.mid), dtype=bool)
        for point, radii in zip(self._images, self._around, strict=True):
            inside |= (np.abs(box.mid - point) + (1 + _CLOSE) * box.rad <= (1 - _SAME) * radii).all(axis=1)
        return inside

    def meet(self, box: Ball) -> None:
        """Look for a critical point near the first boxes by Newton's iteration, unless one is known there; the halves of the others come again."""
        for mid, rad in zip(box.mid[:_TRIES], box.rad[:_TRIES], strict=True):
            if not (np.abs(self._images - mid) <= 2 * rad + self._around).all(axis=1).any():
                self._enter(mid, 4 * rad)

    def _enter(self, start: Floats, reach: Floats) -> None:
        W = self._polished(start)
        if W is None or np.any(np.abs(W - start) > reach + _SAME) or np.any(np.abs(self._images - W).max(axis=1) < _SAME):
            return
        radii = self._radii(W)
        self.points, self.radii = np.vstack([self.points, W]), np.vstack([self.radii, radii])
        self._images = np.vstack([self._images, images(self.land, W)])
        self._around = np.vstack([self._around, np.abs(images(self.land, radii))])

    def _polished(self, start: Floats) -> Floats | None:
        W = start.copy()
        for _ in range(_STEPS):
            theta, v = self._parts(exactly(W[None]))
            p = activations(self.land, theta)
            step = (inverse(hessian(self.land, p, v).mid) @ gradient(self.land, theta, p, v).mid[..., None])[0, :, 0]
            W = W - step
            if not np.isfinite(W).all():
                return None
            if np.abs(step).max() <= _CLOSE * (1 + np.abs(W).max()):
                return W
        return None

    def _radii(self, W: Floats) -> Floats:
        """Return radii of a box as large as may be, with those of v as v follows θ, where it does."""
        inner, radii = self.land.inner, np.ones_like(W)
        if self.land.units and self.land.bounded:
            H = self._hessian(exactly(W[None]))
            follow = inverse(H.mid[0, inner:, inner:]) @ H.mid[0, inner:, :inner]
            radii[inner:] = _SPARE * np.abs(follow).sum(axis=1) + _FLOOR
        while self._kappa(W, radii) > _LARGEST_KAPPA and radii.max() > _LEAST:
            radii *= _SHRINK
        return radii

    def _kappa(self, W: Floats, radii: Floats) -> float:
        H = self._hessian(Ball(W[None], radii[None]))
        return float((np.abs(inverse(H.mid[0])) @ H.rad[0] @ radii / radii).max())

    def _hessian(self, box: Ball) -> Ball:
        theta, v = self._parts(box)
        return hessian(self.land, activations(self.land, theta), v)

    def _parts(self, box: Ball) -> tuple[Ball, Ball | None]:
        inner = self.land.inner
        return box.part((slice(None), slice(inner))), box.part((slice(None), slice(inner, None))) if self.land.units else None
