r"""Hidden units that are level at some samples: of slope ``σ'(z_u(i)) = 0``, as sin at ``z = π/2``.

A gradient vanishes where either the slope of a unit does or what comes back to it. The slope is an equation of its own: ``σ'(z_u(i)) = 0`` at one
sample, and ``z_u(k) = z_u(i)`` at the others at which the unit is level at the same z. Where these hold, ``P`` is that of units with the slope 0 and one
value at these samples, and that matrix obeys more identities than ``P`` itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.numerics.fields.field import Array, Field
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import Evaluation, evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_FLAT, _BENT = 1e-6, 1e-3
_SAME, _ALWAYS_SAME = 1e-6, 1e-9


@dataclass(frozen=True)
class Level:
    """A unit of hidden layer ``layer``, and samples at which its z are one zero of σ': so many equations.

    ``alike`` are all pairs of a sample and a unit of the layer whose z is the same as one of these, for all weights of a family: them included.
    """

    layer: int
    unit: int
    samples: tuple[int, ...]
    alike: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class LevelEvaluation(Evaluation):
    """A pass in which units have one value and the slope 0 wherever they are ``level``."""

    level: tuple[Level, ...] = ()

    def _activate(self, l: int, order: int) -> Array:
        found = super()._activate(l, order)
        for one in self.level:
            if one.layer == l and order < 2:
                rows, units = np.array(one.alike).T
                found[rows, units] = found[one.samples[0], one.unit] if order == 0 else self.field.embed(Fraction(0))
        return found


def level_pass(problem: Problem, weights: Weights, field: Field, level: tuple[Level, ...] = ()) -> Evaluation:
    """Return the pass over all samples, with units as they are where they are level."""
    passed = evaluate(problem.architecture, problem.samples, weights, field)
    return LevelEvaluation(passed.architecture, field, passed.inputs, passed.layers, passed.strip_output, level) if level else passed


def level_units(problem: Problem, weights: Weights, members: Sequence[Weights]) -> tuple[Level, ...]:
    """Return the level units of weights, as far as doubles can tell: simple zeros of σ'. The other ``members`` of a family tell which z are always the same.

    None where an activation lacks a second derivative somewhere.
    """
    a, found = problem.architecture, list[Level]()
    if a.kinked_layers(2) or a.L == 1:
        return ()
    for l in range(1, a.L):
        first, *others = (level_pass(problem, each, Float64Field(), tuple(found)) for each in (weights, *members))
        z = first.z[l]
        flat = (np.abs(first.slope[l]) <= _FLAT) & (np.abs(first.curvature[l]) > _BENT)
        left = [(i, u) for u in range(a.widths[l]) for i in range(problem.T) if flat[i, u]]
        while left:
            i, u = left[0]
            near = [(k, u) for k, v in left if v == u and abs(z[k, u] - z[i, u]) <= _SAME]
            chosen = list[tuple[int, int]]()
            for place in near:
                if not any(_always_same(others, l, place, other) for other in chosen):
                    chosen.append(place)
            alike = [place for place in left if any(_always_same(others, l, place, other) for other in chosen)]
            found.append(Level(l, u, tuple(k for k, _ in chosen), tuple(alike)))
            left = [place for place in left if place not in alike]
    return tuple(found)


def _always_same(passes: Sequence[Evaluation], l: int, first: tuple[int, int], second: tuple[int, int]) -> bool:
    return all(abs(each.z[l][first] - each.z[l][second]) <= _ALWAYS_SAME * (1 + abs(each.z[l][first])) for each in passes)


def level_values(evaluation: Evaluation, level: Sequence[Level]) -> list[Any]:
    """Return for each level unit in turn its slope at the first of its samples, and how much z at the others differs from that there."""
    found = list[Any]()
    for one in level:
        z, (first, *others) = evaluation.z[one.layer][:, one.unit], one.samples
        found += [evaluation.slope[one.layer][first, one.unit], *(z[k] - z[first] for k in others)]
    return found


def level_derivatives(evaluation: Evaluation, level: Sequence[Level]) -> Iterator[Array]:
    """Yield the derivatives by all weights of the `level_values`, each of shape ``(N_net,)``."""
    for one in level:
        rates, (first, *others) = _input_rates(evaluation, one.layer, one.unit), one.samples
        yield rates[:, first] * evaluation.curvature[one.layer][first, one.unit]
        yield from (rates[:, k] - rates[:, first] for k in others)


def _input_rates(evaluation: Evaluation, l: int, unit: int) -> Array:
    """Return the derivatives of ``z_unit`` of layer l at all samples by all weights, of shape ``(N_net, T)``; those of layers from l + 1 on are 0."""
    whole = evaluation.architecture
    a = Architecture(whole.widths[: l + 1], whole.activation, activation_named("identity"), whole.bias)
    below = replace(evaluation, architecture=a, layers=evaluation.layers[:l], strip_output=True)
    rates = evaluation.field.finalize(jacobian(below)).reshape(a.N_net, evaluation.T, a.n_L)[:, :, unit]
    return np.concatenate([rates, np.zeros((whole.N_net - a.N_net, evaluation.T), dtype=rates.dtype)])
