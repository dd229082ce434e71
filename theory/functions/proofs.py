"""Arguments that the records of several activations share, as groups of fields."""

from __future__ import annotations

from fractions import Fraction
from typing import TypedDict

from lossproof.theory.functions.properties import Interval, Property

COMPOSED = "a composition of real-analytic functions without a pole on R"
LINDEMANN = "and e^r is transcendental for every rational r ≠ 0 (Lindemann)"
RATIONAL = Property(True, "polynomial or rational with rational coefficients on each of finitely many intervals with rational ends")
BOUNDED = Property(True, "bounded")


class Smoothness(TypedDict):
    """The properties of one function's derivatives."""

    analytic: Property
    differentiable: Property
    twice_differentiable: Property


class Rise(TypedDict):
    """The properties of one function's slope."""

    nonvanishing_derivative: Property
    increasing: Property


class Values(TypedDict):
    """The range of a function, and the values that it is sure to take."""

    range: Interval
    attained: Interval


def smooth(argument: str = COMPOSED) -> Smoothness:
    """Return the properties of a real-analytic function."""
    return {
        "analytic": Property(True, argument),
        "differentiable": Property(True, "real-analytic functions are differentiable"),
        "twice_differentiable": Property(True, "real-analytic functions are twice differentiable"),
    }


def kinked(*points: int) -> Smoothness:
    """Return the properties of a function that is linear between these points, where its slope changes."""
    named, places = " and ".join(map(str, points)), tuple(map(Fraction, points))
    return {
        "analytic": Property(False, f"not differentiable at {named}", places),
        "differentiable": Property(False, f"the one-sided derivatives at {named} differ", places),
        "twice_differentiable": Property(False, f"not differentiable at {named}", places),
    }


def bent_at_zero(first: str, second: str) -> Smoothness:
    """Return the properties of a function that is once differentiable and analytic but at 0, with arguments for its two derivatives."""
    return {
        "analytic": Property(False, "the second derivative jumps at 0", (Fraction(0),)),
        "differentiable": Property(True, first),
        "twice_differentiable": Property(False, second, (Fraction(0),)),
    }


def rising(argument: str) -> Rise:
    """Return the properties of a function with a positive derivative everywhere."""
    return {"nonvanishing_derivative": Property(True, argument), "increasing": Property(True, argument)}


def turning(change: str, slopes: tuple[Fraction | int, Fraction | int], values: tuple[Fraction | int, Fraction | int]) -> Rise:
    """Return the properties of a function whose derivative is continuous and changes its sign.

    ``slopes`` are two points where ``σ'`` has opposite signs, ``values`` two with ``y < z`` and ``σ(y) ≥ σ(z)``.
    """
    y, z = values
    return {
        "nonvanishing_derivative": Property(False, change, (Fraction(slopes[0]), Fraction(slopes[1]))),
        "increasing": Property(False, f"σ({y}) ≥ σ({z})", (Fraction(y), Fraction(z))),
    }


def between(lower: int | None, upper: int | None, *, closed: bool = False) -> Values:
    """Return the range of a function that takes all values between two ends, the finite ones themselves only if ``closed``."""
    values = Interval(
        None if lower is None else Fraction(lower),
        None if upper is None else Fraction(upper),
        closed and lower is not None,
        closed and upper is not None,
    )
    return {"range": values, "attained": values}


def from_about(outer: Fraction, inner: Fraction) -> Values:
    """Return the range of a function that takes all values from its least one on, which lies strictly between two rationals."""
    return {"range": Interval(outer, None), "attained": Interval(inner, None, lower_attained=True)}
