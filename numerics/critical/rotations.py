r"""Rotations of hidden units that keep the loss with weight decay, and the weights to hold so that critical points are isolated up to them.

Units of one layer that have one slope at each sample, on pieces whose lines meet in the origin, act on the outputs through ``Σ_k s(i) (w_k·φ̃(i)) v_k``. With
the rows ``M_k = (w_k, b_k, v_k)`` that is, as the penalty ``½ Σ_ka ρ_a M_ka²`` is, a function of ``MᵀM``: rotations of the rows change neither. At n rows of
rank r they move M along a manifold of dimension ``(n − 1) + … + (n − r)``. With pivots, units ``j_1, …, j_r`` and columns ``f_1, …, f_r``, the entries
``M_k f_i`` are held for all other units k and the later pivots: by complete pivoting the leading minors are not 0, and then the fields of the rotations of
``j_i`` and k have an invertible matrix at these.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.rest import samples_at_rest
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.weight_vectors import flat_weights, unit_blocks
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_NEAR_KINK, _DEPENDENT = 1e-9, 1e-6
"""Units whose z is at some sample so much smaller than at others are on their kink; rows that are, less others, so small beside the largest depend on them."""


class Turn(NamedTuple):
    """A weight to hold, which leads into a hidden unit, and another unit of its layer with which that may be rotated."""

    weight: int
    partner: int


def turns_of(problem: Problem, weights: Weights, *, on_kinks: bool = False) -> tuple[Turn, ...]:
    """Return the weights to hold, as rows of ``P``, each with its partner; none without weight decay, and none of units that are 0 at all samples.

    Units that are on their kink at some samples are left out, or with ``on_kinks`` alone looked at, if they are there at the same samples.

    Only doubles are looked at: nothing is proved.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.decay import Decay
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-3-1", "relu", bias="none")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]), decay=Decay.of(1, a))
    >>> turns_of(problem, Weights.of(a, [([[1, 2, -1]], [0, 0, 0]), ([[1], [2], [1]], [0])]))
    (Turn(weight=0, partner=1),)
    """
    a = problem.architecture
    hidden = range(1, a.L) if not a.frozen else ()
    lines = [l for l in hidden if a.hidden[l - 1].homogeneity == 1 and a.hidden[l - 1].affine_pieces and a.biases[l - 1] != "fixed"]
    if problem.decay is None or not lines or beyond_doubles(problem, weights) is not None:
        return ()
    with np.errstate(all="ignore"):
        z = evaluate(a, problem.samples, weights, Float64Field()).z
    blocks, found, below = unit_blocks(a, flat_weights(problem, weights)), list[Turn](), 0
    for l in range(1, a.L):
        if l in lines:
            moving = np.delete(np.asarray(z[l]), list(samples_at_rest(problem, l)), axis=0)
            for units in _alike(problem, l, moving, on_kinks=on_kinks):
                rows = np.hstack([blocks[l - 1][units], blocks[l][:, units].T])
                found += [Turn(below + units[k] * a.fan_in(l) + f, units[j]) for k, f, j in _held(rows, a.fan_in(l))]
        below += a.fan_in(l) * a.widths[l]
    return tuple(sorted(found))


def written_gauge(problem: Problem, weights: Weights, fixed: tuple[int, ...]) -> list[int | list[int]]:
    """Return the weights that are held in the form of a certificate: those of `turns_of` in pairs with their partners."""
    partners = dict((*turns_of(problem, weights), *turns_of(problem, weights, on_kinks=True)))
    return [[k, partners[k]] if k in partners else k for k in fixed]


def _alike(problem: Problem, l: int, z: Array, *, on_kinks: bool) -> list[list[int]]:
    """Return the units of a layer in groups of at least two that are on the same sides of the kink at all samples, and not on it, or on it at some."""
    record, groups = problem.architecture.hidden[l - 1], dict[bytes, list[int]]()
    near = _NEAR_KINK * np.max(np.abs(z), axis=0, initial=0.0)
    sides = np.where(np.abs(z) <= near, 0.0, np.sign(z)) if record.kinks(1) else np.ones_like(z)
    silent = {side for side, piece in zip((-1.0, 1.0), record.affine_pieces, strict=False) if piece.slope == 0}
    for k, side in enumerate(sides.T):
        if bool(np.any(side == 0)) == on_kinks and np.any(side != 0) and not silent.issuperset(side):
            groups.setdefault(side.tobytes(), []).append(k)
    return [units for units in groups.values() if len(units) > 1]


def _held(rows: Array, columns: int) -> list[tuple[int, int, int]]:
    """Return ``(k, f, j)`` for the entries to hold: row k and column f, one of the first so many, and the pivot row j; by complete pivoting."""
    left, found, pivots = rows.copy(), list[tuple[int, int, int]](), list[int]()
    least = _DEPENDENT * float(np.max(np.abs(rows)))
    while len(pivots) < len(rows) - 1:
        j, f = (int(x) for x in np.unravel_index(int(np.argmax(np.abs(left[:, :columns]))), left[:, :columns].shape))
        if not abs(left[j, f]) > least:
            break
        pivots.append(j)
        found += [(k, f, j) for k in range(len(rows)) if k not in pivots]
        left = left - np.outer(left[:, f] / left[j, f], left[j])
        left[:, f] = left[j] = 0
    return found
