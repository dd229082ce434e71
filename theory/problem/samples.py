"""A finite sample set with exact entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.numbers import exact_numbers
from lossproof.theory.shown import shown

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

        A one-dimensional ``Y`` is read as one output, as scikit-learn does. Lists, numpy arrays, tables of pandas and polars (their values in their order,
        never their labels), tensors of torch and arrays of JAX are read exactly, see `plain_values`. Raises `InputError` on any other container, on ragged,
        empty or non-finite data and on different numbers of rows.
        """
        inputs, targets = exact_rows(X, "X"), exact_rows(Y, "Y")
        if len(inputs) != len(targets):
            raise InputError(
                f"X and Y must have one row a sample, got {len(inputs)} rows in X and {len(targets)} in Y: give each input its target"
            )
        return Samples(inputs, targets)

    def __repr__(self) -> str:
        return f"<Samples: T = {self.T}, X of {len(self.X[0])} and Y of {len(self.Y[0])} columns>"

    @property
    def T(self) -> int:
        """Number of samples."""
        return len(self.X)

    def distinct_inputs(self) -> int:
        """Return the number of different inputs."""
        return len(set(self.X))

    def firsts(self) -> tuple[int, ...]:
        """Return for each sample the first one with the same input.

        >>> Samples.of([[1], [2], [1]], [[0], [0], [1]]).firsts()
        (0, 1, 0)
        """
        first: dict[Row, int] = {}
        return tuple(first.setdefault(x, i) for i, x in enumerate(self.X))

    def clash(self) -> tuple[int, int] | None:
        """Return two samples with equal inputs and different targets, or None."""
        return next(((j, i) for i, j in enumerate(self.firsts()) if self.Y[i] != self.Y[j]), None)

    def repetition(self) -> tuple[int, int] | None:
        """Return two samples with equal inputs and equal targets, or None."""
        first: dict[tuple[Row, Row], int] = {}
        for i, sample in enumerate(zip(self.X, self.Y, strict=True)):
            j = first.setdefault(sample, i)
            if i != j:
                return j, i
        return None


def exact_rows(values: Any, name: str) -> tuple[Row, ...]:
    """Return a matrix as exact rational rows; a vector becomes one column.

    What may hold rows, and a row its entries, says `plain_values`. Raises `InputError` for anything else, for rows beside single numbers, and for
    rows of different lengths.

    >>> exact_rows([[1, 0.5], ("1/3", 2)], "X"), exact_rows([1, 2], "Y")
    (((Fraction(1, 1), Fraction(1, 2)), (Fraction(1, 3), Fraction(2, 1))), ((Fraction(1, 1),), (Fraction(2, 1),)))
    """
    held = plain_values(values, name)
    sizes = getattr(values, "shape", ()) if type(held) is list else ()
    if len(sizes) > 2:
        raise InputError(
            f"{name} must be a matrix with one row a sample, got an array of shape {tuple(sizes)}: write {name}.reshape(len({name}), -1)"
        )
    if type(held) is not list:
        raise InputError(
            f"{name} must be a matrix with one row a sample, got {shown(values)}: "
            "give a list of rows, a numpy array, a DataFrame of pandas or polars, a Table of pyarrow, or a torch tensor"
        )
    rows = [plain_values(row, f"{name}[{i}]") for i, row in enumerate(held)]
    if not rows:
        raise InputError(f"{name} must hold at least one sample, got none: give at least one row")
    vectors = [type(row) is list for row in rows]
    if any(vectors) != all(vectors):
        i = vectors.index(not vectors[0])
        raise InputError(f"{name} must hold rows or single numbers, got both, in places 0 and {i}: give every sample as a row")
    if not any(vectors):
        return tuple((entry,) for entry in _rationals(rows, name))
    _check_lengths([len(row) for row in rows], name)
    return tuple(tuple(_rationals(row, f"{name}[{i}]")) for i, row in enumerate(rows))


def _check_lengths(lengths: Sequence[int], name: str) -> None:
    if not lengths[0]:
        raise InputError(f"the rows of {name} must hold at least one number, got none in row 0: give every sample its numbers")
    for i, length in enumerate(lengths):
        if length != lengths[0]:
            raise InputError(
                f"{name} must have rows of one length, got {lengths[0]} entries in row 0 and {length} in row {i}: make the rows equal"
            )


def _rationals(entries: Sequence[Any], name: str) -> list[Fraction]:
    exact = exact_numbers(entries, name)
    rational = [entry for entry in exact if isinstance(entry, Fraction)]
    if len(rational) < len(exact):
        raise InputError(f"{name} must be rational, got a symbolic number: give samples as floats, fractions or strings")
    return rational
