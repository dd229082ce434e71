"""Every bad local minimum that is proved at or near a point, whatever found it, is attacked: nothing lower is met among 1,000 networks nearby, and the better
point is better in 100 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from cases.bad_minima import FUNCTIONS, least_nearby, loss_in_digits
from cases.landscapes import XOR_X, XOR_Y

import lossproof as lp
from lossproof.certificates.proof.places import point_near, radius_of

CURVE_X, CURVE_Y = [[-2], [-1], ["1/2"], [1], [2], [3]], [["1/4"], [0], [1], ["3/2"], [3], ["7/2"]]
WAVE_X, WAVE_Y = [[0], [1], [2], [3]], [[0], [1], [0], [2]]
LONG_X, LONG_Y = [[0], [1], [2], [3], [4]], [[0], [1], [0], [1], [3]]
RADII, COUNT, MARGIN = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6), 1000, 1e-13


def searched(widths, X, Y, **options):
    return lp.check_architecture(widths, X, Y, **options)


def mapped(widths, X, Y, starts=10, **options):
    return lp.find_critical_points(widths, X, Y, starts=starts, workers=1, **options).report


SOURCES = {
    "search, one unit": lambda: searched("1-1-1", CURVE_X, CURVE_Y, activation="gelu"),
    "search, embedded inside": lambda: searched("1-2-1", *samples_of("fukumizu-amari-inside"), activation="tanh"),
    "map, relu in cells": lambda: mapped("2-2-1", XOR_X, XOR_Y, activation="relu", starts=5),
    "map, leaky relu": lambda: mapped("1-2-1", WAVE_X, WAVE_Y, activation="leaky-relu"),
    "map, relu without biases": lambda: mapped("2-3-1", XOR_X, XOR_Y, activation="relu", bias="none"),
    "map, two hidden layers": lambda: mapped("1-2-2-1", WAVE_X, WAVE_Y, activation="relu"),
    "map, sine": lambda: mapped("1-1-1", CURVE_X, CURVE_Y, activation="sin", starts=6),
    "map, cauchy": lambda: mapped("1-1", LONG_X, [[0], [10], [0], [12], [1]], activation="identity", error="cauchy"),
    "map, relu and cauchy": lambda: mapped("1-1-1", LONG_X, LONG_Y, activation="relu", error="cauchy"),
    "map, two outputs": lambda: mapped("1-1-2", WAVE_X, [[0, 1], [1, 0], [0, 1], [2, 0]], activation="silu"),
    "given weights on kinks": lambda: searched(
        "1-2-1", [[-1], [0], [1], [2]], [[1], [-2], [5], [5]], activation="relu", weights=[([[1, 0]], [0, -1]), ([[3], [0]], [0])]
    ),
}


def samples_of(name):
    samples = lp.zoo_entry(name).problem.samples
    return samples.X, samples.Y


def layers_of(claim):
    return [(layer.W, layer.b) for layer in point_near(claim.place).weights.layers]


@pytest.mark.parametrize("name", SOURCES)
def test_bad_minima(name):
    report = SOURCES[name]()
    problem, found = report.problem, [claim for claim in report if claim.id == "suboptimal"]
    assert found
    assert report["no-bad-local-minima"].verdict.name == "REFUTED"
    X, Y = ([[mpmath.mpf(q.numerator) / q.denominator for q in row] for row in rows] for rows in (problem.samples.X, problem.samples.Y))
    a = problem.architecture
    for claim in found:
        names = (a.activation.family, problem.error.family)
        layers = [(np.array(W, dtype=float), np.array(b, dtype=float)) for W, b in layers_of(claim)]
        lower, radius = float(claim.facts["loss_lower"]), float(radius_of(claim.place))
        scale = nearest_kink(problem, layers) if a.kinked_layers(1) else 1.0
        radii = [max(scale * r, 10 * radius) for r in RADII]
        least = least_nearby(X, Y, layers, *names, radii, COUNT, biases=a.bias == "trainable")
        assert least > lower - MARGIN * (1 + abs(lower)), claim
        other = next(node for node in claim.premises[1:] if node.place is not claim.place)
        better = loss_in_digits(problem.samples.X, problem.samples.Y, layers_of(other), *names)
        with mpmath.workdps(100):
            most, here = (mpmath.mpf(q.numerator) / q.denominator for q in (claim.facts["other_loss_upper"], claim.facts["loss_lower"]))
            assert better < here
            assert radius_of(other.place) > 0 or better <= most * (1 + mpmath.mpf(10) ** -95)


def nearest_kink(problem, layers):
    """How far z is from a kink at least, where it is not at one, for one unit of length of inputs."""
    at = [float(k) for k in problem.architecture.activation.kinks(1)]
    phi, found = np.array(problem.samples.X, dtype=float), 1.0
    for W, b in layers[:-1]:
        z = phi @ W + b
        apart = np.abs(z[..., None] - at) / (1 + np.abs(phi).max() + np.abs(W).max())
        found = min(found, apart[apart > 0].min(initial=1.0))
        phi = FUNCTIONS[problem.architecture.activation.family][0](z)
    return found


def test_a_saddle_does_not_pass():
    """``(v tanh(w x) + 1/2 − x)²`` falls along v and w together."""
    zero = [(np.zeros((1, 1)), np.zeros(1)), (np.zeros((1, 1)), np.array([0.5]))]
    assert least_nearby([[0], [1]], [[0], [1]], zero, "tanh", "squared", RADII, COUNT, biases=True) < 1 / 8 - MARGIN
