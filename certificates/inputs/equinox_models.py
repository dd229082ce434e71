"""Reading an MLP of Equinox: any module that is called for one sample."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lossproof.certificates.inputs.jax_layers import JaxModel
from lossproof.certificates.inputs.trained_network import UNITS, Floats, TrainedNetwork
from lossproof.theory.exceptions import InputError


def is_equinox(model: Any) -> bool:
    """Tell whether `read_equinox` knows the type of a model; nothing is imported for that."""
    equinox = sys.modules.get("equinox")
    return equinox is not None and isinstance(model, equinox.Module)


def read_equinox(model: Any) -> TrainedNetwork:
    """Read ``eqx.nn.MLP``, a ``Sequential``, or a module of a user, whose call for one sample JAX traces to a chain of linear layers (`layers_of`).

    Its trainable weights are its floating-point arrays, as for ``eqx.filter_grad``, of 16 to 64 bits and one type. Raises `InputError`.
    """
    equinox, jax = sys.modules["equinox"], sys.modules["jax"]
    index = getattr(equinox.nn, "StateIndex", None)
    if index is not None and any(isinstance(part, index) for part in jax.tree.leaves(model, is_leaf=lambda part: isinstance(part, index))):
        raise InputError(
            "an Equinox model must be a function of one sample alone, got a layer in it whose statistics are kept apart, such as BatchNorm: fold it into the "
            "linear layer beside it, and give the model without it"
        )
    arrays, rest = equinox.partition(model, equinox.is_inexact_array)
    paths, tree = jax.tree_util.tree_flatten_with_path(arrays)
    weights = [weight for _, weight in paths]
    names = [".".join(str(getattr(part, "name", getattr(part, "idx", getattr(part, "key", part)))) for part in path) for path, _ in paths]
    if len({id(weight) for weight in weights}) < len(weights):
        raise InputError("the layers of an Equinox model must not share weights, got one array in two of them: untie them")
    kinds = sorted({weight.dtype.name for weight in weights})
    if len(kinds) != 1 or kinds[0] not in UNITS:
        raise InputError(
            f"all weights of an Equinox model must be floats of one type, of 16 to 64 bits, got {', '.join(kinds) or 'none'}: convert them"
        )
    kind = weights[0].dtype

    def one_sample(w: Sequence[Any], x: Any) -> Any:
        return equinox.combine(jax.tree.unflatten(tree, list(w)), rest)(x)

    mlp = JaxModel(one_sample, weights, names, "an Equinox model", by_sample=True, module=model).mlp()
    return mlp.network(
        outputs=lambda X: _outputs(one_sample, weights, X.astype(kind)),
        unit=UNITS[kind.name],
        rounded=lambda X: np.asarray(X.astype(kind), dtype=np.float64),
        framework="JAX",
    )


def _outputs(one_sample: Callable[..., Any], weights: Sequence[Any], X: Any) -> Floats:
    """Return the outputs for all samples, by one compiled program: step by step, JAX would compile each step of each shape."""
    jax = sys.modules["jax"]
    found = np.asarray(jax.jit(jax.vmap(one_sample, (None, 0)))(list(weights), jax.numpy.asarray(X)), dtype=np.float64)
    return found.reshape(-1, 1) if found.ndim == 1 else found
