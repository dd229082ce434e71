"""Weights at or near given ones, with nearly the same outputs on the samples, at which families of critical points are looked for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from lossproof.numerics.critical.alike_outputs import with_alike_outputs
from lossproof.numerics.critical.identities import shifts_logits
from lossproof.numerics.critical.symmetry_identities import unseen_directions
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_NEARLY_ZERO = Fraction(1, 10**6)
_DEPENDENT = 1e-9


def family_starts(problem: Problem, weights: Weights) -> Iterator[Weights]:
    """Yield the weights with outputs that follow others exactly; without small ones; and others with the same outputs on the samples: with no more incoming
    weights of the first layer than the inputs need to give its ``z``; where units may lie at a kink, with these as they are; and with one unit idle where
    another, or several, do the same.
    """
    small = _with_even_units(problem, _without_small(weights))
    alike = with_alike_outputs(problem, small)
    yield from () if alike is None else (alike,)
    yield small
    seen = _with_even_units(problem, _without_small(_without_unseen(problem, small)))
    if seen != small:
        yield seen
    if problem.architecture.kinked_layers(2) and small.layers[0] != weights.layers[0]:
        yield Weights((weights.layers[0], *small.layers[1:]))
    idle = _with_idle_unit(problem, small)
    if idle is not None:
        yield idle


def _without_unseen(problem: Problem, weights: Weights) -> Weights:
    """Return weights with the same ``z`` of the first layer at all samples, which are 0 wherever a direction that no sample sees allows it."""
    first, directions = weights.layers[0], unseen_directions(problem)
    numbers = (*first.W, *([first.b] if problem.architecture.bias_rows_of(1) else []))
    rows = [[x for x in row if isinstance(x, Fraction)] for row in numbers]
    if any(len(row) < problem.architecture.widths[1] for row in rows):
        return weights
    for direction in directions:
        lead = next(j for j, q in enumerate(direction) if q == 1 and not any(other[j] for other in directions if other is not direction))
        for unit, value in enumerate(tuple(rows[lead])):
            for row, q in zip(rows, direction, strict=True):
                row[unit] -= value * q
    W = tuple(map(tuple, rows[: problem.architecture.widths[0]]))
    return Weights((Layer(W, tuple(rows[-1]) if problem.architecture.bias_rows_of(1) else first.b), *weights.layers[1:]))


@np.errstate(all="ignore")
def _with_idle_unit(problem: Problem, weights: Weights) -> Weights | None:
    """Return weights with the same outputs in which a unit of the last hidden layer has no outgoing weights, as its outputs depend on those of the others.

    None where there is none, and for numbers out of the range of doubles.
    """
    last, a = weights.layers[-1], problem.architecture
    numbers = [*last.W, *[last.b] * a.bias_rows_of(a.L)]
    if a.L == 1 or not all(isinstance(x, Fraction) for row in numbers for x in row) or beyond_doubles(problem, weights) is not None:
        return None
    rows = np.array(numbers, dtype=float)
    features = np.asarray(evaluate(a, problem.samples, weights, Float64Field()).extended_phi(a.L - 1), dtype=float)
    used = np.flatnonzero(np.any(rows != 0, axis=1))
    if not used.size or not np.all(np.isfinite(features)):
        return None
    _, sizes, directions = np.linalg.svd(features[:, used])
    if len(sizes) == used.size and sizes[-1] > _DEPENDENT * sizes[0]:
        return None
    shares, units = directions[-1], used < a.widths[-2]
    if not np.max(np.abs(shares[units]), initial=0.0) > _NEARLY_ZERO:
        return None
    unit = int(np.argmax(np.abs(np.where(units, shares, 0.0))))
    rows[used] -= np.outer(shares / shares[unit], rows[used[unit]])
    rows[used[unit]] = 0
    if not np.all(np.isfinite(rows)):
        return None
    exact = [tuple(Fraction(x) for x in row) for row in rows.tolist()]
    return Weights((*weights.layers[:-1], Layer(tuple(exact[: a.widths[-2]]), exact[-1] if a.bias_rows_of(a.L) else last.b)))


def _without_small(weights: Weights) -> Weights:
    def zeroed(row: tuple[Number, ...]) -> tuple[Number, ...]:
        return tuple(Fraction(0) if isinstance(w, Fraction) and abs(w) <= _NEARLY_ZERO else w for w in row)

    return Weights(tuple(Layer(tuple(map(zeroed, layer.W)), layer.b) for layer in weights.layers))


def _with_even_units(problem: Problem, weights: Weights) -> Weights:
    """Return the weights with the outgoing weights of a unit made equal for softmax where they nearly are."""
    if not shifts_logits(problem) or problem.architecture.L == 1:
        return weights
    last, rows = weights.layers[-1], list[tuple[Number, ...]]()
    for row in last.W:
        numbers = [v for v in row if isinstance(v, Fraction)]
        near = len(numbers) == len(row) and max(numbers) - min(numbers) <= _NEARLY_ZERO
        rows.append((row[0],) * len(row) if near else row)
    return Weights((*weights.layers[:-1], Layer(tuple(rows), last.b)))
