"""The loss ``J(W) = (1/T) Σ_i E(F(W, x_i), y_i)``, with the penalty of a weight decay: exactly, and as a ball."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor

from flint import arb, fmpq

from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.field import Array, in_field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.precision import ball_precision, dyadic
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.exact_work import output_work
from lossproof.numerics.network.penalty import penalty_terms
from lossproof.numerics.rationals import from_flint
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_SPARE_BITS = 40
_LEAST_SIZE = Fraction(1, 2**200)


def loss_exact(problem: Problem, weights: Weights) -> Fraction | None:
    """Return ``J(W)`` where formal arithmetic shows it to be rational (squared error only), else None.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "tanh")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[0], [1]], [[0], [1]]))
    >>> loss_exact(problem, Weights.of(a, [([[1]], [0]), ([[0]], ["1/2"])]))
    Fraction(1, 8)
    """
    if problem.error.family != "squared":
        return None
    field = FormalField()
    evaluation = evaluate(problem.architecture, problem.samples, weights, field)
    outputs = in_field(lambda: evaluation.phi[problem.architecture.L])
    residuals = None if outputs is None else outputs - field.array(problem.samples.Y)
    if residuals is None or not _all_rational(residuals) or not output_work(problem, evaluation).is_allowed:
        return None
    extra = in_field(lambda: penalty_terms(problem, evaluation))
    if extra is None or not _all_rational(extra):
        return None
    total = sum((r * r for r in residuals.ravel()), fmpq(0)) / fmpq(2 * problem.T)
    return from_flint(total + sum(extra, fmpq(0)))


def loss_ball(problem: Problem, weights: Weights, radius: Fraction, precision: int) -> arb:
    """Return a ball that contains ``J`` at all weights within ``radius`` of the given ones in every trainable coordinate."""
    field = StateBallField(precision)
    evaluation = evaluate_box(problem, weights, field, radius)
    outputs, extra = evaluation.phi[problem.architecture.L], penalty_terms(problem, evaluation)
    with ball_precision(precision):
        return total_error(problem.error, outputs, field.array(problem.samples.Y)) / problem.T + sum(extra, arb(0))


def least_error(problem: Problem, precision: int) -> arb:
    """Return a ball that contains ``E`` of one sample at an exact learner, ``n_L · e(0)``, for an error that is a sum over outputs."""
    with ball_precision(precision):
        return problem.architecture.n_L * _SEPARABLE[problem.error.family](arb(0), ball_of(problem.error.beta or 0))


def total_error(error: ErrorFunction, outputs: Array, targets: Array) -> arb:
    """Return ``Σ_i E(φ_i, y_i)`` as a ball, at the precision in force."""
    if error.family == "softmax":
        return sum((_log_sum_exp(row) - (row * y).sum() for row, y in zip(outputs, targets, strict=True)), arb(0))
    if error.family == "logistic":
        return sum((_softplus(phi) - y * phi for phi, y in zip(outputs.ravel(), targets.ravel(), strict=True)), arb(0))
    beta = ball_of(error.beta or 0)
    return sum((_SEPARABLE[error.family](r, beta) for r in (outputs - targets).ravel()), arb(0))


def outward_bounds(ball: arb, least: Fraction = _LEAST_SIZE) -> tuple[Fraction, Fraction]:
    """Return short dyadic rationals ``a < b`` with the ball inside ``[a, b]``, and room for a checker's wider balls.

    The room on each side is the larger of the ball's radius and ``2^-40`` of its size, or of ``least``; balls that are infinite or beyond ``2^4000`` raise
    `ValueError`.

    >>> outward_bounds(arb(1))[0] < 1 < outward_bounds(arb(1))[1]
    True
    """
    middle, size = dyadic(ball), max(dyadic(abs(ball).upper()), least)
    room = 4 * dyadic(ball.rad().upper()) + size / 2**_SPARE_BITS
    unit = Fraction(2) ** (room.numerator.bit_length() - room.denominator.bit_length() - 3)
    return unit * floor((middle - room) / unit), unit * (floor((middle + room) / unit) + 1)


def _all_rational(A: Array) -> bool:
    return all(isinstance(entry, fmpq) for entry in A.ravel())


def _softplus(phi: arb) -> arb:
    return phi.max(arb(0)) + (-abs(phi)).exp().log1p()


def _log_sum_exp(row: Array) -> arb:
    top = max((entry.mid() for entry in row), key=float)
    total: arb = top + sum(((entry - top).exp() for entry in row), arb(0)).log()
    return total


def _square(r: arb) -> arb:
    """Return ``r²`` as a ball without negative numbers, also for a wide ball around 0."""
    square: arb = (r * r).nonnegative_part()
    return square


def _smooth_l1(r: arb, beta: arb) -> arb:
    """Return ``(r² + β) · (r² + β)^{-1/2}``, a polynomial in r and a state, as wide over a wide ball as another program may have it."""
    size = _square(r) + beta
    return size * (1 / size.sqrt())


def _blake_zisserman(r: arb, beta: arb) -> arb:
    weight: arb = (-_square(r)).exp() + beta
    return -weight.log()


_SEPARABLE: Mapping[str, Callable[[arb, arb], arb]] = {
    "squared": lambda r, _: _square(r) / 2,
    "smooth-l1": _smooth_l1,
    "blake-zisserman": _blake_zisserman,
    "cauchy": lambda r, beta: (_square(r) / beta).log1p(),
}
