"""Searches that meet kinks, overflow and steep powers end in a map like any other."""

from __future__ import annotations

import numpy as np
import pytest

import lossproof as lp
from lossproof.numerics.critical.polish import settle
from lossproof.numerics.critical.symmetries import balanced_weights
from lossproof.numerics.network.float_derivatives import FloatLandscape

KINKS = {
    "equal inputs, fixed bias": (
        "1-2",
        [["-2"], ["-2"]],
        [["5", "-1/2"], ["1", "1/2"]],
        "softplus",
        "leaky-relu",
        "blake-zisserman:1/8",
        "fixed",
    ),
    "a relu output at its kink": ("1-1", [[1], [2], [-1]], [[0], [0], [0]], "tanh", "relu", "squared", "none"),
    "a hidden kink": ("1-1-1", [[1], [2]], [[0], [0]], "relu", "identity", "squared", "none"),
    "elu and softsign": ("1-1-1", [[0], [1], [-1]], [[0], [1], [0]], "elu", "softsign", "cauchy", "trainable"),
}
POWERS = {
    "three layers, no bias": ("1-1-1-1", [[1]], [[2]], "power:16", "identity", "squared", "none"),
    "three layers": ("1-1-1-1", [[1], [2]], [[2], [0]], "power:16", "identity", "squared", "trainable"),
    "four layers": ("1-1-1-1-1", [[1], [2]], [[2], [0]], "power:8", "identity", "squared", "trainable"),
    "small inputs": ("1-1-1", [["1/1000"]], [[2]], "power:16", "identity", "squared", "none"),
    "smaller inputs": ("1-1-1", [["1e-8"]], [[2]], "power:7", "identity", "squared", "none"),
    "far targets": ("1-1-1-1-1", [["1e-3"]], [["1e8"]], "power:7", "softsign", "smooth-l1:1000000", "none"),
    "powers at both ends": ("1-1-1-1", [["1e-3"], [3]], [[0], [1]], "power:4", "power:6", "squared", "none"),
}


@pytest.mark.usefixtures("found_once")
@pytest.mark.parametrize("name", [*KINKS, *POWERS])
def test_maps_and_checks_of_hard_problems(name):
    widths, X, Y, activation, output, error, bias = (KINKS | POWERS)[name]
    problem = {"activation": activation, "output_activation": output, "error": error, "bias": bias}
    found = lp.find_critical_points(widths, X, Y, starts=24, workers=1, **problem)
    assert lp.verify(found.certificate.text).ok
    assert found.starts == 24
    report = lp.check_architecture(widths, X, Y, **problem)
    assert lp.verify(report.certificate.text).ok


def test_a_point_whose_newton_steps_meet_a_kink_is_no_candidate():
    """At w = 0 both outputs of the network sit at the kink of leaky relu, where the derivatives from the right seem to vanish."""
    widths, X, Y, activation, output, error, bias = KINKS["equal inputs, fixed bias"]
    architecture = lp.Architecture.of(widths, activation, output, bias)
    fixed = tuple(tuple(lp.Weights.of(architecture, [([[0, 0]], [0, 0])]).layers[0].b) for _ in range(1))
    landscape = FloatLandscape(lp.Problem(architecture, lp.error_named(error), lp.Samples.of(X, Y), fixed))
    assert settle(landscape, np.array([0.0, 0.0])) is None


@pytest.mark.parametrize("exponent", [2, 7, 16])
@pytest.mark.parametrize("size", [1e-200, 1e-30, 1e30, 1e200])
def test_balancing_leaves_the_doubles_without_a_warning(exponent, size):
    problem = lp.Problem(
        lp.Architecture.of("1-1-1", f"power:{exponent}", bias="none"), lp.error_named("squared"), lp.Samples.of([[1]], [[1]])
    )
    balanced = balanced_weights(problem, np.array([size, 1.0]))
    assert balanced[0] == 1.0
    with np.errstate(all="ignore"):
        assert balanced[1] == np.float64(size) ** exponent
        assert settle(FloatLandscape(problem), np.array([size, 1.0])) is None
