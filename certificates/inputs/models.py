"""Reading the widths, activations and weights of a trained torch or scikit-learn network."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lossproof.theory.exceptions import InputError

_SKLEARN_ACTIVATIONS = {"logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "identity": "identity"}
_TORCH_ACTIVATIONS = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softsign": "softsign",
    "Softplus": "softplus",
    "ReLU": "relu",
    "ELU": "elu",
    "GELU": "gelu",
    "SiLU": "silu",
    "LeakyReLU": "leaky-relu",
    "Identity": "identity",
}
_TORCH_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "Softplus": {"beta": 1.0, "threshold": 20.0},
    "ELU": {"alpha": 1.0},
    "GELU": {"approximate": "none"},
}


@dataclass(frozen=True)
class TrainedNetwork:
    """An MLP read from another library: what `check_architecture` needs of it."""

    widths: tuple[int, ...]
    activation: str
    output_activation: str
    bias: str
    weights: list[tuple[Any, Any]]


def read_network(model: Any) -> TrainedNetwork:
    """Read a fitted scikit-learn ``MLPRegressor``/``MLPClassifier`` or a torch ``Sequential`` of ``Linear`` and activation modules.

    Raises `InputError` when the model is no MLP of this kind.
    """
    if hasattr(model, "coefs_") and hasattr(model, "intercepts_") and hasattr(model, "activation"):
        return _read_sklearn(model)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return _read_torch(model, torch)
    hint = "fit it first" if hasattr(model, "fit") else "or call check_architecture with weights=[(W_1, b_1), …]"
    raise InputError(
        f"a model must be a fitted scikit-learn MLP or a torch Sequential of Linear layers, got {type(model).__name__}: {hint}"
    )


def _read_sklearn(model: Any) -> TrainedNetwork:
    weights = [(W, b) for W, b in zip(model.coefs_, model.intercepts_, strict=True)]
    widths = (weights[0][0].shape[0], *(W.shape[1] for W, _ in weights))
    output = _SKLEARN_ACTIVATIONS.get(model.out_activation_)
    hidden = _SKLEARN_ACTIVATIONS.get(model.activation)
    if output is None or hidden is None:
        raise InputError(
            f"the network's activations must be elementwise, got {model.activation!r} with output {model.out_activation_!r}: "
            "for a softmax classifier give its weights to check_architecture with error='softmax'"
        )
    return TrainedNetwork(widths, hidden, output, "trainable", weights)


def _read_torch(model: Any, torch: Any) -> TrainedNetwork:
    linear: list[Any] = []
    after: list[str] = []
    for module in _flat_modules(model, torch):
        if isinstance(module, torch.nn.Linear):
            linear.append(module)
            after.append("identity")
        elif linear and type(module).__name__ in _TORCH_ACTIVATIONS and after[-1] == "identity":
            after[-1] = _torch_activation(module)
        elif type(module).__name__ not in ("Identity", "Dropout", "Flatten"):
            raise InputError(
                f"a torch model must be a Sequential of Linear layers and activations, got a {type(module).__name__} in it: rewrite it as an MLP"
            )
    if not linear:
        raise InputError(f"a torch model must hold at least one Linear layer, got none in {type(model).__name__}: give an MLP")
    hidden = set(after[:-1])
    if len(hidden) > 1:
        raise InputError(f"all hidden layers must share one activation, got {sorted(hidden)}: use the same module after each hidden Linear")
    biased = {module.bias is not None for module in linear}
    if len(biased) > 1:
        raise InputError("all Linear layers must have a bias or none may, got both kinds: set bias alike in every layer")
    weights = [(m.weight.detach().cpu().numpy().T, None if m.bias is None else m.bias.detach().cpu().numpy()) for m in linear]
    widths = (int(linear[0].in_features), *(int(m.out_features) for m in linear))
    mode = "trainable" if biased == {True} else "none"
    return TrainedNetwork(widths, hidden.pop() if hidden else "identity", after[-1], mode, weights)


def _flat_modules(model: Any, torch: Any) -> list[Any]:
    """The modules of nested ``Sequential`` containers in order."""
    if not isinstance(model, torch.nn.Sequential):
        return [model]
    return [inner for child in model for inner in _flat_modules(child, torch)]


def _torch_activation(module: Any) -> str:
    kind = type(module).__name__
    for name, expected in _TORCH_DEFAULTS.get(kind, {}).items():
        if getattr(module, name) != expected:
            raise InputError(f"{kind} is supported with {name}={expected} only, got {getattr(module, name)}: use the default")
    if kind == "LeakyReLU":
        return f"leaky-relu:{module.negative_slope!r}"
    return _TORCH_ACTIVATIONS[kind]
