r"""Critical points of networks with many weights, and their inertia, in double precision (section 6): Newton's map with one fixed matrix.

Let W_0 be the point and ``g = T ∇J`` by the free parameters, those that are not ``fixed``, as in `stationary_box`: all but these are held. B is the closed
ball of radius ρ around W_0 in the Euclidean norm of the free parameters; it lies in the box ``|W − W_0|_∞ ≤ ρ``. `curvature` gives a symmetric matrix H̃ with
``‖T H(W) − H̃‖₂ ≤ e`` for all W in that box, H the Hessian by the free parameters; `eigenvalues` shows ``min|λ(H̃)| ≥ s``, and how many are negative. Assume
``‖g(W_0)‖ + e ρ < s ρ``, so ``e < s``. For W in B put ``N(W) = W − H̃⁻¹ g(W)``. The mean value theorem gives ``‖N(W) − W_0‖ = ‖H̃⁻¹(g(W_0) + ∫₀¹ (T H(W_0 +
t(W − W_0)) − H̃)(W − W_0) dt)‖ ≤ (‖g(W_0)‖ + e ρ)/s < ρ``, and ``‖DN‖ ≤ e/s < 1``: N maps B into itself and is a contraction. So B contains exactly one W with
``g(W) = 0``, and there ``∇J = 0``: see `stationary_box`, which also gives the family of critical points.

*Inertia.* Let any d parameters be fixed. If ``e < s``, no matrix on the segment from H̃ to ``T H(W)`` is singular, so H has the inertia of H̃ all over the
box. By Cauchy's interlacing theorem the whole Hessian has at least as many negative, and as many positive, eigenvalues. At a critical point in a manifold of
dimension d of critical points its kernel has dimension d at least, and these are all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flint import arb

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, PRECISION, TINY
from lossproof.certificates.kernel.arithmetic.eigenvalues import are_apart, eigenvalues
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.network import passes
from lossproof.certificates.kernel.network.curvature import hessian
from lossproof.certificates.kernel.network.passes import Box
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import require
from lossproof.certificates.kernel.rules import evidence
from lossproof.certificates.kernel.rules.step import Result, Step, positive
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor


def _hessian(step: Step, box: Box, free: Sequence[int]) -> tuple[Array, float]:
    """Return H̃ by some parameters over a box, and e; of a small network the last one is kept for the steps that follow."""
    wanted = box, tuple(free)
    last, found = step.known.get("hessian", (None, None))
    if last != wanted:
        found = hessian(step.work, step.problem, box, free)
        if step.problem.N_net <= limits.MAX_EIGENVALUES:
            step.known["hessian"] = wanted, found
    H, e = found
    return H, e


def _apart(step: Step, box: Box, fixed: Sequence[int], found: Mapping[str, Any], more: float = 0.0) -> bool:
    """Tell whether H̃ by the free parameters has the number of negative eigenvalues that the evidence names, and ``s > e + more``; what was seen is kept."""
    index = read.integer(found["index"], "evidence.index", 0, step.problem.N_net - len(fixed))
    key = ("curvature", box, tuple(fixed), index)
    if not more <= step.known.get(key, -1.0):
        free = sorted(set(range(step.problem.N_net)).difference(fixed))
        step.work.spend(limits.signs_work(len(free), index), "the signs of eigenvalues")
        with np.errstate(all="ignore"), ball_precision(PRECISION):
            H, e = _hessian(step, box, free)
            if not are_apart(H, index, ENLARGE * (e + more)):
                return False
        step.known[key] = more
    return True


def _existence(step: Step) -> Result:
    """Exactly one critical point lies within the radius of the point in the free parameters: the witness that this step introduces."""
    found = step.expect(0, "point", "fixed", "index", "radius", "precision")
    box = step.around(found)
    fixed = evidence.gauge(step.formal(), step.problem, found, box)
    with step.balls() as ring:
        gradient = np.delete(passes.gradient(ring, step.problem, Box(box.point)), fixed)
        size = sum((arb(x).abs_upper() ** 2 for x in gradient), arb(0)).sqrt() / arb(box.radius)
    inside = _apart(step, box, fixed, found, float(size.upper()) * ENLARGE + TINY)
    require(inside, "evidence.radius", "the ball is not seen to be mapped into itself")
    return step.located(found, box, len(fixed)), Rigor.VERIFIED_FLOAT


def _inertia(step: Step) -> Result:
    """The signs of all eigenvalues at a critical point, where as many are 0 as there are fixed parameters."""
    found, box, N = step.expect(1, "fixed", "index"), step.box(), step.problem.N_net
    fixed = evidence.indices(found["fixed"], "evidence.fixed", N)
    right = step.claim(0, "stationary")["dimension"] == len(fixed)
    require(right, "premises[0]", "as many fixed parameters as the dimension of the critical points are needed here", "premise")
    apart = _apart(step, box, fixed, found)
    require(apart, "evidence.index", "the eigenvalues of the Hessian are not seen to have these signs, in double precision")
    index = int(found["index"])
    counts = {"negative": index, "zero": len(fixed), "positive": N - index - len(fixed), "undecided": 0}
    return step.conclude_near("inertia", counts), Rigor.VERIFIED_FLOAT


def critical_ball(step: Step) -> Result:
    """A critical point near the point that the evidence names, or the signs of the Hessian at a critical point: see the head of this file."""
    return _existence(step) if step.says("stationary", "inertia") == "stationary" else _inertia(step)


def hessian_spectrum(step: Step) -> Result:
    """The least and the largest eigenvalue of the Hessian of J, or all of them in ascending order, are within some distance of the numbers listed.

    Those of ``T H`` at a place of the box differ from those of H̃ by e at most (Weyl); the bounds of the latter are those of `eigenvalues`.
    """
    found, problem, box = step.expect(0, "eigenvalues", "within"), step.problem, step.box()
    within, listed = positive(found, "within"), read.each(found["eigenvalues"], "evidence.eigenvalues", read.rational)
    every = len(listed) == problem.N_net <= limits.MAX_EIGENVALUES
    right = every or len(listed) == 2
    require(right, "evidence.eigenvalues", "all eigenvalues are listed, of few weights only, or the least and the largest")
    step.work.spend(limits.flops_work(20 * problem.N_net**3), "eigenvalues")
    with np.errstate(all="ignore"), ball_precision(PRECISION):
        H, e = _hessian(step, box, range(problem.N_net))
        values, error = eigenvalues(H)
        spare = within * problem.T - arb(e) - arb(error)
        for k, (value, seen) in enumerate(zip(listed, values if every else values[[0, -1]], strict=True)):
            near = bool(abs(arb(float(seen)) - value * problem.T) <= spare)
            require(near, f"evidence.eigenvalues[{k}]", "this eigenvalue is not seen to be so near")
    ends = ("smallest", listed[0]), ("largest", listed[-1])
    facts = {f"{name}_{side}": str(x + d) for name, x in ends for side, d in (("lower", -within), ("upper", within))}
    return step.conclude_near("hessian-spectrum", facts | (dict(found) if every else {})), Rigor.VERIFIED_FLOAT
