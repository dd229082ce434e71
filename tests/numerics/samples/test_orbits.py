"""Symmetries of the samples against networks with random weights."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
from flint import arb, fmpq

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.formal_polynomial import SymbolTable
from lossproof.numerics.fields.known_values import known_value
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.points import random_fixed_bias, random_weights
from lossproof.numerics.samples.orbits import clash, orbits, output_of_orbit
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES, activation_named
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

NAMES = [{"power": "power:3", "leaky-relu": "leaky-relu:1/10", "swish": "swish:3/2"}.get(name, name) for name in ACTIVATION_FAMILIES]
NAMES += ["power:1", "power:2"]
X = [[1, 2], [-1, -2], [0, 0], [3, 6], ["-1/2", -1], [1, 2], [2, -1], ["2/3", "-1/3"], [0, 5], [0, -5]]
BITS = 256


def problem_of(activation, output="identity", widths="2-3-2", bias="none", Y=None, error="squared"):
    a = Architecture.of(widths, activation, output, bias)
    targets = [[0] * a.n_L] * len(X) if Y is None else Y
    zeros = tuple((Fraction(0),) * n for n in a.widths[1:])
    return Problem(a, error_named(error), Samples.of(X, targets), zeros if bias == "fixed" else None)


def last_z(problem, seed):
    return evaluate(problem.architecture, problem.samples, random_weights(problem, seed), BallField(BITS)).z[problem.architecture.L]


@pytest.mark.parametrize("bias", ["none", "fixed"])
@pytest.mark.parametrize("widths", ["2-2", "2-3-2", "2-3-2-1"])
@pytest.mark.parametrize("activation", NAMES)
def test_samples_of_one_orbit_have_outputs_in_a_fixed_ratio(activation, widths, bias):
    problem = problem_of(activation, widths=widths, bias=bias)
    found = orbits(problem)
    for seed in range(3):
        z = last_z(problem, seed)
        with ball_precision(BITS):
            for i, orbit in enumerate(found):
                differences = z[i] - z[orbit.first] * arb(orbit.factor.numerator) / orbit.factor.denominator
                assert all(difference.contains(0) and difference.rad() < 1e-30 for difference in differences)


@pytest.mark.parametrize("activation", NAMES)
def test_samples_of_different_orbits_have_no_fixed_ratio(activation):
    """No symmetry is overlooked: the ratios of the outputs of other pairs differ from weights to weights."""
    problem = problem_of(activation, widths="2-3-1")
    found, tables = orbits(problem), [last_z(problem, seed) for seed in range(4)]
    for i, k in itertools.combinations(range(len(X)), 2):
        if found[i].first != found[k].first and found[i].factor != 0 != found[k].factor:
            crossed = [a[i, 0] * b[k, 0] - a[k, 0] * b[i, 0] for a, b in itertools.combinations(tables, 2)]
            zero_column = problem.architecture.activation.family == "relu"
            assert any(not value.contains(0) for value in crossed) or zero_column, (X[i], X[k])


def test_a_bias_leaves_equal_inputs_only():
    for bias, fixed in (("trainable", None), ("fixed", random_fixed_bias(Architecture.of("2-3-2", "tanh", bias="fixed"), 1))):
        a = Architecture.of("2-3-2", "tanh", bias=bias)
        problem = Problem(a, error_named("squared"), Samples.of(X, [[0, 0]] * len(X)), fixed)
        assert [(o.first, o.factor) for o in orbits(problem)] == [(0 if i == 5 else i, 1) for i in range(len(X))]


@pytest.mark.parametrize("output", NAMES)
def test_targets_that_networks_give_never_clash(output):
    """Exact outputs of rational networks are targets that go together; of others the rational ones."""
    generator = random.Random(output)
    for hidden in ("power:2", "power:3", "relu", "leaky-relu:1/10", "identity", "tanh"):
        problem = problem_of(hidden, output)
        factors = {orbit.factor for orbit in orbits(problem)} | {Fraction(-1), Fraction(2), Fraction(1, 3)}
        for factor in factors:
            x = Fraction(generator.randint(-8, 8), 4)
            y, image = (exact(output, x), exact(output, factor * x))
            if y is not None:
                told = output_of_orbit(problem, factor, y)
                assert told is None or image is None or told == image


def exact(name, z):
    """The value of an activation at a rational, where that is a rational on record."""

    value = known_value(activation_named(name), 0, fmpq(z.numerator, z.denominator), SymbolTable())
    return Fraction(int(value.p), int(value.q)) if isinstance(value, fmpq) else None


CLASHES = [
    ("tanh", "identity", [[1], [1]], [[1, 2], [-1, -2]], (0, 1)),
    ("tanh", "identity", [[1], [-1]], [[1, 2], [-1, -2]], None),
    ("tanh", "sigmoid", [["1/4"], ["1/4"]], [[1, 2], [-1, -2]], None),
    ("tanh", "tanh", [["1/4"], ["1/4"]], [[1, 2], [-1, -2]], (0, 1)),
    ("power:2", "identity", [[1], [2]], [[1, 2], [-1, -2]], (0, 1)),
    ("power:2", "identity", [[1], [4]], [[1, 2], [2, 4]], None),
    ("power:2", "identity", [[1], [2]], [[1, 2], [2, 4]], (0, 1)),
    ("relu", "identity", [[1], [-2]], [[1, 2], [2, 4]], (0, 1)),
    ("relu", "relu", [[1], [2]], [[1, 2], [2, 4]], None),
    ("relu", "identity", [[1], [-1]], [[1, 2], [-1, -2]], None),
    ("sigmoid", "identity", [[1], [2]], [[0, 0], [1, 2]], None),
    ("tanh", "identity", [[1], [2]], [[0, 0], [1, 2]], (0,)),
    ("tanh", "sigmoid", [["1/2"], ["1/3"]], [[0, 0], [1, 2]], None),
    ("tanh", "sigmoid", [["1/3"], ["1/3"]], [[0, 0], [1, 2]], (0,)),
    ("identity", "identity", [[1], [3]], [[1, 2], [2, 4]], (0, 1)),
    ("swish:3/2", "identity", [[1], [1]], [[1, 2], [-1, -2]], None),
    ("hard-tanh", "identity", [[1], [1]], [[1, 2], [-1, -2]], (0, 1)),
]


@pytest.mark.parametrize(("hidden", "output", "Y", "inputs", "expected"), CLASHES)
def test_clashes(hidden, output, Y, inputs, expected):
    problem = Problem(Architecture.of("2-3-1", hidden, output, "none"), error_named("squared"), Samples.of(inputs, Y))
    assert clash(problem) == expected


def test_long_scales_are_left_alone():
    inputs = [[1], [f"{7**400}/3"]]
    problem = Problem(Architecture.of("1-2-2-2-2-2-1", "power:9", bias="none"), error_named("squared"), Samples.of(inputs, [[1], [2]]))
    assert [orbit.factor for orbit in orbits(problem)] == [1, 1]
