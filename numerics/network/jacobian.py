"""The transposed Jacobian ``P``, the kernel ``K = PᵀP`` without it, and the gradient."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from lossproof.numerics.algebra.gram_sums import GramPart, gram_of_parts
from lossproof.numerics.fields.field import Array, constant_like
from lossproof.numerics.network.evaluation import Evaluation, carry_back
from lossproof.numerics.network.penalty import penalty_slopes
from lossproof.theory.problem.problem import Problem


def jacobian_block(evaluation: Evaluation, l: int) -> Array:
    r"""Return the row block ``Ψ_l ⊙ Φ_{l-1}`` of ``P``, of shape ``(n_l m, T n_L)`` with ``m = n_{l-1} + [bias trainable]``, ``l = 1..L``.

    Row ``a m + b``, column ``i n_L + j`` holds ``Ψ_l(i)[a, j] · φ⁺_{l-1}(i)[b]``; the bias row is the last of each unit.
    """
    psi, phi = evaluation.psi[l], evaluation.extended_phi(l - 1)
    entries = evaluation.field.mul(psi.transpose(1, 0, 2)[:, None, :, :], phi.T[None, :, :, None])
    n, m, T, n_L = entries.shape
    return entries.reshape(n * m, T * n_L)


def jacobian(evaluation: Evaluation) -> Array:
    r"""Return ``P`` of shape ``(N_net, T n_L)``: the blocks of all layers, stacked.

    Column ``(i, j)`` is the gradient of output ``j`` at sample ``i`` (divided by ``σ_out'`` when the output is stripped),
    `gradient-identity`.

    >>> from lossproof.numerics.fields.rational import RationalField
    >>> from lossproof.numerics.network.evaluation import evaluate
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> a = Architecture.of("1-1", "identity")
    >>> jacobian(evaluate(a, [[2], [5]], [([[1]], [0])], RationalField())).tolist()
    [[2, 5], [1, 1]]
    """
    a = evaluation.architecture
    if a.frozen:  # a checker asks for all slopes of hidden layers, also below the first trainable one
        for l in (l for l in a.kinked_layers(1) if l < a.L):
            _ = evaluation.slope[l]
    blocks = [jacobian_block(evaluation, l) for l in a.trained]
    return evaluation.field.finalize(np.concatenate(_of_one_kind(evaluation, blocks), axis=0))


def gram(evaluation: Evaluation) -> Array:
    r"""Return the empirical tangent kernel ``K = PᵀP`` of shape ``(T n_L, T n_L)`` without forming ``P``.

    ``K[(i,j),(i',j')] = Σ_l (Ψ_l(i)ᵀΨ_l(i'))[j,j'] · φ⁺_{l-1}(i)ᵀφ⁺_{l-1}(i')``, at a cost of ``O(T² n_L² Σ n_l)``, whatever ``N_net``.
    In doubles it is exactly symmetric, and takes little memory beside ``K`` (`gram_of_parts`).

    >>> from lossproof.numerics.fields.float64 import Float64Field
    >>> from lossproof.numerics.network.evaluation import evaluate
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> gram(evaluate(Architecture.of("1-1", "identity"), [[2], [5]], [([[1]], [0])], Float64Field())).tolist()
    [[5.0, 11.0], [11.0, 26.0]]
    """
    field, architecture = evaluation.field, evaluation.architecture
    T, n_L = evaluation.T, architecture.n_L
    diagonal = evaluation.output_diagonal
    if diagonal.dtype == np.float64:
        bias, phi, L = architecture.bias_rows_of, evaluation.phi, architecture.L
        trained = architecture.trained
        hidden = [GramPart(evaluation.psi[l].transpose(0, 2, 1), phi[l - 1], bias(l)) for l in trained if l < L]
        return gram_of_parts([*hidden, *[GramPart(diagonal, phi[L - 1], bias(L))] * (L in trained)])
    phi_gram = _product_with_transpose(evaluation, evaluation.extended_phi(architecture.L - 1).T)
    if architecture.L not in architecture.trained:
        phi_gram = constant_like(field, 0, (T, T), phi_gram)
    outputs = [field.mul(field.mul(diagonal[:, j, None], diagonal[None, :, j]), phi_gram) for j in range(n_L)]
    K = constant_like(field, 0, (T, n_L, T, n_L), outputs[0])
    for j, block in enumerate(outputs):
        K[:, j, :, j] = block
    for l in (l for l in architecture.trained if l < architecture.L):
        psi = evaluation.psi[l].transpose(1, 0, 2).reshape(architecture.widths[l], T * n_L)
        psi_gram = _product_with_transpose(evaluation, psi).reshape(T, n_L, T, n_L)
        phi_gram = _product_with_transpose(evaluation, evaluation.extended_phi(l - 1).T)
        K = field.add(K, field.mul(psi_gram, phi_gram[:, None, :, None]))
    return field.finalize(K.reshape(T * n_L, T * n_L))


def residual_gradient(problem: Problem, evaluation: Evaluation) -> Array:
    """Return ``ε(W) = (∇E(φ_L(i), y_i))_i``, of shape ``(T n_L,)`` with entry ``(i, j)`` at ``i n_L + j``."""
    return evaluation.field.finalize(output_residuals(problem, evaluation).reshape(-1))


def output_residuals(problem: Problem, evaluation: Evaluation) -> Array:
    """Return ``∇E(φ_L(i), y_i)`` as rows, of shape ``(T, n_L)``."""
    field = evaluation.field
    return field.error_derivative(problem.error, 1, evaluation.phi[evaluation.architecture.L], field.array(problem.samples.Y))


def backward_errors(problem: Problem, evaluation: Evaluation) -> list[Array]:
    """Return ``δ_l = ∂E/∂z_l`` of shape ``(T, n_l)`` for ``l = 1..L`` at place ``l - 1``.

    ``δ_L = σ'(z_L) ∘ ∇E`` and ``δ_l = σ'(z_l) ∘ W_{l+1} δ_{l+1}``. The output is never stripped here.
    """
    field, L = evaluation.field, evaluation.architecture.L
    errors = [field.mul(evaluation.slope[L], output_residuals(problem, evaluation))]
    for l in range(L - 1, 0, -1):
        carried = carry_back(field, evaluation.layers[l][0], errors[0][:, :, None])[:, :, 0]
        errors.insert(0, field.mul(evaluation.slope[l], carried))
    return errors


def output_gradient(problem: Problem, evaluation: Evaluation) -> Array:
    r"""Return the last layer's part of ``T ∇J(W)``, that of ``W_L`` and ``b_L``, in the order of its rows: a forward pass is enough for it.

    The last layer must not be frozen.
    """
    L = evaluation.architecture.L
    field, delta = evaluation.field, evaluation.field.mul(evaluation.slope[L], output_residuals(problem, evaluation))
    found = field.matmul(delta.T, evaluation.extended_phi(L - 1)).reshape(-1)
    if problem.decay is None:
        return found
    return field.add(found, field.mul(field.array([[evaluation.T]])[0], penalty_slopes(problem, evaluation)[-len(found) :]))


def gradient(problem: Problem, evaluation: Evaluation) -> Array:
    r"""Return ``∇J(W) = P(W) ε(W) / T``, plus ``λ_k w_k`` with weight decay, of shape ``(N_net,)``, in the order of the rows of ``P`` (`gradient-identity`).

    The output is never stripped here, whatever the evaluation says.
    """
    field = evaluation.field
    errors = backward_errors(problem, evaluation)
    parts = [field.matmul(errors[l - 1].T, evaluation.extended_phi(l - 1)).reshape(-1) for l in problem.architecture.trained]
    share = field.array([Fraction(1, evaluation.T)])
    found = field.mul(np.concatenate(_of_one_kind(evaluation, parts)), share)
    return field.finalize(found if problem.decay is None else field.add(found, penalty_slopes(problem, evaluation)))


def gradient_terms(problem: Problem, evaluation: Evaluation) -> Array:
    """Return the terms that the components of the `gradient` are sums of, a row each: ``P_kc ε_c / T``, and with weight decay ``λ_k w_k``."""
    whole, field = replace(evaluation, strip_output=False), evaluation.field
    errors = field.mul(output_residuals(problem, whole).reshape(-1), field.array([Fraction(1, evaluation.T)]))
    terms = field.mul(jacobian(whole), errors)
    return terms if problem.decay is None else np.hstack([terms, penalty_slopes(problem, evaluation)[:, None]])


def _product_with_transpose(evaluation: Evaluation, A: Array) -> Array:
    return evaluation.field.matmul(A.T, A)


def _of_one_kind(evaluation: Evaluation, parts: list[Array]) -> list[Array]:
    """Bring parts of different kinds (exact rationals and residues) to one."""
    if len({part.dtype for part in parts}) == 1:
        return parts
    return [evaluation.field.finalize(part) for part in parts]
