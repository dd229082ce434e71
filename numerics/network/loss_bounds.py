"""Bounds of the loss at a point, or over a box around it, with room for a checker's wider balls."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from lossproof.numerics.fields.precision import LARGEST_EXPONENT, ball_precision, dyadic
from lossproof.numerics.network.loss_value import loss_ball, outward_bounds
from lossproof.numerics.network.pass_limits import forward_precision
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import simplest_between

_PRECISIONS = (64, 128, 192)
_SHARPER = (512, 1024, 2048, 4096)
_SHORT = 2**12
_SHARP_WORK = 20_000
_LEAST = Fraction(1, 2**LARGEST_EXPONENT)


@dataclass(frozen=True)
class LossBounds:
    """Bounds ``lower ≤ J ≤ upper``, the precision in bits that shows them, and a short number from which the loss was told apart, if that was needed.

    The precision is None for bounds from doubles.
    """

    lower: Fraction
    upper: Fraction
    precision: int | None
    apart: Fraction | None = None


def loss_bounds(problem: Problem, weights: Weights, radius: Fraction, max_precision: int) -> LossBounds | None:
    """Return bounds of ``J`` at the weights, or at all weights within ``radius`` of them; None where no finite ones are found.

    They are a few units of ``2^-40`` of the loss apart, or as wide as the box makes them. Where a fraction of a denominator up to 4096 lies between them, as at
    weights that saturate the hidden units, the loss is near it or equal to it: the precision grows until one of the bounds tells it from the loss, or to
    ``max_precision``; in a network of no more than 20,000 entries of P, at the weights themselves. An error that is at least 0 has no lower bound below 0.
    """
    precision = max((bits for bits in _PRECISIONS if bits <= forward_precision(problem, bits)), default=None)
    ball = None if precision is None else loss_ball(problem, weights, radius, precision)
    if precision is None or ball is None or not abs(ball) < arb(2) ** LARGEST_EXPONENT:
        return None
    lower, upper = cut_at_zero(problem, outward_bounds(ball))
    short = simplest_between(lower, upper)
    if radius == 0 and short.denominator <= _SHORT and problem.columns * problem.architecture.N_net <= _SHARP_WORK:
        sharper = _apart(problem, weights, short, forward_precision(problem, max_precision))
        if sharper is not None:
            return sharper
    return LossBounds(lower, upper, precision)


def sharp_loss_bounds(problem: Problem, weights: Weights, precision: int) -> LossBounds | None:
    """Return bounds of ``J`` at the weights from balls of three quarters of the precision, as narrow as these allow; None where they are not finite, or large.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1"), error_named("squared"), Samples.of([[0]], [[1]]))
    >>> found = sharp_loss_bounds(problem, Weights.of(problem.architecture, [([[0]], ["1/3"])]), 256)  # J = 2/9
    >>> found.lower < Fraction(2, 9) < found.upper < found.lower + Fraction(1, 10**50)
    True
    """
    with ball_precision(3 * precision // 4) as bits:
        ball = loss_ball(problem, weights, Fraction(0), bits) if precision <= forward_precision(problem, precision) else None
        if ball is None or not abs(ball) < arb(2) ** LARGEST_EXPONENT:
            return None
        middle = dyadic(ball)
        lower, upper = outward_bounds(ball - arb(middle.numerator) / middle.denominator, _LEAST)
    return LossBounds(*cut_at_zero(problem, (middle + lower, middle + upper)), precision)


def _apart(problem: Problem, weights: Weights, short: Fraction, highest: int) -> LossBounds | None:
    """Return bounds that tell the loss from a short number, at balls of three quarters of the precision named, so that a checker with other balls agrees."""
    for precision in (bits for bits in _SHARPER if bits <= highest):
        with ball_precision(3 * precision // 4) as bits:
            ball = loss_ball(problem, weights, Fraction(0), bits) - arb(short.numerator) / short.denominator
            lower, upper = outward_bounds(ball, _LEAST)
        if not lower <= 0 <= upper:
            return LossBounds(*cut_at_zero(problem, (short + lower, short + upper)), precision, short)
    return None


def cut_at_zero(problem: Problem, bounds: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """Return bounds of a loss that is at least 0, but for the Blake-Zisserman error, which may be negative."""
    lower, upper = bounds
    return (lower if problem.error.family == "blake-zisserman" else max(lower, Fraction(0))), upper
