"""The rings a pass runs over: balls, formal polynomials over Q, and residues or rational functions in ``u``.

Elements mix freely with ``fmpq``: a rational stays a rational until something else meets it. A ring embeds the numbers of the certificate, gives the states of
a function at one of its elements (`functions`), and counts its work; numpy object arrays and `Series` do the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq, fmpq_poly, nmod

from lossproof.certificates.kernel.arithmetic.balls import ball_precision, constant_ball, number_ball
from lossproof.certificates.kernel.arithmetic.functions import Function, State, function_of, kink
from lossproof.certificates.kernel.arithmetic.series import Array, Commutative, Series, solve
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.problem import Combination, Number
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.limits import (
    MAX_BITS,
    MAX_DEGREE,
    MAX_EXPONENT,
    MAX_SUM_BITS,
    MAX_TERMS,
    SIGN_PRECISION,
    product_work,
    ratio_work,
    rational_work,
    value_work,
)

Element: TypeAlias = Any
Monomial: TypeAlias = tuple[tuple[int, int], ...]

_NEVER = 99
"""More derivatives than any function has at a kink."""


class Ring:
    """What a pass needs of a ring: the numbers of the certificate as elements, and functions of series over it."""

    bits = 0
    """The precision of balls; 0 where elements are exact."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def embed(self, number: Any) -> Element:
        """Return a number of the certificate as an element."""
        raise NotImplementedError

    def count(self, products: int, values: int, *operands: Any, inner: int = 1) -> None:
        """Count products of elements of these arrays, or series of arrays, in sums of ``inner`` of them, and values of functions at so many elements."""
        if self.bits:
            each = product_work(self.bits)
        else:
            bits = sum(length_of_sum(_entries(operand), inner) for operand in operands)
            limit(bits, MAX_SUM_BITS, "the length of a sum of rational numbers in bits")
            each = rational_work(bits)
        self.work.spend(products * each + values * value_work(self.bits), "passes through the network")

    def states(self, function: Function, name: str, z: Element, times: int) -> Iterator[Element]:
        """Yield the constants of the side of z, then the states at z; raises `Rejected` if a derivative up to the order ``times`` may not exist."""
        raise NotImplementedError

    def array(self, rows: Sequence[Sequence[Any]]) -> Array:
        """Return a matrix of numbers as an array over the ring."""
        return np.array([[self.embed(x) for x in row] for row in rows], dtype=object).reshape(len(rows), -1)

    def apply(self, record: Activation | ErrorFunction, z: Series, part: int = 1) -> Series:
        """Return ``σ(z)`` as a series to the order of z, or for an error part 0, the error, or part 1, its derivative."""
        function = function_of(record, part)
        sides, y = self.solved(function, record.name, z, z.order)
        found = function.value(z, y, sides, function.parameter)
        return found if isinstance(found, Series) else Series([found])

    def solved(self, function: Function, name: str, z: Series, times: int) -> tuple[tuple[Array, ...], tuple[Series, ...]]:
        """Return the constants of the sides and the states along z, for derivatives up to the order ``times``."""
        entries, p = z.coefficients[0], function.parameter
        n_sides = len(function.sides[0])
        found = [np.empty(entries.shape, dtype=object) for _ in range(n_sides + len(function.states))]
        for place in np.ndindex(entries.shape) if found else ():
            for table, element in zip(found, self.states(function, name, entries[place], times), strict=True):
                table[place] = element
        sides = tuple(found[:n_sides])
        return sides, solve(found[n_sides:], z, lambda z_, speed, y: tuple(rate * speed for rate in function.rates(z_, y, sides, p)))

    def both(self, function: Function, name: str, z: Series) -> tuple[Any, Any]:
        """Return ``σ(z)`` and ``σ'(z)`` as series to the order of z, or as constants where they are."""
        sides, y = self.solved(function, name, z, z.order + 1)
        return function.value(z, y, sides, function.parameter), function.slope(z, y, sides, function.parameter)

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool) -> tuple[Any, Any]:
        """Return ``σ(z)`` and, if wanted, ``σ'(z)`` for a layer; a ring of substitutions takes them from elsewhere."""
        return self.both(function_of(activation), activation.name, z) if slopes else (self.apply(activation, z), None)


