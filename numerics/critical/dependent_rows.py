r"""Identities of rows of ``P`` that are dependent because they are more than the different inputs, by Cramer's rule.

All rows of a unit u of layer l are numbers for each sample times the same vectors ``κ_u(i) = Σ_j w_uj Ψ_j(i)``, over the units j behind: for its incoming
weights ``P[(u, r), (i, ·)] = σ'(z_u(i)) φ_r(i) κ_u(i)``, and what comes of adding ``t φ_s(i)`` to its output is ``φ_s(i) κ_u(i)``, the sum
``Σ_j w_uj P[(j, s), (i, ·)]`` of rows of the units behind. For m + 1 such vectors ``v_k`` of rank m, and m columns c in which they have this rank,
``Σ_k (−1)^k det(v_q[c])_{q ≠ k} v_k = 0``. The determinants are polynomials in weights and entries of ``P``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations, product
from math import prod
from typing import TypeAlias

import numpy as np
from scipy import linalg

from lossproof.numerics.critical.identities import Factor, Identity, Rows, Term, place_of
from lossproof.numerics.fields.field import Array
from lossproof.theory.problem.problem import Problem

Vector: TypeAlias = tuple[Term, ...]
"""A row of ``P``, or a sum of weights times rows."""

_LARGEST = 4
_MOST_TERMS = 2_000
_SAME = 1e-9
_REGULAR = 1e-7
_PARALLEL = 1e-13
_ONE = Fraction(1)


def dependent_rows(problem: Problem, seen: Sequence[tuple[Array, Array]]) -> Iterator[Identity]:
    """Yield identities of three to five vectors for a family, of which some members are given by their weights and ``P``: the point, then others.

    Two vectors are left to the identities of parallel rows. Which depend on which is settled at the second member.
    """
    rows = [Rows.of(problem, P) for _, P in seen]
    if not all(np.all(np.isfinite(each.entries)) for each in rows):
        return
    polynomial = all(activation.degree is not None or activation.is_identity for activation in problem.architecture.hidden)
    for vectors in _units(problem):
        here, other = (
            np.array([sum(prod(values[list(factors)]) * each.entries[k] for k, _, factors in vector) for vector in vectors])
            for (values, _), each in zip(seen[:2], rows[:2], strict=True)
        )
        for chosen in _circuits(here, other):
            columns = _columns(here[chosen])
            if columns is not None and (polynomial or _are_all(other[chosen], columns)):
                identity = _cramer(rows[1], [vectors[k] for k in chosen], columns)
                if identity is not None:
                    yield identity


def _units(problem: Problem) -> Iterator[list[Vector]]:
    """Yield the vectors of each unit, those of features before its own rows; for one output all rows of ``P``, which are numbers for each sample, first."""
    a = problem.architecture
    if a.n_L == 1:
        yield [((k, _ONE, ()),) for l in range(a.L, 0, -1) for u in range(a.widths[l]) for k in _rows_of(problem, l, u)]
    for l in range(a.L, 0, -1):
        for u in range(a.widths[l]):
            behind = [(place_of(a, l + 1, j, u), place_of(a, l + 1, j, 0)) for j in range(a.widths[l + 1])] if l < a.L else []
            added = [tuple((first + s, _ONE, (w,)) for w, first in behind) for s in reversed(range(a.fan_in(l + 1)))] if behind else []
            yield [*added, *(((k, _ONE, ()),) for k in _rows_of(problem, l, u))]


def _rows_of(problem: Problem, l: int, u: int) -> Iterator[int]:
    """Return the rows of the incoming weights of a unit, that of its bias first."""
    return (place_of(problem.architecture, l, u, r) for r in reversed(range(problem.architecture.fan_in(l))))


def _circuits(here: Array, other: Array) -> Iterator[list[int]]:
    """Yield three to five vectors of which the last depends at another member on the others, and on no fewer, and these on none, as far as doubles can tell.

    The vectors on which all depend are independent at the point already, as many as can be, so that the coefficient of the last one is not 0 there.
    """
    basis = list[int]()
    for M in (here, other):
        for k in range(len(M)):
            if k not in basis and _shares(M, basis, k) is None:
                basis.append(k)
    for k in range(len(other)):
        shares = None if k in basis else _shares(other, basis, k)
        used = [] if shares is None else [b for b, share in zip(basis, shares, strict=True) if abs(share) > _REGULAR]
        if 2 <= len(used) <= _LARGEST:
            yield [*used, k]


def _shares(M: Array, basis: Sequence[int], k: int) -> Array | None:
    """Return a row, scaled, as a sum of other ones, scaled; None where it is none, as far as doubles can tell."""
    sizes = np.maximum(np.max(np.abs(M), axis=1, keepdims=True), np.finfo(float).tiny)
    others, own = (M / sizes)[list(basis)], (M / sizes)[k]
    shares = np.linalg.lstsq(others.T, own, rcond=None)[0] if basis else np.zeros(0)
    return shares if np.max(np.abs(shares @ others - own)) <= _SAME else None


def _columns(M: Array) -> list[int] | None:
    """Return columns in which rows that depend on each other have a rank of one less than they are; None where they have not, as far as doubles can tell."""
    m, scale = len(M) - 1, np.max(np.abs(M), axis=1, keepdims=True)
    if not np.all(scale > 0) or M.shape[1] < m:
        return None
    R, order = linalg.qr(M / scale, mode="r", pivoting=True)
    return [int(c) for c in order[:m]] if abs(R[m - 1, m - 1]) > _REGULAR * abs(R[0, 0]) else None


def _are_all(M: Array, columns: Sequence[int]) -> bool:
    """Tell whether each column is a multiple of one of the given ones, as far as doubles can tell: for equal inputs, and for all outputs at one input.

    Then the vectors are dependent because there are no more columns, which a checker sees. Others may be so for the nature of an activation.
    """
    scaled = M / np.max(np.abs(M), axis=1, keepdims=True)
    sizes = np.linalg.norm(scaled, axis=0)
    unit = np.divide(scaled, sizes, where=sizes > _SAME, out=np.zeros_like(scaled))
    return bool(np.all((np.max(np.abs(unit[:, columns].T @ unit), axis=0) > 1 - _PARALLEL) | (sizes <= _SAME)))


def _cramer(rows: Rows, vectors: Sequence[Vector], columns: Sequence[int]) -> Identity | None:
    """Return ``Σ_k (−1)^k det(v_q[c])_{q ≠ k} v_k``, or None where it has too many terms. Entries that are 0 in ``rows`` are left out."""
    terms = list[Term]()
    for k, vector in enumerate(vectors):
        others = [*vectors[:k], *vectors[k + 1 :]]
        for order in permutations(range(len(columns))):
            sign = Fraction((-1) ** (k + sum(p > q for n, q in enumerate(order) for p in order[:n])))
            for parts in product(*(_entry(rows, other, columns[n]) for other, n in zip(others, order, strict=True))):
                q, factors = sign * prod(part for part, _ in parts), tuple(f for _, several in parts for f in several)
                terms += [(row, q * share, (*factors, *weights)) for row, share, weights in vector]
                if len(terms) > _MOST_TERMS:
                    return None
    return tuple(terms)


def _entry(rows: Rows, vector: Vector, c: int) -> list[tuple[Fraction, tuple[Factor, ...]]]:
    """Return an entry of a vector as a polynomial."""
    return [(q, fs) for k, share, factors in vector if rows.entries[k, c] for _, q, fs in rows.times(k, share, factors, (k, c))]
