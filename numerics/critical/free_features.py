r"""Identities of the rows of ``P`` where the inputs are linearly independent, so that every unit of the first layer takes any values on the samples.

Let ``x̃_i`` be the different inputs, with a 1 appended where the bias is trainable, and ``c_i`` vectors with ``c_i · x̃_k = [i = k]``. Moving the incoming
weights of unit u along ``c_i`` changes ``z_u(i)`` only. So the features of the first layer may be mixed as in a linear network, ``φ_u += t φ_s`` or
``φ_u += t``, by ``δz_u(i) = t φ_s(i) / σ'(z_u(i))``, while the outgoing weights of s, or the biases behind, lose ``t`` times those of u: no output changes.
Where u is level, of slope 0, its value is not free: there φ_u stays, and only features that vanish are added, such as ``φ_s − φ_s(k)`` with s level too.
With ``κ_u(i) = Σ_j v_uj δ_j(i)``, over the units j behind, P has the entries ``σ'(z_u(i)) κ_u(i) x̃_i`` in the rows of u, and ``φ_s(i) δ_j(i)`` in those of
the weights from s to j, and no quotient is needed: all is multiplied by entries ``τ_k`` in the rows of u, one for each input k.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from flint import fmpq_mat

from lossproof.numerics.critical.identities import Factor, Identity, Term, place_of
from lossproof.numerics.critical.still_units import Level, Silent, Still
from lossproof.numerics.critical.symmetry_identities import unseen_directions
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.evaluation import Evaluation
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.problem.problem import Problem

_MOST_INPUTS = 6
_MOST_TERMS = 300
_SAME = 1e-9
_ONE = Fraction(1)


def free_feature_identities(problem: Problem, seen: Sequence[tuple[Evaluation, Array]], still: Still = ()) -> Iterator[Identity]:
    """Yield the identities that mix the features of the first layer, for a family of which some members are given by `rows_of_P`.

    None for a unit for which the inputs at which it is not still are dependent, or more than six different ones. Polynomials have too many terms.
    """
    a, P = problem.architecture, seen[0][1]
    if a.L < 2 or any(s.degree is not None for s in a.hidden):
        return
    paths, different = int(np.prod(a.widths[2 : a.L])), [problem.samples.X.index(x) for x in dict.fromkeys(problem.samples.X)]
    for u, resting in enumerate(still_samples(problem, still)):
        samples = [i for i in different if i not in resting]
        few = len(samples) <= _MOST_INPUTS and paths ** len(samples) <= _MOST_TERMS
        duals = _dual_vectors([[*problem.samples.X[i], *[_ONE] * a.bias_rows_of(1)] for i in samples]) if few else None
        if duals is None:
            continue
        scales = [_largest(problem, P, u, i) for i in samples]
        if all(P[k, c] != 0 for k, c in scales):
            mixed = [tuple(_mixed(problem, duals, samples, scales, u, s)) for s in range(a.fan_in(2))]
            yield from _vanishing_at(problem, seen, resting, mixed) if resting else mixed


def still_identities(problem: Problem, still: Still) -> Iterator[Identity]:
    """Yield ``w_u += t d`` for units u of the first layer that are still at some samples, d orthogonal to the inputs of all others: it changes nothing."""
    for u, resting in enumerate(still_samples(problem, still)):
        seen = [i for i in range(problem.T) if i not in resting]
        for direction in unseen_directions(problem, seen) if resting and seen else ():
            yield tuple((place_of(problem.architecture, 1, u, j), q, ()) for j, q in enumerate(direction) if q)


def still_samples(problem: Problem, still: Still) -> list[list[int]]:
    """Return for each unit of the first layer the samples at which it is level or silent."""
    resting = [one for one in still if one.layer == 1 and isinstance(one, (Level, Silent))]
    return [[i for one in resting for i, v in one.alike if v == u] for u in range(problem.architecture.widths[1])]


def _vanishing_at(
    problem: Problem, seen: Sequence[tuple[Evaluation, Array]], resting: list[int], mixed: Sequence[Identity]
) -> Iterator[Identity]:
    """Yield combinations ``φ_r(k) φ_s − φ_s(k) φ_r`` of added features that vanish at samples k, at which each is one number; r is the largest."""
    a, P, k = problem.architecture, seen[0][1], resting[0]
    constant = [s for s in range(len(mixed)) if all(np.ptp(passed.extended_phi(1)[resting, s]) <= _SAME for passed, _ in seen)]
    places = {s: [place_of(a, 2, j, s) for j in range(a.widths[2])] for s in constant}
    if len(constant) < 2:
        return
    block = {s: P[places[s], k * a.n_L : (k + 1) * a.n_L] for s in constant}
    r = max(constant, key=lambda s: float(np.max(np.abs(block[s]))))
    j, output = np.unravel_index(int(np.argmax(np.abs(block[r]))), block[r].shape)
    for s in constant:
        own, other = ((places[q][j], k * a.n_L + int(output)) for q in (r, s))
        if s != r:
            yield (*((m, q, (*f, own)) for m, q, f in mixed[s]), *((m, -q, (*f, other)) for m, q, f in mixed[r]))


def _dual_vectors(rows: list[list[Fraction]]) -> list[list[Fraction]] | None:
    """Return vectors ``c_i`` with ``c_i · rows_k = [i = k]``, or None where the rows are dependent."""
    A = fmpq_mat([[to_flint(x) for x in row] for row in rows])
    gram = A * A.transpose()
    if gram.det() == 0:
        return None
    C = A.transpose() * gram.inv()
    return [[from_flint(C[j, i]) for j in range(C.nrows())] for i in range(len(rows))]


def _largest(problem: Problem, P: Array, u: int, sample: int) -> tuple[int, int]:
    """Return the place of the largest entry of ``P`` in the rows of a unit of the first layer, at a sample."""
    a = problem.architecture
    first, column = place_of(a, 1, u, 0), sample * a.n_L
    block = np.abs(P[first : first + a.fan_in(1), column : column + a.n_L])
    row, output = np.unravel_index(int(np.argmax(block)), block.shape)
    return first + int(row), column + int(output)


def _mixed(
    problem: Problem, duals: list[list[Fraction]], samples: list[int], scales: list[tuple[int, int]], u: int, s: int
) -> Iterator[Term]:
    """Yield the terms of the identity that adds feature s, or the constant 1 for the number of units, to feature u."""
    a = problem.architecture
    tau: list[Factor] = list(scales)
    behind = [(place_of(a, 2, j, u), place_of(a, 2, j, s)) for j in range(a.widths[2])]
    for n, (i, dual) in enumerate(zip(samples, duals, strict=True)):
        row, column = scales[n]
        source = row - place_of(a, 1, u, 0)
        x = problem.samples.X[i][source] if source < a.widths[0] else _ONE
        for j, c in enumerate(dual):
            if c:
                k = place_of(a, 1, u, j)
                yield from ((k, c * x, (v, (m, column), *tau[:n], *tau[n + 1 :])) for v, m in behind)
    yield from ((m, Fraction(-1), (v, *tau)) for v, m in behind)
