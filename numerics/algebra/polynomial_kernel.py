"""Right kernels of integer polynomial matrices: vectors with polynomial entries, by fraction-free elimination."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from flint import fmpz_poly

Polynomials = npt.NDArray[Any]


def elimination_work(matrix: Polynomials, rank: int) -> int:
    """Return a count of coefficient operations that `polynomial_kernel` takes, up to a constant: sizes times the degree of a minor."""
    m, n = matrix.shape
    degrees = sorted(max((int(entry.degree()) for entry in matrix[:, j]), default=0) for j in range(n))
    return int((rank * rank * n + m * n * (n - rank)) * (1 + sum(degrees[-max(rank, 1) :])))


def polynomial_kernel(matrix: Polynomials, rows: list[int], columns: list[int]) -> list[list[fmpz_poly]] | None:
    r"""Return a reduced basis of the right kernel over ``Q(u)`` of an ``(m, n)`` matrix over ``Z[u]``, with entries in ``Z[u]``.

    ``rows`` and ``columns`` are a guess of ``r`` independent rows and of the leftmost independent columns (such as a specialisation
    gives). With ``A`` the chosen rows, the vector of a column ``f`` that is not chosen has ``det A_C`` at ``f`` and, by Cramer's rule,
    minus the minors at the chosen columns ``C``, divided by what they have in common. Every vector has its last non-zero entry at its
    ``f``, where all others are 0.

    The guess is checked: None is returned if a vector does not annihilate all rows or is not of that form.

    >>> import numpy as np
    >>> u = fmpz_poly([0, 1])
    >>> polynomial_kernel(np.array([[u, u * u]], dtype=object), [0], [0])
    [[(-1)*x, 1]]
    """
    n = matrix.shape[1]
    eliminated = _eliminate(matrix[rows], columns)
    if eliminated is None:
        return None
    determinant, minors = eliminated
    basis = []
    for f in sorted(set(range(n)) - set(columns)):
        vector = [fmpz_poly([])] * n
        vector[f] = determinant
        for k, column in enumerate(columns):
            vector[column] = -minors[k, f]
        if any(vector[f + 1 :]) or any(_product(row, vector) for row in matrix):
            return None
        basis.append(without_common_factor(vector))
    return basis


def without_common_factor(vector: list[fmpz_poly]) -> list[fmpz_poly]:
    """Divide the entries by their greatest common divisor."""
    common = fmpz_poly([])
    for entry in vector:
        common = common.gcd(entry)
    return [entry // common for entry in vector]


def _eliminate(rows: Polynomials, columns: list[int]) -> tuple[fmpz_poly, Polynomials] | None:
    """Return ``det A_C`` and ``adj(A_C) A`` by Gauss-Jordan elimination without fractions (Bareiss), or None if ``det A_C = 0``."""
    A = rows.copy()
    previous = fmpz_poly([1])
    for k, column in enumerate(columns):
        below = next((i for i in range(k, len(A)) if A[i, column] != 0), None)
        if below is None:
            return None
        if below != k:
            A[[k, below]] = A[[below, k]]
            A[k] = -A[k]
        pivot, others = A[k, column], [i for i in range(len(A)) if i != k]
        for i in others:
            factor = A[i, column]
            A[i] = [(pivot * a - factor * b) // previous for a, b in zip(A[i], A[k], strict=True)]
        previous = pivot
    return previous, A


def _product(row: Polynomials, vector: list[fmpz_poly]) -> fmpz_poly:
    return sum((a * b for a, b in zip(row, vector, strict=True) if b), start=fmpz_poly([]))
