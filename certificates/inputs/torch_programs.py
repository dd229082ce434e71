"""Programs of ``torch.export``: their graph of aten operations, written in functions of torch, which `steps_in` reads."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from lossproof.certificates.inputs.torch_graph import Step, steps_in
from lossproof.certificates.inputs.trained_network import Floats
from lossproof.theory.exceptions import InputError

_SAME = (
    "relu", "relu6", "tanh", "sigmoid", "hardsigmoid", "softplus", "elu", "celu", "gelu", "silu", "mish", "hardtanh", "leaky_relu", "clamp", "clamp_min",
    "clip", "log_sigmoid", "softmax", "log_softmax", "dropout", "flatten",
)  # fmt: skip
"""Functions whose arguments besides the first have names, those of ``torch.nn.functional`` but for `_RENAMED`."""
_POSITIONAL = (
    "linear", "addmm", "matmul", "mm", "add", "sub", "mul", "div", "neg", "abs", "sin", "erf", "atan", "square", "pow", "t", "transpose", "sum", "mean",
)  # fmt: skip
_RENAMED = {"train": "training"}
_UNCHANGED = ("view", "reshape", "_unsafe_view", "contiguous", "clone", "squeeze", "unsqueeze", "to", "_to_copy")
"""What keeps each row of samples, or is noticed where the program runs on them."""
_CUT = ("detach", "detach_", "alias")
"""What cuts a trained tensor off from the gradient, in a program as it is, or after ``run_decompositions``."""
_CONSTANT = ("lift_fresh_copy", "lift_fresh", "clone", *_CUT)
_CHECKS = ("_assert_tensor_metadata",)
_WHOLE = 2**63 - 1
_DECOMPOSED_NORM = "_native_batch_norm_legit_no_training"
"""Batch normalisation with running statistics as ``run_decompositions`` leaves it: the first of the three tensors it gives are the outputs."""


def is_program(model: Any) -> bool:
    """Tell whether a model is a program of ``torch.export``; nothing is imported for that."""
    export = sys.modules.get("torch.export")
    return export is not None and type(model) is export.ExportedProgram


def steps_of_program(program: Any, torch: Any) -> tuple[list[Step], Callable[[Floats, Callable[[Floats], Floats]], Floats], Any]:
    """Return the steps of an exported program, how to ask it for all rows, and the module that runs it.

    Each operation of aten is written as the function of torch that it was traced of, and the graph of these is read as that of a module (`steps_in`), with the
    same refusals. A program that was exported for a fixed number of samples is asked for so many at a time. Raises `InputError`.
    """
    module = program.module()
    placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
    shape = tuple(getattr(placeholders[0].meta.get("val"), "shape", ())) if placeholders else ()
    if len(placeholders) == 1 and len(shape) < 2:
        raise InputError(
            f"an exported program must take samples as rows, got one for an input of shape {tuple(map(str, shape))}: export it for (T, n_0)"
        )
    steps = list(steps_in(module, _rewritten(module, torch), {}, torch, ""))
    fixed = shape[0] if placeholders and type(shape[0]) is int else 0
    return steps, lambda X, ask: _in_batches(X, ask, fixed), module


def _in_batches(X: Floats, ask: Callable[[Floats], Floats], rows: int) -> Floats:
    """Return what a program gives for all rows, asked for so many at a time, the last ones filled up; all at once where ``rows`` is 0."""
    if not rows:
        return ask(X)
    filled = np.concatenate([X, np.repeat(X[-1:], -len(X) % rows, axis=0)])
    return np.concatenate([ask(filled[k : k + rows]) for k in range(0, len(filled), rows)])[: len(X)]


def _rewritten(module: Any, torch: Any) -> Any:
    """Return the graph in functions of torch; operations that are none of these stay as they are, and are refused by who reads them."""
    graph, new = import_module("torch.fx").Graph(), dict[Any, Any]()
    for node in module.graph.nodes:
        if node.op == "output":
            held = node.args[0]
            graph.output(new[held[0]] if type(held) in (tuple, list) and len(held) == 1 and held[0] in new else None)
        elif not node.users and (node.op == "call_module" or (node.op == "call_function" and _name(node) in _CHECKS)):
            continue
        elif node.op == "call_function":
            _write(node, graph, new, module, torch)
        else:
            new[node] = graph.node_copy(node, lambda old: new[old])
    return graph


def _write(node: Any, graph: Any, new: dict[Any, Any], module: Any, torch: Any) -> None:
    name, first = _name(node), new.get(node.args[0]) if node.args and hasattr(node.args[0], "op") else None
    given = [new.get(part, part) if hasattr(part, "op") else part for part in node.args]
    named = {key: new.get(part, part) if hasattr(part, "op") else part for key, part in node.kwargs.items()}
    constant = first is not None and first.op == "get_attr" and not (name in _CUT and _trained(first, module))
    if name == "sym_size":
        new[node] = graph.call_method("size", tuple(given))
    elif (constant and name in _CONSTANT) or (not constant and name in _UNCHANGED and first is not None) or _is_whole(name, given):
        new[node] = first
    elif constant and (name in ("numpy_T", "mT") or (name == "permute" and list(given[1]) in ([1, 0], [-1, -2]))):
        new[node] = graph.call_function(torch.t, (first,))
    elif name == "rsub" and len(given) == 2 and not named:
        new[node] = graph.call_function(operator.sub, (given[1], first))
    elif name == "select" and len(given) == 3 and given[1] in (1, -1) and given[2] in (0, -1):
        new[node] = graph.call_function(operator.getitem, (first, (slice(None), given[2])))
    elif name == "batch_norm" and _is_normalisation(given, named, module):
        new[node] = graph.call_module(_normalisation(node, given, module, torch), (first,))
    elif name == _DECOMPOSED_NORM and len(given) == 7 and _is_normalisation([*given[:5], False, *given[5:], False], named, module):
        new[node] = graph.call_module(_normalisation(node, [*given[:6], *given[5:]], module, torch), (first,))
    elif node.target is operator.getitem and given[1] == 0 and _name(node.args[0]) == _DECOMPOSED_NORM:
        new[node] = first
    elif name in _SAME:
        names = [argument.name for argument in node.target._schema.arguments]
        options = {_RENAMED.get(key, key): part for key, part in (*zip(names[1:], given[1:], strict=False), *named.items())}
        function = next(getattr(home, name) for home in (torch.nn.functional, torch, torch._C._nn) if hasattr(home, name))
        new[node] = graph.call_function(function, (first,), options)
    elif name in _POSITIONAL:
        function = torch.nn.functional.linear if name == "linear" else getattr(torch, name)
        new[node] = graph.call_function(function, tuple(given), named)
    else:
        new[node] = graph.node_copy(node, lambda old: new[old])


def _name(node: Any) -> str:
    """Return the name of an operation of aten without its overload, empty for other functions."""
    return node.target._schema.name.removeprefix("aten::") if getattr(node.target, "namespace", "") == "aten" else ""


def _trained(node: Any, module: Any) -> bool:
    return bool(operator.attrgetter(node.target)(module).requires_grad)


def _is_whole(name: str, given: list[Any]) -> bool:
    """Tell whether an operation takes all rows, as the first half of ``x[:, 0]`` does."""
    return name == "slice" and given[1:] in ([], [0], [0, 0], [0, None], [0, 0, None], [0, None, None], [0, 0, _WHOLE], [0, None, _WHOLE])


def _is_normalisation(given: list[Any], named: dict[str, Any], module: Any) -> bool:
    tensors = given[1:5]
    return (
        len(given) == 9
        and not named
        and given[5] is False
        and all(getattr(part, "op", "") == "get_attr" for part in tensors[2:])
        and ({getattr(part, "op", None) for part in tensors[:2]} in ({"get_attr"}, {None}))
    )


def _normalisation(node: Any, given: list[Any], module: Any, torch: Any) -> str:
    """Put a ``BatchNorm1d`` of the tensors of the program on its module, and return its name."""
    tensors: list[Any] = [None if part is None else operator.attrgetter(part.target)(module) for part in given[1:5]]
    gain, shift, mean, variance = tensors
    norm = torch.nn.BatchNorm1d(int(mean.shape[0]), eps=given[7], affine=gain is not None).eval()
    norm._parameters.update(weight=gain, bias=shift)
    norm._buffers.update(running_mean=mean, running_var=variance)
    module.add_module(f"read_{node.name}", norm)
    return f"read_{node.name}"
