"""The exact rings of the kernel: formal polynomials over Q, and residues or rational functions in ``u``; balls stand in ``kernel_balls``.

Elements mix freely with ``fmpq``: a rational stays a rational until something else meets it. A ring has two methods, ``embed(number)``
and ``sigma(activation, order, z)`` (the value for order 0, the derivative for order 1); numpy object arrays do the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol, TypeAlias

from flint import fmpq, fmpq_poly, fmpz, nmod

from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import Combination, Number
from lossproof.theory.functions.activations import Activation

MAX_BITS = 2**20
MAX_TERMS = 10**5
MAX_DEGREE = 2 * 10**6

Element: TypeAlias = Any
Monomial: TypeAlias = tuple[tuple[int, int], ...]


class Ring(Protocol):
    """What the forward and backward pass needs of a ring."""

    def embed(self, number: Number) -> Element:
        """Return a number of the certificate as an element."""

    def sigma(self, activation: Activation, order: int, z: Element) -> Element:
        """Return ``σ(z)`` (order 0) or ``σ'(z)`` (order 1)."""


def bounded(z: Element) -> Element:
    """Return a rational unchanged unless it has grown out of hand; raises `Rejected`."""
    if isinstance(z, fmpq) and max(z.p.bit_length(), z.q.bit_length()) > MAX_BITS:
        raise Rejected("evidence", "limit", f"a rational number needs more than {MAX_BITS} bits")
    return z


def kink(activation: Activation) -> Rejected:
    """Return the rejection of a derivative that does not exist, or cannot be told to exist."""
    return Rejected(
        "conclusion.point", "evidence", f"{activation.name} has no such derivative at z = 0, nor is it seen at a z not told from 0"
    )


def algebraic(activation: Activation, order: int, z: Element) -> Element | None:
    """Return ``σ(z)`` or ``σ'(z)`` where a formula over Q gives it, else None.

    The identity and the powers are polynomials, valid in every ring; the piecewise rational activations need a rational z, whose sign is known.
    """
    family = activation.family
    if family == "identity":
        return z if order == 0 else fmpq(1)
    if family == "power":
        k = int(activation.parameter or 0)
        return _power(z, k) if order == 0 else k * _power(z, k - 1)
    if not isinstance(z, fmpq):
        return None
    if family == "softsign":
        return z / (1 + abs(z)) if order == 0 else 1 / (1 + abs(z)) ** 2
    if family in ("relu", "leaky-relu"):
        if order == 1 and z == 0:
            raise kink(activation)
        left = fmpq(0) if activation.parameter is None else fmpq(activation.parameter.numerator, activation.parameter.denominator)
        slope = fmpq(1) if z > 0 else left
        return slope * z if order == 0 else slope
    return None


def _power(z: Element, k: int) -> Element:
    product: Element = fmpq(1)
    for _ in range(k):
        product = bounded(product * z)
    return product


class Formal:
    """A polynomial over Q in numbered symbols that is not constant: monomial → coefficient, no zero coefficient. Constants are ``fmpq``."""

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[Monomial, fmpq]) -> None:
        self.terms = terms

    def __add__(self, other: Element) -> Element:
        total = dict(self.terms)
        for monomial, q in terms_of(other).items():
            total[monomial] = total.get(monomial, 0) + q
        return _formal(total)

    def __mul__(self, other: Element) -> Element:
        factors = terms_of(other)
        if len(self.terms) * len(factors) > MAX_TERMS:
            raise Rejected("evidence", "limit", f"a formal product has more than {MAX_TERMS} terms")
        total: dict[Monomial, fmpq] = {}
        for left, p in self.terms.items():
            for right, q in factors.items():
                monomial = _times(left, right)
                total[monomial] = total.get(monomial, 0) + p * q
        return _formal(total)

    def __neg__(self) -> Element:
        return self * fmpq(-1)

    def __sub__(self, other: Element) -> Element:
        return self + (-1) * other

    def __rsub__(self, other: Element) -> Element:
        return self * fmpq(-1) + other

    __radd__, __rmul__ = __add__, __mul__


def terms_of(element: Element) -> Mapping[Monomial, fmpq]:
    """Return the terms of a formal element; a rational has the empty monomial."""
    return element.terms if isinstance(element, Formal) else {(): fmpq(element)}


