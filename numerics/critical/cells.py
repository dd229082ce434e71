r"""Critical points in a cell of the weights of one hidden layer: every unit stays on one affine piece of its activation at every sample.

With the slopes ``s_k(i)`` and constants ``c_k(i)`` of the pieces ``σ(z_k(i)) = s_k(i) w_k·x̃_i + c_k(i)``, and the output is

    ``F(x_i) = Σ_k v_k (s_k(i) w_k·x̃_i + c_k(i)) + b = Σ_s s(i) A_sᵀ x̃_i + Σ_k v_k c_k(i) + b``,

where ``A_s = Σ w_k v_kᵀ`` over the units with the slopes s. So J is a convex function, for a convex error, of ``A_s``, the ``v_k`` and b. Where the ``v_k`` of
the units of a group span all of the outputs, its ``A_s`` can be moved in every direction, and a critical point is a minimum of the cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from lossproof.numerics.curves.fields import FormalSeries
from lossproof.numerics.fields.ball import BallField, ball_of
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import output_residuals
from lossproof.numerics.network.pass_limits import forward_precision
from lossproof.numerics.rationals import to_flint
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.functions.forms import AffinePiece
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights


@dataclass(frozen=True)
class Cell:
    """The slope and the constant of every unit at every sample, each of shape ``(n_1, T)``."""

    slopes: tuple[tuple[Fraction, ...], ...]
    constants: tuple[tuple[Fraction, ...], ...]

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The units that share their slopes, in groups; those whose slopes are all 0 are left out."""
        found: dict[tuple[Fraction, ...], list[int]] = {}
        for k, slopes in enumerate(self.slopes):
            if any(slopes):
                found.setdefault(slopes, []).append(k)
        return tuple(map(tuple, found.values()))


def cell_of(problem: Problem, weights: Weights) -> Cell | None:
    """Return the cell that the weights lie in as far as doubles can tell; None for other than one hidden layer, and where a unit is on no affine piece.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-2-1", "relu"), error_named("squared"), Samples.of([[1], [2]], [[1], [1]]))
    >>> units = Weights.of(problem.architecture, [([[1, -1]], [0, 0]), ([[1], [1]], [0])])
    >>> cell_of(problem, units).groups
    ((0,),)
    """
    a = problem.architecture
    pieces = affine_pieces(problem, weights) if a.L == 2 else None
    if pieces is None:
        return None
    slopes, constants = [], []
    for unit, b in zip(pieces[0], weights.layers[0].b, strict=True):
        fixed = Fraction(0) if a.bias_rows_of(1) else b
        if not isinstance(fixed, Fraction):
            return None
        slopes.append(tuple(piece.slope for piece in unit))
        constants.append(tuple(piece.intercept + piece.slope * fixed for piece in unit))
    return Cell(tuple(slopes), tuple(constants))


def affine_pieces(problem: Problem, weights: Weights) -> list[list[list[AffinePiece]]] | None:
    """Return the pieces ``[l - 1][k][i]`` that the hidden units are on as far as doubles can tell; None where one of them is on none."""
    a, found = problem.architecture, list[list[list[AffinePiece]]]()
    if not all(s.affine_pieces for s in a.hidden) or beyond_doubles(problem, weights) is not None:
        return None
    with np.errstate(all="ignore"):
        passed = evaluate(a, problem.samples, weights, Float64Field())
        z = [passed.z[l] for l in range(1, a.L)]
    for l, values in enumerate(z, start=1):
        pieces, rest = a.hidden[l - 1].affine_pieces, samples_at_rest(problem, l)
        units = [
            [piece for i, value in enumerate(unit) if (piece := _piece(pieces, float(value), i in rest)) is not None] for unit in values.T
        ]
        if any(len(unit) < problem.T for unit in units):
            return None
        found.append(units)
    return found


