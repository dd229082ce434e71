"""Rationals as text, both ways and of any length, whatever limit the interpreter sets to integers."""

from __future__ import annotations

import random
import sys
from fractions import Fraction

import pytest

import lossproof as lp
from lossproof.theory.limits import MAX_NUMBER_TEXT
from lossproof.theory.rationals import (
    brief_name,
    brief_text,
    decimal_exponent,
    is_writable,
    rational_of_text,
    rational_text,
    rational_written,
    shifted,
)

LENGTHS = (1, 10, 599, 600, 601, 1200, 2400, 4299, 4301, 4990)


@pytest.fixture
def least_limit():
    """The least number of digits that an interpreter may be told to convert."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    yield
    sys.set_int_max_str_digits(before)


def naive_text(value: Fraction) -> str:
    digits = []
    for number in (abs(value.numerator), value.denominator):
        text = []
        while number:
            number, digit = divmod(number, 10)
            text.append(str(digit))
        digits.append("".join(reversed(text)) or "0")
    whole = digits[0] if digits[1] == "1" else "/".join(digits)
    return f"-{whole}" if value < 0 else whole


def drawn(digits: int) -> list[Fraction]:
    r = random.Random(digits)
    top = [r.randrange(10 ** (digits - 1), 10**digits) for _ in range(3)]
    return [Fraction(top[0]), Fraction(-top[1], 7), Fraction(3, top[2]), Fraction(10**digits), Fraction(-1, 10**digits), Fraction(0)]


@pytest.mark.parametrize("digits", LENGTHS)
@pytest.mark.usefixtures("least_limit")
def test_text_and_back(digits):
    for value in drawn(digits):
        text = rational_text(value)
        assert text == naive_text(value)
        assert rational_written(text) == value
        assert is_writable(value) == (len(text) <= MAX_NUMBER_TEXT)
        if len(text) <= MAX_NUMBER_TEXT:
            assert rational_of_text(text) == rational_of_text(f" {text} ") == value


def test_the_longest_that_can_be_written():
    for digits in (4998, 4999, 5000, 5001):
        assert is_writable(Fraction(10**digits - 1)) == (digits <= MAX_NUMBER_TEXT)
        assert is_writable(Fraction(1 - 10**digits)) == (digits < MAX_NUMBER_TEXT)
        assert is_writable(Fraction(1, 10 ** (digits - 3))) == (digits <= MAX_NUMBER_TEXT)


@pytest.mark.usefixtures("least_limit")
def test_what_texts_spell():
    spelled = {
        "1/3": Fraction(1, 3),
        "-2": -2,
        "+2": 2,
        "0.25": Fraction(1, 4),
        ".5e1": 5,
        "1.e-2": Fraction(1, 100),
        "-0.5E+1": -5,
        "1e5000": 10**5000,
    }
    for text, value in spelled.items():
        assert rational_of_text(text) == value
    long = "9" * 4000
    assert rational_of_text("-" + long) == 1 - 10**4000
    assert rational_of_text("+" + long) == 10**4000 - 1
    assert rational_of_text(f"0.{long}") == 1 - Fraction(1, 10**4000)
    for text in ("", "x", "1/0", "1/-2", "--1", "1e5001", "1e-99999", "1/2/3", "nan", "inf", "1_000", "9" * 5001, "٣"):
        assert rational_of_text(text) is None


def test_exponents_of_ten_are_exact():
    for k in range(-400, 401, 7):
        for near in (Fraction(0), Fraction(1, 10**900)):
            assert decimal_exponent(Fraction(10) ** k + near) == k
            assert decimal_exponent(-(Fraction(10) ** k) - near) == k
        assert decimal_exponent(Fraction(10) ** k - Fraction(1, 10**900)) == k - 1
        assert shifted(Fraction(1, 3), k) == Fraction(10) ** k / 3


def test_messages_stay_short():
    assert brief_text("abc") == "abc"
    assert brief_text("a" * 10_000).endswith("(10,000 characters)")
    assert brief_name("tanh") == "tanh"
    assert brief_name(f"leaky-relu:1/{3 * 10**200}") == "leaky-relu:≈10^-201"


@pytest.mark.parametrize("name", ["cauchy:1e-350", "smooth-l1:1e350", "blake-zisserman:1/3"])
def test_scales_of_errors_are_read_at_any_size(name):
    error = lp.error_named(name)
    assert lp.error_named(error.name) == error


@pytest.mark.parametrize("name", ["cauchy:1e6000", "cauchy:1/0", "cauchy:x", "cauchy:1e99999999", "smooth-l1:" + "9" * 6000])
def test_scales_that_spell_nothing_are_refused_at_once(name):
    with pytest.raises(lp.InputError, match=r"must be a rational number.*write for example"):
        lp.error_named(name)


def test_scales_too_long_for_a_certificate_are_refused():
    for options in ({"error": f"cauchy:1/{10**400}"}, {"activation": f"leaky-relu:1/{10**400}"}):
        with pytest.raises(lp.InputError, match="at most 400 digits above and below the bar"):
            lp.check_architecture("1-1", [[0]], [[0]], **options)
