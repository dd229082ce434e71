r"""Identities of the rows of ``P``, and so of the components of the gradient, that hold for all weights of a family.

``Σ_k G_k P[k, :] = 0`` with polynomials ``G_k`` in weights and entries of ``P`` gives ``Σ_k G_k ∂J/∂w_k = 0``, as ``T ∇J = P ε``. Which ones are offered
is settled in doubles; that they hold is for a checker to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TypeAlias

import numpy as np
from flint import arb

from lossproof.numerics.critical.still_units import Still, still_pass
from lossproof.numerics.fields.ball import BallField, ball_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field, nearest_double
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.boxes import parameter_place
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.numerics.network.jacobian import gradient, gradient_terms, jacobian
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

Factor: TypeAlias = "int | tuple[int, int]"
"""The value of a weight, or an entry of ``P``."""
Term: TypeAlias = tuple[int, Fraction, tuple[Factor, ...]]
"""``q Π factors`` as a part of the coefficient of a row of ``P``."""
Identity: TypeAlias = tuple[Term, ...]

_BITS = 512
_SEEN = 330
_ONE = Fraction(1)


def place_of(a: Architecture, layer: int, unit: int, source: int) -> int:
    """Return the row of ``P`` of an incoming weight of a unit, or of its trainable bias (``source = n_{l-1}``).

    >>> place_of(Architecture.of("2-2-1"), 2, 0, 1)
    7
    """
    return sum(a.fan_in(l) * a.widths[l] for l in range(1, layer)) + unit * a.fan_in(layer) + source


def shifts_logits(problem: Problem) -> bool:
    """Tell whether one number added to all logits of a sample changes no error: softmax at the output itself."""
    return problem.error.family == "softmax" and problem.architecture.n_L > 1 and problem.architecture.output_activation.is_identity


def rows_of_P(problem: Problem, weights: Weights, still: Still = ()) -> tuple[Evaluation, Array]:
    """Return the pass in doubles, and ``P`` as a checker forms it: columns up to non-zero factors, and `without_shifts`."""
    with np.errstate(all="ignore"):
        passed = still_pass(problem, weights, Float64Field(), still)
        return passed, without_shifts(problem, np.asarray(jacobian(passed), dtype=float))


def without_shifts(problem: Problem, P: Array) -> Array:
    """Return ``P``, for softmax at the output itself less the column of output 0 within each sample: a number more for all logits does not count."""
    n = problem.architecture.n_L
    return P - np.repeat(P[:, ::n], n, axis=1) if shifts_logits(problem) else P


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of ``P`` in doubles as they count in identities: for softmax the columns of output 0 are subtracted within each sample, and dropped.

    Entry ``[k, c]`` is the sum of ``q P[k, column]`` over the ``(q, column)`` in ``parts[c]``.
    """

    entries: Array
    parts: tuple[tuple[tuple[Fraction, int], ...], ...]

    @staticmethod
    def of(problem: Problem, P: Array) -> Rows:
        """Return the rows for a matrix ``P``."""
        n, columns = problem.architecture.n_L, range(problem.columns)
        if not shifts_logits(problem):
            return Rows(P, tuple(((_ONE, c),) for c in columns))
        kept = [c for c in columns if c % n]
        return Rows(P[:, kept] - P[:, [c - c % n for c in kept]], tuple(((_ONE, c), (-_ONE, c - c % n)) for c in kept))

    def times(self, k: int, q: Fraction, factors: tuple[Factor, ...], entry: tuple[int, int]) -> Iterator[Term]:
        """Yield ``q Π factors`` times an entry as terms of the coefficient of row k;"""
        m, c = entry
        for part, column in self.parts[c]:
            yield k, q * part, (*factors, (m, column))


def coefficients(identity: Identity, values: Array, P: Array) -> Array:
    """Return the coefficients of an identity in doubles, one for each weight."""
    row = np.zeros(len(values))
    for k, q, factors in identity:
        row[k] += nearest_double(q) * np.prod([values[f] if isinstance(f, int) else P[f] for f in factors])
    return row


def identities_hold(problem: Problem, weights: Weights, identities: Sequence[Identity], still: Still = ()) -> bool:
    """Tell whether identities of ``P``, or of the gradient, hold at some weights to a hundred digits of their largest term, as balls show.

    Rows may agree in doubles by rounding.
    """
    field = BallField(_BITS)
    passed = still_pass(problem, weights, field, still)
    P = field.finalize(jacobian(passed))
    slopes, terms = gradient(problem, passed), gradient_terms(problem, passed)
    values = [layer.W[source][unit] if source < len(layer.W) else layer.b[unit] for layer, unit, source in _places(problem, weights)]
    with ball_precision(_BITS):
        counted = without_shifts(problem, P)
        for identity in identities:
            factors = [
                (k, prod((ball_of(values[f]) if isinstance(f, int) else counted[f] for f in fs), start=ball_of(q))) for k, q, fs in identity
            ]
            parts = [P[k] * factor for k, factor in factors]
            if not (_cancel(parts, without_shifts(problem, np.sum(parts, axis=0)[None])) or _cancel_in(slopes, terms, factors)):
                return False
    return True


def _cancel(parts: Sequence[Array], total: Array) -> bool:
    least = arb(2) ** -_SEEN * max((abs(x).upper() for part in parts for x in part), default=arb(0))
    return all(abs(x) <= least for x in total.flat)


def _cancel_in(slopes: Array, terms: Array, factors: Sequence[tuple[int, arb]]) -> bool:
    """Tell whether components of the gradient cancel, beside the terms that they are sums of: those of a saturated unit may be small beside all others."""
    total = sum((slopes[k] * factor for k, factor in factors), arb(0))
    return _cancel([terms[k] * factor for k, factor in factors], np.array([total], dtype=object))


def _places(problem: Problem, weights: Weights) -> Iterator[tuple[Layer, int, int]]:
    for k in range(problem.architecture.N_net):
        l, unit, source = parameter_place(problem.architecture, k)
        yield weights.layers[l - 1], unit, source
