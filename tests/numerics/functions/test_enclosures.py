"""Enclosures of gated and clipped activations: tight over narrow balls, finite over wide ones, and never without a value that is taken."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from cases.field_cases import real
from flint import arb

from lossproof.numerics.curves.fields import BallSeries
from lossproof.numerics.fields.ball import BallField, ball_of
from lossproof.numerics.fields.field import KinkInBall
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.functions import mish, swish
from lossproof.numerics.functions.hulls import at_ends, within
from lossproof.numerics.functions.table import formulas_of
from lossproof.theory.derivations.pieces import rational
from lossproof.theory.derivations.ranges import derive_range
from lossproof.theory.functions.activations import activation_named

NAMES = ("silu", "swish:1/3", "swish:7/2", "hard-tanh", "mish")
ORDERS = (0, 1, 2)
MANY = MpmathField(120)
WIDTHS = (1.0, 3.0, 40.0, 1e3, 1e6, 1e30, 1e300)
HUGE = (Fraction(10**40), Fraction(10**300), Fraction(2**2000), Fraction(2**100_000))


def ball(name, order, z, precision=64):
    field = BallField(precision)
    return field.activate(activation_named(name), order, np.array([z], dtype=object))[0]


def value(name, order, point):
    """The value in many digits; far out the asymptote, which differs by less than ``10^-4000``."""
    activation = activation_named(name)
    if abs(point) * (activation.parameter or 1) > 10_000:
        clipped = activation.range.upper
        line = (point if clipped is None else clipped, Fraction(clipped is None), Fraction(0))
        left = (Fraction(0) if clipped is None else -clipped, Fraction(0), Fraction(0))
        return (line if point > 0 else left)[order]
    return real(MANY.activate(activation, order, MANY.array([point]))[0])


def holds(enclosure, number):
    """Tell whether an enclosure contains a number of which 100 digits are known."""
    with ball_precision(2000):
        known = ball_of(number)
        return enclosure.overlaps(known + arb(0, 1e-100) * (1 + abs(known)))


def random_points(seed, count):
    source = random.Random(seed)
    return [Fraction(source.choice((-1, 1)) * 10 ** source.uniform(-8, 2.5)) for _ in range(count)]


def curving(name, order):
    """A bound of the derivative of the next order."""
    scale = activation_named(name).parameter or Fraction(1)
    return (2, scale, 4 * scale * scale)[order]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", NAMES)
def test_exact_numbers_have_tight_enclosures(name, order):
    for point in random_points(f"exact {name} {order}", 150):
        if abs(point) in map(abs, activation_named(name).kinks(order)):
            continue
        exact, found = value(name, order, point), ball(name, order, BallField(64).embed(point))
        assert holds(found, exact)
        scale = float(activation_named(name).parameter or 1)
        remaining = (1 + abs(float(point))) * np.exp(-scale * min(abs(float(point)), 700.0 / scale))
        assert float(found.rad()) <= 2.0**-48 * max(abs(float(exact)), min(1.0, remaining) * max(1.0, scale)) + 1e-300


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", NAMES)
def test_narrow_balls_have_tight_enclosures(name, order):
    for point in random_points(f"narrow {name} {order}", 60):
        radius = Fraction(1, 2**30)
        if any(abs(point - kink) <= radius for kink in activation_named(name).kinks(order)):
            continue
        found = ball(name, order, arb(float(point), float(radius)))
        assert all(holds(found, value(name, order, Fraction(float(point)) + radius * k)) for k in (-1, 0, 1))
        assert found.rad() <= 4 * float(radius) * float(curving(name, order)) + abs(float(found.mid())) * 2.0**-50


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", NAMES)
def test_wide_balls_have_finite_enclosures_of_all_values(name, order):
    source, activation = random.Random(f"wide {name} {order}"), activation_named(name)
    least, slopes = activation.range.lower, formulas_of(activation).suprema
    for width in WIDTHS:
        for _ in range(6):
            middle = source.uniform(-1.5, 1.5) * width
            z = arb(middle, width)
            try:
                found = ball(name, order, z)
            except KinkInBall:
                assert any(z.contains(int(kink)) for kink in activation.kinks(order))
                continue
            assert found.is_finite()
            inside = [Fraction(middle) + Fraction(width) * Fraction(k, 16) for k in range(-16, 17)]
            inside += [
                point
                for point in (Fraction(-6, 5), Fraction(-13, 10), Fraction(0), Fraction(3, 2))
                if abs(point - Fraction(middle)) <= width
            ]
            assert all(holds(found, value(name, order, point)) for point in inside)
            if order == 0:
                assert float(found.lower()) >= 1.02 * float(least) - 1e-7 * width
                assert float(found.upper()) <= max(0.0, middle + width) * (1 + 1e-7) + 1e-8
            else:
                assert float(abs(found).upper()) <= slopes[order - 1] * (1 + 1e-7)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", NAMES)
def test_parts_of_a_wide_ball_lie_in_its_enclosure(name, order):
    source, activation = random.Random(f"parts {name} {order}"), activation_named(name)
    for _ in range(40):
        middle, width = source.uniform(-6, 6), 10 ** source.uniform(-2, 1)
        part = arb(middle + source.uniform(-0.8, 0.8) * width, 0.1 * width)
        try:
            whole, inner = ball(name, order, arb(middle, width)), ball(name, order, part)
        except KinkInBall:
            assert activation.kinks(order)
            continue
        assert (whole + arb(0, 1e-5)).contains(inner)
        assert holds(whole, value(name, order, Fraction(float(part.mid()))))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", HUGE, ids=("10^40", "10^300", "2^2000", "2^100000"))
def test_huge_numbers(name, size):
    activation = activation_named(name)
    field = BallField(64)
    above, below = (field.activate(activation, order, field.array([size, -size])) for order in (0, 1))
    with ball_precision(64):
        top, bottom = above
        unbounded = activation.range.upper is None
        assert (top / field.embed(size) if unbounded else top).overlaps(arb(1))
        assert top.rel_accuracy_bits() > 50
        assert float(abs(bottom if unbounded else bottom + 1).upper()) < 1e-300
        assert below[0].overlaps(arb(1 if unbounded else 0))
        assert float(below[0].rad()) < 1e-15
        assert float(abs(below[1]).upper()) < 1e-300
        assert all(float(abs(entry).upper()) < 1e-300 for entry in field.activate(activation, 2, field.array([size, -size])))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_known_of_z(name, order):
    for z in (arb("nan"), arb(0, float("inf"))):
        try:
            found = ball(name, order, z)
        except KinkInBall:
            assert activation_named(name).kinks(order)
        else:
            assert order > 0 or not found.is_finite() or activation_named(name).range.upper is not None


class SharpSeries(BallSeries):
    """The series with the sharpest enclosures of its states, which a checker need not have."""

    def state(self, activation, order, z):
        return BallField.activate(self, activation, order, z)


def derivatives_over_the_line(name):
    """Enclosures of σ' and σ'' over small balls that cover ``[−48, 48]`` (in units of 1/β), but for kinks; from the series, which know no bounds."""
    activation, field = activation_named(name), SharpSeries(64)
    scale = float(activation.parameter or 1)
    z = field.array([arb(k / 256, 1 / 512) / scale for k in range(-256 * 48, 256 * 48 + 1)])
    z = field.array([entry for entry in z if not any(entry.contains(int(kink)) for kink in activation.kinks(1))])
    _, slopes, halves = field.jet(activation, 2, z)
    return slopes, 2 * halves


