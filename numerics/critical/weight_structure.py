"""Zeros and merged units of weights, made exact.

A hidden layer may hold units that are equal, each feeding a share of one outgoing row: such a point is the picture of a point of a smaller
network (Fukumizu and Amari 2000). With zeros dropped as well, every weight is then a fixed multiple of one coordinate of a smaller point, and
Newton steps in those coordinates keep the structure exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.weight_vectors import unit_blocks
from lossproof.theory.problem.problem import Problem

_SHARE_UNIT = 1024
_KEPT_BITS = 41
_LARGEST_SHARE = 4.0


@dataclass(frozen=True, eq=False)
class Structure:
    """``W[j] = factor[j] · u[place[j]]`` for the coordinates ``u``, or ``W[j] = 0`` where ``place[j]`` is ``-1``.

    ``merged`` marks coordinates that are shared out among several weights: they are kept short, so that the products are exact doubles.
    """

    place: Array
    factor: Array
    merged: Array

    @cached_property
    def matrix(self) -> Array:
        """The matrix ``A`` of ``W = A u``."""
        A = np.zeros((self.place.size, self.merged.size))
        rows = np.flatnonzero(self.place >= 0)
        A[rows, self.place[rows]] = self.factor[rows]
        return A

    def expanded(self, u: Array) -> Array:
        """Return the weights of coordinates ``u``."""
        return np.where(self.place >= 0, self.factor * np.append(u, 0.0)[self.place], 0.0) + 0.0

    def reduced(self, weights: Array) -> Array:
        """Return the coordinates whose weights are nearest."""
        return np.asarray((self.matrix.T @ weights) / np.sum(self.matrix**2, axis=0))

    def rounded(self, u: Array) -> Array:
        """Return ``u`` with the coordinates that are shared out rounded to 41 bits."""
        mantissas, exponents = np.frexp(u)
        return np.where(self.merged, np.ldexp(np.round(np.ldexp(mantissas, _KEPT_BITS)), exponents - _KEPT_BITS), u)

    def equals(self, other: Structure) -> bool:
        """Tell whether two structures are the same."""
        return np.array_equal(self.place, other.place) and np.array_equal(self.factor, other.factor)


def structure_of(problem: Problem, weights: Array, tolerance: float) -> Structure:
    """Return the zeros and the merged units of weights, as seen with a tolerance relative to ``max(1, |W|_∞)``.

    Units count as merged when their incoming weights agree, in a common sign, and their outgoing rows are multiples of the rows' sum, which must
    not be 0. The multiples become multiples of ``1/1024`` with sum 1. With tolerance 0 nothing is dropped or merged.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-2-1", "tanh", bias="none"), error_named("squared"), Samples.of([[1]], [[5]]))
    >>> found = structure_of(problem, np.array([1.0, 1.0 + 1e-9, 3.0, 1.0]), 1e-7)
    >>> found.place.tolist(), found.factor.tolist()
    ([0, 0, 1, 1], [1.0, 1.0, 0.75, 0.25])
    """
    allowed = tolerance * max(1.0, float(np.max(np.abs(weights))))
    blocks = unit_blocks(problem.architecture, weights)
    a, n_0 = problem.architecture, problem.architecture.widths[0]
    heads, shares = list(range(n_0)), np.ones(n_0)
    places: list[Array] = []
    factors: list[Array] = []
    offset = 0
    for l, block in enumerate(blocks, start=1):
        before_heads, before_shares = heads, shares
        n = a.widths[l]
        grouped = l < a.L and tolerance > 0 and a.moves_units(l)
        heads, shares = _groups(problem, blocks, l, allowed) if grouped else (list(range(n)), np.ones(n))
        columns = [*before_heads, a.widths[l - 1]][: block.shape[1]]
        place = np.array([[offset + heads[k] * block.shape[1] + column for column in columns] for k in range(n)], dtype=np.intp)
        places.append(place.ravel())
        factors.append(np.tile(np.append(before_shares, 1.0)[: block.shape[1]], (n, 1)).ravel())
        offset += block.size
    return _compressed(np.concatenate(places), np.concatenate(factors), weights, allowed)


def _compressed(place: Array, factor: Array, weights: Array, allowed: float) -> Structure:
    """Number the coordinates that are in use and not near 0."""
    products, squares = np.zeros(weights.size), np.zeros(weights.size)
    np.add.at(products, place, factor * weights)
    np.add.at(squares, place, factor * factor)
    used = squares > 0
    u = np.where(used, products / np.where(used, squares, 1.0), 0.0)
    kept = used & ((np.abs(u) > allowed) if allowed > 0 else True)
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    merged = np.zeros(weights.size, dtype=bool)
    merged[place[factor != 1]] = True
    return Structure(number[place], factor, merged[kept])


def _groups(problem: Problem, blocks: list[Array], l: int, allowed: float) -> tuple[list[int], Array]:
    """Return for each unit of hidden layer ``l`` the first unit of its group, and its share."""
    n = problem.architecture.widths[l]
    heads, shares, fixed = list(range(n)), np.ones(n), problem.constants(l)
    for k in range(n):
        if heads[k] != k:
            continue
        group = [
            j
            for j in range(k, n)
            if heads[j] == j and np.max(np.abs(blocks[l - 1][j] - blocks[l - 1][k])) <= allowed and (fixed is None or fixed[j] == fixed[k])
        ]
        found = _shares(blocks[l][:, group], allowed) if len(group) > 1 else None
        if found is not None:
            for j, share in zip(group, found, strict=True):
                heads[j], shares[j] = k, share
    return heads, shares


def _shares(rows: Array, allowed: float) -> Array | None:
    """Return the shares of the columns of ``rows`` in their sum, or None when the sum is 0 or no share fits."""
    total = rows.sum(axis=1)
    size = float(total @ total)
    if size <= allowed * allowed:
        return None
    exact = rows.T @ total / size
    if np.max(np.abs(exact)) > _LARGEST_SHARE or np.max(np.abs(rows - total[:, None] * exact)) > allowed:
        return None
    shares = np.round(exact * _SHARE_UNIT) / _SHARE_UNIT
    shares[-1] = 1 - shares[:-1].sum()
    return np.asarray(shares)
