r"""The rules that find an exact learner in a box (section 6): Krawczyk's test for as many weights as there are equations.

The rules that find an exact learner in a ball (section 6), by the theorem of Newton and Kantorovich in double precision.

Let W_0 be the point, ``G = F − Y'`` for targets ``|Y' − Y| ≤ δ``, S a diagonal matrix of positive scales, B the closed ball of radius ρ
around W_0, and

``g ≥ ‖S(F − Y)(W_0)‖₂ + δ‖S‖_F``, ``σ ≤ σ_min(P(W_0)S)``, κ a Lipschitz constant of ``S·DF`` on B, ``σ ≥ g/ρ + κρ/2``, ``σ > κρ``.

On ``V = W_0 + range P(W_0)`` the derivative ``S P(W_0)ᵀ`` of ``SG`` at W_0 has an inverse C with ``‖C‖ ≤ 1/σ``. Put ``N(W) = W − C S G(W)``
for W in ``V ∩ B``. The mean value theorem gives ``‖N(W) − W_0‖ = ‖C(S G(W_0) + ∫₀¹ S(DF(W_0 + t(W − W_0)) − DF(W_0))(W − W_0) dt)‖ ≤ (g +
κρ²/2)/σ ≤ ρ``. So N maps the ball ``V ∩ B`` into itself and has a fixed point (Brouwer); there ``SG = 0``. At every point of B, ``‖C
S(DF(W) − DF(W_0))‖ ≤ κρ/σ < 1``, so ``C S·DF(W)`` is invertible on ``range P(W_0)`` and ``P(W)`` has full column rank.

With ``β = 1/σ`` and ``η = g/σ`` this is Kantorovich's condition ``βκη ≤ 1/2``, with a radius that it allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from math import isqrt
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.network.boxes import BoxRing, boxed, require_contraction
from lossproof.certificates.kernel.network.derivative_bounds import frobenius, lipschitz_constant
from lossproof.certificates.kernel.network.gram import TruePass, require_smallest_singular_value, true_pass
from lossproof.certificates.kernel.network.matrices import entries, parse_matrix
from lossproof.certificates.kernel.network.passes import apply, forward
from lossproof.certificates.kernel.reading.limits import MAX_BALL_WORK, PRECISIONS, Array, limit
from lossproof.certificates.kernel.reading.parse import read_integer, read_list, read_rational, require
from lossproof.certificates.kernel.reading.problem import Point, Problem, fraction
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step, claim, require_separable
from lossproof.theory.verdicts import Rigor

_ENLARGE = 1 + 2.0**-20
_LEAST, _LARGEST = Fraction(1, 2**300), Fraction(2**100)
_PRECISION = 80


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


def _require_learner(step: Step, index: int, distance: fmpq, target: float, require_sigma: Callable[[TruePass, float, str], None]) -> None:
    """Check the conditions above with ρ the distance, rounded down to a double, and ``δ = target``; ``require_sigma`` demands a lower bound of σ."""
    problem = step.problem
    require_separable(problem)
    place = "evidence.distance"
    require(_LEAST < fraction(distance) < _LARGEST, place, "must lie between 2^-300 and 2^100")
    radius = float(fraction(distance))
    if Fraction(radius) > fraction(distance):
        radius = float(np.nextafter(radius, 0.0))
    found = step.once("true pass", index, true_pass)
    with np.errstate(all="ignore"), ball_precision(_PRECISION):
        kappa = lipschitz_constant(problem, found, radius)
        size = frobenius(_ENLARGE * (np.abs(found.residuals.mid) + found.residuals.rad) * found.scale)
        size = _ENLARGE * (size + target * frobenius(found.scale))
        least = _ENLARGE * max(size / radius + kappa * radius / 2, kappa * radius)
    require(bool(np.isfinite(kappa) and np.isfinite(size)), place, "the derivatives are not seen to be bounded over the ball")
    require_sigma(found, least, place)


def _exact_learning(step: Step, premises: int, require_sigma: Callable[[TruePass, float, str], None]) -> Result:
    found = step.expect(premises, "point", "distance")
    index = read_integer(found["point"], "evidence.point", 0, len(step.points) - 1)
    distance = read_rational(found["distance"], "evidence.distance")
    _require_learner(step, index, distance, 0.0, require_sigma)
    return claim("exact-learning", EVERYWHERE, True, {"distance": str(distance)}), Rigor.VERIFIED_FLOAT


def _robust_targets(step: Step, premises: int, require_sigma: Callable[[TruePass, float, str], None]) -> Result:
    found = step.expect(premises, "point", "distance", "target_radius")
    index = read_integer(found["point"], "evidence.point", 0, len(step.points) - 1)
    distance = read_rational(found["distance"], "evidence.distance")
    target = read_rational(found["target_radius"], "evidence.target_radius")
    require(_LEAST < fraction(target) < _LARGEST, "evidence.target_radius", "must lie between 2^-300 and 2^100")
    _require_learner(step, index, distance, _ENLARGE * float(fraction(target)), require_sigma)
    return claim("robust-targets", EVERYWHERE, True, {"radius": str(target)}), Rigor.VERIFIED_FLOAT


def _sigma_of_premise(step: Step) -> Callable[[TruePass, float, str], None]:
    """Demand that premise 0 bounds ``σ_min(PS)`` at the point of the evidence by as much as is asked for; S is the same, as `Step.once` keeps it."""

    def require_sigma(found: TruePass, least: float, place: str) -> None:
        known = step.premises[0]
        right = known.rule == "rank-singular-value" and known.conclusion["point"] == step.evidence["point"]
        require(right, "premises[0]", "a bound of the smallest singular value at this point is needed here", "premise")
        sigma = fraction(read_rational(known.evidence["least"], place))
        require(sigma >= Fraction(least), place, "the premise gives too small a singular value")

    return require_sigma


def exact_learning_kantorovich(step: Step) -> Result:
    """Some exact learner lies within the distance of the point, and P has full column rank there."""
    return _exact_learning(step, 0, require_smallest_singular_value)


def robust_targets_kantorovich(step: Step) -> Result:
    """The same for all targets within the radius (in every entry) at once."""
    return _robust_targets(step, 0, require_smallest_singular_value)


def exact_learning_singular_value(step: Step) -> Result:
    """As `exact_learning_kantorovich`, σ being that of the premise: one factorisation serves several steps."""
    return _exact_learning(step, 1, _sigma_of_premise(step))


def robust_targets_singular_value(step: Step) -> Result:
    """As `robust_targets_kantorovich`, σ being that of the premise."""
    return _robust_targets(step, 1, _sigma_of_premise(step))


KANTOROVICH_RULES: Mapping[str, Callable[[Step], Result]] = {
    "exact-learning-kantorovich": exact_learning_kantorovich,
    "robust-targets-kantorovich": robust_targets_kantorovich,
    "exact-learning-singular-value": exact_learning_singular_value,
    "robust-targets-singular-value": robust_targets_singular_value,
}
