"""How many numbers a problem may hold: what could neither be read, nor proved, nor written into a certificate in any reasonable time is refused at once."""

from __future__ import annotations

from typing import Any

from lossproof.numerics.algebra.memory import gibibytes
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.containers import plain_values

MOST_NUMBERS = 10**7
"""The most entries of all samples: beyond, a check takes hours."""
MOST_WEIGHTS = 25 * 10**6
"""The most weights: a certificate of 2^28 characters holds no more."""
MOST_SEARCHED = 10_000
"""The most weights of a search for critical points, each step of which takes the eigenvectors of a Hessian."""

_BYTES_OF_A_NUMBER = 200
_NUMBERS_A_MINUTE = 10**6
_MANY_WEIGHTS = 10**6
_BYTES_OF_A_WEIGHT = 600


def require_few_numbers(rows: int, columns: int, what: str) -> None:
    """Raise `InputError` for more than 10^7 numbers in so many rows and columns, with what they would take; ``what`` is what a message calls them.

    >>> require_few_numbers(10**7, 3, "the samples")
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: the samples must be at most 10,000,000 numbers, got 30,000,000 in 10,000,000 rows, which as exact numbers take \
about 5.6 GiB, and a check 30 min or more: take fewer rows
    """
    if rows * columns > MOST_NUMBERS:
        raise InputError(
            f"{what} must be at most {MOST_NUMBERS:,} numbers, got {rows * columns:,} in {rows:,} rows, which as exact numbers take about "
            f"{_cost(rows * columns)}: take fewer rows"
        )


def require_few_weights(architecture: Architecture) -> None:
    """Raise `InputError` for more than 25 million weights, with what they would take."""
    count = architecture.N_net
    if count > MOST_WEIGHTS:
        raise InputError(
            f"a network must have at most {MOST_WEIGHTS:,} weights, got N_net = {count:,}, which as exact numbers take about {_cost(count)}: "
            "take smaller widths"
        )


def require_searchable(architecture: Architecture) -> None:
    """Raise `InputError` for more than 10,000 weights, with what the Hessian of one step of a search would take.

    >>> require_searchable(Architecture.of("2-200000-1"))
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: a network that is searched for critical points must have at most 10,000 weights, got N_net = 800,001, whose \
Hessian takes 4768.4 GiB: take smaller widths, or check weights that were trained
    """
    count = architecture.N_net
    if count > MOST_SEARCHED:
        raise InputError(
            f"a network that is searched for critical points must have at most {MOST_SEARCHED:,} weights, got N_net = {count:,}, whose Hessian takes "
            f"{gibibytes(8 * count**2)}: take smaller widths, or check weights that were trained"
        )


def cost_of_weights(architecture: Architecture) -> str:
    """Return in words about what the exact arithmetic of a check or a training takes, for a network of many weights; nothing for fewer than a million.

    >>> cost_of_weights(Architecture.of("2-1000000-1"))
    'N_net = 4,000,001 weights: in exact arithmetic they take about 2.2 GiB and 4 min, or more'
    """
    count = architecture.N_net
    if count < _MANY_WEIGHTS:
        return ""
    memory, minutes = gibibytes(_BYTES_OF_A_WEIGHT * count), count // _NUMBERS_A_MINUTE
    return f"N_net = {count:,} weights: in exact arithmetic they take about {memory} and {minutes} min, or more"


def require_few_samples(X: Any, Y: Any) -> None:
    """Raise `InputError` for samples of more than 10^7 numbers, from the shapes of their containers alone; what has none is left to `Samples.of`."""
    (rows, columns), (_, targets) = _shape_of(X), _shape_of(Y)
    require_few_numbers(rows, columns + targets, "the samples")


def _cost(numbers: int) -> str:
    return f"{gibibytes(_BYTES_OF_A_NUMBER * numbers)}, and a check {numbers // _NUMBERS_A_MINUTE} min or more"


def _shape_of(values: Any) -> tuple[int, int]:
    """Return rows and columns of a container of many rows, ``(0, 0)`` of anything else; the first row stands for all."""
    shape = getattr(values, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(size, int) for size in shape) and 1 <= len(shape) <= 2:
        return shape[0], shape[1] if len(shape) == 2 else 1
    if type(values) not in (list, tuple) or not values:
        return 0, 0
    first = plain_values(values[0], "the first row")
    return len(values), len(first) if type(first) is list else 1
