"""Activations, errors and small random networks that the tests of the fields share."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

from flint import arb, fmpq

from lossproof.numerics.fields.precision import ball_precision
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

ACTIVATIONS = (
    "sigmoid", "tanh", "softsign", "softplus", "bent-identity", "identity", "relu", "leaky-relu:1/10", "elu", "gelu", "silu",
    "swish:1/3", "swish:5/2", "mish", "arctan", "erf", "sin", "hard-tanh", "power:1", "power:2", "power:5",
)  # fmt: skip
ERRORS = ("squared", "smooth-l1:1/4", "blake-zisserman:1/10", "cauchy:1/4", "logistic", "softmax")
RATIONAL_ACTIVATIONS = ("softsign", "identity", "relu", "leaky-relu:1/10", "hard-tanh", "power:2", "power:3")
POINTS = tuple(Fraction(p) for p in ("-40", "-6", "-7/3", "-1", "-1/10", "1/1000", "1/3", "1", "5/2", "7", "60"))
EXTREMES = tuple(Fraction(p) for p in (-1e3, 1e3, -800.0, 800.0, 1e-300, -1e-300, 5e-324))
SHAPES = ((2, 1), (2, 2, 1), (1, 3, 2), (2, 3, 2, 2))


def smooth(name, order, points=POINTS):
    """Return the points at which an activation has a derivative of this order."""
    return [point for point in points if point not in activation_named(name).kinks(order)]


def random_problem(
    seed, widths, activation="tanh", output="identity", bias="trainable", error="squared", samples=3, denominators=(101, 103, 107)
):
    """Return a problem and weights with random fractions, never 0, whose sums hardly ever vanish, so that no kink is met by accident."""
    source = random.Random(f"{seed} {widths} {activation} {output} {bias}")

    def number():
        denominator = source.choice(denominators)
        return Fraction(source.choice([-1, 1]) * source.randint(1, 3 * denominator), denominator)

    architecture = Architecture.of(widths, activation, output, bias)
    X = [[number() for _ in range(widths[0])] for _ in range(samples)]
    Y = _targets(source, error, samples, widths[-1])
    pairs = []
    for m, n in pairwise(widths):
        b = None if bias == "none" else [number() for _ in range(n)]
        pairs.append(([[number() for _ in range(n)] for _ in range(m)], b))
    fixed = tuple(tuple(b) for _, b in pairs) if bias == "fixed" else None
    return Problem(architecture, error_named(error), Samples.of(X, Y), fixed), Weights.of(architecture, pairs)


def _targets(source, error, samples, n_L):
    if error == "softmax":
        rows = [[Fraction(source.randint(1, 5)) for _ in range(n_L)] for _ in range(samples)]
        return [[y / sum(row) for y in row] for row in rows]
    return [[Fraction(source.randint(0, 6), 6) for _ in range(n_L)] for _ in range(samples)]


def real(value):
    """Return an mpmath number of any context, an ``fmpq`` or an exact number as a fraction."""
    if hasattr(value, "_mpf_"):
        sign, mantissa, exponent, _ = value._mpf_
        return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return Fraction(int(value.p), int(value.q)) if isinstance(value, fmpq) else Fraction(value)


def contains(ball, value, slack=0):
    """Tell whether a ball, widened by ``slack``, contains an exact number."""
    with ball_precision(4000):
        exact = real(value)
        distance = abs((ball - exact.numerator / arb(exact.denominator)).mid())
        return distance <= ball.rad() + slack
