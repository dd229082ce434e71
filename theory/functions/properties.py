"""A property of a function together with the reason why it holds or fails."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Property:
    """A yes or no with its argument.

    ``argument`` is a proof in a sentence. ``witness`` belongs to a property "for all z" that fails, and holds rational points:

    - of "f(z) ≠ 0": one point where f is exactly 0 or does not exist, or two points between which a continuous f changes its sign;
    - of "analytic", "differentiable" and "twice differentiable": all points where it fails, in order;
    - of "increasing": two points ``y < z`` with ``f(y) ≥ f(z)``;
    - of "convex": one residual at which the second derivative is negative.

    It is empty where the property holds, and may be empty where it fails for another reason.
    """

    holds: bool
    argument: str
    witness: tuple[Fraction, ...] = ()


@dataclass(frozen=True)
class Interval:
    """An interval of the extended reals with rational end points; ``None`` stands for an infinite end.

    >>> Interval(Fraction(-1), Fraction(1)).contains(Fraction(1))
    False
    """

    lower: Fraction | None = None
    upper: Fraction | None = None
    lower_attained: bool = False
    upper_attained: bool = False

    def contains(self, value: Fraction) -> bool:
        """Tell whether a rational lies in the interval."""
        above = self.lower is None or value > self.lower or (self.lower_attained and value == self.lower)
        below = self.upper is None or value < self.upper or (self.upper_attained and value == self.upper)
        return above and below
