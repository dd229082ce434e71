r"""Critical points of networks with many weights: steps to one in doubles, and a ball that is proved to hold it.

With ``g = T ∇J``, a symmetric H̃ with ``min|λ(H̃)| ≥ s``, and ``‖T H(W) − H̃‖ ≤ e`` for all W of a box that contains the ball of radius ρ, Newton's map with the fixed
matrix H̃ sends the ball into itself and contracts if ``‖g(W_0)‖ + e ρ < s ρ``: the ball holds exactly one critical point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy.linalg
from flint import arb

from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.precision import ball_precision, dyadic
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.jacobian import gradient
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.numerics.verified.curvature import HessianSigns, hessian_signs
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.limits import MAX_GRAM_VALUES, MAX_HESSIAN_ROWS, MAX_STEP_WORK, curvature_work, gradient_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

PRECISION = 128
"""The precision in bits in which the gradient is enclosed."""

_STEPS, _HALVINGS, _REFINEMENTS = 40, 20, 6
_SETTLED = 2.0**-60
_KEPT_BITS = 100
_SLACK, _LEAST_RADIUS = 4.0, 2.0**-70


@dataclass(frozen=True)
class CriticalBall:
    """The ball of a radius around weights that holds exactly one critical point, and the signs of the Hessian all over the box around it."""

    radius: Fraction
    signs: HessianSigns


def is_within_limits(problem: Problem) -> bool:
    """Tell whether a checker goes through the proof for a problem."""
    a = problem.architecture
    work = curvature_work(a.widths, problem.T, a.bias_rows)
    work += gradient_work(a.widths, problem.T, PRECISION, softmax=problem.error.family == "softmax")
    return a.N_net <= MAX_HESSIAN_ROWS and problem.T * sum(a.widths) <= MAX_GRAM_VALUES and 4 * work <= MAX_STEP_WORK


def critical_ball(problem: Problem, weights: Weights) -> CriticalBall | None:
    """Return a small ball around the weights that is proved to hold exactly one critical point; None where no proof succeeds.

    A quarter of what the proof needs is demanded, so that a checker whose enclosures are wider agrees.
    """
    if not is_within_limits(problem):
        return None
    try:
        with ball_precision(PRECISION):
            size = float(sum((x * x for x in _gradient(problem, weights)), arb(0)).sqrt().upper())
        start = hessian_signs(problem, weights, Fraction(0))
        if not (np.isfinite(size) and start.least > _SLACK * start.spread):
            return None
        radius = Fraction(2) ** math.ceil(math.log2(max(_SLACK * size / start.least, _LEAST_RADIUS)))
        signs = hessian_signs(problem, weights, radius) if radius < 1 else start
    except (NotDifferentiable, OverflowError):
        return None
    rho = float(radius)
    holds = radius < 1 and _SLACK * signs.spread < signs.least and 2 * size + _SLACK * signs.spread * rho < signs.least * rho
    return CriticalBall(radius, signs) if holds else None


def polished_weights(problem: Problem, weights: Weights) -> Weights | None:
    """Return weights nearer to a critical point, as dyadic rationals of about 100 bits; None where the steps do not settle.

    Newton's steps in doubles, halved until they lower ``‖∇J‖``, then steps with gradients in balls and one factored Hessian. The result proves nothing.
    """
    if not is_within_limits(problem):
        return None
    landscape = FloatLandscape(problem)
    point = _settled(landscape, flat_weights(problem, weights))
    if point is None:
        return None
    H = landscape.at(point[None]).hessian[0]
    if not np.all(np.isfinite(H)):
        return None
    with threads_for(len(H) ** 3):
        factors = scipy.linalg.lu_factor(H, check_finite=False)
    return _refined(problem, [Fraction(float(x)) for x in point], factors)


def _settled(landscape: FloatLandscape, point: Array) -> Array | None:
    """Return where Newton's steps end that lower the norm of the gradient; None if it is not finite."""
    at = landscape.at(point[None])
    g, H = at.gradient[0], at.hessian[0]
    for _ in range(_STEPS):
        if not (np.all(np.isfinite(g)) and np.all(np.isfinite(H))):
            return None
        step, length = np.linalg.lstsq(H, g, rcond=1e-14)[0], 1.0
        for _ in range(_HALVINGS):
            moved = point - length * step
            there = landscape.at(moved[None])
            if np.linalg.norm(there.gradient[0]) < np.linalg.norm(g):
                break
            length /= 2
        else:
            return point
        point, g, H = moved, there.gradient[0], there.hessian[0]
    return point


def _refined(problem: Problem, point: list[Fraction], factors: tuple[Array, Array]) -> Weights | None:
    """Return the end of steps with the gradient in balls; None where they do not become small."""
    last = np.inf
    for _ in range(_REFINEMENTS):
        weights = weights_of_rows(problem, np.array(point, dtype=object))
        try:
            g = np.array([float(x.mid()) for x in _gradient(problem, weights)]) / problem.T
        except (NotDifferentiable, OverflowError):
            return None
        step = scipy.linalg.lu_solve(factors, g, check_finite=False)
        length = float(np.max(np.abs(step), initial=0.0))
        if length < _SETTLED:
            return weights
        if not length < min(1.0, last):
            return None
        point = [_rounded(x - Fraction(float(d))) for x, d in zip(point, step, strict=True)]
        last = length
    return weights


def _gradient(problem: Problem, weights: Weights) -> list[arb]:
    """Return ``T ∇J`` enclosed at the weights."""
    with ball_precision(PRECISION):
        found = gradient(problem, evaluate(problem.architecture, problem.samples, weights, StateBallField(PRECISION)))
        return [x * problem.T for x in found]


def _rounded(value: Fraction) -> Fraction:
    with ball_precision(_KEPT_BITS):
        return dyadic(+ball_of(value).mid())
