"""The main job for a network trained elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lossproof.certificates.checks.check_architecture import check_architecture
from lossproof.certificates.inputs.models import read_network
from lossproof.certificates.inputs.problem import Choices, read_problem
from lossproof.certificates.inputs.trained_network import TrainedNetwork, require_same_outputs
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, Progress
from lossproof.certificates.reports.report import Report
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import ErrorFunction, error_named


def check_model(
    model: Any,
    X: Any,
    Y: Any,
    *,
    error: str | ErrorFunction | None = None,
    weight_decay: Any = 0,
    decay_biases: bool = True,
    search: str | float = "auto",
    seed: int = 0,
    max_precision: int = DEFAULT_MAX_PRECISION,
    progress: Progress | None = None,
    data_name: str = "",
    self_check: bool = True,
) -> Report:
    """Decide every claim of the theory for a trained network, read as the exact object it is.

    ``model`` is a fitted ``MLPRegressor`` or ``MLPClassifier`` of scikit-learn, or a torch ``Sequential`` of ``Linear`` and activation modules in evaluation
    mode. Its float weights are exact dyadic rationals; widths, activations and bias mode are read from it.

    - ``error``: by default ``"squared"``. A classifier of scikit-learn is judged by the log-loss that it minimises, and by no other error: its
      outputs are the sums before the last function, the error is ``logistic`` or ``softmax``, and ``Y`` holds labels as in its ``fit``, whatever
      they are called, or one row of targets a sample. A torch model that ends in sums and was trained on ``CrossEntropyLoss`` wants ``"softmax"``.
    - The loss judged is the mean error of the samples given here, plus the penalty of ``weight_decay`` (as in `check_architecture`). The penalty of the model's
      own training is not read, nor weights of samples; a note in the report says so where ``alpha`` of scikit-learn is not 0. Its ``alpha`` is that of
      ``weight_decay=alpha/T``, ``decay_biases=False`` for one output and the solver lbfgs, T the number of samples of the training.

    What is read is compared with the outputs of the model itself on the samples, up to rounding in its precision (`require_same_outputs`). The other
    arguments, the result and the guarantee are those of `check_architecture`. Raises `InputError`, naming the part, for everything that is not read
    exactly: subclasses, hooks, tied or frozen layers, dropout in training mode, pipelines and other models.

    >>> check_model(object(), [[0]], [[0]])
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: a model must be a fitted scikit-learn MLPRegressor or MLPClassifier or a torch Sequential of Linear layers, \
got an object: or call check_architecture with weights=[(W_1, b_1), …]
    """
    network = read_network(model)
    network.check_inputs(X)
    targets, note = network.targets(Y)
    chosen = _error(network, error)
    choices = Choices(network.widths, network.activation, network.output_activation, chosen, network.bias, weight_decay, decay_biases)
    problem, weights = read_problem(choices, X, targets, network.weights, seed)
    if weights is not None:
        require_same_outputs(network, problem, weights)
    report = check_architecture(
        network.widths,
        problem.samples.X,
        problem.samples.Y,
        activation=network.activation,
        output_activation=network.output_activation,
        error=chosen,
        bias=network.bias,
        weight_decay=weight_decay,
        decay_biases=decay_biases,
        weights=weights,
        search=search,
        seed=seed,
        max_precision=max_precision,
        progress=progress,
        data_name=data_name,
        self_check=self_check,
    )
    notes = network.notes if note is None else (note, *network.notes)
    return replace(report, notes=(*notes, *report.notes))


def _error(network: TrainedNetwork, given: str | ErrorFunction | None) -> str | ErrorFunction:
    if network.error is None:
        return "squared" if given is None else given
    if given is not None and error_named(given).name != network.error:
        raise InputError(
            f"the error of this classifier must be {network.error}, on which it was trained, got {error_named(given).name}: leave it out, "
            "or give the weights to check_architecture"
        )
    return network.error
