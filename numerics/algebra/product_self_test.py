r"""A look for engines whose products are no sums of products of doubles.

One product of two large tiles is formed whose entries have exponents far apart: row i of each factor carries one of the scales ``2^{±100}``, by halves, and the
terms of one sum differ by ``2^{±40}``. Some entries are compared with exact ones, by ``|fl(A Bᵀ) − A Bᵀ| ≤ γ_{k+1} |A||B|ᵀ``. Formats with fewer bits (TF32,
bfloat16, float32) miss it by their precision or their range; Strassen's algorithm, and doubles emulated by slices of fixed weight, lose entries of two small
rows among those of large ones. Products and sums entry by entry must be those of IEEE 754, bit by bit. A test is no proof: what it rests on is said in
`tile_engine`.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lossproof.numerics.algebra.products import Floats, gamma
from lossproof.numerics.algebra.tile_engine import TileEngine

_SIZE, _ENTRIES, _SCALE, _SPREAD = 1024, 4, 100, 40


def fault_of(engine: TileEngine, size: int = _SIZE, seed: int = 0) -> str:
    """Return what is wrong with the products of an engine, in words that follow "because", or an empty text.

    >>> from lossproof.numerics.algebra.numpy_engine import NUMPY
    >>> fault_of(NUMPY, 64)
    ''
    """
    g = np.random.default_rng(seed)
    A, B = _factors(g, size)
    mine, other = engine.array(A), engine.array(B)
    zero = engine.zeros(size, size)
    plain, less = engine.host(engine.product(mine, other)), -engine.host(engine.minus_product(engine.copied(zero), mine, other))
    squared = -engine.host(engine.minus_square(zero, mine))
    half = size // 2
    for rows in (range(half), range(half, size)):
        for columns in (range(half), range(half, size)):
            for i, j in zip(g.choice(rows, _ENTRIES), g.choice(columns, _ENTRIES), strict=True):
                low, high = min(i, j), max(i, j)
                found = (
                    (plain[i, j], A[i], B[j]),
                    (less[i, j], A[i], B[j]),
                    (squared[high, low], A[high], A[low]),
                )
                if not all(_is_near(value, a, b) for value, a, b in found):
                    return "an entry of a product of two matrices is farther from the exact one than any order of summation allows"
    x, y = A[:half], A[:half][::-1]
    X, Y = engine.array(x), engine.array(y)
    added, multiplied = engine.host(engine.plus(engine.copied(X), Y)), engine.host(engine.scaled(engine.copied(X), Y, 1))
    if not (np.array_equal(multiplied, x * y) and np.array_equal(added, x + y)):
        return "products or sums of doubles are not rounded as IEEE 754 asks"
    return ""


def _factors(g: np.random.Generator, size: int) -> tuple[Floats, Floats]:
    """Return two factors with all bits of their entries in use."""
    spread = g.integers(-_SPREAD, _SPREAD + 1, size)
    scales = np.where(np.arange(size) < size // 2, _SCALE, -_SCALE)[:, None]
    A, B = (g.uniform(0.5, 1, (size, size)) * g.choice([-1.0, 1.0], (size, size)) for _ in range(2))
    return np.ldexp(A, scales + spread + g.integers(-8, 9, (size, size))), np.ldexp(B, scales - spread // 2)


def _is_near(value: float, a: Floats, b: Floats) -> bool:
    """Tell whether ``|value − Σ a_k b_k| ≤ γ_{k+1} Σ |a_k b_k|``, in whole multiples of one power of two."""
    if not np.isfinite(value):
        return False
    (m, e), (n, f) = np.frexp(a), np.frexp(b)
    exponents = (e + f).astype(np.int64)
    lowest = int(exponents.min())
    mantissas = (np.ldexp(X, 53).astype(np.int64).tolist() for X in (m, n))
    terms = [x * y << k for x, y, k in zip(*mantissas, (exponents - lowest).tolist(), strict=True)]
    exact, size, unit = sum(terms), sum(map(abs, terms)), Fraction(2) ** (lowest - 106)
    return bool(abs(Fraction(float(value)) / unit - exact) <= Fraction(gamma(len(terms) + 1)) * size)
