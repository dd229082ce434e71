"""Rational weights near given ones at which hidden units are exactly on their kinks, and which are a local minimum; the formulas stand in `kink_search`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, cast

import numpy as np

from lossproof.numerics.critical.kink_search import descends_onto_kinks
from lossproof.numerics.critical.kinks import kink_multipliers
from lossproof.numerics.critical.least_squares import rounded, solve_least_squares
from lossproof.numerics.critical.symmetries import homogeneity
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.ranks.rational_kernel import reduced_kernel
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_CLOSE = 1e-6
_PARTS = 2**20

Row = list[Fraction]


def point_on_kinks(problem: Problem, weights: Weights) -> Weights | None:
    """Return rational weights near the given ones, a proved local minimum with units on kinks; None where no kink is near, or there is no such minimum.

    Units within ``10^-6`` of a kink are put there, and the loss of the cell between is made least (`descends_onto_kinks` tells for which problems). Where
    the largest incoming weight of a unit of a homogeneous activation is nearly ±1, it is made so.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> samples = Samples.of([[-1], [0], [1], [2]], [[1], [-2], [5], [5]])
    >>> problem = Problem(Architecture.of("1-1-1", "relu"), error_named("squared"), samples)
    >>> point_on_kinks(problem, Weights.of(problem.architecture, [([[0.99999999]], [1e-9]), ([[3.0000001]], [1e-8])])).layers[1]
    Layer(W=((Fraction(3, 1),),), b=(Fraction(0, 1),))
    """
    if not descends_onto_kinks(problem) or not weights.is_rational() or beyond_doubles(problem, weights) is not None:
        return None
    z = evaluate(problem.architecture, problem.samples, weights, Float64Field()).z[1].astype(float)
    ends = [piece.upper for piece in problem.architecture.activation.affine_pieces if piece.upper is not None]
    sizes = np.max(np.abs(z), axis=0, initial=1.0)
    pins: list[dict[int, Fraction]] = [
        {i: kink for i in range(problem.T) for kink in ends if abs(z[i, k] - float(kink)) <= _CLOSE * sizes[k]} for k in range(z.shape[1])
    ]
    if not any(pins):
        return None
    found = _fitted(problem, weights, [_unit(problem, weights, k, z[:, k], pins[k]) for k in range(z.shape[1])])
    return None if found is None or kink_multipliers(problem, found) is None else found


class _Unit(NamedTuple):
    """A hidden unit: near ``q = (p, v)``, which varies by the vectors of ``basis``; what it adds to the outputs is the product of the ``features`` with q.

    Where ``v`` is nearly 0, it is 0, and q stays ``(w, 0)`` instead, without features.
    """

    q: Row
    basis: list[Row]
    features: list[Row]


def _unit(problem: Problem, weights: Weights, k: int, z: Array, pins: Mapping[int, Fraction]) -> _Unit:
    """Return unit k, on its kinks at the samples ``pins``, and on the pieces that the doubles z name elsewhere."""
    hidden, output, trainable = *weights.layers, problem.architecture.bias == "trainable"
    b, x = _plain(hidden.b[k]), [[*row, *[Fraction(1)] * trainable] for row in problem.samples.X]
    fixed, v = Fraction(0) if trainable else b, _plain(rounded(output.W[k][0], _PARTS))
    w = [*(_plain(row[k]) for row in hidden.W), *[b] * trainable]
    if abs(v) <= _CLOSE:
        return _Unit([*w, Fraction(0)], [], [[Fraction(0)] * (len(w) + 1)] * problem.T)
    features = []
    for i, row in enumerate(x):
        pieces = problem.architecture.activation.affine_pieces
        piece = next(p for p in pieces if p.upper is None or z[i] <= float(p.upper) or pins.get(i) == p.upper)
        slope, at = (Fraction(0), pins[i]) if i in pins else (piece.slope, fixed)
        features.append([*(slope * q for q in row), piece.slope * at + piece.intercept])
    start = [*(q * v for q in w), v]
    walls = [[*x[i], fixed - kink] for i, kink in pins.items()] or [[Fraction(0)] * len(start)]
    basis = reduced_kernel(walls)
    places = [max(c for c, q in enumerate(vector) if q) for vector in basis]
    return _Unit(_sum(basis, [_plain(rounded(start[c], _PARTS)) for c in places], len(start)), basis, features)


def _fitted(problem: Problem, weights: Weights, units: Sequence[_Unit]) -> Weights | None:
    """Return the weights of least squares, next to those of the units; None where an output weight is 0 then, or of the other sign."""
    trainable, T = problem.architecture.bias == "trainable", problem.T
    b = _plain(rounded(weights.layers[1].b[0], _PARTS)) if trainable else _plain(weights.layers[1].b[0])
    rest = [sum((_product(unit.features[i], unit.q) for unit in units), b - row[0]) for i, row in enumerate(problem.samples.Y)]
    columns = [[_product(row, vector) for row in unit.features] for unit in units for vector in unit.basis] + [
        [Fraction(1)] * T
    ] * trainable
    moves = [
        from_flint(row[0])
        for row in solve_least_squares([list(map(to_flint, column)) for column in columns], [[to_flint(r)] for r in rest])
    ]
    incoming, outgoing, scalable = list[Row](), list[Fraction](), homogeneity(problem, 1) == 1 and problem.fixed_bias is None
    for unit, old in zip(units, weights.layers[1].W, strict=True):
        change, moves = moves[: len(unit.basis)], moves[len(unit.basis) :]
        *p, v = [q + move for q, move in zip(unit.q, _sum(unit.basis, change, len(unit.q)), strict=True)]
        if unit.basis and v * _plain(old[0]) <= 0:
            return None
        w = [q / v for q in p] if unit.basis else p
        scale = max(map(abs, w)) if scalable and abs(max(map(abs, w)) - 1) <= _CLOSE else Fraction(1)
        incoming.append([q / scale for q in w])
        outgoing.append(v * scale)
    rows = list(zip(*incoming, strict=True))
    first = Layer(tuple(rows[: problem.architecture.widths[0]]), rows[-1] if trainable else weights.layers[0].b)
    return Weights((first, Layer(tuple((v,) for v in outgoing), (b + sum(moves),))))


def _product(u: Sequence[Fraction], v: Sequence[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(u, v, strict=True)), Fraction(0))


def _sum(vectors: Sequence[Row], factors: Sequence[Fraction], size: int) -> Row:
    return [sum((f * vector[c] for f, vector in zip(factors, vectors, strict=True)), Fraction(0)) for c in range(size)]


def _plain(q: Number) -> Fraction:
    """Return a weight, which is rational, as `point_on_kinks` has seen."""
    return cast(Fraction, q)
