r"""Symmetries of the loss: permutations of hidden units, signs, and the scaling of homogeneous units.

A hidden unit of a layer with ``σ(−z) = a σ(z) + c``, ``a = ±1``, may be turned over: ``w → −w``, ``b → −b`` for its incoming weights, ``v → a v`` for
its outgoing ones and ``b' → b' + c v`` for the next bias, since ``v σ(z) = a v σ(−z) + c v`` with ``c = 0`` when ``a = 1``. A unit with ``σ(αz) =
α^κ σ(z)`` for ``α > 0`` may be rescaled: ``w, b → αw, αb`` and ``v → α^{−κ} v``. A fixed bias belongs to the problem: units may
only be exchanged when their fixed biases agree, and turned over or rescaled when their fixed bias is 0. So do frozen layers: units beside one may only be
exchanged when their weights in it agree, turned over where that moves none of these, and never rescaled. With weight decay no unit may be rescaled, nor a bias
with a rate above 0 be shifted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.weight_vectors import layer_blocks, rows_of_blocks
from lossproof.theory.problem.problem import Problem

_NEAR = 1e-7
_CLEARLY_LARGE = 0.9
_TRIES = 2000
_LARGEST_BIAS = 8.0


def canonical_weights(problem: Problem, flat: Array) -> Array:
    """Return the same network with its hidden units turned over and sorted in a fixed way, layer by layer.

    ``flat`` are the trainable weights in the order of the rows of ``P``. Of each unit the first large entry (at least 0.9 of the largest) of its
    incoming weights with the bias is positive, or, where those are all within ``1e-7`` of the largest weight from 0, of its outgoing
    weights; units are sorted by incoming weights, then bias, then outgoing weights, entries that differ by less than that counting
    as equal. Networks that are equal up to symmetry and to less than that get forms that are nearly always close; `same_up_to_symmetry`
    decides without such chance.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-2-1", "sigmoid")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))
    >>> canonical_weights(problem, np.array([3.0, 1.0, -2.0, 1.0, 7.0, 5.0, 1.0])).tolist()  # 5σ(−2x + 1) = 5 − 5σ(2x − 1)
    [2.0, -1.0, 3.0, 1.0, -5.0, 7.0, 6.0]
    """
    blocks = layer_blocks(problem, np.array(flat, dtype=np.float64))
    _canonise(problem, blocks)
    return rows_of_blocks(problem, blocks)


def same_up_to_symmetry(problem: Problem, first: Array, second: Array, tolerance: float) -> bool:
    """Tell whether permutations and signs bring ``second`` within ``tolerance · max(1, |first|_∞)`` of ``first`` in every entry.

    Units are matched layer by layer, with every matching tried, so that near ties do no harm. True comes with such a matching; False may, in
    networks of several hidden layers with many equal units, also mean that 2000 matchings failed.
    """
    if not (np.all(np.isfinite(first)) and np.all(np.isfinite(second))):
        return False
    allowed = tolerance * max(1.0, float(np.max(np.abs(first))))
    tries = iter(range(_TRIES))
    return _matches(problem, layer_blocks(problem, first), layer_blocks(problem, second), 1, allowed, tries)


@np.errstate(all="ignore")
def balanced_weights(problem: Problem, flat: Array) -> Array:
    """Return the same network with every unit of a homogeneous hidden layer rescaled, so that points of one scaling family become equal.

    The largest incoming weight is made ``±1``, or smaller where the bias would exceed 8: ``max(|w|_∞, |b|/8) = 1``. Applies to relu, leaky-relu and power
    (the identity is its case ``κ = 1``) with the bias trainable, absent or fixed at 0. A unit without incoming weights and bias stays as it is.
    Weights of other networks return unchanged. An entry that leaves the range of doubles becomes infinite or 0.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1-1", "power:2"), error_named("squared"), Samples.of([[1]], [[5]]))
    >>> balanced_weights(problem, np.array([-2.0, 6.0, 3.0, 1.0])).tolist()
    [-1.0, 3.0, 12.0, 1.0]
    """
    blocks = layer_blocks(problem, np.array(flat, dtype=np.float64))
    a = problem.architecture
    for l in range(1, a.L):
        degree = homogeneity(problem, l)
        for k in range(a.widths[l]) if degree is not None else ():
            row = blocks[l - 1][k]
            largest = max(float(np.max(np.abs(row[: a.widths[l - 1]]))), float(np.max(np.abs(row))) / _LARGEST_BIAS)
            if largest > 0 and _fixed_bias(problem, l, k) == 0:
                blocks[l - 1][k] = row / largest
                blocks[l][:, k] *= np.float64(largest) ** (degree or 0)
    return rows_of_blocks(problem, blocks)


def homogeneity(problem: Problem, l: int) -> int | None:
    """Return ``κ`` with ``σ(αz) = α^κ σ(z)`` for all ``α > 0`` in hidden layer ``l``, or None where its units are not scaled.

    They are not without a hidden layer, beside a frozen layer, or with weight decay.
    """
    a = problem.architecture
    return None if a.L == 1 or problem.decay is not None or not a.moves_units(l) else a.activation_of(l).homogeneity


def unit_signs(problem: Problem, l: int, k: int) -> tuple[int, ...]:
    """Return the signs that the incoming weights of unit ``k`` of hidden layer ``l`` may be multiplied by: ``(1,)`` or ``(1, -1)``."""
    a, reflection = problem.architecture, problem.architecture.activation_of(l).reflection
    if l in a.frozen or (l + 1 in a.frozen and reflection != (1, 0, 0)):
        return (1,)
    if reflection is None or reflection[1] != 0 or (reflection[2] != 0 and (not a.bias_rows_of(l + 1) or _decays_bias(problem, l + 1))):
        return (1,)
    return (1, -1) if _fixed_bias(problem, l, k) == 0 else (1,)


def _decays_bias(problem: Problem, l: int) -> bool:
    """Tell whether a penalty holds the biases of a layer, so that they may not be shifted."""
    return problem.decay is not None and problem.decay.layers[l - 1][1] > 0


def _fixed_bias(problem: Problem, l: int, k: int) -> object:
    constants = problem.constants(l)
    return 0 if constants is None else constants[k]


def _held(problem: Problem, l: int, k: int) -> tuple[object, ...]:
    """Return what the problem holds of unit ``k`` of hidden layer ``l``: its fixed bias, and its weights in frozen layers on either side."""
    before, behind = problem.frozen_layer(l), problem.frozen_layer(l + 1)
    incoming = () if before is None else tuple(row[k] for row in before.W)
    return (_fixed_bias(problem, l, k), incoming, () if behind is None else behind.W[k])


def _turn(problem: Problem, blocks: list[Array], l: int, k: int) -> None:
    """Turn unit ``k`` of hidden layer ``l`` over, in place."""
    reflection = problem.architecture.activation_of(l).reflection
    a, _, c = reflection if reflection is not None else (1, 0, 0)
    blocks[l - 1][k] = -blocks[l - 1][k]
    if c:
        blocks[l][:, -1] = blocks[l][:, -1] + c * blocks[l][:, k]
    blocks[l][:, k] = a * blocks[l][:, k]


def _reorder(blocks: list[Array], l: int, order: list[int]) -> None:
    """Sort the units of hidden layer ``l`` in place: place ``i`` receives unit ``order[i]``."""
    blocks[l - 1][:] = blocks[l - 1][order]
    blocks[l][:, : len(order)] = blocks[l][:, order]


def _canonise(problem: Problem, blocks: list[Array]) -> None:
    """Bring ``blocks`` into canonical form in place."""
    near = _NEAR * max((float(np.max(np.abs(block))) for block in blocks), default=0.0)
    for l in range(1, problem.architecture.L):
        for k in range(problem.architecture.widths[l]):
            if -1 in unit_signs(problem, l, k) and _points_down(problem, blocks, l, k, near):
                _turn(problem, blocks, l, k)
        _reorder(blocks, l, _canonical_order(problem, blocks, l, near))


def _points_down(problem: Problem, blocks: list[Array], l: int, k: int, near: float) -> bool:
    deciding = [blocks[l - 1][k]]
    if problem.architecture.activation_of(l).reflection not in (None, (1, 0, 0)):
        deciding.append(blocks[l][:, k])
    for entries in deciding:
        sizes = np.abs(entries)
        if sizes.max() > near:
            return bool(entries[int(np.argmax(sizes >= _CLEARLY_LARGE * sizes.max()))] < 0)
    return False


def _canonical_order(problem: Problem, blocks: list[Array], l: int, near: float) -> list[int]:
    """Sort the units within each set of places of which the problem holds the same."""
    n = problem.architecture.widths[l]
    keys = np.concatenate([blocks[l - 1], blocks[l][:, :n].T], axis=1)
    places: dict[object, list[int]] = {}
    for k in range(n):
        places.setdefault(_held(problem, l, k), []).append(k)
    order = list(range(n))
    for equal in places.values():
        for place, unit in zip(equal, _sorted_with_ties(keys, equal, near, 0), strict=True):
            order[place] = unit
    return order


def _sorted_with_ties(keys: Array, units: list[int], near: float, column: int) -> list[int]:
    """Sort lexicographically by ``keys[unit]``, going on to the next column among entries that follow each other within ``near``."""
    if column == keys.shape[1] or len(units) < 2:
        return units
    ordered = sorted(units, key=lambda unit: (float(keys[unit, column]), unit))
    runs = [[ordered[0]]]
    for before, unit in pairwise(ordered):
        if keys[unit, column] - keys[before, column] > near:
            runs.append([])
        runs[-1].append(unit)
    return [unit for run in runs for unit in _sorted_with_ties(keys, run, near, column + 1)]


def _matches(problem: Problem, first: list[Array], second: list[Array], l: int, allowed: float, tries: Iterator[int]) -> bool:
    """Match hidden layer ``l`` and those above it; the incoming weights of ``l`` are comparable already."""
    a = problem.architecture
    if l == a.L:
        return next(tries, None) is not None and bool(np.max(np.abs(first[l - 1] - second[l - 1])) <= allowed)
    choices = [_partners(problem, first, second, l, k, allowed) for k in range(a.widths[l])]
    for matching in _matchings(choices, [], tries):
        moved = [block.copy() for block in second]
        for unit, turned in matching:
            if turned:
                _turn(problem, moved, l, unit)
        _reorder(moved, l, [unit for unit, _ in matching])
        if _matches(problem, first, moved, l + 1, allowed, tries):
            return True
    return False


def _partners(problem: Problem, first: list[Array], second: list[Array], l: int, k: int, allowed: float) -> list[tuple[int, bool]]:
    """Return the units of ``second`` that unit ``k`` of ``first`` may stand for, each with whether it is turned over."""
    found, last_hidden = [], l == problem.architecture.L - 1
    reflection = problem.architecture.activation_of(l).reflection
    for j in range(problem.architecture.widths[l]):
        if _held(problem, l, j) != _held(problem, l, k):
            continue
        for sign in unit_signs(problem, l, j):
            out = second[l][:, j] * (reflection[0] if sign < 0 and reflection is not None else 1)
            near = np.max(np.abs(first[l - 1][k] - sign * second[l - 1][j])) <= allowed
            if near and (not last_hidden or np.max(np.abs(first[l][:, k] - out)) <= allowed):
                found.append((j, sign < 0))
    return found


def _matchings(
    choices: list[list[tuple[int, bool]]], chosen: list[tuple[int, bool]], tries: Iterator[int]
) -> Iterator[list[tuple[int, bool]]]:
    """Yield the ways to give every unit a partner of its own."""
    if len(chosen) == len(choices):
        yield chosen
        return
    for partner in choices[len(chosen)]:
        if all(partner[0] != unit for unit, _ in chosen):
            if next(tries, None) is None:
                return
            yield from _matchings(choices, [*chosen, partner], tries)
