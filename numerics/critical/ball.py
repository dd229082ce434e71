r"""Critical points of networks with many weights: steps to one in doubles, and a ball that is proved to hold it.

With ``g = T ∇J`` by the free parameters, a symmetric H̃ with ``min|λ(H̃)| ≥ s``, and ``‖T H(W) − H̃‖ ≤ e`` for all W of a box that contains the ball of
radius ρ, Newton's map with the fixed matrix H̃ sends the ball into itself and contracts if ``‖g(W_0)‖ + e ρ < s ρ``: the ball holds exactly one critical
point. As in `box`, parameters are held that the symmetries of the loss can move.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb

from lossproof.numerics.critical.box import symmetry_gauge
from lossproof.numerics.critical.slopes import Slopes
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.precision import ball_precision, dyadic
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.jacobian import gradient
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.numerics.verified.curvature import enclosed_landscape
from lossproof.numerics.verified.eigenvalues import HessianSigns, eigenvalues_are_apart
from lossproof.numerics.verified.enclosures import Enclosure, frobenius_bound
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.limits import MAX_GRAM_VALUES, MAX_HESSIAN_ROWS, MAX_STEP_WORK, curvature_work, gradient_work, signs_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

PRECISION = 128
"""The precision in bits in which the gradient is enclosed."""

FAR = 10
"""Steps that have led so many times as far as the weights are large, or as 1, have run off."""

_STEPS, _REFINEMENTS = 60, 6
_LEAST_STEPS, _MOST_FLOPS = 4, 10**13
_DAMPINGS = (0.0, *(10.0**k for k in range(-12, 3, 2)))
_QUICK, _SLOW, _SHORT = 0.1, 0.5, 1e-10
_SETTLED = 2.0**-60
_KEPT_BITS, _CANCELLED = 100, 1e-3
_MOST_BALLS = 200_000
_SLACK, _LEAST_RADIUS = 4.0, 2.0**-70
_ABOVE, _ABOUT = 1 + 2.0**-20, 1.01


@dataclass(frozen=True)
class CriticalBall:
    """The ball of a radius around weights that holds exactly one critical point, with some parameters held, and the signs of the Hessian by the others.

    The signs hold all over the box around the ball.
    """

    radius: Fraction
    fixed: tuple[int, ...]
    signs: HessianSigns


def is_within_limits(problem: Problem) -> bool:
    """Tell whether a checker goes through the proof for a problem."""
    a = problem.architecture
    work = curvature_work(a.widths, problem.T, [a.fan_in(l) for l in range(1, a.L + 1)]) + signs_work(a.N_net, 1)
    work += gradient_work(a.widths, problem.T, PRECISION, softmax=problem.error.family == "softmax")
    return a.N_net <= MAX_HESSIAN_ROWS and problem.T * max(sum(a.widths), a.n_L**2) <= MAX_GRAM_VALUES and 4 * work <= MAX_STEP_WORK


def serves(problem: Problem, weights: Weights) -> bool:
    """Tell whether the Hessian at weights is within the limits, and all numbers there have doubles."""
    return is_within_limits(problem) and beyond_doubles(problem, weights) is None


@np.errstate(all="ignore")
def critical_ball(problem: Problem, weights: Weights) -> CriticalBall | None:
    """Return a small ball around the weights that is proved to hold exactly one critical point, up to symmetries; None where no proof succeeds.

    A quarter of what the proof needs is demanded, so that a checker whose enclosures are wider agrees. Where the gradient has not all but cancelled between
    samples, to 1/1000 of its terms, no proof is tried, as it takes long.
    """
    if not serves(problem, weights):
        return None
    fixed = symmetry_gauge(problem, weights)
    free = _free(problem, fixed)
    try:
        found = enclosed_landscape(problem, weights)
        g = found.gradient()
        if not np.linalg.norm(g.mid[free]) <= _CANCELLED * found.gradient_scale():
            return None
        H = found.hessian(free)
        if not (H.is_finite() and g.is_finite()):
            return None
        slopes = Slopes.of(H.mid, free)
        for size in _sizes(problem, weights, free, g):
            radius = _radius(size, slopes.least)
            signs = None if radius is None else _signs(problem, weights, radius, slopes, 2 * size / float(radius))
            if radius is not None and signs is not None:
                return CriticalBall(radius, fixed, signs)
    except (NotDifferentiable, OverflowError, np.linalg.LinAlgError):
        return None
    return None


@np.errstate(all="ignore")
def signs_in_box(problem: Problem, weights: Weights, radius: Fraction, fixed: tuple[int, ...]) -> HessianSigns | None:
    """Return the signs of the Hessian by the parameters that are not held, if they are all proved over the box of a radius; None if not."""
    if not serves(problem, weights):
        return None
    try:
        return _signs(problem, weights, radius, _slopes_at(problem, weights, _free(problem, fixed)))
    except (NotDifferentiable, OverflowError, np.linalg.LinAlgError):
        return None


def _signs(problem: Problem, weights: Weights, radius: Fraction, slopes: Slopes | None, more: float = 0.0) -> HessianSigns | None:
    """Return the signs over the box of a radius, if all eigenvalues are proved to be larger in size than four times the spread, and a number more."""
    if slopes is None:
        return None
    H = enclosed_landscape(problem, weights, radius).hessian(slopes.free)
    least = _SLACK * H.spread * _ABOVE + more * _ABOVE
    if not (H.is_finite() and least < slopes.least * _ABOUT):
        return None
    eigen = None if slopes.negative in (0, len(H.mid)) else slopes.eigen
    return HessianSigns(slopes.negative, least, H.spread) if eigenvalues_are_apart(H.mid, slopes.negative, least, eigen) else None


@np.errstate(all="ignore")
def gradient_and_margin(problem: Problem, weights: Weights) -> tuple[float, float]:
    """Return ``‖∇J‖₂`` and the least ``|λ|`` of the Hessian of J, by the parameters that the symmetries leave free: estimates in doubles, or NaN."""
    if beyond_doubles(problem, weights) is not None:
        return math.nan, math.nan
    size = float(np.linalg.norm(FloatLandscape(problem).gradient(flat_weights(problem, weights)[None])))
    try:
        slopes = _slopes_at(problem, weights, _free(problem, symmetry_gauge(problem, weights)))
    except (NotDifferentiable, OverflowError, np.linalg.LinAlgError):
        return size, math.nan
    return size, math.nan if slopes is None else slopes.margin() / problem.T


def _free(problem: Problem, fixed: tuple[int, ...]) -> Array:
    return np.delete(np.arange(problem.architecture.N_net), fixed)


def _sizes(problem: Problem, weights: Weights, free: Array, g: Enclosure) -> Iterator[float]:
    """Yield upper bounds of the norm of ``T ∇J`` by the free parameters: from doubles, where balls take long, and from balls where doubles round too much."""
    if problem.T * problem.architecture.N_net > _MOST_BALLS:
        yield frobenius_bound(g.reach()[free])
        if frobenius_bound(g.rad[free]) < frobenius_bound(g.mid[free]):
            return
    with ball_precision(PRECISION):
        balls = np.array(_gradient(problem, weights), dtype=object)[free]
        yield float(sum((x.abs_upper() ** 2 for x in balls), arb(0)).sqrt().upper()) * (1 + 2.0**-40)


def _radius(size: float, least: float) -> Fraction | None:
    if not (np.isfinite(size) and np.isfinite(least) and size < least / _SLACK):
        return None
    return Fraction(2) ** math.ceil(math.log2(max(_SLACK * size / least, _LEAST_RADIUS)))


def polished_weights(problem: Problem, weights: Weights) -> Iterator[Weights]:
    """Yield weights nearer to a critical point: where steps like Newton's in doubles end, and these refined to dyadic rationals of about 100 bits.

    The steps are those of Levenberg and Marquardt for the equation ``∇J = 0``; one Hessian serves as long as the steps become short quickly. No more are taken
    than about two minutes allow, and none where that is fewer than four; they have run off where they have led ten times as far as the weights are large. The
    refinement takes gradients in balls and one Hessian. What is yielded are guesses, and proves nothing; nothing comes where there is no Hessian, or where the
    steps run off, and no refined weights where they do not settle.
    """
    if not takes_steps(problem, weights):
        return
    fixed = symmetry_gauge(problem, weights)
    try:
        point = _settled(problem, flat_weights(problem, weights), _free(problem, fixed))
        if point is None:
            return
        yield weights_of_rows(problem, point)
        refined = _refined(problem, point, _free(problem, fixed))
    except (NotDifferentiable, OverflowError, np.linalg.LinAlgError):
        return
    if refined is not None:
        yield refined


def takes_steps(problem: Problem, weights: Weights) -> bool:
    """Tell whether `polished_weights` takes any steps: the problem is within the limits, has doubles, and two minutes allow four steps."""
    return _LEAST_STEPS * _hessian_flops(problem) <= _MOST_FLOPS and serves(problem, weights)


def _hessian_flops(problem: Problem) -> int:
    """Return about how many operations a Hessian and its factorisation take."""
    N = problem.architecture.N_net
    return 2 * problem.T * N**2 + N**3


def _slopes_at(problem: Problem, weights: Weights, free: Array) -> Slopes | None:
    H = enclosed_landscape(problem, weights).midpoints(free)
    return Slopes.of(H, free) if np.isfinite(H).all() else None


@np.errstate(all="ignore")
def _settled(problem: Problem, start: Array, free: Array) -> Array | None:
    """Return where steps end each of which makes the next one, by the same Hessian, shorter (Deuflhard's natural test); None if they run off."""
    landscape, slopes, fresh, point = FloatLandscape(problem), None, False, start
    left, eigenvectors = _MOST_FLOPS, 30 * len(free) ** 3
    g, far = problem.T * landscape.gradient(start[None])[0], FAR * max(1.0, float(np.max(np.abs(start), initial=0.0)))
    for _ in range(_STEPS):
        if slopes is None:
            slopes, fresh = _slopes_at(problem, weights_of_rows(problem, point), free), True
            if slopes is None:
                return None
            left -= _hessian_flops(problem) + (0 if slopes.is_definite else eigenvectors)
            if left < 0:
                return point
        for damping in _DAMPINGS if fresh and left >= eigenvectors else _DAMPINGS[:1]:
            step = slopes.step(g, damping)
            there = problem.T * landscape.gradient((point - step)[None])[0]
            length, rest = (float(np.linalg.norm(x)) for x in (step, slopes.step(there, damping)))
            if not rest <= _SLOW * length and length <= _SHORT * (1 + np.linalg.norm(point)):
                return point
            if rest < length:
                break
        else:
            if fresh:
                return point
            slopes = None
            continue
        left -= eigenvectors if damping and slopes.is_definite else 0
        point, g = point - step, there
        if not np.max(np.abs(point - start)) <= far:
            return None
        slopes, fresh = (slopes, False) if rest <= _QUICK * length else (None, False)
    return point


@np.errstate(all="ignore")
def _refined(problem: Problem, point: Array, free: Array) -> Weights | None:
    """Return the end of steps with the gradient in balls; None where they do not become small."""
    weights, last = weights_of_rows(problem, point), np.inf
    slopes = _slopes_at(problem, weights, free)
    exact = [Fraction(float(x)) for x in point]
    for _ in range(_REFINEMENTS):
        if slopes is None:
            return None
        step = slopes.newton_step(np.array([float(x.mid()) for x in _gradient(problem, weights)]))
        length = float(np.max(np.abs(step), initial=0.0))
        if not length < min(1.0, last):
            return None
        exact = [_rounded(x - Fraction(float(d))) if d else x for x, d in zip(exact, step, strict=True)]
        weights, last = weights_of_rows(problem, np.array(exact, dtype=object)), length
        if length < _SETTLED:
            return weights
    return None


def _gradient(problem: Problem, weights: Weights) -> list[arb]:
    """Return ``T ∇J`` enclosed at the weights."""
    with ball_precision(PRECISION):
        found = gradient(problem, evaluate(problem.architecture, problem.samples, weights, StateBallField(PRECISION)))
        return [x * problem.T for x in found]


def _rounded(value: Fraction) -> Fraction:
    with ball_precision(_KEPT_BITS):
        return dyadic(+ball_of(value).mid())
