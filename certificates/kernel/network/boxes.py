"""Boxes of weights as balls, and Krawczyk's test that such a box contains exactly one zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing
from lossproof.certificates.kernel.network.gradient import gradient, hessian
from lossproof.certificates.kernel.reading.limits import MAX_BALL_WORK, PRECISIONS, limit
from lossproof.certificates.kernel.reading.parse import Rejected, read_integer, read_rational, require
from lossproof.certificates.kernel.reading.problem import Number, Point, Problem


class BoxRing(BallRing):
    """Balls, some of which are given as such: the weights of a box."""

    def embed(self, number: Number | arb) -> arb:
        """Return a ball as it is, or one that contains the number."""
        return number if isinstance(number, arb) else super().embed(number)


def boxed(problem: Problem, point: Point, parameters: Sequence[int], radius: fmpq) -> Point:
    """Return the point as balls, those of the given parameters (rows of P) with the radius."""
    ring, offset, chosen = BoxRing(), 0, set(parameters)
    layers: list[Any] = []
    ball = arb(0, arb(radius).upper())
    for l in range(1, problem.L + 1):
        W, b = point.layers[l - 1]
        m, rows = problem.fan_in(l), [*W, b]
        balls = [
            [
                ring.embed(x) + ball if i < m and offset + a * m + i in chosen else ring.embed(x)
                for a, x in enumerate(row)
            ]
            for i, row in enumerate(rows)
        ]  # fmt: skip
        layers.append((tuple(map(tuple, balls[:-1])), tuple(balls[-1])))
        offset += m * problem.widths[l]
    return Point(tuple(layers))


def box(problem: Problem, point: Point, radius: fmpq) -> Point:
    """Return the box ``|W − c|_∞ ≤ radius`` around a point in all trainable weights, as balls; the point itself for radius 0."""
    return boxed(problem, point, range(problem.N_net) if radius != 0 else (), radius)


def require_contraction(G: Sequence[arb], J: arb_mat, radius: fmpq, target: fmpq, singular: str) -> None:
    r"""Check Krawczyk's condition for a square system in a box of radius ``ρ``; ``singular`` is the place of a singular midpoint.

    Let c be the centre, ``G(s) − p`` the system for some ``|p| ≤ δ`` (``target``), G its balls at c, J an enclosure of its derivative over the box
    ``|s − c| ≤ ρ``, C any matrix. For s in the box the mean value form gives ``s − C G(s) − c ∈ −C G(c) + (I − C J)(s − c)``. If
    ``|C G(c)| + |C| δ + |I − C J| ρ < ρ`` in every row, the continuous map ``s ↦ s − C (G(s) − p)`` sends the box into itself, and Brouwer
    gives a fixed point: ``C (G − p) = 0``. The condition makes every row sum of ``|I − C J|`` less than 1, so ``C J`` is invertible for every J in
    the enclosure, hence C is, and ``G = p``. Two solutions s, s' would have ``J̄ (s − s') = 0`` with a mean J̄ in the enclosure, so there is one only.
    """
    n = len(G)
    try:
        C = J.mid().inv().mid()
    except ZeroDivisionError:
        raise Rejected(singular, "evidence", "the Jacobian at the midpoint is not seen to be invertible") from None
    moved, rest = C * arb_mat(n, 1, [arb(x) for x in G]), C * J
    for k in range(n):
        spread = sum((abs(arb(int(k == m)) - rest[k, m]) for m in range(n)), arb(0))
        reach = sum((abs(C[k, m]) for m in range(n)), arb(0))
        inside = abs(moved[k, 0]) + reach * target + spread * radius
        require(bool(inside < radius), "evidence.radius", "the box is not seen to be mapped into itself")


def read_box(found: Mapping[str, Any]) -> tuple[fmpq, int]:
    """Return the radius of a box, positive, and the precision of the test from the evidence."""
    radius = read_rational(found["radius"], "evidence.radius")
    require(radius > 0, "evidence.radius", "must be positive")
    return radius, read_integer(found["precision"], "evidence.precision", *PRECISIONS)


def require_critical(
    problem: Problem, point: Point, unknowns: list[int], radius: fmpq, bits: int, equations: list[int] | None = None
) -> Point:
    """Prove that the box of that radius in the weights ``unknowns`` contains exactly one zero of some components of the gradient; return the box.

    The components are the ``equations``, as many as the unknowns; by default those by the unknowns themselves. The precision in force must be ``bits``.
    """
    limit(len(unknowns) ** 3 * bits, MAX_BALL_WORK, "size³ · precision of Krawczyk's test")
    rows = unknowns if equations is None else equations
    box = boxed(problem, point, unknowns, radius)
    G = gradient(BoxRing(), problem, point, bits)[rows]
    H = hessian(BoxRing(), problem, box, rows, bits, columns=unknowns)
    require_contraction(list(G), arb_mat(len(rows), len(unknowns), list(H.flat)), radius, fmpq(0), "evidence.radius")
    return box
