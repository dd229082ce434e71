"""The question which error a network was trained on, where neither the network nor its owner says it: several may fit, and each is another landscape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Any, TypeAlias

from lossproof.certificates.inputs.labels import Labels
from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.numbers import exact_number
from lossproof.theory.problem.tables import is_categorical, only_column
from lossproof.theory.rationals import rational_of_text

_MEANING = {"squared": "mean squared error", "logistic": "binary cross-entropy", "softmax": "cross-entropy"}
_LABELS, _BITS, _UNIT_VECTORS, _FROM_0_TO_1 = "class labels", "targets 0 and 1", "unit vectors", "targets from 0 to 1"

_NUMBERS = (int, float, bool)
Number: TypeAlias = "int | float | Fraction"


@dataclass(frozen=True)
class ErrorQuestion:
    """Errors that fit a network and its targets, of which nothing tells the right one, and ``seen``, what of the two leaves it open."""

    seen: str
    errors: tuple[str, ...]

    @property
    def text(self) -> str:
        """The question in words.

        >>> ErrorQuestion("a last sigmoid", ("squared", "logistic")).text
        'Which error was the model trained on: squared (mean squared error), logistic (binary cross-entropy)?'
        """
        return f"Which error was the model trained on: {', '.join(f'{name} ({_MEANING[name]})' for name in self.errors)}?"

    @property
    def refusal(self) -> InputError:
        """The refusal to choose, with the names to choose from."""
        named = [f"error={name!r} ({_MEANING[name]})" for name in self.errors]
        listed = " or ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else f"{named[0]}, the only error here for probabilities"
        return InputError(f"the error of the training must be named where {self.seen} may mean several, got none: give {listed}")


def question_on_error(network: TrainedNetwork, Y: Any) -> ErrorQuestion | None:
    """Return what has to be asked before a network is judged whose error is not named; None where it knows its loss, or one error is the usual one.

    - A last softmax, and a last sigmoid with targets from 0 to 1, may have been trained on a cross-entropy or on squared probabilities.
    - Without a last function, targets that are 0 and 1 alone, or class labels, may be those of a classifier, whose loss applies the sigmoid or softmax.
    - Other targets, other last functions, and outputs that are scaled by constants are those of a regression, and a log-softmax is that of a cross-entropy:
      nothing is asked.

    ``Y`` is looked at as far as needed, and read elsewhere: what is no target there leaves nothing to ask here.
    """
    known = network.error is not None or network.trained_on is not None or network.foreign_loss
    last = network.output_activation
    if known or network.rescaled is not None or last not in ("identity", "sigmoid", "softmax"):
        return None
    if last == "softmax":
        return ErrorQuestion("a last softmax", ("softmax",))
    n = network.widths[-1]
    kind = _kind_of(Y, n, fractions=last == "sigmoid")
    if kind is None:
        return None
    if last == "sigmoid":
        return ErrorQuestion("a last sigmoid", ("squared", "logistic"))
    several = ("squared", "softmax", "logistic") if kind in (_LABELS, _UNIT_VECTORS) else ("squared", "logistic")
    return ErrorQuestion(f"{kind} without a last function", several if n > 1 else ("squared", "logistic"))


def _kind_of(Y: Any, n_outputs: int, *, fractions: bool) -> str | None:
    """Return what targets of a classifier these are, ``fractions`` of 1 among them where these count, else None."""
    if isinstance(Y, Labels) or is_categorical(Y):
        return _LABELS
    alone = bits = units = inside = True
    numbers: set[Number] = set()
    count = 0
    for row in _rows(Y):
        entries = [_number_or_text(entry) for entry in row]
        if None in entries:
            return None
        count += 1
        found = [entry for entry in entries if entry is not None and not isinstance(entry, str)]
        if len(found) < len(entries):
            return _LABELS if len(entries) == 1 else None
        numbers.update(found)
        bits = bits and all(y in (0, 1) for y in found)
        units = units and bits and sum(found) == 1
        inside = inside and all(0 <= y <= 1 for y in found)
        alone = alone and len(found) == 1 and found[0] % 1 == 0 and (n_outputs > 1 or len(numbers) <= 2)
        if not (alone or bits or (fractions and inside)):
            return None
    if not numbers:
        return None
    if alone and (n_outputs > 1 or (len(numbers) == 2 < count and not bits)):
        return _LABELS
    return (_UNIT_VECTORS if units and n_outputs > 1 else _BITS) if bits else _FROM_0_TO_1 if fractions and inside else None


def _rows(Y: Any) -> Iterator[list[Any]]:
    column = only_column(Y)
    held = plain_values(Y, "Y") if column is None else column
    for i, row in enumerate(held if type(held) is list else ()):
        entries = row if type(row) in _NUMBERS else plain_values(row, f"Y[{i}]")
        yield entries if type(entries) is list else [entries]


def _number_or_text(entry: Any) -> Number | str | None:
    """Return a number, a text that spells none, and None for what is neither, which is refused where targets are read."""
    if type(entry) in _NUMBERS:
        return None if type(entry) is float and not isfinite(entry) else entry
    if isinstance(entry, str) and rational_of_text(entry) is None:
        return entry
    try:
        number = exact_number(entry)
    except InputError:
        return None
    return number if isinstance(number, Fraction) else None
