r"""What σ, σ' and σ'' are over intervals, many at once: the values at both ends, and the extremes in between.

An interval holds an extreme of a function at an end, or where it turns. The places where σ, σ' and σ'' turn are found on a grid and polished, once for an
activation. The slopes of sigmoid and tanh have relative accuracy where they are saturated. For others the checker makes a table of polynomials. Intervals are
widened by what it may be off and more, and are endless beyond the table. The sine is taken less whole turns.

Nothing is proved by these: see the head of `enclosures`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize_scalar

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.functions.table import formulas_of
from lossproof.theory.functions.activation import Activation
from lossproof.theory.functions.forms import Logistic

TABLED = ("softplus", "silu", "swish", "mish", "bent-identity", "gelu", "arctan", "erf", "sin")
"""The families that the checker makes tables of."""

_GRID, _GRID_REACH, _AROUND = 2401, 12.0, 7.0
_WIDENED = (2.0**-46, 2.0**-45, 2.0**-39)
_FARTHEST, _ENDLESS = 2.0**31, 1e150

Triple = tuple[Floats, Floats, Floats]


@dataclass(frozen=True)
class Curve:
    """σ, σ' and σ'' at numbers; for each where it turns and its values there; what intervals are widened by; the reach, the period."""

    at: Callable[[Floats], Triple]
    turns: tuple[tuple[tuple[float, float], ...], ...]
    widened: tuple[float, float, float]
    farthest: float
    period: float | None

    def over(self, low: Floats, high: Floats) -> tuple[tuple[Floats, Floats], ...]:
        """Return for σ, σ' and σ'' the midpoints and the radii of what they are over intervals.

        >>> from lossproof.theory.functions.activations import activation_named
        >>> value, slope, bend = curve_of(activation_named("arctan")).over(np.array([-1.0]), np.array([0.5]))
        >>> round(float(slope[0][0] - slope[1][0]), 9), round(float(slope[0][0] + slope[1][0]), 9)  # 1/2 at an end, 1 at 0
        (0.5, 1.0)
        """
        size = np.maximum(np.abs(low), np.abs(high))
        beyond, about = size > self.farthest, 1 + (size if math.isfinite(self.farthest) else 0)
        if self.period is not None:
            back = self.period * np.rint((low + high) / (2 * self.period))
            low, high = low - back, high - back
            whole = (low < -_AROUND) | (high > _AROUND)
            low, high = np.where(whole, -_AROUND, low), np.where(whole, _AROUND, high)
        found = []
        for at_low, at_high, turns, wide in zip(self.at(low), self.at(high), self.turns, self.widened, strict=True):
            least, most = np.minimum(at_low, at_high), np.maximum(at_low, at_high)
            for place, value in turns:
                met = (low < place) & (high > place)
                least, most = np.where(met & (least > value), value, least), np.where(met & (most < value), value, most)
            mid, rad = (least + most) / 2, (most - least) / 2
            found.append((mid, np.where(beyond, _ENDLESS, rad + wide * about) if wide else rad))
        return tuple(found)


@lru_cache(maxsize=64)
def curve_of(activation: Activation) -> Curve:
    """Return what is known of an activation, one of those that complete lists are for."""
    form, formulas, beta = activation.logistic, formulas_of(activation), float(activation.parameter or 1)
    if form is not None:
        return Curve(_logistic(form), _logistic_turns(form.rate), (_WIDENED[0], 0.0, 0.0), math.inf, None)

    def at(z: Floats) -> Triple:
        return formulas.doubles(z, 0), formulas.doubles(z, 1), formulas.doubles(z, 2)

    periodic = activation.family == "sin"
    grid = np.linspace(-1, 1, _GRID) * (_AROUND if periodic else _GRID_REACH / beta)
    turns = tuple(_turns(formulas.doubles, order, grid) for order in range(3))
    widened = (_WIDENED[0], _WIDENED[1], _WIDENED[2] * max(1.0, beta))
    return Curve(at, turns, widened, _FARTHEST / max(1.0, beta), 2 * math.pi if periodic else None)


def _turns(function: Callable[[Floats, int], Floats], order: int, grid: Floats) -> tuple[tuple[float, float], ...]:
    """Return where a derivative turns on a grid, with its values there."""
    steps, found = np.sign(np.diff(function(grid, order))), list[tuple[float, float]]()
    for k, (before, after) in enumerate(pairwise(steps.tolist())):
        if before * after < 0:

            def height(z: float, side: float = before) -> float:
                return -side * float(function(np.array([z]), order)[0])

            place = float(minimize_scalar(height, bounds=(grid[k], grid[k + 2]), method="bounded", options={"xatol": 1e-12}).x)
            found.append((place, float(function(np.array([place]), order)[0])))
    return tuple(found)


def _logistic(form: Logistic) -> Callable[[Floats], Triple]:
    low, k = int(form.low), int(form.rate)

    def at(z: Floats) -> Triple:
        e, less = np.exp(-k * np.abs(z)), np.expm1(-k * np.abs(z))
        q = 1 / (1 + e)
        small = e * q
        d = k * k * small * q
        return np.copysign(less * q, z) if low else np.where(z >= 0, q, small), d, np.copysign(k * d * less * q, -z)

    return at


def _logistic_turns(rate: int | float) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Return the turns of ``low + k s(kz)``: σ' at 0, where it is ``k²/4``, and σ'' at ``∓ln(2 + √3)/k``, where it is ``±k³/(6√3)``."""
    k, place, bend = int(rate), math.log(2 + math.sqrt(3)) / rate, rate**3 / (6 * math.sqrt(3))
    return (), ((0.0, k * k / 4),), ((-place, bend), (place, -bend))
