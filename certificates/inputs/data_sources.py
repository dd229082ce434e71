"""Where samples come from: built-in sets by name, ``.npz`` and ``.csv`` files."""

from __future__ import annotations

import csv
import itertools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from lossproof.certificates.inputs.array_files import brief_reason, names_in, read_arrays, require_file
from lossproof.certificates.inputs.bundled import BUNDLED, bundled_name, load_bundled
from lossproof.theory.exceptions import InputError
from lossproof.theory.names import nearest_name
from lossproof.theory.problem.four_regions import four_regions
from lossproof.theory.problem.numbers import exact_number
from lossproof.theory.shown import shown
from lossproof.theory.zoo.registry import zoo_entry

_PARITIES = range(2, 7)
_IDENTITIES = (2, 4, 8)
_ZOO = "zoo:"
_FOUR_REGIONS = re.compile(r"four-regions(?:-([0-9]{1,9}))?")

Rows: TypeAlias = tuple[list[list[int]], list[list[int]]]


@dataclass(frozen=True)
class DataSource:
    """Samples as they came, with the name that headings use; entries are exact numbers, texts or arrays that `Samples.of` reads."""

    name: str
    X: Any
    Y: Any


def _table(inputs: int, *targets: Callable[[tuple[int, ...]], int]) -> Rows:
    rows = list(itertools.product((0, 1), repeat=inputs))
    return [list(row) for row in rows], [[int(target(row)) for target in targets] for row in rows]


def _identity(size: int) -> Rows:
    rows = [[int(i == j) for j in range(size)] for i in range(size)]
    return rows, [list(row) for row in rows]


def _parity(row: tuple[int, ...]) -> int:
    return sum(row) % 2


def _sets() -> Mapping[str, tuple[str, Callable[[], Rows]]]:
    sets: dict[str, tuple[str, Callable[[], Rows]]] = {
        "xor": ("exclusive or of two bits", lambda: _table(2, _parity)),
        "and": ("conjunction of two bits", lambda: _table(2, min)),
        "or": ("disjunction of two bits", lambda: _table(2, max)),
        "half-adder": ("sum and carry of two bits", lambda: _table(2, _parity, min)),
        "majority-3": ("majority of three bits", lambda: _table(3, lambda row: int(sum(row) >= 2))),
    }
    for n in _PARITIES:
        sets[f"parity-{n}"] = (f"parity of {n} bits", partial(_table, n, _parity))
    for n in _IDENTITIES:
        sets[f"identity-{n}"] = (f"each of the {n} unit vectors to itself, the encoder problem", partial(_identity, n))
    return MappingProxyType(sets)


_SETS = _sets()
BUILT_IN = MappingProxyType(
    {name: words for name, (words, _) in _SETS.items()}
    | {"four-regions": "40 points of the four-region benchmark; four-regions-T has T points, drawn with seed 0"}
    | {name: f"{bundled.words}; {name}-T has the first T" for name, bundled in BUNDLED.items()}
)


