r"""Identities of the rows of ``P``, and so of the components of the gradient, that hold for all weights of a family.

``Σ_k G_k P[k, :] = 0`` with polynomials ``G_k`` in weights and entries of ``P`` gives ``Σ_k G_k ∂J/∂w_k = 0``, as ``T ∇J = P ε``. Symmetries of the
network give some of them: scaling of homogeneous units, linear maps between linear layers, directions of the input space that no sample sees, for
softmax one number more for all logits. Zeros and equal units give others: rows of ``P`` that are 0, or parallel to another, and units whose input is the
same at all samples. Which ones are offered is settled in doubles; that they hold is for a checker to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import prod
from typing import TypeAlias

import numpy as np
from flint import arb, fmpq, fmpq_mat

from lossproof.numerics.algebra.rational_echelon import kernel_basis
from lossproof.numerics.critical.still_units import Still, still_pass
from lossproof.numerics.fields.ball import BallField, ball_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field, nearest_double
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.boxes import parameter_place
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.numerics.network.jacobian import gradient, gradient_terms, jacobian
from lossproof.numerics.rationals import to_flint
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Layer, Weights

Factor: TypeAlias = "int | tuple[int, int]"
"""The value of a weight, or an entry of ``P``."""
Term: TypeAlias = tuple[int, Fraction, tuple[Factor, ...]]
"""``q Π factors`` as a part of the coefficient of a row of ``P``."""
Identity: TypeAlias = tuple[Term, ...]

_SAME = 1e-9
_BITS = 512
_SEEN = 330
_ONE = Fraction(1)


def place_of(a: Architecture, layer: int, unit: int, source: int) -> int:
    """Return the row of ``P`` of an incoming weight of a unit, or of its trainable bias (``source = n_{l-1}``).

    >>> place_of(Architecture.of("2-2-1"), 2, 0, 1)
    7
    """
    return sum(a.fan_in(l) * a.widths[l] for l in range(1, layer)) + unit * a.fan_in(layer) + source


def rows_of_P(problem: Problem, weights: Weights, still: Still = ()) -> tuple[Evaluation, Array]:
    """Return the pass in doubles, and ``P`` as a checker forms it: columns up to non-zero factors, and `without_shifts`."""
    with np.errstate(all="ignore"):
        passed = still_pass(problem, weights, Float64Field(), still)
        return passed, without_shifts(problem, np.asarray(jacobian(passed), dtype=float))


def without_shifts(problem: Problem, P: Array) -> Array:
    """Return ``P``, for softmax at the output itself less the column of output 0 within each sample: a number more for all logits does not count."""
    n = problem.architecture.n_L
    return P - np.repeat(P[:, ::n], n, axis=1) if shifts_logits(problem) else P


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of ``P`` in doubles as they count in identities: for softmax the columns of output 0 are subtracted within each sample, and dropped.

    Entry ``[k, c]`` is the sum of ``q P[k, column]`` over the ``(q, column)`` in ``parts[c]``.
    """

    entries: Array
    parts: tuple[tuple[tuple[Fraction, int], ...], ...]

    @staticmethod
    def of(problem: Problem, P: Array) -> Rows:
        """Return the rows for a matrix ``P``."""
        n, columns = problem.architecture.n_L, range(problem.columns)
        if not shifts_logits(problem):
            return Rows(P, tuple(((_ONE, c),) for c in columns))
        kept = [c for c in columns if c % n]
        return Rows(P[:, kept] - P[:, [c - c % n for c in kept]], tuple(((_ONE, c), (-_ONE, c - c % n)) for c in kept))

    def times(self, k: int, q: Fraction, factors: tuple[Factor, ...], entry: tuple[int, int]) -> Iterator[Term]:
        """Yield ``q Π factors`` times an entry as terms of the coefficient of row k;"""
        m, c = entry
        for part, column in self.parts[c]:
            yield k, q * part, (*factors, (m, column))


def offered_identities(problem: Problem, seen: Sequence[tuple[Evaluation, Array]]) -> Iterator[Identity]:
    """Yield identities for a family, of which some members are given by `rows_of_P`: those of the symmetries, then those that the members have in common."""
    yield from symmetries(problem)
    rows = [Rows.of(problem, P) for _, P in seen]
    if all(np.all(np.isfinite(each.entries)) for each in rows):
        yield from _zero_and_parallel_rows(rows)
        yield from _constant_units(problem, [passed for passed, _ in seen], rows[0])


def coefficients(identity: Identity, values: Array, P: Array) -> Array:
    """Return the coefficients of an identity in doubles, one for each weight."""
    row = np.zeros(len(values))
    for k, q, factors in identity:
        row[k] += nearest_double(q) * np.prod([values[f] if isinstance(f, int) else P[f] for f in factors])
    return row


