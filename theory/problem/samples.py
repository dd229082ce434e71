"""A finite sample set with exact entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.numbers import exact_numbers

Row = tuple[Fraction, ...]


@dataclass(frozen=True)
class Samples:
    """``T`` samples: inputs ``X`` of shape ``(T, n_0)`` and targets ``Y`` of shape ``(T, n_L)``, samples as rows.

    Entries are exact rationals: a float is the dyadic rational it is. Build one with `Samples.of`.

    >>> s = Samples.of([[0, 1], ["1/3", 0.5]], [[1], [0]])
    >>> s.T, s.X[1]
    (2, (Fraction(1, 3), Fraction(1, 2)))
    """

    X: tuple[Row, ...]
    Y: tuple[Row, ...]

    @staticmethod
    def of(X: Any, Y: Any) -> Samples:
        """Check the arrays and build the sample set.

        A one-dimensional ``Y`` is read as one output, as scikit-learn does. Raises `InputError` on ragged, empty or non-finite
        data and on different numbers of rows.
        """
        inputs, targets = exact_rows(X, "X"), exact_rows(Y, "Y")
        if len(inputs) != len(targets):
            raise InputError(
                f"X and Y must have one row a sample, got {len(inputs)} rows in X and {len(targets)} in Y: give each input its target"
            )
        return Samples(inputs, targets)

    @property
    def T(self) -> int:
        """Number of samples."""
        return len(self.X)

    def distinct_inputs(self) -> int:
        """Return the number of different inputs."""
        return len(set(self.X))

    def clash(self) -> tuple[int, int] | None:
        """Return two samples with equal inputs and different targets, or None."""
        first: dict[Row, int] = {}
        for i, x in enumerate(self.X):
            j = first.setdefault(x, i)
            if self.Y[i] != self.Y[j]:
                return j, i
        return None

    def repetition(self) -> tuple[int, int] | None:
        """Return two samples with equal inputs and equal targets, or None."""
        first: dict[tuple[Row, Row], int] = {}
        for i, sample in enumerate(zip(self.X, self.Y, strict=True)):
            j = first.setdefault(sample, i)
            if i != j:
                return j, i
        return None


def exact_rows(values: Any, name: str) -> tuple[Row, ...]:
    """Return a matrix as exact rational rows; a vector becomes one column. Raises `InputError`."""
    values = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"{name} must be a matrix with one row a sample, got {type(values).__name__}: give a list of rows or an array")
    rows = [_exact_row(row, f"{name}[{i}]") for i, row in enumerate(values)]
    if not rows:
        raise InputError(f"{name} must hold at least one sample, got none: give at least one row")
    width = len(rows[0])
    for i, row in enumerate(rows):
        if len(row) != width or not row:
            raise InputError(
                f"{name} must have rows of one length, got {width} entries in row 0 and {len(row)} in row {i}: make the rows equal"
            )
    return tuple(rows)


def _exact_row(row: Any, name: str) -> Row:
    row = row.tolist() if hasattr(row, "tolist") else row
    single = isinstance(row, str) or not isinstance(row, Sequence)
    entries = exact_numbers([row] if single else row, name)
    rational = [entry for entry in entries if isinstance(entry, Fraction)]
    if len(rational) < len(entries):
        raise InputError(f"{name} must be rational, got a symbolic number: give samples as floats, fractions or strings")
    return tuple(rational)
