"""The steps of a JAX function, as ``jax.make_jaxpr`` traces it, one after another: compiled functions in it are opened."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Atom: TypeAlias = Any
"""What a step takes: the number of a value of the graph, or a literal of JAX, which has ``val``."""

_OPENED = {"jit": "jaxpr", "pjit": "jaxpr", "custom_jvp_call": "call_jaxpr"}


@dataclass(frozen=True)
class Step:
    """One primitive: what it takes and gives, its parameters, the ``(shape, type)`` of what it gives.

    ``name`` is what a message calls it: the outermost compiled function that it is part of, or its primitive. ``place`` names the modules around it, where the
    framework tells. ``own_slope`` tells whether it is part of a function whose derivative was defined apart from it.
    """

    primitive: str
    inputs: tuple[Atom, ...]
    outputs: tuple[int, ...]
    params: dict[str, Any]
    avals: tuple[tuple[tuple[int, ...], str], ...]
    name: str
    place: str
    own_slope: bool


@dataclass
class Graph:
    """The steps of a function, the numbers of its inputs, what it returns, and the values of the constants that it closes over by number."""

    steps: list[Step] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[Atom] = field(default_factory=list)
    constants: dict[int, Any] = field(default_factory=dict)
    count: int = 0

    def new(self) -> int:
        """Return the number of a further value."""
        self.count += 1
        return self.count


def traced(function: Callable[..., Any], *given: Any) -> Graph:
    """Return the graph of ``function`` for arguments of the shapes and types of those given. Raises whatever the function does."""
    jax = sys.modules["jax"]
    closed, graph = jax.make_jaxpr(function)(*given), Graph()
    graph.inputs = [graph.new() for _ in closed.jaxpr.invars]
    graph.outputs = _open(closed, graph.inputs, graph, "", "", own_slope=False)
    return graph


def _open(closed: Any, given: Sequence[Atom], graph: Graph, name: str, place: str, *, own_slope: bool) -> list[Atom]:
    """Append the steps of a function that is applied to ``given``, and return what it gives; values get new numbers, as one function may be applied twice."""
    held: dict[Any, Atom] = dict(zip(closed.jaxpr.invars, given, strict=True))
    for variable, value in zip(closed.jaxpr.constvars, closed.consts, strict=True):
        held[variable] = graph.new()
        graph.constants[held[variable]] = value
    for equation in closed.jaxpr.eqns:
        inputs = [variable if hasattr(variable, "val") else held[variable] for variable in equation.invars]
        primitive, params = equation.primitive.name, equation.params
        inner_place = "/".join(part for part in (place, str(equation.source_info.name_stack)) if part)
        if primitive in _OPENED:
            slope = own_slope or primitive == "custom_jvp_call"
            outputs = _open(params[_OPENED[primitive]], inputs, graph, name or str(params.get("name", "")), inner_place, own_slope=slope)
            held |= dict(zip(equation.outvars, outputs, strict=True))
            continue
        numbers = tuple(graph.new() for _ in equation.outvars)
        avals = tuple((tuple(variable.aval.shape), str(variable.aval.dtype)) for variable in equation.outvars)
        graph.steps.append(Step(primitive, tuple(inputs), numbers, params, avals, name or primitive, inner_place, own_slope))
        held |= dict(zip(equation.outvars, numbers, strict=True))
    return [variable if hasattr(variable, "val") else held[variable] for variable in closed.jaxpr.outvars]


@dataclass(frozen=True)
class Pattern:
    """What a known function computes, step by step. A literal equal to ``marked`` stands for any number; ``graph.inputs[0]`` are the samples."""

    graph: Graph
    marked: float | None = None

    def found(self, steps: Sequence[Step], start: int, samples: int) -> Match | None:
        """Return what this function is applied to, where the steps from ``start`` on are its steps exactly, applied to ``samples``; None where they are not.

        Primitives, parameters, literals, shapes and types must be equal, and values correspond one to one.
        """
        own = self.graph.steps
        if len(steps) < start + len(own) or any(a.primitive != b.primitive for a, b in zip(own, steps[start:], strict=False)):
            return None
        match = Match({self.graph.inputs[0]: samples}, len(own))
        for mine, theirs in zip(own, steps[start:], strict=False):
            if _said(mine) != _said(theirs) or not all(self._same(a, b, match) for a, b in zip(mine.inputs, theirs.inputs, strict=True)):
                return None
            match.bound |= dict(zip(mine.outputs, theirs.outputs, strict=True))
        match.output = match.bound[self.graph.outputs[0]]
        return match

    def _same(self, mine: Atom, theirs: Atom, match: Match) -> bool:
        if not hasattr(mine, "val"):
            if mine not in match.bound and mine in self.graph.inputs and not hasattr(theirs, "val"):
                match.bound[mine] = theirs
            return mine in match.bound and not hasattr(theirs, "val") and match.bound[mine] == theirs
        if not hasattr(theirs, "val") or mine.aval.dtype != theirs.aval.dtype or np.shape(mine.val) != np.shape(theirs.val):
            return False
        if self.marked is not None and np.array_equal(mine.val, self.marked):
            match.parameters.append(theirs)
            return bool(np.array_equal(match.parameters[0].val, theirs.val))
        return bool(np.array_equal(mine.val, theirs.val))


@dataclass
class Match:
    """Where a pattern was found: the values that its own stand for, how many steps it takes, what it gives, and the literals for ``marked``."""

    bound: dict[int, int]
    length: int
    output: int = 0
    parameters: list[Any] = field(default_factory=list)


def _said(step: Step) -> tuple[Any, ...]:
    """Return what a step does with its inputs, as it can be compared."""
    return step.primitive, len(step.inputs), step.avals, step.own_slope, {key: str(value) for key, value in step.params.items()}


def untraceable() -> tuple[type[Exception], ...]:
    """Return what functions raise that cannot be traced, with the errors of Flax if that is imported: a dropout in training mode raises one."""
    usual = (TypeError, ValueError, RuntimeError, AttributeError, KeyError, IndexError, AssertionError)
    flax = sys.modules.get("flax.errors")
    return usual if flax is None else (*usual, flax.FlaxError)
