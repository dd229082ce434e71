"""Exact kernels of rational matrices in reduced form."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpz_mat

from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.ranks.modular import largest_minor, random_prime
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.limits import MAX_ENTRIES, MAX_NUMBER_TEXT
from lossproof.theory.verdicts import Rigor


def exact_matrix(matrix: Any) -> npt.NDArray[Any]:
    """Return rows of ``Fraction``, ``fmpq``, ``fmpz`` or ``int`` as a two-dimensional object array.

    Raises `ValueError` on another shape and `TypeError` on entries of another type, floats among them.
    """
    array = matrix if isinstance(matrix, np.ndarray) else np.array(matrix, dtype=object)
    if array.ndim != 2:
        raise ValueError(f"the matrix must have two axes, got {array.ndim}: give a list of rows of equal length")
    if np.issubdtype(array.dtype, np.integer):
        return array.astype(object)
    if array.dtype != object:
        raise TypeError(f"the entries must be exact rationals, got {array.dtype}: convert floats with Fraction, which is exact")
    return array


def primitive_rows(matrix: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], int]:
    """Return the rows, each multiplied by the least common denominator of its entries, and the product of those denominators.

    >>> integers, denominators = primitive_rows(exact_matrix([[Fraction(1, 2), Fraction(1, 3)]]))
    >>> integers.tolist(), denominators
    ([[3, 2]], 6)
    """
    result = np.empty(matrix.shape, dtype=object)
    product = 1
    for k, row in enumerate(matrix):
        pairs = [_ratio(entry) for entry in row]
        common = math.lcm(*(q for _, q in pairs))
        result[k] = [p * (common // q) for p, q in pairs]
        product *= common
    return result, product


def reduced_kernel(matrix: Any, seed: int = 0) -> list[list[Fraction]]:
    r"""Return the reduced basis of the right kernel ``{v : M v = 0}`` over Q of a rational ``(m, n)`` matrix, `exact_matrix` or its rows.

    Vector ``k`` has its last non-zero entry, a 1, at the ``k``-th non-pivot column ``f`` of the reduced row echelon form ``R``; its
    entry at the pivot column of row ``i`` is ``−R[i, f]``. Rows that are independent modulo a random prime are reduced over Q, and ``M
    v = 0`` is then checked exactly for all rows (another prime is taken when it fails), so the result never depends on luck.

    >>> [[str(entry) for entry in v] for v in reduced_kernel([[1, 2, 3], [2, 4, 6]])]
    [['-2', '1', '0'], ['-3', '0', '1']]
    """
    integers, _ = primitive_rows(exact_matrix(matrix))
    m, n = integers.shape
    everything = fmpz_mat(m, n, integers.ravel().tolist())
    attempt = 0
    while True:
        rows, _ = largest_minor(integers, random_prime(seed + attempt))
        basis = _kernel_of_independent_rows(integers[rows]) if rows else _unit_vectors(n)
        if not basis or _annihilates(everything, basis):
            return [[from_flint(entry) for entry in vector] for vector in basis]
        attempt += 1


def kernel_evidence(basis: list[list[Fraction]], size: int, side: str) -> RankEvidence | None:
    """Return the bound ``rank ≤ size − len(basis)`` of rule `rank-kernel`, or None if a certificate cannot hold it: numbers are too long, or too many."""
    if size * len(basis) > MAX_ENTRIES:
        return None
    vectors = [[str(to_flint(entry)) for entry in vector] for vector in basis]
    if any(len(entry) > MAX_NUMBER_TEXT for vector in vectors for entry in vector):
        return None
    return RankEvidence(size - len(vectors), False, "rank-kernel", Rigor.EXACT, {"side": side, "vectors": vectors, "entries": "Q"})


def _ratio(entry: Any) -> tuple[int, int]:
    if isinstance(entry, fmpq):
        return int(entry.p), int(entry.q)
    if hasattr(entry, "numerator") and hasattr(entry, "denominator"):
        return int(entry.numerator), int(entry.denominator)
    if type(entry).__name__ == "fmpz":
        return int(entry), 1
    raise TypeError(f"an entry must be an exact rational, got {type(entry).__name__}: convert floats with Fraction, which is exact")


def _kernel_of_independent_rows(rows: npt.NDArray[Any]) -> list[list[fmpq]]:
    r, n = rows.shape
    if r == n:
        return []
    echelon, denominator, _ = fmpz_mat(r, n, rows.ravel().tolist()).rref()
    pivots: list[int] = []
    for i in range(r):
        pivots.append(next(j for j in range(pivots[-1] + 1 if pivots else 0, n) if echelon[i, j] != 0))
    basis = []
    for f in sorted(set(range(n)) - set(pivots)):
        vector = [fmpq(0)] * n
        vector[f] = fmpq(1)
        for i, pivot in enumerate(pivots):
            vector[pivot] = fmpq(-echelon[i, f], denominator)
        basis.append(vector)
    return basis


def _unit_vectors(n: int) -> list[list[fmpq]]:
    return [[fmpq(int(i == j)) for j in range(n)] for i in range(n)]


def _annihilates(matrix: fmpz_mat, basis: list[list[fmpq]]) -> bool:
    columns = []
    for vector in basis:
        common = math.lcm(*(int(entry.q) for entry in vector))
        columns.append([int(entry.p) * (common // int(entry.q)) for entry in vector])
    product = matrix * fmpz_mat(columns).transpose()
    return all(entry == 0 for entry in product.entries())


def rational_kernel_of_rows(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Return a basis of the vectors ``k`` with ``kᵀ M = 0`` for a rational matrix given by rows."""
    if not rows[0]:
        return [[Fraction(int(i == j)) for j in range(len(rows))] for i in range(len(rows))]
    transposed = [list(column) for column in zip(*rows, strict=True)]
    return reduced_kernel(transposed)
