r"""Critical points of networks with many weights, in double precision (section 6): Newton's map with one fixed matrix, and the signs of the Hessian.

Let W_0 be the point, B the closed ball of radius ρ around it in the Euclidean norm of all weights, which lies in the box ``|W − W_0|_∞ ≤ ρ``, and ``g = T ∇J``.
`curvature` gives a symmetric matrix H̃ with ``min|λ(H̃)| ≥ s`` and ``‖T H(W) − H̃‖₂ ≤ e`` for all W in that box. Assume ``‖g(W_0)‖ + e ρ < s ρ``, so ``e < s``. For
W in B put ``N(W) = W − H̃⁻¹ g(W)``. The mean value theorem gives ``‖N(W) − W_0‖ = ‖H̃⁻¹(g(W_0) + ∫₀¹ (T H(W_0 + t(W − W_0)) − H̃)(W − W_0) dt)‖ ≤ (‖g(W_0)‖ + e
ρ)/s < ρ``, and ``‖DN‖ ≤ e/s < 1``: N maps B into itself and is a contraction. So B contains exactly one W with ``∇J(W) = 0``.

If ``e < s``, no matrix on the segment from H̃ to ``T H(W)`` is singular, so the Hessian has the inertia of H̃ all over the box.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import PRECISION
from lossproof.certificates.kernel.network import passes
from lossproof.certificates.kernel.network.curvature import Signs, hessian_signs
from lossproof.certificates.kernel.network.passes import Box
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.rules.step import Result, Step, named, positive
from lossproof.theory.verdicts import Rigor


def _signs(step: Step, box: Box) -> Signs:
    """Return the signs of the Hessian over a box, found once for all steps."""
    key = ("curvature", box)
    if key not in step.known:
        with np.errstate(all="ignore"), ball_precision(PRECISION):
            step.known[key] = hessian_signs(step.work, step.problem, box)
    found: Signs = step.known[key]
    return found


def stationary_ball(step: Step) -> Result:
    """Exactly one critical point lies within the radius of the point in the Euclidean norm: the witness that this step introduces."""
    found = step.expect(0, "point", "radius", "precision")
    k, radius = step.point_named(found), positive(found, "radius")
    box = Box(step.points[k], radius)
    with step.balls() as ring:
        gradient = passes.gradient(ring, step.problem, Box(step.points[k]))
        size = sum((x * x for x in gradient), arb(0)).sqrt()
    signs = _signs(step, box)
    with ball_precision(PRECISION):
        inside = bool(size + arb(signs.spread) * radius < arb(signs.least) * radius)
    require(inside, "evidence.radius", "the ball is not seen to be mapped into itself")
    step.introduce(step.at, box)
    return step.conclude("stationary", {"point": k, "radius": str(radius), "dimension": 0}), Rigor.VERIFIED_FLOAT


def inertia_doubles(step: Step) -> Result:
    """At every point of the box, or at the point, the Hessian has so many negative eigenvalues, and all the others are positive."""
    step.expect(0)
    signs, N = _signs(step, step.box()), step.problem.N_net
    require(signs.spread < signs.least, "conclusion.at", "an eigenvalue of the Hessian is not told from 0 in double precision")
    return (
        step.conclude_near("inertia", {"negative": signs.negative, "zero": 0, "positive": N - signs.negative, "undecided": 0}),
        Rigor.VERIFIED_FLOAT,
    )


CURVATURE_RULES = named(stationary_ball, inertia_doubles)
