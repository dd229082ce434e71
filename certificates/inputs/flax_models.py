"""Reading an MLP of Flax: a module of ``flax.nnx``, or one of ``flax.linen`` that is bound to its variables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lossproof.certificates.inputs.jax_graph import layers_of
from lossproof.certificates.inputs.layers import LayeredMLP, mlp_of
from lossproof.certificates.inputs.trained_network import UNITS, Floats, TrainedNetwork
from lossproof.theory.exceptions import InputError


def is_flax(model: Any) -> bool:
    """Tell whether `read_flax` knows the type of a model; nothing is imported for that."""
    return _is_nnx(model) or _is_linen(model)


def read_flax(model: Any) -> TrainedNetwork:
    """Read a module of ``flax.nnx``, or ``module.bind(variables)`` of ``flax.linen``, whose call JAX traces to a chain of linear layers (`layers_of`).

    Its trainable weights are the variables of type ``nnx.Param``, or the collection ``params``, of 16 to 64 bits and one type; all else is a constant, and in a
    chain of layers there is none. The model itself is not run on tracers: ``nnx.split`` and ``unbind`` give copies. Raises `InputError`.
    """
    function, weights, names = _parts_of_nnx(model) if _is_nnx(model) else _parts_of_linen(model)
    kinds = sorted({weight.dtype.name for weight in weights})
    if len(kinds) != 1 or kinds[0] not in UNITS:
        raise InputError(f"all weights of a Flax model must be floats of one type, got {', '.join(kinds) or 'none'}: convert them")
    mlp, kind = _traced(function, weights, names), weights[0].dtype
    return mlp.network(
        outputs=lambda X: _outputs(function, weights, X.astype(kind)),
        unit=UNITS[kinds[0]],
        rounded=lambda X: np.asarray(X.astype(kind), dtype=np.float64),
        framework="JAX",
    )


def _traced(function: Callable[..., Any], weights: Sequence[Any], names: Sequence[str]) -> LayeredMLP:
    """Return the layers of a model, with as many inputs as one of its matrices has rows: that of the first layer, which no other number of inputs fits."""
    sizes = sorted({size for weight in weights if weight.ndim == 2 for size in weight.shape})
    refusal = InputError("a Flax model must begin with a linear layer, got another: give an MLP")
    for size in sizes:
        try:
            mlp = mlp_of(layers_of(function, weights, names, size), "a Flax model")
        except InputError as error:
            refusal = refusal if isinstance(error.__cause__, TypeError) else error
        else:
            if mlp.widths[0] == size:
                return mlp
    raise refusal


def _outputs(function: Callable[..., Any], weights: Sequence[Any], X: Any) -> Floats:
    return np.asarray(function(weights, sys.modules["jax"].numpy.asarray(X)), dtype=np.float64)


def _is_nnx(model: Any) -> bool:
    nnx = sys.modules.get("flax.nnx")
    return nnx is not None and isinstance(model, nnx.Module)


def _is_linen(model: Any) -> bool:
    linen = sys.modules.get("flax.linen")
    return linen is not None and isinstance(model, linen.Module)


def _parts_of_nnx(model: Any) -> tuple[Callable[..., Any], list[Any], list[str]]:
    nnx, jax = sys.modules["flax.nnx"], sys.modules["jax"]
    graph, weights, rest = nnx.split(model, nnx.Param, ...)
    found, tree = jax.tree.flatten(weights)
    return lambda w, x: nnx.merge(graph, jax.tree.unflatten(tree, list(w)), rest)(x), found, _paths(weights)


def _parts_of_linen(model: Any) -> tuple[Callable[..., Any], list[Any], list[str]]:
    jax = sys.modules["jax"]
    if model.scope is None:
        raise InputError(
            f"a module of flax.linen must be bound to its weights, got a {type(model).__name__} without any: give model.bind(variables), or its parameters, "
            "with activation="
        )
    module, variables = model.unbind()
    weights = variables.get("params", {})
    found, tree = jax.tree.flatten(weights)
    return lambda w, x: module.apply({**variables, "params": jax.tree.unflatten(tree, list(w))}, x), found, _paths(weights)


def _paths(weights: Any) -> list[str]:
    """Return the place of each weight as a message names it."""
    paths = sys.modules["jax"].tree_util.tree_flatten_with_path(weights)[0]
    return [".".join(str(part.key) for part in path if hasattr(part, "key")) for path, _ in paths]
