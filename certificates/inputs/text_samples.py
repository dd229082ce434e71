"""Samples in tables of text: numbers read exactly, faults named by row and column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from lossproof.certificates.inputs.columns import choose_columns, note_on_places
from lossproof.certificates.inputs.data_source import DataOptions, DataSource
from lossproof.certificates.inputs.labels import Labels
from lossproof.certificates.inputs.text_files import MISSING, number_in, read_text_table
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.tables import brief_label
from lossproof.theory.shown import shown

_INFINITE = ("inf", "infinity")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
"""A number with commas between its thousands."""


def load_text_table(path: Path, n_outputs: int, options: DataOptions) -> DataSource:
    """Return the samples of a text file (`read_text_table`), of the columns that `choose_columns` gives.

    A cell is an integer, a decimal or a fraction, and is taken exactly: ``0.1`` is 1/10. Raises `InputError` for cells that are missing, infinite, or no
    number, with row and column.
    """
    table = read_text_table(path, options)
    width = len(table.rows[0][1])
    inputs, targets = choose_columns(str(path), table.names, width, n_outputs, options)
    known: dict[str, Fraction] = {}

    def numbers(places: Sequence[int]) -> list[list[Fraction]]:
        found: list[list[Fraction]] = []
        for line, cells in table.rows:
            row: list[Fraction] = []
            for j in places:
                value = known.get(cells[j])
                if value is None:
                    value = number_in(cells[j], options.decimal)
                    if value is None:
                        raise _bad_cell(path, line, j, cells[j], table.names, options, target=j in targets)
                    known[cells[j]] = value
                row.append(value)
            found.append(row)
        return found

    X = numbers(inputs)
    Y: Any = (
        Labels.of_texts([_label(path, line, targets[0], cells, table.names) for line, cells in table.rows])
        if options.classes
        else numbers(targets)
    )
    if table.names is None:
        return DataSource(path.name, X, Y, table.notes)
    named = note_on_places(table.names, inputs, targets)
    return DataSource(path.name, X, Y, (*named, *table.notes), tuple(table.names[j] for j in inputs))


def _where(path: Path, line: int, j: int, names: Sequence[str] | None) -> str:
    named = "" if names is None else f" ({brief_label(names[j])!r})"
    return f"row {line}, column {j + 1}{named} of {str(path)!r}"


def _label(path: Path, line: int, j: int, cells: Sequence[str], names: Sequence[str] | None) -> str:
    if cells[j].strip().lower() in MISSING[:6]:
        raise InputError(f"{_where(path, line, j, names)} must hold a class label, got {shown(cells[j])}: fill it, or drop the row")
    return cells[j]


def _bad_cell(path: Path, line: int, j: int, cell: str, names: Sequence[str] | None, options: DataOptions, *, target: bool) -> InputError:
    where, held = _where(path, line, j, names), cell.strip().lower()
    if held in MISSING:
        return InputError(f"{where} must not be missing, got {shown(cell)}: fill it, or drop the row")
    if held.lstrip("+-") in _INFINITE:
        return InputError(f"{where} must be finite, got {shown(cell)}: drop the row, or scale the column")
    advice = "mend the cell, or choose other columns by --target and --inputs"
    if _GROUPED.fullmatch(cell.strip()):
        advice = "leave out signs between thousands, or with decimal commas say --decimal ,"
    elif options.decimal == "." and number_in(cell, ",") is not None:
        advice = "with decimal commas, say --decimal ,"
    elif options.decimal == "," and number_in(cell) is not None:
        advice = "with decimal points, leave out --decimal"
    elif target and options.target:
        advice = "mend the cell, or say --classes where these are class labels"
    elif target:
        advice = "mend the cell, or say --target with the column, and --classes where it holds class labels"
    return InputError(f"{where} must be a number such as 2, 0.5 or 1/3, got {shown(cell)}: {advice}")
