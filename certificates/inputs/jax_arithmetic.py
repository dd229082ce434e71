"""Arithmetic with constants in the graph of a JAX function."""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.certificates.inputs.jax_graph import Step
from lossproof.certificates.inputs.layers import Scaling, exact_vector

_WRITTEN_ANEW = ("broadcast_in_dim", "reshape", "convert_element_type", "copy")


def is_one_output(step: Step, shape: tuple[int, ...]) -> bool:
    """Tell whether a step makes a number of the row of one output that each sample has in a value of this shape."""
    return step.primitive in ("squeeze", "reshape") and shape[-1:] == (1,) and step.avals[0][0] == shape[:-1]


def keep_constant(step: Step, constants: MutableMapping[int, Any]) -> None:
    """Keep a constant that a step only writes in another shape, with one number for all units or one for each, or in another type; others are left out."""
    if step.primitive not in _WRITTEN_ANEW or not all(hasattr(given, "val") or given in constants for given in step.inputs):
        return
    value = _value(step.inputs[0], constants)
    shape, kind = step.avals[0]
    in_a_row = value.size == 1 or (value.ndim > 0 and value.size == value.shape[-1] == shape[-1])
    if step.primitive == "broadcast_in_dim" and value.size > 1:
        in_a_row = in_a_row and step.params["broadcast_dimensions"][-1] == len(shape) - 1
    if in_a_row:
        constants[step.outputs[0]] = value.reshape(-1).astype(kind)


def arithmetic_of(step: Step, place: int, constants: Mapping[int, Any], name: str, units: int) -> Scaling | None:
    """Return the scaling that arithmetic of a value, which stands at ``place``, with a constant is; None where a step is no such.

    Known are ``x + c``, ``x − c``, ``c − x``, ``x c``, ``x/c`` and ``−x``, with one number or one for each of the ``units``, taken in the type of the result.
    """
    one, zero = [Fraction(1)], [Fraction(0)]
    if step.primitive == "neg":
        return Scaling.of_constants(name, [Fraction(-1)], zero)
    if step.primitive not in ("add", "sub", "mul", "div") or len(step.inputs) != 2 or (place == 1 and step.primitive == "div"):
        return None
    given = step.inputs[1 - place]
    if not hasattr(given, "val") and given not in constants:
        return None
    held = _value(given, constants).astype(step.avals[0][1])
    if held.size not in (1, units) or (held.ndim and held.size != held.shape[-1]):
        return None
    values = exact_vector(held.astype(np.float64).reshape(-1).tolist(), name)
    if step.primitive == "mul":
        return Scaling.of_constants(name, values, zero * len(values))
    if step.primitive == "div":
        return None if 0 in values else Scaling.of_constants(name, [1 / c for c in values], zero * len(values))
    scale = [Fraction(-1)] if step.primitive == "sub" and place == 1 else one
    shift = [-c for c in values] if step.primitive == "sub" and place == 0 else values
    return Scaling.of_constants(name, scale * len(values), shift)


def contracts_rows(step: Step, place: int, dimensions: int) -> bool | None:
    """Tell of a product of samples, which stand at ``place``, and a matrix whether it sums over rows of the matrix, as ``x W`` does, or over columns.

    None where it is no such product, or gives other than one row a sample.
    """
    if step.primitive != "dot_general" or (place == 1 and dimensions == 2):
        return None
    contracted, batch = step.params["dimension_numbers"]
    if batch != ((), ()) or contracted[place] != (dimensions - 1,) or contracted[1 - place] not in ((0,), (1,)):
        return None
    return bool(contracted[1 - place] == (0,))


def roots_of(variance: Any, eps: Any) -> Any:
    """Return ``1/√(v + ε)`` as JAX computes it in the type of the statistics: where this is coarser than that of the weights, the model takes these numbers.

    A ``BatchNorm`` of ``flax.linen`` keeps statistics in 32 bits whatever its weights are.
    """
    jax = sys.modules["jax"]
    kind = eps.aval.dtype
    return jax.lax.rsqrt(jax.numpy.asarray(variance, kind) + jax.numpy.asarray(eps.val, kind))


def _value(given: Any, constants: Mapping[int, Any]) -> Any:
    return np.asarray(given.val, given.aval.dtype) if hasattr(given, "val") else np.asarray(constants[given])
