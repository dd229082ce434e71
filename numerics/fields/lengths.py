"""How long exact numbers are, and their sums and products: what limits the work of a pass over them."""

from __future__ import annotations

from collections.abc import Iterable

from flint import fmpq

from lossproof.numerics.fields.field import Array
from lossproof.theory.limits import MAX_STEP_WORK, MAX_SUM_BITS, rational_work

EXCESS = 2 * MAX_STEP_WORK
"""The work of what no checker does."""


def bit_length(arrays: Iterable[Array]) -> int:
    """Return the length in bits of the longest numerator or denominator of the rational entries.

    >>> import numpy as np
    >>> bit_length([np.array([fmpq(3, 8), fmpq(0)], dtype=object)])
    4
    """
    return max((max(x.p.bit_length(), x.q.bit_length()) for A in arrays for x in A.flat if isinstance(x, fmpq)), default=0)


def sum_length(A: Array, terms: int) -> int:
    """Return a bound of the bits of a sum of so many of the rational entries, up to the logarithm of their number: of their common denominators.

    Powers of two have the largest of them as common denominator, other denominators their product, as often as they differ.

    >>> import numpy as np
    >>> numbers = np.array([fmpq(1, 8), fmpq(1, 3), fmpq(2, 3), fmpq(1, 5)], dtype=object)
    >>> sum_length(numbers, 1), sum_length(numbers, 9)
    (8, 11)
    """
    longest = twos = odd = 0
    parts: set[int] = set()
    for x in A.flat:
        if isinstance(x, fmpq):
            q = int(x.q)
            two = (q & -q).bit_length() - 1
            longest, twos, odd = max(longest, int(x.p.bit_length())), max(twos, two), max(odd, (q >> two).bit_length())
            if q >> two > 1:
                parts.add(q >> two)
    return longest + twos + odd * min(terms, len(parts))


def products_work(products: int, terms: int, *factors: Array) -> int:
    """Return the work of so many products of entries of the factors, in sums of ``terms`` of them; `EXCESS` if the numbers become too long.

    >>> import numpy as np
    >>> halves = np.array([fmpq(1, 2)], dtype=object)
    >>> products_work(30, 3, halves, halves)
    30
    """
    bits = sum(sum_length(A, terms) for A in factors)
    return EXCESS if bits > MAX_SUM_BITS else products * rational_work(bits)
