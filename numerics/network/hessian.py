r"""The exact Hessian of ``J`` and its Gauss-Newton part.

Derivation. Write ``δ_k = ∂E/∂z_k`` and ``φ⁺`` for ``φ`` with the bias entry, so that ``∂E/∂W_k[d, c] = δ_k[c] φ⁺_{k-1}[d]``. For
``l ≤ k`` differentiate once more in ``W_l[b, a]``, which moves ``z_l[a]`` at the rate ``φ⁺_{l-1}[b]``:

    ∂²E / ∂W_l[b,a] ∂W_k[d,c] = φ⁺_{l-1}[b] · ( (A_lk H_k)[a,c] φ⁺_{k-1}[d] + B_lk[a,d] δ_k[c] ),

with ``A_lk = ∂z_k/∂z_l``, ``B_lk = ∂φ_{k-1}/∂z_l`` (0 for ``l = k`` and in the bias column) and ``H_k = ∂²E/∂z_k²`` from ``H_L =
Σ'_L E'' Σ'_L + diag(σ''_L ∘ E')``, ``H_k = Σ'_k W_{k+1} H_{k+1} W_{k+1}ᵀ Σ'_k + diag(σ''_k ∘ W_{k+1} δ_{k+1})``. Both terms are
summed over the samples by one matrix product each.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from lossproof.numerics.fields.field import Array, constant_like
from lossproof.numerics.network.evaluation import Evaluation, carry_back
from lossproof.numerics.network.jacobian import backward_errors, jacobian, output_residuals
from lossproof.numerics.network.penalty import with_penalty_curvature
from lossproof.theory.problem.problem import Problem


def hessian(problem: Problem, evaluation: Evaluation) -> Array:
    r"""Return ``∇²J(W)`` of shape ``(N_net, N_net)``, both terms and the rates of a weight decay, in the order of the rows of ``P``.

    Exact over the rationals, an enclosure in balls. The output is never stripped here. Raises `NotDifferentiable` where a second
    derivative does not exist.

    >>> from lossproof.numerics.fields.rational import RationalField
    >>> from lossproof.numerics.network.evaluation import evaluate
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))
    >>> hessian(problem, evaluate(a, problem.samples, [([[2]], [0]), ([[3]], [0])], RationalField())).tolist()  # J = (vw − 5)²/2
    [[9, 7], [7, 4]]
    """
    L, trained = evaluation.architecture.L, evaluation.architecture.trained
    errors = backward_errors(problem, evaluation)
    curvatures = _curvatures(problem, evaluation, errors)
    blocks: dict[tuple[int, int], Array] = {}
    for l in trained:
        rate = None
        for k in range(l, L + 1):
            value_rate = None if k == l else _value_rate(evaluation, l, k, rate)
            rate = None if value_rate is None else _times_matrix(evaluation, value_rate, evaluation.layers[k - 1][0])
            if k in trained:
                blocks[l, k] = _block(evaluation, (l, k), (rate, value_rate), curvatures[k - 1], errors[k - 1])
                blocks[k, l] = blocks[l, k] if k == l else blocks[l, k].T
    H = np.concatenate([np.concatenate([blocks[l, k] for k in trained], axis=1) for l in trained], axis=0)
    upper = np.triu_indices(H.shape[0], 1)
    H.T[upper] = H[upper]
    share = evaluation.field.array([[Fraction(1, evaluation.T)]])
    found = evaluation.field.mul(H, share)
    return evaluation.field.finalize(with_penalty_curvature(problem, evaluation.field, found))


def gauss_newton(problem: Problem, evaluation: Evaluation) -> Array:
    r"""Return ``H_GN = (1/T) P diag(∇²E_i) Pᵀ`` of shape ``(N_net, N_net)`` (`ggn`). The output is never stripped here.

    It equals the Hessian where all residual gradients vanish.
    """
    full = replace(evaluation, strip_output=False) if evaluation.strip_output else evaluation
    field, n_L, T = full.field, full.architecture.n_L, full.T
    P = jacobian(full)
    D = field.error_derivative(problem.error, 2, full.phi[full.architecture.L], field.array(problem.samples.Y))
    by_sample = P.reshape(P.shape[0], T, n_L)
    PD = field.mul(by_sample[:, :, 0, None], D[None, :, 0, :])
    for j in range(1, n_L):
        PD = field.add(PD, field.mul(by_sample[:, :, j, None], D[None, :, j, :]))
    product = field.matmul(PD.reshape(P.shape), P.T)
    return field.finalize(field.mul(product, field.array([[Fraction(1, T)]])))


def _curvatures(problem: Problem, evaluation: Evaluation, errors: list[Array]) -> list[Array]:
    """Return ``H_k`` of shape ``(T, n_k, n_k)`` for ``k = 1..L`` at place ``k - 1``."""
    field, L = evaluation.field, evaluation.architecture.L
    targets = field.array(problem.samples.Y)
    inner = field.error_derivative(problem.error, 2, evaluation.phi[L], targets)
    result = [_around(evaluation, L, inner, output_residuals(problem, evaluation))]
    for k in range(L - 1, 0, -1):
        W = evaluation.layers[k][0]
        half = carry_back(field, W, result[0])
        inner = carry_back(field, W, half.transpose(0, 2, 1))
        result.insert(0, _around(evaluation, k, inner, carry_back(field, W, errors[k][:, :, None])[:, :, 0]))
    return result


def _around(evaluation: Evaluation, k: int, inner: Array, push: Array) -> Array:
    """Return ``Σ'_k · inner · Σ'_k + diag(σ''_k ∘ push)`` for every sample."""
    field, slope = evaluation.field, evaluation.slope[k]
    result = field.mul(field.mul(slope[:, :, None], inner), slope[:, None, :])
    n = slope.shape[1]
    place = np.arange(n)
    result[:, place, place] = field.add(result[:, place, place], field.mul(evaluation.curvature[k], push))
    return result


def _value_rate(evaluation: Evaluation, l: int, k: int, rate: Array | None) -> Array:
    """Return ``B_lk = ∂φ_{k-1}/∂z_l`` of shape ``(T, n_l, n_{k-1})`` from ``A_{l,k-1}`` (None stands for the identity)."""
    field, slope = evaluation.field, evaluation.slope[k - 1]
    if rate is not None:
        return field.mul(rate, slope[:, None, :])
    n = slope.shape[1]
    result = constant_like(field, 0, (evaluation.T, n, n), slope)
    result[:, np.arange(n), np.arange(n)] = slope
    return result


def _times_matrix(evaluation: Evaluation, A: Array, W: Array) -> Array:
    """Return ``A(i) W`` for every sample, as one product."""
    T, n, inner = A.shape
    return evaluation.field.matmul(A.reshape(T * n, inner), W).reshape(T, n, W.shape[1])


def _block(
    evaluation: Evaluation, place: tuple[int, int], rates: tuple[Array | None, Array | None], curvature: Array, error: Array
) -> Array:
    """Return the block of layers ``l ≤ k`` of ``T ∇²J``, of shape ``(n_l m_l, n_k m_k)``."""
    field, T, (l, k) = evaluation.field, evaluation.T, place
    n_l, n_k = evaluation.architecture.widths[l], evaluation.architecture.widths[k]
    before, behind = evaluation.extended_phi(l - 1), evaluation.extended_phi(k - 1)
    m_l, m_k = before.shape[1], behind.shape[1]
    rate, value_rate = rates
    mixed = curvature if rate is None else _batched_product(evaluation, rate, curvature)
    inputs = field.mul(before[:, :, None], behind[:, None, :]).reshape(T, m_l * m_k)
    first = field.matmul(mixed.reshape(T, n_l * n_k).T, inputs).reshape(n_l, n_k, m_l, m_k).transpose(0, 2, 1, 3)
    if value_rate is None:
        return first.reshape(n_l * m_l, n_k * m_k)
    d = value_rate.shape[2]
    pushes = field.mul(before[:, :, None], error[:, None, :]).reshape(T, m_l * n_k)
    second = field.matmul(value_rate.reshape(T, n_l * d).T, pushes).reshape(n_l, d, m_l, n_k).transpose(0, 2, 3, 1)
    total = first.copy()
    total[:, :, :, :d] = field.add(first[:, :, :, :d], second)
    return total.reshape(n_l * m_l, n_k * m_k)


def _batched_product(evaluation: Evaluation, A: Array, B: Array) -> Array:
    """Return ``A(i) B(i)`` for every sample, of shape ``(T, n, k)``."""
    field = evaluation.field
    total = field.mul(A[:, :, 0, None], B[:, None, 0, :])
    for c in range(1, A.shape[2]):
        total = field.add(total, field.mul(A[:, :, c, None], B[:, None, c, :]))
    return total
