"""Tables of Taylor polynomials: against balls of many bits by other formulas, at points and over intervals of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import exactly
from lossproof.certificates.kernel.arithmetic.tables import TABLED, Table
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.work import Work
from lossproof.numerics.complete import curves
from lossproof.numerics.functions.table import formulas_of
from lossproof.theory.functions.activations import activation_named

NAMES = ("softplus", "silu", "swish:3/2", "swish:700", "swish:1/40", "mish", "bent-identity", "gelu", "arctan", "erf", "sin")
FARTHEST = 90.0


def table_of(name, farthest=FARTHEST, work=None):
    with ball_precision(80):
        return Table(work or Work(), activation_named(name), farthest)


@pytest.fixture(scope="module")
def tables():
    return {name: table_of(name) for name in NAMES}


def corners(table):
    """Numbers at which something may go wrong: next to 0, at ends of some cells and of the table, and of turns, each with its neighbours."""
    ends = (table._centres[1:] + table._centres[:-1]) / 2  # which is not quite the end between cells of two widths
    edges = np.concatenate([ends[:: len(ends) // 40], -((2.0 ** np.arange(2, 7)) - 2) / table._scale])
    turns = [end for found in table._turns for turn in found for end in (turn.low, turn.high, (turn.low + turn.high) / 2)]
    z = np.concatenate(
        [edges, np.nextafter(edges, 1e9), np.nextafter(edges, -1e9), turns, [0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e-17, -(2.0**-60)]]
    )
    return np.clip(np.concatenate([z, [FARTHEST, -FARTHEST, np.nextafter(FARTHEST, 0)]]), -FARTHEST, FARTHEST)


def test_the_families_are_those_of_the_search():
    assert TABLED == curves.TABLED
    assert {activation_named(name).family for name in NAMES} == set(TABLED)


@pytest.mark.parametrize("name", NAMES)
def test_values_are_enclosed(tables, name):
    rng, table, formulas = np.random.default_rng(0), tables[name], formulas_of(activation_named(name))
    z = np.concatenate([corners(table), rng.uniform(-FARTHEST, FARTHEST, 60), rng.normal(size=60), 10.0 ** rng.uniform(-20, 0, 20)])
    found = table.over(z, z)
    with ball_precision(200):
        for order in range(3):
            for k, x in enumerate(z.tolist()):
                value = formulas.balls(arb(x), order)
                assert abs(arb(found[order].mid[k]) - value) <= arb(found[order].rad[k])
    scale = max(1.0, float(activation_named(name).parameter or 1))
    assert np.all(found[0].rad <= 1e-14 * (1 + np.abs(z)))
    assert np.all(found[1].rad <= 2e-14 * (1 + np.abs(z)))
    assert np.all(found[2].rad <= 5e-12 * scale)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1e-12, 1e-5, 0.03, 0.4, 6.0, 80.0])
def test_values_over_intervals_are_enclosed_and_hardly_more(tables, name, size):
    """All of 40 numbers inside, among them the ends and where something turns; and the enclosure is little wider than what they span."""
    rng, table, formulas = np.random.default_rng(1), tables[name], formulas_of(activation_named(name))
    centre = np.concatenate([rng.choice(corners(table), 60), rng.normal(size=60) * 3])
    low, high = (np.clip(centre + side * size * rng.random(120), -FARTHEST, FARTHEST) for side in (-1, 1))
    places = [place for turns in curves.curve_of(activation_named(name)).turns for place, _ in turns]
    inside = [low, high, *(low + (high - low) * t for t in np.linspace(0, 1, 24)), *(np.clip(place, low, high) for place in places)]
    z = np.clip(np.array(inside), low, high)
    found = table.over(low, high)
    scale = max(1.0, float(activation_named(name).parameter or 1))
    for order in range(3):
        f, mid, rad = formulas.doubles(z, order), found[order].mid, found[order].rad
        slack = 1e-13 * (1 + np.abs(z)) * scale
        assert np.all(np.abs(f - mid) <= rad + slack)
        steepest = scale * (1.3 if order < 2 else 4 * scale)
        assert np.all(2 * rad <= f.max(axis=0) - f.min(axis=0) + steepest * (high - low) / 23 + 2e-11 * scale * (1 + np.abs(centre)))


def test_an_extreme_inside_is_met():
    """From −π/4 to 3π/4 the sine turns at π/2, its derivative at 0; 10 whole turns further on as well."""
    table = table_of("sin")
    for shift in (0.0, 20 * np.pi, -2e6 * np.pi):
        sine, cosine, _ = table.over(np.array([-np.pi / 4 + shift]), np.array([3 * np.pi / 4 + shift]))
        assert sine.mid[0] + sine.rad[0] == pytest.approx(1)
        assert sine.mid[0] - sine.rad[0] == pytest.approx(-np.sqrt(0.5), abs=2e-6)
        assert cosine.mid[0] + cosine.rad[0] == pytest.approx(1)
        assert cosine.mid[0] + cosine.rad[0] >= 1
        assert cosine.mid[0] - cosine.rad[0] == pytest.approx(-np.sqrt(0.5), abs=2e-6)


@pytest.mark.parametrize(("low", "high"), [(-4.0, 4.0), (100.0, 106.3), (-1e30, 1e30), (1e20, 1e20), (6.0, 7.1), (-1e6, -1e6 + 6)])
def test_long_intervals_of_the_sine_hold_all_values(low, high):
    rng, found = np.random.default_rng(2), table_of("sin").over(np.array([low]), np.array([high]))
    with ball_precision(300):
        for x in [low, high, *rng.uniform(low, high, 50).tolist()]:
            for part, value in zip(found, (arb(x).sin(), arb(x).cos(), -arb(x).sin()), strict=True):
                assert abs(arb(part.mid[0]) - value) <= arb(part.rad[0])
    if high - low > 2 * np.pi:
        assert all(part.mid[0] - part.rad[0] <= -1 and part.mid[0] + part.rad[0] >= 1 for part in found)


def test_far_out_a_table_ends_with_the_limits():
    for name in ("silu", "gelu"):
        table, z = table_of(name, 2.0**18), np.array([-(2.0**18), -1e5, -50.0, 50.0, 1e5, 2.0**18])
        value, slope, bend = table.over(z, z)
        assert np.all(np.abs(value.mid - np.maximum(z, 0)) <= value.rad + 1e-14 * np.abs(z))
        assert np.all(np.abs(slope.mid - (z > 0)) <= 1e-13)
        assert np.all(np.abs(bend.mid) <= 1e-13)
        assert np.all(slope.rad + bend.rad < 1e-12)


@pytest.mark.parametrize("z", [91.0, -91.0, 2.0**33, -(2.0**99)])
def test_arguments_beyond_the_table_are_refused(tables, z):
    with pytest.raises(Rejected, match="too large for a table") as refused:
        tables["mish"].over(np.array([0.0, min(z, 0.0)]), np.array([1.0, max(z, 0.0)]))
    assert refused.value.code == "limit"


@pytest.mark.parametrize("farthest", [0.0, 1e-300, 1e-3, float("inf")])
def test_tables_of_all_sizes_are_made(farthest):
    table = table_of("gelu", farthest)
    assert len(table._centres) <= 2000
    z = np.array([-min(farthest, 2.0**31), 0.0, min(farthest, 2.0**31)])
    found = table.over(z, z)
    assert np.all(np.abs(found[0].mid - formulas_of(activation_named("gelu")).doubles(z, 0)) <= found[0].rad + 1e-15)


def test_the_work_of_a_table_is_counted():
    work = Work()
    table_of("silu", work=work)
    assert work.spent > 10**6
    with pytest.raises(Rejected) as refused:
        table_of("silu", work=Work(10**6, 10**6))
    assert refused.value.code == "limit"


def test_an_array_of_any_shape_keeps_its_shape(tables):
    z = np.linspace(-1, 1, 24).reshape(2, 3, 4)
    assert all(part.mid.shape == part.rad.shape == z.shape for part in tables["erf"].over(z, z + 1e-3))
    assert exactly(tables["erf"].over(z, z)[0].mid).mid.shape == z.shape
