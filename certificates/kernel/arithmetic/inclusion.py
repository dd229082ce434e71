"""The one test of inclusion in balls: an approximate inverse X of a matrix M with ``‖I − X M‖ < 1`` for everything that M may be.

It proves that a square matrix is invertible, and that a box holds one zero of a system of equations.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel.arithmetic.balls import not_zero
from lossproof.certificates.kernel.reading.parse import Rejected, require


def _inverse(M: arb_mat, place: str) -> tuple[arb_mat, list[arb]]:
    """Return an approximate inverse X, and the row sums of ``|I − X M|``."""
    try:
        X = M.mid().inv().mid()
    except ZeroDivisionError:
        raise Rejected(place, "evidence", "the matrix is not seen to be invertible at its midpoint") from None
    n, product = M.nrows(), X * M
    return X, [sum((abs(arb(int(k == m)) - product[k, m]) for m in range(n)), arb(0)) for k in range(n)]


def require_invertible(M: arb_mat, place: str) -> None:
    """Demand that every matrix in the balls is invertible: ``‖I − X M‖_∞ < 1`` makes ``X M`` so; or the ball of the determinant does not contain 0."""
    invertible = not_zero(M.det()) or all(bool(s < 1) for s in _inverse(M, place)[1])
    require(invertible, place, "a matrix in these balls may be singular")


def require_contraction(G: Sequence[arb], J: arb_mat, radius: fmpq, target: fmpq) -> None:
    r"""Check Krawczyk's condition for a square system in a box of radius ``ρ``.

    Let c be the centre, ``G(s) − p`` the system for some ``|p| ≤ δ`` (``target``), G its balls at c, J an enclosure of its derivative over the box
    ``|s − c| ≤ ρ``, X any matrix. For s in the box the mean value form gives ``s − X G(s) − c ∈ −X G(c) + (I − X J)(s − c)``. If
    ``|X G(c)| + |X| δ + |I − X J| ρ < ρ`` in every row, the continuous map ``s ↦ s − X (G(s) − p)`` sends the box into itself, and Brouwer
    gives a fixed point: ``X (G − p) = 0``. The condition makes every row sum of ``|I − X J|`` less than 1, so ``X J`` is invertible for every J in
    the enclosure, hence X is, and ``G = p``. Two solutions s, s' would have ``J̄ (s − s') = 0`` with a mean J̄ in the enclosure, so there is one only.
    """
    n, (X, sums) = len(G), _inverse(J, "evidence.point")
    moved = X * arb_mat(n, 1, [arb(x) for x in G])
    for k in range(n):
        reach = sum((abs(X[k, m]) for m in range(n)), arb(0))
        inside = abs(moved[k, 0]) + reach * target + sums[k] * radius
        require(bool(inside < radius), "evidence.radius", "the box is not seen to be mapped into itself")
