"""The inertia of a symmetric matrix of rationals or of balls, from below, by ``LDLᵀ`` with symmetric pivots."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.rings import bounded
from lossproof.certificates.kernel.reading.limits import MAX_WORK, Array, limit

_SWITCH = fmpq(16, 25)


def inertia(matrix: Array) -> tuple[int, int]:
    r"""Return numbers of negative and of positive eigenvalues that a symmetric matrix certainly has, of which the upper triangle is read.

    A pivot block D (1×1 and not 0, or 2×2 with a negative determinant: one eigenvalue of each sign) splits off: with ``M = [[D, Bᵀ], [B, C]]`` the
    inertia of M is that of D plus that of ``C − B D⁻¹ Bᵀ`` (Sylvester, Haynsworth). Over balls every matrix with entries in them is treated at once, and
    only certain signs count. It ends when no pivot is certain: for rationals the rest is then 0, as an entry of it that is not 0 would give a
    pivot, so the counts are exact.
    """
    n = len(matrix)
    limit(n**3, MAX_WORK, "the size³ of an inertia")
    rest = np.array([[matrix[min(i, j), max(i, j)] for j in range(n)] for i in range(n)], dtype=object).reshape(n, n)
    negative = positive = 0
    while len(rest):
        block = _pivot(rest)
        if block is None:
            break
        if len(block) == 2:
            negative, positive = negative + 1, positive + 1
        elif rest[block[0], block[0]] > 0:
            positive += 1
        else:
            negative += 1
        rest = _complement(rest, block)
    return negative, positive


def _size(x: Any) -> Any:
    """Return the distance of a number from 0, a lower bound for a ball; 0 if it is not finite."""
    if isinstance(x, arb):
        return x.abs_lower() if x.is_finite() else arb(0)
    return abs(bounded(x))


def _pivot(rest: Array) -> list[int] | None:
    """Choose a certain pivot, on the diagonal unless the others are much larger (Bunch and Parlett)."""
    n = len(rest)
    sizes = [_size(rest[k, k]) for k in range(n)]
    p = max(range(n), key=sizes.__getitem__)
    pairs = {(i, j): _size(rest[i, j]) for i in range(n) for j in range(i + 1, n)}
    if pairs:
        i, j = max(pairs, key=pairs.__getitem__)
        if sizes[p] < pairs[i, j] * _SWITCH and _determinant(rest, i, j) < 0:
            return [i, j]
    return [p] if sizes[p] > 0 else None


def _determinant(rest: Array, i: int, j: int) -> Any:
    return rest[i, i] * rest[j, j] - rest[i, j] * rest[i, j]


def _complement(rest: Array, block: list[int]) -> Array:
    """Return ``C − B D⁻¹ Bᵀ``."""
    keep = [k for k in range(len(rest)) if k not in block]
    B = rest[np.ix_(keep, block)]
    if len(block) == 1:
        inverse = np.array([[1 / rest[block[0], block[0]]]], dtype=object)
    else:
        i, j = block
        det = _determinant(rest, i, j)
        inverse = np.array([[rest[j, j] / det, -rest[i, j] / det], [-rest[i, j] / det, rest[i, i] / det]], dtype=object)
    complement: Array = rest[np.ix_(keep, keep)] - B @ inverse @ B.T
    return complement
