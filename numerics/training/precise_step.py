r"""The undamped or constantly damped Gauss-Newton step at many digits.

With a basis ``B_i`` of the range of ``D_i = ∇²E_i`` (the identity; for softmax the columns ``e_j − e_n``), ``G = BᵀB`` and ``M_i = G (B_iᵀ D_i B_i)^{-1} G``
the step ``(P D Pᵀ + λ I) δ = −P ε`` is ``δ = −P B t``, where ``(Bᵀ K B + λ M) t = M G^{-1} Bᵀ ε``. Where ``N_net`` is smaller, it is solved as it
stands.
"""

from __future__ import annotations

import mpmath
import numpy as np
from flint import arb, arb_mat, ctx

from lossproof.numerics.fields.field import Array, object_array
from lossproof.numerics.network.jacobian import gram, jacobian
from lossproof.numerics.network.weight_vectors import Step, step_of_rows
from lossproof.numerics.training.precise_point import PrecisePoint, figure, midpoints

_SECANT_SHARE = 0.5
_SPARE_DIGITS = 8
_MOST_EIGENVALUES = 120
_SWEEPS = 5


def precise_step(point: PrecisePoint, damping: float) -> Step | None:
    """Return the step for damping ``μ``, the least one where ``μ = 0``.

    None where the system is singular to rounding and too large to decompose, and where the error has no curvature at this precision.
    """
    problem, T = point.problem, point.problem.T
    basis, inverse = _curvature(point)
    if not all(entry.is_finite() for entry in inverse.ravel()):
        return None
    m = basis.shape[1]
    shift = arb(damping) * T
    if problem.architecture.N_net < T * m:
        return _primal(point, basis, inverse, shift)
    K = gram(point.evaluation)
    if basis.shape[0] > m:
        wide = _block_diagonal(basis, T)
        K = midpoints(_product(_product(wide.T, K), wide))
    G = _product(basis.T, basis)
    right = np.concatenate([_product(inverse[i], _solve_small(G, _product(basis.T, point.eps[i][:, None])))[:, 0] for i in range(T)])
    if damping > 0:
        for i in range(T):
            K[i * m : (i + 1) * m, i * m : (i + 1) * m] += inverse[i] * shift
    t = _solve(midpoints(K), midpoints(right))
    if t is None:
        return None
    s = midpoints(_product(t.reshape(T, m), basis.T))
    return [(-dW, -db) for dW, db in point.times_P(s)]


def _primal(point: PrecisePoint, basis: Array, inverse: Array, shift: arb) -> Step | None:
    T, m = inverse.shape[:2]
    P = jacobian(point.evaluation)
    PB = P if basis.shape[0] == m else _product(P, _block_diagonal(basis, T))
    G = _product(basis.T, basis)
    pieces = []
    for i in range(T):
        columns = PB[:, i * m : (i + 1) * m]
        pieces.append(_solve_small(inverse[i], columns.T).T)
    H = _product(np.concatenate(pieces, axis=1), PB.T)
    H[np.diag_indices(len(H))] += shift
    e = np.concatenate([_solve_small(G, _product(basis.T, point.eps[i][:, None]))[:, 0] for i in range(T)])
    right = midpoints(_product(PB, e[:, None])[:, 0])
    x = _solve(midpoints(H), right) if shift > 0 else _solve_consistent(midpoints(H), right)
    if x is None:
        return None
    zero = arb(0)
    step = step_of_rows(point.problem.architecture, -x)
    return [(dW, db if point.problem.architecture.bias_rows else object_array([zero] * len(db), lambda entry: entry)) for dW, db in step]


def _curvature(point: PrecisePoint) -> tuple[Array, Array]:
    """Return ``B`` of shape ``(n_L, m)`` and the matrices ``M_i`` of shape ``(T, m, m)``; curvature of errors that are not convex as in `curvature_factor`."""
    error, n = point.problem.error, point.problem.architecture.n_L
    outputs = midpoints(point.evaluation.phi[point.problem.architecture.L])
    D = point.evaluation.field.error_derivative(error, 2, outputs, point.targets)
    if error.family == "softmax":
        basis = object_array([[int(i == j) - int(i == n - 1) for j in range(n - 1)] for i in range(n)], arb)
        G = _product(basis.T, basis)
        inner = [_product(_product(basis.T, D_i), basis) for D_i in D]
        return basis, np.array([midpoints(_product(G, _solve_small(D_i, G))) for D_i in inner], dtype=object)
    result = object_array(np.zeros(D.shape, dtype=int).tolist(), arb)
    for i in range(len(D)):
        for j in range(n):
            curvature, residual = D[i, j, j], outputs[i, j] - point.targets[i, j]
            if not error.convex.holds and float(abs(residual).mid()) > 0:
                secant = point.eps[i, j] / residual
                curvature = curvature if float(curvature.mid() / secant.mid()) >= _SECANT_SHARE else secant
            result[i, j, j] = (1 / curvature).mid()
    return object_array([[int(i == j) for j in range(n)] for i in range(n)], arb), result


