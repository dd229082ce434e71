r"""Three arithmetics for Taylor coefficients: doubles for the search, balls for signs, formal polynomials for exact zeros."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq
from scipy import special

from lossproof.numerics.curves.activations import activation_jet
from lossproof.numerics.curves.errors import error_slopes
from lossproof.numerics.fields.field import Array, at_kink, elementwise, exact_kinks, object_array
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.formal_polynomial import Element, formal_terms
from lossproof.numerics.fields.known_values import exponential_on_record, known_value
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.functions.table import formulas_of
from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.activations import Activation, activation_named
from lossproof.theory.functions.errors import ErrorFunction, error_named
from lossproof.theory.problem.numbers import Constant, Number

MOST_TERMS = 4000
_HALF = fmpq(1, 2)


@dataclass(frozen=True)
class FloatSeries(Float64Field):
    """Doubles: fast and never a proof.

    >>> FloatSeries().jet(activation_named("sin"), 3, np.array([0.0])).ravel().tolist()
    [0.0, 1.0, 0.0, -0.16666666666666666]
    """

    def share(self, k: int) -> float:
        """Return ``1/k``."""
        return 1.0 / k

    def sides(self, activation: Activation, z: Array) -> Array:
        """Return the numbers of kinks below; raises `NotDifferentiable` at a kink."""
        below = np.zeros(z.shape, dtype=np.intp)
        for point in activation.kinks(2):
            if np.any(z == float(point)):
                raise at_kink(activation, point)
            below += z > float(point)
        return below

    def state(self, activation: Activation, order: int, z: Array) -> Array:
        """Return ``σ(z)`` or ``σ'(z)``."""
        return self.activate(activation, order, z)

    def reciprocal(self, A: Array) -> Array:
        """Return ``1/A``."""
        return np.asarray(1 / A)

    def inverse_hypotenuse(self, z: Array, beta: Number) -> Array:
        """Return ``(z² + β)^{-1/2}``."""
        return np.asarray(1 / np.hypot(z, math.sqrt(self.embed(beta))))

    def normal(self, z: Array) -> tuple[Array, Array]:
        """Return the distribution function and the density of the normal distribution."""
        c = np.clip(z, -40, 40)
        return special.ndtr(c), np.exp(-c * c / 2) / math.sqrt(2 * math.pi)

    def jet(self, activation: Activation, order: int, z: Array) -> Array:
        """Return the Taylor coefficients of ``σ`` at ``z``."""
        return activation_jet(activation, order, z, self)

    def softmax(self, phi: Array) -> Array:
        """Return the softmax of every row."""
        return self.error_derivative(error_named("softmax"), 1, phi, np.zeros_like(phi))

    def working(self) -> AbstractContextManager[Any]:
        """Return a context in which overflow is no error."""
        return np.errstate(all="ignore")

    def checked(self, A: Array) -> Array:
        """Return ``A``."""
        return A


@dataclass(frozen=True)
class BallSeries(StateBallField):
    """Balls with ``precision`` bits: every coefficient encloses the true one.

    >>> third = BallSeries(64).jet(activation_named("tanh"), 3, BallSeries(64).array([0]))[3, 0]
    >>> third.overlaps(arb(-1) / 3)
    True
    """

    def jet(self, activation: Activation, order: int, z: Array) -> Array:
        """Return enclosures of the Taylor coefficients of ``σ`` at ``z``."""
        with self.working():
            return activation_jet(activation, order, z, self)

    def softmax(self, phi: Array) -> Array:
        """Return enclosures of the softmax of every row."""
        return self.error_derivative(error_named("softmax"), 1, phi, elementwise(lambda _: arb(0), phi))

    def working(self) -> AbstractContextManager[Any]:
        """Return the context of this precision."""
        return ball_precision(self.precision)

    def checked(self, A: Array) -> Array:
        """Return ``A``."""
        return A


