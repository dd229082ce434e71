"""Class labels, and the targets they stand for: 0 and 1 for one output, unit vectors for as many outputs as classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from lossproof.certificates.inputs.usual_names import usual_error
from lossproof.certificates.notes import DataNote
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import ErrorFunction, error_named
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.numbers import exact_number
from lossproof.theory.problem.tables import column_names, is_categorical, is_missing, only_column
from lossproof.theory.rationals import rational_of_text, rational_text
from lossproof.theory.shown import shown

_MOST_SHOWN = 10
Label: TypeAlias = str | Fraction


@dataclass(frozen=True)
class Labels:
    """Class labels, one a sample: texts, or whole numbers."""

    values: tuple[Label, ...]

    @staticmethod
    def of_texts(texts: Sequence[str]) -> Labels:
        """Return texts as labels: as numbers where all of them spell whole numbers.

        >>> Labels.of_texts(["2", "1.0"]).values, Labels.of_texts(["2", "a"]).values
        ((Fraction(2, 1), Fraction(1, 1)), ('2', 'a'))
        """
        numbers = [rational_of_text(text) for text in texts]
        whole = [number for number in numbers if number is not None and number.denominator == 1]
        return Labels(tuple(whole) if len(whole) == len(texts) else tuple(text.strip() for text in texts))


def read_targets(Y: Any, n_outputs: int, error: str | ErrorFunction) -> tuple[Any, tuple[str, ...]]:
    r"""Return targets that `Samples.of` reads, and a note where ``Y`` holds class labels that were turned into them.

    Class labels are `Labels`, one column of texts of which one spells no number, categories of pandas or polars; and one column of whole numbers where only
    labels can be meant: with several outputs under a cross-entropy, and two numbers other than 0 and 1 with one output under ``logistic``. They are sorted,
    numbers by size and texts by their characters. Two of them are 0 and 1 for one output; ``k`` of them are the unit vectors of ``k`` outputs; whole numbers
    from 0 to ``k − 1`` name the outputs of ``k``, even where one of them does not occur. Anything else is returned as it came.

    Raises `InputError` for labels that are missing, or whose number does not fit the outputs.

    >>> read_targets(["b", "a", "b"], 1, "logistic")
    ([[1], [0], [1]], ("Class labels are targets: 'a' is 0, 'b' is 1.",))
    >>> read_targets([0.5, 1], 1, "squared")
    ([0.5, 1], ())
    """
    labels = _labels_in(Y, n_outputs, error_named(usual_error(error)))
    if labels is None:
        return Y, ()
    rows, note = _encoded(labels, n_outputs)
    return rows, (note,)


def label_entries(Y: Any) -> list[Any] | None:
    """Return the entries of one column of labels or targets as they stand there; None for several columns, or for what is no container.

    A row of another length than 1 among others is left as it is.

    >>> label_entries([["a"], ["b"]]), label_entries([[1, 2]])
    (['a', 'b'], None)
    """
    if isinstance(Y, Labels):
        return list(Y.values)
    column = only_column(Y)
    held = plain_values(Y, "Y") if column is None else column
    if type(held) is not list:
        return None
    rows = [plain_values(row, f"Y[{i}]") for i, row in enumerate(held)]
    if rows and all(type(row) is list and len(row) != 1 for row in rows):
        return None
    return [row[0] if type(row) is list and len(row) == 1 else row for row in rows]


def _labels_in(Y: Any, n_outputs: int, error: ErrorFunction) -> Labels | None:
    if isinstance(Y, Labels):
        return Y
    categories = is_categorical(Y)
    if not categories and n_outputs == 1 and error.family != "logistic" and not _may_hold_texts(Y):
        return None
    entries = label_entries(Y)
    if not entries:
        return None
    present = [entry for entry in entries if not is_missing(entry)]
    texts = [str.__str__(entry) for entry in present if isinstance(entry, str)]
    if texts and len(texts) == len(present) and (categories or any(rational_of_text(text) is None for text in texts)):
        if len(present) < len(entries):
            i = next(i for i, entry in enumerate(entries) if is_missing(entry))
            what = " and ".join(f"column {name!r} of Y" for name in column_names(Y) or ()) or "Y"
            raise InputError(
                f"{what} must have a label in each row, got {len(entries) - len(present)} missing, the first in row {i}: drop these rows"
            )
        return Labels(tuple(texts))
    if not categories and not error.is_cross_entropy:
        return None
    numbers = _whole_numbers(entries)
    if numbers is None or not (categories or _must_be_labels(numbers, n_outputs)):
        return None
    return Labels(tuple(numbers))


def _may_hold_texts(Y: Any) -> bool:
    """Tell whether a container may hold texts, so that columns of doubles are not walked through twice."""
    kind = getattr(getattr(Y, "dtype", None), "kind", "O")
    return kind in "OU"


def _whole_numbers(entries: Sequence[Any]) -> list[Fraction] | None:
    """Return the entries as whole numbers, or None where one is none."""
    found: list[Fraction] = []
    for entry in entries:
        try:
            number = exact_number(entry)
        except InputError:
            return None
        if not isinstance(number, Fraction) or number.denominator != 1:
            return None
        found.append(number)
    return found


def _must_be_labels(numbers: Sequence[Fraction], n_outputs: int) -> bool:
    """Tell whether whole numbers under a cross-entropy are no targets: one column for several outputs, or two numbers of which one is not 0 or 1."""
    return n_outputs > 1 or (len(set(numbers)) == 2 and not set(numbers) <= {0, 1})


def _encoded(labels: Labels, n_outputs: int) -> tuple[list[list[int]], DataNote]:
    classes = _classes(labels, n_outputs)
    place = {label: k for k, label in enumerate(classes)}
    if n_outputs == 1:
        told = ", ".join(f"{_shown(label)} is {k}" for k, label in enumerate(classes))
        return [[place[label]] for label in labels.values], DataNote(f"Class labels are targets: {told}.")
    listed = [f"{k} is {_shown(label)}" for k, label in enumerate(classes[:_MOST_SHOWN], start=1)] + ["…"] * (len(classes) > _MOST_SHOWN)
    rows = [[int(k == place[label]) for k in range(n_outputs)] for label in labels.values]
    return rows, DataNote(f"Class labels are unit vectors as targets: output {', '.join(listed)}.")


def _classes(labels: Labels, n_outputs: int) -> list[Label]:
    """Return the classes in the order of the outputs. Raises `InputError` where there are not as many as outputs, or two for one output."""
    texts = {label for label in labels.values if isinstance(label, str)}
    numbers = {label for label in labels.values if isinstance(label, Fraction)}
    found: list[Label] = [*sorted(numbers), *sorted(texts)]
    indices: list[Label] = [Fraction(k) for k in range(n_outputs)]
    if n_outputs > 1 and not texts and numbers <= set(indices):
        return indices
    if len(found) != max(n_outputs, 2):
        wanted = "2 classes for one output" if n_outputs == 1 else f"{n_outputs} classes for {n_outputs} outputs"
        listed = ", ".join(map(_shown, found[:_MOST_SHOWN])) + (", …" if len(found) > _MOST_SHOWN else "")
        advice = f"end the widths with {len(found)}" if len(found) > 1 else "give samples of several classes"
        raise InputError(f"class labels must name {wanted}, got {len(found)} ({listed}): {advice}")
    return found


def _shown(label: Label) -> str:
    return shown(label) if isinstance(label, str) else rational_text(label)
