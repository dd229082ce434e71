"""Krawczyk's test for critical points: a box that contains exactly one zero of components of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb_mat, fmpq

from lossproof.certificates.kernel_boxes import BoxRing, boxed, require_contraction
from lossproof.certificates.kernel_gradient import gradient, hessian
from lossproof.certificates.kernel_parse import read_integer, read_rational
from lossproof.certificates.kernel_pass import limit
from lossproof.certificates.kernel_problem import Point, Problem
from lossproof.certificates.kernel_rank_evidence import MAX_BALL_WORK, PRECISIONS
from lossproof.certificates.kernel_step import require


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
