"""The exact rank of a rational matrix, certified from both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lossproof.numerics.ranks.evidence import RankEvidence, value_of
from lossproof.numerics.ranks.modular import minor_evidence, random_prime
from lossproof.numerics.ranks.rational_kernel import exact_matrix, kernel_evidence, primitive_rows, reduced_kernel
from lossproof.theory.limits import minor_limit

_PART = 16
"""Of a matrix that is longer than so many times its width, a part of that shape is tried first."""


def rational_rank(matrix: Any, seed: int = 0) -> tuple[RankEvidence | None, RankEvidence | None]:
    r"""Return the rank of a matrix over Q as a lower and an upper bound, which are equal.

    ``matrix`` is an ``(m, n)`` object array or list of rows of ``Fraction``, ``fmpq``, ``fmpz`` or ``int``. The lower bound (rule
    `rank-minor`) is a minor that is not 0 modulo a random prime dividing no denominator; the upper bound (rule
    `rank-kernel`) is the reduced basis of the right kernel or, where that is smaller, of the left one. Primes are drawn from ``seed``
    until both meet; all but finitely many primes do.

    The upper bound is None only if every kernel vector basis has an entry of over 5,000 characters, which no certificate may hold. The lower one is None for
    the rank 0, and less than the rank only for more rows than a minor may have.
    Raises `TypeError` on entries that are not exact, `ValueError` on a shape that is no matrix.

    >>> from fractions import Fraction
    >>> lower, upper = rational_rank([[1, Fraction(1, 2)], [2, 1], [0, 0]])
    >>> lower.value, upper.value, upper.payload
    (1, 1, {'side': 'right', 'vectors': [['-1/2', '1']], 'entries': 'Q'})
    """
    array = exact_matrix(matrix)
    m, n = array.shape
    full = _full_rank_of_a_part(array, seed)
    if full is not None:
        return full, kernel_evidence([], min(m, n), "right" if n <= m else "left")
    integers, denominators = primitive_rows(array)
    lower = _lower_bound(integers, denominators, seed)
    if value_of(lower) == min(m, n):
        return lower, kernel_evidence([], min(m, n), "right" if n <= m else "left")
    basis = reduced_kernel(integers if n <= m else array.T, seed)
    rank = min(m, n) - len(basis)
    while value_of(lower) < min(rank, minor_limit()):
        seed += 1
        lower = _lower_bound(integers, denominators, seed)
    upper = kernel_evidence(basis, min(m, n), "right" if n <= m else "left")
    return lower, upper or _other_side(array, seed)


def _full_rank_of_a_part(array: npt.NDArray[np.object_], seed: int) -> RankEvidence | None:
    """Return a minor of full rank from the first rows or columns alone, or None: of a long matrix most entries are then never looked at.

    A minor of a part is one of the whole matrix, at the same rows and columns, so full rank of the part, ``min(m, n)``, is that of the matrix.
    """
    m, n = array.shape
    part = array[: _PART * n, : _PART * m]
    if part.shape == (m, n):
        return None
    lower = _lower_bound(*primitive_rows(part), seed)
    return lower if value_of(lower) == min(m, n) else None


def _lower_bound(integers: npt.NDArray[Any], denominators: int, seed: int) -> RankEvidence | None:
    """Rank modulo a prime: multiplying a row by a number that the prime does not divide changes no minor's being 0."""
    prime = random_prime(seed)
    while denominators % prime == 0:
        seed += 1
        prime = random_prime(seed)
    return minor_evidence(integers, prime)


def _other_side(array: npt.NDArray[np.object_], seed: int) -> RankEvidence | None:
    m, n = array.shape
    basis = reduced_kernel(array.T if n <= m else array, seed)
    return kernel_evidence(basis, max(m, n), "left" if n <= m else "right")
