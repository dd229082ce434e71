"""Reading a torch ``Sequential`` of ``Linear`` and activation modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from lossproof.certificates.inputs.trained_network import Floats, TrainedNetwork
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.numbers import exact_number
from lossproof.theory.shown import shown

_ACTIVATIONS = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softsign": "softsign",
    "Softplus": "softplus",
    "ReLU": "relu",
    "ELU": "elu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Mish": "mish",
    "Hardtanh": "hard-tanh",
    "LeakyReLU": "leaky-relu",
}
_WITHOUT_EFFECT = ("Identity", "Dropout", "Flatten")
_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "Softplus": {"beta": 1},
    "ELU": {"alpha": 1},
    "GELU": {"approximate": "none"},
    "Hardtanh": {"min_val": -1, "max_val": 1},
}
_UNITS = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}
_HOOKS = {
    "_forward_hooks": "a forward hook",
    "_forward_pre_hooks": "a forward pre-hook",
    "_backward_hooks": "a backward hook",
    "_backward_pre_hooks": "a backward pre-hook",
    "_post_accumulate_grad_hooks": "a gradient hook",
    "forward": "a forward method of its own",
}


def read_torch(model: Any, torch: Any) -> TrainedNetwork:
    """Read a ``Sequential`` (also nested) of ``Linear`` and activation modules, or one ``Linear``, in 16 to 64 bits.

    Modules are known by their exact types, so that a subclass, or a class of the same name, is not taken for what it is called. ``Identity``, ``Flatten()``
    and dropout in evaluation mode change nothing and are passed over. Refused by name, each in one sentence, is what would make the
    network or its trainable weights other than they look: hooks and methods put on a module, parametrizations, weights that are frozen, shared by two layers or
    overlapping in memory, dropout in training mode, other settings of an activation, hidden layers with different activations, biases in some layers only,
    lazy modules, and weights on the meta device, quantised, sparse, complex or of mixed types.

    Raises `InputError`.
    """
    linear, after = _layers(model, torch)
    hidden = set(after[:-1])
    if len(hidden) > 1:
        raise InputError(f"all hidden layers must share one activation, got {sorted(hidden)}: use the same module after each hidden Linear")
    bias = _check_parameters(linear, torch)
    return TrainedNetwork(
        widths=(int(linear[0].weight.shape[1]), *(int(module.weight.shape[0]) for module in linear)),
        activation=hidden.pop() if hidden else "identity",
        output_activation=after[-1],
        bias=bias,
        weights=[(module.weight.detach().T, None if module.bias is None else module.bias) for module in linear],
        outputs=lambda X: _outputs(model, linear[0].weight, X, torch),
        unit=_UNITS[_precision(linear[0])],
        rounded=lambda X: _doubles(_tensor(linear[0].weight, X, torch), torch),
    )


def _layers(model: Any, torch: Any) -> tuple[list[Any], list[str]]:
    """Return the ``Linear`` modules in order, and the name of the activation after each."""
    linear: list[Any] = []
    after: list[str] = []
    for module in _leaves(model, torch):
        kind = type(module).__name__
        if kind == "Linear":
            linear.append(module)
            after.append("identity")
        elif kind in _ACTIVATIONS:
            if not linear or after[-1] != "identity":
                raise InputError(f"each {kind} of a torch model must come right after a Linear, got one elsewhere: rewrite it as an MLP")
            after[-1] = _activation(module, _precision(linear[0]))
    if not linear:
        raise InputError(f"a torch model must hold at least one Linear layer, got none in {shown(model)}: give an MLP")
    return linear, after


def _leaves(model: Any, torch: Any) -> Iterator[Any]:
    """Yield the modules of nested ``Sequential`` containers in order, each checked to be what it is called and nothing more."""
    kind = type(model).__name__
    if kind not in ("Sequential", "Linear", *_WITHOUT_EFFECT, *_ACTIVATIONS) or getattr(torch.nn, kind) is not type(model):
        advice = "run the model once, which makes it a Linear" if kind == "LazyLinear" else "rewrite it as an MLP"
        raise InputError(f"a torch model must be a Sequential of Linear layers and activations, got a {_full_name(model)} in it: {advice}")
    _check_hooks(model, f"a {kind}")
    own = [name for name, value in (*model._parameters.items(), *model._buffers.items()) if value is not None]
    usual = (["weight"], ["weight", "bias"]) if kind == "Linear" else ([],)
    if own not in usual or (kind != "Sequential" and model._modules):
        raise InputError(f"a {kind} of a torch model must hold what torch gave it, got parts of its own in it: build it anew")
    if kind == "Dropout" and model.training and model.p != 0:
        raise InputError("dropout must be off, as it makes the outputs random, got a Dropout in training mode: call model.eval() first")
    if kind == "Flatten" and (model.start_dim, model.end_dim) != (1, -1):
        raise InputError(
            f"Flatten must keep one row a sample, got start_dim={model.start_dim}, end_dim={model.end_dim}: use Flatten(), or flatten the samples"
        )
    if kind == "Sequential":
        for child in model._modules.values():
            yield from _leaves(child, torch)
    else:
        yield model


def _full_name(model: Any) -> str:
    kind = type(model)
    return kind.__name__ if kind.__module__.startswith("torch.nn.modules.") else f"{kind.__module__}.{kind.__qualname__}"


def _check_hooks(holder: Any, name: str) -> None:
    for attribute, words in _HOOKS.items():
        if vars(holder).get(attribute) or (attribute != "forward" and getattr(holder, attribute, None)):
            raise InputError(f"a torch model must compute what its modules say, got {words} on {name}: remove it first")


def _activation(module: Any, precision: str) -> str:
    kind = type(module).__name__
    for name, expected in _SETTINGS.get(kind, {}).items():
        if getattr(module, name) != expected:
            raise InputError(f"{kind} is supported with {name}={expected} only, got {shown(getattr(module, name))}: use the default")
    if kind == "Softplus":
        _check_threshold(module.threshold, precision)
    if kind == "LeakyReLU":
        return f"leaky-relu:{exact_number(module.negative_slope, 'the negative_slope of LeakyReLU')}"
    return _ACTIVATIONS[kind]


def _check_threshold(threshold: float, precision: str) -> None:
    """Beyond its threshold torch puts ``z`` in place of ``log(1 + e^z)``: nothing else than rounding only where ``e^-z < u z`` from there on."""
    unit = _UNITS[precision]
    if not (threshold > 0 and np.exp(-threshold) < unit * threshold):
        raise InputError(
            f"Softplus must not cut off where {precision} can tell, got threshold={threshold:g}: use threshold=40, "
            "or give the weights to check_architecture with activation='softplus'"
        )


def _precision(module: Any) -> str:
    precision = str(module.weight.dtype).removeprefix("torch.")
    if precision not in _UNITS:
        raise InputError(f"the weights of a torch model must be floats of 16 to 64 bits, got {precision}: convert it with .double()")
    return precision


def _check_parameters(linear: list[Any], torch: Any) -> str:
    """Return the bias mode. Raises `InputError` unless every weight is a trainable number of its own, and all are of one type on one device."""
    biased = {module.bias is not None for module in linear}
    if len(biased) > 1:
        raise InputError("all Linear layers must have a bias or none may, got both kinds: set bias alike in every layer")
    named = [
        (f"the {name} of Linear layer {l}", getattr(module, name))
        for l, module in enumerate(linear, start=1)
        for name in ("weight", "bias")
        if getattr(module, name) is not None
    ]
    for name, parameter in named:
        if type(parameter) is not torch.nn.Parameter or parameter.dim() != (2 if name.startswith("the weight") else 1):
            raise InputError(f"{name} must be a Parameter of torch of the usual shape, got a {_full_name(parameter)}: build the layer anew")
        _check_hooks(parameter, name)
        if not parameter.requires_grad:
            raise InputError(f"{name} must be trainable like all others, got requires_grad=False: call model.requires_grad_(True) if it is")
        if parameter.layout is not torch.strided or parameter.is_quantized or parameter.is_meta:
            kind = "on the device 'meta'" if parameter.is_meta else "quantised" if parameter.is_quantized else "sparse"
            raise InputError(f"{name} must be a dense tensor of numbers, got one that is {kind}: load or convert it first")
    kinds = sorted({f"{_precision_of(parameter)} on {parameter.device}" for _, parameter in named})
    if len(kinds) > 1:
        raise InputError(f"all weights of a torch model must be of one type on one device, got {', '.join(kinds)}: convert it with .to()")
    _check_memory(named)
    return "trainable" if biased == {True} else "none"


def _precision_of(parameter: Any) -> str:
    return str(parameter.dtype).removeprefix("torch.")


def _check_memory(named: list[tuple[str, Any]]) -> None:
    """Raise `InputError` where two weights lie in one place of memory, so that they are one weight."""
    spans: list[tuple[int, int, str]] = []
    for name, parameter in named:
        if not (parameter.is_contiguous() or parameter.T.is_contiguous()):
            raise InputError(f"{name} must have each number in a place of its own, got a view of another tensor: copy it with .clone()")
        if parameter.numel():
            spans.append((parameter.data_ptr(), parameter.data_ptr() + parameter.numel() * parameter.element_size(), name))
    spans.sort()
    for (_, end, first), (start, _, second) in pairwise(spans):
        if start < end:
            raise InputError(f"the layers of a torch model must not share weights, got {first} and {second} in one place: untie them")


def _tensor(like: Any, X: Floats, torch: Any) -> Any:
    return torch.tensor(X.tolist(), dtype=torch.float64, device="cpu").reshape(X.shape).to(dtype=like.dtype, device=like.device)


def _doubles(tensor: Any, torch: Any) -> Floats:
    return np.array(tensor.detach().to(device="cpu", dtype=torch.float64).tolist(), dtype=np.float64).reshape(tuple(tensor.shape))


def _outputs(model: Any, like: Any, X: Floats, torch: Any) -> Floats:
    try:
        with torch.no_grad():
            return _doubles(model(_tensor(like, X, torch)), torch)
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"the model must run on the samples, got: {reason}: give its weights to check_architecture instead") from error
