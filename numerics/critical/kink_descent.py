r"""Directions along which J falls at first order from a point where hidden units may be on kinks of a piecewise linear activation.

Along ``W + tδ`` the derivative of T J at ``t = 0`` from above is ``D(δ) = Σ_i ∇E_i·F'_i``, and with weight decay ``T Σ_k λ_k w_k δ_k`` more, where a unit on a
kink takes the slope of the side to which it moves. For one hidden layer D is the sum of what the output biases, each unit's output weights and each unit's
incoming weights do by themselves. For a unit with the incoming change η, and ``τ_i = η·x̃_i``, that is ``Σ_i β_i s_i τ_i`` with ``β_i = v_k·∇E_i``, a sum of
linear terms, and at kinks of ``max(β_i s⁻ τ_i, β_i s⁺ τ_i)`` or of ``min`` of the same. With one of the two chosen for every ``min``, its least value over a
box is that of a linear program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, product

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.critical.kinks import may_have_kinks, sides_of
from lossproof.numerics.curves.descent import short_below_zero
from lossproof.numerics.curves.fields import FormalSeries
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import Array, Field, constant_like
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import Evaluation, LayerArrays, evaluate
from lossproof.numerics.network.jacobian import output_residuals
from lossproof.numerics.network.penalty import penalty_slopes
from lossproof.numerics.network.weight_vectors import rows_of_step, step_of_rows
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_PARTS = 2**20
_CLEAR = 1e-9
_MOST_CHOICES = 32
_CELLS = 8
_PRECISION = 128


def falling_direction(problem: Problem, weights: Weights) -> tuple[list[Fraction], Fraction, bool] | None:
    """Return a direction, in the order of the rows of P, along which J is proved to fall at first order; or None.

    With it come a negative number, which the derivative does not exceed, and whether rationals show it.

    For one hidden layer all blocks of weights are looked at, in doubles; for several the gradients of some cells next to the point are tried, and one of them
    need not serve. Then the derivative is computed in rationals, or in balls.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1-1", "relu"), error_named("squared"), Samples.of([[-1], [0], [1]], [[-1], [1], [3]]))
    >>> direction, rate, in_rationals = falling_direction(problem, Weights.of(problem.architecture, [([[1]], [0]), ([[3]], [0])]))
    >>> direction[1:], rate, in_rationals  # the hinge at 0 moves to the left
    ([Fraction(1, 1), Fraction(0, 1), Fraction(0, 1)], Fraction(-1, 2), True)
    """
    slopes = None if not may_have_kinks(problem) or beyond_doubles(problem, weights) is not None else _slopes(problem, weights)
    if slopes is None:
        return None
    passed = evaluate(problem.architecture, problem.samples, weights, Float64Field())
    offered = _of_blocks(problem, passed, slopes[0]) if problem.architecture.L == 2 else _of_cells(problem, passed, slopes)
    for direction in offered:
        largest = float(np.max(np.abs(direction), initial=0.0))
        if not 0 < largest < np.inf:
            continue
        exact = [Fraction(round(float(q) / largest * _PARTS), _PARTS) for q in direction]
        speeds = _hidden_speeds(problem, weights, exact, slopes)
        if speeds is None:
            continue
        for field in (FormalSeries(), BallField(_PRECISION)):
            rate = _rate(problem, weights, exact, speeds, field)
            if rate is not None and bool(rate < 0):
                return exact, short_below_zero(rate), isinstance(rate, fmpq)
    return None


def steepest_change(x: Array, ends: Array, slope: Array | float = 0.0) -> Array | None:
    """Return η of the box ``|η|_∞ ≤ 1`` where ``Σ_i max(p_i τ_i, q_i τ_i) + slope·η`` is least; None where that is 0.

    ``τ = x η``, and p and q are the rows of ``ends``.
    """
    from scipy.optimize import linprog

    m = x.shape[1]
    bends = np.flatnonzero(ends[0] != ends[1])
    straight = np.flatnonzero(ends[0] == ends[1])
    costs = np.concatenate([ends[0, straight] @ x[straight] + slope, np.ones(len(bends))])
    rows = [np.hstack([p[bends, None] * x[bends], -np.eye(len(bends))]) for p in ends]
    found = linprog(
        costs, A_ub=np.vstack(rows) if len(bends) else None, b_ub=np.zeros(2 * len(bends)) if len(bends) else None,
        bounds=[(-1, 1)] * m + [(None, None)] * len(bends), method="highs",
    )  # fmt: skip
    return found.x[:m] if found.status == 0 and found.fun < -_CLEAR * np.max(np.abs(ends), initial=1e-300) else None


def _slopes(problem: Problem, weights: Weights) -> list[Array] | None:
    """Return the slopes on the left and on the right of every z of the hidden layers, shape ``(2, T, n_l)``, exactly; None where one is not rational."""
    a, found = problem.architecture, []
    try:
        z = evaluate(a, problem.samples, weights, RationalField()).z
        for l in range(1, a.L):
            if not all(isinstance(q, fmpq) for q in z[l].ravel()):
                return None
            sides = [sides_of(a.activation_of(l), from_flint(q)) for q in z[l].ravel()]
            ends = [[to_flint(side[end]) for side in sides] for end in (0, -1)]
            found.append(np.array(ends, dtype=object).reshape(2, *z[l].shape))
    except (NotInField, NotDifferentiable):
        return None
    return found


def _hidden_speeds(problem: Problem, weights: Weights, direction: Sequence[Fraction], slopes: Sequence[Array]) -> Array | None:
    """Return the derivative of ``φ_{L-1}`` along a direction from above, exactly; None where that of a z is not rational."""
    passed, field = evaluate(problem.architecture, problem.samples, weights, RationalField()), RationalField()
    speed: Array = np.full_like(passed.inputs, fmpq(0))
    steps = _step(problem, field, direction)
    for l, (left, right) in enumerate(slopes, start=1):
        (W, _), (dW, db) = passed.layers[l - 1], steps[l - 1]
        z = speed @ W + passed.phi[l - 1] @ dW + db[None, :]
        if not all(isinstance(q, fmpq) for q in z.ravel()):
            return None
        speed = z * np.where(z > 0, right, left)
    return speed


def _step(problem: Problem, field: Field, direction: Sequence[Fraction]) -> list[LayerArrays]:
    """Return a direction as changes of the weights over a field."""
    a, found = problem.architecture, step_of_rows(problem.architecture, field.array(list(direction)))
    return [(dW, db if a.bias_rows_of(l) else constant_like(field, 0, db.shape, dW)) for l, (dW, db) in enumerate(found, start=1)]


def _rate(problem: Problem, weights: Weights, direction: Sequence[Fraction], speeds: Array, field: Field) -> fmpq | arb | None:
    """Return the derivative along the direction, from above, over a field; None where it is not seen there."""
    try:
        passed = evaluate(problem.architecture, problem.samples, weights, field)
        residuals = output_residuals(problem, passed)
        dV, db = _step(problem, field, direction)[-1]
        hidden = field.array([[from_flint(q) for q in row] for row in speeds])
        moved = field.matmul(hidden, passed.layers[-1][0]) + field.matmul(passed.phi[problem.architecture.L - 1], dV) + db[None, :]
        penalty = field.mul(penalty_slopes(problem, passed), field.array([list(direction)])[0])
        with ball_precision(_PRECISION):
            rate = np.sum(residuals * moved) * fmpq(1, problem.T) + np.sum(penalty)
            return rate if isinstance(rate, (fmpq, arb)) else None
    except (NotInField, NotDifferentiable):
        return None


def _penalty_pulls(problem: Problem, passed: Evaluation) -> list[LayerArrays]:
    """Return T times the slopes of the penalty in doubles, layer by layer."""
    return step_of_rows(problem.architecture, problem.T * penalty_slopes(problem, passed))


def _of_blocks(problem: Problem, passed: Evaluation, slopes: Array) -> Iterator[Array]:
    """Yield directions of one block of weights each, those first that change no side."""
    a, residuals = problem.architecture, output_residuals(problem, passed)
    V, h, x = passed.layers[1][0], passed.phi[1], passed.extended_phi(0)
    (W_pull, b_pull), (V_pull, c_pull) = _penalty_pulls(problem, passed)
    nothing = [(np.zeros_like(W), np.zeros_like(b)) for W, b in passed.layers]
    dW, dV = nothing
    if a.bias_rows_of(2):
        yield rows_of_step(a, [dW, (dV[0], -residuals.sum(axis=0) - c_pull)])
    for k in range(a.widths[1]):
        outgoing = np.zeros_like(V)
        outgoing[k] = -h[:, k] @ residuals - V_pull[k]
        yield rows_of_step(a, [dW, (outgoing, dV[1])])
    for k in range(a.widths[1]):
        pulls, slope = residuals @ V[k], np.append(W_pull[:, k], b_pull[[k] * a.bias_rows_of(1)])
        ends = np.sort(pulls * slopes[:, :, k].astype(float), axis=0)
        rising = slopes[0, :, k] < slopes[1, :, k]
        bends = np.flatnonzero(slopes[0, :, k] != slopes[1, :, k])
        falling = [i for i in bends if (pulls[i] < 0) == bool(rising[i]) and pulls[i] != 0]
        for choice in islice(product((0, 1), repeat=len(falling)), _MOST_CHOICES):
            chosen = ends.copy()
            for i, end in zip(falling, choice, strict=True):
                chosen[:, i] = ends[end, i]
            eta = steepest_change(x, chosen, slope)
            if eta is not None:
                W, b = np.zeros_like(dW[0]), np.zeros_like(dW[1])
                W[:, k], b[k] = eta[: len(W)], eta[-1] if a.bias_rows_of(1) else 0.0
                yield rows_of_step(a, [(W, b), dV])


def _of_cells(problem: Problem, passed: Evaluation, slopes: Sequence[Array]) -> Iterator[Array]:
    """Yield the gradients, turned over, of cells next to the point, into which random directions lead."""
    a, rng = problem.architecture, np.random.default_rng(0)
    pulls = _penalty_pulls(problem, passed)
    ends, residuals = [sides.astype(float) for sides in slopes], output_residuals(problem, passed)
    for _ in range(_CELLS):
        chosen, speed = [], np.zeros_like(passed.inputs)
        for l, (dW, db) in enumerate(step_of_rows(a, rng.standard_normal(a.N_net))[:-1], start=1):
            z = speed @ passed.layers[l - 1][0] + passed.phi[l - 1] @ dW + db
            chosen.append(np.where(z > 0, *ends[l - 1][::-1]))
            speed = z * chosen[-1]
        blocks, delta = list[LayerArrays](), residuals
        for l in range(a.L, 0, -1):
            W_pull, b_pull = pulls[l - 1]
            blocks.insert(0, (-passed.phi[l - 1].T @ delta - W_pull, -delta.sum(axis=0) - b_pull))
            delta = (delta @ passed.layers[l - 1][0].T) * chosen[l - 2] if l > 1 else delta
        yield rows_of_step(a, blocks)
