"""The main job for a network trained elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lossproof.certificates.checks.check_architecture import check_architecture
from lossproof.certificates.inputs.frozen_layers import later_layers, notes_on_frozen, scaled_samples, with_constants
from lossproof.certificates.inputs.judged_error import judged_by, note_on_decay, notes_on_loss
from lossproof.certificates.inputs.models import read_network
from lossproof.certificates.inputs.problem import Choices, read_problem
from lossproof.certificates.inputs.trained_network import TrainedNetwork, require_same_outputs
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, Progress
from lossproof.certificates.reports.report import Report
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.architecture import FROZEN
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights


def check_model(
    model: Any,
    X: Any,
    Y: Any,
    *,
    activation: str | Sequence[str] | None = None,
    output_activation: str | None = None,
    error: str | ErrorFunction | None = None,
    weight_decay: Any = None,
    decay_biases: bool = True,
    search: str | float = "auto",
    seed: int = 0,
    max_precision: int = DEFAULT_MAX_PRECISION,
    progress: Progress | None = None,
    data_name: str = "",
    self_check: bool = True,
) -> Report:
    """Decide every claim of the theory for a trained network, read as the exact object it is.

    ``model`` is an MLP of scikit-learn (also in a ``Pipeline``, ``TransformedTargetRegressor`` or search), torch, Keras 3, Flax or Equinox, an ONNX
    ``ModelProto``, or weights without their network: a ``state_dict``, nested mappings, or a list of pairs ``(W, b)``. Its float weights are exact dyadic
    rationals; widths, activations and bias mode are read from it. `read_network` names the readers, whose docstrings say what each refuses.

    - ``X``, ``Y``: as for its training. Scalers and encoders in front of an MLP of scikit-learn are applied as the estimator applies them: the samples of the
      problem are the floats that the first layer sees. Labels of a classifier are turned into targets.
    - ``activation``, ``output_activation``: of weights without their network, and of nothing else; a list of activations names one a hidden layer.
    - ``error``: by default the one that the model was trained on, where it knows. Where it does not, and its last layer and the targets fit one loss only or
      are those of a regression, that is assumed, and first screens and reports say so; where they fit several, the error is asked for
      (`question_on_error`). A classifier of scikit-learn is judged by its log-loss and no other error. A last sigmoid meets ``"logistic"``, and a last
      softmax ``"softmax"``, without being applied twice (`judged_by`). Names of frameworks, such as ``"bce"``, are understood.
    - ``weight_decay``: by default the penalty of the model's own training, where it keeps it: ``alpha`` of scikit-learn over the number of samples, on
      weights without biases, and ``l2`` regularizers of Keras (both functions called `penalty_of` say what is assumed, and a note in the report, too); else
      0, and first screens say so. Otherwise as in `check_architecture`, with ``decay_biases``; 0 judges the mean error alone. Weights of samples are no part
      of it.

    What is read is compared with the outputs of the model itself on the samples, up to rounding in its precision (`require_same_outputs`). The other
    arguments, the result and the guarantee are those of `check_architecture`. The first layers may be frozen: the problem is then that of the layers after
    them, on the features that they make of ``X``, exactly, or where these are irrational rounded to doubles (`later_layers`). Frozen layers after trainable
    ones are constants of the problem (``frozen`` of `check_architecture`). Raises `InputError`, naming the part, for everything that is not read exactly:
    subclasses, hooks, tied layers, dropout in training mode, other transformers and other models.

    >>> check_model(object(), [[0]], [[0]])
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: a model must be an MLP of scikit-learn, torch, Keras, Flax or Equinox, an ONNX model, or weights such as a \
state_dict with an activation, got an object: or call check_architecture with weights=[(W_1, b_1), …]
    """
    network = read_network(model, activation, output_activation)
    return check_network(
        network,
        X,
        Y,
        error=error,
        weight_decay=weight_decay,
        decay_biases=decay_biases,
        search=search,
        seed=seed,
        max_precision=max_precision,
        progress=progress,
        data_name=data_name,
        self_check=self_check,
    )


def check_network(
    network: TrainedNetwork,
    X: Any,
    Y: Any,
    *,
    error: str | ErrorFunction | None = None,
    weight_decay: Any = None,
    decay_biases: bool = True,
    seed: int = 0,
    **options: Any,
) -> Report:
    """Decide every claim of the theory for a network that was read; arguments, result and errors are those of `check_model`."""
    problem, weights, notes = problem_of_network(
        network, X, Y, error=error, weight_decay=weight_decay, decay_biases=decay_biases, seed=seed
    )
    a = problem.architecture
    report = check_architecture(
        a.widths,
        problem.samples.X,
        problem.samples.Y,
        activation=a.hidden if a.L > 1 else a.activation,
        output_activation=a.output_activation,
        error=problem.error,
        bias=tuple("fixed" if mode == FROZEN else mode for mode in a.biases),
        frozen=a.frozen,
        weight_decay=0 if problem.decay is None else problem.decay.layers,
        weights=weights,
        seed=seed,
        **options,
    )
    return replace(report, notes=(*notes, *report.notes))


def problem_of_network(
    network: TrainedNetwork,
    X: Any,
    Y: Any,
    *,
    error: str | ErrorFunction | None = None,
    weight_decay: Any = None,
    decay_biases: bool = True,
    seed: int = 0,
) -> tuple[Problem, Weights, tuple[str, ...]]:
    """Return the problem that a trained network is judged by, its weights, and what a report says about both; compared with the network's own outputs.

    Arguments and errors are those of `check_model`.
    """
    network, chosen = judged_by(network, error, Y)
    samples, (targets, note) = network.inputs(X), network.targets(Y)
    notes = network.notes if note is None else (note, *network.notes)
    assumed: tuple[str, ...] = ()
    if weight_decay is None and network.penalty is None:
        weight_decay, assumed = 0, (note_on_decay(),)
    elif weight_decay is None and network.penalty is not None:
        rows = plain_values(samples, "X")
        (weight_decay, said), decay_biases = network.penalty(max(1, len(rows)) if type(rows) is list else 1), False
        notes += said
    if network.own_layer and type(weight_decay) in (list, tuple):
        weight_decay = [*weight_decay[: network.frozen - 1], 0, *weight_decay[network.frozen - 1 :]]
    choices = Choices(network.widths, network.activation, network.output_activation, chosen, network.bias, weight_decay, decay_biases)
    problem, _, told = read_problem(choices, samples, targets, network.weights, seed)
    weights = Weights.of(problem.architecture, network.weights)
    require_same_outputs(network, problem, weights)
    problem, rounded = scaled_samples(network, problem), False
    if network.frozen:
        problem, weights, rounded = later_layers(problem, weights, network.frozen)
    problem = with_constants(problem, weights, [l - network.frozen for l in network.constant])
    notes = (*notes_on_frozen(problem, network.frozen, rounded=rounded), *notes)
    return problem, weights, (*told, *notes, *notes_on_loss(network, problem, named=error is not None), *assumed)
