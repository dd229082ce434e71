"""Activations of torch, as modules and as functions, with their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.certificates.inputs.layers import Elementwise, Layer, Scaling
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

_Affine = tuple[Fraction, Fraction]


def _softplus(module: Any) -> tuple[_Affine, str, _Affine]:
    beta = _setting(module, "beta")
    return (beta, Fraction(0)), "softplus", (1 / beta, Fraction(0))


def _celu(module: Any) -> tuple[_Affine, str, _Affine]:
    alpha = _setting(module, "alpha")
    return (1 / alpha, Fraction(0)), "elu", (alpha, Fraction(0))


def _between(module: Any) -> tuple[_Affine, str, _Affine]:
    least, most = exact_number(module.min_val, "min_val of Hardtanh"), exact_number(module.max_val, "max_val of Hardtanh")
    if not (isinstance(least, Fraction) and isinstance(most, Fraction) and least < most):
        raise InputError(
            f"Hardtanh must have min_val below max_val, got {shown(module.min_val)} and {shown(module.max_val)}: build it anew"
        )
    middle, half = (least + most) / 2, (most - least) / 2
    return (1 / half, -middle / half), "hard-tanh", (half, middle)


def _hard_sigmoid(_: Any) -> tuple[_Affine, str, _Affine]:
    return (Fraction(1, 3), Fraction(0)), "hard-tanh", (Fraction(1, 2), Fraction(1, 2))


def _log_sigmoid(_: Any) -> tuple[_Affine, str, _Affine]:
    return (Fraction(-1), Fraction(0)), "softplus", (Fraction(-1), Fraction(0))


_CONJUGATE: Mapping[str, Callable[[Any], tuple[_Affine, str, _Affine]]] = {
    "Softplus": _softplus,
    "CELU": _celu,
    "Hardtanh": _between,
    "ReLU6": _between,
    "Hardsigmoid": _hard_sigmoid,
    "LogSigmoid": _log_sigmoid,
}
r"""Functions ``q + p·σ(s·z + t)`` of an activation σ: ``(s, t)``, its name, and ``(p, q)``.

``Softplus`` is ``softplus(βz)/β``, ``CELU`` is ``α·elu(z/α)``, ``Hardtanh`` from ``a`` to ``b`` is ``m + h·hardtanh((z − m)/h)`` with ``m = (a+b)/2`` and
``h = (b−a)/2``, ``ReLU6`` that from 0 to 6, ``Hardsigmoid`` is ``½ + ½ hardtanh(z/3)``, and ``LogSigmoid`` is ``−softplus(−z)``.
"""

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
    """Return the layers that a module of `ACTIVATIONS` is: an activation, between constant scalings where it is such a function of one (`_CONJUGATE`).

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
    before, activation, after = _CONJUGATE[kind](module)
    around = [] if before == after == (Fraction(1), Fraction(0)) else [before, after]
    scalings = [Scaling.of_constants(f"the constants of {name}", [s], [t]) for s, t in around]
    return [*scalings[:1], Elementwise(name, activation), *scalings[1:]]


def is_function_of_module(name: str) -> bool:
    """Tell whether `module_of_function` knows a function, with the arguments that modules have."""
    return name in _FUNCTIONS or name in _CLAMPS


def module_of_function(node: Any, name: str, torch: Any) -> Any:
    """Return the module of torch that does what a function does with these arguments; None for functions and arguments that none has."""
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
    return getattr(torch.nn, kind)(**given).train(bool(training))


def _clamp(given: Mapping[str, Any], torch: Any) -> Any:
    least, most = given.get("min"), given.get("max")
    numbers = all(type(bound) in (int, float) for bound in (least, most) if bound is not None)
    if not numbers or not set(given) <= {"min", "max"} or least is None or (most is None and least != 0):
        return None
    return torch.nn.ReLU() if most is None else torch.nn.Hardtanh(least, most)


def _setting(module: Any, name: str) -> Fraction:
    value = exact_number(getattr(module, name), f"{name} of {type(module).__name__}")
    if not isinstance(value, Fraction) or value <= 0:
        raise InputError(f"{type(module).__name__} must have {name} above 0, got {shown(getattr(module, name))}: build it anew")
    return value


def _check_threshold(threshold: float, precision: str) -> None:
    """Beyond its threshold torch puts ``z`` in place of ``log(1 + e^z)``: nothing else than rounding only where ``e^-z < u z`` from there on."""
    unit = UNITS[precision]
    if not (threshold > 0 and np.exp(-threshold) < unit * threshold):
        raise InputError(
            f"Softplus must not cut off where {precision} can tell, got threshold={threshold:g}: use threshold=40, "
            "or give the weights to check_architecture with activation='softplus'"
        )
