r"""Relations of the components of the gradient with rational coefficients, that hold all over a family of weights though the rows of ``P`` are independent.

``T ∇J = P ε``, and data that are alike make errors depend on each other: where the weights of the first layer are 0, the outputs are a constant c, and if
``Σ_i (x_i − x̄)(c − y_i)ᵀ = 0`` for all c, the components by these weights follow from those by the biases. So it is for XOR, parities and even functions on
even grids. Where targets of two outputs add up to a constant, so do the outputs of a family, and their errors to 0. The relations are found at members of the
family, in doubles, and that they hold is for a checker to see.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lossproof.numerics.critical.identities import Identity, place_of
from lossproof.numerics.critical.still_units import Still, still_pass
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.jacobian import gradient, gradient_terms
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_SAME = 1e-9
_SHORT, _LONGEST = 1e-7, 1000
_ONE = Fraction(1)


def gradient_relations(problem: Problem, members: Sequence[Weights], still: Still = ()) -> list[Identity]:
    """Return relations ``g_k = Σ_m q_m g_m`` of the components of the gradient at some members of a family, more of them than components.

    Those of the layers near the output come first, biases before weights: others are expressed by them. A component counts as 0 beside the terms that it is
    a sum of: one that is small beside others, as of a saturated unit, is not 0 for that. Nothing where numbers are out of range.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1")
    >>> hill = Problem(a, error_named("squared"), Samples.of([[-1], [0], [1]], [[0], [1], [0]]))
    >>> constant = [Weights.of(a, [([[0]], [k / 2]), ([[1 + k]], [k * k])]) for k in range(5)]
    >>> [[(k, str(q)) for k, q, _ in relation] for relation in gradient_relations(hill, constant)]
    [[(0, '1')]]
    """
    with np.errstate(all="ignore"):
        passes = [still_pass(problem, each, Float64Field(), still) for each in members]
        rows = np.array([gradient(problem, passed) for passed in passes], dtype=float)
        terms = np.array([np.abs(gradient_terms(problem, passed)).sum(axis=1) for passed in passes], dtype=float)
    if not (np.all(np.isfinite(rows)) and np.all(np.isfinite(terms))):
        return []
    sizes, found, basis = np.max(np.abs(rows), axis=0), list[Identity](), list[int]()
    for k in _in_order(problem):
        if not np.any(terms[:, k]):
            continue
        if np.all(np.abs(rows[:, k]) <= _SAME * terms[:, k]):
            found.append(((k, _ONE, ()),))
            continue
        relation = _relation(rows, sizes, basis, k)
        if relation is None:
            basis.append(k)
        elif relation:
            found.append(((k, _ONE, ()), *((m, -q, ()) for m, q in relation)))
    return found


def _in_order(problem: Problem) -> list[int]:
    a = problem.architecture
    return [place_of(a, l, u, r) for l in range(a.L, 0, -1) for r in reversed(range(a.fan_in(l))) for u in range(a.widths[l])]


def _relation(rows: Array, sizes: Array, basis: Sequence[int], k: int) -> list[tuple[int, Fraction]] | None:
    """Return a column as a sum of others with short rational factors; none where the factors are not short, and None where it is independent of them."""
    if not basis:
        return None
    scaled = rows[:, list(basis)] / sizes[list(basis)]
    shares, *_ = np.linalg.lstsq(scaled, rows[:, k] / sizes[k], rcond=None)
    if np.max(np.abs(scaled @ shares - rows[:, k] / sizes[k])) > _SAME:
        return None
    factors = [float(share * sizes[k] / sizes[m]) for share, m in zip(shares, basis, strict=True)]
    short = [Fraction(q).limit_denominator(_LONGEST) for q in factors]
    if any(abs(float(q) - x) > _SHORT * (1 + abs(x)) for q, x in zip(short, factors, strict=True)):
        return []
    return [(m, q) for m, q in zip(basis, short, strict=True) if q]
