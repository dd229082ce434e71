"""The affine map that fits the samples best in the squared error, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq

from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.numerics.samples.normal_equations import Table, exact_map
from lossproof.theory.problem.problem import Problem

MOST_FEATURES = 150


@dataclass(frozen=True)
class AffineFit:
    """``A`` of shape ``(n_0 + 1, n_L)``, the constants in its last row, with ``X̃ᵀ(X̃A − Y) = 0``, and its loss ``½ Σ |X̃A − Y|²/T``."""

    map: Table
    loss: Fraction


def affine_fit(problem: Problem, seed: int) -> AffineFit | None:
    r"""Return the least-squares fit of the targets by affine functions of the inputs, exactly; None for more than 150 inputs, or by bad luck (`exact_map`).

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> line = Samples.of([[0], [1], [2], [3]], [[0], [1], [0], [1]])
    >>> affine_fit(Problem(Architecture.of("1-2-1", "relu"), error_named("squared"), line), 0).loss
    Fraction(1, 10)
    """
    X, Y = problem.samples.X, problem.samples.Y
    table = exact_map(X, Y, seed) if problem.architecture.widths[0] <= MOST_FEATURES else None
    return None if table is None else AffineFit(table, loss_of_fit([*zip(*X, strict=True), (Fraction(1),) * problem.T], Y, table))


def loss_of_fit(features: Sequence[Sequence[Fraction]], Y: Sequence[Sequence[Fraction]], table: Table) -> Fraction:
    """Return ``½ Σ |X̃A − Y|²/T`` for a map A whose residuals are orthogonal to all features, the columns of X̃."""
    squares = sum((to_flint(y) * to_flint(y) for row in Y for y in row), fmpq(0))
    explained = fmpq(0)
    for feature, row in zip(features, table, strict=True):
        for targets, a in zip(zip(*Y, strict=True), row, strict=True):
            if a:
                explained += to_flint(a) * sum((to_flint(x) * to_flint(y) for x, y in zip(feature, targets, strict=True)), fmpq(0))
    return from_flint((squares - explained) / (2 * len(Y)))
