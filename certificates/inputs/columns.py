"""The columns of a table that are inputs, and those that are targets: chosen by name or number, and named in the report."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lossproof.certificates.inputs.data_source import DataOptions
from lossproof.certificates.notes import DataNote
from lossproof.theory.exceptions import InputError
from lossproof.theory.names import nearest_name
from lossproof.theory.problem.tables import brief_label
from lossproof.theory.shown import shown

_MOST_NAMED = 30
_NAMELESS = re.compile(r"|Unnamed: \d+|__index_level_\d+__")


def note_on_columns(inputs: Sequence[str] | None, targets: Sequence[str] | None) -> tuple[DataNote, ...]:
    """Return what a report says about columns with names, nothing where there are none.

    >>> note_on_columns(("height", "weight"), ("age",))
    ('The inputs are the columns height, weight. The target is the column age.',)
    """
    parts = [_named(what, names) for what, names in (("input", inputs), ("target", targets)) if names]
    return (DataNote(" ".join(parts)),) if parts else ()


def note_on_places(names: Sequence[str], inputs: Sequence[int], targets: Sequence[int]) -> tuple[DataNote, ...]:
    """Return the note on the columns at these places of a table, called by their names.

    >>> note_on_places(("age", "height"), [1], [0])
    ('The input is the column height. The target is the column age.',)
    """
    return note_on_columns(*([brief_label(names[j]) for j in places] for places in (inputs, targets)))


def require_columns(fitted: Sequence[str], given: Sequence[str]) -> None:
    """Raise `InputError` unless the columns given have the names, in the same order, of those that a model was fitted on; names apart, nothing is compared.

    >>> require_columns(("age", "height"), ("height", "age"))
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: the inputs must be the columns that the model was fitted on, in their order (age, height), got height, age: \
choose them by --inputs, or in Python as X[model.feature_names_in_]
    """
    if not fitted or not given or list(map(str.strip, fitted)) == list(map(str.strip, given)):
        return
    expected, got = (", ".join(map(brief_label, names[:_MOST_NAMED])) + ", …" * (len(names) > _MOST_NAMED) for names in (fitted, given))
    raise InputError(
        f"the inputs must be the columns that the model was fitted on, in their order ({expected}), got {got}: "
        "choose them by --inputs, or in Python as X[model.feature_names_in_]"
    )


def _named(what: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"The {what} is the column {names[0]}."
    return f"The {what}s are the columns {', '.join(names[:_MOST_NAMED])}{', …' if len(names) > _MOST_NAMED else ''}."


def choose_columns(file: str, names: Sequence[str] | None, width: int, n_outputs: int, options: DataOptions) -> tuple[list[int], list[int]]:
    """Return the places of the inputs and of the targets among ``width`` columns, from 0.

    Targets are those chosen, or else the last ``n_outputs``, the last one alone where it holds class labels. Inputs are those chosen, or else all others.
    Raises `InputError` for names and numbers that are not there or occur twice, and where no input is left.

    >>> choose_columns("f.csv", ("a", "b", "c"), 3, 1, DataOptions(target=("b",)))
    ([0, 2], [1])
    """
    count = 1 if options.classes else n_outputs
    targets = [_place(file, chosen, names, width) for chosen in _split(options.target, names)] or list(range(max(0, width - count), width))
    inputs = [_place(file, chosen, names, width) for chosen in _split(options.inputs, names)] or [
        j for j in range(width) if j not in targets
    ]
    if options.classes and len(targets) != 1:
        raise InputError(f"class labels must stand in one column, got {len(targets)} target columns: choose one by --target")
    if len(set(targets)) < len(targets) or len(set(inputs)) < len(inputs) or set(inputs) & set(targets):
        raise InputError(f"the inputs and targets of {file!r} must be different columns, got one of them twice: choose each once")
    if not inputs or (len(targets) < count and not options.target):
        what = f"its {count} target column{'s' * (count > 1)}"
        raise InputError(
            f"{file!r} must have at least one input column beside {what}, got {width} in all: separate cells by commas or say --delimiter, "
            "targets last or chosen by --target"
        )
    if names is not None and not options.inputs:
        nameless = next((j for j in inputs if _NAMELESS.fullmatch(names[j])), None)
        if nameless is not None:
            raise InputError(
                f"every input column of {file!r} must have a name, got none for column {nameless + 1}, as where an index was saved: choose the inputs by "
                "--inputs, or save without the index"
            )
    return inputs, targets


def _split(chosen: Sequence[str], names: Sequence[str] | None) -> list[str]:
    """Return the names in options that may hold several, joined by commas; a name with commas in it is whole."""
    found: list[str] = []
    for text in chosen:
        found += [text] if names is not None and text in names else [part.strip() for part in text.split(",")]
    return found


def _place(file: str, chosen: str, names: Sequence[str] | None, width: int) -> int:
    if names is not None and chosen in names:
        if list(names).count(chosen) > 1:
            raise InputError(f"a column of {file!r} must have a name of its own, got {chosen!r} twice: choose it by its number")
        return names.index(chosen)
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 and 1 <= int(chosen) <= width:
        return int(chosen) - 1
    near = "" if names is None else nearest_name(chosen, names)
    what = f"a number from 1 to {width}" + (" or the name of a column" if names is not None else ", as there is no header")
    raise InputError(f"a column of {file!r} must be {what}, got {shown(chosen)}{near or ': choose one of these'}")
