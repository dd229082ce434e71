"""Exact numbers: what is read is exactly what was given, or refused."""

import random
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy

from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.numbers import Combination, Constant, Number, exact_number, exact_numbers


def as_sympy(number: Number) -> sympy.Expr:
    if isinstance(number, Fraction):
        return sympy.Rational(number.numerator, number.denominator)
    total = as_sympy(number.rational)
    for constant, coefficient in number.terms:
        total += as_sympy(coefficient) * _constant(constant)
    return total


def _constant(constant: Constant) -> sympy.Expr:
    argument = sympy.Rational(constant.argument.numerator, constant.argument.denominator)
    table = {"pi": sympy.pi, "log": sympy.log(argument), "exp": sympy.exp(argument), "root": argument ** sympy.Rational(1, constant.degree)}
    return table[constant.kind]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (3, Fraction(3)),
        (0.1, Fraction(3602879701896397, 36028797018963968)),
        (np.float32(0.1), Fraction(13421773, 134217728)),
        (np.int64(-7), Fraction(-7)),
        ("1/3", Fraction(1, 3)),
        (" -0.25 ", Fraction(-1, 4)),
        ("1e-3", Fraction(1, 1000)),
        (Decimal("0.1"), Fraction(1, 10)),
        (Decimal("-12E+3"), Fraction(-12000)),
        (sympy.Rational(2, 7), Fraction(2, 7)),
        (sympy.Float(0.5), Fraction(1, 2)),
        (-0.0, Fraction(0)),
        (5e-324, Fraction(1, 2**1074)),
    ],
)
def test_rationals(given: object, expected: Fraction) -> None:
    assert exact_number(given) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1.",
        ".5",
        "-.5e-3",
        "+2.50e3",
        "007/14",
        "-12.000",
        "1e5000",
        "-3.25e-5000",
        "0.0",
        "123456789.987654321e-7",
        "1" * 4300,
        "0." + "7" * 4300,
    ],
)
def test_texts_are_what_fractions_read(text: str) -> None:
    assert exact_number(text) == Fraction(text)


def test_many_numbers_are_read_like_one() -> None:
    given = [0.1, -0.0, 5e-324, 3, "1/3", np.float64(0.3), sympy.log(2)]
    assert exact_numbers(given, "row") == [exact_number(value) for value in given]
    for bad in (float("nan"), float("inf"), "x", None):
        with pytest.raises(InputError, match=r"row\[1\]"):
            exact_numbers([1.0, bad], "row")


def test_extended_precision_is_not_rounded() -> None:
    given = np.longdouble(1) + np.finfo(np.longdouble).eps
    numerator, denominator = given.as_integer_ratio()
    assert exact_number(given) == Fraction(int(numerator), int(denominator))


@pytest.mark.parametrize(
    "given",
    [
        sympy.log(3) / 2,
        0.5 * sympy.log(3),
        sympy.log(sympy.Rational(12, 35)),
        sympy.log(6) - sympy.log(2) + sympy.Rational(1, 3),
        sympy.sqrt(8) / 3,
        sympy.Rational(2, 3) ** sympy.Rational(2, 3),
        sympy.E * 2 - sympy.exp(sympy.Rational(-1, 2)),
        sympy.pi / 4 + 1,
        sympy.log(sympy.sqrt(2)),
    ],
)
def test_combinations_keep_their_value(given: sympy.Expr) -> None:
    number = exact_number(given)
    assert isinstance(number, Combination)
    assert sympy.simplify(sympy.expand_log(as_sympy(number) - sympy.nsimplify(given, rational=True), force=True)) == 0


def test_equal_numbers_have_one_form() -> None:
    assert exact_number(sympy.log(12)) == exact_number(2 * sympy.log(2) + sympy.log(3))
    assert exact_number(sympy.log(3) - sympy.log(3)) == Fraction(0)
    generator = random.Random(0)
    for _ in range(20):
        p, q = generator.randint(1, 400), generator.randint(1, 400)
        assert exact_number(sympy.log(p) - sympy.log(q)) == exact_number(sympy.log(sympy.Rational(p, q)))


@pytest.mark.parametrize(
    "given",
    [
        float("nan"), float("inf"), np.float64("-inf"), np.longdouble("nan"), Decimal("NaN"), Decimal("Infinity"), Decimal("1E+999999999"),
        "nan", "1/0", "", "0x10", "1e99999", "1_000", "١", "pi", None, [], 1j, object(),
        sympy.Symbol("x"), sympy.I, sympy.oo, sympy.nan, sympy.zoo, sympy.sqrt(-2), sympy.log(-3), sympy.sin(1), sympy.log(sympy.pi), sympy.E * sympy.pi,
    ],
)  # fmt: skip
def test_everything_else_is_refused(given: object) -> None:
    with pytest.raises(InputError, match=r"^W\[0\] must "):
        exact_number(given, "W[0]")


LONG = {
    "an integer": 10**5000,
    "a fraction": Fraction(3**6000, 2**9500),
    "a text": "1e5000",
    "a decimal": Decimal("1E-4999"),
    "a coefficient": sympy.log(3) * sympy.Integer(10) ** 5000,
    "an exponent": sympy.exp(sympy.Integer(10) ** 5001),
    "a radicand": Combination(Fraction(0), ((Constant("root", Fraction(10**5001 + 1), 2), Fraction(1)),)),
}


@pytest.mark.parametrize("name", LONG)
def test_numbers_that_no_certificate_holds_are_refused(name: str) -> None:
    with pytest.raises(
        InputError, match=r"row\[0\] must have at most 5,000 characters as a fraction in lowest terms, got .{10,70}: round it"
    ):
        exact_numbers([LONG[name]], "row")


def test_long_numbers_are_kept_exactly() -> None:
    assert exact_numbers(["1e4990", "-1e-4990", Fraction(1, 3**5000)], "row") == [10**4990, -Fraction(1, 10**4990), Fraction(1, 3**5000)]
    small, root = exact_numbers([sympy.log(3) / 10**4500, sympy.sqrt(sympy.Integer(10) ** 201 + 1)], "row")
    assert str(small) == f"1/1{'0' * 4500}*log(3)"
    assert str(root) == f"1*(1{'0' * 200}1)^(1/2)"


def test_logarithms_of_large_primes_are_refused_quickly() -> None:
    for argument in (2**89 - 1, 2**607 - 1, (2**31 - 1) * (2**61 - 1), sympy.Rational(1, 2**89 - 1)):
        with pytest.raises(InputError, match=r"logarithms of rationals with prime factors below 2\^64"):
            exact_number(sympy.log(argument))


def test_logarithms_of_smooth_numbers_are_sums() -> None:
    assert exact_number(sympy.log(sympy.Integer(3) ** 5000)) == exact_number(5000 * sympy.log(3))
    assert exact_number(sympy.log((2**31 - 1) * (2**31 - 19))) == exact_number(sympy.log(2**31 - 1) + sympy.log(2**31 - 19))
    assert exact_number(sympy.log(2**61 - 1)) == Combination(Fraction(0), ((Constant("log", Fraction(2**61 - 1)), Fraction(1)),))


def test_messages_about_long_things_are_short() -> None:
    for given in ([10**5000], sympy.I * sympy.Integer(10) ** 5000, "9" * 6000, {10**5000: 1}):
        with pytest.raises(InputError) as caught:
            exact_numbers([given], "row")
        assert len(str(caught.value)) < 300
