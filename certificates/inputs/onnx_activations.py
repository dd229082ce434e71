"""Activations that an ONNX graph writes in several nodes, known by these step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import sqrt
from typing import Any, NamedTuple, TypeAlias

import numpy as np

_Term: TypeAlias = "str | int | float"
"""What a step takes: the value ``"x"``, the step of a number, a constant, or ``"β"``, any constant, the same everywhere."""
_COMMUTATIVE = ("Add", "Mul", "Max", "Min")


class Found(NamedTuple):
    """An activation, how many nodes it takes, and the name of what it gives."""

    activation: str
    length: int
    output: str


def _gelu(scale: tuple[str, float]) -> Sequence[tuple[str, tuple[_Term, ...]]]:
    op, number = scale
    return ((op, ("x", number)), ("Erf", (0,)), ("Add", (1, 1.0)), ("Mul", ("x", 2)), ("Mul", (3, 0.5)))


_PATTERNS: Sequence[tuple[str, Sequence[tuple[str, tuple[_Term, ...]]]]] = (
    ("gelu", _gelu(("Div", sqrt(2)))),
    ("gelu", _gelu(("Mul", sqrt(0.5)))),
    ("gelu", (("Mul", ("x", 0.5)), ("Div", ("x", sqrt(2))), ("Erf", (1,)), ("Add", (2, 1.0)), ("Mul", (0, 3)))),
    ("mish", (("Softplus", ("x",)), ("Tanh", (0,)), ("Mul", ("x", 1)))),
    ("swish:β", (("Mul", ("x", "β")), ("Sigmoid", (0,)), ("Mul", ("x", 1)))),
    ("silu", (("Sigmoid", ("x",)), ("Mul", ("x", 0)))),
    ("softsign", (("Abs", ("x",)), ("Add", (0, 1.0)), ("Div", ("x", 1)))),
    ("leaky-relu:β", (("Mul", ("x", "β")), ("Max", ("x", 0)))),
    ("power:2", (("Mul", ("x", "x")),)),
    ("relu", (("Max", ("x", 0.0)),)),
)


def activation_at(nodes: Sequence[Any], start: int, value: str, constants: Mapping[str, Any]) -> Found | None:
    """Return the activation that the nodes from ``start`` on apply to ``value``; None where they write none in several nodes.

    Constants must be what the formula says up to their own precision. A ``leaky-relu`` as a maximum wants a slope of at most 1.
    """
    for activation, steps in _PATTERNS:
        taken = nodes[start : start + len(steps)]
        if [node.op_type for node in taken] != [op for op, _ in steps] or any(node.attribute for node in taken):
            continue
        found = _parameter(steps, taken, value, constants)
        if found is None or (activation.startswith("leaky") and not 0 <= found <= 1):
            continue
        return Found(activation.replace("β", str(found)), len(steps), taken[-1].output[0])
    return None


def _parameter(
    steps: Sequence[tuple[str, tuple[_Term, ...]]], nodes: Sequence[Any], value: str, constants: Mapping[str, Any]
) -> Fraction | None:
    """Return the constant ``β`` of a pattern (0 where it has none) if the nodes are its steps, else None."""
    made: list[str] = []
    parameters: list[Fraction] = []
    for (op, terms), node in zip(steps, nodes, strict=True):
        given = list(node.input)
        orders = [given, given[::-1]] if op in _COMMUTATIVE else [given]
        matched = next((names for names in orders if _fits(terms, names, value, made, constants)), None)
        if matched is None:
            return None
        parameters += [_number(constants[name]) for term, name in zip(terms, matched, strict=True) if term == "β"]
        made.append(node.output[0])
    return parameters[0] if parameters else Fraction(0)


def _fits(terms: Sequence[_Term], names: Sequence[str], value: str, made: Sequence[str], constants: Mapping[str, Any]) -> bool:
    return len(terms) == len(names) and all(_is(term, name, value, made, constants) for term, name in zip(terms, names, strict=True))


def _is(term: _Term, name: str, value: str, made: Sequence[str], constants: Mapping[str, Any]) -> bool:
    if term == "x":
        return name == value
    if type(term) is int:
        return name == made[term]
    held = constants.get(name)
    if held is None or held.size != 1 or held.dtype.kind != "f":
        return False
    return term == "β" or bool(abs(float(held.reshape(())) - float(term)) <= 4 * np.finfo(held.dtype).eps * max(1.0, abs(float(term))))


def _number(held: Any) -> Fraction:
    return Fraction(float(held.reshape(())))
