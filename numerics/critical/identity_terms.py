"""How many terms ``P`` and its identities have as polynomials in symbols for the free weights of a family: what a checker will not take is not offered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from math import comb, prod

from lossproof.numerics.critical.identities import Identity, place_of, shifts_logits
from lossproof.numerics.fields.term_counts import activation_terms
from lossproof.theory.functions.activations import Activation
from lossproof.theory.limits import MAX_TERMS
from lossproof.theory.problem.problem import Problem

_MOST_ENTRY = 25_000
_SMALL = 600
_MOST_WORK = 20_000_000
_MOST_PRODUCTS = 5_000_000


def terms_of_rows(problem: Problem, held: Collection[int]) -> list[int] | None:
    """Return bounds of the terms of an entry of each row of ``P``, with symbols for all weights but those ``held`` at 0; None for more than a search takes.

    In small matrices entries may be as long as bounds allow, which are hardly ever met; else the product of two entries counts for each.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1-1"), error_named("squared"), Samples.of([[1]], [[5]]))
    >>> terms_of_rows(problem, ())  # v(1 − tanh²), twice, tanh, 1
    [2, 2, 1, 1]
    """
    a = problem.architecture
    values, slopes = [[1] * a.widths[0]], list[list[int]]()
    for l in range(1, a.L + 1):
        z = [1 + sum(n for j, n in enumerate(values[-1]) if place_of(a, l, u, j) not in held) for u in range(a.widths[l])]
        bent = l < a.L or not a.output_activation.has_nonzero_slopes
        pairs = [_terms(a.activation_of(l), n) if bent else (n, 1) for n in z]
        values.append([value for value, _ in pairs])
        slopes.append([slope for _, slope in pairs])
        if max(max(pair) for pair in pairs) > _MOST_ENTRY:
            return None
    behind, found = [n * (1 + shifts_logits(problem)) for n in slopes[-1]], list[int]()
    for l in range(a.L, 0, -1):
        sources = [*values[l - 1], *[1] * a.bias_rows_of(l)]
        found = [n * source for n in behind for source in sources] + found
        into = [sum(n for j, n in enumerate(behind) if place_of(a, l, j, u) not in held) for u in range(a.widths[l - 1])]
        behind = [n * slope for n, slope in zip(into, slopes[l - 2], strict=True)] if l > 1 else []
    entries, largest = a.N_net * problem.columns, max(found)
    return found if largest <= _MOST_ENTRY and (entries <= _SMALL or largest**2 * entries <= _MOST_WORK) else None


def _terms(activation: Activation, n: int) -> tuple[int, int]:
    """Return bounds of the terms of a value and a slope at a sum of n terms; those of a power are combined."""
    degree = activation.degree
    return (comb(n + degree - 1, degree), comb(n + degree - 2, degree - 1)) if degree else activation_terms(activation, n)[:2]


def affordable(problem: Problem, terms: Sequence[int], identities: Iterable[Identity]) -> Iterator[Identity]:
    """Yield the identities that a checker forms, for the `terms_of_rows`: no product has more terms than it takes, and all are no more than a search takes."""
    for identity in identities:
        rows, products = dict[int, int](), list[int]()
        for k, _, factors in identity:
            size = prod(terms[f[0]] for f in factors if isinstance(f, tuple))
            rows[k] = rows.get(k, 0) + size
            products.append(size)
        products += [size * terms[k] for k, size in rows.items()] * problem.columns
        if max(products, default=0) <= MAX_TERMS and sum(products) <= _MOST_PRODUCTS:
            yield identity
