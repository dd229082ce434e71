"""The least bound of ``rank P`` that holds at every ``W``, for inputs in general position, and the reason for it."""

from __future__ import annotations

from lossproof.theory.architecture import Architecture
from lossproof.theory.composition_bound import composition_bound
from lossproof.theory.exceptions import InputError
from lossproof.theory.rank_upper_bounds import (
    bottleneck_bound,
    homogeneous_bound,
    linear_bound,
    narrow_linear_bound,
    polynomial_bound,
)
from lossproof.theory.whole_numbers import whole

_MAX_DEGREE = 64


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
    sizes = [(a.fan_in(l) * a.widths[l], T * a.n_L) for l in range(1, a.L + 1)]
    rank_inputs = min(T, a.fan_in(1))
    found = [(min(a.N_net, T * a.n_L), "rank-size")]
    if a.L == 1:
        found.append((linear_bound(a.n_L, rank_inputs), "rank-linear"))
    else:
        found += _hidden_bounds(a, T, rank_inputs)
    blocks = [min(a.widths[1] * rank_inputs, T * a.n_L), *(min(size) for size in sizes[1:])]
    found.append((sum(blocks), "rank-sum"))
    return min(found, key=lambda bound: bound[0])


def _hidden_bounds(a: Architecture, T: int, rank_inputs: int) -> list[tuple[int, str]]:
    family, found = a.activation.family, []
    if family == "identity":
        found.append((narrow_linear_bound(a, rank_inputs), "rank-linear"))
    if family in ("relu", "leaky-relu", "power"):
        found.append((homogeneous_bound(a), "rank-homogeneous"))
    k = {"identity": 1, "power": int(a.activation.parameter or 1)}.get(family)
    degree = None if k is None else k ** min(a.L - 1, 7)
    if degree is not None and degree <= _MAX_DEGREE and a.output_activation.nonvanishing_derivative.holds:
        found.append((polynomial_bound(a.n_L, a.widths[0], degree, homogeneous=a.bias == "none"), "rank-polynomial"))
    if family == "power":
        found.append((composition_bound(a), "rank-composition"))
    return [*found, (bottleneck_bound(a, T), "rank-bottleneck")]
