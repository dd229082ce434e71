"""Reading an MLP of Flax: a module of ``flax.nnx``, or one of ``flax.linen`` that is bound to its variables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from lossproof.certificates.inputs.jax_activations import MARK
from lossproof.certificates.inputs.jax_graph import Pattern, traced
from lossproof.certificates.inputs.jax_layers import JaxModel, Normalisation
from lossproof.certificates.inputs.trained_network import UNITS, Floats, TrainedNetwork
from lossproof.theory.exceptions import InputError


def is_flax(model: Any) -> bool:
    """Tell whether `read_flax` knows the type of a model; nothing is imported for that."""
    return _is_nnx(model) or _is_linen(model)


def read_flax(model: Any) -> TrainedNetwork:
    """Read a module of ``flax.nnx``, or ``module.bind(variables)`` of ``flax.linen``, whose call JAX traces to a chain of linear layers (`layers_of`).

    ``BatchNorm`` with running averages is folded into the linear layer beside it, exactly in rationals, with its root rounded to a double unless rational.

    Trainable weights are the variables of type ``nnx.Param``, or the collection ``params``, of 16 to 64 bits and one type; all else is a constant: a matrix of
    these, or a weight behind ``stop_gradient``, makes a frozen layer. The model itself is not run on tracers: ``nnx.split`` and ``unbind`` give copies. Raises
    `InputError`.
    """
    function, weights, names, constants = _parts_of_nnx(model) if _is_nnx(model) else _parts_of_linen(model)
    norms = _norms_of_nnx if _is_nnx(model) else _norms_of_linen
    wide = bool(sys.modules["jax"].config.jax_enable_x64)
    kinds = sorted({weight.dtype.name for weight in weights})
    if len(kinds) != 1 or kinds[0] not in UNITS:
        raise InputError(f"all weights of a Flax model must be floats of one type, got {', '.join(kinds) or 'none'}: convert them")
    mlp, kind = (
        JaxModel(function, weights, names, "a Flax model", normalisations=partial(norms, wide), constants=constants, module=model).mlp(),
        weights[0].dtype,
    )
    return mlp.network(
        outputs=lambda X: _outputs(function, weights, X.astype(kind)),
        unit=UNITS[kinds[0]],
        rounded=lambda X: np.asarray(X.astype(kind), dtype=np.float64),
        framework="JAX",
    )


def _outputs(function: Callable[..., Any], weights: Sequence[Any], X: Any) -> Floats:
    found = np.asarray(function(weights, sys.modules["jax"].numpy.asarray(X)), dtype=np.float64)
    return found.reshape(-1, 1) if found.ndim == 1 else found


def _is_nnx(model: Any) -> bool:
    nnx = sys.modules.get("flax.nnx")
    return nnx is not None and isinstance(model, nnx.Module)


def _is_linen(model: Any) -> bool:
    linen = sys.modules.get("flax.linen")
    return linen is not None and isinstance(model, linen.Module)


def _parts_of_nnx(model: Any) -> tuple[Callable[..., Any], list[Any], list[str], list[Any]]:
    nnx, jax = sys.modules["flax.nnx"], sys.modules["jax"]
    graph, weights, rest = nnx.split(model, nnx.Param, ...)
    found, tree = jax.tree.flatten(weights)
    return lambda w, x: nnx.merge(graph, jax.tree.unflatten(tree, list(w)), rest)(x), found, _paths(weights), _arrays(rest)


def _parts_of_linen(model: Any) -> tuple[Callable[..., Any], list[Any], list[str], list[Any]]:
    jax = sys.modules["jax"]
    if model.scope is None:
        raise InputError(
            f"a module of flax.linen must be bound to its weights, got a {type(model).__name__} without any: give model.bind(variables), or its parameters, "
            "with activation="
        )
    module, variables = model.unbind()
    weights = variables.get("params", {})
    found, tree = jax.tree.flatten(weights)
    return (
        lambda w, x: module.apply({**variables, "params": jax.tree.unflatten(tree, list(w))}, x),
        found,
        _paths(weights),
        _arrays({name: held for name, held in variables.items() if name != "params"}),
    )


def _arrays(state: Any) -> list[Any]:
    return [leaf for leaf in sys.modules["jax"].tree.leaves(state) if hasattr(leaf, "ndim")]


def _paths(weights: Any) -> list[str]:
    """Return the place of each weight as a message names it."""
    paths = sys.modules["jax"].tree_util.tree_flatten_with_path(weights)[0]
    return [".".join(str(part.key) for part in path if hasattr(part, "key")) for path, _ in paths]


_SETTINGS = tuple({"use_scale": scale, "use_bias": bias} for scale in (True, False) for bias in (True, False))


@lru_cache(maxsize=64)
def _norms_of_nnx(_: bool, shape: tuple[int, ...], kind: Any) -> list[Normalisation]:
    """Trace the normalisations; whether numbers may have 64 bits is part of what JAX makes of them."""
    nnx = sys.modules["flax.nnx"]
    found = []
    for settings in _SETTINGS:
        module = nnx.BatchNorm(
            shape[-1], use_running_average=True, epsilon=MARK, dtype=kind, param_dtype=kind, rngs=nnx.Rngs(0), **settings
        )
        graph, state = nnx.split(module)
        found.append(_norm(partial(_apply_nnx, graph), state, shape, kind))
    return found


def _apply_nnx(graph: Any, state: Any, x: Any) -> Any:
    return sys.modules["flax.nnx"].merge(graph, state)(x)


@lru_cache(maxsize=64)
def _norms_of_linen(_: bool, shape: tuple[int, ...], kind: Any) -> list[Normalisation]:
    """Trace the normalisations, as `_norms_of_nnx` does."""
    linen, jax = sys.modules["flax.linen"], sys.modules["jax"]
    found = []
    for settings in _SETTINGS:
        module = linen.BatchNorm(use_running_average=True, epsilon=MARK, dtype=kind, param_dtype=kind, **settings)
        state = jax.eval_shape(module.init, jax.random.key(0), jax.ShapeDtypeStruct(shape, kind))
        found.append(_norm(module.apply, state, shape, kind))
    return found


def _norm(apply: Callable[[Any, Any], Any], state: Any, shape: tuple[int, ...], kind: Any) -> Normalisation:
    """Return what JAX traces of ``apply(state, x)``, with ``x`` first."""
    jax = sys.modules["jax"]
    arrays, tree = jax.tree.flatten(state)
    graph = traced(lambda x, *given: apply(jax.tree.unflatten(tree, given), x), jax.ShapeDtypeStruct(shape, kind), *arrays)
    return Normalisation(Pattern(graph, MARK), tuple(path.rpartition(".")[2] for path in _paths(state)))
