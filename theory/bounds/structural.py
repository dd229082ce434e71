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
    [(4, 'rank-size'), (7, 'rank-homogeneous'), (4, 'rank-bottleneck'), (7, 'rank-sum')]
    """
    a, hidden, free = architecture, architecture.activation, architecture.bias != "fixed"
    found = [(min(a.N_net, T * a.n_L), "rank-size")]
    if a.L >= 2 and hidden.homogeneity is not None and not hidden.is_identity and free:
        found.append((homogeneous_bound(a), "rank-homogeneous"))
    if a.L == 1 and free:
        found.append((linear_bound(a.n_L, rank_inputs), "rank-linear"))
    if a.L >= 2 and hidden.is_identity and free:
        found.append((narrow_linear_bound(a, rank_inputs), "rank-linear"))
    degree = _degree(a)
    if degree is not None and a.output_activation.nonvanishing_derivative.holds:
        found.append((polynomial_bound(a.n_L, a.widths[0], degree, homogeneous=a.bias == "none"), "rank-polynomial"))
    if a.L >= 2 and hidden.degree is not None and not hidden.is_identity and free:
        found.append((composition_bound(a), "rank-composition"))
    if a.L >= 2:
        found.append((bottleneck_bound(a, T), "rank-bottleneck"))
    first, others = a.widths[1] * rank_inputs, [a.fan_in(l) * a.widths[l] for l in range(2, a.L + 1)]
    return [*found, (sum(min(rows, T * a.n_L) for rows in (first, *others)), "rank-sum")]


def _degree(a: Architecture) -> int | None:
    """Return the degree of ``z_L`` as a polynomial in the inputs, for hidden powers; None where it is none, or above 64."""
    if a.L < 2 or a.activation.degree is None:
        return None
    degree = a.activation.degree ** min(a.L - 1, 7)
    return degree if degree <= MOST_DEGREE else None


def generic_rank_bound(architecture: Architecture, T: int) -> tuple[int, str]:
    """Return the least bound and the rule of the certificate that gives it; the size ``min(N_net, T n_L)`` is preferred to others as good.

    It holds at every ``W`` and for every ``T`` inputs, since ``rank Φ_0⁺ ≤ min(T, n_0 + [bias trainable])`` and no input is taken to occur
    twice. Raises `InputError` for fixed biases.

    >>> generic_rank_bound(Architecture.of("2-2-1", "tanh"), 4), generic_rank_bound(Architecture.of("2-2-1", "power:2", bias="none"), 9)
    ((4, 'rank-size'), (3, 'rank-polynomial'))
    """
    a, T = architecture, whole("T", T, 1)
    if a.bias == "fixed":
        raise InputError("the bound must be asked for bias 'trainable' or 'none', got 'fixed': its constants decide there")
    return min(structural_rank_bounds(a, T, min(T, a.fan_in(1))), key=lambda bound: bound[0])
