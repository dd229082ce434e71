"""Affine relations of the inputs that the order of the targets contradicts, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from lossproof.numerics.ranks.rational_kernel import rational_kernel_of_rows
from lossproof.numerics.samples.linear_separation import weakly_separating_direction
from lossproof.theory.problem.problem import Problem

_MOST_SAMPLES = 100


def order_relations(problem: Problem) -> Iterator[tuple[int, list[Fraction]]]:
    """Yield outputs j, each with k, ``Σ k_i x_i = 0``, ``Σ k_i = 0``, that no z which is affine in x, and ordered as the targets of j are, obeys.

    For networks with one unit in each hidden layer and activations that never fall (rule `unlearnable-order`). If they all increase strictly, the sums of k
    over ``y_i ≥ θ`` are nowhere negative and somewhere positive. Else ``k = p − q`` with ``p, q ≥ 0``, where those of q over ``y_i ≥ θ`` are at most those
    of p over ``y_i > θ``. A linear program suggests k, which is exact. There are none for more than 100 samples.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> line = Samples.of([[0], [1], [2]], [[0], [1], [0]])
    >>> ((j, k),) = order_relations(Problem(Architecture.of("1-1-1"), error_named("squared"), line))
    >>> j, [int(q) for q in k]
    (0, [-1, 2, -1])
    """
    a, T = problem.architecture, problem.T
    used = a.activations
    if T > _MOST_SAMPLES or any(n != 1 for n in a.widths[1:-1]) or not all(activation.never_falls for activation in used):
        return
    basis = rational_kernel_of_rows([[*x, Fraction(1)] for x in problem.samples.X])
    inequalities = _upper_sums if all(activation.increasing.holds for activation in used) else _flows
    for j, y in enumerate(zip(*problem.samples.Y, strict=True) if basis else ()):
        found = weakly_separating_direction(inequalities(basis, y)) if len(set(y)) > 1 else None
        if found is not None:
            yield j, [sum((c * vector[i] for c, vector in zip(found, basis, strict=False)), Fraction(0)) for i in range(T)]


def _upper_sums(basis: Sequence[Sequence[Fraction]], y: Sequence[Fraction]) -> list[list[Fraction]]:
    """Return, level by level, the sums of the basis vectors over the targets that are no lower."""
    return [
        [sum((q for q, target in zip(vector, y, strict=True) if target >= level), Fraction(0)) for vector in basis]
        for level in sorted(set(y))
    ]


def _flows(basis: Sequence[Sequence[Fraction]], y: Sequence[Fraction]) -> list[list[Fraction]]:
    """Return the inequalities for the coordinates of k and for q: ``q ≥ 0``, ``k + q ≥ 0``, and for each level ``Σ_{y_i > θ} k_i ≥ Σ_{y_i = θ} q_i``."""
    T, r = len(y), len(basis)
    unit = [[Fraction(int(i == l)) for l in range(T)] for i in range(T)]
    positive = [[Fraction(0)] * r + row for row in unit] + [[vector[i] for vector in basis] + unit[i] for i in range(T)]
    above = [*_upper_sums(basis, y)[1:], [Fraction(0)] * r]
    levels = [sums + [-Fraction(int(target == level)) for target in y] for level, sums in zip(sorted(set(y)), above, strict=True)]
    return positive + levels
