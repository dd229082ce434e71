"""Closed forms of activations: the lines that they follow on intervals, and the logistic function between two ends."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class AffinePiece:
    """An open interval on which ``σ(z) = slope·z + intercept``, as large as it can be; ``None`` stands for an infinite end.

    >>> AffinePiece(Fraction(0), None, Fraction(1), Fraction(0)).reaches(Fraction(0))
    True
    """

    lower: Fraction | None
    upper: Fraction | None
    slope: Fraction
    intercept: Fraction

    def reaches(self, z: Fraction) -> bool:
        """Tell whether ``z`` lies in the closed interval, so that by continuity ``σ(z)`` is ``slope·z + intercept`` as well."""
        return (self.lower is None or z >= self.lower) and (self.upper is None or z <= self.upper)


@dataclass(frozen=True)
class Logistic:
    r"""``σ(z) = low + (high − low)/(1 + e^{−kz})`` with ``k = high − low > 0``: the logistic function that rises from ``low`` to ``high``.

    With ``v = e^{kz}`` it is ``σ = (low + high·v)/(1 + v)``, and ``σ' = (σ − low)(high − σ)``. The ends are 0 or ±1: products with them are exact
    in doubles.

    >>> Logistic(0, 1).rate, Logistic(-1, 1).rate
    (1, 2)
    """

    low: int
    high: int

    @property
    def rate(self) -> int:
        """The number ``k`` in the exponent."""
        return self.high - self.low
