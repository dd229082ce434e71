"""Rationals as decimal text, both ways and of any length: the interpreter converts long integers only up to a limit of its own."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from lossproof.theory.exceptions import InputError
from lossproof.theory.limits import MAX_NUMBER_TEXT
from lossproof.theory.shown import shown

_MOST_EXPONENT = 5000
_PIECE = 600
_SHORT_BITS = 1900
_WRITABLE_BITS = 16_000
_LONGEST_NAME = 40
_RATIONAL = re.compile(r"([+-]?\d+)/(\d+)|([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d{1,5}))?", re.ASCII)


def rational_text(value: Fraction) -> str:
    """Return a rational in lowest terms, such as ``"-3"`` or ``"2/7"``, however long it is.

    >>> rational_text(Fraction(2, 7)), len(rational_text(Fraction(1, 10**20_000)))
    ('2/7', 20003)
    """
    numerator = _digits(value.numerator)
    return numerator if value.denominator == 1 else f"{numerator}/{_digits(value.denominator)}"


def fraction_latex(value: Fraction) -> str:
    r"""Return a rational as LaTeX, set small.

    >>> fraction_latex(Fraction(3)), fraction_latex(Fraction(-1, 2))
    ('3', '-\\tfrac{1}{2}')
    """
    top, _, bottom = rational_text(abs(value)).partition("/")
    return ("-" if value < 0 else "") + (rf"\tfrac{{{top}}}{{{bottom}}}" if bottom else top)


def rational_written(text: str) -> Fraction:
    """Return the rational that `rational_text` wrote; raises `ValueError` for another text.

    >>> rational_written("-2/7")
    Fraction(-2, 7)
    """
    numerator, _, denominator = text.partition("/")
    return Fraction(_integer(numerator), _integer(denominator or "1"))


def rational_of_text(text: str) -> Fraction | None:
    """Return the rational that a text spells, or None.

    It may be a fraction or a decimal, with an exponent from −5000 to 5000 if need be, and have up to 5,000 characters.

    >>> rational_of_text("1/3"), rational_of_text("-0.5e1"), rational_of_text("1e6000"), rational_of_text("x")
    (Fraction(1, 3), Fraction(-5, 1), None, None)
    """
    stripped = text.strip()
    match = _RATIONAL.fullmatch(stripped) if len(stripped) <= MAX_NUMBER_TEXT else None
    if match is None:
        return None
    top, bottom, sign, whole, part, small, exponent = match.groups()
    if bottom is not None:
        denominator = _integer(bottom)
        return Fraction(_integer(top), denominator) if denominator else None
    decimals, power = part or small or "", int(exponent or 0)
    if abs(power) > _MOST_EXPONENT:
        return None
    digits = _integer((whole or "") + decimals)
    return shifted(Fraction(-digits if sign == "-" else digits), power - len(decimals))


def parameter_of_text(text: str, what: str, example: str) -> Fraction:
    """Return the parameter of a function that a text spells; raises `InputError`, with ``what`` the parameter is of and an ``example``.

    >>> parameter_of_text("1/4", "β of cauchy", "cauchy:1/4")
    Fraction(1, 4)
    """
    value = rational_of_text(text)
    if value is None:
        raise InputError(f"{what} must be a rational number, got {shown(text)}: write for example {example}")
    return value


def is_writable(value: Fraction) -> bool:
    """Tell whether a rational in lowest terms has at most 5,000 characters, so that a certificate can hold it.

    >>> is_writable(Fraction(1, 10**4990)), is_writable(Fraction(1, 10**5000))
    (True, False)
    """
    bits = value.numerator.bit_length() + value.denominator.bit_length()
    return bits <= _WRITABLE_BITS or (bits <= 2 * _WRITABLE_BITS and len(rational_text(value)) <= MAX_NUMBER_TEXT)


def simplest_between(lower: Fraction, upper: Fraction) -> Fraction:
    """Return the rational of the least denominator between two, by continued fractions; of several integers the one next to 0.

    >>> simplest_between(Fraction(333, 1000), Fraction(334, 1000)), simplest_between(Fraction(-7, 2), Fraction(-9, 4))
    (Fraction(1, 3), Fraction(-3, 1))
    """
    if lower <= 0 <= upper:
        return Fraction(0)
    if upper < 0:
        return -simplest_between(-upper, -lower)
    whole = math.floor(lower)
    if whole == lower:
        return lower
    return Fraction(whole + 1) if upper >= whole + 1 else whole + 1 / simplest_between(1 / (upper - whole), 1 / (lower - whole))


def brief_text(text: str, most: int = 40) -> str:
    """Return a text for a message, cut in the middle where it is long, with its length.

    >>> brief_text("1" * 5000, 10)
    '111…111 (5,000 characters)'
    """
    return text if len(text) <= most else f"{text[: (most - 4) // 2]}…{text[-((most - 4) // 2) :]} ({len(text):,} characters)"


def brief_name(name: str) -> str:
    """Return the name of an activation or error for readers: a parameter too long for a line is told by its size.

    >>> brief_name("leaky-relu:1/100"), brief_name("cauchy:1/1" + "0" * 350)
    ('leaky-relu:1/100', 'cauchy:≈10^-350')
    """
    family, colon, parameter = name.partition(":")
    return f"{family}:≈10^{decimal_exponent(rational_written(parameter))}" if colon and len(name) > _LONGEST_NAME else name


def decimal_exponent(value: Fraction) -> int:
    """Return ``floor(log10 |value|)`` of a rational other than 0, exactly.

    >>> decimal_exponent(Fraction(1, 1000)), decimal_exponent(Fraction(999)), decimal_exponent(Fraction(10**5000))
    (-3, 2, 5000)
    """
    size = abs(value)
    guess = math.floor((size.numerator.bit_length() - size.denominator.bit_length() - 1) * math.log10(2)) - 1
    while shifted(size, -guess - 1) >= 1:
        guess += 1
    return guess


def shifted(value: Fraction, places: int) -> Fraction:
    """Return ``value · 10^places``: the decimal point moved to the right.

    >>> shifted(Fraction(1, 2), -1)
    Fraction(1, 20)
    """
    unit = Fraction(10) ** abs(places)
    return value * unit if places >= 0 else value / unit


def _digits(number: int) -> str:
    if number < 0:
        return f"-{_digits(-number)}"
    if number.bit_length() <= _SHORT_BITS:
        return str(number)
    behind = int(number.bit_length() * math.log10(2)) // 2
    high, low = divmod(number, 10**behind)
    return _digits(high) + _digits(low).rjust(behind, "0")


def _integer(text: str) -> int:
    if len(text) <= _PIECE:
        return int(text)
    high, low = text[:-_PIECE], text[-_PIECE:]
    unit: int = 10**_PIECE
    size = _integer(high) if high not in ("+", "-") else 0
    return size * unit + (-int(low) if text[0] == "-" else int(low))
