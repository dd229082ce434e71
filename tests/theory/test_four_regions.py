"""The four-region benchmark: its rule at known points, exact seeded samples, and its name as a data source."""

from __future__ import annotations

from fractions import Fraction

import pytest

import lossproof as lp
from lossproof.certificates.inputs.data_sources import BUILT_IN, load_data
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.four_regions import CLASSES, CODINGS, HALF_SIDE, RADII, four_regions, region_of

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("x", "y", "region"),
    [
        (0, 0, 1), (HALF, HALF, 1), (-HALF, HALF, 1), (HALF, -HALF, 1), (-HALF, -HALF, 1),
        (1 + HALF, 0, 2), (1, 1, 2), (1, -1, 2), (-1 - HALF, 0, 1), (-1, 1, 1), (-1, -1, 1),
        (2 + HALF, 0, 1), (2, 1, 1), (2, -2, 1), (-2 - HALF, 0, 2), (-2, 1, 2), (-2, -2, 2),
        (3 + HALF, 1, 3), (-3 - HALF, 1, 3), (0, 3 + HALF, 3), (3, 3, 3), (-3, 3, 3),
        (3 + HALF, -1, 4), (-3 - HALF, -1, 4), (0, -3 - HALF, 4), (3, -3, 4), (-3, -3, 4),
    ],
)  # fmt: skip
def test_rule_at_known_points(x, y, region):
    assert region_of(x, y) == region


@pytest.mark.parametrize(
    ("x", "y", "region"), [(1, 0, 1), (-1, 0, 1), (2, 0, 2), (-2, 0, 1), (3, 0, 1), (-3, 0, 2), (0, 2, 1), (0, 3, 2), (0, -3, 2)]
)
def test_circles_belong_to_what_is_inside_and_the_axis_to_the_left(x, y, region):
    assert region_of(x, y) == region


def midpoint_class(one, other):
    return region_of(*(Fraction(a + b) / 2 for a, b in zip(one, other, strict=True)))


@pytest.mark.parametrize(
    ("region", "one", "other"),
    [
        (1, (Fraction(5, 2), 0), (HALF, 0)), (2, (Fraction(3, 2), 0), (Fraction(-5, 2), 0)), (3, (Fraction(-7, 2), 1), (Fraction(7, 2), 1)),
        (4, (Fraction(-7, 2), -1), (Fraction(7, 2), -1)),
    ],
)  # fmt: skip
def test_no_class_is_convex(region, one, other):
    assert region_of(*one) == region_of(*other) == region
    assert midpoint_class(one, other) != region


def test_samples_are_different_exact_doubles_inside_the_square_and_off_every_boundary():
    samples = four_regions(2000, seed=3)
    assert samples.distinct_inputs() == samples.T == 2000
    for x, y in samples.X:
        assert 0 < abs(x) < HALF_SIDE
        assert 0 < abs(y) < HALF_SIDE
        assert all(x * x + y * y != r * r for r in RADII)
        assert Fraction(float(x)) == x
        assert Fraction(float(y)) == y


def test_draws_are_seeded_and_nested():
    assert four_regions(30, seed=5) == four_regions(30, seed=5)
    few, many = four_regions(30, seed=5), four_regions(50, seed=5)
    assert list(zip(few.X, few.Y, strict=True)) == list(zip(many.X, many.Y, strict=True))[:30]
    assert four_regions(30, seed=5).X != four_regions(30, seed=6).X


def test_first_point_is_pinned():
    first = four_regions(1, seed=0, coding="number")
    assert [float(value) for value in first.X[0]] == [-2.0405426025390625, 3.1873016357421875]
    assert first.Y == ((3,),)


def test_counts_of_a_large_draw_match_the_areas():
    targets = four_regions(20_000, seed=1, coding="number").Y
    counts = [sum(row[0] == k for row in targets) for k in CLASSES]
    shares = [0.2454, 0.1963, 0.2791, 0.2791]
    assert all(abs(count - 20_000 * share) < 4 * (20_000 * share) ** 0.5 for count, share in zip(counts, shares, strict=True))


@pytest.mark.parametrize("coding", CODINGS)
def test_codings_name_the_same_class(coding):
    samples = four_regions(50, seed=2, coding=coding)
    for x, y in zip(samples.X, samples.Y, strict=True):
        k = region_of(*x)
        expected = {"number": (k,), "basis": tuple(int(j == k) for j in CLASSES), "signs": tuple(1 if j == k else -1 for j in CLASSES)}
        assert y == expected[coding]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "from 1 to 1000000, got 0"), ({"count": 2.5}, "got 2.5"), ({"count": True}, "got True"), ({"count": 10**7}, "got 10000000"),
        ({"seed": "a"}, "seed must be a whole number"), ({"coding": "bases"}, "did you mean 'basis'"),
    ],
)  # fmt: skip
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        four_regions(**arguments)


def test_data_source():
    assert "four-regions" in BUILT_IN
    source = load_data("four-regions", 4)
    assert (source.name, len(source.X), len(source.Y[0])) == ("four-regions", 40, 4)
    assert (source.X, source.Y) == (four_regions(40).X, four_regions(40).Y)
    assert load_data("Four_Regions-7", 1).Y == four_regions(7, coding="number").Y
    assert source.X[:3] == load_data("four-regions-3", 4).X


@pytest.mark.parametrize(
    ("name", "message"),
    [("four-regions-0", "from 1 to 1000000"), ("four-region", "did you mean 'four-regions'"), ("four-regions-x", "unknown data")],
)
def test_bad_names(name, message):
    with pytest.raises(InputError, match=message):
        load_data(name, 4)


def test_checking_the_benchmark_proves_a_rank(check):
    source = load_data("four-regions-5", 1)
    report = check((2, 5, 1), source.X, source.Y, activation="bent-identity")
    assert report["full-rank", "almost everywhere"].verdict is lp.Verdict.PROVED
