"""The constants of the theorem of Newton and Kantorovich in the kernel: each against many digits or samples."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.kernel_draft import Draft, layer
from cases.learner_problems import LIPSCHITZ, check_slopes, document_of, least_singular_value, planted, sampled_lipschitz

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.network.derivative_bounds import _SUPREMA, _slopes, lipschitz_constant
from lossproof.certificates.kernel.network.gram import require_smallest_singular_value, true_pass
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import read_points, read_problem
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights


def kernel_pass(problem, weights):
    document = document_of(problem, weights).document
    read = read_problem(document["problem"])
    return read, true_pass(read, read_points(document["points"], read)[0])


@pytest.mark.parametrize(
    ("widths", "T", "output"), [((3, 8), 2, "sigmoid"), ((2, 7, 2), 5, "identity"), ((2, 4, 4, 2), 5, "tanh"), ((3, 4, 3, 4, 1), 6, "sin")]
)
def test_smallest_singular_value_against_many_digits(widths, T, output):
    problem, weights = planted(widths, T, "tanh", output, seed=T)
    _, found = kernel_pass(problem, weights)
    true = float(least_singular_value(problem, weights, found.scale))
    require_smallest_singular_value(found, 0.99 * true, "here")
    for factor in (1.000001, 1.1, 2.0, 1e6, float("nan"), -1.0):
        with pytest.raises(Rejected):
            require_smallest_singular_value(found, factor * true, "here")


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
    read = read_problem(draft.document["problem"])
    found = true_pass(read, read_points(draft.document["points"], read)[0]).residuals
    field = MpmathField(50)
    true = evaluate(problem.architecture, problem.samples, weights, field).phi[3] - field.array(problem.samples.Y)
    for exact, mid, rad in zip(true.ravel(), found.mid.ravel(), found.rad.ravel(), strict=True):
        assert abs(exact - field.context.mpf(mid)) <= field.context.mpf(rad)
        assert rad < 1e-12


@pytest.mark.parametrize("activation", LIPSCHITZ)
@pytest.mark.parametrize(
    ("widths", "T", "output", "bias"),
    [
        ((3, 8), 2, "sigmoid", "trainable"),
        ((2, 7, 2), 5, "identity", "fixed"),
        ((2, 4, 4, 2), 5, "tanh", "none"),
        ((3, 4, 3, 4, 1), 6, "sin", "trainable"),
    ],
)
def test_lipschitz_constants_against_samples(activation, widths, T, output, bias):
    problem, weights = planted(widths, T, activation, output, bias, seed=3, scale=0.2 if activation.startswith("power") else 1.0)
    read, found = kernel_pass(problem, weights)
    for radius in (1e-4, 0.05, 1.0):
        assert lipschitz_constant(read, found, radius) >= sampled_lipschitz(problem, weights, radius, found.scale) * (1 - 1e-6)


@pytest.mark.parametrize("name", [*LIPSCHITZ, "relu", "leaky-relu:1/10"])
def test_slopes_over_intervals(name):
    """Narrow, wide and very wide intervals, in saturation too."""
    activation = activation_named(name)
    g = np.random.default_rng(1)
    mid = np.concatenate([g.standard_normal(60) * 10.0 ** g.integers(-3, 3, 60), [0.5, -0.5, 30.0, -30.0, 400.0, -400.0]])
    rad = np.concatenate([np.abs(mid[:60]) * g.random(60) * 0.9, [0.0, 0.1, 29.0, 1e-9, 1.0, 399.0]])
    if "relu" not in name:
        mid, rad = np.concatenate([mid, [0.0, 0.3, -2.0]]), np.concatenate([rad, [1.0, 5.0, 3.0]])
    with ball_precision(80):
        first, change = _slopes(activation, mid, rad)
    check_slopes(activation, mid, rad, first, change)


def test_wide_intervals_in_saturation_have_small_slopes():
    for name in ("tanh", "sigmoid", "erf", "gelu", "silu", "softplus"):
        with ball_precision(80):
            first, change = _slopes(activation_named(name), np.array([-30.0]), np.array([4.0]))
        assert first[0] < 1e-8
        assert change[0] < 1e-8


@pytest.mark.parametrize("family", sorted(_SUPREMA))
def test_suprema_of_the_derivatives(family):
    activation, field = activation_named(family), Float64Field()
    z = np.linspace(-40, 40, 200_001)[::2] + 1e-7
    assert np.abs(field.activate(activation, 1, z)).max() <= _SUPREMA[family][0]
    assert np.abs(field.activate(activation, 2, z)).max() <= _SUPREMA[family][1]
