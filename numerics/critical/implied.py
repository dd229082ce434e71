r"""Whether identities of the rows of ``P`` imply components of the gradient all over a box: the matrix of their coefficients is invertible there.

Identities ``Σ_k G_rk ∂J/∂w_k = 0`` imply the components of as many k where all others vanish, if the square matrix of the ``G_rk`` at these k is invertible.
Doubles at one point choose the k; here weights and entries of ``P`` are balls that hold all their values over the box, so the answer is proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np
from flint import arb, arb_mat

from lossproof.numerics.critical.family_structure import Tie
from lossproof.numerics.critical.identities import Identity, without_shifts
from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.jacobian import jacobian
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights


def are_independent(
    problem: Problem,
    weights: Weights,
    identities: Sequence[Identity],
    columns: Sequence[int],
    box: tuple[Fraction, int, Sequence[int]],
    ties: Sequence[Tie] = (),
) -> bool:
    """Tell whether the coefficients of as many identities as ``columns`` are an invertible matrix there, all over a box: radius, precision, weights that move.

    Of a weight k that follows another one, m, in the ratio q, the coefficient of m times q is subtracted. False says only that it is not seen.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")  # of v w only the product counts: w ∂J/∂w = v ∂J/∂v
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))
    >>> weights, same = Weights.of(a, [([[1]], None), ([[2]], None)]), (((0, Fraction(1), (0,)), (1, Fraction(-1), (1,))),)
    >>> [are_independent(problem, weights, same, [1], (radius, 64, [0, 1])) for radius in (Fraction(1), Fraction(3))]
    [True, False]
    """
    radius, precision, moving = box
    if not identities:
        return True
    field, strip = StateBallField(precision), problem.architecture.output_activation.has_nonzero_slopes
    passed = replace(evaluate_box(problem, weights, field, radius, moving), strip_output=strip)
    with ball_precision(precision):
        P = without_shifts(problem, field.finalize(jacobian(passed)))
        layers = zip(passed.layers, range(1, problem.architecture.L + 1), strict=True)
        values = np.concatenate([np.concatenate([W, b[None]])[: problem.architecture.fan_in(l)].T.ravel() for (W, b), l in layers])
        rows = np.full((len(identities), len(values)), arb(0), dtype=object)
        for r, identity in enumerate(identities):
            for k, q, factors in identity:
                rows[r, k] += prod((values[f] if isinstance(f, int) else P[f] for f in factors), start=ball_of(q))
        for k, m, q in ties:
            rows[:, k] = rows[:, k] - rows[:, m] * ball_of(q)
        return _is_invertible(arb_mat(rows[:, list(columns)].tolist()))


def _is_invertible(M: arb_mat) -> bool:
    """Tell whether every matrix in the balls is invertible: its determinant is not 0, or ``‖I − X M‖_∞ < 1`` for an approximate inverse X."""
    det, n = M.det(), M.nrows()
    if det > 0 or det < 0:
        return True
    try:
        rest = M.mid().inv().mid() * M
    except ZeroDivisionError:
        return False
    return all(bool(sum((abs(arb(int(k == m)) - rest[k, m]) for m in range(n)), arb(0)) < 1) for k in range(n))
