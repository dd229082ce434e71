"""The layers of a JAX function of weights and samples, in the graph that ``jax.make_jaxpr`` traces of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from lossproof.certificates.inputs.layers import Affine, Elementwise, Layer
from lossproof.certificates.inputs.parameters import exact_array
from lossproof.theory.exceptions import InputError

_ROWS = 7
_FLOW = "the samples"
_PLAIN = {"tanh": "tanh", "logistic": "sigmoid", "sin": "sin", "erf": "erf", "atan": "arctan", "square": "power:2"}
_LIBRARY = ("relu", "softplus", "soft_sign", "silu", "elu", "mish", "hard_tanh", "log_softmax")
_OURS = {"soft_sign": "softsign", "hard_tanh": "hard-tanh", "log_softmax": "log-softmax"}
_ADVICE = {
    "stop_gradient": "what is cut off from the gradient is trained otherwise than the loss says",
    "convert_element_type": "compute in the type of the weights",
}

_Value: TypeAlias = "str | int | None"
"""What a variable of the graph holds: `_FLOW`, the number of a weight, or None for a constant."""


@dataclass
class _Chain:
    """The layers found so far of a function of ``weights``, which messages call by their ``names``; ``used`` are those that were applied."""

    weights: Sequence[Any]
    names: Sequence[str]
    layers: list[Layer] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    last: Any = None


def layers_of(function: Callable[[Sequence[Any], Any], Any], weights: Sequence[Any], names: Sequence[str], inputs: int) -> list[Layer]:
    """Return the layers of ``function(weights, x)`` for ``x`` of shape ``(T, inputs)``, a chain ``x W``, ``+ b``, activations.

    Each step must take what the step before gave, and beside it one weight as it is (a bias as a row, too), or nothing. An activation is known by its
    primitive, or by being step for step what ``jax.nn`` computes. All in one precision. Raises `InputError` for every other step, a weight that is used twice,
    and a function that JAX cannot trace.
    """
    jax = sys.modules["jax"]
    kind = weights[0].dtype
    try:
        traced = jax.make_jaxpr(function)(list(weights), jax.numpy.zeros((_ROWS, inputs), kind))
    except _untraceable() as error:
        raise InputError(
            f"a JAX model must be a function of samples that JAX can trace, got: {' '.join(str(error).split())[:160]}: "
            "give its weights as a list of pairs, with activation="
        ) from error
    graph = traced.jaxpr
    if len(graph.outvars) != 1:
        raise InputError(f"a JAX model must return one array, got {len(graph.outvars)}: return the outputs alone")
    held: dict[Any, _Value] = dict.fromkeys(graph.constvars)
    held |= {variable: k for k, variable in enumerate(graph.invars[:-1])} | {graph.invars[-1]: _FLOW}
    chain = _Chain(weights, names, last=graph.invars[-1])
    _walk(graph, held, chain, kind)
    if graph.outvars[0] is not chain.last:
        raise InputError("a JAX model must return its last layer, got something else: return it")
    return chain.layers


def _walk(graph: Any, held: dict[Any, _Value], chain: _Chain, kind: Any) -> None:
    """Append the layers of a graph to the chain; ``held`` says what its inputs are."""
    for step in graph.eqns:
        values = [None if hasattr(variable, "val") else held[variable] for variable in step.invars]
        if _FLOW not in values:
            held[step.outvars[0]] = _as_a_row(step, values, chain)
            held |= dict.fromkeys(step.outvars[1:])
            continue
        place = values.index(_FLOW)
        if step.invars[place] is not chain.last or _FLOW in values[place + 1 :] or len(step.outvars) != 1:
            raise _refused(step, chain, "an MLP is a chain, without skip connections")
        found = _activation(step, place)
        inner = step.params.get("jaxpr", step.params.get("call_jaxpr"))
        if found is not None:
            chain.layers.append(Elementwise(found, found))
        elif step.primitive.name in ("jit", "pjit") and inner is not None:
            inside: dict[Any, _Value] = dict.fromkeys(inner.jaxpr.constvars) | dict(zip(inner.jaxpr.invars, values, strict=True))
            chain.last = inner.jaxpr.invars[place]
            _walk(inner.jaxpr, inside, chain, kind)
            if inner.jaxpr.outvars[0] is not chain.last:
                raise _refused(step, chain, "an MLP is a chain of layers")
        else:
            _append_linear(step, values, place, chain, kind)
        held[step.outvars[0]], chain.last = _FLOW, step.outvars[0]


def _as_a_row(step: Any, values: Sequence[_Value], chain: _Chain) -> _Value:
    """Return the weight that a step only writes as a row ``(1, n)`` or ``(T, n)``, None for another constant. Raises `InputError` for weights computed with."""
    weights = [value for value in values if value is not None]
    if not weights:
        return None
    weight, shape = chain.weights[int(weights[0])], step.outvars[0].aval.shape
    row = weight.ndim == 1 and shape in ((1, *weight.shape), (_ROWS, *weight.shape))
    if (
        len(values) == 1
        and row
        and step.params.get("broadcast_dimensions", (1,)) == (1,)
        and step.primitive.name in ("reshape", "broadcast_in_dim")
    ):
        return weights[0]
    raise _refused(step, chain, f"the weight {chain.names[int(weights[0])]} must be applied as it is")


def _append_linear(step: Any, values: Sequence[_Value], place: int, chain: _Chain, kind: Any) -> None:
    """Append ``x W``, or put ``b`` into the layer before."""
    number = next((int(value) for value in values if value not in (None, _FLOW)), None)
    if number is None or len(values) != 2 or step.outvars[0].aval.dtype != kind or chain.weights[number].dtype != kind:
        raise _refused(step, chain)
    name = chain.names[number]
    if number in chain.used:
        raise InputError(f"the layers of a JAX model must not share weights, got {name} applied twice: untie them")
    chain.used.add(number)
    weight, layer, primitive = chain.weights[number], chain.layers[-1] if chain.layers else None, step.primitive.name
    if primitive == "dot_general" and place == 0 and step.params["dimension_numbers"] in _CONTRACTIONS and weight.ndim == 2:
        W = exact_array(weight, name)
        chain.layers.append(Affine(name, W if _CONTRACTIONS[step.params["dimension_numbers"]] else W.T, None))
    elif primitive == "add" and isinstance(layer, Affine) and layer.b is None and weight.shape == layer.W.shape[1:]:
        chain.layers[-1] = replace(layer, b=exact_array(weight, name))
    else:
        raise _refused(step, chain)


_CONTRACTIONS: Mapping[Any, bool] = {(((1,), (0,)), ((), ())): True, (((1,), (1,)), ((), ())): False}
"""``x W`` and ``x Wᵀ``, and whether it is the first."""


def _activation(step: Any, place: int) -> str | None:
    """Return the activation of ours that a step applies, None where it is none."""
    name, others = step.primitive.name, [variable for k, variable in enumerate(step.invars) if k != place]
    if not others and name in _PLAIN:
        return _PLAIN[name]
    if not others and name == "integer_pow" and step.params["y"] >= 1:
        return f"power:{step.params['y']}"
    if any(not hasattr(variable, "val") for variable in others):
        return None
    jax, shape = sys.modules["jax"], step.invars[place].aval
    zeros = jax.numpy.zeros(shape.shape, shape.dtype)
    known: dict[str, Callable[[Any], Any]] = {_OURS.get(key, key): getattr(jax.nn, key) for key in _LIBRARY}
    known[f"leaky-relu:{Fraction(float(jax.numpy.asarray(0.01, shape.dtype)))}"] = jax.nn.leaky_relu
    if len(others) == 1:
        constant = float(np.asarray(others[0].val))
        known[f"leaky-relu:{Fraction(constant)}"] = lambda z: jax.nn.leaky_relu(z, constant)
        known["relu"] = lambda z: jax.numpy.maximum(z, 0)
    return next((ours for ours, function in known.items() if _is_step(jax.make_jaxpr(function)(zeros).jaxpr, step)), None)


def _is_step(graph: Any, step: Any) -> bool:
    return len(graph.eqns) == 1 and _said(graph.eqns[0]) == _said(step)


def _said(step: Any) -> tuple[Any, ...]:
    """Return what a step computes of its variables: its primitive, its constants, and the text of graphs in it, in which variables are named anew."""
    literals = [float(np.asarray(variable.val)) if hasattr(variable, "val") else None for variable in step.invars]
    inner = [str(value) for _, value in sorted(step.params.items()) if hasattr(value, "jaxpr")]
    names = [value for _, value in sorted(step.params.items()) if isinstance(value, (str, int))]
    return step.primitive.name, literals, inner, names, [variable.aval.shape for variable in step.outvars]


def _untraceable() -> tuple[type[Exception], ...]:
    """Return what functions raise that cannot be traced, with the errors of Flax if that is imported: a dropout in training mode raises one."""
    usual = (TypeError, ValueError, RuntimeError, AttributeError, KeyError, IndexError, AssertionError)
    flax = sys.modules.get("flax.errors")
    return usual if flax is None else (*usual, flax.FlaxError)


def _refused(
    step: Any, chain: _Chain, advice: str = "write it as an MLP, or give its weights as a list of pairs, with activation="
) -> InputError:
    name = str(step.params.get("name") or step.primitive.name)[:80]
    place = f"after {chain.layers[-1].name}" if chain.layers else "before the first layer"
    return InputError(
        f"a JAX model must be a chain of linear layers and activations that lossproof has, got the step {name} {place}: "
        f"{_ADVICE.get(step.primitive.name, advice)}"
    )
