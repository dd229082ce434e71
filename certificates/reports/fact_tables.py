"""The facts of a claim as small tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.certificates.claims.critical_kinds import SIGNS
from lossproof.certificates.reports.critical_rows import inertia_text
from lossproof.certificates.text.enclosures import decimal_above, decimal_below, is_short_decimal
from lossproof.theory.rationals import brief_name, rational_text

_LOWER_BOUNDS = ("loss_lower", "decrease", "smallest_lower", "largest_lower")
_UPPER_BOUNDS = ("loss_upper", "other_loss_upper", "coefficient", "distance", "smallest_upper", "largest_upper", "within")
_LONGEST, _SHOWN = 15, 10
_MOST_LISTED, _ENDS = 16, 3
_WORDS = {
    "N_net": "trainable weights N_net",
    "required": "needed, T·n_L",
    "rank_lower": "rank at least",
    "rank_upper": "rank at most",
    "columns": "columns of P, T·n_L",
    "layer": "layer l",
    "layers": "layer by layer",
    "bound": "guaranteed bound",
    "guaranteed": "guaranteed ranks r_1, …, r_L",
    "ranks": "ranks of W_1, …, W_L",
    "dimension": "dimension",
    "learner": "the exact learner",
    "point": "near",
    "matrix": "matrix",
    "least": "smallest singular value at least",
    "distance": "distance at most",
    "decrease": "loss smaller by at least",
    "target_radius": "targets within",
    "radius": "radius",
    "order": "order",
    "coefficient": "coefficient at most",
    "smallest_lower": "smallest eigenvalue at least",
    "smallest_upper": "smallest eigenvalue at most",
    "largest_lower": "largest eigenvalue at least",
    "largest_upper": "largest eigenvalue at most",
    "eigenvalues": "eigenvalues, in ascending order",
    "within": "each within",
    "by": "by the",
    "loss_lower": "loss at least",
    "loss_upper": "loss at most",
    "other_loss_upper": "loss elsewhere at most",
    "inertia": "signs of the eigenvalues",
    "negative": "eigenvalues < 0",
    "zero": "eigenvalues = 0",
    "positive": "eigenvalues > 0",
    "undecided": "undecided",
    "activation": "hidden activation",
    "output_activation": "output activation",
    "error": "error",
}


@dataclass(frozen=True)
class FactTable:
    """A table: a header of fixed keys, their meaning in words, and the rows."""

    keys: tuple[str, ...]
    words: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def fact_tables(facts: Mapping[str, Any]) -> tuple[FactTable, ...]:
    """Return the facts as tables: one of the plain facts (a single row), then one for each list of records.

    >>> fact_tables({"N_net": 9, "required": 4})[0].rows
    (('9', '4'),)
    """
    records = {key: value for key, value in facts.items() if _is_records(value)}
    plain = {key: value for key, value in facts.items() if key not in records}
    tables = [_table(list(plain), [plain])] if plain else []
    tables += [_table(list(dict.fromkeys(key for row in value for key in row)), value) for value in records.values()]
    return tuple(tables)


def facts_in_words(facts: Mapping[str, Any]) -> str:
    """Return the facts in one line.

    >>> facts_in_words({"N_net": 9, "required": 4})
    'N_net = 9, required = 4'
    >>> facts_in_words({"loss_lower": Fraction(1, 3) ** 40, "inertia": {"negative": 1, "zero": 0, "positive": 2, "undecided": 0}})
    'loss_lower ≥ 8.225263339e-20, inertia = 1 negative, 2 positive'
    """
    return ", ".join(f"{key} {text}" if text[:1] in ("≥", "≤", "≈") else f"{key} = {text}" for key, text in _texts(facts))


def _texts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, _text(value, key)) for key, value in facts.items()]


def _is_records(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0 and all(isinstance(row, Mapping) for row in value)


def _table(keys: list[str], rows: Sequence[Mapping[str, Any]]) -> FactTable:
    words = tuple(_WORDS.get(key, key.replace("_", " ")) for key in keys)
    return FactTable(tuple(keys), words, tuple(tuple(_text(row.get(key, ""), key) for key in keys) for row in rows))


def _text(value: Any, key: str = "") -> str:
    if isinstance(value, Mapping):
        return inertia_text(value) if set(value) == set(SIGNS) else "{" + facts_in_words(value) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        if any(isinstance(v, Mapping) for v in value):
            return "; ".join(_text(v) for v in value)
        if len(value) <= _MOST_LISTED:
            return ", ".join(_text(item) for item in value)
        return f"{', '.join(map(_text, value[:_ENDS]))}, …, {', '.join(map(_text, value[-_ENDS:]))} ({len(value)} in all)"
    if isinstance(value, Fraction):
        return _fraction(value, key)
    return brief_name(value) if isinstance(value, str) else str(value)


def _fraction(value: Fraction, key: str) -> str:
    """Return a short rational in full; a long one as a decimal, rounded to the safe side where the key names a bound."""
    plain = rational_text(value)
    if len(plain) <= _LONGEST and value.denominator == 1:
        return plain
    if len(plain) <= _LONGEST:
        return decimal_above(value, _LONGEST) if is_short_decimal(value, 6) else f"{plain} (about {decimal_below(value, 2)})"
    if key in _LOWER_BOUNDS:
        return f"≥ {decimal_below(value, _SHOWN)}"
    if key in _UPPER_BOUNDS:
        return f"≤ {decimal_above(value, _SHOWN)}"
    return f"≈ {decimal_above(value, 2)}"
