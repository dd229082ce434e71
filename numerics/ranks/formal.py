"""Upper bounds of ranks from rational kernel vectors of a matrix with formal entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpq

from lossproof.numerics.fields.formal_polynomial import formal_terms
from lossproof.numerics.fields.lengths import products_work
from lossproof.numerics.fields.term_counts import sum_of_terms_work
from lossproof.numerics.network.exact_work import ExactWork
from lossproof.numerics.network.layer_work import most_terms
from lossproof.numerics.ranks.evidence import RankEvidence
from lossproof.numerics.ranks.rational_kernel import kernel_evidence, reduced_kernel
from lossproof.numerics.rationals import to_flint
from lossproof.theory.limits import MAX_STEP_WORK

Equation = dict[int, fmpq]


def constant_kernel(matrix: npt.NDArray[Any], side: str, work: ExactWork | None = None) -> RankEvidence | None:
    r"""Return an upper bound of the rank from all rational vectors that annihilate a matrix formally.

    ``matrix`` is an ``(m, n)`` array over the formal ring (``fmpq`` or `FormalPolynomial` entries of one `FormalField`). With ``M = Σ_μ
    M_μ μ`` over the monomials ``μ``, a rational vector satisfies ``M v = 0`` formally iff ``M_μ v = 0`` for every ``μ`` (``side``
    ``"right"``; ``vᵀ M_μ = 0`` for ``"left"``). What vanishes formally vanishes for the real matrix, so ``rank M ≤ n − d`` (``m − d``),
    ``d`` the dimension of that space, whose reduced basis is the evidence (rule `rank-kernel`).

    The bound may be trivial (``d = 0``) and need not be the rank: a kernel vector may have entries that are not rational. None is
    returned only where no checker takes the evidence: a number is too long, or the products of the matrix with all vectors cost too much, ``work`` being
    that of the entries for a checker, whose rigor is that of the bound. Raises `ValueError` on another side.

    >>> rows = np.array([[fmpq(1), fmpq(2)], [fmpq(3), fmpq(6)]], dtype=object)
    >>> constant_kernel(rows, "right").payload
    {'side': 'right', 'vectors': [['-2', '1']], 'entries': 'Q'}
    """
    if side not in ("right", "left"):
        raise ValueError(f"the side must be 'right' or 'left', got {side!r}: choose one of them")
    oriented = matrix if side == "right" else matrix.T
    n = oriented.shape[1]
    equations, zeros = _without_forced_zeros(_equations(oriented))
    free = [j for j in range(n) if j not in zeros]
    place = {j: k for k, j in enumerate(free)}
    system = np.full((max(len(equations), 1), len(free)), 0, dtype=object)
    for row, equation in enumerate(equations):
        for j, coefficient in equation.items():
            system[row, place[j]] = coefficient
    basis = []
    for short in reduced_kernel(system) if free else []:
        entries = dict(zip(free, short, strict=True))
        basis.append([entries.get(j, short[0] * 0) for j in range(n)])
    found = kernel_evidence(basis, n, side) if products_are_allowed(oriented, basis, work) else None
    return found if found is None or work is None else replace(found, rigor=work.rigor)


def products_are_allowed(matrix: npt.NDArray[Any], vectors: Sequence[Sequence[Fraction]], entries: ExactWork | None = None) -> bool:
    """Tell whether a checker multiplies a matrix over the formal ring with rational vectors within a step.

    ``entries`` are the work of the matrix, and the terms of its entries, for a checker; by default the terms are those here. A matrix of rationals is
    multiplied as it is, any other with the entries that are not 0.
    """
    rows, size = matrix.shape
    formal = max(most_terms(matrix), 0 if entries is None else entries.terms)
    entered = np.array([[to_flint(entry) for entry in vector] for vector in vectors], dtype=object)
    work = products_work(matrix.size * len(vectors), size, matrix, entered)
    if formal:
        support = [sum(entry != 0 for entry in vector) for vector in vectors]
        work += products_work(rows * sum(support), size, matrix) + rows * sum(sum_of_terms_work(length, formal) for length in support)
    return work + (0 if entries is None else entries.work) <= MAX_STEP_WORK * 9 // 10


def _equations(matrix: npt.NDArray[Any]) -> list[Equation]:
    """Return the different rows of all ``M_μ``, each divided by its first entry."""
    found: dict[tuple[tuple[int, Any], ...], Equation] = {}
    for row in matrix:
        by_monomial: dict[Any, Equation] = {}
        for j, entry in enumerate(row):
            for monomial, coefficient in formal_terms(entry).items():
                by_monomial.setdefault(monomial, {})[j] = coefficient
        for equation in by_monomial.values():
            first = next(iter(equation.values()))
            normal = {j: coefficient / first for j, coefficient in equation.items()}
            found.setdefault(tuple(normal.items()), normal)
    return list(found.values())


def _without_forced_zeros(equations: list[Equation]) -> tuple[list[Equation], set[int]]:
    """Solve equations in one unknown, which force it to be 0, until none is left; return the others and the unknowns that are 0."""
    zeros: set[int] = set()
    forced = {next(iter(equation)) for equation in equations if len(equation) == 1}
    while forced:
        zeros |= forced
        equations = [{j: q for j, q in equation.items() if j not in zeros} for equation in equations]
        equations = [equation for equation in equations if equation]
        forced = {next(iter(equation)) for equation in equations if len(equation) == 1}
    return equations, zeros
