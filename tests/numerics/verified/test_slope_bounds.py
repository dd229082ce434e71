"""Bounds of slopes over wide intervals: they hold, and those of the checker are no larger."""

from __future__ import annotations

import numpy as np
import pytest

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.network.lipschitz import _slopes
from lossproof.certificates.kernel.reading.work import Work
from lossproof.numerics.verified.activations import curvature_over
from lossproof.numerics.verified.enclosures import Enclosure
from lossproof.numerics.verified.slope_bounds import slope_bounds
from lossproof.theory.functions.activations import activation_named


def _intervals(widest):
    g = np.random.default_rng(0)
    return g.normal(size=(400, 1)) * 10.0 ** g.uniform(-3, 1.5, (400, 1)), 10.0 ** g.uniform(-0.6, widest, (400, 1))


def _true(name, z):
    if name == "tanh":
        value = np.tanh(z)
        slope = 1 / np.cosh(np.clip(z, -300, 300)) ** 2
        return value, slope, -2 * value * slope
    value = 1 / (1 + np.exp(-z))
    slope = value / (1 + np.exp(z))
    return value, slope, slope * (1 - 2 * value)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_wide_bounds_hold_and_the_checker_finds_no_larger_ones(name):
    activation, (mid, rad) = activation_named(name), _intervals(1.5)
    found = slope_bounds(activation, Enclosure(mid, rad))
    with ball_precision(80):
        others = _slopes(Work(), activation, mid, rad)
    points = mid + rad * np.linspace(-1, 1, 101)
    for bound, other, values in zip(found, others, _true(name, points)[1:], strict=True):
        assert np.all(np.abs(values) <= bound)
        assert np.all(other <= bound)
        assert np.all(bound <= 8 * np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-3))


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize("size", [1e-12, 1e-3, 1e-2, 0.3, 3.0])
def test_values_slopes_and_curvatures_over_an_interval(name, size):
    mid, _ = _intervals(0.0)
    rad = np.full_like(mid, size)
    enclosed = curvature_over(activation_named(name), Enclosure(mid, rad))
    for part in np.linspace(-1, 1, 21):
        for found, true in zip(enclosed, _true(name, mid + part * rad), strict=True):
            assert np.all(np.abs(found.mid - true) <= found.rad + 1e-15)