def load_data(source: str, n_outputs: int) -> DataSource:
    """Return the samples of a built-in name, of an entry of the zoo, of an ``.npz`` or a ``.csv`` file.

    - Built-in sets (`BUILT_IN`) of bits have inputs and targets 0 and 1.
    - ``four-regions``, ``four-regions-T``: 40 or ``T`` points of the benchmark (see `four_regions`), drawn with seed 0; the targets are the numbers
      of the classes for one output, else the unit vectors of R⁴.
    - ``digits``, ``iris``, ``wine``, ``breast-cancer``, ``diabetes``, or the first ``T`` samples as ``digits-T``: the sets of scikit-learn, exactly
      scaled (see `load_bundled`); they need the extra ``data``.
    - ``zoo:NAME``: the samples of that entry, such as ``zoo:auer-3``.
    - ``.npz``: arrays ``X`` of shape ``(T, n_0)`` and ``Y`` of shape ``(T, n_L)`` or ``(T,)``; floats are the dyadic rationals they are.
    - ``.csv``: commas between cells, one sample a row, the last ``n_outputs`` columns are the targets. A first row without any number is
      a header. A cell is an integer, a decimal or a fraction, and is taken exactly: ``0.1`` is 1/10.

    Raises `InputError` for an unknown name (with the nearest one), a missing or unreadable file, a missing array, or a cell that is no
    number (with its row and column).

    >>> load_data("xor", 1).Y
    [[0], [1], [1], [0]]
    """
    name = source.strip().lower().replace("_", "-")
    if name in _SETS:
        X, Y = _SETS[name][1]()
        return DataSource(name, X, Y)
    drawn = _FOUR_REGIONS.fullmatch(name)
    if drawn:
        samples = four_regions(int(drawn[1] or 40), coding="number" if n_outputs == 1 else "basis")
        return DataSource(name, samples.X, samples.Y)
    bundled = bundled_name(name)
    if bundled:
        return DataSource(name, *load_bundled(*bundled, n_outputs))
    if name.startswith(_ZOO):
        entry = zoo_entry(name.removeprefix(_ZOO))
        return DataSource(_ZOO + entry.name, entry.X, entry.Y)
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix not in (".npz", ".csv"):
        if os.path.exists(path):
            raise InputError(f"a data file must end in .npz or .csv, got {shown(source)}: save the samples as one of these")
        raise InputError(f"unknown data {shown(source)}, neither a built-in set nor a .npz or .csv file{nearest_name(name, BUILT_IN)}")
    require_file(path, "the data file")
    return _load_npz(path) if suffix == ".npz" else _load_csv(path, n_outputs)


def _load_npz(path: Path) -> DataSource:
    arrays = read_arrays(path)
    for key in ("X", "Y"):
        if key not in arrays:
            raise InputError(
                f"{str(path)!r} must hold the arrays X and Y, got {names_in(arrays)}: add {key} with numpy.savez(file, X=X, Y=Y)"
            )
        if arrays[key].ndim == 0:
            raise InputError(
                f"{key} of {str(path)!r} must be a matrix with one row a sample, got a single number: give it one row a sample"
            )
    return DataSource(path.name, arrays["X"], arrays["Y"])


def _load_csv(path: Path, n_outputs: int) -> DataSource:
    rows = _csv_rows(path)
    if rows and all(_number(cell) is None for cell in rows[0][1]):
        rows = rows[1:]
    if not rows:
        raise InputError(f"{str(path)!r} must hold at least one sample, got none: add rows of numbers")
    width = len(rows[0][1])
    known: dict[str, Fraction] = {}
    numbers = [_csv_numbers(path, line, cells, width, known) for line, cells in rows]
    if width <= n_outputs:
        raise InputError(
            f"{str(path)!r} must have at least one input column beside its {n_outputs} target column{'s' * (n_outputs > 1)}, "
            f"got {width} in all: separate cells by commas, targets last"
        )
    return DataSource(path.name, [row[:-n_outputs] for row in numbers], [row[-n_outputs:] for row in numbers])


def _csv_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the non-empty rows with their line numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{str(path)!r} must be a readable .csv file in UTF-8, got {brief_reason(error)}: save it as plain comma-separated text"
        ) from error


def _csv_numbers(path: Path, line: int, cells: Sequence[str], width: int, known: dict[str, Fraction]) -> list[Fraction]:
    """Return the numbers of one row; ``known`` remembers those of cells that were read before."""
    if len(cells) != width:
        raise InputError(f"every row of {str(path)!r} must have {width} cells, got {len(cells)} in row {line}: make the rows equal")
    numbers = []
    for column, cell in enumerate(cells, start=1):
        value = known.get(cell)
        if value is None:
            value = _number(cell)
        if value is None:
            raise InputError(
                f"row {line}, column {column} of {str(path)!r} must be a number such as 2, 0.5 or 1/3, got {shown(cell)}: mend the cell"
            )
        known[cell] = value
        numbers.append(value)
    return numbers


def _number(cell: str) -> Fraction | None:
    """Return the rational that a cell spells, or None."""
    try:
        value = exact_number(cell)
    except InputError:
        return None
    return value if isinstance(value, Fraction) else None
