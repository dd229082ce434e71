"""The rings a pass runs over: balls, and formal polynomials over Q; `exponentials` has one more.

Elements mix freely with ``fmpq``: a rational stays a rational until something else meets it. A ring embeds the numbers of the certificate, gives the states of
a function at one of its elements (`functions`), and counts its work; numpy object arrays and `Series` do the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq, nmod

from lossproof.certificates.kernel.arithmetic.balls import ball_precision, constant_ball
from lossproof.certificates.kernel.arithmetic.functions import Function, State, function_of
from lossproof.certificates.kernel.arithmetic.series import Array, Commutative, Series, solve
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Combination, Number
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction

Element: TypeAlias = Any
Monomial: TypeAlias = tuple[tuple[int, int], ...]


class Ring:
    """What a pass needs of a ring: the numbers of the certificate as elements, and functions of series over it."""

    bits = 0
    """The precision of balls; 0 where elements are exact."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def embed(self, number: Any) -> Element:
        """Return a number of the certificate as an element: a rational as it is."""
        return number

    def state(self, state: State, z: Element, before: tuple[Element, ...], p: fmpq) -> Element:
        """Return a state at z, from the states before it."""
        raise NotImplementedError

    def states(self, function: Function, z: Element, times: int) -> tuple[Element, ...]:
        """Return the constants of the side of z, then the states at z; raises `Rejected` if a derivative up to the order ``times`` may not exist."""
        side, found = side_of(bounded(z), function, times), list[Element]()
        for state in function.states:
            found.append(self.state(state, z, tuple(found), function.parameter))
        return *side, *found

    def count(self, products: int, values: int, *operands: Any, inner: int = 1) -> None:
        """Count products of elements of these arrays, or series of arrays, in sums of ``inner`` of them, and values of functions at so many elements."""
        if self.bits:
            each = limits.product_work(self.bits)
        else:
            bits = sum(length_of_sum(operand, inner) for operand in operands)
            limit(bits, limits.MAX_SUM_BITS, "the length of a sum of rational numbers in bits")
            each = limits.rational_work(bits)
        self.work.spend(products * each + values * limits.value_work(self.bits), "passes through the network")

    def array(self, rows: Sequence[Sequence[Any]]) -> Any:
        """Return a matrix of numbers as an array over the ring."""
        return np.array([[self.embed(x) for x in row] for row in rows], dtype=object).reshape(len(rows), -1)

    def along(self, record: Activation | ErrorFunction, z: Series, times: int) -> tuple[Function, tuple[Any, ...]]:
        """Return a function with the arguments of its value and its slope along z, if its derivatives up to the order ``times`` exist; raises `Rejected`."""
        function, entries = function_of(record), z.coefficients[0]
        n, p = len(function.sides[0]), function.parameter
        found = np.array([self.states(function, x, times) for x in entries.flat], dtype=object)
        tables = tuple(np.moveaxis(found.reshape(*entries.shape, n + len(function.states)), -1, 0))
        s, start = tables[:n], tables[n:]
        return function, (z, solve(start, z, lambda z, speed, y: tuple(rate * speed for rate in function.rates(z, y, s, p))), s, p)

    def apply(self, record: Activation | ErrorFunction, z: Series) -> Series:
        """Return ``σ(z)`` as a series to the order of z."""
        function, at = self.along(record, z, z.order)
        found: Series = function.value(*at)
        return found

    def slope(self, record: Activation | ErrorFunction, z: Series) -> Any:
        """Return ``σ'(z)`` as a series to the order of z, or as a constant where it is one."""
        function, at = self.along(record, z, z.order + 1)
        return function.slope(*at)

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool) -> tuple[Any, Any]:
        """Return ``σ(z)`` and, if wanted, ``σ'(z)`` for a layer; a ring of substitutions takes them from elsewhere."""
        function, at = self.along(activation, z, z.order + slopes)
        return function.value(*at), function.slope(*at) if slopes else None


