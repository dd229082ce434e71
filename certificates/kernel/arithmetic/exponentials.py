"""Rational numbers with a distinguished ``u``, a residue or an indeterminate, in place of ``e^{1/D}``: one more ring a pass runs over."""

from __future__ import annotations

from typing import Any

from flint import fmpq, fmpq_poly, nmod

from lossproof.certificates.kernel.arithmetic.functions import Function, State
from lossproof.certificates.kernel.arithmetic.rings import Element, Ring
from lossproof.certificates.kernel.arithmetic.series import Commutative
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits

_ONE = fmpq_poly([1])


class Ratio(Commutative):
    """A rational function ``num/den`` in u over Q, in lowest terms; counted, before it is formed, by the degrees and the lengths of the coefficients."""

    __slots__ = ("bits", "degree", "den", "num", "work")

    def __init__(self, work: Work, num: fmpq_poly, den: fmpq_poly = _ONE) -> None:
        common = num.gcd(den)
        self.work, self.num, self.den = work, num // common, den // common
        self.degree = max(self.num.degree(), self.den.degree(), 0)
        self.bits = max(int(x) for p in (self.num, self.den) for x in (p.numer().height_bits(), p.denom().bit_length()))

    def _with(self, element: Element) -> Ratio:
        """Return an element as a rational function, and count the work of a sum, a product or a quotient with it."""
        right = element if isinstance(element, Ratio) else Ratio(self.work, fmpq_poly([fmpq(element)]))
        count_ratio(self.work, self.degree + right.degree, self.bits + right.bits)
        return right

    def __eq__(self, other: Any) -> bool:
        return bool(self.num == self.den * fmpq(other))

    def __add__(self, other: Element) -> Ratio:
        right = self._with(other)
        return Ratio(self.work, self.num * right.den + right.num * self.den, self.den * right.den)

    def __mul__(self, other: Element) -> Ratio:
        right = self._with(other)
        return Ratio(self.work, self.num * right.num, self.den * right.den)

    def __truediv__(self, other: Element) -> Ratio:
        right = self._with(other)
        return Ratio(self.work, self.num * right.den, self.den * right.num)

    def __pow__(self, exponent: int) -> Ratio:
        limit(abs(exponent), limits.MAX_EXPONENT, "the exponent of u")
        count_ratio(self.work, self.degree * abs(exponent), self.bits)
        num, den = self.num ** abs(exponent), self.den ** abs(exponent)
        return Ratio(self.work, num, den) if exponent >= 0 else Ratio(self.work, den, num)


def count_ratio(work: Work, degree: int, bits: int) -> None:
    """Count the forming of a rational function in lowest terms, of a degree and a length of coefficients."""
    limit(degree, limits.MAX_DEGREE, "the degree of a rational function")
    work.spend(limits.ratio_work(degree, bits), "rational functions of u")


class ExponentialRing(Ring):
    """Rational numbers and elements of a field with a distinguished ``u`` that stands for ``e^{1/D}``: values of sigmoid, tanh and the like at ``m/D``.

    By Lindemann ``e^{1/D}`` is transcendental, so ``Q(e^{1/D})`` is the field of rational functions in u, and a state that is a rational function of a power of
    ``e^z`` at a rational z is an element of it. With a residue for u a division by 0 raises `ZeroDivisionError`.
    """

    def __init__(self, work: Work, D: int, u: nmod | Ratio) -> None:
        super().__init__(work)
        self._D, self._u = D, u

    def states(self, function: Function, z: Element, times: int) -> tuple[Element, ...]:
        """Return the states at a rational z, of a function without kinks."""
        right = not function.kinks and (isinstance(z, fmpq) or not function.states)
        require(right, "rule", f"{function.name} does not occur at rational z only")
        return super().states(function, z, times)

    def state(self, state: State, z: fmpq, before: tuple[Element, ...], p: fmpq) -> Element:
        """Return a power of u, put into the record of a state."""
        if state.of_exponential is not None:
            m = z * p * state.exponent * self._D
            require(m.q == 1, "rule", "z is no multiple of 1/D")
            return state.of_exponential(self._u ** int(m.p))
        if state.formula is None:
            raise Rejected("rule", "evidence", "the values of an activation here are no rational functions of u")
        return state.formula(z, before)
