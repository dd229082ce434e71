"""The rules that find an exact learner in a box (section 6): Krawczyk's test for as many weights as there are equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import isqrt
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel_balls import BallRing, ball_precision
from lossproof.certificates.kernel_learning_rules import require_separable
from lossproof.certificates.kernel_matrices import entries, parse_matrix
from lossproof.certificates.kernel_parse import Rejected, read_integer, read_list, read_rational
from lossproof.certificates.kernel_pass import Array, apply, forward, limit
from lossproof.certificates.kernel_principle_rules import EVERYWHERE, claim
from lossproof.certificates.kernel_problem import Number, Point, Problem
from lossproof.certificates.kernel_rank_evidence import MAX_BALL_WORK, PRECISIONS
from lossproof.certificates.kernel_step import Result, Step, require
from lossproof.theory.verdicts import Rigor

_KEYS = ("point", "parameters", "radius", "precision")


class BoxRing(BallRing):
    """Balls, some of which are given as such: the weights of a box."""

    def embed(self, number: Number | arb) -> arb:
        """Return a ball as it is, or one that contains the number."""
        return number if isinstance(number, arb) else super().embed(number)


def _boxed(problem: Problem, point: Point, parameters: Sequence[int], radius: fmpq) -> Point:
    """Return the point as balls, those of the given parameters (rows of P) with the radius."""
    ring, offset, chosen = BallRing(), 0, set(parameters)
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


def _jacobian(problem: Problem, box: Point, parameters: list[int], bits: int) -> Array:
    """Return ``dF/dw`` for the chosen parameters over a box: row (i, j), a column for each parameter."""
    ring = BoxRing()
    P = entries(parse_matrix("P", problem), problem, box, ring, parameters, list(range(problem.columns)), bits)
    if problem.strip:
        z, _ = forward(ring, problem, box, problem.L, bits)
        P = P * apply(ring, problem.output_activation, 1, z[-1]).reshape(1, -1)
    return P.T


def _contraction(step: Step, found: Mapping[str, Any], target: fmpq) -> tuple[list[int], fmpq]:
    r"""Check Krawczyk's condition; return the parameters and the radius ``ρ``.

    Let c be the point, s the chosen weights, ``G(s) = F − y'`` for some targets ``|y' − y| ≤ δ``, J an enclosure of G' over the box
    ``|s − c| ≤ ρ``, C any matrix. For s in the box the mean value form gives ``s − C G(s) − c ∈ −C G(c) + (I − C J)(s − c)``. If
    ``|C G(c)| + |C| δ + |I − C J| ρ < ρ`` in every row, the continuous map ``s ↦ s − C G(s)`` sends the box into itself, and Brouwer gives
    a fixed point: ``C G = 0``. The condition makes every row sum of ``|I − C J|`` less than 1, so ``C J`` is invertible for every J over
    the box, hence C is, and ``G = 0``; and ``dF/ds`` is invertible there.
    """
    problem = step.problem
    require_separable(problem)
    index = read_integer(found["point"], "evidence.point", 0, len(step.points) - 1)
    listed = [
        read_integer(k, f"evidence.parameters[{n}]", 0, problem.N_net - 1)
        for n, k in enumerate(read_list(found["parameters"], "evidence.parameters"))
    ]
    require(all(a < b for a, b in pairwise(listed)), "evidence.parameters", "indices must increase strictly")
    n = problem.columns
    require(len(listed) == n, "evidence.parameters", f"as many parameters as equations are needed, {n}")
    radius = read_rational(found["radius"], "evidence.radius")
    require(radius > 0, "evidence.radius", "must be positive")
    bits = read_integer(found["precision"], "evidence.precision", *PRECISIONS)
    limit(n**3 * bits, MAX_BALL_WORK, "size³ · precision of Krawczyk's test")
    with ball_precision(bits):
        point = step.points[index]
        _, phi = forward(BallRing(), problem, point, problem.L, bits)
        G = (phi[-1] - np.array([list(row) for row in problem.Y], dtype=object)).reshape(-1)
        J = arb_mat(n, n, [arb(x) for x in _jacobian(problem, _boxed(problem, point, listed, radius), listed, bits).flat])
        try:
            C = J.mid().inv().mid()
        except ZeroDivisionError:
            raise Rejected("evidence.parameters", "evidence", "the Jacobian at the midpoint is not seen to be invertible") from None
        moved, rest = C * arb_mat(n, 1, [arb(x) for x in G]), C * J
        for k in range(n):
            spread = sum((abs(arb(int(k == m)) - rest[k, m]) for m in range(n)), arb(0))
            reach = sum((abs(C[k, m]) for m in range(n)), arb(0))
            inside = abs(moved[k, 0]) + reach * target + spread * radius
            require(bool(inside < radius), "evidence.radius", "the box is not seen to be mapped into itself")
    return listed, radius


def exact_learning_krawczyk(step: Step) -> Result:
    """Some exact learner lies in the box around the point; at it ``dF/dw`` has full rank. Its Euclidean distance is at most ``ρ ⌈√n⌉``."""
    found = step.expect(0, *_KEYS)
    parameters, radius = _contraction(step, found, fmpq(0))
    root = isqrt(len(parameters) - 1) + 1
    return claim("exact-learning", EVERYWHERE, True, {"distance": str(radius * root)}), Rigor.BALL


def robust_targets(step: Step) -> Result:
    """Krawczyk's test holds for all targets within the radius (in every entry) at once."""
    found = step.expect(0, *_KEYS, "target_radius")
    target = read_rational(found["target_radius"], "evidence.target_radius")
    require(target > 0, "evidence.target_radius", "must be positive")
    _contraction(step, found, target)
    return claim("robust-targets", EVERYWHERE, True, {"radius": str(target)}), Rigor.BALL


KRAWCZYK_RULES: Mapping[str, Callable[[Step], Result]] = {
    "exact-learning-krawczyk": exact_learning_krawczyk,
    "robust-targets": robust_targets,
}