def is_least_in_cell(problem: Problem, weights: Weights, radius: Fraction, precision: int) -> bool:
    """Tell whether a critical point within ``radius`` of the weights is proved to be least in a cell, by its signs and output weights (`cell-minimum`).

    With weight decay σ must be linear on both sides of its kink 0, the weights of both layers decay, and no biases of the first be fixed. Where layers are
    frozen one alone must be trainable, and its units and those behind it be on affine pieces.
    """
    a, decay = problem.architecture, problem.decay
    if a.frozen:
        return len(a.trained) == 1 and problem.error.convex.holds and _stay_on_pieces(problem, weights, radius, precision)
    right = a.L == 2 and a.output_activation.is_identity and problem.error.convex.holds and bool(a.activation.affine_pieces)
    if right and decay is not None:
        right = (
            a.activation.homogeneity == 1 and bool(a.activation.kinks(1)) and a.biases[0] != "fixed" and all(w > 0 for w, _ in decay.layers)
        )
    if not right or forward_precision(problem, precision, weights) < precision:
        return False
    field, groups, rest = BallField(precision), dict[tuple[Fraction, ...], list[int]](), samples_at_rest(problem, 1)
    z = evaluate_box(problem, weights, field, 2 * radius).z[1]
    for k, unit in enumerate(z.T):
        pieces = [_piece(a.activation.affine_pieces, value) for i, value in enumerate(unit) if i not in rest]
        if None in pieces:
            return False
        groups.setdefault(tuple(piece.slope for piece in pieces if piece is not None), []).append(k)
    with ball_precision(precision):
        wide = ball_of(2 * radius) * arb(0, 1)
        V = [[ball_of(v) + wide for v in row] for row in weights.layers[1].W]
        ones = [[arb(1)] * a.n_L] if problem.error.family == "softmax" else []
        spans = ((slopes, units, arb_mat([V[k] for k in units] + ones)) for slopes, units in groups.items() if any(slopes))
        return all(
            not (v.transpose() * v).det().contains(0) or (radius == 0 and _is_balanced(problem, weights, slopes, units, rest, precision))
            for slopes, units, v in spans
        )


def _stay_on_pieces(problem: Problem, weights: Weights, radius: Fraction, precision: int) -> bool:
    """Tell whether the units of the first trainable layer, and of those behind it, are seen to be on affine pieces near the weights, but at samples at rest."""
    a = problem.architecture
    layers = range(a.trained[0], a.L + 1)
    if not all(a.activation_of(l).affine_pieces for l in layers) or forward_precision(problem, precision, weights) < precision:
        return False
    z, rest = evaluate_box(problem, weights, BallField(precision), 2 * radius).z, {l: samples_at_rest(problem, l) for l in layers}
    return all(
        _piece(a.activation_of(l).affine_pieces, value) is not None
        for l in layers
        for i, row in enumerate(z[l])
        for value in (() if i in rest[l] else row)
    )


def _is_balanced(
    problem: Problem, weights: Weights, slopes: Sequence[Fraction], units: Sequence[int], rest: Sequence[int], precision: int
) -> bool:
    """Tell whether ``G = Σ_i s(i) x̃_i ε_iᵀ`` is 0 in exact arithmetic, over the samples that are not at rest, with their slopes.

    Or with decay, where the units have no output weights, whether ``|G|² < T² λ_1 λ_2`` in balls, without the row of the bias.
    """
    a, decay = problem.architecture, problem.decay
    if decay is not None and any(v != 0 for k in units for v in weights.layers[1].W[k]):
        return False
    field = FormalSeries() if decay is None else BallField(precision)
    try:
        eps = np.delete(output_residuals(problem, evaluate(a, problem.samples, weights, field)), rest, axis=0)
    except (NotInField, NotDifferentiable):
        return False
    ones = [Fraction(1)] * (a.bias_rows_of(1) if decay is None else 0)
    inputs = np.array([[to_flint(x) for x in (*row, *ones)] for i, row in enumerate(problem.samples.X) if i not in rest], dtype=object)
    pulls = (inputs * np.array([[to_flint(s)] for s in slopes], dtype=object)).T @ eps
    if decay is None:
        return all(total == 0 for total in pulls.flat)
    (first, _), (second, _) = decay.layers
    return bool(np.sum(pulls * pulls) < to_flint(problem.T**2 * first * second))


def _piece(pieces: Sequence[AffinePiece], z: float | arb, rests: bool = False) -> AffinePiece | None:
    """Return the piece in which z lies, or where a sample is at rest at its end, so that no weight tells them apart, the one to the right."""
    found = (p for p in pieces if (p.lower is None or z > _end(p.lower, z)) and (p.upper is None or z < _end(p.upper, z)))
    return next(found, next((p for p in pieces if rests and p.lower is not None and z == _end(p.lower, z)), None))


def _end(end: Fraction, z: float | arb) -> float | arb:
    return ball_of(end) if isinstance(z, arb) else float(end)
