"""mish through its states: rational where the sigmoid is, and the same function as its definition."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy
from flint import fmpq

from lossproof.numerics.curves.fields import BallSeries, FloatSeries, FormalSeries
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.theory.functions.activations import activation_named

MISH = activation_named("mish")


def test_coefficients_at_zero_are_rational():
    field = FormalSeries()
    found = field.jet(MISH, 4, field.array([0]))[:, 0].tolist()
    assert found[:3] == [fmpq(0), fmpq(3, 5), fmpq(8, 25)]
    with mpmath.workdps(60):
        exact = mpmath.taylor(lambda z: z * mpmath.tanh(mpmath.log(1 + mpmath.exp(z))), 0, 4)
        assert all(abs(mpmath.mpf(int(a.p)) / int(a.q) - b) < mpmath.mpf(10) ** -25 for a, b in zip(found, exact, strict=True))


def test_the_gate_is_rational_at_logarithms():
    """At log 3 the sigmoid is 3/4, so ``q = 1/4``, ``t = 15/17`` and ``t' = 192/289``; σ = z t."""
    field = FormalSeries()
    z = field.array([sympy.log(3)])
    value, slope = field.jet(MISH, 1, z)[:, 0]
    assert value == z[0] * fmpq(15, 17)
    assert slope == fmpq(15, 17) + z[0] * fmpq(4 * 3 * 16 * 16, 4 * 16 * 17 * 17)


@pytest.mark.parametrize("field", [FloatSeries(), BallSeries(100)], ids=["doubles", "balls"])
def test_saturated_coefficients_keep_relative_accuracy(field):
    for point in (-40, -25, 30):
        with mpmath.workdps(120):
            exact = mpmath.taylor(lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))), point, 3)
        for found, expected in zip(field.jet(MISH, 3, field.array([point]))[:, 0], exact, strict=True):
            assert float(found) == pytest.approx(float(expected), rel=1e-12)


def test_the_largest_doubles_give_numbers():
    z = np.array([-1.7e308, 1.7e308])
    assert Float64Field().activate(MISH, 0, z).tolist() == [0, 1.7e308]
    assert Float64Field().activate(MISH, 1, z).tolist() == [0, 1]
    assert Float64Field().activate(MISH, 2, z).tolist() == [0, 0]
