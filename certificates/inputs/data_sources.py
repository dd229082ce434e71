"""Where samples come from: built-in sets by name, and files of arrays, text or Parquet."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from lossproof.certificates.inputs.array_files import names_in, read_array, read_arrays, require_file
from lossproof.certificates.inputs.bundled import BUNDLED, bundled_name, load_bundled
from lossproof.certificates.inputs.columns import choose_columns
from lossproof.certificates.inputs.data_source import DataOptions, DataSource
from lossproof.certificates.inputs.labels import Labels
from lossproof.certificates.inputs.parquet_files import load_parquet
from lossproof.certificates.inputs.text_samples import load_text_table
from lossproof.certificates.notes import DataNote
from lossproof.theory.exceptions import InputError
from lossproof.theory.names import nearest_name
from lossproof.theory.problem.four_regions import four_regions
from lossproof.theory.shown import shown
from lossproof.theory.zoo.registry import zoo_entry

_PARITIES = range(2, 7)
_IDENTITIES = (2, 4, 8)
_ZOO = "zoo:"
DEFAULT = DataOptions()
"""Nothing chosen: the file itself tells."""

_FOUR_REGIONS = re.compile(r"four-regions(?:-([0-9]{1,9}))?")

Rows: TypeAlias = tuple[list[list[int]], list[list[int]]]


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


_SUFFIXES = (".npz", ".npy", ".csv", ".tsv", ".txt", ".parquet")


def load_data(source: str, n_outputs: int, options: DataOptions = DEFAULT) -> DataSource:
    """Return the samples of a built-in name, of an entry of the zoo, or of a file.

    - Built-in sets (`BUILT_IN`) of bits have inputs and targets 0 and 1.
    - ``four-regions``, ``four-regions-T``: 40 or ``T`` points of the benchmark (see `four_regions`), drawn with seed 0; the targets are the numbers
      of the classes for one output, else the unit vectors of R⁴.
    - ``digits``, ``iris``, ``wine``, ``breast-cancer``, ``diabetes``, or the first ``T`` samples as ``digits-T``: the sets of scikit-learn, exactly
      scaled (see `load_bundled`); they need the extra ``data``.
    - ``zoo:NAME``: the samples of that entry, such as ``zoo:auer-3``.
    - ``.npz``: arrays ``X`` of shape ``(T, n_0)`` and ``Y`` or ``y`` of shape ``(T, n_L)`` or ``(T,)``, or those that ``options`` name; ``.npy``: one
      matrix, the last ``n_outputs`` columns are the targets. Floats are the dyadic rationals they are.
    - ``.csv``, ``.tsv``, ``.txt``: see `load_text_table`; ``.parquet``: see `load_parquet`. Without a choice the last ``n_outputs`` columns are the targets.

    Raises `InputError` for an unknown name (with the nearest one), options that do not fit, a missing or unreadable file, a missing array, or a cell that is
    no number (with its row and column).

    >>> load_data("xor", 1).Y
    [[0], [1], [1], [0]]
    """
    name = source.strip().lower().replace("_", "-")
    built_in = _load_built_in(name, n_outputs)
    if built_in is not None:
        given = options.given()
        if given:
            raise InputError(f"a built-in set must come as it is, got --{given[0]} for {name!r}: leave that out")
        return built_in
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        if os.path.exists(path):
            raise InputError(
                f"a data file must end in .npz, .npy, .csv, .tsv, .txt or .parquet, got {shown(source)}: save the samples as one of these"
            )
        raise InputError(
            f"unknown data {shown(source)}, neither a built-in set nor a .npz, .csv or .parquet file{nearest_name(name, BUILT_IN)}"
        )
    require_file(path, "the data file")
    _check_text_options(suffix, options)
    if suffix == ".npz":
        return _load_npz(path, options)
    if suffix == ".npy":
        return _load_npy(path, n_outputs, options)
    return load_parquet(path, n_outputs, options) if suffix == ".parquet" else load_text_table(path, n_outputs, options)


def _load_built_in(name: str, n_outputs: int) -> DataSource | None:
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
    return None


def _check_text_options(suffix: str, options: DataOptions) -> None:
    given = [name for name in options.given() if name in ("delimiter", "decimal", "header")]
    if given and suffix not in (".csv", ".tsv", ".txt"):
        raise InputError(f"only a text file has a delimiter, a decimal sign and a header, got --{given[0]} for {suffix}: leave that out")


def _load_npz(path: Path, options: DataOptions) -> DataSource:
    arrays = read_arrays(path)
    inputs = _array_named(path, arrays, options.inputs, ("X", "x"), "inputs")
    target = _array_named(path, arrays, options.target, ("Y", "y"), "target")
    notes = (DataNote(f"The inputs are the array {inputs}, the targets the array {target}."),) if options.inputs or options.target else ()
    return DataSource(path.name, arrays[inputs], _labels(arrays[target], target, path) if options.classes else arrays[target], notes)


def _array_named(path: Path, arrays: Mapping[str, Any], chosen: Sequence[str], usual: Sequence[str], option: str) -> str:
    if len(chosen) > 1:
        raise InputError(f"one array of {str(path)!r} must be chosen for --{option}, got {len(chosen)}: give one name")
    key = chosen[0] if chosen else next((name for name in usual if name in arrays), None)
    if key is None:
        raise InputError(
            f"{str(path)!r} must hold the arrays X and Y, got {names_in(arrays)}: add {usual[0]} with numpy.savez(file, X=X, Y=Y), "
            f"or name another by --{option}"
        )
    if key not in arrays:
        raise InputError(f"the array for --{option} must be one of {names_in(arrays)}, got {shown(key)}{nearest_name(key, arrays)}")
    if arrays[key].ndim == 0:
        raise InputError(f"{key} of {str(path)!r} must be a matrix with one row a sample, got a single number: give it one row a sample")
    return key


def _load_npy(path: Path, n_outputs: int, options: DataOptions) -> DataSource:
    matrix = read_array(path)
    if matrix.ndim != 2:
        raise InputError(
            f"{str(path)!r} must hold a matrix with inputs and targets of a sample in a row, got shape {matrix.shape}: use .npz with X and Y"
        )
    inputs, targets = choose_columns(str(path), None, matrix.shape[1], n_outputs, options)
    Y = matrix[:, targets]
    return DataSource(path.name, matrix[:, inputs], _labels(Y, "the target", path) if options.classes else Y)


def _labels(array: Any, name: str, path: Path) -> Labels:
    """Return an array of one column as labels. Raises `InputError` for several columns, and for numbers that are not whole."""
    if array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1):
        raise InputError(f"class labels must stand in one column, got shape {array.shape} in {name} of {str(path)!r}: leave out --classes")
    entries = array.reshape(-1).tolist()
    if all(isinstance(entry, str) for entry in entries):
        return Labels.of_texts(entries)
    if any(entry != entry or entry in (float("inf"), float("-inf")) or entry != int(entry) for entry in entries):
        raise InputError(f"class labels must be texts or whole numbers, got others in {name} of {str(path)!r}: leave out --classes")
    return Labels(tuple(Fraction(int(entry)) for entry in entries))
