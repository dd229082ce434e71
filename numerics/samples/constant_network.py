"""Samples for which a network with constant outputs is a local minimum, whatever its activation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import fmpq

from lossproof.numerics.algebra.inertia import exact_inertia
from lossproof.numerics.rationals import to_flint
from lossproof.theory.exceptions import NotInField
from lossproof.theory.problem.problem import Problem

_MOST_INPUTS = 40
_MOST_PRODUCTS = 10**6


def definite_output(problem: Problem) -> tuple[int, ...] | None:
    r"""Return a unit vector u with ``Σ (u·e_i) x_i x_iᵀ`` definite, if ``Σ e_i x_iᵀ = 0``, where ``e_i`` is the mean of the targets less ``y_i``; else None.

    None as well for more than 40 inputs.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> square = Samples.of([[-2], [-1], [0], [1], [2]], [[4], [1], [0], [1], [4]])
    >>> definite_output(Problem(Architecture.of("1-3-1", "tanh"), error_named("squared"), square))
    (1,)
    """
    X, Y, n_L, n_0 = problem.samples.X, problem.samples.Y, problem.architecture.n_L, problem.architecture.widths[0]
    if n_0 > _MOST_INPUTS or n_0**2 * problem.T > _MOST_PRODUCTS:
        return None
    means = [sum(column, Fraction(0)) / problem.T for column in zip(*Y, strict=True)]
    gaps = [[to_flint(mean - y) for mean, y in zip(means, row, strict=True)] for row in Y]
    inputs = [[to_flint(x) for x in row] for row in X]
    seen = (sum((e[j] * x[a] for e, x in zip(gaps, inputs, strict=True)), fmpq(0)) for j in range(n_L) for a in range(n_0))
    if any(total != 0 for total in seen):
        return None
    return next((_unit(n_L, j) for j in range(n_L) if _is_definite([e[j] for e in gaps], inputs)), None)


def _unit(size: int, k: int) -> tuple[int, ...]:
    return tuple(int(i == k) for i in range(size))


def _is_definite(pulls: list[fmpq], inputs: list[list[fmpq]]) -> bool:
    n = len(inputs[0])
    M = np.full((n, n), fmpq(0), dtype=object)
    for e, x in zip(pulls, inputs, strict=True):
        for a in range(n):
            for b in range(n):
                M[a, b] += e * x[a] * x[b]
    try:
        found = exact_inertia(M)
    except NotInField:
        return False
    return n in (found.negative, found.positive)
