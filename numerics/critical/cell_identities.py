r"""Identities of the rows of ``P`` that hold in a cell of the weights, where every hidden unit keeps its affine piece at every sample.

A unit u of a hidden layer has the slopes ``s_u(i)``. In a cell, to first order at all samples,

- unseen directions: ``w_u += t d`` changes nothing for a unit of the first layer if ``s_u(i) d·x̃_i = 0`` for all i; and for any unit behind hidden ones, of
  which some are constant at each sample, if d is along these and the bias, and ``s_u(i) d·φ̃(i) = 0`` with these constants, for all i;
- a unit of one slope s at all samples: ``b_u += t``, and ``b_j −= t s w_uj`` for all units j behind it, change nothing;
- units u and m with the same slopes on pieces whose lines meet in one point (κ, h), the origin or a kink: ``z_u += t (z_m − κ)``, ``w_mj −= t w_uj`` and
  ``b_j += t h w_uj`` for all j change nothing;
- units with the same slopes, one more than units behind them: their outgoing weights are dependent, ``Σ_k c_k w_kj = 0``, and ``w_k += t c_k d`` changes
  nothing;
- one output and one hidden layer: a relation ``Σ_s s(i) d_s·x̃_i + d = 0`` of the slopes s that units with output weights have gives the direction
  ``w_k += t d_s/v_k`` for one unit of each, ``b += t d``, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import prod

import numpy as np
from flint import fmpq, fmpq_mat

from lossproof.numerics.algebra.rational_echelon import kernel_basis
from lossproof.numerics.critical.cells import affine_pieces
from lossproof.numerics.critical.identities import Identity, Term, place_of, shifts_logits
from lossproof.numerics.fields.float64 import nearest_double
from lossproof.numerics.fields.rational import RationalField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.rationals import to_flint
from lossproof.theory.exceptions import NotDifferentiable, NotInField
from lossproof.theory.functions.forms import AffinePiece
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_ONE = Fraction(1)

Polynomial = list[tuple[Fraction, tuple[int, ...]]]
"""Terms ``q Π factors`` in weights."""


def cell_identities(problem: Problem, weights: Weights) -> Iterator[Identity]:
    """Yield identities that hold in the cell of the weights; none without kinks, off affine pieces, with fixed biases, or where layers differ."""
    a = problem.architecture
    pieces = affine_pieces(problem, weights) if a.L > 1 and a.is_uniform and a.activation.kinks(1) and a.bias != "fixed" else None
    if pieces is None:
        return
    yield from _unseen_directions(problem, pieces)
    for l, units in enumerate(pieces, start=1):
        for u, unit in enumerate(units):
            if a.bias_rows_of(l) and len({piece.slope for piece in unit}) == 1 and unit[0].slope:
                yield _shift(a, l, u, unit[0].slope)
        for group in _groups(units):
            for meeting in _meetings(a):
                yield from _mixtures(a, l, [u for u in group if next(_met(a, units[u]), None) == meeting], meeting)
            yield from _dependent_units(problem, l, group)
    if a.L == 2 and a.n_L == 1:
        yield from _relations(problem, weights, pieces[0])


def exact_identities(problem: Problem, member: Weights, offered: Sequence[Identity]) -> list[Identity]:
    """Return the identities that hold in rational arithmetic at a member of the family, which lies in its cell; all of them where P is not rational there.

    Rows that are small beside others, as those of a small slope are, do not pass for 0.
    """
    a = problem.architecture
    try:
        passed = evaluate(a, problem.samples, member, RationalField())
        P = jacobian(replace(passed, strip_output=a.output_activation.has_nonzero_slopes))
    except (NotInField, NotDifferentiable):
        return list(offered)
    values = [
        to_flint(q)
        for l, layer in enumerate(member.layers, start=1)
        for k, b in enumerate(layer.b)
        for q in (*(row[k] for row in layer.W), *[b] * a.bias_rows_of(l))
        if isinstance(q, Fraction)
    ]
    n = a.n_L if shifts_logits(problem) else 0

    def holds(identity: Identity) -> bool:
        total = np.full(problem.columns, fmpq(0), dtype=object)
        for k, q, factors in identity:
            total = total + P[k] * prod((values[f] if isinstance(f, int) else P[f] for f in factors), start=to_flint(q))
        return all(x == (total[c - c % n] if n else 0) for c, x in enumerate(total))

    return [identity for identity in offered if holds(identity)]


def _groups(units: Sequence[Sequence[AffinePiece]]) -> list[list[int]]:
    """Return the units with the same slopes, not all 0, in groups."""
    found = dict[tuple[Fraction, ...], list[int]]()
    for u, unit in enumerate(units):
        slopes = tuple(piece.slope for piece in unit)
        if any(slopes):
            found.setdefault(slopes, []).append(u)
    return list(found.values())


def _features(problem: Problem, unit: Sequence[AffinePiece]) -> list[list[fmpq]]:
    """Return the vectors ``(s(i) x̃_i[r])_i`` for all r."""
    rows = [[*x, *[_ONE] * problem.architecture.bias_rows_of(1)] for x in problem.samples.X]
    return _with_slopes(zip(*rows, strict=True), [piece.slope for piece in unit])


def _with_slopes(columns: Iterable[Sequence[Fraction]], slopes: Sequence[Fraction]) -> list[list[fmpq]]:
    return [[to_flint(slope * q) for slope, q in zip(slopes, column, strict=True)] for column in columns]


def _kernel(vectors: Sequence[Sequence[fmpq]]) -> list[list[Fraction]]:
    """Return a basis of the relations of some vectors."""
    return kernel_basis(fmpq_mat([list(v) for v in vectors]).transpose())


def _unseen_directions(problem: Problem, pieces: Sequence[Sequence[Sequence[AffinePiece]]]) -> Iterator[Identity]:
    a = problem.architecture
    for u, unit in enumerate(pieces[0]):
        for direction in _kernel(_features(problem, unit)):
            yield tuple((place_of(a, 1, u, j), q, ()) for j, q in enumerate(direction) if q)
    for l, before in enumerate(pieces, start=2):
        constant = [j for j, unit in enumerate(before) if not any(piece.slope for piece in unit)]
        columns = [[piece.intercept for piece in before[j]] for j in constant] + [[_ONE] * problem.T] * a.bias_rows_of(l)
        sources = [*constant, *[a.widths[l - 1]] * a.bias_rows_of(l)]
        units = [[piece.slope for piece in unit] for unit in pieces[l - 1]] if l < a.L else [[_ONE] * problem.T] * a.n_L
        for u, slopes in enumerate(units) if constant else ():
            for direction in _kernel(_with_slopes(columns, slopes)):
                yield tuple((place_of(a, l, u, sources[j]), q, ()) for j, q in enumerate(direction) if q)


def _shift(a: Architecture, l: int, u: int, slope: Fraction) -> Identity:
    behind = [(place_of(a, l + 1, j, a.widths[l]), -slope, (place_of(a, l + 1, j, u),)) for j in range(a.widths[l + 1])]
    return ((place_of(a, l, u, a.widths[l - 1]), _ONE, ()), *behind)


def _meetings(a: Architecture) -> list[tuple[Fraction, Fraction]]:
    """Return the origin, and with biases the other points ``(κ, σ(κ))`` at the kinks of the activation."""
    found = [(Fraction(0), Fraction(0))]
    ends = [(piece.upper, piece.slope * piece.upper + piece.intercept) for piece in a.activation.affine_pieces if piece.upper is not None]
    return [*found, *(end for end in ends if end not in found)] if a.bias_rows_of(1) else found


def _met(a: Architecture, unit: Sequence[AffinePiece]) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield those of the points in which the lines of all pieces of a unit meet."""
    return ((kink, value) for kink, value in _meetings(a) if all(piece.slope * kink + piece.intercept == value for piece in unit))


