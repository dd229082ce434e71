r"""The rules in double precision (section 6): smallest singular values, and exact learners in a ball, by the theorem of Newton and Kantorovich.

Let W_0 be the point, ``G = F − Y'`` for targets ``|Y' − Y| ≤ δ``, S a diagonal matrix of positive scales, B the closed ball of radius ρ
around W_0, and

``g ≥ ‖S(F − Y)(W_0)‖₂ + δ‖S‖_F``, ``σ ≤ σ_min(P(W_0)S)``, κ a Lipschitz constant of ``S·DF`` on B, ``σ ≥ g/ρ + κρ/2``, ``σ > κρ``.

On ``V = W_0 + range P(W_0)`` the derivative ``S P(W_0)ᵀ`` of ``SG`` at W_0 has an inverse C with ``‖C‖ ≤ 1/σ``. Put ``N(W) = W − C S G(W)``
for W in ``V ∩ B``. The mean value theorem gives ``‖N(W) − W_0‖ = ‖C(S G(W_0) + ∫₀¹ S(DF(W_0 + t(W − W_0)) − DF(W_0))(W − W_0) dt)‖ ≤ (g +
κρ²/2)/σ ≤ ρ``. So N maps the ball ``V ∩ B`` into itself and has a fixed point (Brouwer); there ``SG = 0``. At every point of B, ``‖C
S(DF(W) − DF(W_0))‖ ≤ κρ/σ < 1``, so ``C S·DF(W)`` is invertible on ``range P(W_0)`` and ``P(W)`` has full column rank.

With ``β = 1/σ`` and ``η = g/σ`` this is Kantorovich's condition ``βκη ≤ 1/2``, with a radius that it allows.

*No minimum nearby.* Let ``ε = ∇E(F)``, stacked, so that ``T ∇J = DFᵀε``. On the ball of radius r let ``‖DF‖ ≤ D``, κ be a Lipschitz constant of DF, and c one
of ``∇E``: 1 for the squared error, 1/4 for the logistic one, and for softmax 1/2, as ``uᵀ(diag p − ppᵀ)u`` is the variance of a variable between the least
and the largest ``u_j``, at most ``(max u − min u)²/4 ≤ |u|²/2``. There ``‖T∇J(W) − T∇J(W_0)‖ ≤ ‖DF(W) − DF(W_0)‖ ‖ε(W_0)‖ + ‖DF(W)‖ ‖ε(W) − ε(W_0)‖ ≤ (κ
‖ε(W_0)‖ + c D²) r``, and with weight decay ``T max λ r`` more. Where that is less than ``‖T∇J(W_0)‖``, no gradient is 0; J is differentiable there, so none
of these weights is a local minimum. Neither is any of them if one direction v has ``vᵀH(W)v < 0`` at all of them (`second_derivative`): along ``W + tv`` J is
differentiable near ``t = 0``, and twice at 0; if its first derivative is 0 there, it has a strict maximum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ZERO, ball_precision
from lossproof.certificates.kernel.arithmetic.doubles import (
    ENLARGE,
    PRECISION,
    TINY,
    UNIT,
    DoubleRing,
    Enclosed,
    as_balls,
    exactly,
    of_balls,
)
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.network.errors import residuals
from lossproof.certificates.kernel.network.gram import features_at, is_above_by_cholesky, is_above_by_inverse, network_at
from lossproof.certificates.kernel.network.lipschitz import derivative_bounds, frobenius, second_derivative, up
from lossproof.certificates.kernel.network.matrices import parse_matrix
from lossproof.certificates.kernel.network.passes import Box, Passed, backward, forward
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import limit, require
from lossproof.certificates.kernel.reading.problem import Problem, fraction, rational
from lossproof.certificates.kernel.rules.step import EVERYWHERE, Result, Step
from lossproof.theory import limits
from lossproof.theory.verdicts import Rigor

_LEAST, _LARGEST = Fraction(1, 2**300), Fraction(2**100)
_CURVATURES = {"squared": 1.0, "logistic": 0.25, "softmax": 0.5}
_METHODS = {"cholesky": is_above_by_cholesky, "inverse": is_above_by_inverse}


def _network(step: Step, k: int) -> Any:
    """Return the `Network` at a point, with the output derivative in its place, computed once for all steps."""
    if k not in step.known:
        step.known[k] = network_at(step.work, step.problem, step.points[k], range(1, step.problem.L + 1), strip=False, weighted=True)
    return step.known[k]


def singular_value(step: Step) -> Result:
    """``σ_min(MS) ≥ least``, S as in `network_at`, for P with its output derivative.

    ``σ_min > 0`` with ``least = "0"``, for P or P-l up to factors, and for Phi-l or Phi-l+ behind a hidden layer.
    """
    found, problem, point = step.expect(0, "matrix", "method", "balanced", "least"), step.problem, step.point()
    matrix = parse_matrix(read.text(found["matrix"], "evidence.matrix"), problem, "evidence.matrix")
    method, least = read.text(found["method"], "evidence.method"), fraction(read.rational(found["least"], "evidence.least"))
    right = matrix.kind == "P" or (matrix.kind == "Phi" and not matrix.is_of_samples)
    require(right and method in _METHODS, "evidence", "expected P, P-l or Phi-l of a hidden layer, and a method")
    require(type(found["balanced"]) is bool, "evidence.balanced", "expected true or false", "schema")
    require(0 <= least < 1 and Fraction(float(least)) == least, "evidence.least", "must be 0 or a double below 1")
    require(least == 0 or (matrix.layer is None and not found["balanced"]), "evidence", "a bound above 0 is for P, as it is")
    with np.errstate(all="ignore"), ball_precision(PRECISION):
        if least > 0:
            scaled = _network(step, int(step.at))
        elif matrix.kind == "Phi":
            scaled = features_at(step.work, problem, point, matrix.layer or 0, matrix.shape[0], balanced=found["balanced"])
        else:
            layers = range(1, problem.L + 1) if matrix.layer is None else [matrix.layer]
            scaled = network_at(step.work, problem, point, layers, strip=problem.strip, balanced=found["balanced"])
        above = _METHODS[method](step.work, scaled, float(least))
    require(above, "evidence.least", "the smallest singular value is not seen to be so large")
    return step.conclude("singular-value", {"matrix": matrix.name, "least": found["least"]}), Rigor.VERIFIED_FLOAT


def learner_ball(step: Step) -> Result:
    """Some exact learner lies within the distance of the point, for all targets within the radius at once, and P has full column rank there."""
    found = step.expect(1, "learner", "point", "distance", "target_radius")
    step.require_at(EVERYWHERE)
    problem, k, place = step.problem, step.point_named(found), "evidence.distance"
    require(problem.separable, "rule", "this needs an error that is a sum over outputs of functions of the residual")
    matrix, sigma = (step.claim(0, "singular-value", at=k)[key] for key in ("matrix", "least"))
    require(matrix == "P" and Fraction(sigma) > 0, "premises[0]", "a singular value of P with a positive bound is needed", "premise")
    distance, target = (fraction(read.rational(found[key], f"evidence.{key}")) for key in ("distance", "target_radius"))
    require(_LEAST < distance < _LARGEST and (target == 0 or _LEAST < target < _LARGEST), place, "distances lie between 2^-300 and 2^100")
    radius = float(distance) if Fraction(float(distance)) <= distance else math.nextafter(float(distance), 0.0)
    with np.errstate(all="ignore"), ball_precision(PRECISION):
        network = _network(step, k)
        _, kappa = derivative_bounds(step.work, problem, network.curve, network.passed, network.scale, radius)
        F, Y = network.passed.phi[-1], DoubleRing(step.work).array(problem.Y)
        apart = np.abs(F.mid - Y.mid) + F.rad + Y.rad + 2 * UNIT * np.abs(F.mid - Y.mid) + TINY
        g = ENLARGE * (frobenius(ENLARGE * apart * network.scale) + ENLARGE * float(target) * frobenius(network.scale))
        least = ENLARGE * max(g / radius + kappa * radius / 2, kappa * radius)
    require(bool(np.isfinite(least)), place, "the derivatives are not seen to be bounded over the ball")
    require(Fraction(sigma) >= Fraction(least), place, "the premise gives too small a singular value")
    step.introduce(found["learner"], Box(step.points[k], rational(distance)), "evidence.learner")
    return step.conclude("exact-learning", {**found, "rank_lower": problem.columns}), Rigor.VERIFIED_FLOAT


def no_minimum_nearby(step: Step) -> Result:
    """No local minimum lies within the radius of the point, in the Euclidean norm of the trainable weights: by the gradient, or by a direction."""
    found, problem = step.expect(0, "radius", "direction"), step.problem
    radius, place = fraction(read.rational(found["radius"], "evidence.radius")), "evidence.radius"
    require(_LEAST < radius < _LARGEST, place, "distances lie between 2^-300 and 2^100")
    values = problem.T * max(sum(problem.widths), 0 if found["direction"] is None else problem.n_L**2)
    limit(values, limits.MAX_GRAM_VALUES, "the number of values of activations")
    with np.errstate(all="ignore"), ball_precision(PRECISION):
        if found["direction"] is None:
            require(problem.error.family in _CURVATURES, "rule", "this needs the squared error or a cross-entropy")
            require(_keeps_gradient(step, ENLARGE * float(radius)), place, "the gradient is not seen to be other than 0 all over the ball")
        else:
            direction = read.each(found["direction"], "evidence.direction", read.rational, problem.N_net)
            along = second_derivative(step.work, problem, step.point(), direction, ENLARGE * float(radius)) + _bend(step, direction)
            require(bool(along.mid < -along.rad), place, "the second derivative is not seen to be negative all over the ball")
    facts = {"radius": found["radius"], "by": "gradient" if found["direction"] is None else "curvature"}
    return step.conclude("no-minimum-nearby", facts), Rigor.VERIFIED_FLOAT


def _keeps_gradient(step: Step, r: float) -> bool:
    """Tell whether the gradient is seen to be other than 0 within a distance of the point."""
    problem, ring = step.problem, DoubleRing(step.work)
    curve = [(ring.array(W), ring.array([b])) for W, b in step.point().layers]
    passed = forward(ring, problem, curve)
    eps = of_balls(residuals(BallRing(step.work, PRECISION), problem, as_balls(passed.phi[-1])), passed.phi[-1].mid.shape)
    size = _gradient_at_least(ring, problem, curve, passed, eps)
    D, kappa = derivative_bounds(step.work, problem, curve, passed, np.ones((problem.T, problem.n_L)), r)
    change = float(up(up(up(kappa * frobenius(np.abs(eps.mid) + eps.rad)) + up(_CURVATURES[problem.error.family] * up(D * D))) * r))
    return float(up(change + up(_largest_rate(problem) * r))) < size


def _largest_rate(problem: Problem) -> float:
    """Return an upper bound of ``T λ`` for all rates λ of the weight decay."""
    return float(arb(max(problem.rates, default=ZERO) * problem.T).upper()) * ENLARGE


def _bend(step: Step, direction: Sequence[fmpq]) -> Enclosed:
    """Return ``Σ_k T λ_k v_k²`` of the weight decay, of shape ``(1, 1)``."""
    ring, rates = DoubleRing(step.work), [rate * step.problem.T for rate in step.problem.rates] or [ZERO] * step.problem.N_net
    v = ring.array([direction])
    bend: Enclosed = (v * ring.array([rates])) @ v.T
    return bend


def _gradient_at_least(ring: DoubleRing, problem: Problem, curve: list[tuple[Enclosed, Enclosed]], passed: Passed, eps: Enclosed) -> float:
    """Return a lower bound of ``‖T ∇J‖``."""
    deltas, squares = backward(ring, problem, curve, passed.slopes, eps * passed.slopes[-1]), 0.0
    for l in problem.trained:
        ring.count(problem.T * problem.fan_in(l) * problem.widths[l], 0)
        parts = [passed.phi[l - 1].T @ deltas[l], *[exactly(np.ones((1, problem.T))) @ deltas[l]] * problem.bias_rows_of(l)]
        if problem.decay is not None:
            parts = [
                g + w * ring.array([[rate * problem.T]]) for g, w, rate in zip(parts, curve[l - 1], problem.decay[l - 1], strict=False)
            ]
        squares += sum(float(np.sum(np.maximum(np.abs(g.mid) - g.rad, 0.0) ** 2)) for g in parts)
    return float(np.sqrt(squares) / ENLARGE**2)
