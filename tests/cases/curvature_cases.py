"""Small networks of every kind at weights drawn from a seed, and Hessians with known eigenvalues, for tests of second derivatives in doubles."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

from cases.kernel_draft import Draft, layer
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

NETWORKS = (
    ("1-1", "squared"),
    ("2-3-1", "squared"),
    ("2-3-2-2", "smooth-l1:1"),
    ("2-2-3-2-1", "logistic"),
    ("2-3-3", "softmax"),
    ("3-2", "softmax"),
)
ACTIVATIONS = ("tanh", "sigmoid", "softplus", "softsign", "relu", "elu", "gelu", "power:3", "arctan", "identity")


def network(widths, activation, error, bias="trainable", seed=1, T=6):
    """A problem with its weights; inputs up to 4 and weights up to 3/2 in size."""
    g = random.Random(f"{widths} {activation} {error} {seed}")
    number = lambda size, parts: Fraction(g.randint(-size * parts, size * parts), parts)  # noqa: E731
    a = Architecture.of(widths, activation, output_activation="tanh" if error == "smooth-l1:1" else "identity", bias=bias)
    n = a.widths
    X = [[number(4, 7) for _ in range(n[0])] for _ in range(T)]
    if error == "softmax":
        Y = [[int(k == i % n[-1]) for k in range(n[-1])] for i in range(T)]
    else:
        Y = [[Fraction(g.randint(1, 9), 10) for _ in range(n[-1])] for _ in range(T)]
    layers = [
        ([[number(1, 32) * 3 / 2 for _ in range(m)] for _ in range(k)], [number(1, 32) if bias == "trainable" else 0 for _ in range(m)])
        for k, m in pairwise(n)
    ]
    return Problem(a, error_named(error), Samples.of(X, Y)), Weights.of(a, layers)


def moved(weights, radius, seed, bias="trainable"):
    """Weights at corners of the box of a radius, or inside it."""
    g = random.Random(seed)
    shift = lambda x: x + radius * g.choice((-1, 1, Fraction(1, 3)))  # noqa: E731
    layers = [
        ([[shift(x) for x in row] for row in layer.W], [shift(x) if bias == "trainable" else x for x in layer.b])
        for layer in weights.layers
    ]
    return Weights.of(layers_of(weights), layers)


def layers_of(weights):
    """An architecture of the right widths."""
    widths = [len(weights.layers[0].W), *(len(layer.b) for layer in weights.layers)]
    return Architecture.of(tuple(widths), "tanh")


def planted(j, concave):
    """The problem of a certificate: two weights, no bias, and at 0 a critical point. ``T H`` has the eigenvalue 1.92, and
    ``-0.48·10^{-2j}`` or ``1.92·10^{-2j}``.

    The axes are (3/5, 4/5) and (−4/5, 3/5). On each lie two equal inputs with opposite targets; Cauchy's error is convex at ±1/2, concave at ±2.
    """
    first, second = ["3/5", "4/5"], [str(Fraction(x, 5 * 10**j)) for x in (-4, 3)]
    target = "2" if concave else "1/2"
    targets = [["1/2"], ["-1/2"], [target], ["-" + target]]
    zero = layer([["0"], ["0"]], ["0"])
    return Draft((2, 1), [first, first, second, second], targets, [zero], error="cauchy:1", bias="none")
