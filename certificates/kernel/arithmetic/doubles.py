r"""Arrays of doubles with radii: the ring of a pass in double precision.

Write ``u = 2^{-53}``, ``γ_k = k u / (1 − k u)``. An `Enclosed` array stands for all real arrays within its radii. Products of doubles in any order of
summation, with or without fused multiply-add, obey ``|fl(AB) − AB| ≤ γ_m |A||B|`` for m terms, so ``AB`` is within ``|A| r_B + r_A (|B| + r_B) +
γ_{m+2} |A||B|`` of ``fl(AB)``; sums and entrywise products likewise. The activations are enclosed by Arb over the whole interval of their argument.
The bounds themselves are sums, products and roots of fewer than 2^30 non-negative doubles, wrong by less than the factor ``1 + 2^{-20}`` they are
enlarged by. Underflow, even flushed to zero: every magnitude is at most 2^100, so what one layer loses is below 2^-700 and is covered by the 2^-600
added to each radius. Hypotheses: IEEE 754 double precision, rounding to nearest, BLAS products by conventional summation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.rings import BallRing, Rows
from lossproof.certificates.kernel.arithmetic.series import Array, Series, constant_term
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.functions.activations import Activation
from lossproof.theory.limits import flops_work

UNIT, ENLARGE, LARGEST, TINY = 2.0**-53, 1 + 2.0**-20, 2.0**100, 2.0**-600
PRECISION = 80
"""The precision in bits in which activations are enclosed, and numbers embedded; it must be in force."""


def gamma(k: int) -> float:
    """Return ``γ_k`` for ``k ≤ 2^30``, itself rounded (see the factor above)."""
    return k * UNIT / (1 - k * UNIT)


@dataclass(frozen=True)
class Enclosed:
    """Doubles ``mid`` and radii ``rad ≥ 0``: the real entries are within ``rad`` of ``mid``, and both are at most 2^100."""

    mid: Array
    rad: Array

    def __post_init__(self) -> None:
        moderate = bool(np.all(np.abs(self.mid) <= LARGEST) and np.all(self.rad <= LARGEST))
        require(moderate, "evidence", "a number is not finite or above 2^100 in double precision", "limit")

    @property
    def T(self) -> Enclosed:
        """The transpose, in the last two axes."""
        return Enclosed(np.swapaxes(self.mid, -1, -2), np.swapaxes(self.rad, -1, -2))

    def __add__(self, other: Enclosed) -> Enclosed:
        mid = self.mid + other.mid
        return Enclosed(mid, ENLARGE * (self.rad + other.rad + UNIT * np.abs(mid)) + TINY)

    def __mul__(self, other: Enclosed) -> Enclosed:
        mid = self.mid * other.mid
        rad = np.abs(self.mid) * other.rad + self.rad * (np.abs(other.mid) + other.rad) + UNIT * np.abs(mid)
        return Enclosed(mid, ENLARGE * rad + TINY)

    def __matmul__(self, other: Enclosed) -> Enclosed:
        A, B = np.abs(self.mid), np.abs(other.mid)
        rad = A @ other.rad + self.rad @ (B + other.rad) + gamma(self.mid.shape[-1] + 2) * (A @ B)
        return Enclosed(self.mid @ other.mid, ENLARGE * rad + TINY)


class DoubleRing(BallRing):
    """The ring of a pass: arrays are `Enclosed`."""

    def __init__(self, work: Work) -> None:
        super().__init__(work, PRECISION)

    def embed(self, number: Any) -> arb:
        """Return a ball that contains the number; a rational takes no work worth counting."""
        return arb(number) if isinstance(number, fmpq) else super().embed(number)

    def array(self, rows: Any) -> Any:
        """Return exact numbers as doubles with radii, without error where they are doubles."""
        balls = super().array(rows)
        clear = all(ball.rel_accuracy_bits() >= 56 for ball in balls.flat)
        require(clear, "conclusion.at", "a weight is too close to 0 to be told from it in double precision")
        return of_balls(balls, balls.shape)

    def count(self, products: int, values: int, *operands: Any, inner: int = 1) -> None:
        """Count products, four of each for the radii, and values of activations."""
        self.work.spend(flops_work(8 * products), "products of doubles")
        super().count(0, 2 * values)

    def activate(self, activation: Activation, layer: int, z: Any, *, slopes: bool, rest: Rows = frozenset()) -> tuple[Any, Any]:
        """Enclose ``σ`` and ``σ'`` over each interval by Arb."""
        balls = as_balls(z)
        values, derivatives = super().activate(activation, layer, Series([balls]), slopes=True, rest=rest)
        return of_balls(values, balls.shape), of_balls(derivatives, balls.shape)


def as_balls(z: Enclosed) -> Array:
    """Return doubles with radii as balls."""
    return np.array([arb(m, r) for m, r in zip(z.mid.flat, z.rad.flat, strict=True)], dtype=object).reshape(z.mid.shape)


def of_balls(found: Any, shape: tuple[int, ...]) -> Enclosed:
    """Return balls, a series of order 0 of them or one constant, as doubles with radii; a double has radius 0."""
    balls = [arb(x) for x in constant_term(found, shape).flat]
    mid, rad = (np.array([float(part) for part in parts]).reshape(shape) for parts in ([x.mid() for x in balls], [x.rad() for x in balls]))
    same = np.array([x == arb(m) for x, m in zip(balls, mid.flat, strict=True)], dtype=bool).reshape(shape)
    return Enclosed(mid, np.where(same, 0.0, ENLARGE * (rad + 2 * UNIT * np.abs(mid)) + TINY))
