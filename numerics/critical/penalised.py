"""Identities of the rows of ``P`` that hold of the slopes of a weight decay, too: they imply components of the gradient of the sum.

``T ∇J = P ε + T (λ_k w_k)_k``, so ``Σ_k G_k ∂J/∂w_k = 0`` follows from ``Σ_k G_k P[k, :] = 0`` and ``Σ_k G_k λ_k w_k = 0``. Units that may be mixed by all
linear maps have the second only for rotations: the two maps that add either of two units to the other change the penalty alike, so their difference
keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from lossproof.numerics.critical.identities import Identity, coefficients
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.penalty import rates_in_doubles
from lossproof.theory.problem.problem import Problem

_SAME = 1e-9


def keeping_penalty(problem: Problem, members: Sequence[tuple[Array, Array]], offered: Iterable[Identity]) -> list[Identity]:
    """Return of some identities those that the penalty obeys as well, and differences of two that it breaks alike, at some weights with their ``P``.

    It is settled in doubles, and for a checker to see. Without weight decay these are all.

    >>> from fractions import Fraction
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.decay import Decay
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("2-1", "identity", bias="none")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1, 1]], [[5]]), decay=Decay.of(1, a))
    >>> one = Fraction(1)
    >>> turned, moved = ((0, one, (1,)), (1, -one, (0,))), ((0, one, ()), (1, -one, ()))
    >>> keeping_penalty(problem, [(np.array([2.0, 3.0]), np.ones((2, 1)))], [turned, moved]) == [turned]
    True
    """
    if problem.decay is None:
        return list(offered)
    rates, kept = rates_in_doubles(problem), list[Identity]()
    broken: list[tuple[Array, Identity]] = []
    for identity in offered:
        parts = [coefficients(identity, values, P) * rates * values for values, P in members]
        change, size = (np.array([f(part) for part in parts]) for f in (np.sum, lambda part: np.sum(np.abs(part))))
        if np.all(np.abs(change) <= _SAME * size):
            kept.append(identity)
            continue
        like = next((other for seen, other in broken if np.all(np.abs(seen - change) <= _SAME * size)), None)
        if like is None:
            broken.append((change, identity))
        else:
            kept.append((*like, *((k, -q, factors) for k, q, factors in identity)))
    return kept
