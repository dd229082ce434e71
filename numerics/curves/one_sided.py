r"""Straight lines along which the loss provably falls from a critical point where units are at kinks of σ, or of σ', on one side of it.

For small ``t > 0`` the z of ``W + tδ`` lie on the sides of the kinks to which they move, where σ is analytic, so J has one-sided expansions there. Softsign and
elu have a second derivative that jumps at 0, so that no Hessian exists at networks without weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from lossproof.numerics.curves.fields import FormalSeries
from lossproof.numerics.curves.search import negative_direction
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, step_of_rows
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.functions.activations import Activation
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_MOST_WORK = 20_000


@dataclass(frozen=True)
class OneSidedDescent:
    """A direction δ with ``J(W + tδ) = J(W) + c t² + …`` for ``t > 0``, and ``c ≤ coefficient < 0``."""

    direction: tuple[Fraction, ...]
    coefficient: Fraction


@dataclass(frozen=True)
class _Beside(FormalSeries):
    """Formal polynomials in which a kink counts to one of its sides, that above it or that below."""

    above: bool = True

    def sides(self, activation: Activation, z: Array) -> Array:
        """Return the numbers of kinks below, of which one that is met is one, or is not."""
        kinks = [to_flint(kink) for kink in activation.kinks(2)]
        met = [kinks.index(x) + self.above if isinstance(x, fmpq) and x in kinks else None for x in z.ravel()]
        found = [
            super(_Beside, self).sides(activation, np.array([x], dtype=object))[0] if k is None else k
            for k, x in zip(met, z.ravel(), strict=True)
        ]
        return np.array(found, dtype=np.intp).reshape(z.shape)


def one_sided_descent(problem: Problem, weights: Weights) -> OneSidedDescent | None:
    """Return a direction of descent of order 2 on one side, or None; the caller knows that the point is critical.

    Directions are sought in doubles, by the derivatives from the right. None, too, with weight decay, another output than the identity, numbers that are not
    rational, and ``T N_net > 20,000``.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "softsign", bias="none")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[1]]))  # (1 − vw/(1 + |w|))²/2
    >>> found = one_sided_descent(problem, Weights.of(a, [([[0]], None), ([[0]], None)]))
    >>> found.coefficient, found.direction[0] == found.direction[1]
    (Fraction(-1, 1), True)
    """
    a = problem.architecture
    right = a.L >= 2 and a.output_activation.is_identity and problem.decay is None and bool(a.kinked_layers(2))
    if not right or problem.T * a.N_net > _MOST_WORK or not weights.is_rational() or beyond_doubles(problem, weights) is not None:
        return None
    with np.errstate(all="ignore"):
        H = FloatLandscape(problem).at(flat_weights(problem, weights)[None]).hessian[0]
        found = negative_direction(H) if np.all(np.isfinite(H)) else None
    for sign in () if found is None else (1, -1):
        ((_, vector),) = found[1] if found is not None else ()
        direction = tuple(sign * x for x in vector)
        try:
            first, second = _coefficients(problem, weights, direction)
        except (NotDifferentiable, NotInField):
            return None
        if first == 0 and isinstance(second, fmpq) and second < 0:
            return OneSidedDescent(direction, from_flint(second))
    return None


def _coefficients(problem: Problem, weights: Weights, direction: tuple[Fraction, ...]) -> tuple[Any, Any]:
    """Return the coefficients of t and t² of J, for ``t > 0``."""
    a, right = problem.architecture, _Beside()
    left = _Beside(right.table, above=False)
    layers = evaluate(a, problem.samples, weights, right).layers
    moved = step_of_rows(a, np.array(direction, dtype=object))
    phi = [right.array(problem.samples.X)]
    phi += [phi[0] * fmpq(0)] * 2
    for l in range(1, a.L + 1):
        (W, b), (slope, shift) = layers[l - 1], moved[l - 1]
        dW, (db,) = (right.array([list(map(Fraction, row)) for row in part]) for part in (slope, shift[None]))
        z = [phi[0] @ W + b, phi[1] @ W + phi[0] @ dW + db, phi[2] @ W + phi[1] @ dW]
        phi = z if l == a.L else _activated(a.activation_of(l), z, right, left)
    Y = right.array(problem.samples.Y)
    slopes, curves = (right.error_derivative(problem.error, order, phi[0], Y) for order in (1, 2))
    bent = sum(sum(row[j] * C[j][k] * row[k] for j in range(a.n_L) for k in range(a.n_L)) for row, C in zip(phi[1], curves, strict=True))
    second = np.sum(slopes * phi[2]) + bent * fmpq(1, 2)
    return np.sum(slopes * phi[1]), second * fmpq(1, problem.T)


def _activated(activation: Activation, z: list[Array], right: FormalSeries, left: FormalSeries) -> list[Array]:
    """Return σ(z) to the second order, each entry on the side to which z moves."""
    if not all(isinstance(x, fmpq) for x in (*z[1].flat, *z[2].flat)):
        raise NotInField("a change of z is not rational")
    falls = np.array([x < 0 or (x == 0 and y < 0) for x, y in zip(z[1].flat, z[2].flat, strict=True)]).reshape(z[0].shape)
    value, slope, half = np.where(falls, left.jet(activation, 2, z[0]), right.jet(activation, 2, z[0]))
    return [value, slope * z[1], slope * z[2] + half * z[1] * z[1]]
