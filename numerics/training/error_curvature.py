r"""The curvature of the error that Gauss-Newton steps use, as a factor ``∇²E_i ≈ C_i C_iᵀ`` of full column rank.

Gauss-Newton inverts ``∇²E``, which theory demands to be positive definite; three errors do not give that (correction 4), and the steps
then use, as stated here,

- Cauchy and Blake-Zisserman, not convex far out: ``e''(r)`` where it is at least half the secant curvature ``e'(r)/r``, else that secant
  curvature, which is positive and makes ``e'(r)/r · ρ²/2`` a quadratic that has the slope of ``e`` at r. At ``r = 0`` both are ``e''(0)``, so
  that near an exact learner the true ``H_GN`` is used.
- softmax: ``∇²E = diag(s) − ssᵀ`` is singular on ``(1, …, 1)``, along which ``E`` is constant, since the gradients ``s − y`` sum to 0. ``C_i``
  has ``n_L − 1`` columns, in the orthogonal complement.
- both cross-entropies: eigenvalues below ``1e-8 ‖∇E_i‖²`` are raised to it. Near a fit ``∇²E ~ ‖∇E‖``, far above; the bound matters for
  saturated outputs that are wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.weight_vectors import Step
from lossproof.numerics.training.point import TrainingPoint

_SECANT_SHARE = 0.5
_FLOOR = 1e-8
_LEAST = 1e-200


def curvature_factor(point: TrainingPoint) -> tuple[Array | None, Array]:
    r"""Return ``C`` and ``c = C⁺ε``, so that ``P C c = P ε`` and ``P C Cᵀ Pᵀ`` is ``T H_GN`` with the curvature stated above.

    ``C`` is None for the squared error (the identity), of shape ``(T, n_L)`` for diagonal factors, or ``(T, n_L, m)``; ``c`` has shape ``(T, m)``.
    """
    error, eps = point.problem.error, point.eps
    if error.family == "squared":
        return None, eps
    if error.family == "softmax":
        return _softmax_factor(eps, point.targets)
    second = point.evaluation.field.error_derivative(error, 2, point.outputs, point.targets)
    curvature = second[:, np.arange(eps.shape[1]), np.arange(eps.shape[1])]
    if error.family == "logistic":
        curvature = np.maximum(curvature, _FLOOR * eps * eps)
    elif not error.convex.holds:
        residuals = point.outputs - point.targets
        secant = np.where(residuals == 0, curvature, eps / np.where(residuals == 0, 1, residuals))
        curvature = np.where(curvature >= _SECANT_SHARE * secant, curvature, secant)
    root = np.sqrt(np.maximum(curvature, _LEAST))
    return root, eps / root


@dataclass(frozen=True, eq=False)
class CurvedPoint:
    """A point with the curvature of its errors: what all systems for a Gauss-Newton step begin with. ``hold_output`` leaves ``W_L`` as it is."""

    point: TrainingPoint
    hold_output: bool = False

    @cached_property
    def curvature(self) -> tuple[Array | None, Array]:
        """``C`` and ``c`` of `curvature_factor`."""
        return curvature_factor(self.point)

    def dual_step(self, x: Array) -> Step:
        """Return the step ``−P C t`` for ``t`` with the entries of ``c``, as one vector ``x``."""
        C, c = self.curvature
        t = x.reshape(c.shape)
        s = t if C is None else C * t if C.ndim == 2 else (C @ t[:, :, None])[:, :, 0]
        return self.point.times_P(-s, hold_output=self.hold_output)


def _softmax_factor(eps: Array, targets: Array) -> tuple[Array, Array]:
    n = eps.shape[1]
    s = np.clip(eps + targets, 0.0, 1.0)
    D = -s[:, :, None] * s[:, None, :]
    place = np.arange(n)
    D[:, place, place] = s * (s @ (1 - np.eye(n)))
    complement = _complement_of_ones(n)
    values, vectors = np.linalg.eigh(complement.T @ D @ complement)
    values = np.maximum(values, np.maximum(_FLOOR * np.square(eps).sum(axis=1, keepdims=True), _LEAST))
    basis = complement @ vectors
    root = np.sqrt(values)
    return basis * root[:, None, :], np.asarray((eps[:, None, :] @ basis)[:, 0, :] / root)


def _complement_of_ones(n: int) -> Array:
    """Return an orthonormal basis of the vectors of sum 0, of shape ``(n, n − 1)``: columns of a Householder reflection."""
    v = np.ones(n) / np.sqrt(n)
    v[0] += 1
    return np.asarray((np.eye(n) - 2 * np.outer(v, v) / (v @ v))[:, 1:])
