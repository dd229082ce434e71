r"""Directions along which J curves downwards, found in doubles, and balls of weights all over which it does.

A direction of least curvature comes from Lanczos' iteration, with products ``H v`` as differences of gradients: no matrix of ``N_net²`` numbers. That
``vᵀH(W)v < 0`` at all W of a ball is then proved by `second_derivative`; at none of them is a local minimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lossproof.numerics.critical.minimum_free import short_below
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, step_of_rows
from lossproof.numerics.verified.second_derivative import second_derivative
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.limits import MAX_GRAM_VALUES
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

BITS = 24
"""The entries of a direction are multiples of ``2^-24``, the largest of about 1."""

_WORK, _LEAST_STEPS, _MOST_STEPS = 2 * 10**9, 12, 80
_DIFFERENCE = 2.0**-17
_SPARE, _SHARE, _TRIALS, _GROWTH, _SHRINK, _CLOSE = 1.6, 0.9, 8, 15, 2.0**-6, 1.1
_FIRST, _LEAST = 2.0**-10, 2.0**-290


@dataclass(frozen=True, eq=False)
class DescendingBall:
    """A Euclidean ball around weights, and a direction v with ``vᵀH v < 0`` all over it, in the order of the rows of ``P``."""

    radius: Fraction
    direction: list[Fraction]


@np.errstate(all="ignore")
def least_curvature(problem: Problem, weights: Weights) -> Array | None:
    """Return a direction of about the least curvature of J at the weights, its entries multiples of ``2^-24`` and at most 1; None where none curves downwards.

    An estimate, which proves nothing. The iteration starts from a seeded vector, and takes the steps that ``2·10^9`` products allow, from 12 to 80.
    """
    if beyond_doubles(problem, weights) is not None:
        return None
    landscape, point = FloatLandscape(problem), flat_weights(problem, weights)
    N, step = len(point), _DIFFERENCE * max(1.0, float(np.linalg.norm(point)))

    def product(v: Array) -> Array:
        forth, back = landscape.gradient(np.stack([point + step * v, point - step * v]))
        return np.asarray((forth - back) / (2 * step))

    steps = min(N, _MOST_STEPS, max(_LEAST_STEPS, _WORK // (problem.T * N)))
    value, vector = _lanczos(product, np.random.default_rng(0).standard_normal(N), steps)
    if not value < 0:
        return None
    return np.asarray(np.round(vector / np.max(np.abs(vector)) * 2.0**BITS) / 2.0**BITS)


def _lanczos(product: Callable[[Array], Array], start: Array, steps: int) -> tuple[float, Array]:
    """Return the least Ritz value of a symmetric map, with its vector, from a Krylov space with full orthogonalisation; NaN where numbers overflow."""
    basis, diagonal, beside = [start / np.linalg.norm(start)], list[float](), list[float]()
    for _ in range(steps):
        image = product(basis[-1])
        diagonal.append(float(basis[-1] @ image))
        known = np.array(basis)
        for _ in range(2):
            image = image - known.T @ (known @ image)
        length = float(np.linalg.norm(image))
        if len(diagonal) == steps or not length > 1e-12 * (abs(diagonal[0]) + sum(beside)):
            break
        beside.append(length)
        basis.append(image / length)
    n = len(diagonal)
    small = np.diag(diagonal) + np.diag(beside[: n - 1], 1) + np.diag(beside[: n - 1], -1)
    if not np.all(np.isfinite(small)):
        return np.nan, start
    values, vectors = np.linalg.eigh(small)
    return float(values[0]), np.array(basis[:n]).T @ vectors[:, 0]


@np.errstate(all="ignore")
def descending_ball(problem: Problem, weights: Weights, least: Fraction | None = None) -> DescendingBall | None:
    """Return a ball around the weights, larger than one of the radius ``least`` if that is given, with a direction along which J curves downwards all over it.

    The bound of ``vᵀH v`` over a ball of radius r is about convex in r: between a radius where it is negative and one where it is not, linear interpolation
    gives another where it is, from which a bolder step is tried. Bounds are taken at 8/5 of their distance from the midpoints, so that a
    checker with other enclosures agrees. None where no such ball is proved, as near kinks of σ'.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")  # J = (vw − 5)²/2 has a saddle at v = w = 0, and minima where vw = 5
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))
    >>> 0.75 < descending_ball(problem, Weights.of(a, [([[0]], [0]), ([[0]], [0])])).radius < 10**0.5
    True
    """
    if problem.T * max(sum(problem.architecture.widths), problem.architecture.n_L**2) > MAX_GRAM_VALUES:
        return None
    direction = least_curvature(problem, weights)
    if direction is None:
        return None
    parts = step_of_rows(problem.architecture, direction)

    def bound(radius: float) -> float:
        try:
            middle, spread = second_derivative(problem, weights, parts, radius)
        except NotDifferentiable:
            return np.inf
        return middle + _SPARE * spread

    start = low = 0.0 if least is None else float(least)
    below = bound(low)
    if not below < 0:
        return None
    high = above = np.inf
    trial = 2 * low or _FIRST
    for _ in range(_TRIALS):
        value = bound(trial)
        if value < 0:
            rise, low, below = (value - below) / (trial - low), trial, value
            farther = low + min(_GROWTH * low, _SHARE * -below / rise if rise > 0 else np.inf)
            trial = farther if high == np.inf else float(np.sqrt(low * high))
        else:
            high, above = trial, value
            trial = low + (high - low) * (_SHARE * below / (below - above) if above < np.inf else _SHRINK)
        if high < _CLOSE * low or not trial > low:
            break
    radius = short_below(low) if low > max(start, _LEAST) else Fraction(0)
    return DescendingBall(radius, [Fraction(x) for x in direction.tolist()]) if radius > start else None
