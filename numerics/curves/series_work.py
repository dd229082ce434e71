"""The work that a checker counts for the loss as an exact power series along a curve, from above."""

from __future__ import annotations

from lossproof.numerics.curves.loss_series import LossExpansion
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.formal_polynomial import FormalPolynomial, formal_terms
from lossproof.numerics.network.exact_work import TERM_WORK, bit_length
from lossproof.theory.limits import MAX_BITS, MAX_STEP_WORK, MAX_TERMS, series_work

_STATES = 4
"""How many times a checker may multiply the coefficients of a layer with each other to advance its states by one order, and the factor of their terms."""


def series_is_allowed(expansion: LossExpansion, curves: Array, order: int) -> bool:
    """Tell whether a checker expands the loss along one curve over the formal ring, up to ``t^order``, within half of a step.

    The numbers are those that occur here, by their lengths; polynomials in symbols count by their terms, those of ``t^i`` times those of ``t^j``, ``i + j ≤
    order``, for each order that is advanced.
    """
    problem, widths = expansion.problem, expansion.problem.architecture.widths
    values = expansion.values(curves, order)
    bits = bit_length([*values, curves, *(W for W, _ in expansion.layers)])
    work = series_work(widths, problem.T, 2 * bits, order, softmax=problem.error.family == "softmax")
    longest = max(1, *(_terms(W) for W, _ in expansion.layers))
    for l, n in enumerate(widths[1:], start=1):
        terms = [_terms(coefficient) for coefficient in values[l]]
        pairs = [max(a, 1) * max(b, 1) for i, a in enumerate(terms) for b in terms[: order + 1 - i] if a or b]
        if _STATES * max(pairs, default=0) > MAX_TERMS:
            return False
        behind = longest * (widths[l + 1] if l + 1 < len(widths) else 1)
        work += TERM_WORK * problem.T * n * (_STATES * order + behind) * sum(pairs)
    return bits <= MAX_BITS and work <= MAX_STEP_WORK // 2


def _terms(A: Array) -> int:
    """Return the most terms of an entry that is no rational, 0 without any."""
    return max((len(formal_terms(x)) for x in A.flat if isinstance(x, FormalPolynomial)), default=0)
