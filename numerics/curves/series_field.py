"""What a field of power series offers."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from lossproof.numerics.fields.field import Array, Field
from lossproof.numerics.functions.jets import StateField
from lossproof.theory.functions.activations import Activation


class SeriesField(StateField, Field, Protocol):
    """A field whose elements may be the coefficients of truncated power series."""

    def jet(self, activation: Activation, order: int, z: Array) -> Array:
        """Return the Taylor coefficients of ``σ`` at ``z``, of shape ``(order + 1, *z.shape)``."""
        ...

    def softmax(self, phi: Array) -> Array:
        """Return the softmax of every row."""
        ...

    def working(self) -> AbstractContextManager[Any]:
        """Return the context in which plain sums and products of elements are right."""
        ...

    def checked(self, A: Array) -> Array:
        """Return ``A``; raises `NotInField` where an element has become too large to go on."""
        ...
