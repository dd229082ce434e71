"""Relations of the inputs against the order of the targets, against a brute-force search of directions; bounds of preimages against mpmath."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from lossproof.numerics.samples.order_relation import order_relations
from lossproof.numerics.samples.preimages import preimage_bounds
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples


def problem_of(X, y, activation, widths=None):
    architecture = Architecture.of(widths or (len(X[0]), 1, 1), activation=activation)
    return Problem(architecture, error_named("squared"), Samples.of(X, [[t] for t in y]))


def can_order(X, y, strict):
    """Whether some direction in the plane orders the inputs as the targets are; all that matter lie between those orthogonal to differences."""
    points = np.array(X, dtype=float)
    angles = sorted(
        {float(np.arctan2(d[0], -d[1]) + turn) for a in points for b in points for d in [a - b] if d.any() for turn in (0, np.pi)}
    )
    angles += [(a + b) / 2 for a, b in pairwise([*angles, angles[0] + 2 * np.pi])]
    for angle in angles:
        z = np.round(points @ [np.cos(angle), np.sin(angle)], 9)
        pairs = [(a, b, s, t) for a, s in zip(z, y, strict=True) for b, t in zip(z, y, strict=True)]
        if all(a < b for a, b, s, t in pairs if s < t) and (not strict or all(a == b for a, b, s, t in pairs if s == t)):
            return True
    return False


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("seed", range(40))
def test_a_relation_is_found_where_no_direction_orders_the_inputs(seed, activation):
    generator = np.random.default_rng(seed)
    T = int(generator.integers(3, 7))
    X = [[int(q) for q in row] for row in generator.integers(-2, 3, (T, 2))]
    X = [list(x) for x in dict.fromkeys(map(tuple, X))]
    y = [int(q) for q in generator.integers(0, 3, len(X))]
    if len(set(y)) == 1:
        y[0] += 1
    problem = problem_of(X, y, activation)
    strict = activation == "tanh"
    found = dict(order_relations(problem)).get(0)
    assert (found is None) == can_order(X, y, strict)
    if found is not None:
        assert sum(found) == 0
        assert all(sum(k * x[a] for k, x in zip(found, X, strict=True)) == 0 for a in range(2))
        assert sum(k * t for k, t in zip(found, y, strict=True)) > 0


def test_networks_that_are_not_monotone_have_none():
    X, y = [[0], [1], [2]], [0, 1, 0]
    assert list(order_relations(problem_of(X, y, "tanh")))
    assert list(order_relations(problem_of(X, y, "tanh", (1, 1, 1, 1))))
    for activation, widths in (("gelu", (1, 1, 1)), ("power:2", (1, 1, 1)), ("tanh", (1, 2, 1)), ("tanh", (1, 1, 2, 1))):
        assert not list(order_relations(problem_of(X, y, activation, widths)))
    assert not list(order_relations(problem_of(X, [1, 1, 1], "tanh")))
    assert not list(order_relations(problem_of([[0], [1]], [0, 1], "tanh")))


INVERSES = {
    "sigmoid": lambda y: mpmath.log(y / (1 - y)),
    "tanh": mpmath.atanh,
    "arctan": mpmath.tan,
    "softplus": lambda y: mpmath.log(mpmath.expm1(y)),
    "softsign": lambda y: y / (1 - abs(y)),
    "leaky-relu:1/100": lambda y: y if y > 0 else 100 * y,
}


@pytest.mark.parametrize("name", INVERSES)
def test_preimages_lie_between_their_bounds(name):
    with mpmath.workdps(60):
        for y in (Fraction(1, 3), Fraction(1, 10**6), Fraction(999, 1000), Fraction(1, 2), Fraction(3, 7)):
            lower, upper = preimage_bounds(activation_named(name), y)
            z = INVERSES[name](mpmath.mpf(y.numerator) / y.denominator)
            assert mpmath.mpf(lower.numerator) / lower.denominator < z < mpmath.mpf(upper.numerator) / upper.denominator
            assert upper - lower < Fraction(1, 2**50)


def test_values_that_are_not_taken_have_no_bounds():
    assert preimage_bounds(activation_named("sigmoid"), Fraction(1)) is None
    assert preimage_bounds(activation_named("tanh"), Fraction(-2)) is None
    assert preimage_bounds(activation_named("identity"), Fraction(10**9)) is None
