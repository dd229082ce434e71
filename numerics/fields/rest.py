"""Samples at which a layer is at rest: its ``z`` depend on no weight, so that it does not matter whether they are at a kink of σ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.fields.field import Array, Field
from lossproof.numerics.fields.formal_polynomial import SymbolTable
from lossproof.numerics.fields.known_values import known_value
from lossproof.numerics.rationals import from_flint
from lossproof.theory.functions.activations import Activation
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem

OFF_KINK = Fraction(1, 2**20)
"""How far to the right of a kink the derivatives of a layer at rest are taken; whatever they are, they count with the factor 0."""


def value_at_zero(activation: Activation) -> Fraction | None:
    """Return ``σ(0)`` where it is a rational number on record, else None."""
    value = known_value(activation, 0, fmpq(0), SymbolTable())
    return from_flint(value) if isinstance(value, fmpq) else None


def at_rest(architecture: Architecture, X: Iterable[Iterable[Any]], biases: Sequence[Iterable[Any] | None], layer: int) -> list[int]:
    """Return the samples at which the ``z`` of a layer depend on no weight: with the input 0, without trainable biases up to it, and ``φ_l = 0`` below.

    Then the derivatives of this layer's ``φ`` by all weights are 0. ``biases`` are the ``b_l`` for ``l = 1, 2, …``, or those of them
    that may not be 0, None for no such; numbers are exact, or elements of a field.

    >>> relu = Architecture.of("2-3-1", "relu", bias="none")
    >>> at_rest(relu, [[0, 0], [0, 1]], [[0] * 3, [0]], 2), at_rest(Architecture.of("2-3-1", "relu"), [[0, 0]], [[0] * 3, [0]], 1)
    ([0], [])
    """
    trained = any(architecture.bias_rows_of(l) for l in range(1, layer + 1))
    silent = all(b == 0 for row in biases[: layer - 1] if row is not None for b in row)
    if trained or not silent or any(value_at_zero(architecture.activation_of(l)) != 0 for l in range(1, layer)):
        return []
    return [i for i, x in enumerate(X) if all(entry == 0 for entry in x)]


def samples_at_rest(problem: Problem, layer: int) -> list[int]:
    """Return the samples at which a layer of a problem is at rest, as `at_rest` does; none where its activation has no kinks, as nothing is to be told then."""
    a = problem.architecture
    biases = [None if a.bias_rows_of(l) else problem.constants(l) for l in range(1, layer)]
    return at_rest(a, problem.samples.X, biases, layer) if a.activation_of(layer).kinks(2) else []


def beside_kinks(field: Field, activation: Activation, order: int, z: Array, rest: Sequence[int]) -> Array:
    """Return derivatives of σ, at kinks in the rows at rest from the right; in balls with those from the left, as a checker may take either side."""
    right = field.activate(activation, order, off_kinks(field, activation, order, z, rest))
    if not (rest and isinstance(right.flat[0], arb)):
        return right
    left = field.activate(activation, order, off_kinks(field, activation, order, z, rest, -OFF_KINK))
    for i, k in np.ndindex(len(rest), z.shape[1]):
        right[rest[i], k] = right[rest[i], k].union(left[rest[i], k])
    return right


def off_kinks(field: Field, activation: Activation, order: int, z: Array, rest: Sequence[int], by: Fraction = OFF_KINK) -> Array:
    """Return ``z`` with what is at a kink in the rows at rest moved off it."""
    kinks = [field.embed(point) for point in activation.kinks(order)]
    moved = z.copy()
    for i, k in np.ndindex(len(rest), z.shape[1]):
        entry = z[rest[i], k]
        if any(entry - place == 0 for place in kinks):
            moved[rest[i], k] = entry + field.embed(by)
    return moved
