"""Two ways to critical points in double precision, run from many starts at once: minimisation, and roots of the gradient of any index.

Both work with the eigenvalues ``λ`` and eigenvectors of the exact Hessian, and damp the steps, so that singular Hessians do no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import copysign, inf, isfinite

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


@dataclass(eq=False, slots=True)
class _Mover:
    """One point that still moves, in plain numbers, which cost less than arrays of a few: where it came from, how many steps of either kind are ahead,
    ``J``, ``|∇J|²``, the largest entries of gradient, Hessian and point, the largest ``|λ|``, and the damping. Steps of descent come first.
    """

    place: int
    descending: int
    solving: int
    loss: float
    squares: float
    slope: float
    curvature: float
    size: float
    scale: float = 0.0
    damping: float = _FIRST_DAMPING

    @property
    def descends(self) -> bool:
        """Whether the next step is one for ``J``; else it is for ``|∇J|²``."""
        return self.descending > 0

    def damped(self) -> float:
        """Return the ``μ`` of the next step."""
        return self.damping * (self.scale if self.descending > 0 else self.scale * self.scale)

    def judge(self, predicted: float, length: float, reach: float, trial: tuple[float, float, float, float, float]) -> tuple[bool, bool]:
        """Tell whether a step is taken, given the decrease that was predicted, its length, ``1 + |W|``, and what is known at its end; and whether to go on."""
        loss, squares, slope, curvature, _ = trial
        descends = self.descending > 0
        before, after = (self.loss, loss) if descends else (self.squares, squares)
        gain, rounding = before - after, 1e-14 * (1e-3 + abs(before)) if descends else 0.0
        if abs(gain) <= rounding:
            ratio = 1.0 if squares < self.squares else -1.0
        else:
            ratio = gain / predicted if predicted else copysign(inf, gain) * copysign(1.0, predicted)
        finite = isfinite(loss) and isfinite(slope) and isfinite(curvature)
        taken = ratio > _CLEAR_GAIN and length <= _LONGEST_STEP * reach and finite
        factor = 4.0 if not taken else 0.2 if ratio > 0.75 else 2.0 if ratio < 0.25 else 1.0
        self.damping = max(self.damping * factor, _LEAST_DAMPING[1 if descends else 2])
        if taken:
            self.loss, self.squares, self.slope, self.curvature, self.size = trial
        elif length <= 1e-16 * reach or self.damping > _MOST_DAMPING:
            return False, False
        return taken, not (self.size > _FAR or self._is_critical())

    def count(self, moving: bool) -> tuple[bool, bool]:
        """Count a step that was tried; tell whether this kind of steps has ended, and whether the other kind follows."""
        if self.descending > 0:
            self.descending -= 1
            ended = not moving or self.descending == 0
            return ended, ended and self.solving > 0
        self.solving -= 1
        return not moving or self.solving == 0, False

    def _is_critical(self) -> bool:
        """Tell whether `gradient_quality` is below ``1e-14``."""
        scale = self.curvature * max(1.0, self.size)
        return isfinite(scale) and isfinite(self.slope) and (self.slope == 0 or (scale != 0 and self.slope / scale < 1e-14))


@dataclass(eq=False)
class _Run:
    """The points that still move, one a row: derivatives, eigenvalues and -vectors of the Hessians, and all else that is known of them."""

    movers: list[_Mover]
    points: Array
    gradient: Array
    hessian: Array
    values: Array
    vectors: Array

    def rows(self, kept: list[bool]) -> _Run:
        """Return the run of some of the points."""
        rows = np.array(kept)
        movers = [mover for mover, here in zip(self.movers, kept, strict=True) if here]
        return _Run(movers, self.points[rows], self.gradient[rows], self.hessian[rows], self.values[rows], self.vectors[rows])

    def take(self, taken: list[bool], points: Array, gradient: Array, hessian: Array) -> None:
        """Go to some of the points that were tried."""
        if all(taken):
            self.points, self.gradient, self.hessian = points, gradient, hessian
        elif any(taken):
            rows = np.array(taken)
            self.points[rows], self.gradient[rows], self.hessian[rows] = points[rows], gradient[rows], hessian[rows]

    def decompose(self, chosen: list[bool]) -> None:
        """Find eigenvalues and -vectors anew: a step that is not taken leaves them as they are."""
        if all(chosen):
            self.values, self.vectors = np.linalg.eigh(self.hessian)
        elif any(chosen):
            rows = np.array(chosen)
            self.values[rows], self.vectors[rows] = np.linalg.eigh(self.hessian[rows])
        else:
            return
        for mover, scale in zip(self.movers, np.maximum(np.maximum.reduce(np.abs(self.values), axis=1), 1e-300).tolist(), strict=True):
            mover.scale = scale


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
        while run.movers:
            moving = _advance(landscape, run)
            counted = [mover.count(moves) for mover, moves in zip(run.movers, moving, strict=True)]
            if any(ended for ended, _ in counted):
                run = _without(run, counted, ends)
    return ends


def _begun(landscape: FloatLandscape, starts: Array, descending: int | Array, solving: int | Array) -> _Run:
    B, at = len(starts), landscape.at(starts)
    known = (at.loss, _square(at.gradient), _largest(at.gradient), _largest(at.hessian), _largest(starts))
    counts = (np.arange(B), np.full(B, descending), np.full(B, solving))
    movers = [_Mover(*each) for each in zip(*(column.tolist() for column in (*counts, *known)), strict=True)]
    finite = [isfinite(m.loss) and isfinite(m.slope) and isfinite(m.curvature) and m.descending + m.solving > 0 for m in movers]
    run = _Run(movers, starts, at.gradient, at.hessian, np.empty_like(at.gradient), np.empty_like(at.hessian)).rows(finite)
    run.decompose([True] * len(run.movers))
    return run


def _without(run: _Run, counted: list[tuple[bool, bool]], ends: Array) -> _Run:
    """Write down where the points that have ended are, and return the run of the others, and of those that go on from the end of their descent."""
    for mover, point, (ended, again) in zip(run.movers, run.points, counted, strict=True):
        if ended:
            ends[mover.place] = point
        if again:
            mover.damping, mover.descending = _FIRST_DAMPING, 0
    run.decompose([again for _, again in counted])
    return run.rows([again or not ended for ended, again in counted])


def gradient_quality(points: Array, gradient: Array, hessian: Array) -> Array:
    """Return ``|g|_∞ / (|H| · max(1, |W|_∞))`` for each point: the gradient as a relative change of the weights along the strongest curvature.

    Points that run off keep a ratio of order one however small the gradient gets, as long as the Hessian shrinks with it. Zero
    when the gradient is 0, infinite where numbers are not finite.
    """
    with np.errstate(all="ignore"):
        slope, scale = _largest(gradient), _largest(hessian) * np.maximum(1.0, _largest(points))
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


def _advance(landscape: FloatLandscape, run: _Run) -> list[bool]:
    """Try one step from each point, in place, and tell which go on."""
    slopes = np.matmul(run.vectors.transpose(0, 2, 1), run.gradient[:, :, None])[:, :, 0]
    step, predicted = _step(run, slopes)
    trial = run.points + np.matmul(run.vectors, step[:, :, None])[:, :, 0]
    at = landscape.at(trial)
    known = (at.loss, _square(at.gradient), _largest(at.gradient), _largest(at.hessian), _largest(trial))
    trials = zip(*(column.tolist() for column in known), strict=True)
    lengths = predicted.tolist(), _norm(step).tolist(), (1 + _norm(run.points)).tolist()
    judged = [mover.judge(*each) for mover, *each in zip(run.movers, *lengths, trials, strict=True)]
    run.take([taken for taken, _ in judged], trial, at.gradient, at.hessian)
    run.decompose([taken and moving for taken, moving in judged])
    return [moving for _, moving in judged]


def _step(run: _Run, slopes: Array) -> tuple[Array, Array]:
    """Return the steps in eigenvectors and the predicted decrease of ``J`` or of ``|∇J|²``; what is needed of one kind alone is found for one kind alone."""
    values, mu = run.values, np.array([mover.damped() for mover in run.movers])[:, None]
    descends = [mover.descends for mover in run.movers]
    if all(descends):
        step = -slopes / (np.abs(values) + mu)
        return step, _decrease_of_loss(slopes, step, values * step)
    if not any(descends):
        step = -(slopes * values) / (values * values + mu)
        return step, _decrease_of_gradient(slopes, values * step)
    down = np.array(descends)
    step = -np.where(down[:, None], slopes, slopes * values) / (np.where(down[:, None], np.abs(values), values * values) + mu)
    change = values * step
    return step, np.where(down, _decrease_of_loss(slopes, step, change), _decrease_of_gradient(slopes, change))


def _decrease_of_loss(slopes: Array, step: Array, change: Array) -> Array:
    return np.asarray(-np.add.reduce(slopes * step + change * step / 2, axis=1))


def _decrease_of_gradient(slopes: Array, change: Array) -> Array:
    return np.asarray(np.add.reduce(slopes * slopes - (slopes + change) ** 2, axis=1))


def _norm(rows: Array) -> Array:
    return np.asarray(np.sqrt(_square(rows)))


def _square(rows: Array) -> Array:
    return np.asarray(np.add.reduce(rows * rows, axis=1))


def _largest(blocks: Array) -> Array:
    """Return the largest absolute value of each point's entries, NaN where one of them is."""
    return np.asarray(np.maximum.reduce(np.abs(blocks), axis=tuple(range(1, blocks.ndim))))
