r"""Rational points of a manifold of critical points, where the equations ``∇J = 0`` have rational coefficients.

With piecewise linear units or powers, and the squared error, the derivatives of J in a cell are polynomials in the weights. Near a point of a manifold of
dimension d, d weights in which it can be moved are given short values, and Newton's method finds the others. Where they are rational with short
denominators, as where the equations are linear once the d weights stand, they are told from their first digits by continued fractions.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from scipy import linalg

from lossproof.numerics.critical.box import refined_weights
from lossproof.numerics.critical.exact import gradient_is_zero
from lossproof.numerics.critical.least_squares import rounded
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights, weights_of_rows
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_MOST_PARAMETERS = 40
_FLAT = 1e-6
_PARTS = 8
_FAVOUR = 2.0**10
_LONGEST = 2**56
_TOLD = Fraction(1, 2**115)


def rational_point(problem: Problem, weights: Weights) -> Weights | None:
    """Return rational weights near the given ones, with a gradient that is exactly 0, on the manifold that they seem to lie near; None where none is found.

    None for activations that are not polynomials in each cell, for other errors than the squared one, at kinks, where the Hessian vanishes, and for more than
    40 weights.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1-1", "identity", bias="none"), error_named("squared"), Samples.of([[1]], [[1]]))
    >>> near = Weights.of(problem.architecture, [([["0.7499999999"]], None), ([["1.3333333333"]], None)])
    >>> [layer.W for layer in rational_point(problem, near).layers]
    [((Fraction(8, 11),),), ((Fraction(11, 8),),)]
    """
    a = problem.architecture
    polynomial = all(s.is_piecewise_linear or s.degree is not None for s in a.hidden) and a.output_activation.is_identity
    right = polynomial and problem.error.family == "squared" and a.N_net <= _MOST_PARAMETERS and weights.is_rational()
    if not right or beyond_doubles(problem, weights) is not None:
        return None
    for held in dict.fromkeys(_held(problem, weights)):
        flat = np.array([Fraction(w) for w in flat_weights(problem, weights)], dtype=object)
        flat[list(held)] = [rounded(w, _PARTS) for w in flat[list(held)]]
        refined = refined_weights(problem, weights_of_rows(problem, flat), held)
        found = None if refined is None else _shortened(problem, refined)
        if found is not None and gradient_is_zero(problem, found):
            return found
    return None


@np.errstate(all="ignore")
def _held(problem: Problem, weights: Weights) -> Iterator[tuple[int, ...]]:
    """Yield as many weights, rows of P, as the Hessian has vanishing eigenvalues in doubles, by whose changes its kernel is told.

    First those that tell it best, then those of one layer, as far as they do: the output is linear in each layer, so that equations in one are linear.
    """
    try:
        H = FloatLandscape(problem).at(flat_weights(problem, weights)[None]).hessian[0]
        values, vectors = np.linalg.eigh(H)
    except (NotDifferentiable, np.linalg.LinAlgError):
        return
    flat, layers = np.abs(values) <= _FLAT * np.max(np.abs(values)), np.repeat(*_layers(problem))
    for favoured in range(problem.architecture.L + 1 if flat.any() and not flat.all() else 0):
        _, order = linalg.qr((vectors[:, flat] * np.where(layers == favoured, _FAVOUR, 1.0)[:, None]).T, mode="r", pivoting=True)
        yield tuple(sorted(map(int, order[: int(flat.sum())])))


def _layers(problem: Problem) -> tuple[list[int], list[int]]:
    """Return the numbers of the layers, and of their weights."""
    a = problem.architecture
    return list(range(1, a.L + 1)), [a.fan_in(l) * a.widths[l] for l in range(1, a.L + 1)]


def _shortened(problem: Problem, weights: Weights) -> Weights | None:
    """Return the weights with each entry, of layers not frozen, replaced by a fraction of a short denominator that agrees with it; None where one has none."""
    layers = []
    for l, layer in enumerate(weights.layers, start=1):
        if problem.frozen_layer(l) is not None:
            layers.append(layer)
            continue
        rows = [[_short(q) for q in row] for row in (*layer.W, layer.b)]
        if any(q is None for row in rows for q in row):
            return None
        *W, b = (tuple(q for q in row if q is not None) for row in rows)
        layers.append(Layer(tuple(W), b))
    return Weights(tuple(layers))


def _short(q: object) -> Fraction | None:
    if not isinstance(q, Fraction):
        return None
    short = q.limit_denominator(_LONGEST)
    return short if abs(short - q) <= _TOLD * max(Fraction(1), abs(q)) else None
