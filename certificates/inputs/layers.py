"""The layers of a network of another library in their order, as its reader finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, sqrt
from typing import Any, TypeAlias

from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.numbers import exact_numbers

PROBABILITIES = ("softmax", "log-softmax")
"""What a last layer may apply besides activations; only the error ``softmax`` fits it."""

Vector: TypeAlias = list[Fraction]


@dataclass(frozen=True)
class Affine:
    """``z = Wᵀ φ + b``: ``W`` of shape ``(n_in, n_out)``, ``b`` of length ``n_out`` or None, in containers that `Weights.of` reads.

    ``sizes`` bounds what was added up to ``b`` where that came of several numbers, else it is None: rounding in the network itself is as large as these.
    ``frozen`` tells whether ``W`` is a constant, ``frozen_bias`` whether ``b`` is, where there is one; ``folded`` whether something was folded into it.
    """

    name: str
    W: Any
    b: Any
    sizes: Vector | None = None
    frozen: bool = False
    frozen_bias: bool = False
    folded: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """The shape ``(n_in, n_out)``."""
        rows, columns = getattr(self.W, "shape", None) or (len(self.W), len(self.W[0]))
        return int(rows), int(columns)

    def matrix(self) -> list[Vector]:
        """Return ``W`` exactly."""
        rows = [plain_values(row, f"the weight of {self.name}") for row in plain_values(self.W, f"the weight of {self.name}")]
        return [exact_vector(row, f"the weight of {self.name}") for row in rows]

    def bias(self) -> Vector:
        """Return ``b`` exactly, zeros where there is none."""
        return [Fraction(0)] * self.shape[1] if self.b is None else exact_vector(self.b, f"the bias of {self.name}")


@dataclass(frozen=True)
class Scaling:
    """``φ ↦ scale · φ + shift`` unit by unit, as of batch normalisation in evaluation mode; one entry stands for all units.

    ``sizes`` bounds the terms of ``shift``; ``free`` tells whether the shift is trainable, ``trained`` whether anything in it is, ``rounded`` whether a root in
    it was rounded to a double.
    """

    name: str
    scale: Vector
    shift: Vector
    sizes: Vector
    free: bool
    trained: bool = True
    rounded: bool = False

    @staticmethod
    def of_constants(name: str, scale: Sequence[Fraction], shift: Sequence[Fraction]) -> Scaling:
        """Return the scaling by constants that are not trained, such as a fixed standardisation."""
        return Scaling(name, list(scale), list(shift), [abs(t) for t in shift], free=False, trained=False)

    @staticmethod
    def of_normalisation(
        name: str,
        gain: Vector,
        beta: Vector,
        mean: Vector,
        variance: Vector,
        eps: Fraction,
        *,
        free: bool,
        trained: bool = True,
        roots: Vector | None = None,
    ) -> Scaling:
        r"""Return ``φ ↦ γ (φ − m)/√(v + eps) + β``: ``scale = γ r`` and ``shift = β − m γ r``, with the root ``r = 1/√(v + eps)`` (`_inverse_root`).

        ``roots`` are the numbers that the network itself takes for ``r``, where these are known. Raises `InputError` unless ``v ≥ 0 < v + eps``.

        >>> Scaling.of_normalisation("n", [Fraction(3)], [Fraction(1)], [Fraction(2)], [Fraction(0)], Fraction(1, 4), free=True).shift
        [Fraction(-11, 1)]
        """
        if any(v < 0 or v + eps <= 0 for v in variance):
            raise InputError(f"{name} must have variances of at least 0 and an eps above 0, got others: build it anew")
        inverse = [_inverse_root(v + eps) for v in variance] if roots is None else roots
        scale = [g * r for g, r in zip(gain, inverse, strict=True)]
        moved = [m * s for m, s in zip(mean, scale, strict=True)]
        shift = [t - m for t, m in zip(beta, moved, strict=True)]
        sizes = [abs(t) + abs(m) for t, m in zip(beta, moved, strict=True)]
        rounded = any(r * r * (v + eps) != 1 for r, v in zip(inverse, variance, strict=True))
        return Scaling(name, scale, shift, sizes, free, trained, rounded)

    def for_units(self, units: int) -> Scaling:
        """Return this scaling with one entry for each of so many units. Raises `InputError` where it has another number of them."""
        scale, shift, sizes = (part * units if len(part) == 1 else part for part in (self.scale, self.shift, self.sizes))
        if any(len(part) != units for part in (scale, shift, sizes)):
            raise InputError(
                f"a normalisation must have as many units as the layer beside it, got {len(self.scale)} in {self.name}, {units} beside"
            )
        return Scaling(self.name, scale, shift, sizes, self.free, self.trained, self.rounded)

    def then(self, second: Scaling) -> Scaling:
        """Return ``φ ↦ s₂(s₁ φ + t₁) + t₂``. Raises `InputError` for different numbers of units."""
        units = max(len(self.scale), len(second.scale))
        first, second = self.for_units(units), second.for_units(units)
        return Scaling(
            f"{first.name} and {second.name}",
            [x * s for x, s in zip(first.scale, second.scale, strict=True)],
            [t * s + u for t, s, u in zip(first.shift, second.scale, second.shift, strict=True)],
            [t * abs(s) + u for t, s, u in zip(first.sizes, second.scale, second.sizes, strict=True)],
            first.free or second.free,
            first.trained or second.trained,
            first.rounded or second.rounded,
        )


def _inverse_root(x: Fraction) -> Fraction:
    """Return ``1/√x``, exactly where it is rational, else rounded to a double.

    >>> _inverse_root(Fraction(9, 4)), float(_inverse_root(Fraction(2)) ** 2)
    (Fraction(2, 3), 0.4999999999999999)
    """
    p, q = isqrt(x.numerator), isqrt(x.denominator)
    return Fraction(q, p) if (p * p, q * q) == (x.numerator, x.denominator) else Fraction(1 / sqrt(x))


@dataclass(frozen=True)
class Elementwise:
    """An activation, or one of `PROBABILITIES`."""

    name: str
    activation: str


Layer: TypeAlias = Affine | Scaling | Elementwise


def exact_vector(values: Any, name: str) -> Vector:
    """Return a vector of floats or rationals exactly. Raises `InputError`."""
    return [Fraction(x) for x in exact_numbers(plain_values(values, name), name) if isinstance(x, Fraction)]
