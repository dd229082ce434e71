r"""Enclosures of real arrays by doubles: a midpoint and a radius for every entry.

Conventions, used by all functions here and in ``verified_gram``: ``u = 2^-53`` is the unit round-off, ``γ_k = k u / (1 − k u)``, and
``ω = 2^-1022`` bounds the absolute error of one operation that underflows (also where hardware flushes to zero). A radius is itself
computed in doubles and then raised by `raised`, which covers the rounding of the sums of non-negative numbers that gave it.

The radii of operations are a little larger than need be: a few roundings more are counted, and ``2^-590`` is added. So the enclosures of another program
with the same bounds, but a coarser treatment of underflow, lie within these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from flint import arb

from lossproof.numerics.algebra.products import UNIT, Floats, gamma, times
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.fields.ball import BallField
from lossproof.theory.problem.numbers import Number

Multiply: TypeAlias = Callable[[Floats, Floats], Floats]

_EMBED_BITS, _ACCURATE_BITS = 80, 60
_LEAST_RADIUS, _LARGEST = 2.0**-590, 2.0**90
_MORE_TERMS = 3
_CONVERSION = 2.0**-50


@dataclass(frozen=True)
class Enclosure:
    r"""The set of real arrays ``A`` with ``|A − mid| ≤ rad`` in every entry; ``mid`` and ``rad`` have one shape.

    A midpoint or radius that is infinite or NaN says that nothing is known; such an enclosure must prove nothing.
    """

    mid: Floats
    rad: Floats

    def is_finite(self) -> bool:
        """Tell whether all midpoints and radii are finite."""
        return bool(np.isfinite(self.mid).all() and np.isfinite(self.rad).all())

    def is_moderate(self) -> bool:
        """Tell whether all midpoints and radii are below ``2^90`` in size, with room to the ``2^100`` above which a checker refuses numbers."""
        return bool(np.all(np.abs(self.mid) < _LARGEST) and np.all(self.rad < _LARGEST))

    def reach(self) -> Floats:
        """Return upper bounds of ``|A|``."""
        return raised(np.abs(self.mid) + self.rad, 1)


def raised(x: Floats, terms: int) -> Floats:
    r"""Return upper bounds of sums of ``terms`` products of two non-negative numbers whose computed values are ``x``.

    A computed sum ``s̃`` of ``k`` non-negative products satisfies ``s ≤ s̃/(1 − γ_k) + 2kω``, whatever the order. The factor ``1 +
    (k+8)·2^-50`` and the summand ``(k+8)·2^-1000`` exceed this for ``k < 2^45``, with room for the rounding here and for a few more
    operations.

    >>> bool(raised(np.array([1.0]), 3)[0] > 1)
    True
    """
    return np.asarray(x * (1 + (terms + 8) * 2.0**-50) + (terms + 8) * 2.0**-1000)


def widened(rad: Floats, terms: int) -> Floats:
    """Return radii of results, `raised` and with the ``2^-590`` of the head of this module."""
    return raised(rad, terms) + _LEAST_RADIUS


def norm_bounds(x: Floats) -> Floats:
    """Return upper bounds of the Euclidean norms along the last axis; exactly 0 where all entries are 0."""
    return raised(np.sqrt(raised(np.einsum("...k,...k->...", x, x), x.shape[-1])), 1) if x.any() else np.zeros(x.shape[:-1])


def frobenius_bound(x: Floats) -> float:
    """Return an upper bound of the Euclidean norm of all entries."""
    return float(raised(np.sqrt(raised(np.square(x).sum(), x.size)), 8))


def exact_floats(values: Any) -> Enclosure:
    """Return an array of doubles as enclosure of radius 0."""
    mid = np.array(values, dtype=np.float64)
    return Enclosure(mid, np.zeros_like(mid))


def enclose_numbers(rows: Any) -> Enclosure:
    r"""Return nested sequences of exact numbers as enclosure; an array of doubles is exact.

    A rational that is a double has radius 0, any other lies within ``2^-50`` of its nearest double, relatively. A rational beyond all doubles becomes infinite,
    and so does an irrational number too near 0 to be told from it in 80 bits, so that nothing is proved from it.

    >>> e = enclose_numbers([Fraction(1, 2), Fraction(1, 3)])
    >>> e.mid.tolist(), bool(e.rad[0] == 0), bool(0 < e.rad[1] < 1e-15)
    ([0.5, 0.3333333333333333], True, True)
    """
    if isinstance(rows, np.ndarray) and rows.dtype == np.float64:
        return exact_floats(rows)
    array = np.array(rows, dtype=object)
    pairs = [_enclose_number(number) for number in array.ravel()]
    both = np.array(pairs, dtype=np.float64).reshape(*array.shape, 2)
    return Enclosure(np.ascontiguousarray(both[..., 0]), np.ascontiguousarray(both[..., 1]))


def enclose_balls(balls: Sequence[arb], shape: tuple[int, ...]) -> Enclosure:
    r"""Return Arb balls as enclosure, in the given shape.

    ``float`` of a ball rounds its midpoint by less than one unit in the last place (at most ``2^-52`` relatively, or ``2^-1074``), and
    ``float`` of its radius likewise: both errors are added.
    """
    mid = np.fromiter(map(float, balls), dtype=np.float64, count=len(balls)).reshape(shape)
    rad = np.fromiter(map(float, map(arb.rad, balls)), dtype=np.float64, count=len(balls)).reshape(shape)
    return Enclosure(mid, widened(rad + np.abs(mid) * 2.0**-51, 2))


def as_balls(x: Enclosure) -> npt.NDArray[np.object_]:
    """Return an enclosure as balls, in its shape: the way back from `enclose_balls`."""
    balls = np.empty(x.mid.size, dtype=object)
    balls[:] = list(map(arb, x.mid.ravel().tolist(), x.rad.ravel().tolist()))
    return balls.reshape(x.mid.shape)


def with_ones(x: Enclosure) -> Enclosure:
    """Append a column of ones, the constant unit of a trainable bias."""
    ones = np.ones((len(x.mid), 1))
    return Enclosure(np.hstack([x.mid, ones]), np.hstack([x.rad, 0 * ones]))


def product(A: Enclosure, B: Enclosure) -> Enclosure:
    """Return an enclosure of the elementwise product, with broadcasting: rounding adds at most ``u |mid| + ω``."""
    mid = A.mid * B.mid
    rad = np.abs(A.mid) * B.rad + A.rad * B.reach() + UNIT * np.abs(mid)
    return Enclosure(mid, widened(rad, 6))


def matrix_product(A: Enclosure, B: Enclosure, multiply: Multiply = times) -> Enclosure:
    r"""Return an enclosure of the product of two matrices; ``multiply`` is the BLAS to use, that of `blas_products` or ``np.matmul``.

    With ``k`` the inner dimension, ``|fl(ÂB̂) − ÂB̂| ≤ γ_k |Â||B̂| + 2kω`` for every order of summation, with or without fused
    operations, and ``|AB − ÂB̂| ≤ r_A |B̂| + (|Â| + r_A) r_B``; ``γ_{k+3}`` is counted.
    """
    k = A.mid.shape[1]
    with threads_for(A.mid.shape[0] * k * B.mid.shape[1]):
        rad = multiply(raised(gamma(k + _MORE_TERMS) * np.abs(A.mid) + A.rad, 2), np.abs(B.mid))
        if B.rad.any():
            rad += multiply(A.reach(), B.rad)
        return Enclosure(multiply(A.mid, B.mid), widened(rad, 2 * k + 6))


def total(A: Enclosure, B: Enclosure) -> Enclosure:
    """Return an enclosure of the sum, with broadcasting: rounding adds at most ``u |mid|``."""
    mid = A.mid + B.mid
    return Enclosure(mid, widened(A.rad + B.rad + UNIT * np.abs(mid), 4))


def _enclose_number(number: Number | Any) -> tuple[float, float]:
    if isinstance(number, float):
        return number, 0.0
    if isinstance(number, (Fraction, int)):
        ratio = number.as_integer_ratio()
        try:
            nearest = ratio[0] / ratio[1]
        except OverflowError:
            return float("inf"), 0.0
        if nearest.as_integer_ratio() == ratio:
            return nearest, 0.0
        return nearest, abs(nearest) * _CONVERSION + _LEAST_RADIUS
    ball = BallField(_EMBED_BITS).embed(number)
    if ball.rel_accuracy_bits() < _ACCURATE_BITS:
        return float("inf"), 0.0
    nearest = float(ball.mid())
    return nearest, abs(nearest) * _CONVERSION + _LEAST_RADIUS
