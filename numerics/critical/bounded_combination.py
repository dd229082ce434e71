"""Vectors as combinations of others, with coefficients between bounds, in rational numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import fmpq, fmpq_mat

from lossproof.numerics.algebra.rational_echelon import echelon

Vector = Sequence[fmpq]

_AT_A_BOUND = 1e-9


def combination_between(columns: Sequence[Vector], rest: Vector, bounds: Sequence[tuple[fmpq, fmpq]]) -> list[fmpq] | None:
    """Return numbers λ between their bounds with ``Σ λ_k column_k + rest = 0``; None where none are found.

    If the columns are independent there is one choice at most, and it is found. Else doubles name a vertex of the polytope of all choices, where those that
    are at a bound are put there exactly; rounding may hide it.

    >>> one, two = fmpq(1), fmpq(2)
    >>> combination_between([[one, one], [one, two]], [-two, fmpq(-3)], [(fmpq(0), one)] * 2)
    [1, 1]
    >>> combination_between([[one], [one]], [-two * 2], [(fmpq(0), one)] * 2) is None
    True
    """
    held = dict[int, fmpq]()
    if len(independent(columns)) < len(columns):
        vertex = _vertex(columns, rest, bounds)
        if vertex is None:
            return None
        for k, (value, ends) in enumerate(zip(vertex, bounds, strict=True)):
            for end in ends:
                if abs(value - _double(end)) <= _AT_A_BOUND:
                    held[k] = end
    free = [k for k in range(len(columns)) if k not in held]
    left = [r + sum((q * columns[k][j] for k, q in held.items()), fmpq(0)) for j, r in enumerate(rest)]
    values = _solved([columns[k] for k in free], left)
    if values is None:
        return None
    found = held | dict(zip(free, values, strict=True))
    inside = all(low <= found[k] <= high for k, (low, high) in enumerate(bounds))
    return [found[k] for k in range(len(columns))] if inside else None


def independent(vectors: Sequence[Vector]) -> list[int]:
    """Return a largest set of independent vectors, the first ones.

    >>> independent([[fmpq(1), fmpq(2)], [fmpq(2), fmpq(4)], [fmpq(0), fmpq(1)]])
    [0, 2]
    """
    if not vectors:
        return []
    return echelon(fmpq_mat([list(v) for v in vectors]).transpose())[1]


def _solved(columns: Sequence[Vector], rest: Vector) -> list[fmpq] | None:
    """Return the only combination of independent columns that takes a vector away, or None."""
    if len(independent(columns)) < len(columns):
        return None
    values = list[fmpq]()
    if columns:
        C = fmpq_mat([list(column) for column in columns])
        values = (C * C.transpose()).solve(-(C * fmpq_mat([[r] for r in rest]))).entries()
    sums = (sum((q * column[j] for q, column in zip(values, columns, strict=True)), r) for j, r in enumerate(rest))
    return None if any(sums) else values


def _vertex(columns: Sequence[Vector], rest: Vector, bounds: Sequence[tuple[fmpq, fmpq]]) -> list[float] | None:
    from scipy.optimize import linprog

    table, limits = [list(map(_double, column)) for column in columns], [(_double(low), _double(high)) for low, high in bounds]
    wanted = [-_double(r) for r in rest]
    found = linprog(np.zeros(len(columns)), A_eq=np.array(table).T, b_eq=wanted, bounds=limits, method="highs-ds")
    return list(map(float, found.x)) if found.status == 0 else None


def _double(q: fmpq) -> float:
    return int(q.p) / int(q.q)
