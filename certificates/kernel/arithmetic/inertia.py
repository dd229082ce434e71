"""The inertia of a symmetric matrix of rationals or of balls, from below, by ``LDLᵀ`` with symmetric pivots."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.reading.parse import limit
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits

_SWITCH = fmpq(16, 25)


def inertia(work: Work, matrix: Array) -> tuple[int, int]:
    r"""Return numbers of negative and of positive eigenvalues that a symmetric matrix certainly has, of which the upper triangle is read.

    A pivot block D (1×1 and not 0, or 2×2 with a negative determinant: one eigenvalue of each sign) splits off: with ``M = [[D, Bᵀ], [B, C]]`` the
    inertia of M is that of D plus that of ``C − B D⁻¹ Bᵀ`` (Sylvester, Haynsworth). Over balls every matrix with entries in them is treated at once, and
    only certain signs count. It ends when no pivot is certain: for rationals the rest is then 0, as an entry of it that is not 0 would give a
    pivot, so the counts are exact. Their lengths grow, so that each step with rationals is counted before it is done.
    """
    n = len(matrix)
    rest = np.array([[matrix[min(i, j), max(i, j)] for j in range(n)] for i in range(n)], dtype=object).reshape(n, n)
    negative = positive = 0
    while len(rest) and (block := _pivot(rest)):
        keep = [k for k in range(len(rest)) if k not in block]
        B, D = rest[np.ix_(keep, block)], rest[np.ix_(block, block)]
        longest = max((x.p.bit_length() + x.q.bit_length() for x in rest.flat if isinstance(x, fmpq)), default=0)
        limit(longest, 2 * limits.MAX_BITS, "the length of a rational number in bits")
        work.spend(4 * len(keep) ** 2 * limits.rational_work(longest), "an elimination")
        if len(block) == 1:
            signs, inverse = (bool(D[0, 0] < 0), bool(D[0, 0] > 0)), 1 / D
        else:
            signs, inverse = (True, True), np.array([[D[1, 1], -D[0, 1]], [-D[0, 1], D[0, 0]]], dtype=object) / _determinant(rest, *block)
        negative, positive = negative + signs[0], positive + signs[1]
        rest = rest[np.ix_(keep, keep)] - B @ inverse @ B.T
    return negative, positive


def _size(x: Any) -> Any:
    """Return the distance of a number from 0, a lower bound for a ball; 0 if it is not finite."""
    if isinstance(x, arb):
        return x.abs_lower() if x.is_finite() else arb(0)
    return abs(x)


def _pivot(rest: Array) -> list[int]:
    """Choose a certain pivot, on the diagonal unless the others are much larger (Bunch and Parlett); none if there is none."""
    n = len(rest)
    sizes = [_size(rest[k, k]) for k in range(n)]
    p = max(range(n), key=sizes.__getitem__)
    pairs = {(i, j): _size(rest[i, j]) for i in range(n) for j in range(i + 1, n)}
    i, j = max(pairs, key=pairs.__getitem__, default=(p, p))
    if i < j and sizes[p] < pairs[i, j] * _SWITCH and _determinant(rest, i, j) < 0:
        return [i, j]
    return [p] if sizes[p] > 0 else []


def _determinant(rest: Array, i: int, j: int) -> Any:
    return rest[i, i] * rest[j, j] - rest[i, j] * rest[i, j]
