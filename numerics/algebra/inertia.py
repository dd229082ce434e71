r"""The inertia of a symmetric matrix by a symmetric factorisation, exactly or in balls.

``A = LDLᵀ`` with pivots of size 1 and 2 on the diagonal of ``D``: at each step a pivot block ``B`` is taken out and the rest becomes its Schur
complement ``S = C − E B^{-1} Eᵀ``. By Haynsworth's additivity ``in A = in B + in S``, so every pivot that is certainly not singular adds its signs:
one for a number, and one of each for a 2×2 block of negative determinant. With balls every entry of ``S`` encloses the true one, for every symmetric
matrix within the enclosure, so the signs counted hold for all of them. What is left without a certain pivot is undecided; in exact arithmetic it is
exactly 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.lengths import bit_length
from lossproof.numerics.fields.precision import ball_precision
from lossproof.theory.exceptions import NotInField
from lossproof.theory.limits import MAX_BITS, MAX_STEP_WORK, rational_work

_SINGLE_IF_AT_LEAST = 0.6


@dataclass(frozen=True)
class Inertia:
    """Proved numbers of negative, zero and positive eigenvalues, and how many are undecided."""

    negative: int
    zero: int
    positive: int
    undecided: int


def exact_inertia(matrix: Array) -> Inertia:
    """Return the inertia of a symmetric matrix of ``fmpq``, every eigenvalue decided.

    Raises `NotInField` where the numbers grow so long on the way that a checker would count more than half of the work of a step.

    >>> from flint import fmpq
    >>> M = np.array([[fmpq(0), fmpq(1)], [fmpq(1), fmpq(0)]], dtype=object)
    >>> exact_inertia(M)
    Inertia(negative=1, zero=0, positive=1, undecided=0)
    """
    negative, positive = _count_signs(matrix, _Lengths())
    return Inertia(negative, len(matrix) - negative - positive, positive, 0)


def ball_inertia(matrix: Array, precision: int) -> Inertia:
    """Return proved counts for every symmetric matrix within an array of balls; zeros are never proved, the rest is undecided.

    >>> ball_inertia(np.array([[arb(2), arb(1)], [arb(1), arb(0, 0.25)]], dtype=object), 64)
    Inertia(negative=1, zero=0, positive=1, undecided=0)
    """
    with ball_precision(precision):
        negative, positive = _count_signs(matrix)
    return Inertia(negative, 0, positive, len(matrix) - negative - positive)


class _Lengths:
    """The work of an elimination over the rationals, by their lengths."""

    def __init__(self) -> None:
        self._work = 0

    def count(self, S: Array) -> None:
        """Count the next step of the elimination of what is left."""
        bits = bit_length([S])
        self._work += 4 * len(S) ** 2 * rational_work(2 * bits)
        if bits > MAX_BITS or self._work > MAX_STEP_WORK // 2:
            raise NotInField(f"the inertia of {len(S)} eigenvalues is left at numbers of {bits} bits: use balls")


def _count_signs(matrix: Array, lengths: _Lengths | None = None) -> tuple[int, int]:
    """Return the numbers of certain negative and positive pivots."""
    S, negative, positive = matrix.copy(), 0, 0
    while len(S):
        if lengths is not None:
            lengths.count(S)
        pivot = _pivot(S)
        if pivot is None:
            break
        rest = [k for k in range(len(S)) if k not in pivot]
        E, C = S[np.ix_(rest, pivot)], S[np.ix_(rest, rest)]
        if len(pivot) == 1:
            value = S[pivot[0], pivot[0]]
            positive, negative = (positive + 1, negative) if value > 0 else (positive, negative + 1)
            S = C - (E / value) @ E.T if rest else C
        else:
            positive, negative = positive + 1, negative + 1
            S = C - E @ _inverse(S[np.ix_(pivot, pivot)]) @ E.T if rest else C
    return negative, positive


def _pivot(S: Array) -> list[int] | None:
    """Choose the largest certain pivot: a diagonal entry, or a 2×2 block of certainly negative determinant where those are small."""
    sizes = np.array([_size(S[k, k]) for k in range(len(S))])
    single = int(np.argmax(sizes))
    off, pair = 0.0, None
    for i in range(len(S)):
        for j in range(i):
            size = _size(S[i, j])
            if size > off:
                off, pair = size, [j, i]
    if sizes[single] > 0 and sizes[single] >= _SINGLE_IF_AT_LEAST * off:
        return [single]
    if pair is not None and S[pair[0], pair[0]] * S[pair[1], pair[1]] - S[pair[0], pair[1]] * S[pair[0], pair[1]] < 0:
        return pair
    return [single] if sizes[single] > 0 else None


def _size(entry: Any) -> float:
    """Return about the distance of an entry from 0: 0 exactly when it is not certainly different from 0."""
    if isinstance(entry, arb):
        return 0.0 if entry.contains(0) or not entry.is_finite() else max(float(entry.abs_lower()), np.finfo(float).tiny)
    if entry == 0:
        return 0.0
    digits = abs(int(entry.p)).bit_length() - int(entry.q).bit_length()
    return float(np.ldexp(abs(float(arb(entry) * arb(2) ** (-digits))), max(min(digits, 1000), -1000)))


def _inverse(B: Array) -> Array:
    det = B[0, 0] * B[1, 1] - B[0, 1] * B[1, 0]
    return np.array([[B[1, 1] / det, -B[0, 1] / det], [-B[1, 0] / det, B[0, 0] / det]], dtype=object)
