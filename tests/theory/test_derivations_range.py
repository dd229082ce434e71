"""The recorded ranges hold every value, and the recorded attained intervals hold only values."""

from fractions import Fraction

import pytest
import sympy
from cases.theory_cases import ACTIVATION_NAMES

from lossproof.theory.derivations.ranges import derive_range, encloses, is_attained
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.properties import Interval


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_range_encloses_all_values(name: str) -> None:
    activation = activation_named(name)
    assert encloses(activation.range, derive_range(activation))


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_attained_values_are_taken(name: str) -> None:
    activation = activation_named(name)
    assert is_attained(activation.attained, derive_range(activation))


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_range_and_attained_differ_little(name: str) -> None:
    activation = activation_named(name)
    for outer, inner in ((activation.range.lower, activation.attained.lower), (activation.range.upper, activation.attained.upper)):
        assert (outer is None) == (inner is None)
        assert outer is None or inner is None or abs(outer - inner) < Fraction(1, 1000)
    ends_rational = all(end is None or end.denominator == 1 for end in (activation.range.lower, activation.range.upper))
    assert not ends_rational or activation.range == activation.attained


@pytest.mark.parametrize(
    ("name", "interval"),
    [
        ("tanh", Interval(Fraction(-1), Fraction(999, 1000))),
        ("relu", Interval(Fraction(0), None)),
        ("sin", Interval(Fraction(-1), Fraction(1), lower_attained=True)),
        ("gelu", Interval(Fraction(-1699, 10000), None, lower_attained=True)),
        ("arctan", Interval(Fraction(-15707, 10000), Fraction(15708, 10000))),
        ("softplus", Interval(Fraction(0), Fraction(100))),
    ],
)
def test_too_small_ranges_are_seen(name: str, interval: Interval) -> None:
    assert not encloses(interval, derive_range(activation_named(name)))


@pytest.mark.parametrize(
    ("name", "interval"),
    [
        ("tanh", Interval(Fraction(-1), Fraction(1), upper_attained=True)),
        ("relu", Interval(None, None)),
        ("silu", Interval(Fraction(-279, 1000), None)),
        ("gelu", Interval(Fraction(-17, 100), None)),
        ("elu", Interval(Fraction(-1), None, lower_attained=True)),
        ("power:2", Interval(Fraction(-1, 1000), None)),
    ],
)
def test_too_large_attained_intervals_are_seen(name: str, interval: Interval) -> None:
    assert not is_attained(interval, derive_range(activation_named(name)))


@pytest.mark.parametrize(
    ("name", "minimum"),
    [
        ("gelu", "-0.16997120747"),
        ("silu", "-0.2784645427610737951"),
        ("swish:2", "-0.1392322713805368975"),
        ("mish", "-0.308843413017250406"),
    ],
)
def test_minimum_of_the_valleys(name: str, minimum: str) -> None:
    low, high = derive_range(activation_named(name)).infimum
    assert low < sympy.Rational(minimum) < high
    assert high - low < sympy.Rational(1, 10**6)