def _entries(operand: Any) -> Iterator[Any]:
    return (x for c in (operand.coefficients if isinstance(operand, Series) else (operand,)) for x in c.flat)


def length_of_sum(numbers: Iterable[Any], terms: int) -> int:
    """Return a bound, up to the logarithm of ``terms``, of the bits of a sum of so many of the rationals among these: of their common denominators."""
    longest = twos = odd = 0
    parts: set[int] = set()
    for x in numbers:
        if isinstance(x, fmpq):
            longest, q = max(longest, x.p.bit_length()), int(x.q)
            power = (q & -q).bit_length() - 1
            if q >> power > 1:
                parts.add(q >> power)
            twos, odd = max(twos, power), max(odd, (q >> power).bit_length())
    return longest + twos + odd * min(terms, len(parts))


def side_of(z: Any, function: Function, name: str, times: int, hull: Callable[[Any, Any], Any]) -> tuple[Any, ...]:
    """Return the constants of the piece that z certainly lies in.

    At a z that is not told from a kink, where all derivatives wanted exist, those of the pieces on both its sides serve: ``hull`` of each pair.
    """
    pieces, kinks = function.sides, function.kinks
    first = next((n for n, k in enumerate(kinks) if not z > k), len(kinks))
    last = next((n for n in range(len(kinks), 0, -1) if not z < kinks[n - 1]), 0)
    found = pieces[first]
    for piece in pieces[first + 1 : last + 1]:
        if times > function.smooth:
            raise kink(name)
        found = tuple(hull(a, b) for a, b in zip(found, piece, strict=True))
    return found


class BallRing(Ring):
    """Arb balls: each result contains the real value for all real arguments in the balls given. The precision in force must be ``bits``."""

    def __init__(self, work: Work, bits: int) -> None:
        super().__init__(work)
        self.bits = bits

    def embed(self, number: Number | arb) -> arb:
        """Return a ball as it is, or one that contains the number."""
        if isinstance(number, arb):
            return number
        constants = len(number.terms) if isinstance(number, Combination) else 0
        self.work.spend(product_work(self.bits) + 2 * constants * value_work(self.bits), "numbers of the certificate")
        return number_ball(number)

    def states(self, function: Function, name: str, z: arb, times: int) -> Iterator[arb]:
        """Yield enclosures."""
        yield from side_of(z, function, name, times, lambda a, b: arb(a).union(arb(b)))
        for state in function.states:
            yield state.ball(z, function.parameter)


def bounded(z: Element) -> Element:
    """Return a rational unchanged unless it has grown out of hand; raises `Rejected`."""
    if isinstance(z, fmpq):
        limit(max(z.p.bit_length(), z.q.bit_length()), MAX_BITS, "the length of a rational number in bits")
    return z


class Formal(Commutative):
    """A polynomial over Q in numbered symbols that is not constant: monomial → coefficient, no zero coefficient. Constants are ``fmpq``."""

    __slots__ = ("ring", "terms")

    def __init__(self, ring: FormalRing, terms: Mapping[Monomial, fmpq]) -> None:
        self.ring, self.terms = ring, terms

    def __add__(self, other: Element) -> Element:
        self.ring.work.spend(10 + len(self.terms) + len(terms_of(other)), "sums of polynomials in symbols")
        total = dict(self.terms)
        for monomial, q in terms_of(other).items():
            total[monomial] = total.get(monomial, 0) + q
        return self._made(total)

    def __mul__(self, other: Element) -> Element:
        factors = terms_of(other)
        limit(len(self.terms) * len(factors), MAX_TERMS, "the number of terms of a product of polynomials in symbols")
        self.ring.work.spend(10 * len(self.terms) * len(factors), "products of polynomials in symbols")
        total: dict[Monomial, fmpq] = {}
        for left, p in self.terms.items():
            for right, q in factors.items():
                monomial = _times(left, right)
                total[monomial] = total.get(monomial, 0) + p * q
        return self._made(total)

    def _made(self, terms: dict[Monomial, fmpq]) -> Element:
        kept = {monomial: q for monomial, q in terms.items() if q != 0}
        limit(len(kept), MAX_TERMS, "the number of terms of a polynomial in symbols")
        return Formal(self.ring, kept) if any(kept) else kept.get((), fmpq(0))

    def __gt__(self, other: int) -> bool:
        return bool(self.ring.ball(self) > other)

    def __lt__(self, other: int) -> bool:
        return bool(self.ring.ball(self) < other)


