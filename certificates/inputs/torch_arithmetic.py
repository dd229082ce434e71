"""Arithmetic in the graph of a torch model: products with weights, biases that are added, and constants beside the value."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_MATRIX_PRODUCTS = ("matmul", "mm")
_ARITHMETIC = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "multiply": "mul",
    "div": "div",
    "divide": "div",
    "truediv": "div",
    "true_divide": "div",
}
_TRANSPOSED = ("t", "T", "mT")


class Held(NamedTuple):
    """A tensor of the model in its graph; ``turned`` tells whether it is transposed."""

    tensor: Any
    turned: bool = False


class Product(NamedTuple):
    """``x W + b``, with ``W`` stored as ``(n_in, n_out)`` where ``rows_are_inputs`` holds, and as ``(n_out, n_in)`` otherwise; ``b`` may be None."""

    weight: Any
    rows_are_inputs: bool
    bias: Any


class Constant(NamedTuple):
    """``x + c``, ``x − c``, ``x c`` or ``x/c`` for a number or tensor c; with ``first``, ``c − x``."""

    kind: str
    value: Any
    first: bool


def held_tensors(graph: Any, find: Callable[[str], Any]) -> dict[Any, Held]:
    """Return the nodes of a graph that are tensors of the model, or such tensors transposed; ``find`` gives the tensor of a name."""
    found: dict[Any, Held] = {}
    for node in graph.nodes:
        if node.op == "get_attr":
            found[node] = Held(find(node.target))
        elif node.args and any(node.args[0] is other for other in found) and _is_transposition(node):
            inner = found[node.args[0]]
            found[node] = Held(inner.tensor, not inner.turned)
    return found


def _is_transposition(node: Any) -> bool:
    if node.target is getattr:
        return node.args[1] in _TRANSPOSED
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    return (name == "t" and len(node.args) == 1) or (name == "transpose" and sorted(node.args[1:]) in ([0, 1], [-2, -1]))


def arithmetic_of(node: Any, name: str, value: Any, held: Mapping[Any, Held], torch: Any) -> Product | Constant | Held | None:
    """Return what a node of this name does with ``value``, a `Held` where it adds a trainable tensor; None where it is no arithmetic of these kinds.

    Known are ``x @ W``, ``mm``, ``addmm(b, x, W)``, ``linear(x, W, b)``, and sums, differences, products and quotients of the value and one tensor that is
    not trained, or one number.
    """
    given, named = list(node.args), {key: part for key, part in node.kwargs.items() if part is not None}
    if name == "linear" and given[0] is value:
        weight, bias = [*given[1:], *(named[key] for key in ("weight", "bias") if key in named), None][:2]
        return _product(weight, bias, held, rows_are_inputs=False)
    if named:
        return None
    if name in _MATRIX_PRODUCTS and len(given) == 2 and given[0] is value:
        return _product(given[1], None, held, rows_are_inputs=True)
    if name == "addmm" and len(given) == 3 and given[1] is value:
        return _product(given[2], given[0], held, rows_are_inputs=True)
    if name == "neg" and len(given) == 1:
        return Constant("mul", -1, False)
    if name not in _ARITHMETIC or len(given) != 2 or (given[0] is value) == (given[1] is value):
        return None
    place = 1 if given[0] is value else 0
    return _constant(_ARITHMETIC[name], given[place], held, torch, first=place == 0)


def _product(weight: Any, bias: Any, held: Mapping[Any, Held], *, rows_are_inputs: bool) -> Product | None:
    known = held.get(weight)
    plain = None if bias is None else held.get(bias)
    if known is None or (bias is not None and (plain is None or plain.turned)):
        return None
    return Product(known.tensor, rows_are_inputs != known.turned, None if plain is None else plain.tensor)


def _constant(kind: str, given: Any, held: Mapping[Any, Held], torch: Any, *, first: bool) -> Constant | Held | None:
    if type(given) in (int, float):
        value: Any = given
    elif given not in held or held[given].turned:
        return None
    else:
        value = held[given].tensor
        if value.requires_grad:
            return held[given] if kind == "add" else None
        if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.dim() > 2 or value.numel() != value.shape[-1:].numel():
            return None
    return None if first and kind == "div" else Constant(kind, value, first and kind == "sub")


def is_one_output(node: Any) -> bool:
    """Tell whether a node takes the only output of each sample as a number, as ``x[:, 0]`` and ``x[..., 0]`` do, or as a row, as ``x[:, :1]`` does.

    That there is only one, the shape of what the model gives will tell.
    """
    rows = slice(None)
    single = ((rows, 0), (rows, -1), (Ellipsis, 0), (Ellipsis, -1), (rows, slice(None, 1)), (rows, slice(0, 1)))
    return node.target is operator.getitem and node.args[1] in single
