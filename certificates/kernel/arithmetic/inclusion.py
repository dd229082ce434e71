"""The one test of inclusion in balls: an approximate inverse X of a matrix M with ``‖I − X M‖ < 1`` for everything that M may be.

It proves that a square matrix is invertible, and that a box holds one zero of a system of equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ZERO, not_zero
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits


def count_inverse(work: Work, n: int) -> None:
    """Count an inverse of n rows in balls and a product with it, before a matrix is made of which these are wanted."""
    work.spend(2 * limits.elimination_work(n, ctx.prec), "an inverse in balls")


def _square(rows: Any) -> arb_mat:
    """Return a square matrix of numbers and balls, given by rows."""
    return arb_mat(len(rows), len(rows), [arb(x) for x in np.asarray(rows, dtype=object).flat])


def _inverse(M: arb_mat) -> tuple[arb_mat, list[arb]]:
    """Return an approximate inverse X, 0 where none is found, and the row sums of ``|I − X M|``."""
    n = M.nrows()
    try:
        X = M.mid().inv().mid()
    except ZeroDivisionError:
        X = arb_mat(n, n)
    product = X * M
    return X, [sum((abs(arb(int(k == m)) - product[k, m]) for m in range(n)), arb(0)) for k in range(n)]


def is_invertible(rows: Any) -> bool:
    """Tell whether every matrix in the balls is seen to be invertible: the ball of the determinant has no 0, or ``‖I − X M‖_∞ < 1`` makes ``X M`` so."""
    M = _square(rows)
    return not_zero(M.det()) or all(bool(s < 1) for s in _inverse(M)[1])


def require_invertible(rows: Any, place: str) -> None:
    """Demand that of a matrix."""
    require(is_invertible(rows), place, "a matrix in these balls may be singular")


def require_contraction(G: Sequence[arb], rows: Any, radius: fmpq, target: fmpq = ZERO) -> None:
    r"""Check Krawczyk's condition for a square system in a box of radius ``ρ``.

    Let c be the centre, ``G(s) − p`` the system for some ``|p| ≤ δ`` (``target``), G its balls at c, J (the ``rows``) an enclosure of its derivative over the
    box ``|s − c| ≤ ρ``, X any matrix. For s in the box the mean value form gives ``s − X G(s) − c ∈ −X G(c) + (I − X J)(s − c)``. If
    ``|X G(c)| + |X| δ + |I − X J| ρ < ρ`` in every row, the continuous map ``s ↦ s − X (G(s) − p)`` sends the box into itself, and Brouwer
    gives a fixed point: ``X (G − p) = 0``. The condition makes every row sum of ``|I − X J|`` less than 1, so ``X J`` is invertible for every J in
    the enclosure, hence X is, and ``G = p``. Two solutions s, s' would have ``J̄ (s − s') = 0`` with a mean J̄ in the enclosure, so there is one only.
    """
    n, (X, sums) = len(G), _inverse(_square(rows))
    moved = X * arb_mat(n, 1, [arb(x) for x in G])
    for k in range(n):
        reach = sum((abs(X[k, m]) for m in range(n)), arb(0))
        inside = abs(moved[k, 0]) + reach * target + sums[k] * radius
        require(bool(inside < radius), "evidence.radius", "the box is not seen to be mapped into itself")
