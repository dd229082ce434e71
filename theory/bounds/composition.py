"""The bound of ``rank P`` for networks of powers, from the way layers compose."""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import TYPE_CHECKING

from lossproof.theory.exceptions import InputError
from lossproof.theory.limits import MAX_POLYNOMIAL_DEGREE

if TYPE_CHECKING:
    from lossproof.theory.problem.architecture import Architecture

MOST_DEGREE = MAX_POLYNOMIAL_DEGREE
"""Bounds by the dimension of spaces of polynomials are not used beyond this degree."""


def composition_bound(architecture: Architecture) -> int:
    r"""Return a bound of ``rank P`` at every ``W``, whatever the samples, for hidden units ``z^k`` (`rank-upper`).

    Hypotheses: ``L ≥ 2``, hidden activation ``power:k``, bias mode ``trainable`` or ``none``; otherwise `InputError`. Let ``β = 1`` when
    biases are trainable, else 0. For ``i < j`` let ``B(i, j)`` be the least of

    - the number of weights between the layers, less the units between: ``Σ_{i<l≤j} (n_{l-1} + β) n_l − Σ_{i<l<j} n_l``;
    - ``n_j·C(n_i + d + β − 1, d)`` with ``d = k^{j-i-1} ≤ 64``: polynomials of degree at most ``d``, or forms of degree ``d``;
    - ``m (n_i + β) − m(m − 1)/2 + β`` with ``m = min(n_{i+1}, n_i + β)``, if ``j = i + 2``, ``k = 2``, ``n_j = 1``: quadrics of rank ``m``;
    - ``B(i, h) + B(h, j) − n_h`` for ``i < h < j``.

    The value is ``B(0, L)``.

    Proof: let ``D(i, j)`` be the space of the derivatives by weights of ``z_j`` as a function of the layer ``φ_i``; the columns of ``P`` are
    values of functions from ``D(0, L)``, up to factors ``σ_out'``. (1) is `homogeneous_bound`, (2) counts monomials. (3): the derivatives are
    quadratic forms in ``(φ_i, 1)`` of the shape ``Σ_a w_a·(any form)``, with ``w_a`` the ``n_{i+1}`` linear forms ``z_{i+1}``, and a multiple
    of ``1``; modulo ``m`` independent linear forms the former vanish, so their dimension is ``C(n + 1, 2) − C(n − m + 1, 2)`` with ``n = n_i +
    β``. (4): ``D(i, j)`` is the image of ``D(i, h) ⊕ D(h, j)`` under ``(p, q) ↦ (∂z_j/∂z_h) p + q(φ_h)``. Scaling unit ``a`` of layer ``h`` by
    its incoming weights, or by its outgoing ones, gives elements ``(z_{h,a} e_a, −k φ_{h,a} ∂z_j/∂φ_{h,a})`` of the kernel, independent as long
    as no ``z_{h,a}`` is the zero function. Where one is, the bound holds because the entries of ``P`` without the factors are polynomials in
    ``W``, so that their rank is largest at almost every ``W``.

    The recursion of (4) for the dimension of the variety is due to Kileel, Trager and Bruna (arXiv 1905.12207).

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> composition_bound(Architecture.of("3-2-1", "power:2", bias="none")), composition_bound(Architecture.of("2-3-2", "power:2", bias="none"))
    (5, 6)
    """
    a = architecture
    if a.L < 2 or not a.is_uniform or a.activation.degree is None or a.activation.is_identity or a.bias == "fixed":
        raise InputError(
            "the composition bound must be asked for a network with hidden powers and bias 'trainable' or 'none', "
            f"got {a} with {a.activation.name} and bias {a.bias!r}: use another bound"
        )
    return _between(a.widths, a.activation.degree, a.bias_rows_of(1))


@lru_cache(maxsize=4096)
def _between(n: tuple[int, ...], k: int, beta: int) -> int:
    """Return ``B`` between the first and the last of the layers of widths ``n``."""
    steps = len(n) - 1
    weights = sum((n[l] + beta) * n[l + 1] for l in range(steps))
    if steps == 1:
        return weights
    found = [weights - sum(n[1:-1])]
    degree = k ** min(steps - 1, 7)
    if k == 1 or degree <= MOST_DEGREE:
        found.append(n[-1] * comb(n[0] + degree + beta - 1, degree))
    if steps == 2 and k == 2 and n[2] == 1:
        m = min(n[1], n[0] + beta)
        found.append(m * (n[0] + beta) - m * (m - 1) // 2 + beta)
    found += [_between(n[: h + 1], k, beta) + _between(n[h:], k, beta) - n[h] for h in range(1, steps)]
    return min(found)