def terms_of(element: Element) -> Mapping[Monomial, fmpq]:
    """Return the terms of a formal element; a rational has the empty monomial."""
    return element.terms if isinstance(element, Formal) else {(): fmpq(element)}


def vanishes(x: Element) -> bool:
    """Tell whether an element of an exact ring is 0."""
    return bool(x.num.degree() < 0) if isinstance(x, Ratio) else isinstance(x, fmpq) and bool(x == 0)


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
        self._logs: dict[int, int] = {}
        self.used_balls = False

    def symbol(self, key: Hashable, ball: Callable[[], arb]) -> Formal:
        """Return the indeterminate of a key, the same for equal keys; ``ball`` encloses its value at the precision in force."""
        if key not in self._symbols:
            self._symbols[key] = len(self._balls)
            self._balls.append(ball)
        return Formal(self, {((self._symbols[key], 1),): fmpq(1)})

    def ball(self, element: Formal) -> arb:
        """Return an enclosure of the real number that an element stands for."""
        self.used_balls = True
        self.work.spend(len(element.terms) * product_work(SIGN_PRECISION), "balls of polynomials in symbols")
        with ball_precision(SIGN_PRECISION):
            total = arb(0)
            for monomial, q in element.terms.items():
                term = arb(q)
                for symbol, exponent in monomial:
                    if symbol not in self._values:
                        self.work.spend(value_work(SIGN_PRECISION), "values of symbols")
                        self._values[symbol] = self._balls[symbol]()
                    term *= self._values[symbol] ** exponent
                total += term
            return total

    def embed(self, number: Number) -> Element:
        """Return a rational as itself, a combination as a linear form in its constants' symbols."""
        if not isinstance(number, Combination):
            return number
        total: Element = number.rational
        for constant, q in number.terms:
            total = total + self.symbol(constant, lambda c=constant: constant_ball(c)) * q  # type: ignore[misc]
            if constant[0] == "log":
                self._logs[self._symbols[constant]] = int(constant[1].p)
        return total

    def states(self, function: Function, name: str, z: Element, times: int) -> Iterator[Element]:
        """Yield rationals on record, polynomials in what stands before, or symbols."""
        bounded(z)
        side = side_of(z, function, name, times if isinstance(z, fmpq) else _NEVER, lambda a, b: b)
        yield from side
        found: list[Element] = []
        for state in function.states:
            found.append(self._state(state, z, tuple(found), function.parameter))
            yield found[-1]

    def _state(self, state: State, z: Element, before: tuple[Element, ...], p: fmpq) -> Element:
        known = state.at(z, p) if isinstance(z, fmpq) else None
        if isinstance(z, Formal) and state.of_exponential is not None:
            e = self.exponential(z, p * state.exponent)
            known = None if e is None else state.of_exponential(e)
        if state.right is not None and not z < 0:
            known = state.right
        if known is not None:
            return known
        if state.formula is not None:
            return state.formula(z, before)
        a, b, c = (1, 0, 0) if state.mirror is None else state.mirror
        if state.mirror is None or terms_of(z)[min(terms_of(z))] >= 0:
            return self._symbol_at(state, z, p)
        return self._symbol_at(state, (-1) * z, p) * a + (-1) * z * b + fmpq(c)

    def _symbol_at(self, state: State, z: Element, p: fmpq) -> Formal:
        def ball() -> arb:
            return state.ball(self.ball(z) if isinstance(z, Formal) else arb(z), p)

        return self.symbol((state.name, p, frozenset(terms_of(z).items())), ball)

    def exponential(self, z: Element, k: fmpq) -> fmpq | None:
        """Return ``e^{kz} = Π n^{k q_n}`` for ``z = Σ q_n log n`` with integers ``k q_n``, else None."""
        product, bits = fmpq(1), 0
        for monomial, q in terms_of(z).items():
            base = self._logs.get(monomial[0][0]) if len(monomial) == 1 and monomial[0][1] == 1 else None
            if q == 0:
                continue
            if base is None or (k * q).q != 1:
                return None
            exponent = int((k * q).p)
            bits += abs(exponent) * base.bit_length()
            limit(bits, MAX_BITS, "the length of e^z in bits")
            product *= fmpq(base) ** exponent
        return product


