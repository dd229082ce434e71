r"""The undamped or constantly damped Gauss-Newton step at many digits.

With factors ``D_i = S_i S_iᵀ`` of the curvatures ``∇²E_i`` and ``ε_i = S_i e_i``, the step solves ``(Q Qᵀ + λ I) δ = −Q e`` with the columns ``Q = P S``: a
consistent system whatever the rank. Where ``N_net`` is larger than their number, ``δ = −Q t`` with ``(Qᵀ Q + λ I) t = e``, the least δ for ``λ = 0``.

The matrix has the squares of the singular values of Q as eigenvalues. At weights of p bits, singular values below ``2^-p`` of the largest say nothing, and
all others count. So at first ``4p/3`` bits are used, which leave p right ones where no eigenvalue is below ``2^{-p/3}`` of the trace; otherwise everything is
evaluated anew with 4p bits, and eigenvalues below ``2^{-2p}`` of the trace count as 0.
"""

from __future__ import annotations

import mpmath
import numpy as np
from flint import arb, arb_mat, ctx

from lossproof.numerics.fields.field import Array, object_array
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.network.jacobian import gram, jacobian
from lossproof.numerics.network.weight_vectors import Step, step_of_rows
from lossproof.numerics.training.precise_point import PrecisePoint, figure, midpoints, precise_point

_SECANT_SHARE = 0.5
_GUARD_BITS = 32
_PROBES = 3
_SWEEPS = 5