def _mixtures(a: Architecture, l: int, group: Sequence[int], meeting: tuple[Fraction, Fraction]) -> Iterator[Identity]:
    kink, value = meeting
    bias = a.widths[l - 1]
    for u in group:
        for m in group:
            into = [(place_of(a, l, u, r), _ONE, (place_of(a, l, m, r),)) for r in range(a.fan_in(l))]
            aside = [(place_of(a, l, u, bias), -kink, ())] if kink else []
            behind = [(place_of(a, l + 1, j, m), -_ONE, (place_of(a, l + 1, j, u),)) for j in range(a.widths[l + 1])]
            level = [(place_of(a, l + 1, j, a.widths[l]), value, (place_of(a, l + 1, j, u),)) for j in range(a.widths[l + 1]) if value]
            yield (*into, *aside, *behind, *level)


def _dependent_units(problem: Problem, l: int, group: Sequence[int]) -> Iterator[Identity]:
    """Yield identities for one unit of a group more than there are units behind, up to two; at softmax outputs those count one less."""
    a = problem.architecture
    logits = l + 1 == a.L and shifts_logits(problem)
    behind = a.widths[l + 1] - logits

    def v(k: int, j: int) -> Polynomial:
        own = (_ONE, (place_of(a, l + 1, j + logits, k),))
        return [own, (-_ONE, (place_of(a, l + 1, 0, k),))] if logits else [own]

    for units in combinations(group, behind + 1) if 1 <= behind <= 2 else ():
        if behind == 1:
            minors = [v(units[1], 0), _times(v(units[0], 0), [(-_ONE, ())])]
        else:
            pairs = ((units[1], units[2]), (units[2], units[0]), (units[0], units[1]))
            minors = [[*_times(v(p, 0), v(q, 1)), *_times(_times(v(p, 1), v(q, 0)), [(-_ONE, ())])] for p, q in pairs]
        for r in range(a.fan_in(l)):
            yield tuple((place_of(a, l, k, r), q, factors) for k, minor in zip(units, minors, strict=True) for q, factors in minor)


def _times(first: Polynomial, second: Polynomial) -> Polynomial:
    return [(p * q, (*f, *g)) for p, f in first for q, g in second]


def _relations(problem: Problem, weights: Weights, units: Sequence[Sequence[AffinePiece]]) -> Iterator[Identity]:
    """Yield the identities from relations of the features of several patterns and the constant, with the product of the other ``v`` as factors."""
    a, V = problem.architecture, weights.layers[1].W
    leaders = [max(group, key=lambda k: abs(nearest_double(V[k][0]))) for group in _groups(units)]
    leaders = [k for k in leaders if V[k][0] != 0]
    vectors = [vector for k in leaders for vector in _features(problem, units[k])] + [[fmpq(1)] * problem.T] * a.bias_rows_of(2)
    v, n = [place_of(a, 2, 0, k) for k in leaders], a.fan_in(1)
    for relation in _kernel(vectors) if vectors else ():
        terms: list[Term] = []
        for position, q in enumerate(relation):
            g, r = divmod(position, n)
            row = place_of(a, 1, leaders[g], r) if g < len(leaders) else place_of(a, 2, 0, a.widths[1])
            if q:
                terms.append((row, q, tuple(place for other, place in enumerate(v) if other != g)))
        yield tuple(terms)
