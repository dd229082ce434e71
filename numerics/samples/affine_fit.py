"""The affine map that fits the samples best in the squared error, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_mat, nmod_mat

from lossproof.numerics.ranks.modular import random_prime
from lossproof.theory.problem.problem import Problem

_MOST_FEATURES = 150


@dataclass(frozen=True)
class AffineFit:
    """``A`` of shape ``(n_0 + 1, n_L)``, the constants in its last row, with ``X̃ᵀ(X̃A − Y) = 0``, and its loss ``½ Σ |X̃A − Y|²/T``."""

    map: tuple[tuple[Fraction, ...], ...]
    loss: Fraction


def affine_fit(problem: Problem, seed: int) -> AffineFit | None:
    r"""Return the least-squares fit of the targets by affine functions of the inputs, exactly; None for more than 150 inputs.

    Where inputs are dependent, the map makes no use of the later ones. A prime that hides an independent one, a chance of one in 10^8, gives None.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> line = Samples.of([[0], [1], [2], [3]], [[0], [1], [0], [1]])
    >>> affine_fit(Problem(Architecture.of("1-2-1", "relu"), error_named("squared"), line), 0).loss
    Fraction(1, 10)
    """
    if problem.architecture.widths[0] > _MOST_FEATURES:
        return None
    X, Y = ([[*map(_exact, x), fmpq(1)] for x in problem.samples.X], [list(map(_exact, y)) for y in problem.samples.Y])
    chosen = _independent(X, random_prime(seed))
    inputs, targets = fmpq_mat([[x[k] for k in chosen] for x in X]), fmpq_mat(Y)
    cross = inputs.transpose() * targets
    try:
        solution = (inputs.transpose() * inputs).solve(cross)
    except ZeroDivisionError:
        return None
    residuals = inputs * solution - targets
    if any(q != 0 for q in (fmpq_mat(X).transpose() * residuals).entries()):
        return None
    squares = sum((q * q for q in targets.entries()), fmpq(0))
    explained = sum((a * b for a, b in zip(solution.entries(), cross.entries(), strict=True)), fmpq(0))
    rows = dict(zip(chosen, solution.tolist(), strict=True))
    table = tuple(tuple(_fraction(q) for q in rows.get(k, [fmpq(0)] * len(Y[0]))) for k in range(len(X[0])))
    return AffineFit(table, _fraction((squares - explained) / (2 * problem.T)))


def _independent(rows: list[list[fmpq]], prime: int) -> list[int]:
    """Return columns that are independent modulo a prime, as many as there are."""
    residues = [int(q.p) * pow(int(q.q), -1, prime) % prime if int(q.q) % prime else 0 for row in rows for q in row]
    reduced, rank = nmod_mat(len(rows), len(rows[0]), residues, prime).rref()
    table = reduced.tolist()
    return [next(k for k, q in enumerate(row) if int(q)) for row in table[:rank]]


def _exact(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


def _fraction(q: fmpq) -> Fraction:
    return Fraction(int(q.p), int(q.q))
