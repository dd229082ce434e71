"""From what a user gives to the problem that everything else is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeVar

from lossproof.certificates.inputs.columns import note_on_columns
from lossproof.certificates.inputs.labels import read_targets
from lossproof.certificates.inputs.memory_allowed import require_memory_for_weights
from lossproof.certificates.inputs.sizes import require_few_samples, require_few_weights
from lossproof.certificates.inputs.usual_names import usual_activation, usual_activations, usual_error
from lossproof.numerics.network.points import random_fixed_bias, random_weights
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation
from lossproof.theory.functions.errors import ErrorFunction, error_named
from lossproof.theory.options import option
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.tables import column_names
from lossproof.theory.problem.weights import Layer, Weights
from lossproof.theory.shown import shown

MOST_SEED = 2**63 - 1
_ARRAYS = ("ndarray", "Tensor", "ArrayImpl")
_Held = TypeVar("_Held")


@dataclass(frozen=True)
class Choices:
    """The architecture's parts, the error and the weight decay (see `Decay.of`) as a user names them, also by names of frameworks (`usual_error`).

    ``frozen`` are layers, ``1..L``, that are constants of the problem.
    """

    widths: str | Sequence[int]
    activation: str | Activation | Sequence[str | Activation] = "tanh"
    output_activation: str | Activation = "identity"
    error: str | ErrorFunction = "squared"
    bias: str | Sequence[str] = "trainable"
    weight_decay: Any = 0
    decay_biases: bool = True
    frozen: Sequence[int] = ()


def read_problem(choices: Choices, X: Any, Y: Any, weights: Any, seed: int) -> tuple[Problem, Weights | None, tuple[str, ...]]:
    """Return the problem, the weights given, or None without any, and what a report says about how the samples were read.

    The constants of bias mode ``"fixed"``, and those of frozen layers, come from the weights, or from the seed. Class labels are turned into targets
    (`read_targets`).

    Raises `InputError` for input that cannot be used.
    """
    check_whole("seed", seed, 0, MOST_SEED)
    hidden, output = usual_activations(choices.activation), usual_activation(choices.output_activation)
    architecture = Architecture.of(choices.widths, hidden, output, choices.bias)
    given = None if weights is None else Weights.of(architecture, weights)
    architecture = architecture.with_frozen(_layers(choices.frozen)) if choices.frozen else architecture
    require_few_weights(architecture)
    require_memory_for_weights(architecture)
    require_few_samples(X, Y)
    decay = Decay.of(choices.weight_decay, architecture, biases=choices.decay_biases)
    error = error_named(usual_error(choices.error))
    targets, notes = read_targets(Y, architecture.n_L, error)
    problem = Problem(architecture, error, Samples.of(in_rows(X, architecture.widths[0]), targets), decay=decay)
    notes = (*note_on_columns(column_names(X), column_names(Y)), *notes)
    if "fixed" in architecture.biases:
        constants = random_fixed_bias(architecture, seed) if given is None else _fixed_biases(architecture, given)
        problem = replace(problem, fixed_bias=constants)
    if architecture.frozen:
        held = random_weights(problem, seed) if given is None else given
        problem = replace(problem, frozen=_frozen_layers(architecture, held))
    return problem, given, notes


def _layers(frozen: Any) -> list[int]:
    """Return the numbers of frozen layers, given as one or a sequence of them. Raises `InputError`."""
    given = plain_values(frozen, "frozen")
    listed = given if type(given) is list else [given]
    if any(type(l) is not int for l in listed):
        raise InputError(
            f"frozen must be a list of layers, whole numbers from 1 on, got {shown(frozen)}: write frozen=[2] for the second layer"
        )
    return listed


def in_rows(X: Any, n: int) -> Any:
    """Return an array of samples of several sizes, such as images, with one row of ``n`` numbers each, the last size running fastest; others as they came.

    A network that is trained on such samples, and whose first layer takes ``n`` numbers of each, does the same first; where it does not, its own outputs tell.

    >>> import numpy as np
    >>> in_rows(np.ones((5, 2, 3)), 6).shape, in_rows(np.ones((5, 2, 3)), 3).shape
    ((5, 6), (5, 2, 3))
    """
    sizes = X.shape if type(X).__name__ in _ARRAYS else ()
    return X.reshape(len(X), n) if len(sizes) > 2 and prod(sizes[1:]) == n else X


def read_starts(choices: Choices, X: Any, Y: Any, weights: Any, seed: int) -> tuple[Problem, tuple[Weights, ...], tuple[str, ...]]:
    """Return the problem, the starting points given, none for None, and what a report says about the samples, as `read_problem` does.

    The constants of bias mode ``"fixed"``, and those of frozen layers, come from the starting points, which must agree in them, or from the seed. Raises
    `InputError` for input that cannot be used, such as an empty list, or the weights of one point where a list of such is expected.
    """
    given = None if weights is None else plain_values(weights, "weights")
    if given is not None and (type(given) is not list or not given):
        got = "an empty list" if type(given) is list else shown(weights)
        raise InputError(f"weights must be a list of one starting point or more, got {got}: give [[(W_1, b_1), …, (W_L, b_L)], …]")
    problem, _, notes = read_problem(choices, X, Y, None, seed)
    starts = tuple(_start(problem.architecture, number, one) for number, one in enumerate(given or ()))
    if not starts:
        return problem, starts, notes
    if problem.fixed_bias is not None:
        constants = _shared(starts, "fixed biases", lambda start: _fixed_biases(problem.architecture, start))
        problem = replace(problem, fixed_bias=constants)
    if problem.frozen is not None:
        problem = replace(problem, frozen=_shared(starts, "frozen layers", lambda start: _frozen_layers(problem.architecture, start)))
    return problem, starts, notes


def _shared(starts: Sequence[Weights], what: str, read: Callable[[Weights], _Held]) -> _Held:
    """Return what all starting points have in common, which belongs to the problem. Raises `InputError` where one has something else."""
    first = read(starts[0])
    for number, start in enumerate(starts):
        if read(start) != first:
            raise InputError(
                f"weights[{number}] must have the {what} of weights[0], which belong to the problem, got others: make a map for each"
            )
    return first


def _frozen_layers(architecture: Architecture, weights: Weights) -> tuple[Layer | None, ...]:
    """Return the layers that are frozen, None for the others."""
    return tuple(layer if l in architecture.frozen else None for l, layer in enumerate(weights.layers, start=1))


def _fixed_biases(architecture: Architecture, weights: Weights) -> tuple[tuple[Number, ...] | None, ...]:
    """Return the biases of the layers that have fixed ones, None for the others."""
    return tuple(layer.b if mode == "fixed" else None for layer, mode in zip(weights.layers, architecture.biases, strict=True))


def _start(architecture: Architecture, number: int, given: Any) -> Weights:
    try:
        return Weights.of(architecture, given)
    except InputError as error:
        raise InputError(f"weights[{number}], a starting point in the list weights: {error}") from error


def check_whole(name: str, value: Any, least: int, most: int) -> None:
    """Raise `InputError` unless a setting is a whole number within bounds.

    >>> check_whole("starts", 0, 1, 100)
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: starts must be a whole number from 1 to 100, got 0: choose one in that range
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise InputError(f"{option(name)} must be a whole number from {least} to {most}, got {shown(value)}: choose one in that range")
