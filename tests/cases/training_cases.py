"""Problems for the tests of training."""

from __future__ import annotations

import numpy as np

from lossproof.numerics.network.points import random_fixed_bias
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])
ERRORS = ("squared", "smooth-l1:1/4", "cauchy:1/4", "blake-zisserman:1/2", "logistic", "softmax")
ACTIVATIONS = (
    "sigmoid",
    "tanh",
    "softsign",
    "softplus",
    "bent-identity",
    "leaky-relu:1/10",
    "relu",
    "elu",
    "gelu",
    "silu",
    "arctan",
    "erf",
    "sin",
    "power:2",
)


def random_problem(widths=(3, 4, 2), T=5, *, activation="tanh", output="identity", error="squared", bias="trainable", seed=0) -> Problem:
    g = np.random.default_rng(seed)
    X = g.standard_normal((T, widths[0]))
    Y = g.standard_normal((T, widths[-1])) if error not in ("logistic", "softmax") else g.integers(1, 9, (T, widths[-1])) / 16
    if error == "softmax":
        Y[:, -1] = 1 - Y[:, :-1].sum(axis=1)
    a = Architecture.of(widths, activation, output, bias)
    fixed = random_fixed_bias(a, seed) if bias == "fixed" else None
    return Problem(a, error_named(error), Samples.of(X, Y), fixed)
