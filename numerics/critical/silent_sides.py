"""Weights beside kinks, where units that are 0 below theirs are silent: for several outputs, whose critical points may end on kinks."""

from __future__ import annotations

import numpy as np

from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.weight_vectors import float_layers, weights_of_layers
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_CLOSE = 1e-6
_STEP = 2.0**-10


def on_silent_sides(problem: Problem, weights: Weights) -> Weights | None:
    """Return weights whose hidden units are silent at the samples where those of the given ones are on a kink, as far as doubles tell; None without any.

    At a kink with ``v_k·ε_i = 0`` critical points of the cell in which the unit is silent may end. For one hidden layer of units that are 0 below 0.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1-2", "relu"), error_named("squared"), Samples.of([[0], [1]], [[1, 1], [2, 0]]))
    >>> moved = on_silent_sides(problem, Weights.of(problem.architecture, [([[1]], [0]), ([[1, 2]], [0, 0])])).layers[0]
    >>> float(moved.W[0][0]), float(moved.b[0])
    (1.0, -0.0009765625)
    """
    a = problem.architecture
    if a.L != 2 or not a.activation_of(1).is_silent_below or beyond_doubles(problem, weights) is not None:
        return None
    passed, rest = evaluate(a, problem.samples, weights, Float64Field()), samples_at_rest(problem, 1)
    x, z = passed.extended_phi(0), passed.z[1]
    sizes = np.max(np.abs(z), axis=0, initial=0.0)
    met = np.abs(z) <= _CLOSE * sizes
    met[rest] = False
    if not met.any():
        return None
    (W, b), last = float_layers(weights)
    for k in np.flatnonzero(met.any(axis=0)):
        at = met[:, k]
        step = np.linalg.lstsq(x[at], np.full(int(at.sum()), -_STEP * sizes[k]), rcond=None)[0]
        W[:, k] += step[: len(W)]
        b[k] += step[-1] if a.bias_rows_of(1) else 0.0
    return weights_of_layers(problem, [(W, b), last])
