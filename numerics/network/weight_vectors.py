"""Weights in three forms: arrays a layer, the trainable ones as one vector in the order of the rows of ``P``, and exact numbers.

The rows of ``P`` go layer by layer, unit by unit, and for each unit through its incoming weights, the trainable bias last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from lossproof.numerics.fields.ball import BallField, ball_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.evaluation import LayerArrays
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_LEAST_DISTANCE = 2.0**-900

Step = list[LayerArrays]
"""A displacement of the weights: ``(dW_l, db_l)`` of the shapes of ``(W_l, b_l)``; ``dW_l`` or ``db_l`` is 0 where it is not trainable."""


def unit_blocks(architecture: Architecture, flat: Array) -> list[Array]:
    """Return for each layer a copy of its weights with one row a unit: incoming weights, then the trainable bias, ``(n_l, m_l)``."""
    offset, blocks = 0, []
    for l in range(1, architecture.L + 1):
        size = architecture.widths[l] * architecture.fan_in(l)
        blocks.append(np.array(flat[offset : offset + size]).reshape(architecture.widths[l], architecture.fan_in(l)))
        offset += size
    return blocks


def layer_blocks(problem: Problem, flat: Array) -> list[Array]:
    """Return the blocks of `unit_blocks`; those of frozen layers, which have no rows in ``flat``, hold the ``W_l`` of the problem in doubles, unit by unit."""
    pairs, field = enumerate(unit_blocks(problem.architecture, flat), start=1), Float64Field()
    return [block if (frozen := problem.frozen_layer(l)) is None else field.array(frozen.W).T for l, block in pairs]


def rows_of_blocks(problem: Problem, blocks: Sequence[Array]) -> Array:
    """Return the trainable weights of blocks as one vector; the inverse of `layer_blocks`."""
    return np.concatenate([blocks[l - 1].ravel() for l in problem.architecture.trained])


def step_of_rows(architecture: Architecture, flat: Array) -> Step:
    """Return a displacement given in the order of the rows of ``P`` as a step.

    >>> step_of_rows(Architecture.of("2-1"), np.array([1.0, 2.0, 3.0]))[0][1]
    array([3.])
    """
    step = []
    for l, block in enumerate(unit_blocks(architecture, flat), start=1):
        dW = block.T[: architecture.widths[l - 1]] if architecture.fan_in(l) else np.zeros((architecture.widths[l - 1], len(block)))
        step.append((dW, block[:, -1] if architecture.bias_rows_of(l) else np.zeros(len(block))))
    return step


def rows_of_step(architecture: Architecture, step: Sequence[LayerArrays]) -> Array:
    """Return a displacement as one vector in the order of the rows of ``P``; the inverse of `step_of_rows`."""
    parts: list[Array] = []
    for l, (dW, db) in enumerate(step, start=1):
        parts.append(dW.T[:, : architecture.fan_in(l)] if not architecture.bias_rows_of(l) else np.concatenate((dW.T, db[:, None]), axis=1))
    return np.concatenate([part.ravel() for part in parts])


def float_layers(weights: Weights) -> list[LayerArrays]:
    """Return weights in doubles: a pair ``(W_l, b_l)`` a layer."""
    field = Float64Field()
    return [(field.array(layer.W), field.array(layer.b)) for layer in weights.layers]


def flat_weights(problem: Problem, weights: Weights) -> Array:
    """Return the trainable weights in doubles, in the order of the rows of ``P``."""
    return rows_of_step(problem.architecture, float_layers(weights))


def layer_arrays(problem: Problem, flat: Array) -> list[LayerArrays]:
    """Return ``(W_l, b_l)`` in doubles from the trainable weights, fixed biases and frozen layers as the problem has them; the inverse of `flat_weights`."""
    layers, field = step_of_rows(problem.architecture, flat), Float64Field()
    for k, (W, _) in enumerate(layers):
        frozen, constants = problem.frozen_layer(k + 1), problem.fixed_bias and problem.fixed_bias[k]
        if frozen is not None:
            layers[k] = field.array(frozen.W), field.array(frozen.b)
        elif constants is not None:
            layers[k] = W, field.array(constants)
    return layers


def weights_of_layers(problem: Problem, layers: Sequence[LayerArrays], exact: Callable[[Any], Fraction] = Fraction) -> Weights:
    """Return layers as exact weights, each entry by ``exact``; fixed biases and frozen layers are those of the problem."""
    found = []
    for l, (W, b) in enumerate(layers, start=1):
        frozen = problem.frozen_layer(l)
        if frozen is not None:
            found.append(frozen)
            continue
        fixed = None if problem.fixed_bias is None else problem.fixed_bias[l - 1]
        bias = tuple(map(exact, b.tolist())) if fixed is None else fixed
        found.append(Layer(tuple(tuple(map(exact, row)) for row in W.tolist()), bias))
    return Weights(tuple(found))


def weights_of_rows(problem: Problem, flat: Array) -> Weights:
    """Return exact weights from the trainable ones, doubles or fractions, in the order of the rows of ``P``; fixed biases are those of the problem.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1"), error_named("squared"), Samples.of([[1]], [[5]]))
    >>> weights_of_rows(problem, np.array([0.5, 3.0])).layers[0].W
    ((Fraction(1, 2),),)
    """
    return weights_of_layers(problem, step_of_rows(problem.architecture, flat))


def all_entries(layers: Sequence[LayerArrays]) -> Array:
    """Return all entries of some layers as one vector, biases that are not trainable included: for distances."""
    return np.concatenate([part.ravel() for layer in layers for part in layer])


def is_small_beside(distance: Fraction, architecture: Architecture, weights: Weights, share: Fraction) -> bool:
    """Tell whether a distance is at most a share of the size of the largest trainable weight, as balls of 64 bits show.

    >>> a = Architecture.of("1-1", bias="none")
    >>> is_small_beside(Fraction(1), a, Weights.of(a, [([[200]], None)]), Fraction(1, 100))
    True
    """
    field, layers = BallField(), enumerate(weights.layers, start=1)
    with ball_precision(field.precision):
        reach = field.embed(distance / share)
        rows = (row for l, layer in layers for row in (*layer.W, layer.b)[: architecture.fan_in(l)])
        return any(bool(abs(field.embed(x)) >= reach) for row in rows for x in row)


def distance_bound(problem: Problem, start: Weights, end: Weights, radius: Fraction, precision: int) -> Fraction | None:
    """Return a short number above the Euclidean distance, in all trainable weights, of some weights from any in the box of a radius around others.

    None where it is beyond all doubles.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1"), error_named("squared"), Samples.of([[1]], [[5]]))
    >>> start, end = (weights_of_rows(problem, np.array(flat)) for flat in ([0.0, 0.0], [3.0, 4.0]))
    >>> found = distance_bound(problem, start, end, Fraction(0), 64)
    >>> 5 < found < 5.0001
    True
    """
    a, field = problem.architecture, BallField(precision)
    with ball_precision(precision):
        total = arb(0)
        for l, (one, other) in enumerate(zip(start.layers, end.layers, strict=True), start=1):
            pairs = [(x, y) for rows in zip(one.W, other.W, strict=True) for x, y in zip(*rows, strict=True)]
            pairs += zip(one.b, other.b, strict=True) if a.bias_rows_of(l) else ()
            total += sum(((field.embed(x) - field.embed(y)).abs_upper() ** 2 for x, y in pairs), arb(0))
        length = total.sqrt() + arb(a.N_net).sqrt() * ball_of(radius)
    mantissa, exponent = math.frexp(float(length.upper()) * (1 + 2.0**-20) + _LEAST_DISTANCE)
    return None if not math.isfinite(mantissa) else Fraction(math.ceil(mantissa * 2**20), 2**20) * Fraction(2) ** exponent
