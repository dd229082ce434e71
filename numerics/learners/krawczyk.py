r"""Exact learners in a box: Krawczyk's test with as many free weights as equations.

Let ``G(s) = F(W(s)) − Y`` have ``n = T n_L`` equations in ``n`` chosen weights ``s`` around the point ``c``, the others held fixed, ``J`` an
enclosure of ``G'`` over the box ``|s − c| ≤ ρ``, and ``C`` about ``J^{-1}``. If ``|C G(c)| + |C| δ + |I − C J| ρ < ρ`` in every row, then for all
targets within ``δ`` of ``Y`` in every entry there is exactly one solution in the box, and ``G'`` is invertible all over it (Krawczyk 1969).
Ball arithmetic makes every quantity an enclosure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import isqrt

import numpy as np
from flint import arb, arb_mat
from scipy import linalg

from lossproof.numerics.algebra.inclusion import krawczyk_slacks
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.estimates import singular_values
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.network.pass_limits import constants_in, precision_within
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.limits import constants_work, elimination_work, jacobian_work, pass_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

MOST_EQUATIONS = 150
"""More equations are refused: the test costs ``n³`` ball operations for each radius tried."""

_FIRST_PRECISION = 64
_LAST_PRECISION = 512
_GROWTH = 4
_ATTEMPTS = 24
_ILL = 1e-13


@dataclass(frozen=True)
class LearnerBox:
    """A box that contains exactly one exact learner for its free weights, at the precision at which this was proved.

    ``parameters`` are the free weights as rows of ``P``, ``radius`` is ``ρ``; every target within ``target_radius`` (0 or more) of ``Y`` in
    every entry has an exact learner in the box, too.
    """

    parameters: tuple[int, ...]
    radius: Fraction
    precision: int
    target_radius: Fraction = Fraction(0)

    @property
    def distance(self) -> Fraction:
        """A bound of the Euclidean distance from the point to the exact learner, ``ρ ⌈√n⌉``."""
        return self.radius * (isqrt(len(self.parameters) - 1) + 1)


def learner_box(problem: Problem, weights: Weights) -> LearnerBox | None:
    """Return a small box around the weights that is proved to contain an exact learner, or None.

    None says nothing: the weights may be too far from an exact learner, ``P`` deficient or nearly so, the derivatives undefined on the box, or the problem
    too large (more than 150 equations).
    """
    parameters = _free_weights(problem, weights)
    if parameters is None:
        return None
    highest = precision_within(lambda bits: _work(problem, weights, bits), _LAST_PRECISION)
    precision = _FIRST_PRECISION
    while precision <= highest:
        point = _Point(problem, weights, precision)
        for radius in _radii(point, parameters):
            if _margin(point, parameters, radius) is not None:
                return LearnerBox(parameters, radius, precision)
        precision *= 2
    return None


def _work(problem: Problem, weights: Weights, bits: int) -> int:
    """Return the work of the test for a checker: a pass at the point, two over the box, one of them for all of ``P``, and an inverse."""
    widths, T = problem.architecture.widths, problem.T
    passes = 2 * pass_work(widths, T, bits) + jacobian_work(widths, T, bits) + constants_work(3 * constants_in(weights), bits)
    return passes + 2 * elimination_work(problem.columns, bits)


def robust_box(problem: Problem, weights: Weights, box: LearnerBox) -> LearnerBox | None:
    """Return a box with a large target radius, found by growing a proved box; None where no positive one is proved.

    The largest box for which the test holds is left out: a checker with wider balls might fail there.
    """
    proved: list[LearnerBox] = []
    point, radius = _Point(problem, weights, box.precision), box.radius
    for _ in range(_ATTEMPTS):
        margin = _margin(point, box.parameters, radius)
        if margin is None and proved:
            break
        if margin:
            proved.append(replace(box, radius=radius, target_radius=margin))
        radius *= _GROWTH
    return max(proved[:-1] or proved, key=lambda found: found.target_radius, default=None)


def _free_weights(problem: Problem, weights: Weights) -> tuple[int, ...] | None:
    """Choose ``T n_L`` rows of ``P`` that are far from dependent, by pivoting in doubles."""
    n = problem.columns
    if not n <= min(problem.architecture.N_net, MOST_EQUATIONS):
        return None
    if beyond_doubles(problem, weights) is not None:
        return None
    try:
        with np.errstate(all="ignore"):
            P = jacobian(evaluate(problem.architecture, problem.samples, weights, Float64Field()))
    except NotDifferentiable:
        return None
    if not np.all(np.isfinite(P)):
        return None
    pivots = sorted(int(k) for k in linalg.qr(P.T, mode="r", pivoting=True)[1][:n])
    values = singular_values(P[pivots]).value
    return tuple(pivots) if values[-1] > _ILL * values[0] else None


def _radii(point: _Point, parameters: tuple[int, ...]) -> list[Fraction]:
    """Return powers of two to try, from four times the length of Newton's step upwards, and well above the rounding of the balls."""
    try:
        step = point.newton_step(parameters)
    except (NotDifferentiable, ZeroDivisionError):
        return []
    if not step < 1:
        return []
    least = Fraction(2) ** max(-point.field.precision + 16, int(np.ceil(np.log2(max(step, 2.0**-1000)))) + 2)
    return [radius for k in range(_ATTEMPTS) if (radius := least * _GROWTH**k) <= 1]


