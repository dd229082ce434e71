r"""How wide a second derivative of an error may come out over wide balls, if it is taken as a polynomial in states of the residual, each enclosed by itself.

Of ``e(r)``: smooth-l1 ``y − r(ry³)`` with ``y = (r²+β)^{-1/2}``; cauchy ``2y − 4r(ry²)`` with ``y = 1/(r²+β)``; blake-zisserman ``2y + 4r(ry(y − 1))`` with
``y = 1/(1+βe^{r²})``; logistic ``p(φ) p(−φ)``. They cancel where their balls are wide. A checker that goes by them proves less than the direct formulas would
let one claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from flint import arb

from lossproof.numerics.fields.ball import ball_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.verified.enclosures import Enclosure, as_balls, enclose_balls, enclose_numbers, total
from lossproof.theory.problem.problem import Problem

_BITS = 80
_NARROW = 2.0**-10

State: TypeAlias = Callable[[arb, arb], arb]


def widest_curvature(problem: Problem, outputs: Enclosure) -> Enclosure | None:
    """Return ``e''`` of shape ``(T, n_L)`` over an enclosure of the outputs, by these polynomials; None for errors without one, or no sum over the outputs.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1"), error_named("cauchy:1"), Samples.of([[0]], [[0]]))
    >>> found = widest_curvature(problem, Enclosure(np.array([[1.0]]), np.array([[0.0]])))  # 2(1 − r²)/(1 + r²)² = 0
    >>> abs(float(found.mid[0, 0])) < 1e-12
    True
    """
    error = problem.error
    if error.family not in _SECOND and error.family != "logistic":
        return None
    targets = enclose_numbers(problem.samples.Y)
    around = outputs if error.family == "logistic" else total(outputs, Enclosure(-targets.mid, targets.rad))
    with ball_precision(_BITS):
        beta, balls = ball_of(error.beta or 0), as_balls(around).ravel()
        one = _logistic if error.family == "logistic" else _SECOND[error.family]
        return enclose_balls([one(r, beta) for r in balls], around.mid.shape)


def _of_ends(state: State, r: arb, beta: arb) -> arb:
    """Return the hull of a state at the ends of ``|r|``, in which it is monotone."""
    return state(r.abs_lower(), beta).union(state(r.abs_upper(), beta))


def _smooth_l1(r: arb, beta: arb) -> arb:
    y = _of_ends(lambda x, p: 1 / (x * x + p).sqrt(), r, beta)
    return y - r * (r * y * y * y)


def _cauchy(r: arb, beta: arb) -> arb:
    y = _of_ends(lambda x, p: 1 / (x * x + p), r, beta)
    return (y - r * (r * y * y * 2)) * 2


def _blake_zisserman(r: arb, beta: arb) -> arb:
    y = _of_ends(lambda x, p: (-x * x).exp() / ((-x * x).exp() + p), r, beta)
    return (y + r * (r * y * (y - 1) * 2)) * 2


_SECOND: Mapping[str, State] = {"smooth-l1": _smooth_l1, "cauchy": _cauchy, "blake-zisserman": _blake_zisserman}


def _logistic(phi: arb, _: arb) -> arb:
    return _share(phi) * _share(-phi)


def _share(x: arb) -> arb:
    if x.rad() < _NARROW:
        e = (x if x < 0 else -x).exp()
        return e / (1 + e) if x < 0 else 1 / (1 + e)
    low, high = x.lower(), x.upper()
    return (1 / (1 + (-low).exp())).union(1 / (1 + (-high).exp()))


def widened_by(C: Enclosure, second: Enclosure) -> Enclosure:
    """Return an enclosure of the matrices ``C(i)``, whose diagonals hold ``e''``, at least as wide there as another enclosure of it."""
    place: Array = np.arange(second.mid.shape[1])
    rad = C.rad.copy()
    rad[:, place, place] = np.maximum(rad[:, place, place], np.abs(C.mid[:, place, place] - second.mid) + second.rad)
    return Enclosure(C.mid, rad)
