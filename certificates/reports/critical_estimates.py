"""Doubles that the pictures of a critical point show: they decide nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.certificates.proof.nodes import Claim
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import nearest_double
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, step_of_rows
from lossproof.numerics.training.point import training_point
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights
from lossproof.theory.rationals import rational_written

_MOST_PARAMETERS = 500
_SAMPLES = 97
_SPANS = tuple(4.0 * 2.0 ** (-k / 4) for k in range(60))
_CLOSE, _VISIBLE = 1.8, 1e-9
_LINE_SPANS = tuple(2.0 ** (-k / 2) for k in range(80))
_ALIKE = 3.0


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


@dataclass(frozen=True)
class LineEstimate:
    """The loss along an eigenvector ``v`` of the Hessian, in doubles.

    ``s`` on both sides of 0, ``change`` is ``J(W + s v) − J(W)`` with the ``loss`` J(W), and ``parabola`` is ``λ s²/2`` with the ``eigenvalue`` λ.
    """

    s: tuple[float, ...]
    change: tuple[float, ...]
    parabola: tuple[float, ...]
    eigenvalue: float
    loss: float


def hessian_eigenvalues(problem: Problem, weights: Weights) -> tuple[float, ...]:
    """Return the eigenvalues of the Hessian in doubles, smallest first; empty where there are too many parameters or numbers have no double."""
    H = _hessian(problem, weights)
    return () if H is None else _floats(np.linalg.eigvalsh(H))


def _hessian(problem: Problem, weights: Weights) -> Array | None:
    if problem.architecture.N_net > _MOST_PARAMETERS or beyond_doubles(problem, weights) is not None:
        return None
    H = FloatLandscape(problem).at(flat_weights(problem, weights)[None]).hessian[0]
    return H if np.all(np.isfinite(H)) else None


def line_estimate(problem: Problem, weights: Weights, inertia: Mapping[str, int]) -> LineEstimate | None:
    """Return the loss along an eigenvector of the least eigenvalue that is not among the proved zeros; None where doubles do not resolve it.

    The range of ``s`` is the longest one, up to the size of the weights, at whose ends the loss has changed by about as much as the parabola says.
    """
    H, zeros = _hessian(problem, weights), inertia["zero"]
    if H is None or zeros == len(H):
        return None
    values, vectors = np.linalg.eigh(H)
    k = 0 if inertia["negative"] else int(min(np.argsort(np.abs(values))[zeros:], key=lambda index: values[index]))
    step, eigenvalue = step_of_rows(problem.architecture, vectors[:, k]), float(values[k])
    try:
        start = training_point(problem, weights)
        for span in _LINE_SPANS:
            length = span * max(1.0, float(np.max(np.abs(flat_weights(problem, weights)))))
            ends, leading = [start.moved(step, side * length).loss - start.loss for side in (-1, 1)], eigenvalue * length**2 / 2
            if not abs(leading) > _VISIBLE * max(abs(start.loss), 1e-300):
                return None
            if all(1 / _ALIKE <= end / leading <= _ALIKE for end in ends):
                s = np.linspace(-length, length, _SAMPLES)
                change = [start.moved(step, float(x)).loss - start.loss for x in s]
                return LineEstimate(_floats(s), _floats(change), _floats(eigenvalue * s**2 / 2), eigenvalue, start.loss)
    except NotDifferentiable:
        return None
    return None


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
