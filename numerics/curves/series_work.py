"""The work that a checker counts for the loss as an exact power series along a curve, from above."""

from __future__ import annotations

from itertools import pairwise

from lossproof.numerics.curves.loss_series import LossExpansion
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.lengths import bit_length, products_work
from lossproof.numerics.fields.term_counts import sum_of_terms_work
from lossproof.numerics.network.layer_work import most_terms, product_terms
from lossproof.theory.limits import MAX_BITS, MAX_STEP_WORK, MAX_TERMS, series_work

_STATES = 4
"""How many times a checker may multiply the coefficients of a layer with each other to advance its states by one order, and the factor of their terms."""


def series_is_allowed(expansion: LossExpansion, curves: Array, order: int) -> bool:
    """Tell whether a checker expands the loss along one curve over the formal ring, up to ``t^order``, within half of a step.

    The numbers are those that occur here, by their lengths; polynomials in symbols count by their terms, those of ``t^i`` times those of ``t^j``, ``i + j ≤
    order``, for each order that is advanced.
    """
    values = expansion.values(curves, order)
    if bit_length(values) > MAX_BITS:
        return False
    work = _rational_work(expansion, curves, order, values)
    work += _formal_work(expansion, order, [[most_terms(coefficient) for coefficient in series] for series in values])
    return work <= MAX_STEP_WORK // 2


def _rational_work(expansion: LossExpansion, curves: Array, order: int, values: list[Array]) -> int:
    """Return the work of the products of rational numbers, and of the values of the activations."""
    problem, softmax = expansion.problem, expansion.problem.error.family == "softmax"
    widths, T = problem.architecture.widths, problem.T
    work = series_work(widths, T, 0, order, softmax=softmax)
    for (m, n), (W, _), phi in zip(pairwise(widths), expansion.weights(curves), values, strict=False):
        work += products_work((order + 1) ** 2 * T * (m + 1) * n, m + 1, W, phi)
    outputs = (order + 1) ** 2 * T * widths[-1] * (widths[-1] if softmax else 1)
    work += products_work(outputs, 1, values[-1], expansion.targets)
    return work + products_work((order + 1) * T * widths[-1], T * widths[-1], expansion.rates(curves, order))


def _formal_work(expansion: LossExpansion, order: int, terms: list[list[int]]) -> int:
    """Return the work of the products of polynomials, from the terms of the coefficients of each layer; more than there is where there are too many."""
    widths, T = expansion.problem.architecture.widths, expansion.problem.T
    weights = [most_terms(W) for W, _ in expansion.layers]
    work = 0
    for l, n in enumerate(widths[1:], start=1):
        pairs = [[product_terms(terms[l][i], terms[l][k - i]) for i in range(k + 1)] for k in range(min(order + 1, len(terms[l])))]
        if _STATES * max(map(max, pairs)) > MAX_TERMS:
            return MAX_STEP_WORK
        work += T * n * _STATES * order * sum(sum_of_terms_work(len(products), max(products)) for products in pairs)
        behind = product_terms(max(terms[l]), weights[l] if l < len(weights) else 0)
        after = widths[l + 1] if l + 1 < len(widths) else 1
        work += T * after * (order + 1) ** 2 * sum_of_terms_work(n + 1, behind)
    return work