def _solve(A: Array, right: Array) -> Array | None:
    """Return the solution of ``A x = right`` without bounds; the least one of least squares where ``A`` is singular to rounding."""
    n = len(A)
    if not all(entry.is_finite() for entry in (*A.ravel(), *right)):
        return None
    matrix, column = arb_mat(A.tolist()), arb_mat([[entry] for entry in right])
    largest = max(figure(abs(entry)) for entry in A.ravel())
    size = max((figure(abs(entry)) for entry in right), default=mpmath.mpf(0))
    if size == 0:
        return right
    try:
        x = object_array(matrix.solve(column, algorithm="approx").entries(), lambda entry: entry.mid())
    except ZeroDivisionError:
        return _decomposed(A, right)
    grown = max(figure(abs(entry)) for entry in x)
    digits = int(ctx.prec * np.log10(2)) // 2
    if mpmath.isinf(grown) or (grown > 0 and float(mpmath.log10(grown / size * largest)) > digits):
        return _decomposed(A, right)
    return x.reshape(n)


def _solve_consistent(A: Array, right: Array) -> Array | None:
    """Return the least solution of ``A x = right`` for ``A ⪰ 0`` and a right side in its range, also where ``A`` is singular (Riley's method).

    ``A + τ I`` with ``τ`` a third of the digits below the trace is inverted once; each of five sweeps ``x += (A + τ I)^{-1} (right − A x)``
    multiplies the error by ``τ / (λ + τ)`` for the eigenvalues ``λ > 0`` and leaves the kernel alone.
    """
    trace = sum(A.diagonal(), arb(0))
    if not trace.is_finite() or not trace > 0:
        return None
    shifted, n = A.copy(), len(A)
    shifted[np.diag_indices(n)] += trace * arb(2) ** (-ctx.prec // 3)
    identity = arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    inverse = object_array(arb_mat(shifted.tolist()).solve(identity, algorithm="approx").entries(), lambda entry: entry.mid()).reshape(n, n)
    x = _product(inverse, right[:, None])[:, 0]
    for _ in range(_SWEEPS):
        x = midpoints(x + _product(inverse, (right - _product(A, x[:, None])[:, 0])[:, None])[:, 0])
    return x


def _decomposed(A: Array, right: Array) -> Array | None:
    """Return the least solution from the spectrum, without eigenvalues below ``10^{8 − digits}`` of the largest, or None for more than 120 rows."""
    n = len(A)
    if n > _MOST_EIGENVALUES:
        return None
    context = mpmath.MPContext()
    context.prec = ctx.prec
    exact = [[context.ldexp(context.mpf(int(x.man_exp()[0])), int(x.man_exp()[1])) for x in row] for row in [*A, right]]
    values, vectors = context.eigsy(context.matrix(exact[:n]))
    threshold = max(abs(value) for value in values) * context.mpf(10) ** (_SPARE_DIGITS - context.dps)
    x = context.matrix(n, 1)
    for k in range(n):
        if values[k] > threshold:
            vector = vectors[:, k]
            x += vector * (sum(vector[i] * exact[n][i] for i in range(n)) / values[k])
    return object_array([arb(x[i]) for i in range(n)], lambda entry: entry.mid())


def _product(A: Array, B: Array) -> Array:
    return object_array((arb_mat(A.tolist()) * arb_mat(B.tolist())).entries(), lambda entry: entry.mid()).reshape(A.shape[0], B.shape[1])


def _solve_small(A: Array, B: Array) -> Array:
    return object_array(arb_mat(A.tolist()).solve(arb_mat(B.tolist()), algorithm="approx").entries(), lambda entry: entry.mid()).reshape(
        B.shape
    )


def _block_diagonal(basis: Array, T: int) -> Array:
    n, m = basis.shape
    result = object_array(np.zeros((T * n, T * m), dtype=int).tolist(), arb)
    for i in range(T):
        result[i * n : (i + 1) * n, i * m : (i + 1) * m] = basis
    return result
