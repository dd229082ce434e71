"""Where a claim or a bound holds: at given weights, at weights that are proved to exist, or in a region."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from lossproof.theory.problem.weights import Weights
from lossproof.theory.verdicts import Scope


@dataclass(frozen=True, eq=False)
class Point:
    """Weights that are given exactly. Two points are the same only if they are one record; numbers are given when something is written."""

    weights: Weights


@dataclass(frozen=True, eq=False)
class Witness:
    """Weights that a step of the proof shows to exist.

    They lie within ``radius`` of the point ``near`` in every coordinate; nothing is known of where they lie if ``near`` is None.
    """

    near: Point | None
    radius: Fraction = Fraction(0)


class Region(Enum):
    """Weights that are not singled out, in the words of a certificate."""

    EVERYWHERE = "everywhere"
    ALMOST_EVERYWHERE = "almost everywhere"
    OPEN_SET = "on an open set"
    SOMEWHERE = "at some weights"


Place: TypeAlias = Point | Witness | Region

EVERYWHERE, ALMOST_EVERYWHERE = Region.EVERYWHERE, Region.ALMOST_EVERYWHERE
OPEN_SET, SOMEWHERE = Region.OPEN_SET, Region.SOMEWHERE


def scope_of(place: Place) -> Scope:
    """Return the scope of a claim about a place.

    >>> scope_of(EVERYWHERE).value
    'everywhere'
    """
    return Scope(place.value) if isinstance(place, Region) else Scope.AT_WEIGHTS


def point_near(place: Place) -> Point | None:
    """Return the point that a place is, or lies near; None for a region, or a witness of which only its existence is known."""
    return place if isinstance(place, Point) else place.near if isinstance(place, Witness) else None


def radius_of(place: Place) -> Fraction:
    """Return how far the weights of a place may lie from the point near them, in any coordinate; 0 says that they lie exactly there."""
    return place.radius if isinstance(place, Witness) else Fraction(0)
