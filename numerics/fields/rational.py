"""Exact rational numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from flint import fmpq

from lossproof.numerics.fields.field import Array, block_diagonals, no_error_derivative, unknown_order
from lossproof.numerics.fields.formal import FormalField
from lossproof.numerics.fields.formal_polynomial import Element
from lossproof.numerics.fields.known_values import known_value
from lossproof.numerics.rationals import to_flint
from lossproof.theory.exceptions import NotInField
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.rationals import brief_name


@dataclass(frozen=True)
class RationalField(FormalField):
    """Exact rationals (``fmpq``), with symbols for constants only on the way.

    A weight such as ``log(3)/2`` is held as a formal polynomial; an activation is taken where its value is rational, or a
    polynomial, as `known_value` has it, so that ``tanh(log(3)/2)`` is ``1/2``. Every other value raises `NotInField`. `finalize`
    demands that a result is free of symbols.

    >>> import sympy
    >>> from lossproof.theory.functions.activations import activation_named
    >>> field = RationalField()
    >>> field.activate(activation_named("tanh"), 1, field.array([sympy.log(3) / 2, 0])).tolist()
    [3/4, 1]
    """

    name: str = field(default="the rationals", repr=False)

    def error_derivative(self, error: ErrorFunction, order: int, phi: Array, y: Array) -> Array:
        """Return ``∇E`` or ``∇²E`` of the squared and Cauchy errors; raises `NotInField` for others and at irrational residuals."""
        if error.family != "cauchy":
            return super().error_derivative(error, order, phi, y)
        if order not in (1, 2):
            raise unknown_order(order)
        if error.beta is None:
            raise no_error_derivative(error, self.name)
        beta, r = to_flint(error.beta), self.finalize(np.asarray(phi - y))
        q = r * r + beta
        return np.asarray(2 * r / q) if order == 1 else block_diagonals(2 * (beta - r * r) / (q * q), fmpq(0))

    def finalize(self, A: Array) -> Array:
        """Return ``A``; raises `NotInField` unless every entry is rational."""
        for entry in A.ravel():
            if not isinstance(entry, fmpq):
                raise NotInField(
                    "an entry is a combination of irrational constants, which is not a rational number: use a ball field or the formal ring"
                )
        return A

    def _value(self, activation: Activation, order: int, z: Element) -> Element:
        known = known_value(activation, order, z, self.table)
        if known is None:
            raise NotInField(
                f"{brief_name(activation.name)}{chr(39) * order} at {str(z)[:40]} is not a rational number on record: use a ball field"
            )
        return known
