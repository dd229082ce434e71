"""The polynomial ring over Q in formal symbols: identities that hold for the real numbers as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpq_mat

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import (
    Array,
    NumpyArithmetic,
    at_kink,
    block_diagonals,
    elementwise,
    exact_kinks,
    lies_above,
    no_error_derivative,
    object_array,
    objects,
    unknown_order,
)
from lossproof.numerics.fields.formal_polynomial import (
    ActivationSymbol,
    Element,
    FormalPolynomial,
    SymbolTable,
    formal_terms,
    sum_of_products,
)
from lossproof.numerics.fields.known_values import exact_pieces, known_value
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.limits import SIGN_PRECISION
from lossproof.theory.problem.numbers import Combination, Constant, exact_number
from lossproof.theory.rationals import brief_name

_KINK_PRECISIONS = (64, 256, SIGN_PRECISION - 64)


@dataclass(frozen=True)
class FormalField(NumpyArithmetic):
    r"""Polynomials over Q in symbols: constants (``log p``, roots, ``exp q``, ``π``) and values ``σ(z)``, ``σ'(z)`` at elements ``z``.

    Equal ``z`` give equal symbols, values on record (`known_value`) replace symbols, and where ``σ(-z) = aσ(z) + bz + c`` only one
    of ``z`` and ``-z`` gets symbols, as ``docs/certificate-format.md`` section 4 says. Replacing each symbol by its real value
    (`enclose`) is a ring homomorphism: what is formally 0 is 0. The converse fails: a polynomial that is not formally 0 may well be
    0.

    Entries are ``fmpq``, or `FormalPolynomial` where symbols are left; `formal_terms` reads both. A field keeps the table of its
    symbols: do not mix entries of two fields.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> field = FormalField()
    >>> z = field.array([1, -1])
    >>> values = field.activate(activation_named("tanh"), 0, z)
    >>> values[0] + values[1]
    0
    """

    table: SymbolTable = field(default_factory=SymbolTable, repr=False)
    name: str = field(default="the ring of formal polynomials", repr=False)

    def embed(self, number: Any) -> Element:
        """Return one exact number; elements pass unchanged."""
        if isinstance(number, (fmpq, FormalPolynomial)):
            return number
        if type(number) is Fraction:
            return to_flint(number)
        exact = exact_number(number)
        if isinstance(exact, Fraction):
            return to_flint(exact)
        total: Element = to_flint(exact.rational)
        for constant, coefficient in exact.terms:
            total = total + self.table.element(constant) * to_flint(coefficient)
        return total

    def array(self, rows: Any) -> Array:
        """Return exact numbers as elements."""
        return object_array(rows, self.embed)

    def matmul(self, A: Array, B: Array) -> Array:
        """Return ``A B``, by FLINT where all entries are rational."""
        if all(type(entry) is fmpq for M in (A, B) for entry in M.ravel().tolist()):
            product = fmpq_mat(A.tolist()) * fmpq_mat(B.tolist())
            return objects(product.entries()).reshape(A.shape[0], B.shape[1])
        columns = B.T.tolist()
        return objects(sum_of_products(row, column) for row in A.tolist() for column in columns).reshape(A.shape[0], B.shape[1])

    def activate(self, activation: Activation, order: int, z: Array) -> Array:
        """Return ``σ``, ``σ'`` or ``σ''`` of every entry, as values on record or symbols.

        Raises `NotDifferentiable` at a kink, and where balls of nearly 1024 bits cannot tell an irrational ``z`` from a kink.
        """
        if order not in (0, 1, 2):
            raise unknown_order(order)
        return elementwise(lambda entry: self._value(activation, order, entry), z)

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return ``∇E`` or ``∇²E`` of the squared error; raises `NotInField` for others."""
        if error.family != "squared":
            raise no_error_derivative(error, self.name)
        if order not in (1, 2):
            raise unknown_order(order)
        return np.asarray(phi - y) if order == 1 else block_diagonals(elementwise(lambda _: fmpq(1), phi), fmpq(0))

    def enclose(self, element: Element, precision: int = 64) -> arb:
        """Return a ball that contains the real value of an element."""
        known: dict[int, Array] = {}
        enclosed = self._enclose(element, BallField(precision), known)
        return arb(enclosed.item())

    def _value(self, activation: Activation, order: int, z: Element) -> Element:
        known = known_value(activation, order, z, self.table)
        if known is not None:
            return known
        if order == 0:
            self._check_sides(activation, z)
        self._check_kink(activation, order, z)
        line = self._line(activation, order, z)
        if line is not None:
            return line
        if activation.reflection is None or _is_positive(z):
            return self.table.element(ActivationSymbol(activation, order, z))
        a, b, c = (fmpq(k) for k in activation.reflection)
        mirrored = self.table.element(ActivationSymbol(activation, order, -z))
        if order == 0:
            return a * mirrored + b * (-z) + c
        return -a * mirrored - b if order == 1 else a * mirrored

    def _line(self, activation: Activation, order: int, z: Element) -> Element | None:
        """Return the value on the affine piece that ``z`` lies in, or None where it lies in none."""
        for lower, upper, slope, intercept in exact_pieces(activation):
            if (lower is None or self._is_above(activation, z, lower)) and (upper is None or not self._is_above(activation, z, upper)):
                return (z * slope + intercept, slope, fmpq(0))[order]
        return None

    def _check_sides(self, activation: Activation, z: Element) -> None:
        """Raise `NotInField` where it cannot be told on which side of a kink an irrational ``z`` lies: a checker does not know the value there."""
        try:
            self._check_kink(activation, 2, z)
        except NotDifferentiable as kink:
            raise NotInField(str(kink)) from None

    def _check_kink(self, activation: Activation, order: int, z: Element) -> None:
        for _, place in exact_kinks(activation, order):
            self._is_above(activation, z, place)

    def _is_above(self, activation: Activation, z: Element, place: fmpq) -> bool:
        """Tell whether ``z`` lies above a kink; raises `NotDifferentiable` at it, and where balls of nearly 1024 bits do not tell."""
        point = from_flint(place)
        if isinstance(z, fmpq):
            if z == place:
                raise at_kink(activation, point)
            return bool(z > place)
        self.table.used_balls = True
        for bits in _KINK_PRECISIONS:
            ball = self.enclose(z, bits)
            with ball_precision(bits):
                above = lies_above(ball, place)
            if above is not None:
                return above
        raise NotDifferentiable(
            f"{brief_name(activation.name)} is not smooth at {point}, and no ball of up to {_KINK_PRECISIONS[-1]} bits tells a value z met here from "
            f"{point}: choose rational weights, or others"
        )

    def _enclose(self, element: Element, balls: BallField, known: dict[int, Array]) -> Array:
        total = balls.array(fmpq(0))
        for monomial, coefficient in formal_terms(element).items():
            term = balls.array(coefficient)
            for number, exponent in monomial:
                for _ in range(exponent):
                    term = balls.mul(term, self._symbol_ball(number, balls, known))
            total = balls.add(total, term)
        return total

    def _symbol_ball(self, number: int, balls: BallField, known: dict[int, Array]) -> Array:
        if number not in known:
            symbol = self.table.symbols[number]
            if isinstance(symbol, Constant):
                known[number] = balls.array(Combination(Fraction(0), ((symbol, Fraction(1)),)))
            else:
                known[number] = balls.activate(symbol.activation, symbol.order, self._enclose(symbol.z, balls, known))
        return known[number]


def _is_positive(z: Element) -> bool:
    return bool((z if isinstance(z, fmpq) else z.leading_coefficient) > 0)
