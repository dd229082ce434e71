"""Trained networks of other libraries, and how the tests read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lossproof.certificates.checks.check_model import check_model, problem_of_network
from lossproof.certificates.inputs.models import read_network
from lossproof.certificates.inputs.problem import Choices, read_problem
from lossproof.certificates.inputs.trained_network import TrainedNetwork, require_same_outputs
from lossproof.certificates.inputs.unnamed_error import question_on_error
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])


def check_refusal(make: Callable[[], object], message: str, inputs: object = X, targets: object = Y) -> None:
    """Assert that `check_model` refuses a model in one line with this message."""
    with pytest.raises(InputError, match=message) as caught:
        check_model(make(), inputs, targets)
    assert "\n" not in str(caught.value)


def read_and_compare(model: object, inputs: object = X) -> tuple[TrainedNetwork, Problem, Weights]:
    """Read a model and compare what was read with its own outputs, as `check_model` does, without any proof."""
    network = read_network(model)
    inputs = network.inputs(inputs)
    choices = Choices(network.widths, network.activation, network.output_activation, "squared", network.bias)
    targets = np.zeros((len(inputs), network.widths[-1]))
    problem, weights, _ = read_problem(choices, inputs, targets, network.weights, 0)
    assert weights is not None
    require_same_outputs(network, problem, weights)
    return network, problem, weights


def problem_of_model(
    model: object, inputs: object, targets: object, activation: str | None = None, output_activation: str | None = None, **options: Any
) -> tuple[Problem, Weights, tuple[str, ...]]:
    """Read the problem that `check_model` judges a model by, its weights and the notes about it, without any proof.

    Where several errors fit and a test names none, it is about something else, and gets the first.
    """
    network = read_network(model, activation, output_activation)
    asked = question_on_error(network, targets)
    first = {} if asked is None else {"error": asked.errors[0]}
    return problem_of_network(network, inputs, targets, **{**first, **options})


def mlp(*modules: Any, seed: int = 0) -> Any:
    """Return a torch ``Sequential`` of modules with weights drawn from the seed."""
    import torch

    torch.manual_seed(seed)
    for module in modules:
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return torch.nn.Sequential(*modules)


def plain_mlp() -> Any:
    """Return a 2-3-1 network of torch with tanh."""
    from torch import nn

    return mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
