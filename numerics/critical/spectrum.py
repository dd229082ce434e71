"""Enclosures of the eigenvalues of the Hessian of J, at weights or all over a box around them: short numbers with room for a checker's wider bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

import numpy as np

from lossproof.numerics.critical.ball import serves
from lossproof.numerics.verified.curvature import EnclosedHessian, enclosed_landscape
from lossproof.numerics.verified.eigenvalues import enclosed_eigenvalues
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.limits import MAX_EIGENVALUES
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import decimal_exponent

_ROOM_FOR_ERROR, _ROOM_FOR_SPREAD = 4, Fraction(5, 4)
_LEAST, _LARGEST = Fraction(1, 2**500), 2.0**95


@dataclass(frozen=True)
class Spectrum:
    """The k-th smallest eigenvalue of the Hessian of J is ``within`` some distance of the k-th of the ``eigenvalues``: all, or the smallest and the largest.

    All are told of up to 500 weights (`MAX_EIGENVALUES`).
    """

    eigenvalues: Sequence[Fraction]
    within: Fraction


def spectrum_of(problem: Problem, H: EnclosedHessian) -> Spectrum | None:
    """Return the eigenvalues of the Hessian of J from those of ``T H``, rounded to decimals; None where no finite bounds are proved."""
    if not H.is_finite():
        return None
    found, error = enclosed_eigenvalues(H.mid)
    if not isfinite(error) or not np.all(np.abs(found) < _LARGEST):
        return None
    room = max((_ROOM_FOR_ERROR * Fraction(error) + _ROOM_FOR_SPREAD * Fraction(H.spread)) / problem.T, _LEAST)
    unit = Fraction(10) ** (decimal_exponent(room) - 1)
    values = found if len(found) <= MAX_EIGENVALUES else found[[0, -1]]
    return Spectrum([round(Fraction(float(x)) / (problem.T * unit)) * unit for x in values], (room // unit + 2) * unit)


@np.errstate(all="ignore")
def spectrum_in_box(problem: Problem, weights: Weights, radius: Fraction = Fraction(0)) -> Spectrum | None:
    """Return the eigenvalues of the Hessian of J at all weights within a radius in every coordinate.

    None beyond the limits of a checker, near kinks where a second derivative may not exist, and where no finite bounds are proved.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")  # J = (vw − 5)²/2 at w = v = 0: H = [[0, −5], [−5, 0]]
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))
    >>> found = spectrum_in_box(problem, Weights.of(a, [([[0]], [0]), ([[0]], [0])]))
    >>> [round(float(x), 12) for x in found.eigenvalues], found.within < Fraction(1, 10**12)
    ([-5.0, 5.0], True)
    """
    if not serves(problem, weights):
        return None
    try:
        found = enclosed_landscape(problem, weights, radius)
        return spectrum_of(problem, found.hessian()) if found.is_moderate() else None
    except (NotDifferentiable, OverflowError):
        return None
