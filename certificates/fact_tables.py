"""The facts of a claim as small tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

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
    "distance": "distance at most",
    "radius": "radius",
    "order": "order of convergence",
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
    """
    return ", ".join(f"{key} = {_text(value)}" for key, value in facts.items())


def _is_records(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0 and all(isinstance(row, Mapping) for row in value)


def _table(keys: list[str], rows: Sequence[Mapping[str, Any]]) -> FactTable:
    words = tuple(_WORDS.get(key, key.replace("_", " ")) for key in keys)
    return FactTable(tuple(keys), words, tuple(tuple(_text(row.get(key, "")) for key in keys) for row in rows))


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + facts_in_words(value) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return (
            ", ".join(_text(item) for item in value)
            if all(not isinstance(v, Mapping) for v in value)
            else "; ".join(_text(v) for v in value)
        )
    if isinstance(value, Fraction) and value.denominator > 1:
        return f"{value} (about {float(value):.2g})"
    return str(value)
