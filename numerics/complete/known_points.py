r"""The critical points that a search has met, with their images under the symmetries, and boxes around them on which the gradient is one-to-one.

Permutations of the hidden units, and for odd activations the changes of sign of all weights of a unit, change no loss. With C an approximate inverse of the
Hessian at the point and ρ the radii of a box, ``‖I − C H‖_∞ < 1`` over it, relative to ρ, makes the gradient one-to-one: a critical point in the box is the
one that is known.
"""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.enclosures import Ball, activations, exactly, gradient, hessian, inverse, residuals
from lossproof.numerics.complete.landscape import Landscape

_TRIES, _STEPS, _CLOSE, _SAME = 16, 40, 1e-13, 1e-8
_LARGEST_KAPPA, _SHRINK, _LEAST = 0.9, 0.8, 1e-10
_SPARE, _FLOOR = 1.2, 0.05
_WIDER, _NARROWER = 1 + 2.0**-12, 1 - 2.0**-16  # the checker's enclosures are wider by some 2^-20


def images(land: Landscape, W: Floats) -> Floats:
    """Return the images of weights under the symmetries, one a row, the weights themselves first.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> land = Landscape(np.ones((1, 1)), np.ones(1), np.ones(2), 1, activation_named("tanh"), 0)
    >>> images(land, np.array([2.0, 3.0])).tolist()
    [[2.0, 3.0], [-2.0, -3.0]]
    """
    n, found = land.units, []
    if not n:
        return W[None]
    for order in permutations(range(n)):
        for signs in product((1.0, -1.0) if land.odd else (1.0,), repeat=n):
            theta, v = W[: land.inner].reshape(n, -1)[list(order)] * np.array(signs)[:, None], W[land.inner :].copy()
            v[:n] = v[:n][list(order)] * signs
            found.append(np.concatenate([theta.ravel(), v]))
    return np.array(found)


class KnownPoints:
    """Points, one of each orbit, with radii, and all their images; with ``minima`` no points along which the loss curves downward."""

    def __init__(self, land: Landscape, points: Floats | None = None, radii: Floats | None = None, *, minima: bool = False) -> None:
        self.land, self._minima, none = land, minima, np.zeros((0, len(land.rates)))
        self._take(none if points is None else points, none if radii is None else radii)

    def _take(self, points: Floats, radii: Floats) -> None:
        """Take these for all, in one step, so that an interrupt leaves all of them or none."""
        none, land = np.zeros((0, len(self.land.rates))), self.land
        found = (
            np.vstack([none, *(images(land, point) for point in points)]),
            np.vstack([none, *(np.abs(images(land, size)) for size in radii)]),
        )
        self._all = points, radii, *found

    @property
    def points(self) -> Floats:
        """The points."""
        return self._all[0]

    @property
    def radii(self) -> Floats:
        """Their radii."""
        return self._all[1]

    def holds(self, box: Ball) -> Floats:
        """Tell for each box of all weights whether it lies within the box around an image of a point."""
        inside = np.zeros(len(box.mid), dtype=bool)
        small = np.flatnonzero((box.rad <= self._all[3].max(axis=0, initial=0)).all(axis=1))
        mid, rad = box.part(small)
        for point, radii in zip(*self._all[2:], strict=True):
            inside[small] |= (np.abs(mid - point) + _WIDER * rad <= _NARROWER * radii).all(axis=1)
        return inside

    def meet(self, box: Ball) -> None:
        """Look for a critical point near boxes by Newton's iteration, unless one is known there, 16 times at most: the halves of the others come again."""
        tries = 0
        for mid, rad in zip(box.mid, box.rad, strict=True):
            if tries < _TRIES and not (np.abs(self._all[2] - mid) <= 2 * rad + self._all[3]).all(axis=1).any():
                tries += 1
                self._enter(mid, 4 * rad)

    def _enter(self, start: Floats, reach: Floats) -> None:
        W = self._polished(start)
        if W is None or np.any(np.abs(W - start) > reach + _SAME) or np.any(np.abs(self._all[2] - W).max(axis=1) < _SAME):
            return
        if self._minima and np.linalg.eigvalsh(self._hessian(exactly(W[None])).mid[0]).min() < -_SAME:
            return
        self._take(np.vstack([self.points, W]), np.vstack([self.radii, self._radii(W)]))

    def _polished(self, start: Floats) -> Floats | None:
        W = start.copy()
        for _ in range(_STEPS):
            theta, v = self._parts(exactly(W[None]))
            p = activations(self.land, theta)
            eps = residuals(self.land, p.phi, v)
            slope = gradient(self.land, theta, p, eps, v).mid[..., None]
            step = (inverse(hessian(self.land, p, eps, v).mid) @ slope)[0, :, 0]
            W = W - step
            if not np.isfinite(W).all():
                return None
            if np.abs(step).max() <= _CLOSE * (1 + np.abs(W).max()):
                return W
        return None

    def _radii(self, W: Floats) -> Floats:
        """Return radii of a box as large as may be, with those of v as v follows θ, where it does; 0 where the gradient is one-to-one on none."""
        inner, radii = self.land.inner, np.ones_like(W)
        if self.land.units and self.land.bounded:
            H = self._hessian(exactly(W[None]))
            follow = inverse(H.mid[0, inner:, inner:]) @ H.mid[0, inner:, :inner]
            radii[inner:] = _SPARE * np.abs(follow).sum(axis=1) + _FLOOR
        while self._kappa(W, radii) > _LARGEST_KAPPA and radii.max() > _LEAST:
            radii *= _SHRINK
        return radii if radii.max() > _LEAST else np.zeros_like(radii)

    def _kappa(self, W: Floats, radii: Floats) -> float:
        H = self._hessian(Ball(W[None], radii[None]))
        C = inverse(H.mid[0])
        return float(((np.abs(np.eye(len(W)) - C @ H.mid[0]) + np.abs(C) @ H.rad[0]) @ radii / radii).max())

    def _hessian(self, box: Ball) -> Ball:
        theta, v = self._parts(box)
        p = activations(self.land, theta)
        return hessian(self.land, p, residuals(self.land, p.phi, v), v)

    def _parts(self, box: Ball) -> tuple[Ball, Ball | None]:
        inner = self.land.inner
        return box.part((slice(None), slice(inner))), box.part((slice(None), slice(inner, None))) if self.land.units else None
