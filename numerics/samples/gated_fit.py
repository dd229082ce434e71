"""The best linear map, exactly, of inputs that are multiplied by the slopes of the activation on the two sides of a hyperplane."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lossproof.numerics.samples.affine_fit import MOST_FEATURES, loss_of_fit
from lossproof.numerics.samples.normal_equations import Table, exact_map
from lossproof.theory.problem.problem import Problem

_DIRECTIONS, _LARGEST, _TRIED = 64, 8, 4
_MOST_PRODUCTS = 10**6


@dataclass(frozen=True)
class GatedFit:
    """A direction u, with ``u·x_i ≠ 0`` unless ``x_i = 0``, and the best map ``A`` of the inputs ``g_i x_i``, ``g_i`` the slope of σ on the side of ``u·x_i``.

    ``A`` has the shape ``(n_0, n_L)``, and the loss ``½ Σ |Aᵀ g_i x_i − y_i|²/T``.
    """

    direction: tuple[Fraction, ...]
    map: Table
    loss: Fraction


@np.errstate(all="ignore")
def gated_fit(problem: Problem, seed: int) -> GatedFit | None:
    r"""Return the worst of some such fits, of seeded directions in small whole numbers, for an activation with one slope on each side of 0.

    None for more than 150 inputs, for many samples, or where every direction has an input on its hyperplane. All numbers need doubles.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> hat = Samples.of([[-1], [1]], [[1], [1]])
    >>> gated_fit(Problem(Architecture.of("1-2-1", "relu", bias="none"), error_named("squared"), hat), 0).loss
    Fraction(1, 4)
    """
    X, Y, n_0 = problem.samples.X, problem.samples.Y, problem.architecture.widths[0]
    if n_0 > MOST_FEATURES or _DIRECTIONS * problem.T * n_0 > _MOST_PRODUCTS:
        return None
    inputs, targets = np.array(X, dtype=float), np.array(Y, dtype=float)
    drawn = np.random.default_rng(seed).integers(-_LARGEST, _LARGEST + 1, size=(_DIRECTIONS, n_0))
    slopes = [float(piece.slope) for piece in problem.architecture.activation.affine_pieces]

    def residual(u: np.ndarray) -> float:
        gated = inputs * np.where(inputs @ u > 0, slopes[1], slopes[0])[:, None]
        return float(((gated @ np.linalg.lstsq(gated, targets, rcond=None)[0] - targets) ** 2).sum())

    away = [u for u in drawn if np.all((inputs @ u != 0) | ~inputs.any(axis=1))]
    for u in sorted(away, key=residual, reverse=True)[:_TRIED]:
        found = _exact_fit(problem, tuple(Fraction(int(q)) for q in u), seed)
        if found is not None:
            return found
    return None


def _exact_fit(problem: Problem, u: tuple[Fraction, ...], seed: int) -> GatedFit | None:
    X, Y = problem.samples.X, problem.samples.Y
    low, high = (piece.slope for piece in problem.architecture.activation.affine_pieces)
    sides = [sum((q * a for q, a in zip(u, x, strict=True)), Fraction(0)) for x in X]
    if any(side == 0 and any(x) for side, x in zip(sides, X, strict=True)):
        return None
    gated = [[(high if side > 0 else low) * a for a in x] for side, x in zip(sides, X, strict=True)]
    table = exact_map(gated, Y, seed, constant=False)
    return None if table is None else GatedFit(u, table, loss_of_fit(list(zip(*gated, strict=True)), Y, table))