def identities_hold(problem: Problem, weights: Weights, identities: Sequence[Identity], still: Still = ()) -> bool:
    """Tell whether identities of ``P``, or of the gradient, hold at some weights to a hundred digits of their largest term, as balls show.

    Rows may agree in doubles by rounding.
    """
    field = BallField(_BITS)
    passed = still_pass(problem, weights, field, still)
    P = field.finalize(jacobian(passed))
    slopes, terms = gradient(problem, passed), gradient_terms(problem, passed)
    values = [layer.W[source][unit] if source < len(layer.W) else layer.b[unit] for layer, unit, source in _places(problem, weights)]
    with ball_precision(_BITS):
        counted = without_shifts(problem, P)
        for identity in identities:
            factors = [
                (k, prod((ball_of(values[f]) if isinstance(f, int) else counted[f] for f in fs), start=ball_of(q))) for k, q, fs in identity
            ]
            parts = [P[k] * factor for k, factor in factors]
            if not (_cancel(parts, without_shifts(problem, np.sum(parts, axis=0)[None])) or _cancel_in(slopes, terms, factors)):
                return False
    return True


def _cancel(parts: Sequence[Array], total: Array) -> bool:
    least = arb(2) ** -_SEEN * max((abs(x).upper() for part in parts for x in part), default=arb(0))
    return all(abs(x) <= least for x in total.flat)


def _cancel_in(slopes: Array, terms: Array, factors: Sequence[tuple[int, arb]]) -> bool:
    """Tell whether components of the gradient cancel, beside the terms that they are sums of: those of a saturated unit may be small beside all others."""
    total = sum((slopes[k] * factor for k, factor in factors), arb(0))
    return _cancel([terms[k] * factor for k, factor in factors], np.array([total], dtype=object))


def _places(problem: Problem, weights: Weights) -> Iterator[tuple[Layer, int, int]]:
    for k in range(problem.architecture.N_net):
        l, unit, source = parameter_place(problem.architecture, k)
        yield weights.layers[l - 1], unit, source


def symmetries(problem: Problem) -> Iterator[Identity]:
    """Yield identities that hold for all weights: those of the symmetries of the network and of the samples."""
    a = problem.architecture
    for direction in unseen_directions(problem):
        for unit in range(a.widths[1]):
            yield tuple((place_of(a, 1, unit, j), q, ()) for j, q in enumerate(direction) if q)
    if a.is_uniform and a.scaled_layers and a.activation.is_identity:
        yield from _linear_maps(a)
    elif a.scaled_layers:
        yield from _scalings(a)
        yield from _polynomials(problem) if a.is_uniform else ()
    if shifts_logits(problem):
        for source in range(a.fan_in(a.L)):
            yield tuple((place_of(a, a.L, j, source), _ONE, ()) for j in range(a.n_L))


def shifts_logits(problem: Problem) -> bool:
    """Tell whether one number added to all logits of a sample changes no error: softmax at the output itself."""
    return problem.error.family == "softmax" and problem.architecture.n_L > 1 and problem.architecture.output_activation.is_identity


def unseen_directions(problem: Problem, samples: Sequence[int] | None = None) -> list[list[Fraction]]:
    """Return a basis of the vectors orthogonal to the inputs of some samples (all if None), with a 1 appended where the bias is trainable.

    Each has a 1 where all others are 0. These places are as far to the left as can be.
    """
    X = problem.samples.X if samples is None else [problem.samples.X[i] for i in samples]
    rows = [[fmpq(1)] * problem.architecture.bias_rows_of(1) + [to_flint(x) for x in reversed(row)] for row in X]
    return [vector[::-1] for vector in kernel_basis(fmpq_mat(rows))]


def _linear_maps(a: Architecture) -> Iterator[Identity]:
    """``W_l → W_l (I + t e_s e_uᵀ)``, ``W_{l+1} → (I − t e_s e_uᵀ) W_{l+1}``; and the same with the constant 1 for unit s."""
    for l in range(1, a.L):
        for u in range(a.widths[l]):
            for s in range(a.widths[l]):
                into = [(place_of(a, l, u, k), _ONE, (place_of(a, l, s, k),)) for k in range(a.fan_in(l))]
                yield tuple(into + [(place_of(a, l + 1, j, s), -_ONE, (place_of(a, l + 1, j, u),)) for j in range(a.widths[l + 1])])
            if a.bias_rows_of(l):
                shifted = [(place_of(a, l + 1, j, a.widths[l]), -_ONE, (place_of(a, l + 1, j, u),)) for j in range(a.widths[l + 1])]
                yield ((place_of(a, l, u, a.widths[l - 1]), _ONE, ()), *shifted)


