r"""Exact learners in a ball: the theorem of Newton and Kantorovich in verified double precision.

Let ``G(W) = F(W) − Y'`` for targets ``Y'``, ``n = T n_L`` equations, ``D`` a diagonal matrix of positive scales, ``V = W_0 + range P(W_0)``, and

- ``β ≥ 1/σ_min(P(W_0) D)``, ``η ≥ β ‖D G(W_0)‖₂``, and ``κ`` a Lipschitz constant of ``D·DG`` on the closed ball ``B`` of radius ``ρ``
  around ``W_0``.

**Theorem.** If ``η + ½βκρ² ≤ ρ`` and ``βκρ < 1``, then ``V ∩ B`` holds exactly one zero ``W*`` of ``G``, and ``P`` has full column rank at
every point of it. Such a ``ρ`` exists exactly if ``βκη < ½`` (on the ball in question); then ``ρ = 2η`` is one.

*Proof.* ``DG(W_0) = P(W_0)ᵀ``. On the direction space ``range P(W_0) = range(P(W_0)D)`` of ``V`` the map ``A = D P(W_0)ᵀ`` is invertible
with ``‖A^{-1}‖ = 1/σ_min(P(W_0)D) ≤ β``. Put ``N(W) = W − A^{-1} D G(W)`` on ``V ∩ B``. Then ``N(W) − W_0 = −A^{-1} (D G(W_0) + ∫₀¹ D
(DG(W_t) − DG(W_0))(W − W_0) dt)`` with ``W_t = W_0 + t(W − W_0)``, of norm at most ``η + ½βκ‖W − W_0‖² ≤ ρ``: ``N`` maps the ball into
itself. Its derivative is ``−A^{-1} D (DG(W) − DG(W_0))``, of norm at most ``βκρ < 1``: ``N`` contracts. Banach's fixed point has ``D G =
0``. And ``A^{-1} D·DG(W) = I − A^{-1} D (DG(W_0) − DG(W))`` is invertible on ``range P(W_0)``, so ``DG(W) = P(W)ᵀ`` is onto. (This is the
simplified Newton iteration; Kantorovich 1948; Ortega and Rheinboldt 1970, section 12.6.)

**All targets within δ.** If ``|Y' − Y| ≤ δ`` in every entry, ``‖D G(W_0)‖`` grows by at most ``δ ‖D‖_F``.

In doubles: ``σ_min(PD)`` and the powers of two ``D`` come from ``verified_gram`` (where a norm is near a power of two the larger scale is taken: the bound
holds for it, too), ``G(W_0)`` from ``enclosed_pass``, ``κ`` from ``derivative_bounds``. With ``g ≥ ‖D G(W_0)‖ + δ‖D‖_F`` the conditions read ``σ ≥ g/ρ +
½κρ`` and ``σ > κρ``; ``σ`` is counted as an eighth smaller, and the rounding of ``G`` twice, so that a checker with other constants agrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import frexp, inf

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.algebra.tiled_matrix import Report
from lossproof.numerics.ranks.verified import allows_gram
from lossproof.numerics.verified.derivative_bounds import derivative_bounds, point_norms
from lossproof.numerics.verified.enclosures import Enclosure, enclose_numbers, frobenius_bound, raised, total
from lossproof.numerics.verified.forward_backward import EnclosedPass, enclose_pass
from lossproof.numerics.verified.gram import even_scales, smallest_singular_value
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_SPARE = 1.125
_ROUNDING_SPARE = 2
_COARSEST = 0.25
_STEPS = (1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
_ROBUST_TRIES = 6
_LEAST, _LARGEST = 2.0**-100, 2.0**60


@dataclass(frozen=True)
class KantorovichBall:
    r"""A ball around the weights that is proved to contain an exact learner at which ``P`` has full column rank.

    ``distance`` is the ball's radius ``ρ``, ``sigma`` the lower bound of ``σ_min(P D)`` that it rests on, a double. All targets within ``target_radius`` of
    ``Y`` in every entry have an exact learner within ``target_distance``, too (both 0 where none was proved). ``beta``, ``eta``, ``kappa`` are the constants
    of the theorem, for the equations multiplied by their scales: to look at.
    """

    distance: Fraction
    target_radius: Fraction
    target_distance: Fraction
    sigma: Fraction
    beta: float
    eta: float
    kappa: float


def kantorovich_ball(
    problem: Problem, weights: Weights, *, sigma: float | None = None, report: Report | None = None
) -> KantorovichBall | None:
    r"""Return a small ball around the weights that is proved to contain an exact learner, or None.

    The proof is at the head of this module. None says nothing: the weights may be too far from an exact learner, ``P`` deficient or nearly
    so for doubles, a derivative undefined in the ball, or a number out of range. The
    cost is that of two Cholesky factorisations of ``K``, of ``n = T n_L`` columns, or of none where ``sigma``, a proved lower bound of ``σ_min(PD)`` as from
    `attempt_singular_value`, is known. ``report(done, total)`` is called as they go on.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1", "identity")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[0], [1]], [[1], [3]]))
    >>> ball = kantorovich_ball(problem, Weights.of(a, [([[2.001]], [1])]))
    >>> 0.001 < float(ball.distance) < 0.004, ball.target_radius > 100
    (True, True)
    """
    a = problem.architecture
    if problem.error.is_cross_entropy or problem.columns > a.N_net or not allows_gram(a, problem.T):
        return None
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        try:
            found = enclose_pass(a, enclose_numbers(problem.samples.X), weights, strip_output=False)
            if not (found.is_moderate() and all(float(z.rad.max()) <= _COARSEST for z in found.z)):
                return None
            blocks, n_L = found.blocks(), a.n_L
            scales = even_scales(blocks, n_L)
            equations = None if scales is None else _Equations(found, np.ascontiguousarray(scales.T), problem)
            if equations is None or equations.are_too_far():
                return None
            if sigma is None:
                bound = smallest_singular_value(blocks, n_L, report)
                sigma = None if bound is None else bound.lower
            return None if sigma is None else equations.ball(sigma)
        except NotDifferentiable:
            return None


class _Equations:
    """The scaled equations at a point; ``scales`` of shape ``(T, n_L)`` is ``D``, the largest that another program may take."""

    def __init__(self, found: EnclosedPass, scales: Floats, problem: Problem) -> None:
        self.found, self.norms, self.scales = found, point_norms(found), scales
        targets = enclose_numbers(problem.samples.Y)
        residuals = total(found.phi[-1], Enclosure(-targets.mid, targets.rad))
        self.size = frobenius_bound(raised((np.abs(residuals.mid) + _ROUNDING_SPARE * residuals.rad) * scales, 4))
        self.shift = frobenius_bound(scales)

    def kappa(self, radius: float) -> float:
        """Return ``κ`` for a ball a little larger, so that a kink stays out of reach for a checker, too; infinite where one is within reach."""
        try:
            return derivative_bounds(self.found, self.norms, radius * (1 + 2.0**-6), self.scales)[1]
        except NotDifferentiable:
            return inf

    def are_too_far(self) -> bool:
        """Tell whether `proves` fails for all radii, whatever σ is: it is at most 1, about, as the columns of ``PD`` are, and ``g/ρ + ½κρ ≥ √(2gκ)``."""
        return bool(2 * self.size * self.kappa(0.0) > 4)

    def proves(self, sigma: float, size: float, kappa: float, radius: float) -> bool:
        """Tell whether ``σ ≥ g/ρ + ½κρ`` and ``σ > κρ``, with room."""
        reach = kappa * radius
        return bool(_SPARE * (size / radius + reach / 2) <= sigma and _SPARE * reach <= sigma)

    def ball(self, sigma: float) -> KantorovichBall | None:
        """Return the smallest ball for which the theorem is seen to hold, with ``sigma`` a bound of ``σ_min(PD)``; None where it is seen for none."""
        step = self.size / sigma
        if not step < _LARGEST:
            return None
        for most in (len(_STEPS), 3):
            radii = [_short_above(max(factor * _SPARE * step, _LEAST)) for factor in _STEPS[:most]]
            kappa = self.kappa(radii[-1])
            fitting = [radius for radius in radii if self.proves(sigma, self.size, kappa, radius)]
            if fitting:
                target, reach = self._robust(sigma, fitting[0], kappa)
                beta = float(raised(np.asarray(1 / sigma), 1))
                return KantorovichBall(
                    Fraction(fitting[0]), target, reach, Fraction(sigma), beta, float(raised(np.asarray(step), 1)), kappa
                )
        return None

    def _robust(self, sigma: float, least: float, kappa: float) -> tuple[Fraction, Fraction]:
        """Return a large target radius, and the ball for it: a power of two near ``σ/κ``, where ``σρ − ½κρ²`` is largest."""
        radius = min(sigma / kappa, _LARGEST)
        best = (0.0, 0.0)
        for k in range(_ROBUST_TRIES):
            ball = 2.0 ** (frexp(radius)[1] - 1 - k)
            if ball < least:
                break
            best = max(best, (self._target_radius(sigma, ball), ball))
        return (Fraction(best[0]), Fraction(best[1])) if best[0] > 0 else (Fraction(0), Fraction(0))

    def _target_radius(self, sigma: float, ball: float) -> float:
        kappa = self.kappa(ball)
        room = (sigma / _SPARE - kappa * ball / 2) * ball - self.size
        if not _LEAST < room < inf:
            return 0.0
        target = 2.0 ** (frexp(room / self.shift)[1] - 2)
        enlarged = float(raised(np.asarray(self.size + target * self.shift), 3))
        return target if target > _LEAST and self.proves(sigma, enlarged, kappa, ball) else 0.0


def _short_above(x: float) -> float:
    """Return a double with five significant bits that is not below ``x``."""
    mantissa, exponent = frexp(x)
    return float(np.ldexp(np.ceil(mantissa * 32), exponent - 5))
