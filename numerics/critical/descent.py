"""Two ways to critical points in double precision, run from many starts at once: minimisation, and roots of the gradient of any index.

Both work with the eigenvalues ``λ`` and eigenvectors of the exact Hessian, and damp the steps, so that singular Hessians do no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.float_derivatives import FloatLandscape

_FIRST_DAMPING = 1e-2
_LEAST_DAMPING = {1: 1e-12, 2: 1e-22}
_MOST_DAMPING = 1e12
_CLEAR_GAIN = 1e-4
_LONGEST_STEP = 3.0
_FAR = 1e8
NEGLIGIBLE = 1e-10


@dataclass(eq=False)
class _Run:
    """The points that still move, one a row: derivatives, eigenvalues and -vectors of the Hessians, damping, and the steps of either kind yet to be tried.

    ``places`` are the rows of the starts they came from; a point with steps of descent ahead of it takes these first. ``squares`` are ``|∇J|²``, ``slope``
    and ``curvature`` the largest entries of gradients and Hessians.
    """

    places: Array
    points: Array
    loss: Array
    gradient: Array
    hessian: Array
    squares: Array
    slope: Array
    curvature: Array
    values: Array
    vectors: Array
    damping: Array
    descending: Array
    solving: Array

    def rows(self, kept: Array) -> _Run:
        """Return the run of some of the points."""
        return _Run(*(getattr(self, each.name)[kept] for each in fields(self)))

    def take(self, rows: Array, *trial: Array) -> None:
        """Go to some of the points that were tried, given with all that is known there."""
        names = ("points", "loss", "gradient", "hessian", "squares", "slope", "curvature")
        for name, tried in zip(names, trial, strict=True):
            if rows.all():
                setattr(self, name, tried)
            else:
                getattr(self, name)[rows] = tried[rows]

    def decompose(self, rows: Array) -> None:
        """Find eigenvalues and -vectors anew: a step that is not taken leaves them as they are."""
        if rows.all():
            self.values, self.vectors = np.linalg.eigh(self.hessian)
        elif rows.any():
            self.values[rows], self.vectors[rows] = np.linalg.eigh(self.hessian[rows])


def descend(landscape: FloatLandscape, starts: Array, descending: int | Array, solving: int | Array) -> Array:
    """Return where so many steps of descent, and then so many steps towards ``∇J = 0``, lead from the rows of ``starts``.

    Either number may be one for all, or one for each start. In the eigenvectors ``u_k`` of the Hessian, at a damping ``μ`` that follows the ratio of
    gained to predicted decrease, and starts small for either kind,

    - a step of descent, a regularised Newton step, is ``−Σ_k g_k/(|λ_k| + μ) u_k``: it descends along negative curvature too, so that saddles repel,
      and the loss never grows beyond rounding;
    - a step towards ``∇J = 0``, of Levenberg and Marquardt, is ``−(H² + μI)^{-1} H g``: ``|∇J|`` never grows, and it leads to critical points of any index.

    Every start goes its own way: all are moved together, as numpy costs about the same for many as for one.
    """
    ends = starts.copy()
    if len(starts) == 0:
        return ends
    with np.errstate(all="ignore"):
        run = _begun(landscape, starts, descending, solving)
        while len(run.places):
            descends = run.descending > 0
            moving = _advance(landscape, run, descends)
            run.descending -= descends
            run.solving -= ~descends
            ended = ~moving | (run.descending + run.solving == 0) | (descends & (run.descending == 0))
            if ended.any():
                run = _without(run, ended, descends, ends)
    return ends


def _begun(landscape: FloatLandscape, starts: Array, descending: int | Array, solving: int | Array) -> _Run:
    B, at = len(starts), landscape.at(starts)
    counts = np.full(B, descending), np.full(B, solving)
    spectrum, sizes = (np.empty_like(at.gradient), np.empty_like(at.hessian)), (_largest(at.gradient), _largest(at.hessian))
    damping = np.full(B, _FIRST_DAMPING)
    whole = _Run(np.arange(B), starts, at.loss, at.gradient, at.hessian, _square(at.gradient), *sizes, *spectrum, damping, *counts)
    run = whole.rows(np.isfinite(at.loss) & np.isfinite(sizes[0]) & np.isfinite(sizes[1]) & (counts[0] + counts[1] > 0))
    run.decompose(np.full(len(run.places), True))
    return run


def _without(run: _Run, ended: Array, descends: Array, ends: Array) -> _Run:
    """Write down where the points that have ended are, and return the run of the others, and of those that go on from the end of their descent."""
    ends[run.places[ended]] = run.points[ended]
    again = ended & descends & (run.solving > 0)
    run.damping[again], run.descending[again] = _FIRST_DAMPING, 0
    run.decompose(again)
    return run.rows(again | ~ended)


def gradient_quality(points: Array, gradient: Array, hessian: Array) -> Array:
    """Return ``|g|_∞ / (|H| · max(1, |W|_∞))`` for each point: the gradient as a relative change of the weights along the strongest curvature.

    Points that run off keep a ratio of order one however small the gradient gets, as long as the Hessian shrinks with it. Zero
    when the gradient is 0, infinite where numbers are not finite.
    """
    with np.errstate(all="ignore"):
        return _quality(_largest(gradient), _largest(hessian), _largest(points))


def _quality(slope: Array, curvature: Array, size: Array) -> Array:
    """Return `gradient_quality` for the largest entries of gradients, Hessians and points."""
    scale = curvature * np.maximum(1.0, size)
    ratio = np.where(slope == 0, 0.0, slope / scale)
    return np.where(np.isfinite(scale) & np.isfinite(slope) & np.isfinite(ratio), ratio, np.inf)


def polish(derivatives: Callable[[Array], tuple[Array, Array]], point: Array, begun: tuple[Array, Array], steps: int) -> Array:
    """Return the best of the points that undamped Gauss-Newton steps on ``∇J = 0`` give, by `gradient_quality`.

    ``derivatives`` gives at coordinates ``u`` the whole gradient ``g`` and its derivative ``G`` in ``u``, and gave ``begun`` at ``point``; a step is
    ``−G⁺ g``, with singular values below ``1e-10`` of the largest left out. Where ``u`` are all weights these are Newton steps.
    """
    best, least = point, np.inf
    for step in range(steps + 1):
        gradient, slopes = derivatives(point) if step else begun
        quality = float(gradient_quality(point[None], gradient[None], slopes[None])[0])
        if not quality < least:
            return best
        best, least = point, quality
        point = point - np.linalg.lstsq(slopes, gradient, rcond=NEGLIGIBLE)[0]
    return best


def _advance(landscape: FloatLandscape, run: _Run, descends: Array) -> Array:
    """Try one step from each point, in place, and tell which go on; those that ``descends`` names step for ``J``, the others for ``|∇J|²``."""
    slopes = np.matmul(run.vectors.transpose(0, 2, 1), run.gradient[:, :, None])[:, :, 0]
    step, predicted = _step(run, slopes, descends)
    length, size = _norm(step), 1 + _norm(run.points)
    trial = run.points + np.matmul(run.vectors, step[:, :, None])[:, :, 0]
    at = landscape.at(trial)
    squares, slope, curvature = _square(at.gradient), _largest(at.gradient), _largest(at.hessian)
    before, after = np.where(descends, run.loss, run.squares), np.where(descends, at.loss, squares)
    gain = before - after
    rounding = np.where(descends, 1e-14 * (1e-3 + np.abs(before)), 0.0)
    ratio = np.where(np.abs(gain) <= rounding, np.where(squares < run.squares, 1.0, -1.0), gain / predicted)
    finite = np.isfinite(at.loss) & np.isfinite(slope) & np.isfinite(curvature)
    accepted = (ratio > _CLEAR_GAIN) & (length <= _LONGEST_STEP * size) & finite
    factor = np.where(~accepted, 4.0, np.where(ratio > 0.75, 0.2, np.where(ratio < 0.25, 2.0, 1.0)))
    run.damping = np.maximum(run.damping * factor, np.where(descends, _LEAST_DAMPING[1], _LEAST_DAMPING[2]))
    run.take(accepted, trial, at.loss, at.gradient, at.hessian, squares, slope, curvature)
    still = ~accepted & ((length <= 1e-16 * size) | (run.damping > _MOST_DAMPING))
    largest = _largest(run.points)
    moving = ~(still | (largest > _FAR) | (_quality(run.slope, run.curvature, largest) < 1e-14))
    run.decompose(accepted & moving)
    return moving


def _step(run: _Run, slopes: Array, descends: Array) -> tuple[Array, Array]:
    """Return the steps in eigenvectors and the predicted decrease of ``J`` or of ``|∇J|²``."""
    values, down = run.values, descends[:, None]
    sizes = np.abs(values)
    largest = np.maximum(np.maximum.reduce(sizes, axis=1), 1e-300)
    mu = (run.damping * np.where(descends, largest, largest * largest))[:, None]
    step = -np.where(down, slopes, slopes * values) / (np.where(down, sizes, values * values) + mu)
    change = values * step
    of_loss = -np.add.reduce(slopes * step + change * step / 2, axis=1)
    of_gradient = np.add.reduce(slopes * slopes - (slopes + change) ** 2, axis=1)
    return step, np.where(descends, of_loss, of_gradient)


def _norm(rows: Array) -> Array:
    return np.asarray(np.sqrt(_square(rows)))


def _square(rows: Array) -> Array:
    return np.asarray(np.add.reduce(rows * rows, axis=1))


def _largest(blocks: Array) -> Array:
    """Return the largest absolute value of each point's entries, NaN where one of them is."""
    return np.asarray(np.maximum.reduce(np.abs(blocks), axis=tuple(range(1, blocks.ndim))))