def _scalings(a: Architecture) -> Iterator[Identity]:
    for l in a.scaled_layers:
        degree = a.activation_of(l).homogeneity or 0
        for u in range(a.widths[l]):
            into = [place_of(a, l, u, k) for k in range(a.fan_in(l))]
            out = [place_of(a, l + 1, j, u) for j in range(a.widths[l + 1])]
            yield (*((k, _ONE, (k,)) for k in into), *((k, Fraction(-degree), (k,)) for k in out))


def _polynomials(problem: Problem) -> Iterator[Identity]:
    """Yield identities of layers of powers, of which several units give the same polynomials in the inputs of the layer."""
    a = problem.architecture
    for l in range(1, a.L):
        single = a.widths[l + 1] == 1 or (l + 1 == a.L and a.n_L == 2 and shifts_logits(problem))
        for u, s in combinations(range(a.widths[l]), 2):
            if a.activation.degree == 2 and single:
                yield _rotation(a, l, u, s)
            if a.activation.degree == 2 and a.bias_rows_of(l) and a.widths[l - 1] == 1:
                yield from (_squared_one(a, l, u, s, turned) for turned in (u, s))
            if a.activation.degree == 3 and a.bias_rows_of(l) and a.widths[l - 1] == 1 and single:
                yield _cubed_one(a, l, u, s)


def _difference(a: Architecture, l: int, u: int) -> list[tuple[Fraction, int]]:
    """Return the outgoing weight of a unit to the single one behind, or its weight to logit 1 less that to logit 0, as a sum of ``q`` times a weight."""
    last = a.widths[l + 1] - 1
    return [(_ONE, place_of(a, l + 1, last, u)), *[(-_ONE, place_of(a, l + 1, 0, u))] * last]


def _rotation(a: Architecture, l: int, u: int, s: int) -> Identity:
    """``Σ_u v_u z_u²`` does not change to first order under ``w_u += t v_s w_s``, ``w_s −= t v_u w_u``."""
    pairs = [(place_of(a, l, u, k), place_of(a, l, s, k)) for k in range(a.fan_in(l))]
    turned = [(m, q, (w, n)) for m, n in pairs for q, w in _difference(a, l, s)]
    return (*turned, *((n, -q, (v, m)) for m, n in pairs for q, v in _difference(a, l, u)))


def _squared_one(a: Architecture, l: int, u: int, s: int, turned: int) -> Identity:
    """One input and units ``z = wx + b``: ``D² = w_s² z_u² + w_u² z_s² − 2 w_u w_s z_u z_s`` with ``D = w_u z_s − w_s z_u = w_u b_s − w_s b_u``.

    So the change ``2 z_u z_s`` of ``z_u²`` under ``w_u += t w_s``, ``b_u += t b_s`` (or the same with s) is one of the outgoing weights and biases.
    """
    (w, b), (x, c) = ((place_of(a, l, k, 0), place_of(a, l, k, 1)) for k in (u, s))
    other = s if turned == u else u
    terms: list[Term] = [(place_of(a, l, turned, k), -_ONE, (w, x, place_of(a, l, other, k))) for k in range(2)]
    for j in range(a.widths[l + 1]):
        v = place_of(a, l + 1, j, turned)
        bias = place_of(a, l + 1, j, a.widths[l])
        terms += [(bias, -_ONE, (v, w, w, c, c)), (bias, Fraction(2), (v, w, c, x, b)), (bias, -_ONE, (v, x, x, b, b))]
        terms += [(place_of(a, l + 1, j, u), _ONE, (v, x, x)), (place_of(a, l + 1, j, s), _ONE, (v, w, w))]
    return tuple(terms)


def _cubed_one(a: Architecture, l: int, u: int, s: int) -> Identity:
    """The same for cubes and one unit behind: ``D³ = w_u³ z_s³ − 3 w_u² w_s z_s² z_u + 3 w_u w_s² z_s z_u² − w_s³ z_u³``, times ``v_u v_s``."""
    (w, b), (x, c) = ((place_of(a, l, k, 0), place_of(a, l, k, 1)) for k in (u, s))
    last = a.widths[l + 1] - 1
    bias, out_u, out_s = (place_of(a, l + 1, last, k) for k in (a.widths[l], u, s))
    terms = list[Term]()
    for p, m in _difference(a, l, u):
        for q, n in _difference(a, l, s):
            cube = [(1, (w, c, w, c, w, c)), (-3, (w, c, w, c, x, b)), (3, (w, c, x, b, x, b)), (-1, (x, b, x, b, x, b))]
            terms += [(bias, p * q * k, (m, n, *factors)) for k, factors in cube]
            terms += [(out_s, -p * q, (m, n, w, w, w)), (out_u, p * q, (m, n, x, x, x))]
    terms += [(k, -q, (n, w, x, x, other)) for k, other in ((w, x), (b, c)) for q, n in _difference(a, l, s)]
    terms += [(k, p, (m, w, w, x, other)) for k, other in ((x, w), (c, b)) for p, m in _difference(a, l, u)]
    return tuple(terms)


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
