"""Estimates: numbers that guide a search and may be shown, and never decide anything."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field, nearest_double
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.rationals import from_flint
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_LARGEST = 1_000_000


@dataclass(frozen=True)
class Estimate:
    """A value without rigor: ``value``, the ``method`` it came from, and its working ``precision`` in decimal digits.

    It cannot become evidence: `Evidence <lossproof.numerics.ranks.evidence.Evidence>` refuses it.
    """

    value: Any
    method: str
    precision: int


def singular_values(matrix: Array) -> Estimate:
    """Return the singular values in double precision, largest first, as a tuple of floats.

    Entries may be floats, ``Fraction``, ``fmpq``, mpmath numbers or balls (their midpoints).

    >>> singular_values(np.array([[3.0, 0.0], [0.0, 4.0]])).value
    (4.0, 3.0)
    """
    values = np.linalg.svd(_doubles(matrix), compute_uv=False)
    return Estimate(tuple(float(value) for value in values), "singular value decomposition in double precision", 15)


def mp_singular_values(matrix: Array, digits: int = 50) -> Estimate:
    """Return the singular values in ``digits`` decimal digits, largest first, as a tuple of mpmath numbers.

    The entries must have been computed to that many digits (`MpmathField`, rationals, or balls) for the result to mean anything.

    >>> str(mp_singular_values(np.array([[3, 0], [0, 4]]), 30).value[0])
    '4.0'
    """
    context = MpmathField(digits).context
    if 0 in matrix.shape:
        return Estimate((), f"singular value decomposition in {digits} digits", digits)
    rows = [[_multiprecision(context, entry) for entry in row] for row in np.asarray(matrix, dtype=object)]
    short = context.matrix(rows) if len(rows) >= len(rows[0]) else context.matrix(rows).T
    values = context.svd_r(short, compute_uv=False)
    return Estimate(tuple(sorted(values, reverse=True)), f"singular value decomposition in {digits} digits", digits)


def mp_rank(matrix: Array, digits: int = 50) -> Estimate:
    """Return how many singular values exceed ``10^{5 - digits}`` times the largest: a guess at the rank, relative to the matrix.

    >>> mp_rank(np.array([[1, 2], [2, 4]])).value
    1
    """
    values = mp_singular_values(matrix, digits).value
    threshold = values[0] * MpmathField(digits).context.mpf(10) ** (5 - digits) if values else 0
    return Estimate(sum(1 for value in values if value > threshold), f"singular values above 10^{5 - digits} of the largest", digits)


def _doubles(matrix: Array) -> Array:
    if matrix.dtype != object:
        return matrix.astype(np.float64)
    return np.array([_double(entry) for entry in matrix.ravel()], dtype=np.float64).reshape(matrix.shape)


def _double(entry: Any) -> float:
    if isinstance(entry, arb):
        return float(entry.mid())
    if isinstance(entry, fmpq):
        return nearest_double(from_flint(entry))
    return nearest_double(entry) if isinstance(entry, Fraction) else float(entry)


def _multiprecision(context: Any, entry: Any) -> Any:
    if isinstance(entry, arb):
        mantissa, exponent = entry.mid().man_exp()
        return context.ldexp(context.mpf(int(mantissa)), int(exponent))
    if isinstance(entry, fmpq):
        return context.mpf(int(entry.p)) / int(entry.q)
    if hasattr(entry, "numerator") and hasattr(entry, "denominator"):
        return context.mpf(int(entry.numerator)) / int(entry.denominator)
    return context.mpf(entry)


def is_costly(problem: Problem) -> bool:
    """Tell whether ``P`` has more than a million entries, too many for a picture."""
    return problem.architecture.N_net * problem.columns > _LARGEST


def jacobian_spectrum(problem: Problem, weights: Weights) -> tuple[float, ...]:
    """Return the singular values of ``P(W)``, largest first: an estimate that decides nothing.

    Empty where ``P`` does not exist, leaves the range of doubles, or `is_costly`.
    """
    if is_costly(problem) or beyond_doubles(problem, weights) is not None:
        return ()
    try:
        with np.errstate(all="ignore"):
            P = jacobian(evaluate(problem.architecture, problem.samples, weights, Float64Field()))
    except NotDifferentiable:
        return ()
    return singular_values(P).value if np.all(np.isfinite(P)) else ()
