"""The activations of JAX that lossproof has, known by what JAX traces of its own functions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from lossproof.certificates.inputs.jax_graph import Pattern, Step, traced
from lossproof.certificates.inputs.layers import PROBABILITIES
from lossproof.theory.exceptions import InputError

MARK = 0.390625
"""A number of few bits that is in no function of JAX: it marks the place of a parameter in a pattern (`Pattern.marked`)."""

_PLAIN = {"tanh": "tanh", "logistic": "sigmoid", "sin": "sin", "erf": "erf", "atan": "arctan", "square": "power:2"}
_APPROXIMATE = "gelu by tanh"
RELU6 = "relu6"
"""What `activation_at` calls the function that is clipped to 0 and 6, which lossproof has between constants (`clipped`)."""
_LENGTH = 3


def known_functions(steps: Sequence[Step], start: int, shape: tuple[int, ...], kind: Any) -> Iterator[tuple[str, Pattern]]:
    """Yield what JAX makes of each activation whose primitives are those of the steps from ``start`` on, for values of this shape and type, with our name.

    The longest come first, as one may begin as another does. Primitives depend on the number of axes alone, so that one trace tells those of all widths.
    """
    wide = bool(sys.modules["jax"].config.jax_enable_x64)
    for place, primitives in _primitives(len(shape), kind, wide=wide):
        if tuple(step.primitive for step in steps[start : start + len(primitives)]) == primitives:
            yield _pattern(place, shape, kind, wide=wide)


@lru_cache(maxsize=32)
def _primitives(axes: int, kind: Any, *, wide: bool) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return the places of the functions with their primitives, the longest first; ``wide``, whether numbers may have 64 bits, is part of what JAX traces.

    Of a number, without axes, there is no softmax.
    """
    places = [place for place, (name, _) in enumerate(_functions(kind)) if axes or name not in PROBABILITIES]
    traces = [(place, _pattern(place, (_LENGTH,) * axes, kind, wide=wide)[1].graph.steps) for place in places]
    found = [(place, tuple(step.primitive for step in steps)) for place, steps in traces]
    return tuple(sorted(found, key=lambda pair: -len(pair[1])))


@lru_cache(maxsize=1024)
def _pattern(place: int, shape: tuple[int, ...], kind: Any, *, wide: bool) -> tuple[str, Pattern]:
    name, function = _functions(kind)[place]
    return name, Pattern(traced(function, sys.modules["jax"].ShapeDtypeStruct(shape, kind)), MARK)


def _functions(kind: Any) -> list[tuple[str, Callable[[Any], Any]]]:
    """Return the functions that are known, with our names."""
    jax = sys.modules["jax"]
    nn, jnp = jax.nn, jax.numpy
    return [
        ("relu", nn.relu),
        ("relu", lambda z: jnp.maximum(z, 0)),
        ("softplus", nn.softplus),
        ("softsign", nn.soft_sign),
        ("silu", nn.silu),
        ("swish", lambda z: z * nn.sigmoid(MARK * z)),
        ("elu", nn.elu),
        ("elu", lambda z: nn.elu(z, 1.0)),
        ("elu", nn.celu),
        (RELU6, nn.relu6),
        ("mish", nn.mish),
        ("hard-tanh", nn.hard_tanh),
        ("gelu", lambda z: nn.gelu(z, approximate=False)),
        (_APPROXIMATE, nn.gelu),
        ("leaky-relu", lambda z: nn.leaky_relu(z, MARK)),
        (f"leaky-relu:{Fraction(float(jnp.asarray(0.01, kind)))}", nn.leaky_relu),
        ("softmax", nn.softmax),
        ("log-softmax", nn.log_softmax),
    ]


def primitive_alone(step: Step, samples: int) -> str:
    """Return the activation that a step applies to ``samples`` where no known function of several steps begins with it; empty where it applies none such.

    This spares the functions to be traced for a network of ``tanh``.
    """
    begins_none = step.primitive in ("tanh", "sin", "atan", "erf") and step.inputs == (samples,) and not step.own_slope
    return _PLAIN[step.primitive] if begins_none else ""


def activation_at(
    steps: Sequence[Step], start: int, samples: int, known: Iterable[tuple[str, Pattern]], kind: Any
) -> tuple[str, int, int] | None:
    """Return the activation that the steps from ``start`` on apply to ``samples``, how many steps it takes and what it gives; None where they begin none.

    Parameters are the numbers that ``kind``, the type of the weights, makes of the literals. Raises `InputError` for the ``gelu`` that approximates.
    """
    for name, pattern in known:
        match = pattern.found(steps, start, samples)
        if match is not None and name == _APPROXIMATE:
            raise InputError(
                "a JAX model must have activations that lossproof has, got gelu in its approximation by tanh, which jax.nn.gelu is unless told otherwise: "
                "train with jax.nn.gelu(z, approximate=False)"
            )
        if match is not None:
            return name + "".join(f":{exact_literal(one, kind)}" for one in match.parameters[:1]), match.length, match.output
    step = steps[start]
    if step.inputs == (samples,) and not step.own_slope:
        if step.primitive in _PLAIN:
            return _PLAIN[step.primitive], 1, step.outputs[0]
        if step.primitive == "integer_pow" and step.params["y"] >= 1:
            return f"power:{step.params['y']}", 1, step.outputs[0]
    return None


def exact_literal(literal: Any, kind: Any) -> Fraction:
    """Return the number that a literal is in computations of this type."""
    return Fraction(float(np.asarray(np.asarray(literal.val, literal.aval.dtype), kind)))
