"""Activations of torch, as modules and as functions, with their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.certificates.inputs.conjugates import celu, clipped, hard_sigmoid, log_sigmoid, softplus
from lossproof.certificates.inputs.layers import Elementwise, Layer
from lossproof.certificates.inputs.trained_network import UNITS
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.numbers import exact_number
from lossproof.theory.shown import shown

_PLAIN = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softsign": "softsign",
    "ReLU": "relu",
    "ELU": "elu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Mish": "mish",
    "Softmax": "softmax",
    "LogSoftmax": "log-softmax",
}


def _number(module: Any, name: str) -> Fraction:
    value = getattr(module, name)
    number = exact_number(value, f"{name} of {type(module).__name__}")
    if not isinstance(number, Fraction):
        raise InputError(f"{name} of {type(module).__name__} must be a rational number, got {shown(value)}: build it anew")
    return number


_CONJUGATE: Mapping[str, Callable[[str, Any], list[Layer]]] = {
    "Softplus": lambda name, module: softplus(name, _number(module, "beta")),
    "CELU": lambda name, module: celu(name, _number(module, "alpha")),
    "Hardtanh": lambda name, module: clipped(name, _number(module, "min_val"), _number(module, "max_val")),
    "ReLU6": lambda name, module: clipped(name, Fraction(0), Fraction(6)),
    "Hardsigmoid": lambda name, module: hard_sigmoid(name),
    "LogSigmoid": lambda name, module: log_sigmoid(name),
}
"""Functions that are one of lossproof's between constants."""

ACTIVATIONS = (*_PLAIN, *_CONJUGATE, "LeakyReLU")
"""The modules that `layers_of_activation` knows."""

_FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "relu": ("ReLU", ("inplace",)),
    "relu_": ("ReLU", ()),
    "relu6": ("ReLU6", ("inplace",)),
    "tanh": ("Tanh", ()),
    "sigmoid": ("Sigmoid", ()),
    "hardsigmoid": ("Hardsigmoid", ("inplace",)),
    "logsigmoid": ("LogSigmoid", ()),
    "log_sigmoid": ("LogSigmoid", ()),
    "softsign": ("Softsign", ()),
    "softplus": ("Softplus", ("beta", "threshold")),
    "elu": ("ELU", ("alpha", "inplace")),
    "celu": ("CELU", ("alpha", "inplace")),
    "gelu": ("GELU", ("approximate",)),
    "silu": ("SiLU", ("inplace",)),
    "mish": ("Mish", ("inplace",)),
    "hardtanh": ("Hardtanh", ("min_val", "max_val", "inplace")),
    "leaky_relu": ("LeakyReLU", ("negative_slope", "inplace")),
    "softmax": ("Softmax", ("dim",)),
    "log_softmax": ("LogSoftmax", ("dim",)),
    "dropout": ("Dropout", ("p", "training", "inplace")),
    "flatten": ("Flatten", ("start_dim", "end_dim")),
}
_CLAMPS: dict[str, tuple[str, ...]] = {"clamp": ("min", "max"), "clip": ("min", "max"), "clamp_": ("min", "max"), "clamp_min": ("min",)}
_DEFAULTS: dict[str, dict[str, Any]] = {"flatten": {"start_dim": 0}, "dropout": {"training": True}}
PLAIN_FUNCTIONS = {"sin": "sin", "erf": "erf", "atan": "arctan", "arctan": "arctan", "square": "power:2", "expit": "sigmoid"}
"""Functions that no module of torch is."""


def layers_of_activation(name: str, module: Any, precision: str) -> list[Layer]:
    """Return the layers that a module of `ACTIVATIONS` is: an activation, between scalings by constants where it is such a function of one.

    Raises `InputError` for settings that make another function, and for a ``threshold`` of ``Softplus`` that the precision can tell.
    """
    kind = type(module).__name__
    if kind == "ELU" and module.alpha != 1:
        raise InputError(
            f"ELU must have alpha=1, got {shown(module.alpha)}: it is another function, which bends at 0; CELU, which does not, is read with any alpha"
        )
    if kind == "GELU" and module.approximate != "none":
        raise InputError(
            f"GELU must be z·Φ(z), with approximate='none', got {shown(module.approximate)}: its outputs differ from these by up to 5e-4, so train with "
            "approximate='none', or give the weights to check_architecture with activation='gelu', for claims about that other network"
        )
    if kind == "LeakyReLU":
        return [Elementwise(name, f"leaky-relu:{exact_number(module.negative_slope, 'the negative_slope of LeakyReLU')}")]
    if kind not in _CONJUGATE:
        return [Elementwise(name, _PLAIN[kind])]
    if kind == "Softplus":
        _check_threshold(module.threshold, precision)
    return _CONJUGATE[kind](name, module)


def is_function_of_module(name: str) -> bool:
    """Tell whether `module_of_function` knows a function, with the arguments that modules have."""
    return name in _FUNCTIONS or name in _CLAMPS


def module_of_function(node: Any, name: str, torch: Any) -> Any:
    """Return the module of torch that does what a function does with these arguments; None for functions and arguments that none has, or that torch refuses."""
    if name in _CLAMPS:
        return _clamp(dict(zip(_CLAMPS[name], node.args[1:], strict=False)) | node.kwargs, torch)
    if name not in _FUNCTIONS:
        return None
    kind, order = _FUNCTIONS[name]
    given = {**_DEFAULTS.get(name, {}), **dict(zip(order, node.args[1:], strict=False)), **node.kwargs}
    given = {key: value for key, value in given.items() if key != "_stacklevel" and not (key == "dtype" and value is None)}
    training = given.pop("training", False)
    if not set(given) <= set(order) or len(node.args) > len(order) + 1:
        return None
    try:
        return getattr(torch.nn, kind)(**given).train(bool(training))
    except (AssertionError, TypeError, ValueError):
        return None


def _clamp(given: Mapping[str, Any], torch: Any) -> Any:
    least, most = given.get("min"), given.get("max")
    numbers = all(type(bound) in (int, float) for bound in (least, most) if bound is not None)
    if not numbers or not set(given) <= {"min", "max"} or least is None or (least != 0 if most is None else not least < most):
        return None
    return torch.nn.ReLU() if most is None else torch.nn.Hardtanh(least, most)


def _check_threshold(threshold: float, precision: str) -> None:
    """Beyond its threshold torch puts ``z`` in place of ``log(1 + e^z)``: nothing else than rounding only where ``e^-z < u z`` from there on."""
    unit = UNITS[precision]
    if not (threshold > 0 and np.exp(-threshold) < unit * threshold):
        raise InputError(
            f"Softplus must not cut off where {precision} can tell, got threshold={threshold:g}: use threshold=40, "
            "or give the weights to check_architecture with activation='softplus'"
        )
