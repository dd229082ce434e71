"""Reading an MLP of Keras 3: ``Sequential`` or functional, on any backend."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np

from lossproof.certificates.inputs.keras_training import compiled_loss, foreign_loss, penalty_of, sparse_targets
from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer, Scaling, exact_vector, mlp_of
from lossproof.certificates.inputs.parameters import exact_array
from lossproof.certificates.inputs.trained_network import UNITS, Floats, TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.numbers import exact_number

_ACTIVATIONS = {
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "softsign": "softsign",
    "softplus": "softplus",
    "relu": "relu",
    "elu": "elu",
    "gelu": "gelu",
    "silu": "silu",
    "mish": "mish",
    "linear": "identity",
    "softmax": "softmax",
    "log_softmax": "log-softmax",
    "hard_tanh": "hard-tanh",
    "leaky_relu": f"leaky-relu:{Fraction(0.2)}",
}
_PLAIN: Mapping[str, Mapping[str, Any]] = {
    "ReLU": {"max_value": None, "negative_slope": 0, "threshold": 0},
    "ELU": {"alpha": 1},
    "Softmax": {"axis": -1},
}
_WITHOUT_EFFECT = ("InputLayer", "Dropout", "GaussianNoise", "GaussianDropout", "Flatten")
KNOWN = ("Dense", "Activation", "LeakyReLU", "BatchNormalization", "Normalization", *_PLAIN, *_WITHOUT_EFFECT)
"""The types of layers that are read."""
_ADVICE = {
    "LayerNormalization": "each of its outputs depends on all units, so it is no layer of an MLP; BatchNormalization is one",
    "Add": "an MLP has no skip connections",
    "Conv2D": "write it as a Dense layer, or check an MLP",
}


def is_keras(model: Any) -> bool:
    """Tell whether `read_keras` knows the type of a model; nothing is imported for that."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, getattr(keras, "Model", ()))


def read_keras(model: Any) -> TrainedNetwork:
    """Read a built ``Sequential`` or functional model of ``Dense`` and activation layers, in inference, with weights of 16 to 64 bits.

    Layers and activations are known by their exact types and identity. ``BatchNormalization`` and ``Normalization`` are folded exactly, their roots
    rounded to doubles; dropout, noise and ``Flatten`` change nothing. The loss is read from ``compile``, and ``l2`` regularizers are the weight decay of
    the problem. Layers with ``trainable=False`` are frozen (`mlp_of`). Raises `InputError`, naming the layer, for other layers, subclasses, branches, shared,
    constrained or quantised layers, and a compute type that differs from that of the weights.
    """
    keras = sys.modules["keras"]
    dense: list[Any] = []
    layers: list[Layer] = []
    for layer in _in_order(model, keras):
        _check_layer(layer)
        if type(layer).__name__ == "Dense":
            if any(layer is other for other in dense):
                raise InputError(f"the layers of a Keras model must not share weights, got {layer.name!r} twice: untie them")
            dense.append(layer)
        layers += _layers(layer, keras)
    mlp = mlp_of(layers, "a Keras model")
    kinds = sorted({keras.backend.standardize_dtype(layer.kernel.dtype) for layer in dense})
    if len(kinds) > 1 or kinds[0] not in UNITS:
        raise InputError(f"the weights of a Keras model must be floats of one type, of 16 to 64 bits, got {', '.join(kinds)}: convert it")
    kind = _array(dense[0].kernel).dtype
    return mlp.network(
        outputs=lambda X: _outputs(model, X, kind, keras),
        unit=UNITS[kinds[0]],
        rounded=lambda X: X.astype(kind).astype(np.float64),
        framework="keras",
        trained_on=compiled_loss(model, mlp.last),
        foreign_loss=foreign_loss(model, mlp.last),
        targets=lambda Y: sparse_targets(model, Y, mlp.widths[-1]),
        penalty=lambda T: penalty_of(model, dense, mlp.last, mlp.widths[-1]),
    )


def _in_order(model: Any, keras: Any) -> Iterator[Any]:
    """Yield the layers of a model from its input to its output; models in it are opened."""
    if not model.built:
        raise InputError(f"a Keras model must be built, got {model.name!r} without weights: give it an Input, or call it once")
    if type(model) is keras.Sequential:
        chain = list(model.layers)
    elif type(model) is keras.Model or type(model).__module__ == "keras.src.models.functional":
        chain = _chain(model)
    else:
        raise InputError(
            f"a Keras model must be Sequential or functional, got a {type(model).__name__}, which may compute anything: rewrite it"
        )
    for layer in chain:
        if isinstance(layer, keras.Model):
            yield from _in_order(layer, keras)
        else:
            yield layer


