r"""Matrices of balls in which every matrix is invertible: an approximate inverse ``X`` with ``‖I − X M‖_∞ < 1``, and room to spare.

``X M`` is then invertible for every ``M`` in the balls (Neumann), hence so is ``M``. Where rows differ by less than the precision, and zeros tell them apart,
an elimination may still show a determinant that is not 0. The room: ``M`` is taken with radii twice as large and a rounding more,
row sums below 1/2 are asked for, and ``X`` is taken at twelve bits less, so that a checker with other balls of the same precision, and with the inverse of
its own midpoints, agrees.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from flint import arb, arb_mat

from lossproof.numerics.fields.precision import ball_precision

Balls = npt.NDArray[Any]

_ROUNDING_BITS = 3
_FEWER_BITS = 12


def are_surely_invertible(matrix: Balls, bits: int) -> bool:
    r"""Tell whether every real matrix within a square matrix of balls is proved to be invertible, at a precision, with room to spare.

    >>> import numpy as np
    >>> rows = np.array([[arb(1), arb(2)], [arb(3), arb(4, 1e-3)]], dtype=object)
    >>> are_surely_invertible(rows, 64), are_surely_invertible(rows + arb(0, 1), 64)
    (True, False)
    """
    exact = arb_mat(matrix.tolist()).mid()
    with ball_precision(bits):
        wide = arb_mat([[widened(entry, bits) for entry in row] for row in matrix])
    return _has_small_residual(exact, wide, bits, bits - _FEWER_BITS) or _has_clear_determinant(wide, bits - _FEWER_BITS)


def krawczyk_slacks(values: arb_mat, J: arb_mat, C: arb_mat, rho: arb) -> list[arb]:
    r"""Return ``ρ − |C g| − ρ Σ |I − C J|`` in every row: where all are positive, Newton's map with the matrix C sends the box of half-width ρ into itself.

    ``values`` are the g at the centre, a column, and ``J`` their derivatives over the box.

    >>> [bool(slack > 0) for slack in krawczyk_slacks(arb_mat([[arb(1) / 8]]), arb_mat([[arb(2, 0.5)]]), arb_mat([[arb(1) / 2]]), arb(1) / 4)]
    [True]
    """
    n, moved, rest = J.nrows(), C * values, C * J
    spreads = (sum((abs(arb(int(k == m)) - rest[k, m]) for m in range(n)), arb(0)) for k in range(n))
    return [rho - abs(moved[k, 0]) - spread * rho for k, spread in enumerate(spreads)]


def _has_small_residual(exact: arb_mat, wide: arb_mat, bits: int, precision: int) -> bool:
    """Tell whether ``‖I − X M‖_∞ < 1/2`` for all ``M`` within the balls, with the inverse ``X`` of the midpoints, taken at a precision."""
    n = exact.nrows()
    with ball_precision(precision):
        try:
            X = exact.inv().mid()
        except ZeroDivisionError:
            return False
    with ball_precision(bits):
        product = X * wide
        sums = (sum((abs(arb(int(k == m)) - product[k, m]) for m in range(n)), arb(0)) for k in range(n))
        return all(bool(2 * s < 1) for s in sums)


def _has_clear_determinant(wide: arb_mat, precision: int) -> bool:
    """Tell whether the ball of the determinant, taken at a precision, excludes 0 with twelve bits of it right."""
    with ball_precision(precision):
        determinant = wide.det()
        return not determinant.contains(0) and bool(determinant.rel_accuracy_bits() >= _FEWER_BITS)


def widened(ball: arb, bits: int) -> arb:
    """Return a ball with twice the radius, and a few units in the last of so many bits more.

    >>> wide = widened(arb(1, 2.0**-20), 64)
    >>> bool(wide.contains(arb(1 + 2.0**-19))), bool(wide.contains(arb(1 + 2.0**-18)))
    (True, False)
    """
    return ball + arb(0, 1) * (ball.rad() + abs(ball).upper() * arb(2) ** (_ROUNDING_BITS - bits))
