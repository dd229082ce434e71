r"""Boxes outside which a neuron without weight decay has no critical point, as signs of its gradient tell.

Rows ``x̃_i`` of one weight only make J a sum of functions of one weight each. For ``|w| ≥ R`` on one side of 0, let ``a_i = |x_i|``, ``q_i = e^{−k a_i |w|}``,
and ``δ_i`` the distance of the target from the end of the range that ``z_i`` goes to, negative beyond it. The derivative outwards is ``k² Σ_i a_i (δ_i q_i/(1 +
q_i)² − k q_i²/(1 + q_i)³)``, of which the slowest term tells the sign from some R on. For two weights, rows that span the plane and targets inside the range,
with ``|σ⁻¹(y_i)| ≤ Z``: a critical point has ``|z_i| ≤ Z`` and ``|z_j| ≤ Z max(1, |x̃_j·e|)`` for some independent rows, where e is the vector along the last
weight of ``x̃_i`` with ``x̃_i·e = 1``. The kernel's `tails` has the proofs. Nothing is proved here: doubles leave a margin, and who checks a list sees the signs
anew.
"""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from itertools import permutations

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.theory.problem.problem import Problem

_MARGIN, _ABOVE, _LEAST, _FAR, _MOST = 1e-6, 1 + 1e-6, 2.0**-60, 2**60, 300
_SIZES = 2.0 ** np.arange(-60, 60)

Rows = list[tuple[list[Fraction], Fraction]]


def tail_bounds(problem: Problem) -> Floats | None:
    """Return bounds of all weights outside which no critical point is; None where no signs are known.

    >>> from lossproof.theory.zoo.registry import zoo_entry
    >>> tail_bounds(zoo_entry("auer-2").problem).tolist(), tail_bounds(zoo_entry("separable-neuron").problem)
    ([2.0], None)
    """
    rows, low, k = _rows(problem)
    if not rows:
        return None
    if _is_separable(rows):
        weights = [[(x[j], y) for x, y in rows if x[j]] for j in range(len(rows[0][0]))]
        found = [next((R for R in _SIZES if all(_outwards(one, side, low, k, R) for side in (1, -1))), None) for one in weights]
        return None if None in found else np.array(found)
    return _plane_bounds(rows, low, k)


def rises_outside(problem: Problem, bounds: Floats) -> bool | None:
    """Tell whether the loss rises outside a box, so that it has a global minimum, or falls somewhere; None where critical points may lie there.

    >>> from lossproof.theory.zoo.registry import zoo_entry
    >>> [rises_outside(zoo_entry("auer-2").problem, np.array([R])) for R in (1.0, 3.0)]
    [None, True]
    """
    rows, low, k = _rows(problem)
    if not rows:
        return None
    if not _is_separable(rows):
        least = _plane_bounds(rows, low, k)
        return None if least is None or np.any(bounds < least) else True
    parts = [([(x[j], y) for x, y in rows if x[j]], float(R)) for j, R in enumerate(bounds)]
    signs = [_outwards(one, side, low, k, R) for one, R in parts for side in (1, -1)]
    return None if 0 in signs else min(signs) > 0


def _rows(problem: Problem) -> tuple[Rows, int, int]:
    """Return the samples with inputs ``x̃ ≠ 0``, none where this is no neuron without decay, and σ as ``low`` and k."""
    a = problem.architecture
    form = a.output_activation.logistic
    if a.L > 1 or form is None or (problem.decay is not None and any(problem.decay.rates(a))):
        return [], 0, 1
    ones = [Fraction(1)] * a.bias_rows_of(1)
    rows = [([*map(Fraction, x), *ones], Fraction(y[0])) for x, y in zip(problem.samples.X, problem.samples.Y, strict=True)]
    return [(x, y) for x, y in rows if any(x)], int(form.low), int(form.rate)


def _is_separable(rows: Rows) -> bool:
    return all(sum(map(bool, x)) == 1 for x, _ in rows)


def _outwards(samples: list[tuple[Fraction, Fraction]], side: int, low: int, k: int, R: float) -> int:
    """Return the sign of the derivative outwards of the part of J with one weight, from R on; 0 where it is not clear."""
    sums = defaultdict[tuple[Fraction, int], Fraction](Fraction)
    for x, y in samples:
        sums[abs(x), 1] += x * side * ((low + k if x * side > 0 else low) - y)
        sums[abs(x), 2] -= k * abs(x)
    rates = {(a, power): k * a * power for (a, power), c in sums.items() if c}
    slowest, least, most, size = min(rates.values(), default=Fraction(0)), 0.0, 0.0, 0.0
    for (a, power), rate in rates.items():
        c, damped = float(sums[a, power]), (1 + math.exp(-float(k * a) * R)) ** -(power + 1)
        ends = (c * damped, c) if rate == slowest else (0.0, c * math.exp(-float(rate - slowest) * R))
        least, most, size = least + min(ends), most + max(ends), size + abs(c) * (rate == slowest)
    return int(least > _MARGIN * size) - int(most < -_MARGIN * size)


def _plane_bounds(rows: Rows, low: int, k: int) -> Floats | None:
    """Return bounds of two weights; None where the inputs do not span the plane, or are too many, or a target is at an end of the range or beyond."""
    inputs = {tuple(x) for x, _ in rows}
    if len(rows[0][0]) != 2 or len(inputs) > _MOST or not all(low < y < low + k for _, y in rows):
        return None
    Z, sides = max(_away(y - low, low + k - y) for _, y in rows) / k, list[list[float]]()
    for x, other in permutations(inputs, 2):
        area, last = abs(x[0] * other[1] - x[1] * other[0]), 1 if x[1] else 0
        far = max(Fraction(1), abs(other[last] / x[last]))
        if area:
            sides.append([float(min((abs(other[1 - j]) + far * abs(x[1 - j])) / area, Fraction(_FAR))) for j in (0, 1)])
    bounds = np.maximum(Z * np.max(sides, axis=0, initial=0) * _ABOVE, _LEAST)
    return bounds if sides and bounds.max() < _FAR else None


def _away(below: Fraction, above: Fraction) -> float:
    """Return a little more than the absolute logarithm of a quotient."""
    ratio = below / above
    return abs(math.log(ratio.numerator) - math.log(ratio.denominator)) + _MARGIN
