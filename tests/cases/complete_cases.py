"""Small problems whose critical points can be listed completely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

INPUTS = [[-1], ["-1/2"], [0], ["1/2"], [1]]
TARGETS = {"mixed": ["1/8", "-1/8", "5/8", "1/16", "-1/2"], "far": ["3/16", "-1/2", "-3/8", "-39/16", "7/4"]}


def neuron(X: Sequence[Any], Y: Sequence[Any], activation: str = "sigmoid", bias: str = "none", decay: Any = 0) -> Problem:
    """Return a neuron with a squared error."""
    a = Architecture.of((len(X[0]), 1), output_activation=activation, bias=bias)
    return Problem(a, error_named("squared"), Samples.of(X, [[y] for y in Y]), None, Decay.of(decay, a))


def hidden(units: int, decay: Any, targets: str = "mixed", activation: str = "tanh", bias: str = "trainable") -> Problem:
    """Return a 1-n-1 network with a squared error and five samples."""
    a = Architecture.of((1, units, 1), activation=activation, bias=bias)
    return Problem(a, error_named("squared"), Samples.of(INPUTS, [[y] for y in TARGETS[targets]]), None, Decay.of(decay, a))
