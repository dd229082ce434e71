"""The layers and operations of a Keras model, as the layers of an MLP."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np

from lossproof.certificates.inputs.conjugates import celu, clipped, hard_sigmoid, log_sigmoid
from lossproof.certificates.inputs.layer_advice import PART, advice_on_layer
from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer, Scaling, exact_vector
from lossproof.certificates.inputs.parameters import exact_array
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
_CONJUGATE: Mapping[str, Callable[[str], list[Layer]]] = {
    "relu6": lambda name: clipped(name, Fraction(0), Fraction(6)),
    "hard_sigmoid": hard_sigmoid,
    "celu": celu,
    "log_sigmoid": log_sigmoid,
}
"""Functions of ``keras.activations`` that are one of lossproof's between constants."""
_PLAIN: Mapping[str, Mapping[str, Any]] = {
    "ReLU": {"max_value": None, "negative_slope": 0, "threshold": 0},
    "ELU": {"alpha": 1},
    "Softmax": {"axis": -1},
}
_WITHOUT_EFFECT = ("InputLayer", "Dropout", "GaussianNoise", "GaussianDropout", "Flatten", "Reshape")
KNOWN = ("Dense", "Activation", "LeakyReLU", "BatchNormalization", "Normalization", "Rescaling", *_PLAIN, *_WITHOUT_EFFECT)
"""The types of layers that are read."""
_OPERATIONS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "Tanh": ("numpy", "tanh", {}),
    "Sin": ("numpy", "sin", {}),
    "Arctan": ("numpy", "arctan", {}),
    "Square": ("numpy", "power:2", {}),
    "Erf": ("math", "erf", {}),
    "Sigmoid": ("nn", "sigmoid", {}),
    "Relu": ("nn", "relu", {}),
    "Softplus": ("nn", "softplus", {}),
    "Softsign": ("nn", "softsign", {}),
    "Silu": ("nn", "silu", {}),
    "Elu": ("nn", "elu", {"alpha": 1}),
    "Gelu": ("nn", "gelu", {"approximate": False}),
    "HardTanh": ("nn", "hard-tanh", {}),
    "Softmax": ("nn", "softmax", {"axis": -1}),
    "LogSoftmax": ("nn", "log-softmax", {"axis": -1}),
    "Relu6": ("nn", "relu6", {}),
    "HardSigmoid": ("nn", "hard_sigmoid", {}),
    "Celu": ("nn", "celu", {}),
    "LogSigmoid": ("nn", "log_sigmoid", {}),
}
"""Operations of ``keras.ops`` by name: the module, our name, and the settings with which they are that."""
_CONSTANTS = ("Add", "Subtract", "Multiply", "Divide", "TrueDivide")


@dataclass(frozen=True)
class Applied:
    """An operation of a functional model that is no layer, with what it was applied to: a tensor, and constants beside it."""

    operation: Any
    given: Sequence[Any]


def check_layer(layer: Any) -> None:
    """Raise `InputError` unless a layer is of a type of Keras itself, and trains and computes as that type does."""
    kind = type(layer).__name__
    if kind not in KNOWN or type(layer) is not getattr(sys.modules["keras"].layers, kind) or "call" in vars(layer):
        raise refused(layer)
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


def layers_of(layer: Any, keras: Any) -> Iterator[Layer]:
    """Yield what a layer of Keras, or an operation that was applied, does, none where it changes nothing. Raises `InputError`, naming it."""
    if isinstance(layer, Applied):
        yield from _operation(layer)
        return
    kind, name = type(layer).__name__, repr(layer.name)
    if kind == "Dense":
        W, b = exact_array(array_of(layer.kernel), name), None if layer.bias is None else exact_array(array_of(layer.bias), name)
        yield Affine(
            name, W, b, frozen=not _is_trained(layer, layer.kernel), frozen_bias=b is not None and not _is_trained(layer, layer.bias)
        )
        yield from _function(layer.activation, name, keras)
    elif kind in ("Activation", "LeakyReLU", *_PLAIN):
        yield from _function(layer.activation if kind == "Activation" else layer, name, keras)
    elif kind == "BatchNormalization":
        n = int(layer.moving_mean.shape[0])
        gain, beta = (_vector(part, name) if part is not None else [Fraction(k)] * n for part, k in ((layer.gamma, 1), (layer.beta, 0)))
        mean, variance = _vector(layer.moving_mean, name), _vector(layer.moving_variance, name)
        free = _is_trained(layer, layer.beta)
        trained = free or _is_trained(layer, layer.gamma)
        yield Scaling.of_normalisation(name, gain, beta, mean, variance, Fraction(layer.epsilon), free=free, trained=trained)
    elif kind == "Normalization":
        yield _normalisation(layer, name, keras)
    elif kind == "Rescaling":
        yield _affine(name, *(_constant(value, layer.compute_dtype, name) for value in (layer.scale, layer.offset)))
    elif kind == "Reshape" and len(layer.target_shape) != 1:
        raise InputError(f"a Reshape of a Keras model must give one row a sample, got {name} to {layer.target_shape}: give an MLP")


def _is_trained(layer: Any, variable: Any) -> bool:
    return any(variable is other for other in layer.trainable_variables)


def _affine(name: str, scale: Sequence[Fraction], shift: Sequence[Fraction]) -> Scaling:
    n = max(len(scale), len(shift))
    return Scaling.of_constants(name, *(part if len(part) == n else list(part) * n for part in (scale, shift)))


