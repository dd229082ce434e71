"""The main job for a network trained elsewhere."""

from __future__ import annotations

from typing import Any

from lossproof.certificates.checks.check_architecture import check_architecture
from lossproof.certificates.inputs.models import read_network
from lossproof.certificates.proof.context import DEFAULT_MAX_PRECISION, Progress
from lossproof.certificates.reports.report import Report
from lossproof.theory.functions.errors import ErrorFunction


def check_model(
    model: Any,
    X: Any,
    Y: Any,
    *,
    error: str | ErrorFunction = "squared",
    seed: int = 0,
    max_precision: int = DEFAULT_MAX_PRECISION,
    progress: Progress | None = None,
    data_name: str = "",
) -> Report:
    """Decide every claim of the theory for a trained network, read as the exact object it is.

    ``model`` is a fitted scikit-learn ``MLPRegressor`` or binary ``MLPClassifier``, or a torch ``Sequential`` of ``Linear`` and activation
    modules (dropout counts as the identity, as it does in evaluation). Its float weights are exact dyadic rationals; widths, activations
    and bias mode are read from it. The other arguments, the result and the guarantee are those of `check_architecture`. Raises
    `InputError` for any other model.

    >>> check_model(object(), [[0]], [[0]])
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: a model must be a fitted scikit-learn MLP or a torch Sequential of Linear layers, got object: or call \
check_architecture with weights=[(W_1, b_1), …]
    """
    network = read_network(model)
    return check_architecture(
        network.widths,
        X,
        Y,
        activation=network.activation,
        output_activation=network.output_activation,
        error=error,
        bias=network.bias,
        weights=network.weights,
        seed=seed,
        max_precision=max_precision,
        progress=progress,
        data_name=data_name,
    )