@dataclass(frozen=True)
class FormalSeries(FormalField):
    r"""Formal polynomials in which derivatives are polynomials in few states.

    The symbols are those of `FormalField`, of which fewer are used: ``tanh' = 1 − tanh²``, ``sigmoid' = sigmoid − sigmoid²``, and every
    higher derivative follows from the differential systems of `activation_jet`. So more is formally 0 here than there, and what is
    formally 0 there is so here. Reflections hold as there: ``tanh(-1) = −tanh(1)``.

    For ``A ≥ 1`` not rational ``1/A`` is ``1 − softsign(A − 1)``; roots of rationals that are no squares are constants. All errors are
    on offer, softmax where a sample has two outputs, or logits whose differences have rational exponentials; else it raises `NotInField`.

    >>> field = FormalSeries()
    >>> value, slope = field.jet(activation_named("tanh"), 1, field.array([1]))[:, 0]
    >>> slope + value * value
    1
    """

    def share(self, k: int) -> fmpq:
        """Return ``1/k``."""
        return fmpq(1, k)

    def sides(self, activation: Activation, z: Array) -> Array:
        """Return the numbers of kinks below; raises `NotDifferentiable` at a kink, and where balls of nearly 1024 bits tell no side."""
        return np.array([self._side(activation, entry) for entry in z.ravel()], dtype=np.intp).reshape(z.shape)

    def state(self, activation: Activation, order: int, z: Array) -> Array:
        """Return ``σ(z)`` or ``σ'(z)`` in as few symbols as there are relations."""
        return elementwise(lambda entry: self._state(activation, order, entry), z)

    def reciprocal(self, A: Array) -> Array:
        """Return ``1/A`` for ``A ≥ 1``."""
        return elementwise(self._reciprocal, A)

    def inverse_hypotenuse(self, z: Array, beta: Number) -> Array:
        """Return ``(z² + β)^{-1/2}`` for a rational ``β > 0``."""
        constant = self.embed(beta)
        return elementwise(lambda entry: self._inverse_hypotenuse(entry, constant), z)

    def normal(self, z: Array) -> tuple[Array, Array]:
        """Return ``N(z) = (1 + erf(z/√2))/2`` and ``D(z) = erf'(z/√2)/(2√2)``."""
        root, erf = self._root(_HALF), activation_named("erf")
        inner = elementwise(lambda entry: entry * root, z)
        return (1 + self.state(erf, 0, inner)) * _HALF, self.state(erf, 1, inner) * (root * _HALF)

    def jet(self, activation: Activation, order: int, z: Array) -> Array:
        """Return the Taylor coefficients of ``σ`` at ``z``, those of equal arguments computed once."""
        distinct = list(dict.fromkeys(z.ravel()))
        place = {entry: k for k, entry in enumerate(distinct)}
        jets = activation_jet(activation, order, object_array(distinct, lambda entry: entry), self)
        return np.asarray(jets[:, [place[entry] for entry in z.ravel()]].reshape(order + 1, *z.shape))

    def softmax(self, phi: Array) -> Array:
        """Return the softmax of every row of two, or of logits whose differences have rational exponentials; raises `NotInField` for others."""
        return np.array([self._softmax_row(list(row)) for row in phi], dtype=object)

    def working(self) -> AbstractContextManager[Any]:
        """Return an empty context."""
        return nullcontext()

    def checked(self, A: Array) -> Array:
        """Return ``A``; raises `NotInField` where a polynomial has more than 4000 terms."""
        if any(len(formal_terms(entry)) > MOST_TERMS for entry in A.ravel()):
            raise NotInField(f"a formal polynomial has more than {MOST_TERMS} terms: use a ball field, or weights with shorter values")
        return A

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return ``∇E`` or ``∇²E`` of every error."""
        return error_slopes(error, order, phi, y, self)

    def _value(self, activation: Activation, order: int, z: Element) -> Element:
        known = known_value(activation, order, z, self.table)
        if known is not None:
            return known
        jet = activation_jet(activation, order, object_array([z], lambda entry: entry), self)
        return jet[order, 0] * math.factorial(order)

    def _state(self, activation: Activation, order: int, z: Element) -> Element:
        value = super()._value(activation, 0, z)
        if order == 0:
            return value
        if activation.logistic is not None:
            return (value - activation.logistic.low) * (activation.logistic.high - value)
        relation = formulas_of(activation).slope_of_value
        return super()._value(activation, 1, z) if relation is None else relation(value)

    def _side(self, activation: Activation, z: Element) -> int:
        return sum(self._is_above(activation, z, place) for _, place in exact_kinks(activation, 2))

    def _reciprocal(self, A: Element) -> Element:
        return 1 / A if isinstance(A, fmpq) else 1 - super()._value(activation_named("softsign"), 0, A - 1)

    def _root(self, radicand: fmpq) -> Element:
        """Return the square root of a positive rational, rational where it can be."""
        p, q = int(radicand.p), int(radicand.q)
        if math.isqrt(p) ** 2 == p and math.isqrt(q) ** 2 == q:
            return fmpq(math.isqrt(p), math.isqrt(q))
        return self.table.element(Constant("root", Fraction(p * q), 2)) * fmpq(1, q)

    def _inverse_hypotenuse(self, z: Element, beta: fmpq) -> Element:
        if isinstance(z, fmpq):
            return self._root(1 / (z * z + beta))
        root = self._root(1 / beta)
        scaled = z * root
        hypotenuse = 2 * (super()._value(activation_named("bent-identity"), 0, scaled) - scaled) + 1
        return root * hypotenuse * self._reciprocal(1 + z * z * (1 / beta))

    def _softmax_row(self, row: list[Element]) -> list[Element]:
        powers = [exponential_on_record(entry - row[-1], 1, self.table) for entry in row]
        known = [e for e in powers if e is not None]
        if len(known) == len(row):
            return [e / sum(known, fmpq(0)) for e in known]
        if len(row) == 2:
            first = self._state(activation_named("sigmoid"), 0, row[0] - row[1])
            return [first, 1 - first]
        raise NotInField("softmax of three or more different logits is not in the ring of formal polynomials: use a ball field")
