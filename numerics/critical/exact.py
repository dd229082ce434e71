"""Exact decisions about critical points: a gradient that is formally 0, constant networks, best constants for equal inputs; and a gradient that is not 0.

Each function answers yes only when exact or ball arithmetic proves it; the certificate's rules of the same content are re-checked by the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.critical.balanced_inputs import balanced_groups
from lossproof.numerics.curves.fields import FormalSeries
from lossproof.numerics.fields.field import Array, Field
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.fields.roomy import RoomyBallField
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import Evaluation, evaluate
from lossproof.numerics.network.exact_work import ExactWork, residual_work
from lossproof.numerics.network.exact_work import gradient_work as exact_gradient_work
from lossproof.numerics.network.jacobian import gradient, jacobian, output_gradient, output_residuals
from lossproof.numerics.network.outputs import is_clear, lie_on_flat_piece, precisions
from lossproof.numerics.network.pass_limits import constants_in, forward_precision, precision_within
from lossproof.numerics.network.penalty import penalty_slopes
from lossproof.numerics.rationals import to_flint
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.limits import constants_work, gradient_work
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_FORMAL_WORK, _QUICK_WORK, _TELLING_BITS = 20_000, 1_000, 256
_CHEAP_WORK = 500_000
_BALL_WORK = 5_000_000
_SMALL = 1e-6


def gradient_is_zero(problem: Problem, weights: Weights) -> bool:
    """Tell whether ``∇J(W) = 0`` is proved by exact arithmetic (polynomials over Q in formal symbols, or rationals).

    False means "not proved": the gradient may differ from 0, or vanish for a reason that formal arithmetic does not see. Where exact arithmetic takes long,
    balls are asked first whether it differs.
    """
    work = problem.T * problem.architecture.N_net
    if work > _FORMAL_WORK or not _gradient_is_small(problem, weights):
        return False
    if work > _QUICK_WORK and gradient_apart_from_zero(problem, weights, _TELLING_BITS) is not None:
        return False
    return any(all(entry == 0 for entry in found) for found in _exact(problem, weights, gradient, exact_gradient_work))


def is_constant_critical(problem: Problem, weights: Weights) -> bool:
    """Tell whether ``W_1 = 0`` and the constant outputs satisfy ``Σ_i ∇E_i = 0`` and ``Σ_i ∇E_i x_iᵀ = 0``, exactly (rule `stationary-constant`)."""
    a = problem.architecture
    trainable = a.bias_rows_of(a.L) and a.L >= 2 and a.output_activation.nonvanishing_derivative.holds
    if not trainable or any(w != 0 for row in weights.layers[0].W for w in row):
        return False
    inputs = [[*row, 1] for row in problem.samples.X]

    def moments(problem: Problem, evaluation: Evaluation) -> Array:
        return np.asarray(evaluation.field.matmul(evaluation.field.array(inputs).T, output_residuals(problem, evaluation)))

    return any(all(entry == 0 for entry in found.ravel()) for found in _exact(problem, weights, moments, residual_work))


def samples_are_balanced(problem: Problem, weights: Weights) -> bool:
    """Tell whether ``Σ ρ_i ∇E_i = 0`` exactly within every group of samples with outputs ``ρ_i c`` (rule `global-floor`)."""
    if problem.T * problem.architecture.N_net > _FORMAL_WORK:
        return False
    groups = [[(i, to_flint(rho)) for i, rho in group] for group in balanced_groups(problem)]
    for residuals in _exact(problem, weights, output_residuals, residual_work):
        sums = [sum((residuals[i, j] * rho for i, rho in group), fmpq(0)) for group in groups for j in range(residuals.shape[1])]
        if all(entry == 0 for entry in sums):
            return True
    return False


def gradient_apart_from_zero(problem: Problem, weights: Weights, max_precision: int) -> tuple[int, int] | None:
    """Return ``(parameter, precision)`` where ball arithmetic proves a component of ``∇J(W)`` not to be 0, or None.

    However small a gradient is, it is told from 0 once the precision suffices: a saturated unit is no critical point. Where there is much to compute, the
    components by the last layer's weights come first, which need no pass backwards; beyond a limit they are the only ones.
    """
    work, softmax = problem.T * problem.architecture.N_net, problem.error.family == "softmax"
    widths, T, constants = problem.architecture.widths, problem.T, constants_in(weights)
    if work > _CHEAP_WORK and problem.architecture.fan_in(problem.architecture.L):
        found = _component_apart(problem, weights, forward_precision(problem, max_precision, weights), output_gradient)
        if found is not None or work > _BALL_WORK:
            return found
    cap = precision_within(lambda bits: gradient_work(widths, T, bits, softmax=softmax) + constants_work(constants, bits), max_precision)
    return _component_apart(problem, weights, cap, gradient)


def _component_apart(
    problem: Problem, weights: Weights, max_precision: int, components: Callable[[Problem, Evaluation], Array]
) -> tuple[int, int] | None:
    """Return ``(parameter, precision)`` for the last components of the gradient, as many as the function gives."""
    for precision in precisions(max_precision):
        try:
            balls: list[arb] = list(components(problem, _pass(problem, weights, StateBallField(precision))))
        except NotDifferentiable:
            continue
        certain = [k for k, entry in enumerate(balls) if entry.is_finite() and is_clear(entry)]
        if certain:
            best = max(certain, key=lambda k: balls[k].rel_accuracy_bits())
            return problem.architecture.N_net - len(balls) + best, precision
    return None


def inactive_layer(problem: Problem, weights: Weights, precision: int) -> int | None:
    """Return the last layer each of whose units is proved to be constant at and near the z it has at all samples, as relu is for ``z < 0``; or None.

    Where the layer is at rest, z may be at an end of the piece.
    """
    a = problem.architecture
    flat = [l for l in range(a.L, 0, -1) if any(piece.slope == 0 for piece in a.activation_of(l).affine_pieces)]
    if not flat or forward_precision(problem, precision, weights) < precision:
        return None
    z = _pass(problem, weights, RoomyBallField(precision)).z

    def is_inactive(l: int) -> bool:
        rest, sigma = samples_at_rest(problem, l), a.activation_of(l)
        return all(lie_on_flat_piece(sigma, list(np.delete(unit, rest)), precision, list(unit[rest])) for unit in z[l].T)

    return next(filter(is_inactive, flat), None)


def residual_apart_from_zero(problem: Problem, residuals: Array) -> list[int] | None:
    """Return the place ``[i, j]`` of the entry of ``∇E`` that is most clearly not 0, or None; ``residuals`` are balls of shape ``(T, n_L)``."""
    certain = [
        (float(ball.abs_lower()), [i, j])
        for i in range(problem.T)
        for j in range(problem.architecture.n_L)
        if is_clear(ball := residuals[i, j])
    ]
    return max(certain)[1] if certain else None


def _pass(problem: Problem, weights: Weights, field: Field) -> Evaluation:
    return evaluate(problem.architecture, problem.samples, weights, field)


def formal_field(problem: Problem) -> FormalField:
    """Return a formal ring in which a checker sees the same identities."""
    return FormalSeries()


def has_rational_sides(problem: Problem, weights: Weights) -> bool:
    """Tell whether every ``z`` is rational in the layers whose activation has a kink, so that its side is exact."""
    kinked = problem.architecture.kinked_layers(2)
    if not kinked:
        return True
    z = _pass(problem, weights, RationalField()).z
    try:
        return all(isinstance(entry, fmpq) for l in kinked for entry in z[l].ravel())
    except (NotInField, NotDifferentiable):
        return False


def _exact(
    problem: Problem,
    weights: Weights,
    compute: Callable[[Problem, Evaluation], Array],
    work: Callable[[Problem, Evaluation], ExactWork],
) -> Iterator[Array]:
    """Yield what is computed over the rationals, and over the formal ring, where it exists there and a checker computes it, too."""
    fields: tuple[Field, ...] = (RationalField(), formal_field(problem))
    for field in fields:
        evaluation = _pass(problem, weights, field)
        try:
            found = compute(problem, evaluation)
            allowed = work(problem, evaluation).is_allowed
        except (NotInField, NotDifferentiable):
            continue
        if allowed:
            yield found


def _gradient_is_small(problem: Problem, weights: Weights) -> bool:
    """Tell whether every component of ``T ∇J`` is small in doubles, as rounding makes it: else exact arithmetic need not look.

    That is against the sum of its summands, with the largest residual for each, as residuals that vanish are no larger than rounding. Where doubles say
    nothing exact arithmetic has to look.
    """
    if beyond_doubles(problem, weights) is not None:
        return True
    try:
        with np.errstate(all="ignore"):
            evaluation = _pass(problem, weights, Float64Field())
            P, residuals = jacobian(evaluation), output_residuals(problem, evaluation).ravel()
            shares = problem.T * penalty_slopes(problem, evaluation)
            sums = P @ residuals + shares
            rounded = np.abs(residuals) + np.max(np.abs(residuals)) + _SMALL * np.max(np.abs(evaluation.phi[problem.architecture.L]))
            small = np.abs(sums) <= _SMALL * (np.abs(P) @ rounded + np.abs(shares))
    except NotDifferentiable:
        return True
    return bool(np.all(small | ~np.isfinite(sums)))
