"""Lower bounds of ranks from ball arithmetic: a submatrix of balls that hold invertible matrices only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb_mat

from lossproof.numerics.algebra.ball_pivoting import independent_looking
from lossproof.numerics.algebra.inclusion import are_surely_invertible
from lossproof.numerics.fields.field import KinkInBall
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.theory.limits import MAX_MINOR, MAX_STEP_WORK, PRECISIONS, elimination_work
from lossproof.theory.verdicts import Rigor

Balls = npt.NDArray[Any]

_MOST_LAYERS = 12


def ball_rank(
    build: Callable[[int], Balls], *, start: int = 64, max_precision: int = 1024, enough: int | None = None
) -> RankEvidence | None:
    r"""Return the largest rank that ball arithmetic proves at precisions ``start, 2·start, …`` up to ``max_precision`` bits, or None.

    ``build(bits)`` returns an ``(m, n)`` object array of ``arb`` that encloses the matrix at that precision. Rows and columns are chosen
    by midpoints (`independent_looking`, with rows scaled and, where that does not prove full rank, without), then again on the Schur
    complement of what was chosen, evaluated in balls, until it contains nothing but 0: graded and saturated matrices show their rank
    layer by layer. The choice is proved by the criterion of the rule `rank-inclusion`, with room to spare (`are_surely_invertible`).

    The search ends at rank ``min(m, n)``, or at ``enough``, a known upper bound. The value is a proved lower bound and never an upper
    one; None means that nothing was proved, not rank 0. A precision at which ``build`` raises `KinkInBall` is passed over, and so is a
    submatrix whose inversion takes more than half of the work of a step. Raises `ValueError` on precisions out of range.

    >>> from flint import arb
    >>> bound = ball_rank(lambda bits: np.array([[arb(1), arb(1)], [arb(1), arb(1) + arb(10) ** -30]], dtype=object))
    >>> bound.value, bound.payload
    (2, {'rows': [0, 1], 'columns': [0, 1], 'precision': 128})
    """
    if not PRECISIONS[0] <= start <= max_precision:
        raise ValueError(f"precisions must rise from at least {PRECISIONS[0]} bits, got {start} to {max_precision}: choose other bounds")
    best: RankEvidence | None = None
    bits = start
    while bits <= max_precision:
        try:
            with ball_precision(bits):
                matrix = build(bits)
                full = min(matrix.shape) if enough is None else min(enough, *matrix.shape)
                best = _prove(matrix, bits, best, full)
        except KinkInBall:
            bits *= 2
            continue
        if full == 0 or (best is not None and best.value >= full):
            break
        bits *= 2
    return best


def _prove(matrix: Balls, bits: int, best: RankEvidence | None, full: int) -> RankEvidence | None:
    """Return what is proved at one precision, if it is better than ``best``; both ways to scale are tried unless the first gives full rank."""
    for scale_rows in (True, False):
        for rows, columns in reversed(_layers(matrix, scale_rows)):
            known = 0 if best is None else best.value
            if len(rows) <= known or known >= full or not _is_affordable(len(rows), bits):
                continue
            if are_surely_invertible(matrix[np.ix_(rows, columns)], bits):
                payload = {"rows": rows, "columns": columns, "precision": bits}
                best = RankEvidence(len(rows), True, "rank-inclusion", Rigor.BALL, payload)
        if best is not None and best.value >= full:
            break
    return best


def _is_affordable(n: int, bits: int) -> bool:
    """Tell whether a checker may be asked to invert a submatrix, with the other half of the work of a step left for the pass that gives its entries."""
    return n <= MAX_MINOR and 2 * elimination_work(n, bits) <= MAX_STEP_WORK // 2


def _layers(matrix: Balls, scale_rows: bool) -> list[tuple[list[int], list[int]]]:
    """Return growing choices of rows and columns, each of which adds what looks independent in the Schur complement of the one before.

    One step of block elimination goes on from the last Schur complement, so that no block to be inverted is ill-conditioned. Where rows
    are not scaled the number of steps is bounded.
    """
    rest: Balls | None = matrix
    rows, columns = np.arange(matrix.shape[0]), np.arange(matrix.shape[1])
    chosen: tuple[list[int], list[int]] = ([], [])
    layers: list[tuple[list[int], list[int]]] = []
    while rest is not None and rest.size and (scale_rows or len(layers) < _MOST_LAYERS):
        r, c = independent_looking(rest, scale_rows=scale_rows)
        if not r:
            break
        chosen = (sorted([*chosen[0], *rows[r].tolist()]), sorted([*chosen[1], *columns[c].tolist()]))
        layers.append(chosen)
        s, d = np.setdiff1d(np.arange(len(rows)), r), np.setdiff1d(np.arange(len(columns)), c)
        rows, columns = rows[s], columns[d]
        rest = _schur_complement(rest, (r, c), (s, d)) if s.size and d.size else None
    return layers


def _schur_complement(matrix: Balls, chosen: tuple[Any, Any], other: tuple[Any, Any]) -> Balls | None:
    """Return an enclosure of ``D − C A⁻¹ B`` for the chosen block ``A``, or None if ``A`` is not proved to be invertible."""
    (r, c), (s, d) = chosen, other
    A, B, C, D = (arb_mat(matrix[np.ix_(i, j)].tolist()) for i, j in ((r, c), (r, d), (s, c), (s, d)))
    try:
        rest = D - C * A.solve(B)
    except ZeroDivisionError:
        return None
    return np.array(rest.tolist(), dtype=object)
