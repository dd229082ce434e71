"""Exact weights of an architecture: one point of the landscape."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossproof.theory.exceptions import InputError
from lossproof.theory.options import option
from lossproof.theory.problem.architecture import FROZEN, Architecture
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.problem.numbers import Number, exact_numbers, number_text
from lossproof.theory.rationals import brief_text
from lossproof.theory.shown import shown


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
        """Read a list of ``(W_l, b_l)`` in containers that `plain_values` knows; ``b_l`` may be None where there is no bias. Raises `InputError`."""
        if isinstance(weights, Weights):
            weights = [(layer.W, layer.b) for layer in weights.layers]
        pairs = plain_values(weights, "weights")
        if type(pairs) is not list or len(pairs) != architecture.L:
            got = f"{len(pairs)} entries" if type(pairs) is list else shown(weights)
            raise InputError(f"weights must be a list of {architecture.L} pairs (W_l, b_l), one a layer, got {got}: give one pair a layer")
        return Weights(tuple(_read_layer(architecture, l, pair) for l, pair in enumerate(pairs, start=1)))

    def __repr__(self) -> str:
        return f"<Weights: {', '.join(f'W_{l} {len(layer.W)}×{len(layer.b)}' for l, layer in enumerate(self.layers, start=1))}>"

    def is_rational(self) -> bool:
        """Tell whether every entry is held as a plain rational."""
        return all(isinstance(x, Fraction) for layer in self.layers for row in (*layer.W, layer.b) for x in row)


def _read_layer(architecture: Architecture, l: int, given: Any) -> Layer:
    pair = plain_values(given, f"layer {l} of weights")
    if type(pair) is not list or len(pair) != 2:
        got = f"{len(pair)} entries" if type(pair) is list else shown(given)
        raise InputError(f"layer {l} of weights must be a pair (W_{l}, b_{l}), got {got}: write (W, b), or (W, None) without bias")
    return Layer(_read_matrix(architecture, l, pair[0]), _read_bias(architecture, l, pair[1]))


def _read_matrix(architecture: Architecture, l: int, given: Any) -> tuple[tuple[Number, ...], ...]:
    rows, columns = architecture.widths[l - 1], architecture.widths[l]
    held = plain_values(given, f"W_{l}")
    W = [plain_values(row, f"W_{l}[{i}]") for i, row in enumerate(held)] if type(held) is list else None
    if W is None or len(W) != rows or any(type(row) is not list or len(row) != columns for row in W):
        got = shown(given) if W is None else _shape_text(W)
        raise InputError(f"W_{l} must have shape ({rows}, {columns}) = (n_{l - 1}, n_{l}), got {got}: torch stores the transpose of W_{l}")
    return tuple(tuple(exact_numbers(row, f"W_{l}[{i}]", expressions=True)) for i, row in enumerate(W))


def _read_bias(architecture: Architecture, l: int, given: Any) -> tuple[Number, ...]:
    columns, mode = architecture.widths[l], architecture.biases[l - 1]
    b = plain_values(given, f"b_{l}")
    if b is None:
        if mode not in ("none", FROZEN):
            raise InputError(
                f"b_{l} must be given with {option('bias', mode)}, got None: give {columns} numbers, or use {option('bias', 'none')}"
            )
        return (Fraction(0),) * columns
    if type(b) is not list or len(b) != columns:
        got = _shape_text(b) if type(b) is list else shown(given)
        raise InputError(f"b_{l} must have {columns} entries, got {got}: give one number a unit of layer {l}")
    bias = tuple(exact_numbers(b, f"b_{l}", expressions=True))
    if mode == "none" and any(x != 0 for x in bias):
        raise InputError(
            f"b_{l} must be None or zero with {option('bias', 'none')}, got {brief_text(number_text(bias[0]))}, …: "
            f"use {option('bias', 'trainable')} or {option('bias', 'fixed')}"
        )
    return bias


def _shape_text(values: list[Any]) -> str:
    lengths = {len(row) if type(row) is list else None for row in values}
    if lengths <= {None}:
        return f"({len(values)},)"
    return f"({len(values)}, {lengths.pop()})" if len(lengths) == 1 else f"{len(values)} rows of different lengths"
