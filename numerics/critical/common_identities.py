r"""Identities of the rows of ``P`` that members of a family have in common, in doubles.

Zeros and equal units give them: rows of ``P`` that are 0, or parallel to another, and units whose input is the same at all samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from lossproof.numerics.critical.identities import Identity, Rows, place_of
from lossproof.numerics.critical.symmetry_identities import symmetries
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.theory.problem.problem import Problem

_SAME = 1e-9
_ONE = Fraction(1)


def offered_identities(problem: Problem, seen: Sequence[tuple[Evaluation, Array]]) -> Iterator[Identity]:
    """Yield identities for a family, of which some members are given by `rows_of_P`: those of the symmetries, then those that the members have in common."""
    yield from symmetries(problem)
    rows = [Rows.of(problem, P) for _, P in seen]
    if all(np.all(np.isfinite(each.entries)) for each in rows):
        yield from _zero_and_parallel_rows(rows)
        yield from _constant_units(problem, [passed for passed, _ in seen], rows[0])


def _zero_and_parallel_rows(members: Sequence[Rows]) -> Iterator[Identity]:
    """Rows that are 0 in all members; rows k that are parallel in all to a row m: ``R[m, c] R[k, :] = R[k, c] R[m, :]`` for a column c."""
    sizes = np.array([np.max(np.abs(rows.entries), axis=1) for rows in members])
    zero = np.all(sizes <= _SAME * np.max(sizes, axis=1, keepdims=True), axis=0)
    first, leaders = members[0], list[int]()
    for k in sorted(range(len(zero)), key=lambda k: -sizes[0, k]):
        if zero[k]:
            yield ((k, _ONE, ()),)
            continue
        leader = next((m for m in leaders if all(_parallel(rows.entries, m, k) for rows in members)), None)
        if leader is None:
            leaders.append(k)
        else:
            c = int(np.argmax(np.abs(first.entries[leader])))
            yield (*first.times(k, _ONE, (), (leader, c)), *first.times(leader, -_ONE, (), (k, c)))


def _parallel(R: Array, m: int, k: int) -> bool:
    c = int(np.argmax(np.abs(R[m])))
    return bool(np.all(np.abs(R[m, c] * R[k] - R[k, c] * R[m]) <= _SAME * np.abs(R[m, c]) * np.max(np.abs(R[k]))))


def _constant_units(problem: Problem, passes: Sequence[Evaluation], first: Rows) -> Iterator[Identity]:
    """With the same z_u at all samples ``σ'(z_u)`` is one number, the ratio of the rows ``R[b_u, :]`` and ``Σ_j w_uj R[b_j, :]``, j the units behind."""
    a = problem.architecture
    for l in (l for l in range(1, a.L) if a.bias_rows_of(l) and a.bias_rows_of(l + 1)):
        for u in range(a.widths[l]):
            if not all(_is_constant(passed.z[l][:, u]) for passed in passes):
                continue
            behind = [(place_of(a, l + 1, j, a.widths[l]), place_of(a, l + 1, j, u)) for j in range(a.widths[l + 1])]
            own = place_of(a, l, u, a.widths[l - 1])
            c = int(np.argmax(np.abs(first.entries[own])))
            left = [term for bias, weight in behind for term in first.times(own, _ONE, (weight,), (bias, c))]
            yield tuple(left + [term for bias, weight in behind for term in first.times(bias, -_ONE, (weight,), (own, c))])


def _is_constant(z: Array) -> bool:
    return bool(np.all(np.abs(z - z[0]) <= _SAME * (1 + np.abs(z[0]))))
