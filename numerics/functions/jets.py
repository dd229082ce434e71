r"""Taylor coefficients ``σ(z + h) = Σ_k a_k h^k``: what their recurrences ask of a field, and sums of products that all of them use.

Each smooth activation is, with a few *states*, the solution of a polynomial differential system in ``h``: for ``tanh`` with ``d = 1 − y²``
it is ``y' = d``, ``d' = −2yd``. The values of the states at ``z`` are all that is ever taken from the field; the coefficients of every
order follow by one recurrence, the same in floats, in balls and in formal polynomials.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import numpy.typing as npt

from lossproof.theory.functions.activations import Activation
from lossproof.theory.problem.numbers import Number

Array: TypeAlias = npt.NDArray[Any]
Jet: TypeAlias = list[Any]
"""Taylor coefficients, each an array of the shape of ``z``."""


class StateField(Protocol):
    """What the recurrences ask of a field beside sums and products; arrays are treated elementwise."""

    def embed(self, number: Number) -> Any:
        """Return one exact number as an element."""
        ...

    def array(self, rows: Any) -> Array:
        """Return nested sequences of exact numbers as an array."""
        ...

    def share(self, k: int) -> Any:
        """Return ``1/k``."""
        ...

    def sides(self, activation: Activation, z: Array) -> Array:
        """Return the numbers of kinks of ``σ`` (of order 2) below each ``z``, as integers.

        Raises `NotDifferentiable` where ``z`` is a kink or, in balls, not certainly apart from one.
        """
        ...

    def state(self, activation: Activation, order: int, z: Array) -> Array:
        """Return ``σ(z)`` (``order`` 0) or ``σ'(z)`` (``order`` 1), in the formal ring with the relations ``tanh' = 1 − tanh²``, …."""
        ...

    def reciprocal(self, A: Array) -> Array:
        """Return ``1/A`` for ``A ≥ 1``."""
        ...

    def inverse_hypotenuse(self, z: Array, beta: Number) -> Array:
        """Return ``(z² + β)^{-1/2}``."""
        ...

    def normal(self, z: Array) -> tuple[Array, Array]:
        """Return the distribution function and the density of the normal distribution."""
        ...


def chosen(field: StateField, sides: Array, values: Sequence[Fraction]) -> Array:
    """Return for each entry the value that belongs to its side."""
    return field.array(list(values))[sides]


def convolution(A: Jet, B: Jet, k: int) -> Any:
    """Return ``Σ_{i=0..k} A_i B_{k−i}``."""
    total = A[0] * B[k]
    for i in range(1, k + 1):
        total = total + A[i] * B[k - i]
    return total


def times_point(A: Jet, z: Array, k: int) -> Any:
    """Return the coefficient ``k`` of ``(z + h) A``."""
    return z * A[k] + A[k - 1] if k else z * A[0]