class Ratio(Commutative):
    """A rational function ``num/den`` in u over Q, in lowest terms; counted, before it is formed, by the degrees and the lengths of the coefficients."""

    __slots__ = ("bits", "degree", "den", "num", "work")

    def __init__(self, work: Work, num: fmpq_poly, den: fmpq_poly) -> None:
        common = num.gcd(den)
        self.work, self.num, self.den = work, num // common, den // common
        self.degree = max(self.num.degree(), self.den.degree(), 0)
        self.bits = max(int(x) for p in (self.num, self.den) for x in (p.numer().height_bits(), p.denom().bit_length()))

    def _with(self, element: Element) -> Ratio:
        """Return an element as a rational function, and count the work of a sum, a product or a quotient with it."""
        right = element if isinstance(element, Ratio) else Ratio(self.work, fmpq_poly([fmpq(element)]), fmpq_poly([1]))
        count_ratio(self.work, self.degree + right.degree, self.bits + right.bits)
        return right

    def __add__(self, other: Element) -> Ratio:
        right = self._with(other)
        return Ratio(self.work, self.num * right.den + right.num * self.den, self.den * right.den)

    def __mul__(self, other: Element) -> Ratio:
        right = self._with(other)
        return Ratio(self.work, self.num * right.num, self.den * right.den)

    def __truediv__(self, other: Element) -> Ratio:
        right = self._with(other)
        return Ratio(self.work, self.num * right.den, self.den * right.num)


def count_ratio(work: Work, degree: int, bits: int) -> None:
    """Count the forming of a rational function in lowest terms, of a degree and a length of coefficients."""
    limit(degree, MAX_DEGREE, "the degree of a rational function")
    work.spend(ratio_work(degree, bits), "rational functions of u")


class ExponentialRing(Ring):
    """Rational numbers and elements of a field with a distinguished ``u`` that stands for ``e^{1/D}``: values of sigmoid, tanh and the like at ``m/D``.

    By Lindemann ``e^{1/D}`` is transcendental, so ``Q(e^{1/D})`` is the field of rational functions in u, and a state that is a rational function of a power of
    ``e^z`` at a rational z is an element of it.
    """

    def __init__(self, work: Work, D: int, power_of_u: Callable[[int], Element]) -> None:
        super().__init__(work)
        self._D, self._power_of_u = D, power_of_u

    def embed(self, number: Number) -> Element:
        """Return a rational as itself; raises `Rejected` for a combination."""
        if isinstance(number, Combination):
            raise Rejected("conclusion.at", "evidence", "all weights must be rational for this rule")
        return number

    def states(self, function: Function, name: str, z: Element, times: int) -> Iterator[Element]:
        """Yield powers of u, put into the records of the states."""
        require(not function.kinks and (isinstance(z, fmpq) or not function.states), "rule", f"{name} does not occur at rational z only")
        found: list[Element] = []
        for state in function.states:
            if state.of_exponential is not None:
                m = z * function.parameter * state.exponent * self._D
                require(m.q == 1, "rule", "z is no multiple of 1/D")
                found.append(state.of_exponential(self._power_of_u(int(m.p))))
            elif state.formula is not None:
                found.append(state.formula(z, tuple(found)))
            else:
                raise Rejected("rule", "evidence", f"the values of {name} here are no rational functions of u")
            yield found[-1]


def residue_ring(work: Work, D: int, u: int, prime: int) -> ExponentialRing:
    """Return the ring with ``u`` a residue modulo a prime; a division by 0 raises `ZeroDivisionError`."""
    residue = nmod(u, prime)
    return ExponentialRing(work, D, lambda m: residue ** (m % (prime - 1)))


def function_field_ring(work: Work, D: int) -> ExponentialRing:
    """Return the ring with ``u`` an indeterminate."""

    def power_of_u(m: int) -> Ratio:
        limit(abs(m), MAX_EXPONENT, "the exponent of u")
        count_ratio(work, abs(m), 1)
        monomial, one = fmpq_poly([0] * abs(m) + [1]), fmpq_poly([1])
        return Ratio(work, monomial, one) if m >= 0 else Ratio(work, one, monomial)

    return ExponentialRing(work, D, power_of_u)
