"""The affine logits that fit the samples best in a cross-entropy: probabilities that prove how small its loss can be."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.samples.affine_fit import MOST_FEATURES
from lossproof.numerics.samples.normal_equations import Table, exact_map
from lossproof.theory.problem.problem import Problem

_MOST_UNKNOWNS = 700
_STEPS = 60
_ENOUGH = 1e-11
_BITS = 40
_LEAST_SHARE = 2.0**-24
_DEPENDENT, _DAMPING, _NEAR, _HALVINGS = 1e-12, 1e-13, 1e-6, 30


@dataclass(frozen=True)
class AffineLogits:
    """Probabilities ``P = P̂ + X̃C`` with ``X̃ᵀ(P − Y) = 0``: short dyadic ``shares`` P̂ of shape ``(T, n_L)``, and the ``correction`` C, ``(n_0 + 1, n_L)``."""

    shares: Table
    correction: Table


def affine_logits(problem: Problem, seed: int) -> AffineLogits | None:
    r"""Return probabilities, near those of the best affine logits, that are strictly between 0 and 1 in doubles; None where there are none, or none is found.

    All inputs and targets must have doubles. There are none where the samples are separable, at least weakly, and none is sought for more than 150 inputs or
    700 entries of the map. For softmax the probabilities of a sample add up to 1 exactly.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> line = Samples.of([[0], [1], [2], [3]], [[0], [1], [0], [1]])
    >>> found = affine_logits(Problem(Architecture.of("1-2-1", "relu"), error_named("logistic"), line), 0)
    >>> [round(float(share), 3) for share, in found.shares]
    [0.204, 0.388, 0.612, 0.796]
    """
    a = problem.architecture
    if a.widths[0] > MOST_FEATURES or (a.widths[0] + 1) * a.n_L > _MOST_UNKNOWNS:
        return None
    softmax = problem.error.family == "softmax"
    P = _best_shares(np.array(problem.samples.X, dtype=float), np.array(problem.samples.Y, dtype=float), softmax=softmax)
    if P is None:
        return None
    shares = [[Fraction(round(p * 2**_BITS), 2**_BITS) for p in row] for row in P.tolist()]
    if softmax:
        shares = [[*row[:-1], 1 - sum(row[:-1], Fraction(0))] for row in shares]
    gaps = [[y - p for y, p in zip(*pair, strict=True)] for pair in zip(problem.samples.Y, shares, strict=True)]
    correction = exact_map(problem.samples.X, gaps, seed)
    return None if correction is None else AffineLogits(tuple(map(tuple, shares)), correction)


def _best_shares(X: Array, Y: Array, *, softmax: bool) -> Array | None:
    """Minimise the convex loss by Newton's method in an orthonormal basis of ``[X 1]``; None where the probabilities tend to the ends, or do not settle."""
    U, sizes, _ = np.linalg.svd(np.column_stack([X - X.mean(axis=0), np.ones(len(X))]), full_matrices=False)
    Q = U[:, sizes > _DEPENDENT * sizes[0]]
    A = np.zeros((Q.shape[1], Y.shape[1] - softmax))
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            P = _shares(Q @ A, softmax=softmax)
            gradient = (Q.T @ (P - Y))[:, : A.shape[1]]
            least = min(P.min(), (1 - P).min()) if P.shape[1] > softmax else 1.0
            if least < _LEAST_SHARE or not np.isfinite(gradient).all():
                return None
            if np.abs(gradient).max(initial=0.0) < _ENOUGH:
                return P
            A = _improved(Q, Y, A, _newton_step(Q, P, gradient, softmax=softmax), float(np.abs(gradient).max()), softmax=softmax)
    return None


def _improved(Q: Array, Y: Array, A: Array, step: Array, size: float, *, softmax: bool) -> Array:
    """Return A after a step, halved until the loss does not rise; near the end, where rounding hides the loss, the whole step."""
    value = _value(Q @ A, Y, softmax=softmax)
    halved = (0.5**k for k in range(_HALVINGS))
    factor = next((t for t in halved if size < _NEAR or _value(Q @ (A + t * step), Y, softmax=softmax) <= value), 0.0)
    return A + factor * step


def _padded(Z: Array, *, softmax: bool) -> Array:
    """Return all logits: for softmax the last one of each sample is 0, as only their differences count."""
    return np.column_stack([Z, np.zeros(len(Z))]) if softmax else Z


def _shares(Z: Array, *, softmax: bool) -> Array:
    logits = _padded(Z, softmax=softmax)
    if not softmax:
        return np.asarray(1 / (1 + np.exp(-logits)))
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _value(Z: Array, Y: Array, *, softmax: bool) -> float:
    logits = _padded(Z, softmax=softmax)
    losses = np.logaddexp.reduce(logits, axis=1) if softmax else np.logaddexp(0, logits).sum(axis=1)
    return float((losses - (Y * logits).sum(axis=1)).sum())


def _newton_step(Q: Array, P: Array, gradient: Array, *, softmax: bool) -> Array:
    """Return ``−H⁻¹∇``, with a very small multiple of the identity added to H."""
    m, n = gradient.shape
    H = np.zeros((m, n, m, n))
    for j in range(n):
        for k in range(n) if softmax else (j,):
            H[:, j, :, k] = Q.T @ ((P[:, j] * (float(j == k) - P[:, k]))[:, None] * Q)
    return -np.linalg.solve(H.reshape(m * n, m * n) + _DAMPING * np.eye(m * n), gradient.ravel()).reshape(m, n)