def _formal(terms: dict[Monomial, fmpq]) -> Element:
    kept = {monomial: q for monomial, q in terms.items() if q != 0}
    if len(kept) > MAX_TERMS:
        raise Rejected("evidence", "limit", f"a formal entry has more than {MAX_TERMS} terms")
    return Formal(kept) if any(kept) else kept.get((), fmpq(0))


def _times(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    powers = dict(left)
    for symbol, exponent in right:
        powers[symbol] = powers.get(symbol, 0) + exponent
    return tuple(sorted(powers.items()))


_AT_ZERO: Mapping[tuple[str, int], fmpq] = {
    **{(family, 0): fmpq(0) for family in ("tanh", "arctan", "erf", "sin", "bent-identity", "gelu", "silu", "elu")},
    **{(family, 1): fmpq(1) for family in ("tanh", "arctan", "sin", "bent-identity", "elu")},
    **{(family, 1): fmpq(1, 2) for family in ("softplus", "gelu", "silu")},
    ("sigmoid", 0): fmpq(1, 2),
    ("sigmoid", 1): fmpq(1, 4),
}


def logistic_values(family: str, order: int, e: Element) -> Element:
    """Return sigmoid from ``e = e^z`` or tanh from ``e = e^{2z}``: ``s = e/(1+e)``, ``s' = s(1−s)``; ``t = (e−1)/(e+1)``, ``t' = 1−t²``."""
    value = (e if family == "sigmoid" else e - 1) / (e + 1)
    if order == 0:
        return value
    return value * (1 - value) if family == "sigmoid" else 1 - value * value


class FormalRing:
    """Section 4's ring: symbols for constants, and for ``σ(z)``, ``σ'(z)`` at each element z that occurs.

    Sending each symbol to its real value is a ring homomorphism that fixes Q; known values and reflections are true equations
    between real numbers. So an identity of elements is an identity of the real numbers they stand for, if these exist: a symbol for ``σ'(z)``
    at an irrational z does not say that the derivative exists, and a bound at a point says nothing where its matrix does not.
    """

    def __init__(self) -> None:
        self._symbols: dict[Hashable, int] = {}
        self._logs: dict[int, fmpz] = {}

    def symbol(self, key: Hashable) -> Element:
        """Return the indeterminate of a key, the same for equal keys."""
        return Formal({((self._symbols.setdefault(key, len(self._symbols)), 1),): fmpq(1)})

    def embed(self, number: Number) -> Element:
        """Return a rational as itself, a combination as a linear form in its constants' symbols."""
        if not isinstance(number, Combination):
            return number
        total: Element = number.rational
        for constant, q in number.terms:
            total = total + self.symbol(constant) * q
            if constant[0] == "log":
                self._logs[self._symbols[constant]] = constant[1].p
        return total

    def sigma(self, activation: Activation, order: int, z: Element) -> Element:
        """Return a known value, or by reflection a polynomial in the symbol at ``-z``, or a symbol."""
        known = algebraic(activation, order, bounded(z))
        known = self._known(activation.family, order, z) if known is None else known
        if known is not None:
            return known
        first = min(terms_of(z))
        if activation.reflection is None or terms_of(z)[first] >= 0:
            return self.symbol((activation.name, order, frozenset(terms_of(z).items())))
        a, b, c = activation.reflection
        mirrored = (-1) * z
        value = self.sigma(activation, order, mirrored)
        return value * a + mirrored * b + fmpq(c) if order == 0 else value * (-a) + fmpq(-b)

    def _known(self, family: str, order: int, z: Element) -> Element | None:
        if isinstance(z, fmpq):
            if z == 0:
                return _AT_ZERO.get((family, order))
            return (z if order == 0 else fmpq(1)) if family == "elu" and z > 0 else None
        if family not in ("sigmoid", "tanh"):
            return None
        e = self.exponential(z, 1 if family == "sigmoid" else 2)
        return None if e is None else logistic_values(family, order, e)

    def exponential(self, z: Formal, k: int) -> fmpq | None:
        """Return ``e^{kz} = Π p^{k q_p}`` for ``z = Σ q_p log p`` with integers ``k q_p``, else None."""
        product, bits = fmpq(1), 0
        for monomial, q in z.terms.items():
            prime = self._logs.get(monomial[0][0]) if len(monomial) == 1 and monomial[0][1] == 1 else None
            if prime is None or (k * q).q != 1:
                return None
            exponent = int((k * q).p)
            bits += abs(exponent) * prime.bit_length()
            if bits > MAX_BITS:
                raise Rejected("evidence", "limit", f"e^z needs more than {MAX_BITS} bits")
            product *= fmpq(prime) ** exponent
        return product


class Ratio:
    """A rational function ``num/den`` in u over Q, in lowest terms."""

    __slots__ = ("den", "num")

    def __init__(self, num: fmpq_poly, den: fmpq_poly) -> None:
        if max(num.degree(), den.degree()) > MAX_DEGREE:
            raise Rejected("evidence", "limit", f"a rational function has a degree above {MAX_DEGREE}")
        common = num.gcd(den)
        self.num, self.den = num // common, den // common

    def __add__(self, other: Element) -> Ratio:
        right = as_ratio(other)
        return Ratio(self.num * right.den + right.num * self.den, self.den * right.den)

    def __mul__(self, other: Element) -> Ratio:
        right = as_ratio(other)
        return Ratio(self.num * right.num, self.den * right.den)

    def __truediv__(self, other: Element) -> Ratio:
        right = as_ratio(other)
        return Ratio(self.num * right.den, self.den * right.num)

    def __sub__(self, other: Element) -> Ratio:
        return self + (-1) * as_ratio(other)

    def __rsub__(self, other: Element) -> Ratio:
        return as_ratio(other) - self

    __radd__, __rmul__ = __add__, __mul__


def as_ratio(element: Element) -> Ratio:
    """Return a rational number as a constant function."""
    return element if isinstance(element, Ratio) else Ratio(fmpq_poly([fmpq(element)]), fmpq_poly([1]))


class ExponentialRing:
    """Rational numbers and elements of a field with a distinguished ``u`` that stands for ``e^{1/D}``: the values of sigmoid and tanh at ``m/D``.

    By Lindemann ``e^{1/D}`` is transcendental, so ``Q(e^{1/D})`` is the field of rational functions in u.
    """

    def __init__(self, D: int, power_of_u: Callable[[int], Element]) -> None:
        self._D, self._power_of_u = D, power_of_u

    def embed(self, number: Number) -> Element:
        """Return a rational as itself; raises `Rejected` for a combination."""
        if isinstance(number, Combination):
            raise Rejected("conclusion.point", "evidence", "all weights must be rational for this rule")
        return number

    def sigma(self, activation: Activation, order: int, z: Element) -> Element:
        """Return sigmoid or tanh at a rational z, polynomials anywhere; raises `Rejected` for the rest."""
        family = activation.family
        if family in ("sigmoid", "tanh") and isinstance(z, fmpq):
            m = z * self._D
            if m.q != 1:
                raise Rejected("rule", "evidence", "z is no multiple of 1/D")
            return logistic_values(family, order, self._power_of_u(int(m.p) * (1 if family == "sigmoid" else 2)))
        value = algebraic(activation, order, z) if family in ("identity", "power") else None
        if value is None:
            raise Rejected("rule", "evidence", f"the values of {activation.name} here are no rational functions of u")
        return value


def residue_ring(D: int, u: int, prime: int) -> ExponentialRing:
    """Return the ring with ``u`` a residue modulo a prime; a division by 0 raises `ZeroDivisionError`."""
    residue = nmod(u, prime)
    return ExponentialRing(D, lambda m: residue ** (m % (prime - 1)))


def function_field_ring(D: int, max_exponent: int) -> ExponentialRing:
    """Return the ring with ``u`` an indeterminate."""

    def power_of_u(m: int) -> Ratio:
        if abs(m) > max_exponent:
            raise Rejected("evidence", "limit", f"u occurs to the power {m}, at most {max_exponent} is allowed")
        monomial, one = fmpq_poly([0] * abs(m) + [1]), fmpq_poly([1])
        return Ratio(monomial, one) if m >= 0 else Ratio(one, monomial)

    return ExponentialRing(D, power_of_u)


def vanishes(x: Any) -> bool:
    """Tell whether a formal element is 0."""
    return isinstance(x, fmpq) and bool(x == 0)
