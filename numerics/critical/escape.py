r"""Ways down: weights of a smaller loss on a line from given ones, found in doubles along minus the gradient and along a direction of negative curvature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lossproof.numerics.critical.negative_curvature import least_curvature
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

GRADIENT, CURVATURE = "gradient", "curvature"
_STEPS = 40
_FIRST = 2.0**-8
_DIFFERENCE = 2.0**-17


@dataclass(frozen=True)
class WayDown:
    """Weights at the end of a step from others, along minus the gradient or a direction of negative curvature, with the decrease of J that doubles show."""

    weights: Weights
    along: str
    decrease: float


@np.errstate(all="ignore")
def ways_down(problem: Problem, weights: Weights) -> list[WayDown]:
    r"""Return steps along which J falls, as doubles show, the largest fall first: of each direction the best length on a grid of powers of two.

    Minus the gradient starts at the length that is best for a parabola, which is also offered where doubles see no fall, as next to a minimum. It is all a
    guess, which proves nothing. At kinks the gradient is that from the right. Empty where numbers have no doubles.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1", "identity", bias="none")  # J = (w − 3)²/2
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[3]]))
    >>> [(way.along, round(way.decrease, 6)) for way in ways_down(problem, Weights.of(a, [([[1]], None)]))]
    [('gradient', 2.0)]
    """
    if beyond_doubles(problem, weights) is not None:
        return []
    landscape, point = FloatLandscape(problem), flat_weights(problem, weights)
    here = float(landscape.loss(point[None])[0])
    gradient = landscape.gradient(point[None])[0]

    def fall(step: Array) -> float:
        return here - float(landscape.loss((point + step)[None])[0])

    found = []
    for along, direction, length in _directions(problem, weights, landscape, point, gradient):
        step, decrease = _longest_fall(fall, direction, length)
        end = point + step
        if np.all(np.isfinite(end)) and np.any(end != point):
            found.append(WayDown(weights_of_rows(problem, end), along, decrease))
    return sorted(found, key=lambda way: -way.decrease)


def _directions(
    problem: Problem, weights: Weights, landscape: FloatLandscape, point: Array, gradient: Array
) -> Iterator[tuple[str, Array, float]]:
    """Yield directions with the lengths to start with, in multiples of them."""
    size = max(1.0, float(np.linalg.norm(point)))
    slope = float(np.linalg.norm(gradient))
    if np.isfinite(slope) and slope > 0:
        unit = gradient / slope
        there = landscape.gradient((point + _DIFFERENCE * size * unit)[None])[0]
        bend = float((there - gradient) @ unit) / (_DIFFERENCE * size)
        yield GRADIENT, -unit, slope / bend if bend > slope / size else _FIRST * size
    curved = least_curvature(problem, weights)
    if curved is not None:
        unit = curved / np.linalg.norm(curved)
        yield CURVATURE, -unit if unit @ gradient > 0 else unit, _FIRST * size


def _longest_fall(fall: Callable[[Array], float], direction: Array, length: float) -> tuple[Array, float]:
    """Return the step of the largest fall among the lengths times powers of two, in the direction in which the fall grows; the first where none is seen."""
    first = best = fall(length * direction)
    chosen = length
    for factor in (2.0, 0.5):
        trial = length
        for _ in range(_STEPS):
            trial *= factor
            value = fall(trial * direction)
            if value > best:
                best, chosen = value, trial
            elif best > 0 or factor == 2.0:
                break
        if best > max(first, 0.0):
            break
    return (chosen if best > 0 else length) * direction, best
