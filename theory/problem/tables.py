"""Tables of pandas, polars and pyarrow: columns with names, read exactly, or refused by the name of the column. No library is imported here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.rationals import rational_of_text
from lossproof.theory.shown import shown

_LONGEST_NAME = 40
_INFINITE = (float("inf"), float("-inf"))
_DATES = ("date", "datetime", "time", "timedelta", "datetime64", "timedelta64", "Timestamp", "Timedelta", "Period", "Interval")
_HOLDERS = (list, tuple)
_LIBRARIES = ("numpy", "sympy")
_ADVICE = "leave the column out, or encode it as numbers"
_PANDAS_KINDS = {"c": "complex numbers", "m": "durations", "M": "dates"}


def column_names(values: Any) -> tuple[str, ...] | None:
    """Return the names that a table of pandas, polars or pyarrow, or a series, gives its columns; None where there are none but numbers.

    >>> column_names([[1, 2]]) is None
    True
    """
    kind = type(values)
    if _is_arrow(kind, "Table"):
        labels = list(values.column_names)
    elif _is(kind, "DataFrame"):
        labels = list(values.columns)
    elif _is(kind, "Series") and values.name not in (None, ""):
        labels = [values.name]
    else:
        return None
    named = any(isinstance(label, str) for label in labels)
    return tuple(brief_label(label) for label in labels) if named else None


def brief_label(label: Any) -> str:
    """Return the label of a column on one line, at most 40 characters of it.

    >>> brief_label("sepal length"), len(brief_label("x" * 99))
    ('sepal length', 41)
    """
    text = " ".join(str(label).split())
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…"


def column_label(label: Any, where: str) -> str:
    """Return what a message calls a column.

    >>> column_label("age", "X")
    "column 'age' of X"
    """
    return f"column {brief_label(label)!r} of {where}"


def only_column(values: Any) -> list[Any] | None:
    """Return the entries of a series or of the only column of a table, whatever they are; None for anything else.

    >>> only_column([1, 2]) is None
    True
    """
    kind = type(values)
    if (_is(kind, "DataFrame") or _is_arrow(kind, "Table")) and values.shape[1] == 1:
        return only_column(_first_column(values))
    if _is_arrow(kind, "ChunkedArray"):
        return list(values.to_pylist())
    if not _is(kind, "Series"):
        return None
    return list(values.tolist() if hasattr(values, "tolist") else values.to_list())


def _first_column(table: Any) -> Any:
    if _is_arrow(type(table), "Table"):
        return table.column(0)
    return table.iloc[:, 0] if hasattr(table, "iloc") else table.to_series(0)


def is_categorical(values: Any) -> bool:
    """Tell whether a value is a series, or a table with one column, that holds categories.

    >>> is_categorical(["a", "b"])
    False
    """
    if (_is(type(values), "DataFrame") or _is_arrow(type(values), "Table")) and values.shape[1] == 1:
        return is_categorical(_first_column(values))
    if _is_arrow(type(values), "ChunkedArray"):
        return bool(sys.modules["pyarrow"].types.is_dictionary(values.type))
    if not _is(type(values), "Series"):
        return False
    return str(getattr(values.dtype, "name", "")) == "category" or str(values.dtype).partition("(")[0] in ("Categorical", "Enum")


def read_pandas_frame(values: Any, name: str) -> list[list[Any]]:
    """Return the rows of a ``DataFrame`` of pandas in their order; the index is not looked at. Raises `InputError` with the name of a column."""
    labels = list(values.columns)
    columns = [_pandas_column(values.iloc[:, j], column_label(label, name)) for j, label in enumerate(labels)]
    return _rows(columns, values.shape[0])


def read_pandas_series(values: Any, name: str) -> list[Any]:
    """Return the values of a ``Series`` of pandas in their order. Raises `InputError`."""
    return _pandas_column(values, _series_name(values, name), numbers_only=False)


def read_polars_frame(values: Any, name: str) -> list[list[Any]]:
    """Return the rows of a ``DataFrame`` of polars. Raises `InputError` with the name of a column."""
    return _rows([_polars_column(column, column_label(column.name, name)) for column in values.get_columns()], values.height)


def read_polars_series(values: Any, name: str) -> list[Any]:
    """Return the values of a ``Series`` of polars. Raises `InputError`."""
    return _polars_column(values, _series_name(values, name))


def read_arrow_table(values: Any, name: str) -> list[list[Any]]:
    """Return the rows of a ``Table`` of pyarrow. Raises `InputError` with the name of a column."""
    named = zip(values.columns, values.column_names, strict=True)
    return _rows([_arrow_column(column, column_label(label, name)) for column, label in named], values.num_rows)


def read_arrow_column(values: Any, name: str) -> list[Any]:
    """Return the values of a ``ChunkedArray`` of pyarrow, a column of a table. Raises `InputError`."""
    return _arrow_column(values, name)


def plain_column(values: Sequence[Any], label: str, *, numbers_only: bool = True) -> list[Any]:
    """Return the entries of a column, none of which is missing, infinite, a date, a text that spells no number, or another object.

    Without ``numbers_only`` lists of several numbers, as a series may hold them, are left as they are. Raises `InputError`, which calls the column ``label``.

    >>> plain_column([1, "1/3"], "column 'a'")
    [1, '1/3']
    """
    for i, entry in enumerate(values):
        kind = type(entry)
        if kind is int or kind is bool or (kind is float and entry == entry and entry not in _INFINITE):
            continue
        if is_missing(entry):
            count = sum(map(is_missing, values))
            raise InputError(f"{label} must have no entry missing, got {count} missing, the first in row {i}: fill them or drop these rows")
        if kind.__name__ in _DATES:
            raise InputError(f"{label} must hold numbers, got {shown(entry)} in row {i}: {_ADVICE}")
        if isinstance(entry, float) and entry in _INFINITE:
            raise InputError(f"{label} must be finite, got {float(entry)} in row {i}: drop the row, or scale the column")
        if isinstance(entry, str) and rational_of_text(entry) is None:
            raise InputError(f"{label} must hold numbers, got the text {shown(str(entry))} in row {i}: {_ADVICE}")
        if not isinstance(entry, (str, Real, Decimal, *(() if numbers_only else _HOLDERS))) and not kind.__module__.startswith(_LIBRARIES):
            raise InputError(f"{label} must hold numbers, got {shown(entry)} in row {i}: {_ADVICE}")
    return list(values)


def is_missing(entry: Any) -> bool:
    """Tell whether an entry stands for a missing one: None, a float that is no number, or what pandas has for that.

    >>> is_missing(None), is_missing(float("nan")), is_missing(0)
    (True, True, False)
    """
    if entry is None or type(entry).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(entry, float) and float(entry) != float(entry)


def _pandas_column(values: Any, label: str, *, numbers_only: bool = True) -> list[Any]:
    kind = values.dtype
    if is_categorical(values):
        raise InputError(f"{label} must hold numbers, got categories: encode them as numbers, such as by pandas.get_dummies")
    if getattr(kind, "kind", "O") in _PANDAS_KINDS:
        raise InputError(f"{label} must hold real numbers, got {_PANDAS_KINDS[kind.kind]}: {_ADVICE}")
    return plain_column(values.tolist(), label, numbers_only=numbers_only)


def _polars_column(values: Any, label: str) -> list[Any]:
    kind = values.dtype
    if is_categorical(values):
        raise InputError(f"{label} must hold numbers, got categories: encode them as numbers, such as by to_dummies")
    if kind.is_temporal() or kind.is_nested() or str(kind) in ("Binary", "Object"):
        raise InputError(f"{label} must hold real numbers, got entries of type {kind}: {_ADVICE}")
    return plain_column(values.to_list(), label)


def _arrow_column(values: Any, label: str) -> list[Any]:
    types, kind = sys.modules["pyarrow"].types, values.type
    if types.is_dictionary(kind):
        raise InputError(f"{label} must hold numbers, got categories: leave the column out, or encode it as numbers")
    if types.is_temporal(kind) or types.is_nested(kind) or types.is_binary(kind):
        raise InputError(f"{label} must hold real numbers, got entries of type {kind}: {_ADVICE}")
    return plain_column(values.to_pylist(), label)


def _rows(columns: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(count)]


def _series_name(values: Any, name: str) -> str:
    return column_label(values.name, name) if values.name not in (None, "") else name


def _is(kind: type, name: str) -> bool:
    """Tell whether a type is that of pandas or polars with this name, by identity."""
    return any(library is not None and kind is getattr(library, name, None) for library in map(sys.modules.get, ("pandas", "polars")))


def _is_arrow(kind: type, name: str) -> bool:
    """Tell whether a type is that of pyarrow with this name, by identity."""
    library = sys.modules.get("pyarrow")
    return library is not None and kind is getattr(library, name, None)


Reader = Callable[[Any, str], Any]

READERS: tuple[tuple[str, tuple[str, ...], Reader], ...] = (
    ("pandas", ("DataFrame",), read_pandas_frame),
    ("pandas", ("Series",), read_pandas_series),
    ("polars", ("DataFrame",), read_polars_frame),
    ("polars", ("Series",), read_polars_series),
    ("pyarrow", ("Table",), read_arrow_table),
    ("pyarrow", ("ChunkedArray",), read_arrow_column),
)
"""The tables that are read: library, types, reader."""
