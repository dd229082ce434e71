"""Polynomials over Q in formal symbols, and the table that numbers the symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any, TypeAlias

from flint import fmpq

from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.activations import Activation
from lossproof.theory.problem.numbers import Constant

MOST_BITS, MOST_TERMS = 2**20, 10**5
"""The largest rational number and the largest formal product on the way (``docs/certificate-format.md`` section 7)."""
MOST_WORK = 10**7
"""The most that one formal product may cost, in pairs of terms times bits."""

Monomial: TypeAlias = tuple[tuple[int, int], ...]
"""Pairs ``(symbol, exponent)`` with increasing symbol numbers and exponents of at least 1; ``()`` is the monomial 1."""


class FormalPolynomial:
    """A polynomial with a monomial other than 1; constants are plain ``fmpq`` throughout.

    ``terms`` maps each monomial to its non-zero coefficient. Sums and products with ``fmpq`` and integers work as expected and give
    an ``fmpq`` again when all symbols cancel. Two polynomials are comparable only when their symbols come from one `SymbolTable`. A product of more than
    `MOST_TERMS` pairs of terms, which no checker takes, or `MOST_WORK` pairs times bits raises `NotInField`.

    >>> x = polynomial({((0, 1),): fmpq(1)})
    >>> (x + 1) * (x - 1) - x * x
    -1
    """

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: Mapping[Monomial, fmpq]) -> None:
        self.terms = terms
        self._hash: int | None = None

    def __add__(self, other: Any) -> Element:
        if not isinstance(other, FormalPolynomial | fmpq | int):
            return NotImplemented
        merged = dict(self.terms)
        for monomial, coefficient in formal_terms(other).items():
            merged[monomial] = merged.get(monomial, _ZERO) + coefficient
        return polynomial(merged)

    __radd__ = __add__

    def __neg__(self) -> FormalPolynomial:
        return FormalPolynomial({monomial: -coefficient for monomial, coefficient in self.terms.items()})

    def __sub__(self, other: Any) -> Element:
        return self + (-other)

    def __rsub__(self, other: Any) -> Element:
        return -self + other

    def __mul__(self, other: Any) -> Element:
        if isinstance(other, fmpq | int):
            return polynomial({monomial: coefficient * other for monomial, coefficient in self.terms.items()})
        if not isinstance(other, FormalPolynomial):
            return NotImplemented
        _check_product(len(self.terms) * len(other.terms), _height(self) + _height(other))
        product: dict[Monomial, fmpq] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                monomial = _times(left, right)
                product[monomial] = product.get(monomial, _ZERO) + a * b
        return polynomial(product)

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FormalPolynomial) and self.terms == other.terms

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __repr__(self) -> str:
        return " + ".join(f"{c}" + "".join(f"*s{s}^{k}" if k > 1 else f"*s{s}" for s, k in m) for m, c in sorted(self.terms.items()))

    @property
    def leading_coefficient(self) -> fmpq:
        """The coefficient of the first monomial other than 1, in the order of symbol numbers."""
        return self.terms[min(monomial for monomial in self.terms if monomial)]


Element: TypeAlias = Any
"""An ``fmpq`` or a `FormalPolynomial`."""

_ZERO = fmpq(0)


def polynomial(terms: Mapping[Monomial, fmpq]) -> Element:
    """Return a polynomial in canonical form: an ``fmpq`` when no symbol is left."""
    kept = {monomial: coefficient for monomial, coefficient in terms.items() if coefficient != 0}
    if not kept:
        return _ZERO
    if len(kept) == 1 and () in kept:
        return kept[()]
    return FormalPolynomial(kept)


def formal_terms(element: Element) -> Mapping[Monomial, fmpq]:
    """Return the terms of an element; a rational has the monomial ``()`` only, and 0 has none.

    >>> formal_terms(fmpq(2, 3))
    {(): 2/3}
    """
    if isinstance(element, FormalPolynomial):
        return element.terms
    value = element if isinstance(element, fmpq) else fmpq(element)
    return {(): value} if value != 0 else {}


def sum_of_products(left: Sequence[Element], right: Sequence[Element]) -> Element:
    """Return ``Σ_k left_k · right_k``, gathered term by term: sums of pairs would write all terms so far anew for each k.

    Raises `NotInField` for a product that is out of proportion (see `FormalPolynomial`).

    >>> x = polynomial({((0, 1),): fmpq(1)})
    >>> sum_of_products([x, x, fmpq(2)], [x, -x, fmpq(3)])
    6
    """
    total: dict[Monomial, fmpq] = {}
    for a, b in zip(left, right, strict=True):
        for monomial, coefficient in formal_terms(a * b).items():
            total[monomial] = total.get(monomial, _ZERO) + coefficient
    return polynomial(total)


def power(element: Element, exponent: int) -> Element:
    """Return ``element^exponent`` for an exponent of at least 0.

    Raises `NotInField` for a rational of more than `MOST_BITS` bits, and for a polynomial where the last product may be too large (see `FormalPolynomial`):
    what is out of proportion is not begun.
    """
    if isinstance(element, fmpq):
        if exponent * max(element.p.bit_length(), element.q.bit_length()) > MOST_BITS:
            raise NotInField(f"a power needs more than {MOST_BITS} bits: use a ball field")
        return element**exponent
    if exponent > 1:
        _check_product(len(element.terms) * _most_terms(element, exponent - 1), exponent * _height(element))
    result: Element = fmpq(1)
    for _ in range(exponent):
        result = result * element
    return result


def _height(element: FormalPolynomial) -> int:
    """Return the bits of the longest numerator or denominator."""
    return max(int(part.bit_length()) for q in element.terms.values() for part in (q.p, q.q))


def _check_product(pairs: int, bits: int) -> None:
    """Raise `NotInField` for a product that is out of proportion."""
    if pairs > MOST_TERMS or pairs * bits > MOST_WORK:
        raise NotInField(
            f"a formal product may have more than {MOST_TERMS} pairs of terms, or {MOST_WORK} pairs times bits: use a ball field or shorter numbers"
        )


def _most_terms(element: FormalPolynomial, exponent: int) -> int:
    """Return a bound of the number of terms of ``element^exponent``: monomials of so high a degree in its symbols, or products of so many of its terms."""
    symbols = {number for monomial in element.terms for number, _ in monomial}
    degree = max(sum(power for _, power in monomial) for monomial in element.terms)
    products: int = len(element.terms) ** exponent
    return min(products, comb(exponent * degree + len(symbols), len(symbols)))


@dataclass(frozen=True)
class ActivationSymbol:
    """The symbol of ``σ(z)``, ``σ'(z)`` or ``σ''(z)`` for one element ``z`` of the ring."""

    activation: Activation
    order: int
    z: Element


Symbol: TypeAlias = Constant | ActivationSymbol


@dataclass(eq=False)
class SymbolTable:
    """Numbers the symbols in order of first use, each symbol once. It only ever grows.

    ``used_balls`` tells whether balls have shown on which side of a kink an irrational element lies: what rests on that is no formal identity alone.

    >>> table = SymbolTable()
    >>> table.element(Constant("pi")) == table.element(Constant("pi"))
    True
    """

    symbols: list[Symbol] = field(default_factory=list)
    used_balls: bool = False
    _numbers: dict[Symbol, int] = field(default_factory=dict)

    def element(self, symbol: Symbol) -> FormalPolynomial:
        """Return the symbol as an element of the ring."""
        number = self._numbers.get(symbol)
        if number is None:
            number = len(self.symbols)
            self._numbers[symbol] = number
            self.symbols.append(symbol)
        return FormalPolynomial({((number, 1),): fmpq(1)})


def _times(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    exponents = dict(left)
    for symbol, exponent in right:
        exponents[symbol] = exponents.get(symbol, 0) + exponent
    return tuple(sorted(exponents.items()))
