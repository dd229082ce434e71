"""Which exact numbers have no double: asked before anything works in double precision, since exact and ball arithmetic have no such limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import isinf

from lossproof.numerics.fields.float64 import nearest_double
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_SURELY_DOUBLE = 1022


def beyond_doubles(problem: Problem, weights: Weights | None = None) -> str | None:
    """Return which number of a problem, or of some weights, has no double, as a clause, or None where all have one.

    A number has no double if its size rounds to more than the largest one, about ``1.8·10^308``; the scale ``β`` of an error, by which is divided, also if
    it rounds to 0. Other numbers may round to 0, as any may round to a neighbour. Searches, training, spectra and pictures work in doubles: each asks
    here first, and is not available where the answer is not None.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1"), error_named("squared"), Samples.of([[0], ["1e309"]], [[0], [1]]))
    >>> beyond_doubles(problem)
    'X[1][0] is larger than any double'
    """
    beta = problem.error.beta
    if beta is not None and _is_beyond(beta):
        return f"β of the {problem.error.family} error is larger than any double"
    if beta is not None and nearest_double(beta) == 0:
        return f"β of the {problem.error.family} error is smaller than any double other than 0"
    place = _first(problem, weights, _is_beyond)
    return None if place is None else f"{place} is larger than any double"


def vanishing_in_doubles(problem: Problem, weights: Weights | None = None) -> str | None:
    """Return which number of a problem, or of some weights, is not 0 but has 0 as its double, as a clause, or None where none has.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> vanishing_in_doubles(Problem(Architecture.of("1-1"), error_named("squared"), Samples.of([[0], ["1e-400"]], [[0], [1]])))
    'X[1][0] is smaller than any double other than 0'
    """
    place = _first(problem, weights, _vanishes)
    return None if place is None else f"{place} is smaller than any double other than 0"


def _first(problem: Problem, weights: Weights | None, test: Callable[[Number], bool]) -> str | None:
    """Return the name of the first entry that passes a test."""
    for name, row in (*_rows_of_problem(problem), *_rows_of_weights(weights)):
        if any(map(test, row)):
            return f"{name}[{next(j for j, entry in enumerate(row) if test(entry))}]"
    return None


def _rows_of_problem(problem: Problem) -> Iterator[tuple[str, Sequence[Number]]]:
    yield from ((f"X[{i}]", row) for i, row in enumerate(problem.samples.X))
    yield from ((f"Y[{i}]", row) for i, row in enumerate(problem.samples.Y))
    yield from ((f"b_{l}", bias) for l, bias in enumerate(problem.fixed_bias or (), start=1) if bias is not None)
    yield from _rows_of_layers(problem.frozen or ())


def _rows_of_weights(weights: Weights | None) -> Iterator[tuple[str, Sequence[Number]]]:
    yield from _rows_of_layers(() if weights is None else weights.layers)


def _rows_of_layers(layers: Sequence[Layer | None]) -> Iterator[tuple[str, Sequence[Number]]]:
    for l, layer in enumerate(layers, start=1):
        if layer is not None:
            yield from ((f"W_{l}[{i}]", row) for i, row in enumerate(layer.W))
            yield f"b_{l}", layer.b


def _is_beyond(number: Number) -> bool:
    return not (isinstance(number, Fraction) and _size(number) <= _SURELY_DOUBLE) and isinf(nearest_double(number))


def _vanishes(number: Number) -> bool:
    return not (isinstance(number, Fraction) and (number == 0 or _size(number) >= -_SURELY_DOUBLE)) and nearest_double(number) == 0


def _size(number: Fraction) -> int:
    """Return ``log2`` of the size of a rational, give or take 1."""
    return number.numerator.bit_length() - number.denominator.bit_length()
