"""From a point near a critical one to the candidate itself, or to nothing: normal form, exact structure, Newton steps, and a sober look.

A small gradient alone says little: at saturated units it underflows while the weights run off. What counts here is that a Newton step moves
nothing, and that the samples at which a unit is not saturated still determine its weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lossproof.numerics.critical.descent import NEGLIGIBLE, gradient_quality, polish
from lossproof.numerics.critical.running_off import is_suspicious, meets_kink, runs_off
from lossproof.numerics.critical.symmetries import balanced_weights, canonical_weights, homogeneity
from lossproof.numerics.critical.weight_structure import Structure, structure_of
from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.float_derivatives import Derivatives, FloatLandscape
from lossproof.numerics.network.jacobian import gradient
from lossproof.numerics.network.weight_vectors import layer_blocks, weights_of_rows
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem

_STEPS = 8
_STRUCTURE_TOLERANCES = (1e-4, 1e-7, 1e-10)
_QUALITY = 1e-12
_ROUNDINGS = 16.0
_STEP = 1e-8
_LARGEST_WEIGHT = 1e6
_SAME_LOSS = 1e-7
_NULL = 1e-8
_BITS = 240
_PRECISE = 1e-24
_PRECISE_STEPS = 6


@dataclass(frozen=True, eq=False)
class Settled:
    """A point that passed: weights, loss, ``|∇J|_∞``, and the numbers of negative, vanishing and positive eigenvalues, all estimates; see `Candidate`."""

    point: Array
    loss: float
    gradient_norm: float
    inertia: tuple[int, int, int]


def settle(landscape: FloatLandscape, point: Array) -> Settled | None:
    """Return the critical point near ``point`` in the form of `canonical_weights` and `balanced_weights`, or None when there seems to be none.

    Entries near 0 and units nearly equal are tried as exactly 0 and exactly equal first; whatever is tried must be critical by itself. Where the
    Hessian is singular or a unit nearly saturated, the gradient must also vanish in high precision, at a point nearby.
    """
    problem = landscape.problem
    balanced = balanced_weights(problem, point)
    point = canonical_weights(problem, balanced if np.all(np.isfinite(balanced)) else point)
    loss = float(landscape.loss(point[None])[0])
    tried: list[Structure] = []
    for tolerance in (*_STRUCTURE_TOLERANCES, 0.0):
        structure = structure_of(problem, point, tolerance)
        if any(structure.equals(other) for other in tried):
            continue
        tried.append(structure)
        found = _settle_with(landscape, point, structure)
        if found is not None and abs(found.loss - loss) <= _SAME_LOSS * (abs(loss) + _SAME_LOSS):
            return found
    return None


def _settle_with(landscape: FloatLandscape, point: Array, structure: Structure) -> Settled | None:
    problem = landscape.problem

    def derivatives(reduced: Array) -> tuple[Array, Array]:
        at = landscape.at(structure.expanded(reduced)[None])
        return at.gradient[0], at.hessian[0] @ structure.matrix

    reduced = structure.reduced(point)
    if reduced.size:
        begun = derivatives(reduced)
        if not all(np.all(np.isfinite(entries)) for entries in (reduced, *begun)):
            return None
        reduced = polish(derivatives, reduced, begun, _STEPS)
    if any(homogeneity(problem, l) is not None for l in range(1, problem.architecture.L)):
        balanced = balanced_weights(problem, structure.expanded(reduced))
        reduced = structure.reduced(balanced) if np.all(np.isfinite(balanced)) else reduced
    reduced = structure.rounded(reduced)
    final = structure.expanded(reduced)
    at = landscape.at(final[None])
    found = _looked_at(landscape, final, at)
    if found is None or ((found.inertia[1] or is_suspicious(landscape, at)) and not _stays(landscape, structure, reduced, at)):
        return None
    return found


def _stays(landscape: FloatLandscape, structure: Structure, reduced: Array, at: Derivatives) -> bool:
    """Tell whether Newton steps with the gradient in 240 bits and the Hessian in doubles bring the gradient below ``1e-24``.

    On a sequence that runs off an exponentially small slope remains, along a direction where the Hessian vanishes in doubles. Steps that meet a kink, or
    leave the range of doubles, do not stay.
    """
    problem = landscape.problem
    slopes = at.hessian[0] @ structure.matrix
    top, inverse = float(np.max(np.abs(at.hessian))), np.linalg.pinv(slopes, rcond=NEGLIGIBLE)
    u = [Fraction(float(x)) for x in reduced]
    for _ in range(_PRECISE_STEPS):
        exact = [Fraction(float(f)) * u[k] if k >= 0 else Fraction(0) for k, f in zip(structure.place, structure.factor, strict=True)]
        weights = weights_of_rows(problem, np.array(exact, dtype=object))
        try:
            balls = gradient(problem, evaluate(problem.architecture, problem.samples, weights, BallField(_BITS)))
        except NotDifferentiable:
            return False
        g = np.array([float(ball.mid()) for ball in balls])
        if np.max(np.abs(g)) <= _PRECISE * top:
            return True
        step = inverse @ g
        if not np.all(np.isfinite(step)):
            return False
        u = [x - Fraction(float(change)) for x, change in zip(u, step, strict=True)]
    return False


def _looked_at(landscape: FloatLandscape, point: Array, at: Derivatives) -> Settled | None:
    """Return the point with its estimates if it is critical as far as doubles can tell."""
    quality = float(gradient_quality(point[None], at.gradient, at.hessian)[0])
    largest = float(np.max(np.abs(point)))
    if not quality <= _QUALITY or largest > _LARGEST_WEIGHT or meets_kink(landscape.problem, at) or runs_off(landscape, at):
        return None
    values, vectors = np.linalg.eigh(at.hessian[0])
    slopes, noise = np.abs(vectors.T @ at.gradient[0]), np.abs(vectors.T) @ gradient_noise(landscape.problem, at, point)
    clear = slopes > noise
    if np.any(slopes[clear] > _STEP * (1 + largest) * np.abs(values[clear])):
        return None
    top = float(np.max(np.abs(values)))
    inertia = (int(np.sum(values < -_NULL * top)), int(np.sum(np.abs(values) <= _NULL * top)), int(np.sum(values > _NULL * top)))
    return Settled(point, float(at.loss[0]), float(np.max(np.abs(at.gradient[0]))), inertia)


def gradient_noise(problem: Problem, at: Derivatives, point: Array) -> Array:
    """Return for each weight how large rounding may make its gradient at (one) point, give or take: an estimate, not a bound.

    Each sample's share ``|δ φ|`` counts with the unit round-off times the size of ``z``, and besides with the round-off of the outputs, which
    reaches ``δ`` by the curvature ``∂²E/∂z²``.
    """
    last, parts = at.values[-2][0], []
    outputs = float(np.max(np.abs(last) @ np.abs(layer_blocks(problem, point)[-1]).T))
    for l in problem.architecture.trained:
        z, inputs, error, curvature = at.z[l - 1], at.values[l - 1], at.errors[l - 1], at.curvatures[l - 1]
        n = error.shape[2]
        bend = np.sqrt(np.abs(curvature[0, :, np.arange(n), np.arange(n)])).T
        share = np.abs(error[0]) * (1 + float(np.max(np.abs(z)))) + bend * outputs
        parts.append((share.T @ np.abs(inputs[0])).ravel() / share.shape[0])
    return np.concatenate(parts) * _ROUNDINGS * np.finfo(np.float64).eps