def _normalisation(layer: Any, name: str, keras: Any) -> Scaling:
    """``(φ − m)/max(√v, ε)`` with the ``ε`` of the backend, the divisor rounded to a double, or the inverse of that."""
    mean, variance = _vector(layer.mean, name), _vector(layer.variance, name)
    divisors = [Fraction(max(sqrt(v), keras.config.epsilon())) for v in variance]
    shift = mean if layer.invert else [-m / d for m, d in zip(mean, divisors, strict=True)]
    scaling = _affine(name, divisors if layer.invert else [1 / d for d in divisors], shift)
    return replace(scaling, rounded=any(d * d != v for d, v in zip(divisors, variance, strict=True)))


def _function(function: Any, name: str, keras: Any) -> list[Layer]:
    """Return the layers that a function of ``keras.activations`` is, or a layer that is nothing but one."""
    kind = type(function).__name__
    if type(function) is getattr(keras.layers, kind, None) and "call" not in vars(function):
        return _layer_function(function, kind, name)
    for key, ours in _ACTIVATIONS.items():
        if function is getattr(keras.activations, key, None):
            return [Elementwise(name, ours)]
    for key, layers in _CONJUGATE.items():
        if function is getattr(keras.activations, key, None):
            return layers(name)
    raise _no_activation(name, getattr(function, "__name__", kind))


def _layer_function(layer: Any, kind: str, name: str) -> list[Layer]:
    if kind == "LeakyReLU":
        return [Elementwise(name, f"leaky-relu:{exact_number(layer.negative_slope, 'the slope of LeakyReLU')}")]
    if kind == "ReLU" and layer.max_value is not None and (layer.negative_slope, layer.threshold) == (0, 0):
        return clipped(name, Fraction(0), *exact_vector([layer.max_value], f"max_value of {name}"))
    if kind not in _PLAIN:
        raise _no_activation(name, kind)
    for setting, expected in _PLAIN[kind].items():
        if getattr(layer, setting) != expected:
            raise InputError(
                f"{kind} must have {setting}={expected}, got {getattr(layer, setting)} in {name}: otherwise it is a function that lossproof does not have"
            )
    return [Elementwise(name, kind.lower())]


def _no_activation(name: str, got: str) -> InputError:
    return InputError(
        f"the activation of {name} must be one of keras.activations that lossproof has, got {got}: use one of {', '.join((*_ACTIVATIONS, *_CONJUGATE))}"
    )


def _operation(applied: Applied) -> list[Layer]:
    """Return what an operation of ``keras.ops`` does: an activation, or arithmetic with a constant."""
    operation = applied.operation
    kind, name = type(operation).__name__, repr(operation.name)
    module, ours, settings = _OPERATIONS.get(kind, ("nn" if kind == "LeakyRelu" else "numpy", "", {}))
    if type(operation) is not getattr(sys.modules.get(f"keras.src.ops.{module}"), kind, None):
        raise refused(operation)
    if kind == "LeakyRelu":
        return [Elementwise(name, f"leaky-relu:{exact_number(operation.negative_slope, 'the slope of leaky_relu')}")]
    if kind == "Celu":
        return celu(name, *exact_vector([operation.alpha], f"alpha of {name}"))
    if ours in _CONJUGATE:
        return _CONJUGATE[ours](name)
    if ours and all(getattr(operation, setting, None) == value for setting, value in settings.items()):
        return [Elementwise(name, ours)]
    if kind not in _CONSTANTS or len(applied.given) != 2:
        raise refused(operation)
    place = next((k for k, value in enumerate(applied.given) if not hasattr(value, "_keras_history")), None)
    if place is None or (place == 0 and kind not in ("Add", "Multiply")):
        raise refused(operation)
    value, beside = applied.given[place], applied.given[1 - place]
    kind_of = value.dtype if hasattr(value, "dtype") else beside.dtype
    constant, one, zero = _constant(value, kind_of, name), [Fraction(1)], [Fraction(0)]
    if kind in ("Divide", "TrueDivide"):
        if 0 in constant:
            raise refused(operation)
        constant = [1 / c for c in constant]
    if kind == "Subtract":
        constant = [-c for c in constant]
    return [_affine(name, one, constant) if kind in ("Add", "Subtract") else _affine(name, constant, zero)]


def _constant(value: Any, kind: Any, name: str) -> list[Fraction]:
    """Return a constant of one number, or one for each unit, as computations of a type take it. Raises `InputError` for other shapes."""
    held = array_of(sys.modules["keras"].ops.convert_to_tensor(value, kind)).astype(np.float64)
    if held.ndim and held.shape != (1,) * (held.ndim - 1) + held.shape[-1:]:
        raise InputError(
            f"a constant of a Keras model must be a number, or one for each unit, got shape {held.shape} in {name}: an MLP has no others"
        )
    return exact_vector(held.ravel().tolist(), name)


def refused(layer: Any) -> InputError:
    """Return the refusal of a layer or operation."""
    kind = type(layer).__name__
    return InputError(
        f"a Keras model must be a chain of Dense layers and activations, got a {kind} named {str(layer.name)[:80]!r}: "
        f"{advice_on_layer(kind) or PART}"
    )


def array_of(variable: Any) -> Any:
    """Return a variable of Keras, or an array of its backend, as one of numpy."""
    return np.asarray(sys.modules["keras"].ops.convert_to_numpy(getattr(variable, "value", variable)))


def _vector(variable: Any, name: str) -> list[Fraction]:
    return exact_vector(exact_array(array_of(variable).ravel(), name), name)
