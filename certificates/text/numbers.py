"""Exact numbers and matrices as short text for readers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from lossproof.theory.problem.numbers import Combination, Number

_LONGEST = 18
ELLIPSIS = "…"


def display_number(value: Number) -> str:
    """Return a short text of an exact number.

    Short rationals stand as they are; a longer one that is a double is written as the shortest decimal that spells this double; any
    other long one is cut to its leading digits, marked by ``≈``.

    >>> display_number(Fraction(1, 3)), display_number(Fraction(0.1)), display_number(1 + Fraction(1, 10**30))
    ('1/3', '0.1', '≈ 1.0')
    """
    if isinstance(value, Combination):
        return str(value)
    plain = str(value)
    if len(plain) <= _LONGEST:
        return plain
    try:
        as_float = float(value)
    except OverflowError:
        return f"≈ {'-' if value < 0 else ''}10^{math.floor(_log10(abs(value)))}"
    if as_float == 0:
        return f"≈ {'-' if value < 0 else ''}10^{math.floor(_log10(abs(value)))}"
    return repr(as_float) if Fraction(as_float) == value else f"≈ {as_float!r}"


def _log10(value: Fraction) -> float:
    return math.log10(value.numerator) - math.log10(value.denominator)


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
