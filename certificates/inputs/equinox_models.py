"""Reading an MLP of Equinox: ``eqx.nn.MLP``, or a ``Sequential`` of ``Linear`` and ``Lambda`` layers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer, mlp_of
from lossproof.certificates.inputs.parameters import exact_array
from lossproof.certificates.inputs.trained_network import UNITS, Floats, TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.shown import shown

_ACTIVATIONS = {
    "jax.nn": {
        "relu": "relu",
        "sigmoid": "sigmoid",
        "tanh": "tanh",
        "softplus": "softplus",
        "soft_sign": "softsign",
        "silu": "silu",
        "swish": "silu",
        "elu": "elu",
        "mish": "mish",
        "hard_tanh": "hard-tanh",
        "identity": "identity",
    },
    "jax.numpy": {"tanh": "tanh", "sin": "sin", "arctan": "arctan", "square": "power:2"},
    "jax.scipy.special": {"erf": "erf", "expit": "sigmoid"},
}


def is_equinox(model: Any) -> bool:
    """Tell whether `read_equinox` knows the type of a model; nothing is imported for that."""
    nn = sys.modules.get("equinox.nn")
    return nn is not None and type(model) in (nn.MLP, nn.Sequential, nn.Linear)


def read_equinox(model: Any) -> TrainedNetwork:
    """Read ``eqx.nn.MLP``, or ``Linear`` and ``Lambda`` layers in a ``Sequential``, by their exact types; the weights are JAX arrays of 16 to 64 bits.

    Activations are known by identity: functions of ``jax.nn`` and ``jax.numpy``. ``jax.nn.gelu`` approximates by default, and is refused as any other
    function is. Raises `InputError`.
    """
    mlp = mlp_of(_layers(model, "the model"), "an Equinox model")
    linear = _linear_layers(model)
    if len({id(layer.weight) for layer in linear}) < len(linear):
        raise InputError("the layers of an Equinox model must not share weights, got one array in two of them: untie them")
    kinds = sorted({layer.weight.dtype.name for layer in linear})
    if len(kinds) > 1:
        raise InputError(f"all weights of an Equinox model must be of one type, got {', '.join(kinds)}: convert them")
    kind = linear[0].weight.dtype
    return mlp.network(
        outputs=lambda X: _outputs(model, X, kind),
        unit=UNITS[kind.name],
        rounded=lambda X: np.asarray(X.astype(kind), dtype=np.float64),
        framework="JAX",
    )


def _linear_layers(model: Any) -> list[Any]:
    nn = sys.modules["equinox.nn"]
    if type(model) is nn.Linear:
        return [model]
    return [linear for layer in getattr(model, "layers", ()) for linear in _linear_layers(layer)]


def _layers(model: Any, name: str) -> Iterator[Layer]:
    nn = sys.modules["equinox.nn"]
    if type(model) is nn.Linear:
        if model.in_features == "scalar" or model.out_features == "scalar":
            raise InputError(f"{name} must take and give vectors, got a Linear of scalars: use in_features=1 and out_features=1")
        bias = None if model.bias is None else exact_array(model.bias, f"the bias of {name}")
        yield Affine(name, exact_array(model.weight, f"the weight of {name}").T, bias)
    elif type(model) is nn.MLP:
        for l, layer in enumerate(model.layers, start=1):
            yield from _layers(layer, f"layer {l}")
            yield _function(
                model.activation if l < len(model.layers) else model.final_activation, f"layer {l}", final=l == len(model.layers)
            )
    elif type(model) is nn.Sequential:
        for l, layer in enumerate(model.layers, start=1):
            yield from _layers(layer, f"layer {l}")
    elif type(model) is nn.Lambda:
        yield _function(model.fn, name, final=False)
    elif type(model) is not nn.Identity:
        raise InputError(
            f"an Equinox model must be made of Linear layers and activations, got {shown(model)} as {name}: give its weights with check_architecture"
        )


def _function(function: Any, name: str, final: bool) -> Elementwise:
    for home, names in _ACTIVATIONS.items():
        library = sys.modules.get(home)
        for key, ours in names.items():
            if library is not None and function is getattr(library, key, None):
                return Elementwise(f"the function of {name}", ours)
    if final and getattr(function, "__name__", "") == "<lambda>" and getattr(function, "__module__", "") == "equinox.nn._mlp":
        return Elementwise(f"the function of {name}", "identity")
    raise InputError(
        f"the activation of {name} must be a function of jax.nn or jax.numpy that lossproof has, got {getattr(function, '__name__', shown(function))}: "
        "give the weights to check_model as a list of pairs, with activation="
    )


def _outputs(model: Any, X: Floats, kind: Any) -> Floats:
    jax = sys.modules["jax"]
    return np.asarray(jax.vmap(model)(jax.numpy.asarray(X.astype(kind))), dtype=np.float64)
