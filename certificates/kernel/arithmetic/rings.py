"""The rings a pass runs over: what they have in common, and balls; `formal` and `exponentials` have two more.

Elements mix freely with ``fmpq``: a rational stays a rational until something else meets it. A ring embeds the numbers of the certificate, gives the states of
a function at one of its elements (`functions`), and counts its work; numpy object arrays and `Series` do the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import constant_ball
from lossproof.certificates.kernel.arithmetic.functions import Function, State, function_of
from lossproof.certificates.kernel.arithmetic.series import Array, Series, solve
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Combination, Number
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction

Element: TypeAlias = Any
Rows: TypeAlias = frozenset[int]
"""Samples, rows of the arrays of a pass."""


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

    def states_along(self, function: Function, z: Series, place: tuple[int, ...], times: int) -> tuple[Element, ...]:
        """Return the states at the place of a series; a ring of one-sided series looks where it goes."""
        return self.states(function, z.coefficients[0][place], times)

    def count(self, products: int, values: int, *operands: Any, inner: int = 1) -> None:
        """Count products of elements of these arrays, or series of arrays, in sums of ``inner`` of them, and values of functions at so many elements."""
        if self.bits:
            each = limits.product_work(self.bits)
        else:
            bits = sum(length_of_sum(operand, inner) for operand in operands)
            limit(bits, limits.MAX_SUM_BITS, "the length of a sum of rational numbers in bits")
            each = limits.rational_work(bits)
        self.work.spend(products * each + values * limits.value_work(self.bits), "passes through the network")

    def times(self, A: Array, B: Array) -> Array:
        """Return the product ``A B`` of matrices, or of a matrix and a vector, after counting it."""
        self.count(A.size * (B.shape[1] if B.ndim > 1 else 1), 0, A, B, inner=A.shape[-1])
        return np.asarray(A @ B)

    def array(self, rows: Sequence[Sequence[Any]]) -> Any:
        """Return a matrix of numbers as an array over the ring."""
        return np.array([[self.embed(x) for x in row] for row in rows], dtype=object).reshape(len(rows), -1)

    def along(
        self, record: Activation | ErrorFunction, z: Series, times: int, rest: Rows = frozenset()
    ) -> tuple[Function, tuple[Any, ...]]:
        """Return a function with the arguments of its value and its slope along z, if its derivatives up to the order ``times`` exist; raises `Rejected`.

        In the rows at ``rest`` z is constant: there the derivatives of a piece that z lies in serve, be it at its end.
        """
        function, entries = function_of(record), z.coefficients[0]
        n, p = len(function.sides[0]), function.parameter
        found = np.array([self.states_along(function, z, k, 0 if k[0] in rest else times) for k in np.ndindex(entries.shape)], dtype=object)
        tables = tuple(column.reshape(entries.shape) for column in found.reshape(entries.size, n + len(function.states)).T)
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

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool, rest: Rows = frozenset()) -> tuple[Any, Any]:
        """Return ``σ(z)`` and, if wanted, ``σ'(z)`` for a layer, with rows at rest as in `along`; a ring of substitutions takes them from elsewhere."""
        function, at = self.along(activation, z, z.order + slopes, rest)
        return function.value(*at), function.slope(*at) if slopes else None


def length_of_sum(operand: Array | Series, terms: int) -> int:
    """Return a bound, up to the logarithm of ``terms``, of the bits of a sum of so many of the rationals in an operand: of their common denominators."""
    parts = operand.coefficients if isinstance(operand, Series) else (operand,)
    exact = [x for part in parts for x in part.flat if isinstance(x, fmpq)]
    denominators = {int(x.q) for x in exact}
    twos = {d & -d for d in denominators}
    odd = {d // (d & -d) for d in denominators} - {1}
    longest = max([x.p.bit_length() for x in exact], default=0)
    return longest + max(twos, default=1).bit_length() - 1 + max(odd, default=0).bit_length() * min(terms, len(odd))


def side_of(z: Any, function: Function, times: int) -> tuple[Any, ...]:
    """Return the constants of the piece that z certainly lies in.

    At a rational number that is a kink, or a ball that is not told from one, where all derivatives wanted exist, those of the pieces on both its sides serve:
    any of them, or the hull of all.
    """
    kinks = function.kinks
    if not kinks:
        return function.sides[0]
    above, below = sum(bool(z > k) for k in kinks), sum(bool(z < k) for k in kinks)
    *others, side = function.sides[above : len(kinks) - below + 1]
    exist = not others or (times <= function.smooth and isinstance(z, (fmpq, arb)))
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

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool, rest: Rows = frozenset()) -> tuple[Any, Any]:
        """Return ``σ(z)``, beyond its first coefficient from ``σ(z)' = σ'(z) z'``, as the balls of the slope are the narrower ones, and ``σ'(z)``."""
        function, at = self.along(activation, z, z.order + slopes, rest)
        value, slope = function.value(*at), function.slope(*at) if slopes or z.order > 0 else None
        if isinstance(slope, Series) and z.order > 0:
            rate = slope.head(z.order - 1) * z.derivative()
            value = Series([value.coefficients[0], *(c * fmpq(1, k) for k, c in enumerate(rate.coefficients, start=1))])
        return value, slope


def bounded(z: Element) -> Element:
    """Return a rational unchanged unless it has grown out of hand; raises `Rejected`."""
    if isinstance(z, fmpq):
        limit(max(z.p.bit_length(), z.q.bit_length()), limits.MAX_BITS, "the length of a rational number in bits")
    return z