def precise_step(point: PrecisePoint, damping: float, *, cautious: bool = False) -> Step | None:
    """Return the step for damping ``μ``, the least one where ``μ = 0``; None where the error has no curvature at this precision.

    Saturated units make singular values that are tiny, and least steps that are huge: a ``cautious`` step takes those below ``2^{-p/6}`` for 0.
    """
    bits = ctx.prec
    for working in (bits * 4 // 3 + _GUARD_BITS, 4 * bits):
        with ball_precision(working):
            equations = _Equations.at(precise_point(point.problem, point.layers), damping)
            if equations is None:
                continue
            regular = working < 4 * bits
            solution = equations.regular_solution(bits // 3) if regular else equations.least_solution(bits // 6 if cautious else bits)
            if solution is not None:
                return equations.step(solution)
    return None


class _Equations:
    """The positive semidefinite system ``A x = right`` of a step, in the weights or, where they are more, in the columns of Q."""

    def __init__(self, point: PrecisePoint, factors: Array, e: Array, shift: arb) -> None:
        self.point, self.factors = point, factors
        T, n, m = factors.shape
        self.in_weights = point.problem.architecture.N_net < T * m
        if self.in_weights:
            P = jacobian(point.evaluation).reshape(-1, T, n)
            Q = np.concatenate([_product(P[:, i], factors[i]) for i in range(T)], axis=1)
            self.A, self.right = _product(Q, Q.T), _product(Q, e.reshape(-1, 1))
        else:
            K = gram(point.evaluation).reshape(T, n, T * n)
            half = np.concatenate([_product(factors[i].T, K[i]) for i in range(T)]).T.reshape(T, n, T * m)
            self.A, self.right = np.concatenate([_product(factors[i].T, half[i]) for i in range(T)]), e.reshape(-1, 1)
        self.A[np.diag_indices(len(self.A))] += shift

    @staticmethod
    def at(point: PrecisePoint, damping: float) -> _Equations | None:
        """Return the system at a point, or None where the error has no curvature at the precision in force."""
        factored = _curvature(point)
        return None if factored is None else _Equations(point, *factored, arb(damping) * point.problem.T)

    def regular_solution(self, bits: int) -> Array | None:
        """Return the solution, unless inverse iteration from a few random vectors meets eigenvalues below ``2^{-bits}`` of the trace."""
        trace = sum(self.A.diagonal(), arb(0))
        probes = np.random.default_rng(0).standard_normal((len(self.A), _PROBES))
        try:
            found = _solve(self.A, np.concatenate([self.right, object_array(probes.tolist(), arb)], axis=1))
        except ZeroDivisionError:
            return None
        grown = max(figure(abs(entry)) for entry in found[:, 1:].ravel())
        return found[:, :1] if grown * figure(trace) < mpmath.mpf(2) ** bits else None

    def least_solution(self, bits: int) -> Array | None:
        """Return a solution that leaves the kernel alone, by Riley's method; eigenvalues below ``2^{-2 bits}`` of the trace count as 0.

        ``A + τ I`` with ``τ = 2^{-5 bits/2}`` of the trace is inverted once; each of five sweeps ``x += (A + τ I)^{-1} (right − A x)`` multiplies the error
        by ``τ / (λ + τ)`` for the eigenvalues ``λ > 0``. Rounding, at ``2^{-4 bits}``, enters the kernel by ``2^{-3 bits/2}``; what the right side
        has outside the range is taken there by Q alone.
        """
        A, n = self.A, len(self.A)
        trace = sum(A.diagonal(), arb(0))
        if not trace.is_finite() or not trace > 0:
            return None
        shifted = A.copy()
        shifted[np.diag_indices(n)] += trace * arb(2) ** (-5 * bits // 2)
        inverse = _solve(shifted, object_array([[int(i == j) for j in range(n)] for i in range(n)], arb))
        x = _product(inverse, self.right)
        for _ in range(_SWEEPS):
            x = midpoints(x + _product(inverse, self.right - _product(A, x)))
        return x

    def step(self, x: Array) -> Step:
        """Return the step of a solution, what is not trained at rest."""
        if not self.in_weights:
            T, _, m = self.factors.shape
            s = np.stack([_product(S, part[:, None])[:, 0] for S, part in zip(self.factors, x.reshape(T, m), strict=True)])
            return [(-dW, -db) for dW, db in self.point.times_P(s)]
        a = self.point.problem.architecture
        step = enumerate(step_of_rows(a, -x[:, 0]), start=1)
        return [(dW, db if a.bias_rows_of(l) else object_array([0] * len(db), arb)) for l, (dW, db) in step]


def _curvature(point: PrecisePoint) -> tuple[Array, Array] | None:
    """Return the factors ``S_i`` of shape ``(T, n_L, m)`` and ``e_i`` of shape ``(T, m)``; curvature of errors that are not convex as in `curvature_factor`."""
    problem, T, n = point.problem, point.problem.T, point.problem.architecture.n_L
    outputs = midpoints(point.evaluation.phi[problem.architecture.L])
    if problem.error.family == "softmax":
        shares = midpoints(
            point.evaluation.field.error_derivative(problem.error, 1, outputs, object_array(np.zeros((T, n), dtype=int).tolist(), arb))
        )
        pairs = [_softmax_factor(s, eps) for s, eps in zip(shares, point.eps, strict=True)]
        factors, e = np.stack([S for S, _ in pairs]), np.stack([row for _, row in pairs])
        return (factors, e) if all(entry.is_finite() for entry in e.ravel()) else None
    D = point.evaluation.field.error_derivative(problem.error, 2, outputs, point.targets)
    factors, e = object_array(np.zeros((T, n, n), dtype=int).tolist(), arb), point.eps.copy()
    for i in range(T):
        for j in range(n):
            curvature, residual = D[i, j, j], outputs[i, j] - point.targets[i, j]
            if not problem.error.convex.holds and abs(residual.mid()) > 0:
                secant = point.eps[i, j] / residual
                curvature = curvature if float((curvature / secant).mid()) >= _SECANT_SHARE else secant
            factors[i, j, j] = curvature.mid().sqrt().mid()
            e[i, j] = (point.eps[i, j] / factors[i, j, j]).mid()
    return (factors, e) if all(entry.is_finite() for entry in e.ravel()) else None


def _softmax_factor(s: Array, eps: Array) -> tuple[Array, Array]:
    """Return ``S`` of shape ``(n, n − 1)`` with ``S Sᵀ = diag(s) − s sᵀ``, and e with ``S e = ε``.

    With the sums ``q_j`` of the s after j, ``S_jj = q_j a_j`` and ``S_ij = −s_i a_j`` for ``i > j``, where ``a_j² = s_j / (q_j q_{j−1})``: Cholesky's
    factor without a difference.
    """
    n = len(s)
    tails = [sum(s[j:], arb(0)) for j in range(n + 1)]
    S, e, carried = object_array(np.zeros((n, n - 1), dtype=int).tolist(), arb), [], arb(0)
    for j in range(n - 1):
        a = (s[j] / (tails[j + 1] * tails[j])).sqrt()
        S[j, j], S[j + 1 :, j] = tails[j + 1] * a, s[j + 1 :] * -a
        moved = (eps[j] + s[j] * carried) / tails[j + 1]
        e.append(moved / a)
        carried = carried + moved
    return midpoints(S), midpoints(np.array(e, dtype=object))


def _solve(A: Array, right: Array) -> Array:
    """Return ``A^{-1} right`` without bounds; raises `ZeroDivisionError` where A is singular to rounding."""
    return _matrix(arb_mat(A.tolist()).solve(arb_mat(right.tolist()), algorithm="approx"), right.shape[1])


def _product(A: Array, B: Array) -> Array:
    return _matrix(arb_mat(A.tolist()) * arb_mat(B.tolist()), B.shape[1])


def _matrix(A: arb_mat, columns: int) -> Array:
    return object_array(A.entries(), lambda entry: entry.mid()).reshape(-1, columns)
