"""Exact weights of an architecture: one point of the landscape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.numbers import Number, exact_numbers, number_text
from lossproof.theory.rationals import brief_text


@dataclass(frozen=True)
class Layer:
    """``W`` of shape ``(n_{l-1}, n_l)`` as rows, and ``b`` of length ``n_l`` (zeros when there is no bias)."""

    W: tuple[tuple[Number, ...], ...]
    b: tuple[Number, ...]


@dataclass(frozen=True)
class Weights:
    """A list of layers with exact entries. Build one with `Weights.of`, which checks shapes and entries.

    >>> a = Architecture.of((1, 1), "tanh")
    >>> Weights.of(a, [([["1/3"]], [0.5])]).layers[0].b
    (Fraction(1, 2),)
    """

    layers: tuple[Layer, ...]

    @staticmethod
    def of(architecture: Architecture, weights: Any) -> Weights:
        """Read a list of ``(W_l, b_l)``; ``b_l`` may be None where there is no bias. Raises `InputError`."""
        if isinstance(weights, Weights):
            weights = [(layer.W, layer.b) for layer in weights.layers]
        pairs = list(weights) if isinstance(weights, Sequence) else None
        if pairs is None or len(pairs) != architecture.L:
            got = type(weights).__name__ if pairs is None else f"{len(pairs)} entries"
            raise InputError(f"weights must be a list of {architecture.L} pairs (W_l, b_l), one a layer, got {got}: give one pair a layer")
        return Weights(tuple(_read_layer(architecture, l, pair) for l, pair in enumerate(pairs, start=1)))

    def is_rational(self) -> bool:
        """Tell whether every entry is held as a plain rational."""
        return all(isinstance(x, Fraction) for layer in self.layers for row in (*layer.W, layer.b) for x in row)


def _read_layer(architecture: Architecture, l: int, pair: Any) -> Layer:
    rows, columns = architecture.widths[l - 1], architecture.widths[l]
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise InputError(
            f"layer {l} of weights must be a pair (W_{l}, b_{l}), got {type(pair).__name__}: write (W, b), or (W, None) without bias"
        )
    W = _plain(pair[0])
    shape_right = (
        isinstance(W, Sequence) and len(W) == rows and all(isinstance(_plain(r), Sequence) and len(_plain(r)) == columns for r in W)
    )
    if not shape_right:
        raise InputError(
            f"W_{l} must have shape ({rows}, {columns}) = (n_{l - 1}, n_{l}), got {_shape_text(W)}: torch stores the transpose of W_{l}"
        )
    matrix = tuple(tuple(exact_numbers(_plain(row), f"W_{l}[{i}]")) for i, row in enumerate(W))
    b = _plain(pair[1])
    if b is None:
        if architecture.bias != "none":
            raise InputError(f"b_{l} must be given with bias={architecture.bias!r}, got None: give {columns} numbers, or use bias='none'")
        return Layer(matrix, (Fraction(0),) * columns)
    if not isinstance(b, Sequence) or len(b) != columns:
        raise InputError(f"b_{l} must have {columns} entries, got {_shape_text(b)}: give one number a unit of layer {l}")
    bias = tuple(exact_numbers(b, f"b_{l}"))
    if architecture.bias == "none" and any(x != 0 for x in bias):
        raise InputError(
            f"b_{l} must be None or zero with bias='none', got {brief_text(number_text(bias[0]))}, …: use bias='trainable' or bias='fixed'"
        )
    return Layer(matrix, bias)


def _plain(values: Any) -> Any:
    return values.tolist() if hasattr(values, "tolist") else values


def _shape_text(values: Any) -> str:
    if not isinstance(values, Sequence):
        return type(values).__name__
    first = _plain(values[0]) if len(values) else None
    inner = len(first) if isinstance(first, Sequence) and not isinstance(first, str) else None
    return f"({len(values)}, {inner})" if inner is not None else f"({len(values)},)"
