"""From what a user gives to the problem that everything else is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lossproof.certificates.inputs.memory_allowed import require_memory_for_weights
from lossproof.certificates.inputs.usual_names import usual_activation, usual_error
from lossproof.numerics.network.points import random_fixed_bias
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction, error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights
from lossproof.theory.shown import shown

MOST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Choices:
    """The architecture's parts, the error and the weight decay (see `Decay.of`) as a user names them, also by names of frameworks (`usual_error`)."""

    widths: str | Sequence[int]
    activation: str | Activation = "tanh"
    output_activation: str | Activation = "identity"
    error: str | ErrorFunction = "squared"
    bias: str = "trainable"
    weight_decay: Any = 0
    decay_biases: bool = True


def read_problem(choices: Choices, X: Any, Y: Any, weights: Any, seed: int) -> tuple[Problem, Weights | None]:
    """Return the problem and the weights given, or None without any; the constants of bias mode ``"fixed"`` come from the weights, or from the seed.

    Raises `InputError` for input that cannot be used.
    """
    check_whole("seed", seed, 0, MOST_SEED)
    hidden, output = usual_activation(choices.activation), usual_activation(choices.output_activation)
    architecture = Architecture.of(choices.widths, hidden, output, choices.bias)
    require_memory_for_weights(architecture)
    given = None if weights is None else Weights.of(architecture, weights)
    decay = Decay.of(choices.weight_decay, architecture, biases=choices.decay_biases)
    problem = Problem(architecture, error_named(usual_error(choices.error)), Samples.of(X, Y), decay=decay)
    if architecture.bias != "fixed":
        return problem, given
    constants = random_fixed_bias(architecture, seed) if given is None else tuple(layer.b for layer in given.layers)
    return replace(problem, fixed_bias=constants), given


def check_whole(name: str, value: Any, least: int, most: int) -> None:
    """Raise `InputError` unless a setting is a whole number within bounds.

    >>> check_whole("starts", 0, 1, 100)
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: starts must be a whole number from 1 to 100, got 0: choose one in that range
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise InputError(f"{name} must be a whole number from {least} to {most}, got {shown(value)}: choose one in that range")
