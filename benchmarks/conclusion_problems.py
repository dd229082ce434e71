"""The problems of the survey: networks and samples as people use them, each with a name, all with fixed seeds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.certificates.inputs.data_sources import load_data

BITS, CURVES, MEASURED, LINEAR, NEURONS, NO_BIAS = (
    "functions of bits", "regression in one variable", "measured data", "linear networks", "single neurons", "no bias",
)  # fmt: skip


@dataclass(frozen=True)
class SurveyProblem:
    """One network on one sample set: ``data`` is a name of `load_data`, or ``curve-T`` or ``square-T``."""

    family: str
    data: str
    widths: str
    activation: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The problem in words, for a row of a table."""
        return ", ".join([self.data, self.widths, self.activation, *self.options.values()])

    def samples(self) -> tuple[Any, Any]:
        """Return inputs and targets."""
        kind, _, size = self.data.partition("-")
        if kind in _CURVES:
            return _CURVES[kind](int(size))
        source = load_data(self.data, int(self.widths.split("-")[-1]))
        return source.X, source.Y


def curve(T: int) -> tuple[list[list[int]], list[list[Fraction]]]:
    """Return the inputs 0 to T − 1, and targets that are multiples of 1/8 in [1/8, 7/8], drawn with seed T.

    >>> curve(3)
    ([[0], [1], [2]], [[Fraction(3, 4)], [Fraction(1, 4)], [Fraction(3, 8)]])
    """
    drawn = np.random.default_rng(T).integers(1, 8, T)
    return [[i] for i in range(T)], [[Fraction(int(k), 8)] for k in drawn]


def square(T: int) -> tuple[list[list[int]], list[list[Fraction]]]:
    """Return an odd number of inputs around 0, and their squares divided by the largest.

    >>> square(3)
    ([[-1], [0], [1]], [[Fraction(1, 1)], [Fraction(0, 1)], [Fraction(1, 1)]])
    """
    half = T // 2
    return [[i] for i in range(-half, half + 1)], [[Fraction(i * i, half * half)] for i in range(-half, half + 1)]


_CURVES = {"curve": curve, "square": square}


def _of(family: str, rows: Iterable[str]) -> Iterator[SurveyProblem]:
    """Read rows such as ``xor 2-2-1 tanh error=logistic``."""
    for row in rows:
        data, widths, activation, *options = row.split()
        yield SurveyProblem(family, data, widths, activation, dict(option.split("=") for option in options))


PROBLEMS = (
    *_of(BITS, (
        "xor 2-1-1 tanh", "xor 2-2-1 tanh", "xor 2-3-1 sigmoid", "xor 2-8-1 softplus", "xor 2-2-1 tanh error=logistic",
        "xor 2-2-1 tanh output_activation=sigmoid", "xor 2-2-1 relu", "xor 2-3-1 leaky-relu", "xor 2-2-1 elu", "xor 2-2-1 gelu", "xor 2-2-2-1 tanh",
        "xor 2-3-3-1 relu", "xor 2-4-1 relu error=logistic", "and 2-1-1 tanh", "and 2-2-1 sigmoid", "or 2-3-1 tanh", "half-adder 2-3-2 tanh",
        "half-adder 2-3-2 relu", "majority-3 3-3-1 tanh", "majority-3 3-3-1 relu", "parity-3 3-3-1 tanh", "parity-3 3-4-1 relu", "parity-3 3-4-1 gelu",
        "parity-3 3-8-1 elu", "parity-4 4-4-1 tanh", "parity-4 4-8-1 relu", "parity-4 4-16-1 leaky-relu", "parity-4 4-4-4-1 relu",
    )),
    *_of(CURVES, (
        "curve-3 1-1-1 tanh", "curve-3 1-4-1 sigmoid", "curve-3 1-16-1 softplus", "curve-3 1-2-1 tanh output_activation=sigmoid", "curve-3 1-3-3-1 tanh",
        "curve-5 1-2-1 tanh", "curve-5 1-4-1 relu", "curve-5 1-3-1 gelu", "curve-8 1-16-1 relu", "curve-8 1-4-1 leaky-relu", "curve-8 1-8-1 elu",
        "curve-8 1-8-1 tanh", "curve-12 1-8-1 hard-tanh", "curve-12 1-8-8-1 leaky-relu", "curve-20 1-16-1 relu",
        "curve-20 1-4-4-1 relu", "curve-20 1-20-1 tanh", "square-9 1-4-1 tanh", "square-9 1-16-1 gelu", "square-15 1-4-4-1 sigmoid",
    )),
    *_of(MEASURED, (
        "iris 4-8-3 relu", "iris 4-1-3 relu", "iris 4-16-16-3 relu", "iris 4-8-3 leaky-relu", "iris 4-8-3 elu", "iris 4-8-3 relu error=softmax",
        "iris 4-8-3 leaky-relu error=softmax", "iris 4-8-3 tanh", "iris 4-8-3 tanh error=softmax", "iris-5 4-8-3 tanh", "iris-6 4-8-1 tanh",
        "wine 13-8-3 relu", "wine 13-16-3 leaky-relu", "wine 13-8-8-3 relu error=softmax", "wine 13-8-3 tanh error=softmax", "wine-14 13-8-3 sigmoid",
        "diabetes 10-8-1 relu", "diabetes 10-64-1 relu", "diabetes 10-16-8-1 leaky-relu", "diabetes 10-10-1 elu", "diabetes 10-8-1 tanh",
        "diabetes-11 10-4-1 tanh",
        "breast-cancer 30-8-1 relu", "breast-cancer 30-8-1 relu error=logistic", "breast-cancer 30-8-1 leaky-relu error=logistic",
        "breast-cancer 30-8-8-1 relu", "breast-cancer 30-8-1 tanh error=logistic", "breast-cancer-31 30-8-1 gelu",
        "breast-cancer-31 30-8-1 sigmoid error=logistic",
        "digits 64-32-10 relu", "digits 64-32-10 relu error=softmax", "digits 64-32-10 leaky-relu", "digits-500 64-16-16-10 relu", "digits-50 64-32-10 tanh",
        "digits-300 64-32-10 tanh",
    )),
    *_of(LINEAR, (
        "curve-5 1-1-1 identity", "iris 4-2-3 identity", "wine 13-4-4-3 identity", "diabetes 10-5-1 identity", "iris 4-3-3 identity error=softmax",
        "digits 64-10 identity error=softmax", "breast-cancer 30-1 identity error=logistic",
    )),
    *_of(NEURONS, (
        "curve-5 1-1 identity output_activation=tanh", "zoo:auer-3 1-1 identity output_activation=sigmoid", "and 2-1 identity output_activation=sigmoid",
        "xor 2-1 identity output_activation=sigmoid",
    )),
    *_of(NO_BIAS, (
        "xor 2-3-1 relu bias=none", "xor 2-3-1 tanh bias=none", "curve-5 1-4-1 relu bias=none", "iris-4 4-6-3 tanh bias=none", "iris 4-8-3 relu bias=none",
        "diabetes 10-8-1 leaky-relu bias=none",
    )),
)  # fmt: skip
"""All problems of the survey, in the order of its table."""
