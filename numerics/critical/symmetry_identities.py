r"""Identities of the rows of ``P`` that hold for all weights: those of the symmetries of the network and of the samples.

They are scaling of homogeneous units, linear maps between linear layers, directions of the input space that no sample sees, and for softmax one number more
for all logits; those of powers stand in `power_identities`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat

from lossproof.numerics.algebra.rational_echelon import kernel_basis
from lossproof.numerics.critical.identities import Identity, place_of, shifts_logits
from lossproof.numerics.critical.power_identities import power_identities
from lossproof.numerics.rationals import to_flint
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem

_ONE = Fraction(1)


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
        yield from power_identities(problem) if a.is_uniform else ()
    if shifts_logits(problem):
        for source in range(a.fan_in(a.L)):
            yield tuple((place_of(a, a.L, j, source), _ONE, ()) for j in range(a.n_L))


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
