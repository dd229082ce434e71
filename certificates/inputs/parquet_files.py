"""Samples in Parquet files: columns read exactly by pyarrow, refused by their names."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from lossproof.certificates.inputs.array_files import brief_reason
from lossproof.certificates.inputs.columns import choose_columns, note_on_places
from lossproof.certificates.inputs.data_source import DataOptions, DataSource
from lossproof.certificates.inputs.labels import Labels
from lossproof.certificates.inputs.sizes import require_few_numbers
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.tables import brief_label, column_label, is_missing, plain_column
from lossproof.theory.shown import shown


@dataclass(frozen=True)
class _Columns:
    """The names of columns, how to get the entries of one, and which of them hold categories."""

    names: tuple[str, ...]
    entries: Callable[[str], list[Any]]
    categories: frozenset[str]


def load_parquet(path: Path, n_outputs: int, options: DataOptions) -> DataSource:
    """Return the samples of a Parquet file, of the columns that `choose_columns` gives; an index that pandas saved is left out.

    Raises `InputError` without pyarrow, for a file that cannot be read, and for columns that hold no numbers, by their names.
    """
    table = _read(path)
    inputs, targets = choose_columns(str(path), table.names, len(table.names), n_outputs, options)
    X = _rows(path, table, inputs)
    if not X:
        raise InputError(f"{str(path)!r} must hold at least one sample, got none: add rows of numbers")
    Y: Any = _labels(path, table.names[targets[0]], table) if options.classes else _rows(path, table, targets)
    return DataSource(path.name, X, Y, note_on_places(table.names, inputs, targets), tuple(table.names[j] for j in inputs))


def _read(path: Path) -> _Columns:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(
            "a .parquet file must be read by the package pyarrow, got none installed: pip install 'lossproof[tables]'"
        ) from error
    try:
        with pq.ParquetFile(path) as file:
            require_few_numbers(file.metadata.num_rows, file.metadata.num_columns, f"the samples of {str(path)!r}")
            table = file.read()
        about = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    except (OSError, ValueError, pa.ArrowException) as error:
        if isinstance(error, InputError):
            raise
        raise _unreadable(path, brief_reason(error)) from error
    index = [name for name in about.get("index_columns", []) if isinstance(name, str)]
    names = [name for name in table.column_names if name not in index]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _unreadable(path, f"two columns {brief_label(twice)!r}")
    categories = frozenset(field.name for field in table.schema if pa.types.is_dictionary(field.type))
    return _Columns(tuple(names), lambda name: list(table.column(name).to_pylist()), categories)


def _unreadable(path: Path, got: str) -> InputError:
    return InputError(f"{str(path)!r} must be a readable .parquet file with columns of different names, got {got}: write it again")


def _rows(path: Path, table: _Columns, places: Sequence[int]) -> list[list[Any]]:
    columns = []
    for name in (table.names[j] for j in places):
        label = column_label(name, repr(str(path)))
        if name in table.categories:
            raise InputError(f"{label} must hold numbers, got categories: leave the column out, or encode it as numbers")
        columns.append(plain_column(table.entries(name), label))
    return [list(row) for row in zip(*columns, strict=True)]


def _labels(path: Path, name: str, table: _Columns) -> Labels:
    entries, label = table.entries(name), column_label(name, repr(str(path)))
    missing = next((i for i, entry in enumerate(entries) if is_missing(entry)), None)
    if missing is not None:
        raise InputError(f"{label} must hold a class label in each row, got none in row {missing}: drop the row")
    if all(isinstance(entry, str) for entry in entries):
        return Labels(tuple(entries))
    numbers = [Fraction(entry) if isinstance(entry, (int, float)) and entry % 1 == 0 else None for entry in entries]
    whole = [number for number in numbers if number is not None]
    if len(whole) < len(numbers):
        got = shown(entries[numbers.index(None)])
        raise InputError(f"{label} must hold class labels, texts or whole numbers, got {got}: leave out --classes")
    return Labels(tuple(whole))
