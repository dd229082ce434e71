"""The constants of the theorem of Newton and Kantorovich in the kernel: each against many digits or samples, and those of the numerics."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.kernel_draft import Draft, layer
from cases.learner_problems import LIPSCHITZ, check_slopes, document_of, least_singular_value, planted, sampled_lipschitz

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import PRECISION, DoubleRing
from lossproof.certificates.kernel.network.gram import is_above_by_cholesky, is_above_by_inverse, network_at
from lossproof.certificates.kernel.network.lipschitz import _slopes, derivative_bounds
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.verified.derivative_bounds import derivative_bounds as bounds_of_the_prover
from lossproof.numerics.verified.derivative_bounds import point_norms
from lossproof.numerics.verified.enclosures import Enclosure, exact_floats
from lossproof.numerics.verified.forward_backward import enclose_pass
from lossproof.numerics.verified.slope_bounds import slope_bounds
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

SHAPES = [
    ((3, 8), 2, "sigmoid", "trainable"),
    ((2, 7, 2), 5, "identity", "fixed"),
    ((2, 4, 4, 2), 5, "tanh", "none"),
    ((3, 4, 3, 4, 1), 6, "sin", "trainable"),
]


@pytest.fixture(autouse=True)
def _precision():
    with ball_precision(PRECISION), np.errstate(all="ignore"):
        yield


def kernel_pass(draft):
    """The network of a draft in doubles, with the output derivative in its place, as the rules about learners take it."""
    problem = read_problem(draft.document["problem"])
    point = read_points(draft.document["points"], problem)[0]
    return problem, network_at(Work(), problem, point, range(1, problem.L + 1), strip=False, weighted=True)


@pytest.mark.parametrize("method", [is_above_by_cholesky, is_above_by_inverse])
@pytest.mark.parametrize(
    ("widths", "T", "output"), [((3, 8), 2, "sigmoid"), ((2, 7, 2), 5, "identity"), ((2, 4, 4, 2), 5, "tanh"), ((3, 4, 3, 4, 1), 6, "sin")]
)
def test_smallest_singular_value_against_many_digits(widths, T, output, method):
    problem, weights = planted(widths, T, "tanh", output, seed=T)
    _, found = kernel_pass(document_of(problem, weights))
    true = float(least_singular_value(problem, weights, found.scale))
    assert method(Work(), found, (0.99 if method is is_above_by_cholesky else 1 / (2 * found.scale.size)) * true)
    for factor in (1.000001, 1.1, 2.0, 1e6, float("nan")):
        assert not method(Work(), found, factor * true)


@pytest.mark.parametrize("output", ["identity", "tanh", "gelu"])
@pytest.mark.parametrize("inexact", [False, True])
def test_residuals_are_enclosed(output, inexact):
    """Against many digits, at doubles and at weights and samples that are no doubles."""
    problem, weights = planted((3, 5, 4, 2), 6, "silu", output, seed=8)
    if inexact:
        thirds = lambda rows: [[Fraction(round(3000 * float(x)), 3001) for x in row] for row in rows]  # noqa: E731
        layers = [(thirds(part.W), thirds([part.b])[0]) for part in weights.layers]
        weights = Weights.of(problem.architecture, layers)
        problem = Problem(problem.architecture, problem.error, Samples.of(thirds(problem.samples.X), thirds(problem.samples.Y)))
    point = [layer([list(map(str, row)) for row in part.W], list(map(str, part.b))) for part in weights.layers]
    text = lambda rows: [list(map(str, row)) for row in rows]  # noqa: E731
    draft = Draft((3, 5, 4, 2), text(problem.samples.X), text(problem.samples.Y), point, activation="silu", output_activation=output)
    read, network = kernel_pass(draft)
    F, Y = network.passed.phi[-1], DoubleRing(Work()).array(read.Y)
    field = MpmathField(50)
    exact_outputs = evaluate(problem.architecture, problem.samples, weights, field).phi[3]
    for found, true in ((F, exact_outputs), (Y, field.array(problem.samples.Y))):
        for exact, mid, rad in zip(true.ravel(), found.mid.ravel(), found.rad.ravel(), strict=True):
            assert abs(exact - field.context.mpf(mid)) <= field.context.mpf(rad)
            assert rad < 1e-12


@pytest.mark.parametrize("activation", LIPSCHITZ)
@pytest.mark.parametrize(("widths", "T", "output", "bias"), SHAPES)
def test_lipschitz_constants_against_samples(activation, widths, T, output, bias):
    problem, weights = planted(widths, T, activation, output, bias, seed=3, scale=0.2 if activation.startswith("power") else 1.0)
    read, found = kernel_pass(document_of(problem, weights))
    for radius in (1e-4, 0.05, 1.0):
        assert derivative_bounds(Work(), read, found.curve, found.passed, found.scale, radius)[1] >= sampled_lipschitz(
            problem, weights, radius, found.scale
        ) * (1 - 1e-6)


@pytest.mark.parametrize("activation", [*LIPSCHITZ, "leaky-relu:1/10"])
@pytest.mark.parametrize(("widths", "T", "output", "bias"), SHAPES)
def test_lipschitz_constants_are_near_those_of_the_numerics(activation, widths, T, output, bias):
    """The numerics leave an eighth to spare: a bound of the kernel that is larger by more would refuse what they find."""
    problem, weights = planted(widths, T, activation, output, bias, seed=3, scale=0.2 if activation.startswith("power") else 1.0)
    read, found = kernel_pass(document_of(problem, weights))
    layers = [(np.array(part.W, dtype=float), np.array(part.b, dtype=float)) for part in weights.layers]
    passed = enclose_pass(problem.architecture, exact_floats(np.array(problem.samples.X, dtype=float)), layers, strip_output=False)
    for radius in (1e-9, 1e-5):
        theirs = bounds_of_the_prover(passed, point_norms(passed), radius, found.scale)[1]
        assert derivative_bounds(Work(), read, found.curve, found.passed, found.scale, radius)[1] <= 1.001 * theirs


@pytest.mark.parametrize("name", [*LIPSCHITZ, "relu", "leaky-relu:1/10"])
def test_slopes_over_intervals(name):
    """Narrow, wide and very wide intervals, in saturation too."""
    activation = activation_named(name)
    g = np.random.default_rng(1)
    mid = np.concatenate([g.standard_normal(60) * 10.0 ** g.integers(-3, 3, 60), [0.5, -0.5, 30.0, -30.0, 400.0, -400.0]])
    rad = np.concatenate([np.abs(mid[:60]) * g.random(60) * 0.9, [0.0, 0.1, 29.0, 1e-9, 1.0, 399.0]])
    if "relu" not in name:
        mid, rad = np.concatenate([mid, [0.0, 0.3, -2.0]]), np.concatenate([rad, [1.0, 5.0, 3.0]])
    check_slopes(activation, mid, rad, *_slopes(Work(), activation, mid, rad))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "erf", "gelu", "silu", "softplus", "arctan", "softsign"])
def test_wide_intervals_in_saturation_have_small_slopes(name):
    first, change = _slopes(Work(), activation_named(name), np.array([-30.0]), np.array([4.0]))
    small = {"arctan": 2e-3, "softsign": 2e-3}.get(name, 1e-8)
    assert first[0] < small
    assert change[0] < small


@pytest.mark.parametrize("name", LIPSCHITZ)
@pytest.mark.parametrize("radius", [2.0**-30, 2.0**-10, 0.2, 3.0])
def test_slopes_over_many_like_intervals(name, radius):
    """The bounds are valid, whichever way they are found, and stay below those of the numerics for intervals an eighth longer."""
    activation, g = activation_named(name), np.random.default_rng(7)
    mid = np.repeat([0.9, 4.1, -5.3, 3.6], 1100) + g.uniform(-1e-3, 1e-3, 4400)
    rad = radius * g.uniform(1, 1.2, 4400)
    few = slice(0, 4400, 440)
    first, change = _slopes(Work(), activation, mid, rad)
    check_slopes(activation, mid[few], rad[few], first[few], change[few])
    theirs = slope_bounds(activation, Enclosure(mid, 1.125 * rad))
    assert np.all(first <= (1 + 1e-6) * theirs[0] + 2.0**-390)
    assert np.all(change <= (1 + 1e-6) * theirs[1] + 2.0**-390)
