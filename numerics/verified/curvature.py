r"""The Hessian of ``T J`` over a box of weights in doubles with radii, and the signs of its eigenvalues.

The values at the units are enclosed in balls; what is summed over the samples is multiplied by BLAS. With ``A_l(i)`` the derivative of ``z_l(i)`` by all weights
up to layer l, ``δ_l`` the gradient of the error of sample i by ``z_l`` and ``φ̃`` the values with the unit of a trainable bias,

    ∇²E = A_Lᵀ C A_L + Σ_{l<L} (Σ_a κ_la A_laᵀ A_la + B_l + B_lᵀ),   C = ∂δ_L/∂z_L,   κ_l = (W_{l+1} δ_{l+1}) ∘ σ''(z_l),

where the row of ``B_l`` by the weight from unit a to unit b of layer ``l + 1`` is ``δ_{l+1,b} σ'(z_la) A_la``, and ``A_{l+1} = [W_{l+1}ᵀ diag(σ'(z_l)) A_l, I ⊗ φ̃_l]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.numerics.algebra.products import gamma, times
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.network.boxes import evaluate_box
from lossproof.numerics.network.evaluation import Evaluation, carry_back
from lossproof.numerics.network.jacobian import backward_errors
from lossproof.numerics.verified.enclosures import Enclosure, enclose_balls, frobenius_bound, matrix_product, product, raised, total, widened
from lossproof.theory.limits import MAX_BATCH
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_BITS = 80
_MOST_SAMPLES, _BATCHES = 256, 20


@dataclass(frozen=True)
class HessianSigns:
    """What is proved about ``T H`` over a box: each matrix differs by ``spread`` at most, in the spectral norm, from one with so many ``negative`` eigenvalues.

    The other eigenvalues of that matrix are positive, and none is smaller in size than ``least``. If ``least`` is not above ``spread``, no sign is proved.
    """

    negative: int
    least: float
    spread: float


@dataclass(frozen=True)
class _Node:
    inputs: Enclosure
    slope: Enclosure
    delta: Enclosure
    kappa: Enclosure


def hessian_signs(problem: Problem, weights: Weights, radius: Fraction) -> HessianSigns:
    r"""Return the signs of the Hessian over the box ``|W − W_0| ≤ radius`` in every weight.

    With Q and Λ from LAPACK, ``‖QᵀQ − I‖ ≤ f < 1`` and ``‖H̃Q − QΛ‖ ≤ ε`` as products with a-priori bounds show, ``QᵀH̃Q`` is within ``g = f max|Λ| + ε√(1 + f)``
    of Λ: for ``g < min|Λ|`` the signs of Λ are those of H̃ (Sylvester), and ``min|λ(H̃)| ≥ (min|Λ| − g)/(1 + f)``.

    Raises `NotDifferentiable` where a second derivative may not exist in the box.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))
    >>> found = hessian_signs(problem, Weights.of(a, [([[2]], [0]), ([[3]], [0])]), Fraction(0))  # H = [[9, 7], [7, 4]]
    >>> found.negative, round(found.least, 6), found.spread < 1e-12
    (1, 0.933034, True)
    """
    H = enclosed_hessian(problem, weights, radius)
    n, nothing = len(H.mid), HessianSigns(0, 0.0, np.inf)
    if not H.is_finite():
        return nothing
    spread = float(np.max(raised(np.sum(H.rad, axis=1), n)))
    with threads_for(10 * n**3):
        try:
            values, Q = np.linalg.eigh(H.mid)
        except np.linalg.LinAlgError:
            return nothing
        size, top, norm = frobenius_bound(Q), float(np.max(np.abs(values))), frobenius_bound(H.mid)
        f = frobenius_bound(times(Q.T, Q) - np.eye(n)) + gamma(n + 6) * (size**2 + n)
        epsilon = frobenius_bound(times(H.mid, Q) - Q * values) + gamma(n + 6) * size * (norm + top)
    g = float(raised(np.asarray(f * top + epsilon * (1 + f)), 16))
    least = (float(np.min(np.abs(values))) - g) / float(raised(np.asarray(1 + f), 16)) if f < 1 else 0.0
    return HessianSigns(int(np.sum(values < 0)), least, spread)


def enclosed_hessian(problem: Problem, weights: Weights, radius: Fraction) -> Enclosure:
    """Return ``T ∇²J`` for all weights within the radius in every entry, symmetric. Raises `NotDifferentiable` where it may not exist."""
    a, N = problem.architecture, problem.architecture.N_net
    W, nodes, C = _values(problem, weights, radius)
    mid, rad = np.zeros((N, N)), np.zeros((N, N))
    step = max(1, min(_MOST_SAMPLES, MAX_BATCH * _BATCHES // (N * max(a.widths[1:]))))
    for start in range(0, problem.T, step):
        piece = slice(start, start + step)
        for rows, columns, part in _parts(problem, W, [_Node(*(_at(x, piece) for x in vars(node).values())) for node in nodes], _at(C, piece)):
            found = total(Enclosure(mid[rows, columns], rad[rows, columns]), part)
            mid[rows, columns], rad[rows, columns] = found.mid, found.rad
    return Enclosure(*(np.tril(x) + np.tril(x, -1).T for x in (mid, rad)))


def _values(problem: Problem, weights: Weights, radius: Fraction) -> tuple[list[Enclosure], list[_Node], Enclosure]:
    """Return the ``W_l``, the layers in their order, and ``C`` of shape ``(T, n_L, n_L)``, from the pass in balls."""
    with ball_precision(_BITS):
        found = evaluate_box(problem, weights, StateBallField(_BITS), radius)
        errors, L = backward_errors(problem, found), problem.architecture.L
        nodes = []
        for l in range(1, L + 1):
            inputs, delta = _enclosed(found.extended_phi(l - 1)), _enclosed(errors[l - 1])
            slope, kappa = (delta, delta) if l == L else (_enclosed(found.slope[l]), _enclosed(_bent(found, errors, l)))
            nodes.append(_Node(inputs, slope, delta, kappa))
        return [_enclosed(W) for W, _ in found.layers], nodes, _enclosed(_output_curvature(problem, found))


def _bent(found: Evaluation, errors: Sequence[Any], l: int) -> Any:
    """Return ``κ_l = (W_{l+1} δ_{l+1}) ∘ σ''(z_l)``."""
    return found.field.mul(found.curvature[l], carry_back(found.field, found.layers[l][0], errors[l][:, :, None])[:, :, 0])


def _output_curvature(problem: Problem, found: Evaluation) -> Any:
    """Return ``∂δ_L/∂z_L = Σ' E'' Σ' + diag(σ'' ∘ ∇E)``."""
    field, L, n = found.field, found.architecture.L, found.architecture.n_L
    targets, slope = field.array(problem.samples.Y), found.slope[L]
    first, second = (field.error_derivative(problem.error, order, found.phi[L], targets) for order in (1, 2))
    C, place = field.mul(field.mul(slope[:, :, None], second), slope[:, None, :]), np.arange(n)
    C[:, place, place] = field.add(C[:, place, place], field.mul(found.curvature[L], first))
    return C


def _enclosed(balls: Any) -> Enclosure:
    return enclose_balls(list(balls.flat), balls.shape)


def _parts(problem: Problem, W: Sequence[Enclosure], nodes: Sequence[_Node], C: Enclosure) -> Any:
    """Yield parts of the lower triangle, as rows, columns and what is added there, from some samples."""
    a, A, first = problem.architecture, None, 0
    for l, node in enumerate(nodes, start=1):
        m, n, end = a.fan_in(l), a.widths[l], first + a.fan_in(l) * a.widths[l]
        if l > 1:
            A = _rates(W[l - 1], A, nodes[l - 2], node.inputs)
        if l == a.L:
            rates = _own(node.inputs, n) if A is None else A
            flat, bent = (_flat(x) for x in (rates, _stacked(C, rates)))
            yield slice(None), slice(None), matrix_product(_transposed(flat), bent)
            return
        for unit in range(n):
            rate = node.inputs if A is None else _at(A, (slice(None), unit))
            columns = slice(first + unit * m, first + (unit + 1) * m) if A is None else slice(0, end)
            one = (slice(None), slice(unit, unit + 1))
            yield columns, columns, matrix_product(_transposed(rate), product(_at(node.kappa, one), rate))
            behind = slice(end + unit, end + a.fan_in(l + 1) * a.widths[l + 1], a.fan_in(l + 1))
            yield behind, columns, matrix_product(_transposed(product(nodes[l].delta, _at(node.slope, one))), rate)
        first = end


def _rates(W: Enclosure, A: Enclosure | None, before: _Node, inputs: Enclosure) -> Enclosure:
    """Return ``A_l`` of shape ``(t, n_l, N_l)`` from ``A_{l-1}``, where None stands for ``A_1``."""
    n = W.mid.shape[1]
    M = product(Enclosure(W.mid.T[None], W.rad.T[None]), _at(before.slope, (slice(None), None)))
    if A is None:
        wide = product(_at(M, (..., None)), _at(before.inputs, (slice(None), None, None)))
        lower = Enclosure(*(x.reshape(len(x), n, -1) for x in (wide.mid, wide.rad)))
    else:
        lower = _stacked(M, A)
    own = _own(inputs, n)
    return Enclosure(np.concatenate([lower.mid, own.mid], axis=-1), np.concatenate([lower.rad, own.rad], axis=-1))


def _own(inputs: Enclosure, n: int) -> Enclosure:
    """Return ``I ⊗ φ̃`` of shape ``(t, n, n m)``."""
    return Enclosure(*((np.eye(n)[:, :, None] * x[:, None, None, :]).reshape(len(x), n, -1) for x in (inputs.mid, inputs.rad)))


def _stacked(A: Enclosure, B: Enclosure) -> Enclosure:
    """Return an enclosure of the products ``A(i) B(i)``, with the bounds of `matrix_product`."""
    k = A.mid.shape[-1]
    size = np.abs(B.mid)
    rad = np.matmul(raised(gamma(k + 3) * np.abs(A.mid) + A.rad, 2), size) + np.matmul(A.reach(), B.rad)
    return Enclosure(np.matmul(A.mid, B.mid), widened(rad, 2 * k + 6))


def _at(x: Enclosure, place: Any) -> Enclosure:
    return Enclosure(x.mid[place], x.rad[place])


def _flat(x: Enclosure) -> Enclosure:
    return Enclosure(x.mid.reshape(-1, x.mid.shape[-1]), x.rad.reshape(-1, x.rad.shape[-1]))


def _transposed(x: Enclosure) -> Enclosure:
    return Enclosure(x.mid.T, x.rad.T)
