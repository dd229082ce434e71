r"""Critical points of a smaller network embedded in a wider one (Fukumizu and Amari 2000).

If the hidden units of a group have equal incoming weights and bias, and unit ``i`` has the outgoing weights ``λ_i v`` with ``Σ λ_i = 1``, the
network computes what the smaller one does with a single unit ``(w, v)``. Its gradient is ``∂J/∂w_i = λ_i ∂J/∂w`` and ``∂J/∂v_i = ∂J/∂v``, so it is
critical for all shares ``λ`` as soon as the smaller network is. The shares form a manifold of critical points with one loss, of dimension one less
than the group's size if ``v ≠ 0``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lossproof.numerics.critical.box import refined_weights
from lossproof.numerics.fields.float64 import nearest_double
from lossproof.theory.problem.numbers import Number
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

_CLOSE = 1e-5
_SHARE_BITS = 20
_EDGE = Fraction(1, 1000)


@dataclass(frozen=True)
class Grouping:
    """A hidden layer's units in groups, and each unit's share of its group's outgoing weights."""

    layer: int
    groups: tuple[tuple[int, ...], ...]
    shares: tuple[Fraction, ...]


def with_merged_units(problem: Problem, weights: Weights) -> Weights | None:
    """Return weights near the given ones with units merged exactly, refined in the smaller network; None where no units of a layer are nearly equal.

    Layer by layer, units with nearly equal incoming weights are taken as one, whose outgoing weights they share. The result is a guess: a proof has to follow.
    """
    for layer in range(1, problem.architecture.L):
        grouping = _grouping(problem, weights, layer)
        if grouping is not None:
            inner = merged_weights(problem, weights, grouping)
            refined = refined_weights(merged_problem(problem, grouping), inner)
            return embedded_weights(problem, inner if refined is None else refined, grouping)
    return None


def merged_problem(problem: Problem, grouping: Grouping) -> Problem:
    """Return the problem in which each group is one unit."""
    return problem.with_units(grouping.layer, [group[0] for group in grouping.groups])


def merged_weights(problem: Problem, weights: Weights, grouping: Grouping) -> Weights:
    """Return the smaller network's weights: incoming ones of each group's first unit, outgoing ones added up."""
    layers, l = list(weights.layers), grouping.layer
    before, behind = layers[l - 1], layers[l]
    firsts = [group[0] for group in grouping.groups]
    layers[l - 1] = Layer(tuple(tuple(row[k] for k in firsts) for row in before.W), tuple(before.b[k] for k in firsts))
    sums = tuple(
        tuple(sum((_rational(behind.W[i][j]) for i in group), Fraction(0)) for j in range(len(behind.W[0]))) for group in grouping.groups
    )
    layers[l] = Layer(sums, behind.b)
    return Weights(tuple(layers))


def embedded_weights(problem: Problem, inner: Weights, grouping: Grouping) -> Weights:
    """Return the wide network's weights: incoming ones copied, outgoing ones shared out."""
    layers, l = list(inner.layers), grouping.layer
    place = {unit: k for k, group in enumerate(grouping.groups) for unit in group}
    units = range(problem.architecture.widths[l])
    before, behind = layers[l - 1], layers[l]
    layers[l - 1] = Layer(tuple(tuple(row[place[i]] for i in units) for row in before.W), tuple(before.b[place[i]] for i in units))
    layers[l] = Layer(tuple(tuple(grouping.shares[i] * _rational(v) for v in behind.W[place[i]]) for i in units), behind.b)
    return Weights(tuple(layers))


def _rational(value: object) -> Fraction:
    if not isinstance(value, Fraction):
        raise TypeError(f"outgoing weights must be rational to be added up, got {value}: give floats or fractions")
    return value


def _grouping(problem: Problem, weights: Weights, layer: int) -> Grouping | None:
    before, behind = weights.layers[layer - 1], weights.layers[layer]
    if not all(isinstance(v, Fraction) for row in behind.W for v in row):
        return None
    incoming = [(*(row[i] for row in before.W), before.b[i]) for i in range(problem.architecture.widths[layer])]
    groups = _groups_of(incoming)
    if len(groups) == len(incoming):
        return None
    shares: list[Fraction] = [Fraction(1)] * len(incoming)
    for group in groups:
        found = _shares([[_rational(v) for v in behind.W[i]] for i in group])
        if found is None:
            return None
        for i, share in zip(group, found, strict=True):
            shares[i] = share
    return Grouping(layer, groups, tuple(shares))


def _groups_of(incoming: Sequence[tuple[Number, ...]]) -> tuple[tuple[int, ...], ...]:
    """Return the units in groups of columns that lie close to the first of the group."""
    floats = np.array([[nearest_double(entry) for entry in column] for column in incoming])
    near = _CLOSE * (1 + np.max(np.abs(floats), axis=1))
    groups: list[list[int]] = []
    for i in range(len(incoming)):
        firsts = [group[0] for group in groups]
        with np.errstate(all="ignore"):
            close = np.flatnonzero(np.max(np.abs(floats[firsts] - floats[i]), axis=1) < near[firsts])
        if close.size:
            groups[close[0]].append(i)
        else:
            groups.append([i])
    return tuple(map(tuple, groups))


def _shares(rows: list[list[Fraction]]) -> list[Fraction] | None:
    """Return short ``λ_i`` of sum 1 with ``rows_i = λ_i Σ rows`` nearly; None where there are none, or the sum is nearly 0.

    A share of about 0 is no good choice: the Hessian is degenerate beyond the manifold there. Equal shares are then taken, on the same manifold.
    """
    total = [sum(column, Fraction(0)) for column in zip(*rows, strict=True)]
    j = max(range(len(total)), key=lambda k: abs(total[k]))
    largest = max(abs(v) for row in rows for v in row)
    if total[j] == 0 or abs(total[j]) < largest * Fraction(1, 10**6):
        return None
    shares = [row[j] / total[j] for row in rows]
    nearly = all(
        abs(v - share * t) < Fraction(1, 10**5) * (1 + largest)
        for row, share in zip(rows, shares, strict=True)
        for v, t in zip(row, total, strict=True)
    )
    short = [Fraction(round(share * 2**_SHARE_BITS), 2**_SHARE_BITS) for share in shares[:-1]]
    short.append(1 - sum(short, Fraction(0)))
    if len(short) > 1 and any(abs(share) < _EDGE for share in short):
        short = [Fraction(1, len(short))] * len(short)
    return short if nearly else None