def _margin(point: _Point, parameters: tuple[int, ...], radius: Fraction) -> Fraction | None:
    """Return a target radius ``δ ≥ 0`` for which the test holds with this box, or None if it fails even for ``δ = 0``.

    The derivative is enclosed over a box twice as wide, half of the box is left as slack, and half of the slack for ``δ``: a checker with wider
    balls then agrees.
    """
    n = len(parameters)
    with ball_precision(point.field.precision):
        try:
            J = point.slopes(parameters, 2 * radius)
            C = J.mid().inv().mid()
        except (NotDifferentiable, ZeroDivisionError):
            return None
        rho = ball_of(radius)
        slacks = krawczyk_slacks(point.residuals, J, C, rho)
        if not all(2 * slack > rho for slack in slacks):
            return None
        margins = [slack / sum((abs(C[k, m]) for m in range(n)), arb(0)) for k, slack in enumerate(slacks)]
        least = min(float(margin.lower()) for margin in margins)
    return Fraction(2) ** int(np.floor(np.log2(least)) - 1) if least > 0 else Fraction(0)


class _Point:
    """A problem at a point in balls of one precision."""

    def __init__(self, problem: Problem, weights: Weights, precision: int) -> None:
        self.problem, self.weights, self.field = problem, weights, StateBallField(precision)

    @cached_property
    def residuals(self) -> arb_mat:
        """Return ``F − Y`` at the point, as a column."""
        outputs = evaluate_box(self.problem, self.weights, self.field, Fraction(0)).phi[self.problem.architecture.L]
        entries = self.field.add(outputs, -self.field.array(self.problem.samples.Y)).ravel()
        return arb_mat(len(entries), 1, list(entries))

    def slopes(self, parameters: tuple[int, ...], radius: Fraction) -> arb_mat:
        """Return an enclosure of the derivative by the free weights over the box."""
        P = jacobian(evaluate_box(self.problem, self.weights, self.field, radius, parameters))
        return arb_mat(np.ascontiguousarray(P[list(parameters)].T).tolist())

    def newton_step(self, parameters: tuple[int, ...]) -> float:
        """Return the largest entry of Newton's step in doubles; infinite if it leaves their range."""
        with ball_precision(self.field.precision):
            step = self.slopes(parameters, Fraction(0)).mid().inv().mid() * self.residuals.mid()
            sizes = [abs(float(entry.mid())) for entry in step.entries()]
        return max(sizes) if np.all(np.isfinite(sizes)) else float("inf")
