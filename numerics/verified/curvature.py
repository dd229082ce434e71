r"""The Hessian of ``T J`` over a box of weights in doubles with radii, the gradient at its centre, and the signs of the Hessian's eigenvalues.

What is summed over the samples is multiplied by BLAS. With ``A_l(i)`` the derivative of ``z_l(i)`` by all weights up to layer l, ``δ_l`` the gradient of the
error of sample i by ``z_l`` and ``φ̃`` the values with the unit of a trainable bias,

    ∇²E = A_Lᵀ C A_L + Σ_{l<L} (Σ_a κ_la A_laᵀ A_la + B_l + B_lᵀ),   C = ∂δ_L/∂z_L,   κ_l = (W_{l+1} δ_{l+1}) ∘ σ''(z_l),

where the row of ``B_l`` by the weight from unit a to unit b of layer ``l + 1`` is ``δ_{l+1,b} σ'(z_la) A_la``, and
``A_{l+1} = [W_{l+1}ᵀ diag(σ'(z_l)) A_l, I ⊗ φ̃_l]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lossproof.numerics.algebra.products import gamma, times
from lossproof.numerics.algebra.threads import threads_for
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.precision import ball_precision
from lossproof.numerics.fields.state_balls import StateBallField
from lossproof.numerics.verified.activations import check_kinks, enclose_curvature
from lossproof.numerics.verified.enclosures import (
    Enclosure,
    as_balls,
    enclose_balls,
    enclose_numbers,
    frobenius_bound,
    matrix_product,
    product,
    raised,
    total,
    widened,
    with_ones,
)
from lossproof.numerics.verified.error_curvature import widened_by, widest_curvature
from lossproof.theory.functions.activations import Activation
from lossproof.theory.limits import MAX_BATCH
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

_BITS = 80
_MOST_SAMPLES, _BATCHES = 256, 20


@dataclass(frozen=True)
class HessianSigns:
    """What is proved about ``T H`` over a box: each matrix differs by ``spread`` at most, in the spectral norm, from one with so many ``negative`` eigenvalues.

    The other eigenvalues of that matrix are positive, and none is smaller in size than ``least``. If ``least`` is not above ``spread``, no sign is proved.
    Its eigenvalues are within ``error`` of the ``values``, both in ascending order; those of the ``T H``, by Weyl's theorem, within ``error + spread``.
    """

    negative: int
    least: float
    spread: float
    values: Array
    error: float


@dataclass(frozen=True)
class _Node:
    inputs: Enclosure
    slope: Enclosure
    delta: Enclosure
    kappa: Enclosure


@dataclass(frozen=True)
class EnclosedLandscape:
    """The layers of a network over a box of weights: the ``W_l``, the nodes, ``C`` of shape ``(T, n_L, n_L)``, and the biases and the z as well."""

    problem: Problem
    W: Sequence[Enclosure]
    nodes: Sequence[_Node]
    C: Enclosure
    met: Sequence[Enclosure]

    def is_moderate(self) -> bool:
        """Tell whether all numbers are of moderate size, see `Enclosure.is_moderate`."""
        return all(part.is_moderate() for part in (*self.W, *self.met, self.C, *(x for node in self.nodes for x in vars(node).values())))

    def gradient(self) -> Enclosure:
        """Return ``T ∇J``, in the order of the rows of P."""
        parts = [matrix_product(_transposed(node.delta), node.inputs) for node in self.nodes]
        return Enclosure(*(np.concatenate([x.ravel() for x in rows]) for rows in zip(*((p.mid, p.rad) for p in parts), strict=True)))

    def gradient_scale(self) -> float:
        """Return about the norm that ``T ∇J`` would have if no terms of different samples cancelled."""
        return float(np.sqrt(sum(np.sum(times(np.abs(node.delta.mid).T, np.abs(node.inputs.mid)) ** 2) for node in self.nodes)))

    def hessian(self) -> Enclosure:
        """Return ``T ∇²J``, symmetric."""
        a, N = self.problem.architecture, self.problem.architecture.N_net
        mid, rad = np.zeros((N, N)), np.zeros((N, N))
        step = max(1, min(_MOST_SAMPLES, MAX_BATCH * _BATCHES // (N * max(a.widths[1:]))))
        for start in range(0, self.problem.T, step):
            piece = slice(start, start + step)
            nodes = [_Node(*(_at(x, piece) for x in vars(node).values())) for node in self.nodes]
            for rows, columns, part in _parts(self.problem, self.W, nodes, _at(self.C, piece)):
                found = total(Enclosure(mid[rows, columns], rad[rows, columns]), part)
                mid[rows, columns], rad[rows, columns] = found.mid, found.rad
        return Enclosure(*(np.tril(x) + np.tril(x, -1).T for x in (mid, rad)))


def enclosed_landscape(problem: Problem, weights: Weights, radius: Fraction = Fraction(0)) -> EnclosedLandscape:
    r"""Return the layers over the box ``|W − W_0| ≤ radius`` in every trainable weight. Raises `NotDifferentiable` where a second derivative may not exist.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")  # J = (vw − 5)²/2 at w = 2, v = 3
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[5]]))
    >>> found = enclosed_landscape(problem, Weights.of(a, [([[2]], [0]), ([[3]], [0])]))
    >>> found.gradient().mid.tolist(), found.hessian().mid.tolist()
    ([3.0, 2.0], [[9.0, 7.0], [7.0, 4.0]])
    """
    a, W, inputs, bends = problem.architecture, list[Enclosure](), list[Enclosure](), list[tuple[Enclosure, Enclosure]]()
    met, phi, reach = list[Enclosure](), enclose_numbers(problem.samples.X), float(raised(np.asarray(float(radius)), 8))
    for l, layer in enumerate(weights.layers, start=1):
        rows, bias = enclose_numbers(layer.W), enclose_numbers(layer.b)
        W.append(_reaching(rows, reach))
        inputs.append(with_ones(phi) if a.bias_rows else phi)
        z = total(matrix_product(phi, W[-1]), _reaching(bias, reach) if a.bias_rows else bias)
        met += bias, z
        check_kinks(a.activation_of(l), z, 2)
        if l < a.L:
            phi, *bend = enclose_curvature(a.activation_of(l), z)
            bends.append((bend[0], bend[1]))
    delta, C = output_curvature(problem, z)
    nodes = [_Node(inputs[-1], delta, delta, delta)]
    for l in range(a.L - 1, 0, -1):
        slope, curvature = bends[l - 1]
        push = matrix_product(nodes[0].delta, _transposed(W[l]))
        nodes.insert(0, _Node(inputs[l - 1], slope, product(push, slope), product(push, curvature)))
    return EnclosedLandscape(problem, W, nodes, C, met)


def hessian_signs(H: Enclosure) -> HessianSigns:
    r"""Return the signs of the eigenvalues of all symmetric matrices within an enclosure, itself symmetric.

    With Q and Λ from LAPACK, ``‖QᵀQ − I‖ ≤ f < 1`` and ``‖H̃Q − QΛ‖ ≤ ε`` as products with a-priori bounds show, ``QᵀH̃Q`` is within ``g = f max|Λ| + ε√(1 + f)``
    of Λ: for ``g < min|Λ|`` the signs of Λ are those of H̃ (Sylvester), and ``min|λ(H̃)| ≥ (min|Λ| − g)/(1 + f)``. With ``|θ − 1| ≤ f`` the k-th eigenvalue of
    ``QᵀH̃Q`` is ``θ λ_k(H̃)`` (Ostrowski), and within g of ``Λ_k`` (Weyl): ``|λ_k(H̃) − Λ_k| ≤ (f max|Λ| + g)/(1 − f)``.

    >>> found = hessian_signs(Enclosure(np.array([[9.0, 7.0], [7.0, 4.0]]), np.zeros((2, 2))))
    >>> found.negative, round(found.least, 6), found.spread < 1e-12
    (1, 0.933034, True)
    >>> found.values.round(6).tolist(), found.error < 1e-12
    ([-0.933034, 13.933034], True)
    """
    n = len(H.mid)
    nothing = HessianSigns(0, 0.0, np.inf, np.zeros(n), np.inf)
    if not H.is_finite():
        return nothing
    spread = float(np.max(raised(np.sum(H.rad, axis=1), n), initial=0.0))
    with threads_for(10 * n**3):
        try:
            values, Q = np.linalg.eigh(H.mid)
        except np.linalg.LinAlgError:
            return nothing
        size, top, norm = frobenius_bound(Q), float(np.max(np.abs(values), initial=0.0)), frobenius_bound(H.mid)
        f = frobenius_bound(times(Q.T, Q) - np.eye(n)) + gamma(n + 6) * (size**2 + n)
        epsilon = frobenius_bound(times(H.mid, Q) - Q * values) + gamma(n + 6) * size * (norm + top)
    g = float(raised(np.asarray(f * top + epsilon * (1 + f)), 16))
    least = (float(np.min(np.abs(values), initial=np.inf)) - g) / float(raised(np.asarray(1 + f), 16)) if f < 1 else 0.0
    error = float(raised(np.asarray((f * top + g) / (1 - f)), 16)) if f < 1 else np.inf
    return HessianSigns(int(np.sum(values < 0)), least, spread, np.sort(values), error)


def _reaching(x: Enclosure, reach: float) -> Enclosure:
    return Enclosure(x.mid, widened(x.rad + reach, 1)) if reach else x


def output_curvature(problem: Problem, z: Enclosure) -> tuple[Enclosure, Enclosure]:
    """Return ``δ_L = σ' ∘ ∇E`` and ``∂δ_L/∂z_L = Σ' E'' Σ' + diag(σ'' ∘ ∇E)``, from balls; for identity output as wide as `widest_curvature` has the latter."""
    field, n, activation = StateBallField(_BITS), z.mid.shape[1], problem.architecture.output_activation
    with ball_precision(_BITS):
        phi, slope, bend = _output_values(activation, z, field)
        first, second = (field.error_derivative(problem.error, order, phi, field.array(problem.samples.Y)) for order in (1, 2))
        C, place = field.mul(field.mul(slope[:, :, None], second), slope[:, None, :]), np.arange(n)
        C[:, place, place] = field.add(C[:, place, place], field.mul(bend, first))
        delta, rates = _enclosed(field.mul(slope, first)), _enclosed(C)
    widest = widest_curvature(problem, z) if activation.is_identity else None
    return delta, rates if widest is None else widened_by(rates, widest)


def _output_values(activation: Activation, z: Enclosure, field: StateBallField) -> Sequence[Any]:
    return [x.reshape(z.mid.shape) for x in field.derivatives(activation, 2, as_balls(z).ravel())]


def _enclosed(balls: Any) -> Enclosure:
    return enclose_balls(list(balls.flat), balls.shape)


def _parts(problem: Problem, W: Sequence[Enclosure], nodes: Sequence[_Node], C: Enclosure) -> Iterator[tuple[slice, slice, Enclosure]]:
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
