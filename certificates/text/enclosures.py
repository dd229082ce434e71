"""Proved bounds as decimals: never a digit more than is proved."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from lossproof.theory.rationals import decimal_exponent, shifted

_DIGITS = 12
_TAIL = 2
_LOOSEST = 30
_SHORTEST, _LONGEST = -4, 7


def enclosure_text(lower: Fraction, upper: Fraction, digits: int = _DIGITS) -> str:
    """Return an enclosure ``lower ≤ x ≤ upper`` as decimals: the digits that both bounds share, then in parentheses how the bounds go on.

    A number that is known exactly stands as it is when it is short; ``…`` says that more digits follow, which are left out. Bounds on both sides of a
    round number stand as this number ± their distance from it, others that share no digit in brackets; all are rounded outwards.

    >>> enclosure_text(Fraction("0.018710935156"), Fraction("0.018710935173"))
    '0.0187109351(56|73)'
    >>> enclosure_text(Fraction(1, 8), Fraction(1, 8)), enclosure_text(Fraction(2, 3), Fraction(2, 3)), enclosure_text(Fraction(-1), Fraction(2))
    ('0.125', '0.666666666666…', '[-1, 2]')
    >>> enclosure_text(Fraction("0.4999999999"), Fraction("0.5000000002"))
    '0.5 ± 2e-10'
    >>> enclosure_text(Fraction(0), Fraction(1, 10**30)), enclosure_text(Fraction("-1.2345e-9"), Fraction("-1.2344e-9"))
    ('[0, 1e-30]', '-1.234(4|5)e-9')
    """
    if lower == upper == 0:
        return "0"
    if lower <= 0 <= upper:
        return f"[{decimal_below(lower)}, {decimal_above(upper)}]"
    sign, low, high = ("-", -upper, -lower) if upper < 0 else ("", lower, upper)
    text = _shared(low, high, digits) or _centred(low, high, digits)
    return f"[{decimal_below(lower)}, {decimal_above(upper)}]" if text is None else sign + text


def decimal_below(value: Fraction, digits: int = 3) -> str:
    """Return a decimal of so many leading digits that is at most ``value``.

    >>> decimal_below(Fraction(2, 3)), decimal_below(Fraction(-2, 3)), decimal_below(Fraction(1, 8)), decimal_below(Fraction(2, 3 * 10**9))
    ('0.666', '-0.667', '0.125', '6.66e-10')
    """
    return f"-{_rounded(-value, digits, up=True)}" if value < 0 else _rounded(value, digits, up=False)


def decimal_above(value: Fraction, digits: int = 3) -> str:
    """Return a decimal of so many leading digits that is at least ``value``.

    >>> decimal_above(Fraction(2, 3)), decimal_above(Fraction(-2, 3)), decimal_above(Fraction(999999, 1000))
    ('0.667', '-0.666', '1000')
    """
    return f"-{_rounded(-value, digits, up=False)}" if value < 0 else _rounded(value, digits, up=True)


def is_short_decimal(value: Fraction, digits: int = _DIGITS) -> bool:
    """Tell whether a rational is a decimal of few digits.

    >>> is_short_decimal(Fraction(1, 8)), is_short_decimal(Fraction(1, 3)), is_short_decimal(Fraction(1, 2**100))
    (True, False, False)
    """
    return value == 0 or shifted(value, digits - 1 - decimal_exponent(value)).denominator == 1


def _shared(lower: Fraction, upper: Fraction, digits: int) -> str | None:
    """Return the enclosure of a positive number, or None when the bounds share no digit."""
    exponent = decimal_exponent(upper)
    for places in range(digits - 1 - exponent, -2 - exponent, -1):
        low, high = floor(shifted(lower, places)), ceil(shifted(upper, places))
        if lower == upper and low == high:
            return _spelled(low, places)
        if low == floor(shifted(upper, places)):
            return _spelled(low, places, "…")
        before, behind = str(low).rjust(len(str(high)), "0"), str(high)
        same = next((k for k, (a, b) in enumerate(zip(before, behind, strict=True)) if a != b), len(before))
        if same == 0 or (high - low) > _LOOSEST * shifted(upper - lower, places):
            return None
        if len(before) - same <= _TAIL:
            return _with_tail(low, high, places, len(before) - same)
    return None


def _centred(lower: Fraction, upper: Fraction, digits: int) -> str | None:
    """Return the enclosure of a positive number as a decimal ± a bound, or None when that would say much less."""
    exponent, half = decimal_exponent(upper), (upper - lower) / 2
    for places in range(-exponent, digits - exponent):
        scaled = round(shifted((lower + upper) / 2, places))
        centre = shifted(Fraction(scaled), -places)
        distance = max(upper - centre, centre - lower)
        if scaled > 0 and (distance <= 2 * half or (places == digits - 1 - exponent and distance < centre / 100)):
            return f"{_spelled(scaled, places)} ± {decimal_above(distance, 1)}"
    return None


def _with_tail(low: int, high: int, places: int, differing: int) -> str | None:
    while low % 10 == high % 10 == 0:
        low, high, places, differing = low // 10, high // 10, places - 1, differing - 1
    tail = f"({low % 10**differing:0{differing}}|{high % 10**differing:0{differing}})"
    in_the_fraction = places >= differing or len(str(high)) - 1 - places >= _LONGEST
    return _spelled(high, places, tail, differing) if in_the_fraction else None


def _rounded(value: Fraction, digits: int, *, up: bool) -> str:
    if value == 0:
        return "0"
    places = digits - 1 - decimal_exponent(value)
    exact = shifted(value, places)
    return _spelled(ceil(exact) if up else floor(exact), places)


def _spelled(scaled: int, places: int, tail: str = "", dropped: int = 0) -> str:
    """Return ``scaled · 10^{−places}`` as a decimal, its last ``dropped`` digits replaced by ``tail``; zeros at the end go where no tail follows."""
    exponent = len(str(scaled)) - 1 - places
    if places < 0 <= exponent < _LONGEST and not tail:
        scaled, places = scaled * 10**-places, 0
    text = str(scaled)
    if _SHORTEST <= exponent < _LONGEST and places >= dropped:
        text = text.rjust(places + 1, "0")
        whole, fraction = text[: len(text) - places], text[len(text) - places :]
        suffix = ""
    else:
        whole, fraction, suffix = text[0], text[1:], f"e{exponent}"
    if dropped:
        fraction = fraction[: len(fraction) - dropped]
    elif not tail:
        fraction = fraction.rstrip("0")
    point = "." if fraction or dropped else ""
    return f"{whole}{point}{fraction}{tail}{suffix}"
