"""Strict separation of finitely many vectors from the origin, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lossproof.numerics.ranks.rational_kernel import reduced_kernel

Vector = Sequence[Fraction]
_TIGHT = 1e-7
_BITS = 30


def separating_direction(rows: Sequence[Vector]) -> list[Fraction] | None:
    r"""Return a rational ``u`` with ``uᵀr > 0`` for every row ``r``, or None if none was found.

    ``rows`` has shape ``(m, n)``. A linear program in floating point (the widest margin within a cube) suggests ``u``, rounded to few digits where
    that is enough; the inequalities are then checked exactly, so what is returned always separates. None proves nothing: see
    `balanced_combination`.

    >>> [str(x) for x in separating_direction([[Fraction(1), Fraction(0)], [Fraction(1), Fraction(1)]])]
    ['1', '1']
    >>> separating_direction([[Fraction(1)], [Fraction(-1)]]) is None
    True
    """
    from scipy.optimize import linprog

    table = _floats(rows)
    m, n = table.shape
    limits = [(-1, 1)] * n + [(None, 1)]
    found = linprog([0.0] * n + [-1.0], A_ub=np.hstack([-table, np.ones((m, 1))]), b_ub=np.zeros(m), bounds=limits, method="highs")
    if not found.success:
        return None
    for denominator in (1, 2**4, 2**10, 2**20, 2**52):
        u = [Fraction(round(Fraction(x) * denominator), denominator) for x in found.x[:n]]
        if all(_dot(u, row) > 0 for row in rows):
            return u
    return None


def weakly_separating_direction(rows: Sequence[Vector]) -> list[Fraction] | None:
    r"""Return a rational ``u`` with ``uᵀr ≥ 0`` for every row ``r`` and ``> 0`` for one, or None if none was found.

    Rows that are only just met are met exactly: ``u`` is rounded within the space where they vanish. What is returned is checked exactly; None proves
    nothing.

    >>> weakly_separating_direction([[Fraction(1), Fraction(0)], [Fraction(-1), Fraction(2)], [Fraction(1), Fraction(-2)]]) is not None
    True
    >>> weakly_separating_direction([[Fraction(1)], [Fraction(-1)]]) is None
    True
    """
    from scipy.optimize import linprog

    strict = separating_direction(rows)
    if strict is not None:
        return strict
    table = _floats(rows)
    limits = [(-1, 1)] * table.shape[1]
    found = linprog(-table.sum(axis=0), A_ub=-table, b_ub=np.zeros(len(table)), bounds=limits, method="highs")
    if not found.success or not -found.fun > _TIGHT:
        return None
    tight = [list(row) for row, value in zip(rows, table @ found.x, strict=True) if value < _TIGHT]
    basis = reduced_kernel(tight)
    if not basis:
        return None
    basis = [[x / max(map(abs, vector)) for x in vector] for vector in basis]
    columns = np.array([[float(x) for x in vector] for vector in basis]).T
    weights = [Fraction(round(float(c) * 2**_BITS), 2**_BITS) for c in np.linalg.lstsq(columns, found.x, rcond=None)[0]]
    u = [sum((w * vector[k] for w, vector in zip(weights, basis, strict=True)), Fraction(0)) for k in range(table.shape[1])]
    values = [_dot(u, row) for row in rows]
    return u if min(values) >= 0 and max(values) > 0 else None


def balanced_combination(rows: Sequence[Vector]) -> list[Fraction] | None:
    r"""Return ``λ ≥ 0``, not all 0, with ``Σ λ_i r_i = 0``, or None if none was found.

    Such a λ proves that no ``u`` has ``uᵀr > 0`` for every row (Gordan 1873). A vertex found in floating point suggests the rows with ``λ_i > 0``;
    λ is then the exact kernel vector of these rows.

    >>> [str(x) for x in balanced_combination([[Fraction(1)], [Fraction(-2)]])]
    ['2', '1']
    >>> balanced_combination([[Fraction(1)], [Fraction(5)]]) is None
    True
    """
    from scipy.optimize import linprog

    table = _floats(rows)
    m, n = table.shape
    balance = np.vstack([table.T, np.ones((1, m))])
    found = linprog(np.zeros(m), A_eq=balance, b_eq=[0.0] * n + [1.0], bounds=[(0, None)] * m, method="highs-ds")
    if not found.success:
        return None
    used = [i for i in range(m) if found.x[i] > 1e-9]
    basis = reduced_kernel([[rows[i][b] for i in used] for b in range(n)])
    if len(basis) != 1 or any(x < 0 for x in basis[0]):
        return None
    weights = dict(zip(used, basis[0], strict=True))
    return [weights.get(i, Fraction(0)) for i in range(m)]


def _floats(rows: Sequence[Vector]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Rows as doubles, each divided by its largest entry: a guide only."""
    scaled = [[x / (max(map(abs, row)) or 1) for x in row] for row in rows]
    return np.array([[float(x) for x in row] for row in scaled], dtype=np.float64)


def _dot(u: Vector, row: Vector) -> Fraction:
    return sum((a * b for a, b in zip(u, row, strict=True)), Fraction(0))
