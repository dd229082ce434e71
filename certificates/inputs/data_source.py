"""Samples as a file or a name gives them, and what a user chooses about a file: its columns, and how its text is written."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class DataSource:
    """Samples as they came, the name that headings use, and notes for a report; entries are exact numbers, texts or arrays that `Samples.of` reads.

    ``Y`` may be class labels, `Labels`, which `read_targets` turns into targets. ``columns`` are the names of the inputs where the file has some.
    """

    name: str
    X: Any
    Y: Any
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataOptions:
    """What a user chooses about a data file; the defaults leave it to the file.

    - ``target``, ``inputs``: names of columns, or their numbers from 1; of an ``.npz`` file the names of one array each;
    - ``classes``: the target column holds class labels;
    - ``delimiter``: one character, or the word ``tab`` or ``space``; ``decimal``: ``"."`` or ``","``; ``header``: whether the first row holds names.

    >>> DataOptions(target=("species",)).given(), DataOptions().given()
    (['target'], [])
    """

    target: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    classes: bool = False
    delimiter: str | None = None
    decimal: str = "."
    header: bool | None = None

    def given(self) -> list[str]:
        """Return the names of the options that differ from their defaults."""
        return [field.name for field in fields(self) if getattr(self, field.name) != field.default]
