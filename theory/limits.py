"""The limits of what a certificate may ask for: the prover keeps within them, and the kernel refuses what exceeds them.

Work is counted in products of two balls of 64 bits, each about 0.1 µs with what goes with it. What a step asks for is counted before it is done, transcendental
functions included, so that the time of a check is bounded, and what is accepted depends neither on the machine nor on what else it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isqrt

MAX_WORK = 2 * 10**10
"""Work of a certificate: about half an hour."""
MAX_STEP_WORK = 4 * 10**9
"""Work of one step."""
MAX_TEXT = 2**28
"""Characters of a certificate."""
MAX_DEPTH = 32
"""Nesting of its objects and lists."""
MAX_NUMBER_TEXT = 10_000
"""Characters of a number."""
MAX_WIDTH = 10**6
"""Units of a layer."""
PRECISIONS = (53, 2**20)
"""Least and largest precision of balls in bits."""
SIGN_PRECISION = 1024
"""Precision at which numbers are told from 0, and from other kinks, where a step names none."""
MAX_BITS = 2**20
"""Bits of numerator or denominator of a rational number computed on the way."""
MAX_SUM_BITS = 2**22
"""The same for a sum, bounded by the denominators of its terms."""
MAX_TERMS = 10**5
"""Terms of a polynomial in symbols."""
MAX_EXPONENT = 10**5
"""Exponent of ``u``."""
MAX_DEGREE = 2 * 10**6
"""Degree of a rational function in ``u``."""
MAX_ENTRIES = 2**24
"""Entries of a matrix that is written out."""
MAX_MINOR = 5000
"""Rows of a minor."""
MAX_ORDER = 24
"""Order of a curve of descent."""
MAX_POLYNOMIAL_DEGREE = 64
"""Degree of a network of powers in the bound of its rank by dimensions, and number of its layers."""
MAX_SIGN_SAMPLES = 16
"""Samples whose patterns of signs are all gone through."""
MAX_GRAM_COLUMNS = 40_000
"""Columns of a Gram matrix that is factored in double precision: one triangle of it takes ``4 n²`` bytes."""
MAX_GRAM_VALUES = 5 * 10**6
"""Values of activations for such a matrix."""
MAX_INVERSE_COLUMNS = 6_000
"""Columns of a matrix with an approximate left inverse in double precision."""
MAX_INVERSE_ENTRIES = 2**28
"""Entries of such a matrix."""


def step_work(L: int) -> int:
    """Return the work of reading a step about a network of L layers, whatever its rule."""
    return 200 + L


def samples_work(T: int, numbers: int) -> int:
    """Return the work of looking at T samples of so many numbers each, without a pass."""
    return 10 * T * numbers


def product_work(bits: int) -> int:
    """Return the work of a product of two balls, or of two numbers of so many bits.

    >>> product_work(64), product_work(1024)
    (2, 17)
    """
    return 1 + bits // 64


def rational_work(bits: int) -> int:
    """Return the work of a product, or of a sum, of two rational numbers of so many bits: that of a common divisor is in it.

    >>> rational_work(64), rational_work(2**20)
    (2, 213005)
    """
    return product_work(bits) * max(1, bits.bit_length() - 8)


def value_work(bits: int) -> int:
    """Return the work of a transcendental function of a ball.

    >>> value_work(64), value_work(4096)
    (48, 4136)
    """
    return 40 + bits * isqrt(bits) // 64


def modular_work(operations: int) -> int:
    """Return the work of so many operations modulo a prime, done by FLINT."""
    return operations // 128


def flops_work(flops: int) -> int:
    """Return the work of so many operations in double precision, done by BLAS."""
    return flops // 2000


def pass_work(widths: Sequence[int], T: int, bits: int, passes: int = 1) -> int:
    """Return the work of passes of T samples through a network, forward or backward: their products, and the values of the activations, once.

    >>> pass_work((2, 2, 1), 4, 64)
    648
    """
    products = sum((n + 1) * m for n, m in pairwise(widths))
    return T * (passes * products * product_work(bits) + sum(widths[1:]) * value_work(bits))


def elimination_work(n: int, bits: int) -> int:
    """Return the work of the elimination, the inversion or a product of matrices of n rows."""
    return n**3 * product_work(bits)