@pytest.mark.parametrize("name", NAMES)
def test_suprema_hold_on_the_line(name):
    """Beyond the balls all exponentials vanish. Where a supremum is attained it is exceeded by as much as the balls are wide."""
    slopes, curvatures = derivatives_over_the_line(name)
    first, second = formulas_of(activation_named(name)).suprema
    assert max(float(abs(entry).upper()) for entry in slopes) <= first
    assert max(float(abs(entry).upper()) for entry in curvatures) <= 1.0001 * second


@pytest.mark.parametrize(("name", "module", "slack"), [("silu", swish, 1e-5), ("mish", mish, 0)])
def test_bounds_of_the_derivatives_hold_on_the_line(name, module, slack):
    """The upper bound 1/2 of silu'' is attained, and proved at the head of its module; all others are seen with room to spare."""
    slopes, curvatures = derivatives_over_the_line(name)
    assert all(module._SLOPES.contains(entry) for entry in slopes)
    assert all((module._CURVATURES + slack).contains(entry) or module._CURVATURES.contains(entry) for entry in curvatures)


@pytest.mark.parametrize(("name", "module"), [("silu", swish), ("mish", mish)])
def test_valleys_hold_the_minimum(name, module):
    """The derivation of the range shows that there is one minimum; its place and value lie where the valley says."""
    valley, (low, high) = module._VALLEY, derive_range(activation_named(name)).infimum
    assert value(name, 1, valley.left) < 0 < value(name, 1, valley.right)
    assert rational(valley.low) < low
    assert high < rational(valley.high)


def test_hulls():
    assert at_ends(lambda x: [x, -x], arb(3, 1))[1].overlaps(arb(-4))
    assert within(arb(0.5, 0.125), arb(0.5, 0.5)).overlaps(arb(0.625))
    assert not within(arb(0, 10), arb(0.5, 0.5)).overlaps(arb(1.5))
    assert within(arb(0, float("inf")), arb(-0.5, 0.5)).contains(arb(-1))
