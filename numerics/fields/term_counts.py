"""How many terms the formal polynomials of a pass may have, before any of them is formed: what a checker will not take is not begun.

A checker writes each value ``σ(z)`` as a polynomial in few states, such as ``gelu(z) = z N(z)``, so that its terms multiply from layer to layer. The
formulas of `Formulas.jet` are such polynomials: run over numbers of terms in place of polynomials, they bound the terms of the result, and count the work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossproof.numerics.fields.field import Array, object_array
from lossproof.numerics.functions.table import formulas_of
from lossproof.theory.functions.activations import Activation
from lossproof.theory.limits import MAX_TERMS
from lossproof.theory.problem.numbers import Number

TERM_WORK = 10
"""The work of a product of two terms, and of a sum besides its terms."""
_MOST = 10**9
"""Larger numbers of terms are all the same: too many."""


@dataclass
class TermCounter:
    """The field of numbers of terms: elements are `Terms`, and ``work`` is that of their products and sums.

    >>> counter = TermCounter()
    >>> x = Terms(3, counter)
    >>> (x * (x + 1)).count, counter.work
    (12, 134)
    """

    work: int = 0

    def embed(self, number: Number) -> int:
        """Return 1 for a rational, and 0 for 0."""
        return int(number != 0)

    def array(self, rows: Any) -> Array:
        """Return 1 for each number: whatever side of a kink it belongs to, it may count."""
        return object_array(rows, lambda _: 1)

    def share(self, k: int) -> int:
        """Return a rational."""
        return 1

    def sides(self, activation: Activation, z: Array) -> Array:
        """Return one side of the kinks for all."""
        return np.zeros(z.shape, dtype=np.intp)

    def state(self, activation: Activation, order: int, z: Array) -> Array:
        """Return the terms of ``σ(z)``, by its reflection ``σ(−z) = aσ(z) + bz + c`` a symbol with them, or of ``σ'(z)``, a polynomial of degree 2 in that."""
        _, b, c = activation.reflection or (1, 0, 0)
        symbol = self._symbols(z, 1 + int(c != 0))
        return np.asarray(symbol + z * int(b != 0) if order == 0 else symbol * symbol + 1)

    def reciprocal(self, A: Array) -> Array:
        """Return one symbol for each entry."""
        return self._symbols(A, 1)

    def inverse_hypotenuse(self, z: Array, beta: Number) -> Array:
        """Return one symbol for each entry."""
        return self._symbols(z, 1)

    def normal(self, z: Array) -> tuple[Array, Array]:
        """Return a symbol and its reflection, and a symbol."""
        return self._symbols(z, 2), self._symbols(z, 1)

    def _symbols(self, like: Array, terms: int) -> Array:
        result = np.empty(like.shape, dtype=object)
        result.fill(Terms(terms, self))
        return result


@dataclass(frozen=True)
class Terms:
    """A polynomial of at most ``count`` terms; numbers it meets have one term, and 0 none."""

    count: int
    counter: TermCounter = field(compare=False, repr=False)

    def __add__(self, other: Any) -> Terms:
        total = min(self.count + _count(other), _MOST)
        self.counter.work += TERM_WORK + total
        return Terms(total, self.counter)

    def __mul__(self, other: Any) -> Terms:
        product = min(self.count * _count(other), _MOST)
        self.counter.work += TERM_WORK * product
        return Terms(product, self.counter)

    def __neg__(self) -> Terms:
        return self

    __radd__ = __sub__ = __rsub__ = __add__
    __rmul__ = __mul__


def _count(other: Any) -> int:
    return other.count if isinstance(other, Terms) else int(other != 0)


def activation_terms(activation: Activation, z: int) -> tuple[int, int, int]:
    """Return bounds of the terms of ``σ(z)`` and of ``σ'(z)`` at an element of so many terms, and of the work that gives them.

    The work is taken twice, as a checker may write the same polynomials in another way.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> [activation_terms(activation_named(name), 5)[:2] for name in ("tanh", "relu", "gelu", "power:2")]
    [(1, 2), (6, 1), (10, 7), (25, 5)]
    """
    counter = TermCounter()
    jet = formulas_of(activation).jet(activation, 1, np.array([Terms(z, counter)], dtype=object), counter)
    value, slope = (int(_count(coefficient[0])) for coefficient in (*jet, [0])[:2])
    return value, slope, 2 * counter.work


def sum_of_terms_work(products: int, terms: int) -> int:
    """Return the work of one sum of so many products of at most so many terms each, the products included; 0 terms stand for rationals.

    >>> sum_of_terms_work(4, 3), sum_of_terms_work(4, 0)
    (220, 0)
    """
    return products * (TERM_WORK * (terms + 1) + min((products + 1) * terms, MAX_TERMS)) if terms else 0
