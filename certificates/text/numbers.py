"""Exact numbers and matrices as short text for readers: never longer than a line, however long the number is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lossproof.certificates.text.enclosures import decimal_below
from lossproof.theory.problem.numbers import Combination, Number
from lossproof.theory.rationals import rational_text

_LONGEST, _LONGEST_SUM = 18, 60
_LEADING = 3
ELLIPSIS = "…"


def display_number(value: Number) -> str:
    """Return a short text of an exact number.

    Short rationals stand as they are; a longer one that is a double is written as the shortest decimal that spells this double; any
    other long one is cut to its leading digits, marked by ``≈``. A long combination of constants is cut, marked by ``…``.

    >>> display_number(Fraction(1, 3)), display_number(Fraction(0.1)), display_number(1 + Fraction(1, 10**30))
    ('1/3', '0.1', '≈ 1.0')
    >>> display_number(Fraction(10**5000)), display_number(Fraction(-1, 3 * 10**400))
    ('≈ 10^5000', '≈ -3.33·10^-401')
    """
    if isinstance(value, Combination):
        text = str(value)
        return text if len(text) <= _LONGEST_SUM else text[: _LONGEST_SUM - 1] + ELLIPSIS
    plain = rational_text(value)
    if len(plain) <= _LONGEST:
        return plain
    nearest = _nearest_double(value)
    if nearest is None:
        digits, _, exponent = decimal_below(abs(value), _LEADING).partition("e")
        return f"≈ {'-' if value < 0 else ''}{'' if digits == '1' else f'{digits}·'}10^{exponent}"
    return repr(nearest) if Fraction(nearest) == value else f"≈ {nearest!r}"


def _nearest_double(value: Fraction) -> float | None:
    """Return the nearest double of a number other than 0, or None where that would be infinite or 0."""
    try:
        return value.numerator / value.denominator or None
    except OverflowError:
        return None


def shortened_rows(rows: Sequence[Sequence[Number]], most_rows: int = 12, most_columns: int = 8) -> tuple[tuple[str, ...], ...]:
    """Return a matrix as text rows; beyond the limits a row or column of dots stands for the middle.

    >>> shortened_rows([[Fraction(1), Fraction(2), Fraction(3)]], most_columns=2)
    (('1', '…', '3'),)
    """
    kept = [*_kept(len(rows), most_rows)]
    return tuple(
        tuple(ELLIPSIS if i is None or j is None else display_number(rows[i][j]) for j in _kept(len(rows[0]), most_columns)) for i in kept
    )


def is_shortened(rows: Sequence[Sequence[Number]], most_rows: int = 12, most_columns: int = 8) -> bool:
    """Tell whether `shortened_rows` leaves something out."""
    return len(rows) > most_rows or (len(rows) > 0 and len(rows[0]) > most_columns)


def _kept(size: int, most: int) -> list[int | None]:
    if size <= most:
        return list(range(size))
    tail = most // 2
    head = most - tail
    return [*range(head), None, *range(size - tail, size)]