def length_of_sum(operand: Array | Series, terms: int) -> int:
    """Return a bound, up to the logarithm of ``terms``, of the bits of a sum of so many of the rationals in an operand: of their common denominators."""
    parts = operand.coefficients if isinstance(operand, Series) else (operand,)
    exact = [x for part in parts for x in part.flat if isinstance(x, fmpq)]
    denominators = {int(x.q) for x in exact}
    twos = {d & -d for d in denominators}
    odd = {d // (d & -d) for d in denominators} - {1}
    longest = max((x.p.bit_length() for x in exact), default=0)
    return longest + max(twos, default=1).bit_length() - 1 + max(odd, default=0).bit_length() * min(terms, len(odd))


def side_of(z: Any, function: Function, times: int) -> tuple[Any, ...]:
    """Return the constants of the piece that z certainly lies in.

    At a rational number that is a kink, or a ball that is not told from one, where all derivatives wanted exist, those of the pieces on both its sides serve:
    any of them, or the hull of all.
    """
    kinks = function.kinks
    above, below = sum(bool(z > k) for k in kinks), sum(bool(z < k) for k in kinks)
    *others, side = function.sides[above : len(kinks) - below + 1]
    exist = not others or (times <= function.smooth and not isinstance(z, Formal))
    require(exist, "conclusion.at", f"{function.name} has no such derivative at a z that occurs, or is not seen to have one")
    for other in others if isinstance(z, arb) else ():
        side = tuple(arb(a).union(arb(b)) for a, b in zip(side, other, strict=True))
    return side


class BallRing(Ring):
    """Arb balls: each result contains the real value for all real arguments in the balls given. The precision in force must be ``bits``."""

    def __init__(self, work: Work, bits: int) -> None:
        super().__init__(work)
        self.bits = bits

    def embed(self, number: Number | arb) -> arb:
        """Return a ball as it is, or one that contains the number."""
        if isinstance(number, arb):
            return number
        rational, terms = (number.rational, number.terms) if isinstance(number, Combination) else (number, ())
        self.work.spend(limits.product_work(self.bits) + 2 * len(terms) * limits.value_work(self.bits), "numbers of the certificate")
        return sum((constant_ball(constant) * q for constant, q in terms), arb(rational))

    def state(self, state: State, z: arb, before: tuple[Element, ...], p: fmpq) -> arb:
        """Return an enclosure."""
        return state.ball(z, p)

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool) -> tuple[Any, Any]:
        """Return ``σ(z)``, beyond its first coefficient from ``σ(z)' = σ'(z) z'``, as the balls of the slope are the narrower ones, and ``σ'(z)``."""
        value, slope = super().activate(activation, layer, z, slopes=slopes)
        if isinstance(slope, Series) and z.order > 0:
            rate = slope.head(z.order - 1) * z.derivative()
            value = Series([value.coefficients[0], *(c * fmpq(1, k) for k, c in enumerate(rate.coefficients, start=1))])
        return value, slope


def bounded(z: Element) -> Element:
    """Return a rational unchanged unless it has grown out of hand; raises `Rejected`."""
    if isinstance(z, fmpq):
        limit(max(z.p.bit_length(), z.q.bit_length()), limits.MAX_BITS, "the length of a rational number in bits")
    return z


class Formal(Commutative):
    """A polynomial over Q in numbered symbols that is not constant: monomial → coefficient, no zero coefficient. Constants are ``fmpq``."""

    __slots__ = ("ring", "terms")

    def __init__(self, ring: FormalRing, terms: Mapping[Monomial, fmpq]) -> None:
        self.ring, self.terms = ring, terms

    def __add__(self, other: Element) -> Element:
        more = terms_of(other)
        self.ring.work.spend(10 + len(self.terms) + len(more), "sums of polynomials in symbols")
        return self._plus(dict(self.terms), more.items())

    def __mul__(self, other: Element) -> Element:
        factors = terms_of(other)
        limit(len(self.terms) * len(factors), limits.MAX_TERMS, "the number of terms of a product of polynomials in symbols")
        self.ring.work.spend(10 * len(self.terms) * len(factors), "products of polynomials in symbols")
        if not isinstance(other, Formal):
            q = factors[()]
            return Formal(self.ring, {monomial: p * q for monomial, p in self.terms.items()}) if q != 0 else q
        return self._plus({}, ((_times(a, b), p * q) for a, p in self.terms.items() for b, q in factors.items()))

    def _plus(self, total: dict[Monomial, fmpq], more: Iterable[tuple[Monomial, fmpq]]) -> Element:
        for monomial, q in more:
            total[monomial] = total.get(monomial, 0) + q
        kept = {monomial: q for monomial, q in total.items() if q != 0}
        limit(len(kept), limits.MAX_TERMS, "the number of terms of a polynomial in symbols")
        return Formal(self.ring, kept) if any(kept) else kept.get((), fmpq(0))

    def __gt__(self, other: int) -> bool:
        return bool(self.ring.ball(self) > other)

    def __lt__(self, other: int) -> bool:
        return bool(self.ring.ball(self) < other)


def terms_of(element: Element) -> Mapping[Monomial, fmpq]:
    """Return the terms of a formal element; a rational has the empty monomial."""
    return element.terms if isinstance(element, Formal) else {(): fmpq(element)}


def vanishes(x: Element) -> bool:
    """Tell whether an element of an exact ring is 0; residues and balls do not tell."""
    return not isinstance(x, (nmod, arb)) and bool(x == 0)


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
        self.work.spend(len(terms) * limits.product_work(limits.SIGN_PRECISION), "balls of polynomials in symbols")
        with ball_precision(limits.SIGN_PRECISION):
            return sum((prod((self._value(x) ** n for x, n in monomial), start=arb(q)) for monomial, q in terms.items()), arb(0))

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
            product *= fmpq(base) ** exponent
        return product
