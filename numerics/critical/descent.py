"""Two ways to critical points in double precision, run from many starts at once: minimisation, and roots of the gradient of any index.

Both work with the eigenvalues ``λ`` and eigenvectors of the exact Hessian, and damp the steps, so that singular Hessians do no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    """The state of ``B`` starts: the points with their derivatives, the damping of each, which still move, and the eigenvectors of their Hessians."""

    points: Array
    loss: Array
    gradient: Array
    hessian: Array
    damping: Array
    moving: Array
    values: Array
    vectors: Array

    def decompose(self, rows: Array) -> None:
        """Find eigenvalues and -vectors anew: a step that is not taken leaves them as they are."""
        if rows.size:
            self.values[rows], self.vectors[rows] = np.linalg.eigh(self.hessian[rows])


def minimise(landscape: FloatLandscape, starts: Array, iterations: int) -> Array:
    """Return where regularised Newton steps on ``J`` lead from the rows of ``starts``; the loss never grows beyond rounding.

    A step is ``−Σ_k g_k/(|λ_k| + μ) u_k`` in the eigenvectors ``u_k`` of the Hessian: it descends along negative curvature too, so that saddles
    repel. ``μ`` follows the ratio of gained to predicted loss.
    """
    return _iterate(landscape, starts, iterations, 1)


def find_roots(landscape: FloatLandscape, starts: Array, iterations: int) -> Array:
    """Return where Levenberg-Marquardt steps on ``∇J = 0`` lead from the rows of ``starts``, to critical points of any index.

    A step is ``−(H² + μI)^{-1} H g``; ``|∇J|`` never grows.
    """
    return _iterate(landscape, starts, iterations, 2)


def gradient_quality(points: Array, gradient: Array, hessian: Array) -> Array:
    """Return ``|g|_∞ / (|H| · max(1, |W|_∞))`` for each point: the gradient as a relative change of the weights along the strongest curvature.

    Points that run off keep a ratio of order one however small the gradient gets, as long as the Hessian shrinks with it. Zero
    when the gradient is 0, infinite where numbers are not finite.
    """
    g = np.max(np.abs(gradient), axis=1)
    scale = np.max(np.abs(hessian), axis=(1, 2)) * np.maximum(1.0, np.max(np.abs(points), axis=1))
    with np.errstate(all="ignore"):
        ratio = np.where(g == 0, 0.0, g / scale)
    finite = np.isfinite(scale) & np.isfinite(g)
    return np.where(finite & np.isfinite(ratio), ratio, np.inf)


def polish(derivatives: Callable[[Array], tuple[Array, Array]], point: Array, steps: int) -> Array:
    """Return the best of the points that undamped Gauss-Newton steps on ``∇J = 0`` give, by `gradient_quality`.

    ``derivatives`` gives at coordinates ``u`` the whole gradient ``g`` and its derivative ``G`` in ``u``; a step is ``−G⁺ g``, with singular values below
    ``1e-10`` of the largest left out. Where ``u`` are all weights these are Newton steps.
    """
    best, least = point, np.inf
    for _ in range(steps + 1):
        gradient, slopes = derivatives(point)
        quality = float(gradient_quality(point[None], gradient[None], slopes[None])[0])
        if not quality < least:
            return best
        best, least = point, quality
        point = point - np.linalg.lstsq(slopes, gradient, rcond=NEGLIGIBLE)[0]
    return best


def _iterate(landscape: FloatLandscape, starts: Array, iterations: int, power: int) -> Array:
    B = starts.shape[0]
    if B == 0:
        return starts
    at = landscape.at(starts)
    moving = _finite(at.loss, at.gradient, at.hessian)
    damping, values, vectors = np.full(B, _FIRST_DAMPING), np.empty_like(at.gradient), np.empty_like(at.hessian)
    run = _Run(starts.copy(), at.loss, at.gradient, at.hessian, damping, moving, values, vectors)
    run.decompose(np.flatnonzero(moving))
    for _ in range(iterations):
        rows = np.flatnonzero(run.moving)
        if rows.size == 0:
            break
        _advance(landscape, run, rows, power)
    return run.points


def _advance(landscape: FloatLandscape, run: _Run, rows: Array, power: int) -> None:
    """Try one step from each of the points ``rows``, in place."""
    points, loss, gradient, values, vectors = (a[rows] for a in (run.points, run.loss, run.gradient, run.values, run.vectors))
    slopes = np.matmul(vectors.transpose(0, 2, 1), gradient[:, :, None])[:, :, 0]
    step, predicted = _step(values, slopes, run.damping[rows], power)
    length = np.linalg.norm(step, axis=1)
    limit = _LONGEST_STEP * (1 + np.linalg.norm(points, axis=1))
    trial = points + np.matmul(vectors, step[:, :, None])[:, :, 0]
    at = landscape.at(trial)
    with np.errstate(all="ignore"):
        before, after = (loss, at.loss) if power == 1 else (_square(gradient), _square(at.gradient))
        gain = before - after
        rounding = 1e-14 * (1e-3 + np.abs(before)) if power == 1 else np.zeros_like(before)
        smaller = _square(at.gradient) < _square(gradient)
        ratio = np.where(np.abs(gain) <= rounding, np.where(smaller, 1.0, -1.0), gain / predicted)
    accepted = (ratio > _CLEAR_GAIN) & (length <= limit) & _finite(at.loss, at.gradient, at.hessian)
    least = _LEAST_DAMPING[power]
    factor = np.where(~accepted, 4.0, np.where(ratio > 0.75, 0.2, np.where(ratio < 0.25, 2.0, 1.0)))
    run.damping[rows] = np.maximum(run.damping[rows] * factor, least)
    taken = rows[accepted]
    run.points[taken], run.loss[taken] = trial[accepted], at.loss[accepted]
    run.gradient[taken], run.hessian[taken] = at.gradient[accepted], at.hessian[accepted]
    still = ~accepted & ((length <= 1e-16 * (1 + np.linalg.norm(points, axis=1))) | (run.damping[rows] > _MOST_DAMPING))
    far = np.max(np.abs(run.points[rows]), axis=1) > _FAR
    moving = ~(still | far | (gradient_quality(run.points[rows], run.gradient[rows], run.hessian[rows]) < 1e-14))
    run.moving[rows] = moving
    run.decompose(rows[accepted & moving])


def _step(values: Array, slopes: Array, damping: Array, power: int) -> tuple[Array, Array]:
    """Return the step in eigenvectors and the predicted decrease of ``J`` or of ``|∇J|²``."""
    largest = np.maximum(np.max(np.abs(values), axis=1), 1e-300)
    mu = (damping * largest**power)[:, None]
    if power == 1:
        step = -slopes / (np.abs(values) + mu)
        predicted = -np.sum(slopes * step + values * step * step / 2, axis=1)
    else:
        step = -slopes * values / (values * values + mu)
        predicted = np.sum(slopes * slopes - (slopes + values * step) ** 2, axis=1)
    return step, predicted


def _square(rows: Array) -> Array:
    return np.asarray(np.sum(rows * rows, axis=1))


def _finite(loss: Array, gradient: Array, hessian: Array) -> Array:
    return np.isfinite(loss) & np.isfinite(gradient).all(axis=1) & np.isfinite(hessian).all(axis=(1, 2))
