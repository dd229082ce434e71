"""Activations that a graph of torch writes in several functions: ``z·sigmoid(z)``, ``z/(1 + |z|)`` and ``z·tanh(softplus(z))``, each made one node."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

_PRODUCTS = ("mul", "multiply")
_QUOTIENTS = ("div", "divide", "truediv", "true_divide")


def join_activations(graph: Any, module: Any, torch: Any) -> None:
    """Write in a graph of ``torch.fx`` activations of several nodes as ``silu``, ``softsign`` and ``mish``, where their parts are used for nothing else.

    The network's own outputs are compared with what is read, as ever.
    """
    names = _Names(module, torch)
    for node in list(graph.nodes):
        found = _silu_or_mish(node, names) or _softsign(node, names)
        if found is None:
            continue
        function, value, parts = found
        with graph.inserting_before(node):
            joined = graph.call_function(getattr(torch.nn.functional, function), (value,))
        node.replace_all_uses_with(joined)
        for part in (node, *parts):
            graph.erase_node(part)


def is_of_torch(function: Any, name: str, torch: Any) -> bool:
    """Tell whether a function is the one of this name in torch, or an operator of Python."""
    return any(function is getattr(home, name, None) for home in (torch, torch.nn.functional, torch.special, torch._C._nn, operator))


@dataclass(frozen=True)
class _Names:
    """The names of nodes of a graph in a module."""

    module: Any
    torch: Any

    def of(self, node: Any) -> str:
        """Return the name of a function of torch or operator of Python, of a method, or of an activation module in small letters; else an empty one."""
        op = getattr(node, "op", "")
        if op == "call_module":
            kind = type(self.module.get_submodule(node.target))
            plain = kind is getattr(self.torch.nn, kind.__name__, None) and kind.__name__ in ("Sigmoid", "Tanh")
            return kind.__name__.lower() if plain else ""
        name = str(node.target) if op == "call_method" else getattr(node.target, "__name__", "") if op == "call_function" else ""
        return name if op == "call_method" or is_of_torch(getattr(node, "target", None), name, self.torch) else ""

    def applies(self, node: Any, name: str, value: Any) -> bool:
        """Tell whether a node is this function, as it is by default, of this value, and is used once."""
        return self.of(node) == name and len(node.users) == 1 and node.args == (value,) and not any(node.kwargs.values())


def _silu_or_mish(node: Any, names: _Names) -> tuple[str, Any, list[Any]] | None:
    if names.of(node) not in _PRODUCTS or len(node.args) != 2 or node.kwargs:
        return None
    for value, gate in (node.args, node.args[::-1]):
        if names.applies(gate, "sigmoid", value):
            return "silu", value, [gate]
        inner = gate.args[0] if names.of(gate) == "tanh" and gate.args else None
        if names.applies(gate, "tanh", inner) and names.applies(inner, "softplus", value):
            return "mish", value, [gate, inner]
    return None


def _softsign(node: Any, names: _Names) -> tuple[str, Any, list[Any]] | None:
    if names.of(node) not in _QUOTIENTS or len(node.args) != 2 or node.kwargs:
        return None
    value, below = node.args
    if names.of(below) != "add" or len(below.args) != 2 or below.kwargs or len(below.users) != 1:
        return None
    for size, one in (below.args, below.args[::-1]):
        if type(one) in (int, float) and one == 1 and names.applies(size, "abs", value):
            return "softsign", value, [below, size]
    return None
