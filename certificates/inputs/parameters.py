"""Weights without their network: a ``state_dict`` of torch, a pytree of JAX, or a list of pairs, with the activation that its owner names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from lossproof.certificates.inputs.checkpoints import weights_in
from lossproof.certificates.inputs.layered_mlp import mlp_of
from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer
from lossproof.certificates.inputs.trained_network import TrainedNetwork
from lossproof.certificates.inputs.usual_names import usual_activation, usual_activations
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.containers import plain_values
from lossproof.theory.shown import shown

_MATRICES = {"weight": True, "kernel": False, "w": False, "W": False}
"""What a matrix of weights may be called, and whether it is stored as ``(n_out, n_in)``, as torch does."""
_BIASES = ("bias", "b")
_FLOATS = ("float16", "bfloat16", "float32", "float64")
_MOST_ORDERS = 10_000


Activations: TypeAlias = "str | Sequence[str] | None"
"""One activation for all hidden layers, or one for each."""


def are_parameters(model: Any) -> bool:
    """Tell whether a model is a mapping or a list, which `read_parameters` takes.

    >>> are_parameters({"0.weight": [[1.0]]}), are_parameters("model")
    (True, False)
    """
    return isinstance(model, Mapping) or type(model) in (list, tuple)


def read_parameters(held: Any, activation: Activations, output_activation: str | None, ordered: bool = True) -> TrainedNetwork:
    """Read weights that are given without their network, in 16 to 64 bits.

    - a mapping of names ``….weight`` and ``….bias`` (a ``state_dict``: matrices are ``(n_out, n_in)``), or nested mappings with ``kernel`` and ``bias``, or
      ``w`` and ``b`` (Flax, Haiku and plain JAX: ``(n_in, n_out)``);
    - a checkpoint, which holds one such mapping among other things (`weights_in`);
    - a list of pairs ``(W_l, b_l)``, or of mappings as above.

    ``activation`` is that of all hidden layers, or a list with one for each. Layers are taken in the only order in which their shapes fit, or else in that of
    the numbers in their names, or else, for a ``state_dict`` that is ``ordered``, in its order. Flax numbers layers as they are made, and
    ``Dense(1)(tanh(Dense(3)(x)))`` makes the last one first: its numbers and its order tell nothing. What the network computes between its layers is not in
    its weights, and nothing is there to compare with: a note says so. Raises `InputError` for other names and shapes.

    >>> read_parameters({"1.weight": [[1.0, 2.0]], "1.bias": [0.0]}, "tanh", None).widths
    (2, 1)
    """
    if activation is None:
        raise InputError(
            f"weights without their network must come with its activation, got {shown(held)} alone: give activation='tanh' or another"
        )
    held, place = weights_in(held) if isinstance(held, Mapping) else (held, "")
    pairs = _pairs_of_list(held) if not isinstance(held, Mapping) else _in_order(_pairs_of_mapping(held), *_what_tells(held, ordered))
    hidden, last = usual_activations(activation), usual_activation(output_activation or "identity")
    listed = hidden if isinstance(hidden, list) else [hidden] * (len(pairs) - 1)
    if len(listed) != len(pairs) - 1:
        raise InputError(f"activation must be one for all hidden layers, or a list of {len(pairs) - 1}, one for each, got {len(listed)}")
    for named in listed or [hidden]:
        activation_named(named)
    said = ", ".join(map(str, listed)) if isinstance(hidden, list) else hidden
    layers: list[Layer] = []
    for (name, W, b), after in zip(pairs, [*listed, last], strict=True):
        layers += [Affine(name, W, b), Elementwise(f"the activation after {name}", after)]
    mlp = mlp_of(layers, "the weights")
    names = ", ".join(name for name, _, _ in pairs)
    taken = f", as {place!r} of a checkpoint" if place else ""
    return mlp.network(
        outputs=None,
        unit=2.0**-53,
        notes=(
            f"Weights were given without their network{taken}: its layers are taken to be {names}, in this order, with {said} between them and {last} "
            "after the last. No outputs of the network itself were compared.",
        ),
    )


_Pair = tuple[str, np.ndarray, np.ndarray | None]


def _pairs_of_list(held: Sequence[Any]) -> list[_Pair]:
    found: list[_Pair] = []
    for l, entry in enumerate(held, start=1):
        if isinstance(entry, Mapping):
            parts = _pairs_of_mapping({str(l): entry})
        elif type(entry) in (list, tuple) and len(entry) == 2:
            parts = [(f"layer {l}", exact_array(entry[0], f"W_{l}"), None if entry[1] is None else exact_array(entry[1], f"b_{l}"))]
        else:
            raise InputError(
                f"entry {l} of the weights must be a pair (W, b) or a mapping with both, got {shown(entry)}: write [(W_1, b_1), …]"
            )
        found += parts
    if not found:
        raise InputError("the weights must hold at least one layer, got none: write [(W_1, b_1), …]")
    for name, W, b in found:
        _check_shapes(name, W, b)
    return found


def _pairs_of_mapping(held: Mapping[Any, Any]) -> list[_Pair]:
    layers: dict[str, dict[str, Any]] = {}
    places: dict[int, str] = {}
    for path, value in _leaves(held, ""):
        first = places.setdefault(_place(value), path)
        if first != path:
            raise InputError(f"layers must not share weights, got {first} and {path} in one place: untie them")
        layer, _, part = path.rpartition(".")
        layers.setdefault(layer, {})[part] = value
    found: list[_Pair] = []
    for layer, parts in layers.items():
        matrix = next((part for part in parts if part in _MATRICES), None)
        others = [part for part in parts if part != matrix]
        if matrix is None or len(others) > 1 or any(part not in _BIASES for part in others):
            normalised = "running_mean" in parts
            raise InputError(
                f"each layer of the weights must have a weight and at most a bias, got {', '.join(parts)} in {layer or 'the mapping'}: give the model itself, "
                + ("into which its normalisation can be folded" if normalised else "or the weights of its linear layers")
            )
        W = exact_array(parts[matrix], f"{layer}.{matrix}")
        b = exact_array(parts[others[0]], f"{layer}.{others[0]}") if others else None
        found.append((layer or "the layer", W.T if _MATRICES[matrix] else W, b))
        _check_shapes(*found[-1])
    if not found:
        raise InputError("the weights must hold at least one layer, got an empty mapping: give names such as 0.weight and 0.bias")
    return found


def _check_shapes(name: str, W: np.ndarray, b: np.ndarray | None) -> None:
    if W.ndim != 2 or not W.size or (b is not None and b.shape != W.shape[1:]):
        got = f"{W.shape}" + ("" if b is None else f" and {b.shape}")
        raise InputError(
            f"the weight of {name} must be a matrix and its bias a vector with one entry an output, got shapes {got}: give linear layers"
        )


def _place(value: Any) -> int:
    """Return what two names of one array share: the memory of a tensor of torch, else the object."""
    return int(value.data_ptr()) if hasattr(value, "data_ptr") and value.numel() else id(value)


def _leaves(held: Mapping[Any, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, value in held.items():
        inner = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, inner)
        else:
            yield inner, value


def _what_tells(held: Mapping[Any, Any], ordered: bool) -> tuple[bool, bool]:
    """Tell whether the numbers in names, and the order of a mapping, are those in which the network applies its layers."""
    parts = {path.rpartition(".")[2] for path, _ in _leaves(held, "")}
    return "kernel" not in parts, ordered and "weight" in parts


def _in_order(pairs: list[_Pair], numbers: bool, ordered: bool) -> list[_Pair]:
    """Return the layers in the order in which the network applies them. Raises `InputError` where nothing tells which that is."""
    orders = _orders_that_fit(pairs)
    if orders is not None and len(orders) == 1:
        return orders[0]
    numbered = _by_number(pairs) if numbers else None
    if numbered is not None and _fit(numbered):
        return numbered
    if ordered and _fit(pairs):
        return pairs
    names = ", ".join(f"{name} {W.shape}" for name, W, _ in pairs)
    reason = "no order of them fits" if orders == [] else "several orders fit"
    raise InputError(
        f"the layers must follow each other by the numbers in their names or by their shapes, got {names}, of which {reason}: give a list [(W_1, b_1), …]"
    )


def _by_number(pairs: list[_Pair]) -> list[_Pair] | None:
    """Return layers whose names differ in one number alone, by that number; None where they differ otherwise."""
    found = [re.fullmatch(r"(.*?)(\d+)(\D*)", name) for name, _, _ in pairs]
    if len(pairs) == 1:
        return pairs
    matches = [match for match in found if match is not None]
    if (
        len(matches) < len(pairs)
        or len({(match[1], match[3]) for match in matches}) > 1
        or len({int(match[2]) for match in matches}) < len(pairs)
    ):
        return None
    return [pair for _, pair in sorted(zip([int(match[2]) for match in matches], pairs, strict=True), key=lambda both: both[0])]


def _fit(pairs: Sequence[_Pair]) -> bool:
    return all(W.shape[1] == V.shape[0] for (_, W, _), (_, V, _) in pairwise(pairs))


def _orders_that_fit(pairs: list[_Pair]) -> list[list[_Pair]] | None:
    """Return the orders in which the shapes follow each other, two at most; None where too many tries did not tell."""
    found: list[list[_Pair]] = []
    tries = 0

    def extend(order: list[_Pair], rest: list[_Pair]) -> None:
        nonlocal tries
        tries += 1
        if tries > _MOST_ORDERS or len(found) > 1:
            return
        if not rest:
            found.append(order)
        for k, pair in enumerate(rest):
            if not order or order[-1][1].shape[1] == pair[1].shape[0]:
                extend([*order, pair], rest[:k] + rest[k + 1 :])

    extend([], pairs)
    return None if tries > _MOST_ORDERS and len(found) < 2 else found


def exact_array(value: Any, name: str) -> np.ndarray:
    """Return an array of numpy, torch or JAX, or nested lists of numbers, as doubles without loss. Raises `InputError`."""
    if type(value).__module__.partition(".")[0] in ("jax", "jaxlib"):
        value = np.asarray(value)
    if type(value) is np.ndarray:
        if value.dtype.name not in _FLOATS:
            raise InputError(f"{name} must hold floats of 16 to 64 bits, got {value.dtype.name}: convert it first")
        return value.astype(np.float64)
    held = plain_values(value, name)
    try:
        found = np.array(held)
    except ValueError:
        found = np.array(None)
    if found.dtype.kind not in "fi" or found.astype(np.float64).tolist() != found.tolist():
        raise InputError(f"{name} must be an array of floats, got {shown(value)}: give numpy, torch or JAX arrays")
    return found.astype(np.float64)
