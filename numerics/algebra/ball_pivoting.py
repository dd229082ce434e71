"""Choosing rows and columns of a matrix of balls that look independent. A choice proves nothing; what is chosen is verified afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb
from scipy import linalg

_TOLERANCE = 1e-12
_NOTHING, _FARTHEST = -(2**60), 2**58
_PLAIN = 2.0**900


def independent_looking(matrix: npt.NDArray[Any], *, scale_rows: bool) -> tuple[list[int], list[int]]:
    r"""Return equally many rows and columns whose submatrix looks well-conditioned after scaling.

    Entries that contain 0 count as 0. The midpoints are scaled by powers of two so that each column, and with ``scale_rows`` each row,
    has its largest entry near 1; exponents far beyond the range of doubles are taken into account. Columns come from a QR factorisation
    with column pivoting, cut where a pivot falls below ``10^-12`` of the first; rows from an LU factorisation of these columns.

    Without ``scale_rows`` small rows are left to a later step, on the Schur complement. That is the order of partial pivoting, so
    determinants of what is chosen lose few bits; with it, graded rows are seen all at once, but saturated ones may tempt that are worse
    than others.

    >>> tiny = arb(2) ** -2000
    >>> rows = np.array([[arb(1), arb(1)], [tiny, 2 * tiny]], dtype=object)
    >>> independent_looking(rows, scale_rows=True), independent_looking(rows, scale_rows=False)
    (([0, 1], [0, 1]), ([0], [0]))
    """
    scaled = _scaled_midpoints(matrix, (1, 0, 1) if scale_rows else (0,))
    if not scaled.any():
        return [], []
    reduced = linalg.qr(scaled, mode="r", check_finite=False)[0][: scaled.shape[1]] if scaled.shape[0] > scaled.shape[1] else scaled
    triangle, order = linalg.qr(reduced, mode="r", pivoting=True, check_finite=False)
    pivots = np.abs(triangle.diagonal())
    rank = int(np.count_nonzero(pivots > _TOLERANCE * pivots[0]))
    columns = order[:rank]
    _, swaps = linalg.lu_factor(scaled[:, columns], check_finite=False)
    rows = np.arange(scaled.shape[0])
    for k, other in enumerate(swaps[:rank]):
        rows[[k, other]] = rows[[other, k]]
    return sorted(rows[:rank].tolist()), sorted(columns.tolist())


def _scaled_midpoints(matrix: npt.NDArray[Any], axes: tuple[int, ...]) -> npt.NDArray[np.float64]:
    pairs = [_mantissa_and_exponent(entry) for entry in matrix.ravel()]
    mantissas = np.array([m for m, _ in pairs]).reshape(matrix.shape)
    exponents = np.array([e for _, e in pairs], dtype=np.int64).reshape(matrix.shape)
    for axis in axes:
        largest = exponents.max(axis=axis, keepdims=True)
        exponents -= np.where(largest > _NOTHING // 2, largest, 0)
    return np.asarray(np.ldexp(mantissas, np.maximum(exponents, -1100).astype(np.int32)), dtype=np.float64)


def _mantissa_and_exponent(entry: arb) -> tuple[float, int]:
    """Return ``(m, e)`` with midpoint about ``m 2^e`` and ``1/2 ≤ |m| < 1``, or ``(0, very small)`` for a ball that contains 0."""
    if entry.contains(0) or not entry.is_finite():
        return 0.0, _NOTHING
    size = float(entry)
    if 1 / _PLAIN < abs(size) < _PLAIN:
        mantissa, exponent = np.frexp(size)
        return float(mantissa), int(exponent)
    man, exp = entry.mid().man_exp()
    length = int(abs(man)).bit_length()
    exponent = min(max(int(exp) + length, -_FARTHEST), _FARTHEST)
    return float(int(man) >> max(length - 60, 0)) / 2.0 ** min(length, 60), exponent
