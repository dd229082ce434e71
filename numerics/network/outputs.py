"""Decisions about the outputs at given weights: exact equality with the targets, inequality, curvature of the error.

Each function answers yes only when exact or ball arithmetic proves it; the certificate's rules of the same content are re-checked by the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.algebra.inclusion import widened
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import Array, Field, in_field
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.roomy import RoomyBallField
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.exact_work import output_work
from lossproof.numerics.network.pass_limits import forward_precision
from lossproof.numerics.rationals import to_flint
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.functions.activation import Activation
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

_FIRST_PRECISION = 64
_FORMAL_WORK = 2_000_000
_CHEAP_FORMAL_WORK = 50_000
_CLEARLY_APART, _VISIBLE = 1e-3, 1e-9
_CLEAR_BITS = 8


def precisions(cap: int) -> Iterator[int]:
    """Yield the precisions 64, 128, … in bits up to the cap.

    >>> list(precisions(300))
    [64, 128, 256]
    """
    bits = _FIRST_PRECISION
    while bits <= cap:
        yield bits
        bits *= 2


def is_clear(ball: arb) -> bool:
    """Tell whether a ball excludes 0 with eight bits to spare, so that a checker whose balls are a little wider agrees.

    >>> is_clear(arb(1, 0.001)), is_clear(arb(1, 0.5))
    (True, False)
    """
    return (bool(ball > 0) or bool(ball < 0)) and bool(ball.rel_accuracy_bits() >= _CLEAR_BITS)


def is_exact_learner(problem: Problem, weights: Weights) -> bool:
    """Tell whether ``F(W, x_i) = y_i`` for all samples is proved by exact arithmetic (polynomials over Q in formal symbols).

    False means "not proved": the outputs may differ, or be equal for a reason that formal arithmetic does not see.
    """
    work = problem.T * problem.architecture.N_net
    if work > _FORMAL_WORK or (work > _CHEAP_FORMAL_WORK and _is_clearly_apart(problem, weights)):
        return False
    field = FormalField()
    evaluation = evaluate(problem.architecture, problem.samples, weights, field)
    outputs = in_field(lambda: evaluation.phi[problem.architecture.L])
    equal = outputs is not None and all(entry == 0 for entry in (outputs - field.array(problem.samples.Y)).ravel())
    return equal and output_work(problem, evaluation).is_allowed


def output_apart_from_target(problem: Problem, weights: Weights, max_precision: int) -> tuple[int, int, int] | None:
    """Return ``(sample, output, precision)`` where ball arithmetic proves ``F(W, x_i)_j ≠ y_ij``, or None.

    The place is the one with the largest residual in doubles, or in balls where doubles show none or some number has none; the precision doubles up to
    the cap, or to what a checker takes, which passes all samples.
    """
    i, j = _largest_residual(problem, weights)
    one = Samples((problem.samples.X[i],), (problem.samples.Y[i],))
    for precision in precisions(forward_precision(problem, max_precision, weights)):
        output = evaluate(problem.architecture, one, weights, StateBallField(precision)).phi[problem.architecture.L][0, j]
        with ball_precision(precision):
            if is_clear(output - ball_rational(problem.samples.Y[i][j])):
                return i, j, precision
    return None


def flat_outputs(problem: Problem, weights: Weights, precision: int) -> list[list[int]]:
    """Return the pairs ``[i, j]`` with ``z_L(i)_j`` proved to lie inside an interval on which the output activation is constant, such as relu for ``z < 0``."""
    a = problem.architecture
    if forward_precision(problem, precision, weights) < precision:
        return []
    z = evaluate(a, problem.samples, weights, RoomyBallField(precision)).z[a.L]
    places = [[i, j] for i in range(problem.T) for j in range(a.n_L)]
    return [[i, j] for i, j in places if lie_on_flat_piece(a.output_activation, [z[i, j]], precision)]


def lie_on_flat_piece(activation: Activation, balls: Sequence[arb], precision: int, still: Sequence[arb] = ()) -> bool:
    """Tell whether balls of a precision are proved, with some room, to lie all inside one interval on which an activation is constant.

    Those that are ``still`` may lie at its ends, and get no room.
    """
    ends = [(_end(piece.lower), _end(piece.upper)) for piece in activation.affine_pieces if piece.slope == 0]
    with ball_precision(precision):
        wide = [widened(z, precision) for z in balls]
        return any(
            all((a is None or z > a) and (b is None or z < b) for z in wide)
            and all((a is None or z >= a) and (b is None or z <= b) for z in still)
            for a, b in ends
        )


def _end(value: Fraction | None) -> fmpq | None:
    return None if value is None else to_flint(value)


def curvature_is_negative(problem: Problem, weights: Weights, output: int, precision: int) -> bool:
    """Tell whether ``Σ_i e''(r_ij) s_i² < 0`` is proved, with ``s_i = σ_out'(z_ij)(z_ij − c)`` as in the rule `ggn-semidefinite-witness`.

    The sum is ``T vᵀ H_GN v`` for ``v`` the incoming weights of output ``j``. False also where some slope does not exist, hidden ones included.
    """
    a, field = problem.architecture, RoomyBallField(precision)
    if forward_precision(problem, precision, weights) < precision:
        return False
    try:
        evaluation = evaluate(a, problem.samples, weights, field)
        slope = [evaluation.slope[l] for l in range(1, a.L + 1)][-1][:, output]
    except NotDifferentiable:
        return False
    z = evaluation.z[a.L][:, output]
    curvature = field.error_derivative(problem.error, 2, evaluation.phi[a.L], field.array(problem.samples.Y))[:, output, output]
    constant = field.embed((problem.constants(a.L) or [Fraction(0)] * a.n_L)[output])
    with ball_precision(precision):
        rates = [s * (zi - constant) for s, zi in zip(slope, z, strict=True)]
        total = sum((e * rate * rate for e, rate in zip(curvature, rates, strict=True)), start=arb(0))
        return bool(widened(total, precision) < 0)


def ball_rational(value: Fraction) -> arb:
    """Return a ball around a rational at the current precision."""
    return arb(value.numerator) / value.denominator


def _residuals(problem: Problem, weights: Weights, field: Field) -> Array:
    outputs = evaluate(problem.architecture, problem.samples, weights, field).phi[problem.architecture.L]
    return np.asarray(outputs - field.array(problem.samples.Y))


@np.errstate(all="ignore")
def _float_residuals(problem: Problem, weights: Weights) -> Array:
    """Return the sizes of the residuals in doubles, 0 where they are no numbers."""
    return np.nan_to_num(np.abs(_residuals(problem, weights, Float64Field())), nan=0.0, posinf=np.inf)


def _is_clearly_apart(problem: Problem, weights: Weights) -> bool:
    """Tell whether doubles show an output far from its target."""
    return beyond_doubles(problem, weights) is None and bool(np.max(_float_residuals(problem, weights)) > _CLEARLY_APART)


def _largest_residual(problem: Problem, weights: Weights) -> tuple[int, int]:
    if beyond_doubles(problem, weights) is None:
        residuals = _float_residuals(problem, weights)
        i, j = np.unravel_index(int(np.argmax(residuals)), residuals.shape)
        if residuals[i, j] > _VISIBLE or problem.T * problem.architecture.N_net > _CHEAP_FORMAL_WORK:
            return int(i), int(j)
    balls = _residuals(problem, weights, BallField(_FIRST_PRECISION))
    rows, columns = balls.shape
    return max(((i, j) for i in range(rows) for j in range(columns)), key=lambda place: _size(balls, *place))


def _size(balls: Array, i: int, j: int) -> tuple[arb, arb]:
    """Return what orders balls by how far they are sure to lie from 0, and then by how far they may."""
    return balls[i, j].abs_lower(), balls[i, j].abs_upper()
