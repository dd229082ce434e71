"""Doubles that the pictures of a critical point show: they decide nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.certificates.proof.nodes import Claim
from lossproof.numerics.fields.float64 import nearest_double
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import rational_written

_MOST_PARAMETERS = 400
_SAMPLES = 97
_SPANS = tuple(4.0 * 2.0 ** (-k / 4) for k in range(60))
_CLOSE, _VISIBLE = 1.8, 1e-9


@dataclass(frozen=True)
class DescentEstimate:
    """The loss along a proved curve of descent ``W(t)``, in doubles.

    ``t`` from 0 on, ``curve`` is ``J(W(t)) − J(W)``, ``line`` the same along the tangent of the curve at 0 (None where the curve is straight), and
    ``bound`` is ``c t^m`` with the proved order ``m`` and bound ``c < 0`` of the coefficient.
    """

    t: tuple[float, ...]
    curve: tuple[float, ...]
    line: tuple[float, ...] | None
    bound: tuple[float, ...]
    order: int


def hessian_eigenvalues(problem: Problem, weights: Weights) -> tuple[float, ...]:
    """Return the eigenvalues of the Hessian in doubles, smallest first; empty where there are too many parameters or numbers have no double."""
    if problem.architecture.N_net > _MOST_PARAMETERS or beyond_doubles(problem, weights) is not None:
        return ()
    H = FloatLandscape(problem).at(flat_weights(problem, weights)[None]).hessian[0]
    return tuple(float(value) for value in np.linalg.eigvalsh(H)) if np.all(np.isfinite(H)) else ()


def descent_estimate(problem: Problem, weights: Weights, descent: Claim) -> DescentEstimate | None:
    """Return the loss along the curve of a PROVED claim ``higher-order-descent``; None where doubles do not resolve the descent.

    The range of ``t`` is the longest one over which the loss falls, and by about as much as the leading term says.
    """
    terms = [(int(k), np.array([nearest_double(rational_written(x)) for x in vector])) for k, vector in descent.evidence["curve"]]
    order, coefficient = int(descent.facts["order"]), nearest_double(Fraction(descent.facts["coefficient"]))
    if beyond_doubles(problem, weights) is not None:
        return None
    landscape, start = FloatLandscape(problem), flat_weights(problem, weights)
    loss = float(landscape.at(start[None]).loss[0])

    @np.errstate(all="ignore")
    def change(chosen: Sequence[tuple[int, Any]], t: Any) -> Any:
        return landscape.at(start + sum(np.outer(t**k, direction) for k, direction in chosen)).loss - loss

    for span in _SPANS:
        t = np.linspace(0.0, span, _SAMPLES)
        values = change(terms, t)
        leading = 2 * coefficient * span**order
        falls = bool(np.all(np.diff(values) <= _VISIBLE * abs(leading)))
        if falls and _CLOSE * leading <= values[-1] <= leading / _CLOSE and -values[-1] > _VISIBLE * max(abs(loss), 1e-300):
            line = change(terms[:1], t) if len(terms) > 1 else None
            shown = None if line is None or not np.all(np.isfinite(line)) else _floats(line)
            return DescentEstimate(_floats(t), _floats(values), shown, _floats(coefficient * t**order), order)
    return None


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
