"""A trained network of another library as the exact object it is, or a refusal by name of what would be read as something else."""

from __future__ import annotations

import sys
from os import PathLike
from typing import Any

import numpy as np

from lossproof.certificates.inputs.equinox_models import is_equinox, read_equinox
from lossproof.certificates.inputs.flax_models import is_flax, read_flax
from lossproof.certificates.inputs.keras_models import is_keras, read_keras
from lossproof.certificates.inputs.onnx_models import is_onnx, read_onnx
from lossproof.certificates.inputs.parameters import Activations, are_parameters, read_parameters
from lossproof.certificates.inputs.sklearn_estimators import is_estimator, read_estimator
from lossproof.certificates.inputs.torch_models import read_torch
from lossproof.certificates.inputs.torch_programs import is_program
from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.shown import shown

_HOLDERS = {
    "TrainState": "give module.bind({'params': state.params}), or state.params with activation=",
    "InferenceSession": "give the model of onnx.load, from the same file",
    "Booster": "it is no network",
}
"""What to give in place of objects that hold a network, or look as if they did."""
_LINEAR_MODELS = ("LinearRegression", "Ridge", "LogisticRegression")
_LINEAR = "it has no hidden layer: check_architecture((n_0, n_L), X, Y, weights=[(coef_.T, intercept_)]) asks about it, with the error and decay of its fit"
_READ_OF_SCIKIT_LEARN = "of scikit-learn MLPRegressor and MLPClassifier are read, also in a Pipeline or a search"
_EXPECTED = "a model must be an MLP of scikit-learn, torch, Keras, Flax or Equinox, an ONNX model, or weights such as a state_dict with an activation"


def read_network(model: Any, activation: Activations = None, output_activation: str | None = None) -> TrainedNetwork:
    """Return what a trained network of another library, or its weights with the activations named, hold.

    No library is imported: a model of one exists only when its owner has imported it. See the readers for what each refuses: `read_estimator`, `read_torch`,
    `read_equinox`, `read_flax`, `read_keras`, `read_onnx`, `read_parameters`. Raises `InputError`, also where a model has its own activations and
    some are named.
    """
    if type(model) in (tuple, list):
        inner = next((part for part in model if _is_network(part)), None)
        if inner is not None:
            raise InputError(
                f"a model must be given alone, got a {type(inner).__name__} in a {type(model).__name__}: give "
                + ("module.bind(variables)" if is_flax(inner) else "the model itself")
            )
    if are_parameters(model):
        return read_parameters(model, activation, output_activation)
    network = _read_model(model)
    if activation is not None or output_activation is not None:
        raise InputError(
            "activations must be left out for a model that has its own, got some: name them for weights without a network alone"
        )
    return network


def _is_network(part: Any) -> bool:
    torch = sys.modules.get("torch")
    of_torch = torch is not None and (isinstance(part, torch.nn.Module) or is_program(part))
    return of_torch or is_keras(part) or is_estimator(part) or is_equinox(part) or is_flax(part) or is_onnx(part)


def _read_model(model: Any) -> TrainedNetwork:
    if is_keras(model):
        return read_keras(model)
    torch = sys.modules.get("torch")
    if torch is not None and (isinstance(model, torch.nn.Module) or is_program(model)):
        return read_torch(model, torch)
    if is_estimator(model):
        return read_estimator(model)
    if is_equinox(model):
        return read_equinox(model)
    if is_flax(model):
        return read_flax(model)
    if is_onnx(model):
        return read_onnx(model)
    raise InputError(f"{_EXPECTED}, got {shown(model)}: {_advice(model)}")


def _advice(model: Any) -> str:
    sklearn = sys.modules.get("sklearn.neural_network")
    if sklearn is not None and isinstance(model, (sklearn.MLPRegressor, sklearn.MLPClassifier)):
        return "a subclass may compute something else, so copy its coefs_ and intercepts_ into check_architecture with weights"
    if isinstance(model, (str, PathLike, bytes)):
        return "load the file first, or use lossproof check --model FILE"
    if isinstance(model, type):
        return "give a model that was made and trained, not its class"
    kind = type(model).__name__
    if kind in _HOLDERS:
        return _HOLDERS[kind]
    inner = next((name for name in ("module_", "model_", "module") if getattr(model, name, None) is not None), None)
    if inner is not None:
        return f"give its {inner}, if that is the network, and the samples as the network sees them"
    several = getattr(model, "estimators_", None)
    if several is not None and any(is_estimator(one) for one in np.ravel(np.asarray(several, dtype=object))):
        return "it holds several networks, so give one of its estimators_, and the samples as this sees them"
    if hasattr(model, "steps") or any(is_estimator(getattr(model, name, None)) for name in ("estimator", "estimator_", "regressor")):
        return "give the MLP in it, and the samples as this MLP sees them"
    if type(model).__module__.startswith("sklearn.") and hasattr(model, "fit"):
        return _LINEAR if kind in _LINEAR_MODELS else _READ_OF_SCIKIT_LEARN
    return "or call check_architecture with weights=[(W_1, b_1), …]"
