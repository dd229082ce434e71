"""The one affine relation that the inputs of some samples obey, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

from flint import fmpq, fmpq_mat

from lossproof.numerics.algebra.rational_echelon import kernel_basis
from lossproof.numerics.rationals import to_flint
from lossproof.theory.problem.problem import Problem

_MOST_SAMPLES = 200


def affine_relation(problem: Problem) -> tuple[Fraction, ...] | None:
    r"""Return ``s ≠ 0`` with ``Σ_i s_i x_i = 0`` and ``Σ_i s_i = 0``, as coprime integers, if all such s are multiples of one; else None.

    None as well for more than 200 samples.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> xor = Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])
    >>> [int(q) for q in affine_relation(Problem(Architecture.of("2-2-1"), error_named("squared"), xor))]
    [1, -1, -1, 1]
    """
    T, n_0 = problem.T, problem.architecture.widths[0]
    if not 3 <= T <= min(n_0 + 2, _MOST_SAMPLES):
        return None
    columns = [[*map(to_flint, x), fmpq(1)] for x in problem.samples.X]
    basis = kernel_basis(fmpq_mat([list(row) for row in zip(*columns, strict=True)]))
    return _coprime(basis[0]) if len(basis) == 1 else None


def _coprime(vector: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Return the multiple with coprime integer entries, the first non-zero one positive."""
    scale = lcm(*(q.denominator for q in vector))
    whole = [int(q * scale) for q in vector]
    shared = gcd(*whole) * (1 if next(q for q in whole if q != 0) > 0 else -1)
    return tuple(Fraction(q // shared) for q in whole)
