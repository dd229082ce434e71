"""A trained network of torch or scikit-learn as the exact object it is, or a refusal by name of what would be read as something else."""

from __future__ import annotations

import sys
from typing import Any

from lossproof.certificates.inputs.sklearn_estimators import is_estimator, read_estimator
from lossproof.certificates.inputs.torch_models import read_torch
from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.shown import shown

_EXPECTED = "a model must be a fitted scikit-learn MLPRegressor or MLPClassifier or a torch Sequential of Linear layers"


def read_network(model: Any) -> TrainedNetwork:
    """Return what a fitted scikit-learn ``MLPRegressor`` or ``MLPClassifier``, or a torch ``Sequential`` of ``Linear`` and activation modules holds.

    Only these very types are read, since a subclass may compute anything; see `read_estimator` and `read_torch` for what else is refused. Raises
    `InputError`.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return read_torch(model, torch)
    if is_estimator(model):
        return read_estimator(model)
    raise InputError(f"{_EXPECTED}, got {shown(model)}: {_advice(model)}")


def _advice(model: Any) -> str:
    sklearn = sys.modules.get("sklearn.neural_network")
    if sklearn is not None and isinstance(model, (sklearn.MLPRegressor, sklearn.MLPClassifier)):
        return "a subclass may compute something else, so copy its coefs_ and intercepts_ into check_architecture with weights"
    if hasattr(model, "steps") or hasattr(model, "estimator") or hasattr(model, "regressor"):
        return "give the MLP in it, and the samples as this MLP sees them"
    return "or call check_architecture with weights=[(W_1, b_1), …]"
