"""The table of a map: every point, only proved digits, and what the map does not say."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from fractions import Fraction

import pytest
from cases.map_cases import hand_map

import lossproof as lp
from lossproof.certificates.maps.table import render_map
from lossproof.certificates.reports.critical_rows import HEADINGS, critical_rows
from lossproof.certificates.text.enclosures import decimal_above, decimal_below, enclosure_text


def bounds_of(text: str) -> tuple[Fraction, Fraction]:
    """Return the bounds that a text of `enclosure_text` asserts."""
    if text.startswith("["):
        low, high = text[1:-1].split(", ")
        return Fraction(low), Fraction(high)
    if "±" in text:
        centre, distance = map(Fraction, text.split(" ± "))
        return centre - distance, centre + distance
    base, low, high, dots, power = re.fullmatch(r"-?([0-9.]+)(?:\((\d+)\|(\d+)\)|(…))?(e-?\d+)?", text).groups()
    power = power or ""
    if low:
        found = Fraction(base + low + power), Fraction(base + high + power)
    else:
        unit = Fraction(1, 10 ** len(base.partition(".")[2])) * Fraction("1" + power) if dots else 0
        found = Fraction(base + power), Fraction(base + power) + unit
    return (-found[1], -found[0]) if text.startswith("-") else found


def test_an_enclosure_contains_the_bounds_and_is_not_much_wider():
    generator = random.Random(0)
    for _ in range(5000):
        low = Fraction(generator.choice([generator.random(), round(generator.random(), 3)])) * Fraction(10) ** generator.randint(-12, 12)
        low *= generator.choice([1, -1])
        width = abs(low) * Fraction(10) ** generator.randint(-20, 1) * Fraction(generator.random()) * generator.randint(0, 1)
        said = bounds_of(enclosure_text(low, low + width))
        assert said[0] <= low
        assert said[1] >= low + width
        assert said[1] - said[0] <= 40 * width + abs(low) * Fraction(1, 10**10)
        assert Fraction(decimal_below(low)) <= low <= Fraction(decimal_above(low))


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        ("0", "0", "0"),
        ("1/8", "1/8", "0.125"),
        ("1/3", "1/3", "0.333333333333…"),
        ("0.0187109351563", "0.0187109351567", "0.018710935156(3|7)"),
        ("0.01871093516", "0.01871093517", "0.0187109351(6|7)"),
        ("0.4999", "0.5001", "0.5 ± 0.0001"),
        ("-0.25", "-0.25", "-0.25"),
        ("9.99", "10.01", "10 ± 0.01"),
        ("-1", "1", "[-1, 1]"),
        ("1e-12", "1.1e-12", "1.(0|1)e-12"),
        ("1e10", "1e10", "1e10"),
    ],
)
def test_enclosures(low, high, text):
    assert enclosure_text(Fraction(low), Fraction(high)) == text


def test_no_digit_beyond_the_bounds():
    shown = enclosure_text(Fraction(1, 7), Fraction(1, 7) + Fraction(1, 10**6))
    assert len(shown.partition("(")[0]) <= len("0.142857")


def test_the_table_has_every_point_by_loss():
    found = hand_map()
    lines = render_map(found).splitlines()
    head = next(k for k, line in enumerate(lines) if line.startswith("point"))
    assert lines[head].split() == [*" ".join(HEADINGS).split(), "hits"]
    rows = lines[head + 2 : head + 2 + len(found)]
    assert [int(row.split()[0]) for row in rows] == [point.point for point in found]
    assert "global minimum " in rows[0]
    assert "strict local minimum " in rows[1]
    assert "strict local minimum, suboptimal" in rows[2]
    assert rows[4].split()[-7:] == ["2", "1", "6", "0", "3", "1e-14", "10000"]
    assert rows[6].split()[-7:] == ["0", "2", "3", "4", "3–4", "0", "1000000"]
    assert {len(line) for line in rows} == {len(lines[head + 1])}


def test_what_stands_below_the_table():
    text = re.sub(r"\s+", " ", render_map(hand_map()))
    assert "200 starts led to 7 proved critical points; 12 ended nowhere" in text
    assert "1 candidate of the search in doubles could not be proved and is left out" in text
    assert "[REFUTED] Is every local minimum global? A bad local minimum is proved to exist: near point 2" in text
    assert "A map need not be complete" in text
    assert "interrupted" not in text
    assert "The search was interrupted: this is what was proved until then." in re.sub(r"\s+", " ", render_map(hand_map(interrupted=True)))


def test_the_headline_gives_bounds_that_differ():
    close = hand_map((Fraction("0.123456789"), Fraction("0.123456790")), ("strict-minimum", "strict-minimum"))
    numbers = re.findall(r"0\.1234\d*", render_map(close).partition("[REFUTED]")[2])
    assert Fraction(numbers[0]) > Fraction(numbers[1])
    assert Fraction(numbers[0]) <= close[1].loss_lower
    assert Fraction(numbers[1]) >= close[0].loss_upper


def test_an_undecided_conclusion_says_so():
    text = re.sub(r"\s+", " ", render_map(hand_map((0, 1), ("global", "saddle"))))
    assert "[UNDECIDED] Is every local minimum global? None was met." in text


def test_an_empty_map():
    assert "No critical point was proved." in render_map(hand_map((), ()))


def test_sentences_keep_the_width():
    for width in (60, 100):
        below = render_map(hand_map(), width).partition("starts led")[2]
        assert all(len(line) <= width for line in below.splitlines())


def test_rows_come_from_claims_alone():
    report = hand_map().report
    rows = critical_rows(report.claims, report.number)
    assert [row.suboptimal for row in rows] == [False, False, True, True, False, False, False]
    assert str(hand_map()) == render_map(hand_map())


def test_where_every_weight_decays_no_start_runs_to_infinity():
    """The minima are listed after the search: the table tells of both, and that other critical points may be missing."""
    samples = [[0], [1], [2]], [[0], [1], [0]]
    found = lp.find_critical_points("1-1-1", *samples, weight_decay="1/10", starts=4, workers=1)
    assert found.is_complete
    lines = render_map(replace(found, strays=1)).splitlines()
    assert "4 starts led to 1 proved critical point; 1 ended nowhere." in lines
    assert any(line.startswith("[PROVED] All local minima") for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "exact algebra" not in text
    assert text.endswith("(hits) proves nothing. Critical points that are no local minima may be missing.")
    without = lp.find_critical_points("1-1-1", *samples, starts=4, workers=1)
    assert "1 ended nowhere, most often on the way to infinity" in " ".join(render_map(replace(without, strays=1)).split())
