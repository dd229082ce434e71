r"""Identities of the rows of ``P`` where the inputs are linearly independent, so that every unit of the first layer takes any values on the samples.

Let ``x̃_i`` be the different inputs, with a 1 appended where the bias is trainable, and ``c_i`` vectors with ``c_i · x̃_k = [i = k]``. Moving the incoming
weights of unit u along ``c_i`` changes ``z_u(i)`` only. So the features of the first layer may be mixed as in a linear network, ``φ_u += t φ_s`` or
``φ_u += t``, by ``δz_u(i) = t φ_s(i) / σ'(z_u(i))``, while the outgoing weights of s, or the biases behind, lose ``t`` times those of u: no output changes.
With ``κ_u(i) = Σ_j v_uj δ_j(i)``, over the units j behind, P has the entries ``σ'(z_u(i)) κ_u(i) x̃_i`` in the rows of u, and ``φ_s(i) δ_j(i)`` in those of
the weights from s to j, and no quotient is needed: all is multiplied by entries ``τ_k`` in the rows of u, one for each input k.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from flint import fmpq_mat

from lossproof.numerics.critical.identities import Factor, Identity, Term, place_of
from lossproof.numerics.fields.field import Array
from lossproof.numerics.rationals import from_flint, to_flint
from lossproof.theory.problem.problem import Problem

_MOST_INPUTS = 6
_MOST_TERMS = 300


def free_feature_identities(problem: Problem, P: Array) -> Iterator[Identity]:
    """Yield the identities that mix the features of the first layer, for all weights near some with the matrix ``P``; none where the inputs are dependent.

    Hidden activations that are polynomials have too many terms, and so have more than six different inputs.
    """
    a = problem.architecture
    inputs = list(dict.fromkeys(problem.samples.X))
    paths = int(np.prod(a.widths[2 : a.L])) if a.L > 2 else 1
    if a.L < 2 or a.activation.degree is not None or len(inputs) > _MOST_INPUTS or paths ** len(inputs) > _MOST_TERMS:
        return
    duals = _dual_vectors([[*x, *[Fraction(1)] * a.bias_rows] for x in inputs])
    if duals is None:
        return
    samples = [problem.samples.X.index(x) for x in inputs]
    for u in range(a.widths[1]):
        scales = [_largest(problem, P, u, i) for i in samples]
        if any(P[k, c] == 0 for k, c in scales):
            continue
        for s in range(a.widths[1] + a.bias_rows):
            yield tuple(_mixed(problem, duals, samples, scales, u, s))


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
        x = problem.samples.X[i][source] if source < a.widths[0] else Fraction(1)
        for j, c in enumerate(dual):
            if c:
                k = place_of(a, 1, u, j)
                yield from ((k, c * x, (v, (m, column), *tau[:n], *tau[n + 1 :])) for v, m in behind)
    yield from ((m, Fraction(-1), (v, *tau)) for v, m in behind)
