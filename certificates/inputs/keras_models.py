"""Reading an MLP of Keras 3: ``Sequential`` or functional, on any backend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from lossproof.certificates.inputs.array_files import brief_reason
from lossproof.certificates.inputs.keras_layers import Applied, array_of, check_layer, layers_of, refused
from lossproof.certificates.inputs.keras_training import compiled_loss, foreign_loss, penalty_of, sparse_targets
from lossproof.certificates.inputs.layered_mlp import mlp_of
from lossproof.certificates.inputs.layers import Layer
from lossproof.certificates.inputs.trained_network import UNITS, Floats, TrainedNetwork
from lossproof.theory.exceptions import InputError


def is_keras(model: Any) -> bool:
    """Tell whether `read_keras` knows the type of a model; nothing is imported for that."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, getattr(keras, "Model", ()))


def read_keras(model: Any) -> TrainedNetwork:
    """Read a built ``Sequential`` or functional model of ``Dense`` and activation layers, in inference, with weights of 16 to 64 bits.

    Layers, activations and operations of ``keras.ops`` are known by their exact types and identity. ``Normalization``, ``Rescaling`` and arithmetic with
    constants in front of the first layer are a map of the samples (`scaled_samples`); elsewhere they and ``BatchNormalization`` are folded, with roots rounded
    to doubles (`mlp_of`). Dropout, noise, ``Flatten`` and ``Reshape`` to rows change nothing. The loss is read from ``compile``, and ``l2`` regularizers are
    the weight decay of the problem. Layers with ``trainable=False`` are frozen (`mlp_of`). Raises `InputError`, naming the layer, for other layers, subclasses,
    branches, shared, constrained or quantised layers, and a compute type that differs from that of the weights.
    """
    keras = sys.modules["keras"]
    dense: list[Any] = []
    layers: list[Layer] = []
    for layer in _in_order(model, keras):
        if not isinstance(layer, Applied):
            check_layer(layer)
        if type(layer).__name__ == "Dense":
            if any(layer is other for other in dense):
                raise InputError(f"the layers of a Keras model must not share weights, got {layer.name!r} twice: untie them")
            dense.append(layer)
        layers += layers_of(layer, keras)
    mlp = mlp_of(layers, "a Keras model")
    held = [array_of(layer.kernel).dtype for layer in dense]
    kinds = sorted({kind.name for kind in held})
    if len(kinds) > 1 or kinds[0] not in UNITS:
        raise InputError(f"the weights of a Keras model must be floats of one type, of 16 to 64 bits, got {', '.join(kinds)}: convert it")
    kind = held[0]
    return mlp.network(
        outputs=lambda X: _outputs(model, X, kind, keras),
        unit=UNITS[kinds[0]],
        rounded=lambda X: X.astype(kind).astype(np.float64),
        framework="keras",
        trained_on=compiled_loss(model, mlp.last),
        foreign_loss=foreign_loss(model, mlp.last),
        targets=lambda Y: sparse_targets(model, Y, mlp.widths[-1]),
        penalty=lambda T: penalty_of(model, dense, mlp),
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
            f"a Keras model must be Sequential or functional, got a {type(model).__name__}, which may compute anything: call its layers on a "
            "keras.Input, and give keras.Model(inputs, outputs), which has the same weights"
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
            raise refused(operation)
        is_layer = isinstance(operation, sys.modules["keras"].layers.Layer)
        found.append(operation if is_layer else Applied(operation, operation._inbound_nodes[node].arguments.args))
        tensor = sources[0]
    return found[::-1]


def _outputs(model: Any, X: Floats, kind: Any, keras: Any) -> Floats:
    sizes = tuple(model.input_shape[1:])
    rows = X.reshape(len(X), *sizes) if None not in sizes and prod(sizes) == X.shape[1] else X
    try:
        found = keras.ops.convert_to_numpy(model(rows.astype(kind), training=False))
    except (ValueError, TypeError, RuntimeError, AttributeError) as error:
        reason = brief_reason(error)
        raise InputError(f"the model must run on the samples, got: {reason}: give its weights to check_architecture instead") from error
    return np.asarray(found).astype(np.float64)
