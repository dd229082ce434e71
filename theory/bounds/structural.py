"""All bounds of ``rank P`` that hold at every ``W`` by the architecture alone, and the least of them for inputs in general position."""

from __future__ import annotations

from lossproof.theory.bounds.composition import MOST_DEGREE, composition_bound
from lossproof.theory.bounds.upper import (
    bottleneck_bound,
    homogeneous_bound,
    linear_bound,
    narrow_linear_bound,
    polynomial_bound,
)
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.whole_numbers import whole


def structural_rank_bounds(architecture: Architecture, T: int, rank_inputs: int) -> list[tuple[int, str]]:
    """Return the bounds of ``rank P`` at every ``W`` for any ``T`` inputs with ``rank Φ_0⁺ ≤ rank_inputs``, each with the certificate's rule for it.

    >>> structural_rank_bounds(Architecture.of("2-2-1", "relu"), 4, 3)
    [(4, 'rank-size'), (4, 'rank-dimension'), (7, 'rank-stack')]
    """
    a = architecture
    first, others = a.widths[1] * rank_inputs, [a.fan_in(l) * a.widths[l] for l in range(2, a.L + 1)]
    blocks = sum(min(rows, T * a.n_L) for rows in (first, *others))
    return [(min(a.N_net, T * a.n_L), "rank-size"), (dimension_bound(a, T, rank_inputs), "rank-dimension"), (blocks, "rank-stack")]


def dimension_bound(architecture: Architecture, T: int, rank_inputs: int) -> int:
    """Return the least bound of ``rank P`` by the dimension of spaces of functions, and of spaces of changes of a layer, that there is.

    >>> dimension_bound(Architecture.of("3-2-1", "power:2", bias="none"), 20, 3), dimension_bound(Architecture.of("3-1-2"), 4, 4)
    (5, 6)
    """
    a, hidden, free = architecture, architecture.activation, architecture.is_uniform and architecture.bias != "fixed"
    found = [T * a.n_L]
    if a.L == 1 and free:
        found.append(linear_bound(a.n_L, rank_inputs))
    if a.L >= 2:
        found.append(bottleneck_bound(a, T))
        if a.scaled_layers and not hidden.is_identity:
            found.append(homogeneous_bound(a))
        if hidden.is_identity and free:
            found.append(narrow_linear_bound(a, rank_inputs))
        if a.is_uniform and hidden.degree is not None and hidden.degree ** min(a.L - 1, 7) <= MOST_DEGREE:
            found.append(polynomial_bound(a.n_L, a.widths[0], hidden.degree ** (a.L - 1), homogeneous=a.bias == "none"))
        if hidden.degree is not None and not hidden.is_identity and free and a.L <= MOST_DEGREE:
            found.append(composition_bound(a))
    return min(found)


def generic_rank_bound(architecture: Architecture, T: int) -> tuple[int, str]:
    """Return the least bound and the rule of the certificate that gives it; the size ``min(N_net, T n_L)`` is preferred to others as good.

    It holds at every ``W`` and for every ``T`` inputs, since ``rank Φ_0⁺ ≤ min(T, n_0 + [bias trainable])`` and no input is taken to occur
    twice. Raises `InputError` for fixed biases.

    >>> generic_rank_bound(Architecture.of("2-2-1", "tanh"), 4), generic_rank_bound(Architecture.of("2-2-1", "power:2", bias="none"), 9)
    ((4, 'rank-size'), (3, 'rank-dimension'))
    """
    a, T = architecture, whole("T", T, 1)
    if "fixed" in a.biases:
        raise InputError("the bound must be asked for bias 'trainable' or 'none', got 'fixed': its constants decide there")
    return min(structural_rank_bounds(a, T, min(T, a.fan_in(1))), key=lambda bound: bound[0])
