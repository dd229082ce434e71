"""Bounds of the loss of a large network at a point, from one pass in doubles with proved error bounds."""

from __future__ import annotations

import numpy as np
from flint import arb

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.precision import LARGEST_EXPONENT, ball_precision
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.loss_bounds import LossBounds, cut_at_zero
from lossproof.numerics.network.loss_value import outward_bounds, total_error
from lossproof.numerics.network.penalty import rates_over
from lossproof.numerics.network.weight_vectors import rows_of_step
from lossproof.numerics.verified.enclosures import as_balls, enclose_numbers
from lossproof.numerics.verified.forward_backward import enclose_features, may_share_polynomials
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.limits import DOUBLE_PRECISION, MAX_GRAM_ENTRIES, MAX_STEP_WORK, doubles_work, error_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_PRECISION = 80
_SPARE = 16
_SPARE_BITS = 36


def loss_in_doubles(problem: Problem, weights: Weights) -> LossBounds | None:
    """Return bounds of ``J`` at the weights, or None where a number is too large, a z lies at or too near a kink, or a checker would have too much to do.

    The outputs are enclosed by `enclose_features`, some samples at a time, all errors and the penalty then in balls. The bounds are sixteen radii of that ball
    and ``2^-36`` of its size wider, and rounded outward, for another program whose radii are larger.

    >>> from fractions import Fraction
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1"), error_named("squared"), Samples.of([[0]], [[1]]))
    >>> found = loss_in_doubles(problem, Weights.of(problem.architecture, [([[0]], ["1/3"])]))  # J = 2/9
    >>> found.lower < Fraction(2, 9) < found.upper < found.lower + Fraction(1, 10**10)
    True
    """
    if beyond_doubles(problem, weights) is not None:
        return None
    a, field, shared = problem.architecture, BallField(_PRECISION), may_share_polynomials(problem.architecture, problem.architecture.L - 1)
    if problem.T * sum(a.widths) > MAX_GRAM_ENTRIES or _work(problem, shared=shared) > MAX_STEP_WORK:
        return None
    try:
        with np.errstate(all="ignore"):
            found = enclose_features(a, enclose_numbers(problem.samples.X), weights, a.L, ones=False)
    except NotDifferentiable:
        return None
    if found is None or (_work(problem, shared=shared and found.share_polynomials(a.widths, a.L - 1)) > MAX_STEP_WORK):
        return None
    with ball_precision(_PRECISION):
        ball = total_error(problem.error, as_balls(found.phi), field.array(problem.samples.Y)) / problem.T
        if problem.decay is not None:
            rows = rows_of_step(a, [(field.array(layer.W), field.array([layer.b])[0]) for layer in weights.layers])
            ball += sum(rates_over(problem, field) * rows * rows, arb(0)) / 2
        if not abs(ball) < arb(2) ** LARGEST_EXPONENT:
            return None
        wide = ball + arb(0, _SPARE * ball.rad() + abs(ball).upper() / 2**_SPARE_BITS)
        return LossBounds(*cut_at_zero(problem, outward_bounds(wide)), None)


def _work(problem: Problem, *, shared: bool) -> int:
    """Return the work of a checker, from above, with values of hidden layers by ``shared`` polynomials or not."""
    a, T, softmax = problem.architecture, problem.T, problem.error.family == "softmax"
    passes = doubles_work(a.widths[:-1], T, shared=shared) + doubles_work(a.widths[-2:], T, shared=False)
    return passes + error_work(a.n_L, T, DOUBLE_PRECISION, softmax=softmax)
