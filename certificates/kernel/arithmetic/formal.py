"""The ring of formal polynomials over Q: symbols stand for real numbers that are not rational, and what is 0 in it is 0."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from math import prod
from typing import Any, TypeAlias

from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision, constant_ball
from lossproof.certificates.kernel.arithmetic.functions import State
from lossproof.certificates.kernel.arithmetic.rings import Element, Ring, Rows, length_of_sum
from lossproof.certificates.kernel.arithmetic.series import Commutative, Series
from lossproof.certificates.kernel.reading.parse import limit
from lossproof.certificates.kernel.reading.problem import Combination, Number
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation

Monomial: TypeAlias = tuple[tuple[int, int], ...]


class Formal(Commutative):
    """A polynomial over Q in numbered symbols that is not constant: monomial → coefficient, no zero coefficient. Constants are ``fmpq``."""

    __slots__ = ("bits", "ring", "terms")

    def __init__(self, ring: FormalRing, terms: Mapping[Monomial, fmpq]) -> None:
        self.ring, self.terms, self.bits = ring, terms, max(map(_length, terms.values()))

    def __add__(self, other: Element) -> Element:
        more = terms_of(other)
        each = self._work_with(other, limits.MAX_SUM_BITS)
        self.ring.work.spend(10 + (len(self.terms) + len(more)) * each, "sums of polynomials in symbols")
        return self._plus(dict(self.terms), more.items())

    def __mul__(self, other: Element) -> Element:
        factors = terms_of(other)
        limit(len(self.terms) * len(factors), limits.MAX_TERMS, "the number of terms of a product of polynomials in symbols")
        each = self._work_with(other, limits.MAX_BITS)
        self.ring.work.spend(10 * len(self.terms) * len(factors) * each, "products of polynomials in symbols")
        if not isinstance(other, Formal):
            q = factors[()]
            return Formal(self.ring, {monomial: p * q for monomial, p in self.terms.items()}) if q != 0 else q
        return self._plus({}, ((_times(a, b), p * q) for a, p in self.terms.items() for b, q in factors.items()))

    def _work_with(self, other: Element, most: int) -> int:
        """Return the work of a sum or a product of two coefficients, whose length may be so many bits; raises `Rejected`."""
        bits = self.bits + (other.bits if isinstance(other, Formal) else _length(fmpq(other)))
        limit(bits, most, "the length of a coefficient of a polynomial in symbols in bits")
        return limits.rational_work(bits)

    def _plus(self, total: dict[Monomial, fmpq], more: Iterable[tuple[Monomial, fmpq]]) -> Element:
        for monomial, q in more:
            before = total.get(monomial)
            total[monomial] = q if before is None else self._sum(before, q)
        kept = {monomial: q for monomial, q in total.items() if q != 0}
        limit(len(kept), limits.MAX_TERMS, "the number of terms of a polynomial in symbols")
        return Formal(self.ring, kept) if any(kept) else kept.get((), fmpq(0))

    def _sum(self, p: fmpq, q: fmpq) -> fmpq:
        """Return the sum of two coefficients, counted as it grows."""
        found = p + q
        self.ring.work.spend(limits.rational_work(_length(found)) - 1, "sums of coefficients of polynomials in symbols")
        return found

    def __gt__(self, other: int) -> bool:
        return bool(self.ring.ball(self) > other)

    def __lt__(self, other: int) -> bool:
        return bool(self.ring.ball(self) < other)


def terms_of(element: Element) -> Mapping[Monomial, fmpq]:
    """Return the terms of a formal element; a rational has the empty monomial."""
    return element.terms if isinstance(element, Formal) else {(): fmpq(element)}


def _length(q: fmpq) -> int:
    """Return a bound of the length of a rational number, of numerator and denominator together, in bits."""
    return 2 * int(q.height_bits())


def _times(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    powers = dict(left)
    for symbol, exponent in right:
        powers[symbol] = powers.get(symbol, 0) + exponent
    return tuple(sorted(powers.items()))


class FormalRing(Ring):
    """Section 4's ring: symbols for constants, and for the states of a function at each element z that occurs.

    Sending each symbol to its real value is a ring homomorphism that fixes Q; known values, mirrors and formulas are true equations between real numbers. So an
    identity of elements is an identity of the real numbers they stand for. Which side of a kink an irrational z lies on is seen in balls of 1024 bits, from
    the balls of its symbols; ``used_balls`` tells whether that was needed.
    """

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._symbols: dict[Hashable, int] = {}
        self._balls: list[Callable[[], arb]] = []
        self._values: dict[int, arb] = {}
        self._logs: dict[Monomial, int] = {}
        self.used_balls = False

    def symbol(self, key: Hashable, ball: Callable[[], arb]) -> Formal:
        """Return the indeterminate of a key, the same for equal keys; ``ball`` encloses its value at the precision in force."""
        index = self._symbols.setdefault(key, len(self._balls))
        if index == len(self._balls):
            self._balls.append(ball)
        return Formal(self, {((index, 1),): fmpq(1)})

    def ball(self, element: Element) -> arb:
        """Return an enclosure of the real number that an element stands for."""
        self.used_balls = True
        terms = terms_of(element)
        factors = sum(1 + sum(n for _, n in monomial) for monomial in terms)
        self.work.spend(factors * limits.product_work(limits.SIGN_PRECISION), "balls of polynomials in symbols")
        with ball_precision(limits.SIGN_PRECISION):
            parts = (prod((self._value(x) for x, n in monomial for _ in range(n)), start=arb(q)) for monomial, q in terms.items())
            return sum(parts, arb(0))

    def _value(self, symbol: int) -> arb:
        if symbol not in self._values:
            self.work.spend(limits.value_work(limits.SIGN_PRECISION), "values of symbols")
            self._values[symbol] = self._balls[symbol]()
        return self._values[symbol]

    def embed(self, number: Number) -> Element:
        """Return a rational as itself, a combination as a linear form in its constants' symbols."""
        if not isinstance(number, Combination):
            return number
        total: Element = number.rational
        for constant, q in number.terms:
            symbol = self.symbol(constant, partial(constant_ball, constant))
            total = total + symbol * q
            if constant[0] == "log":
                self._logs[min(symbol.terms)] = int(constant[1].p)
        return total

    def state(self, state: State, z: Element, before: tuple[Element, ...], p: fmpq) -> Element:
        """Return a rational on record, a polynomial in what stands before, or a symbol."""
        if state.of_exponential is not None and (e := self.exponential(z, p * state.exponent)) is not None:
            return state.of_exponential(e)
        if isinstance(z, fmpq) and (known := state.at(z, p)) is not None:
            return known
        if state.right is not None and not z < 0:
            return state.right
        if state.formula is not None:
            return state.formula(z, before)
        a, b, c = state.mirror or (1, 0, 0)
        mirrored = state.mirror is not None and terms_of(z)[min(terms_of(z))] < 0
        at = -z if mirrored else z
        y = self.symbol((state.name, p, frozenset(terms_of(at).items())), lambda: state.ball(self.ball(at), p))
        return y * a - z * b + c if mirrored else y

    def exponential(self, z: Element, k: fmpq) -> fmpq | None:
        """Return ``e^{kz} = Π n^{k q_n}`` for ``z = Σ q_n log n`` with integers ``k q_n``, else None."""
        product, bits = fmpq(1), 0
        for monomial, q in terms_of(z).items() if z != 0 else ():
            base = self._logs.get(monomial)
            if base is None or (k * q).q != 1:
                return None
            exponent = int((k * q).p)
            bits += abs(exponent) * base.bit_length()
            limit(bits, limits.MAX_BITS, "the length of e^z in bits")
            self.work.spend(4 * limits.rational_work(2 * bits), "powers of e^z, and what is formed of them")
            product *= fmpq(base) ** exponent
        return product

    def activate(self, activation: Activation, layer: int, z: Series, *, slopes: bool, rest: Rows = frozenset()) -> tuple[Any, Any]:
        """Return ``σ(z)`` and, if wanted, ``σ'(z)``; the products of a power are counted by the length of the last."""
        k = activation.degree or 1
        if k > 1:
            bits, products = k * length_of_sum(z, 1), k * (1 + slopes) * (z.order + 1) ** 2 * max(c.size for c in z.coefficients)
            limit(bits, limits.MAX_SUM_BITS, "the length of a power of a rational number in bits")
            self.work.spend(products * limits.rational_work(bits), "powers of rational numbers")
        return super().activate(activation, layer, z, slopes=slopes, rest=rest)