def _chain(model: Any) -> list[Any]:
    """Return the operations of a functional model by going back from its only output to its only input."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise InputError(
            f"a Keras model must have one input and one output, got {len(model.inputs)} and {len(model.outputs)}: give the MLP in it"
        )
    found: list[Any] = []
    tensor = model.outputs[0]
    while tensor is not model.inputs[0]:
        operation, node, _ = tensor._keras_history
        sources = operation._inbound_nodes[node].input_tensors
        if len(sources) != 1:
            raise _refused(operation)
        found.append(operation)
        tensor = sources[0]
    return found[::-1]


def _check_layer(layer: Any) -> None:
    """Raise `InputError` unless a layer is of a type of Keras itself, and trains and computes as that type does."""
    kind = type(layer).__name__
    if kind not in KNOWN or type(layer) is not getattr(sys.modules["keras"].layers, kind) or "call" in vars(layer):
        raise _refused(layer)
    if kind == "Dense":
        constrained = layer.kernel_constraint is not None or layer.bias_constraint is not None
        if constrained or getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False):
            raise InputError(
                f"{layer.name!r} of a Keras model must be a plain Dense layer, got one that is constrained, quantised or adapted by LoRA"
            )
    if kind in ("Dense", "BatchNormalization") and layer.compute_dtype != layer.variable_dtype:
        raise InputError(
            f"a Keras model must compute in the type of its weights, got {layer.name!r} with {layer.variable_dtype} in {layer.compute_dtype}: "
            "give the weights to check_architecture, or convert it"
        )


def _layers(layer: Any, keras: Any) -> Iterator[Layer]:
    kind, name = type(layer).__name__, repr(layer.name)
    if kind == "Dense":
        W, b = exact_array(_array(layer.kernel), name), None if layer.bias is None else exact_array(_array(layer.bias), name)
        yield Affine(
            name, W, b, frozen=not _is_trained(layer, layer.kernel), frozen_bias=b is not None and not _is_trained(layer, layer.bias)
        )
        yield _function(layer.activation, name, keras)
    elif kind == "Activation":
        yield _function(layer.activation, name, keras)
    elif kind == "LeakyReLU":
        yield Elementwise(name, f"leaky-relu:{exact_number(layer.negative_slope, 'the slope of LeakyReLU')}")
    elif kind in _PLAIN:
        for setting, expected in _PLAIN[kind].items():
            if getattr(layer, setting) != expected:
                raise InputError(
                    f"{kind} is supported with {setting}={expected} only, got {getattr(layer, setting)} in {name}: use the default"
                )
        yield Elementwise(name, kind.lower())
    elif kind == "BatchNormalization":
        n = int(layer.moving_mean.shape[0])
        gain, beta = (_vector(part, name) if part is not None else [Fraction(k)] * n for part, k in ((layer.gamma, 1), (layer.beta, 0)))
        mean, variance = _vector(layer.moving_mean, name), _vector(layer.moving_variance, name)
        free = _is_trained(layer, layer.beta)
        trained = free or _is_trained(layer, layer.gamma)
        yield Scaling.of_normalisation(name, gain, beta, mean, variance, Fraction(layer.epsilon), free=free, trained=trained)
    elif kind == "Normalization":
        yield _normalisation(layer, name, keras)


def _is_trained(layer: Any, variable: Any) -> bool:
    return any(variable is other for other in layer.trainable_variables)


def _normalisation(layer: Any, name: str, keras: Any) -> Scaling:
    """``(φ − m)/max(√v, ε)`` with the ``ε`` of the backend, the divisor rounded to a double."""
    if layer.invert:
        raise _refused(layer)
    mean, variance = _vector(layer.mean, name), _vector(layer.variance, name)
    scale = [1 / Fraction(max(sqrt(v), keras.config.epsilon())) for v in variance]
    shift = [-m * s for m, s in zip(mean, scale, strict=True)]
    return Scaling(name, scale, shift, [abs(t) for t in shift], free=False, trained=False)


def _function(function: Any, name: str, keras: Any) -> Elementwise:
    for key, ours in _ACTIVATIONS.items():
        if function is getattr(keras.activations, key, None):
            return Elementwise(name, ours)
    raise InputError(
        f"the activation of {name} must be one of keras.activations that lossproof has, got {getattr(function, '__name__', 'another')}: "
        "use one of its activations"
    )


def _refused(layer: Any) -> InputError:
    kind = type(layer).__name__
    return InputError(
        f"a Keras model must be a chain of Dense layers and activations, got a {kind} named {str(layer.name)[:80]!r}: "
        f"{_ADVICE.get(kind, 'rewrite it as an MLP')}"
    )


def _array(variable: Any) -> Any:
    return np.asarray(sys.modules["keras"].ops.convert_to_numpy(getattr(variable, "value", variable)))


def _vector(variable: Any, name: str) -> list[Fraction]:
    return exact_vector(exact_array(_array(variable).ravel(), name), name)


def _outputs(model: Any, X: Floats, kind: Any, keras: Any) -> Floats:
    try:
        found = keras.ops.convert_to_numpy(model(X.astype(kind), training=False))
    except (ValueError, TypeError, RuntimeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"the model must run on the samples, got: {reason}: give its weights to check_architecture instead") from error
    return np.asarray(found).astype(np.float64)
