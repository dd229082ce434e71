"""The rules that find an exact learner in a box (section 6): Krawczyk's test for as many weights as there are equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import isqrt
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel_balls import BallRing, ball_precision
from lossproof.certificates.kernel_boxes import BoxRing, boxed, require_contraction
from lossproof.certificates.kernel_learning_rules import require_separable
from lossproof.certificates.kernel_matrices import entries, parse_matrix
from lossproof.certificates.kernel_parse import read_integer, read_list, read_rational
from lossproof.certificates.kernel_pass import Array, apply, forward, limit
from lossproof.certificates.kernel_principle_rules import EVERYWHERE, claim
from lossproof.certificates.kernel_problem import Point, Problem
from lossproof.certificates.kernel_rank_evidence import MAX_BALL_WORK, PRECISIONS
from lossproof.certificates.kernel_step import Result, Step, require
from lossproof.theory.verdicts import Rigor

_KEYS = ("point", "parameters", "radius", "precision")


def _jacobian(problem: Problem, box: Point, parameters: list[int], bits: int) -> Array:
    """Return ``dF/dw`` for the chosen parameters over a box: row (i, j), a column for each parameter."""
    ring = BoxRing()
    P = entries(parse_matrix("P", problem), problem, box, ring, parameters, list(range(problem.columns)), bits)
    if problem.strip:
        z, _ = forward(ring, problem, box, problem.L, bits)
        P = P * apply(ring, problem.output_activation, 1, z[-1]).reshape(1, -1)
    return P.T


def _contraction(step: Step, found: Mapping[str, Any], target: fmpq) -> tuple[list[int], fmpq]:
    """Check Krawczyk's condition for ``F − y'``, all targets ``|y' − y| ≤ δ`` at once; return the parameters and the radius ``ρ``.

    By `require_contraction` some s in the box has ``F = y'``, and ``dF/ds`` is invertible all over the box.
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
        J = arb_mat(n, n, [arb(x) for x in _jacobian(problem, boxed(problem, point, listed, radius), listed, bits).flat])
        require_contraction(list(G), J, radius, target, "evidence.parameters")
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
