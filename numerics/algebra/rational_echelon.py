"""The reduced row echelon form of matrices of rationals, and their kernels."""

from __future__ import annotations

from fractions import Fraction

from flint import fmpq, fmpq_mat

from lossproof.numerics.rationals import from_flint


def echelon(matrix: fmpq_mat) -> tuple[list[list[fmpq]], list[int]]:
    """Return the rows other than 0 of the reduced row echelon form, and the columns of their pivots, the first independent ones.

    >>> echelon(fmpq_mat([[1, 2, 0], [2, 4, 1]]))
    ([[1, 2, 0], [0, 0, 1]], [0, 2])
    """
    reduced, rank = matrix.rref()
    rows = reduced.tolist()[:rank]
    return rows, [next(k for k, q in enumerate(row) if q != 0) for row in rows]


def kernel_basis(matrix: fmpq_mat) -> list[list[Fraction]]:
    """Return a basis of the vectors that a matrix annihilates: each has a 1 where all others are 0, at a column without a pivot.

    >>> [[str(q) for q in vector] for vector in kernel_basis(fmpq_mat([[1, 2, 0], [2, 4, 1]]))]
    [['-2', '1', '0']]
    """
    (rows, pivots), basis = echelon(matrix), list[list[Fraction]]()
    for free in (k for k in range(matrix.ncols()) if k not in pivots):
        vector = [Fraction(int(k == free)) for k in range(matrix.ncols())]
        for row, pivot in zip(rows, pivots, strict=True):
            vector[pivot] = -from_flint(row[free])
        basis.append(vector)
    return basis
