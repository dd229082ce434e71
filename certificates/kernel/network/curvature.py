r"""The Hessian of ``T J`` over a box of weights in double precision, and the signs of its eigenvalues.

`Enclosed` arrays, ``u`` and ``γ_k`` are those of `doubles`. The weights are doubles with radii that cover the box, so that all that follows encloses what
occurs at any weights in it. For a sample i let ``A_l(i)``, of shape ``(n_l, N_l)``, be the derivative of ``z_l(i)`` by the ``N_l`` weights of the layers up
to l, and ``δ_l(i)`` the gradient of its error by ``z_l``. From ``z_{l+1} = W_{l+1}ᵀ φ_l + b``:

1. ``A_{l+1} = [W_{l+1}ᵀ diag(σ'(z_l)) A_l, I ⊗ φ̃_l]``, and ``A_1 = I ⊗ x̃``: row a of it is ``x̃`` at the weights of unit a and 0 elsewhere.
2. The chain rule gives ``∇²E = A_LᵀCA_L + Σ_{l<L} (Σ_a κ_la A_laᵀA_la + B_l + B_lᵀ)``, with ``C = ∂δ_L/∂z_L``, ``κ_l = (W_{l+1}δ_{l+1}) ∘ σ''(z_l)``. ``B_l``
   is what is bilinear in ``W_{l+1}`` and ``φ_l``: its row by the weight from unit a to unit b is ``δ_{l+1,b} σ'(z_la) A_la``.

Only the lower triangle is kept, and of it the rows and columns of the parameters asked for. The Hessian and the midpoints H̃ are symmetric, so they differ by
at most ``e = ‖rad‖_∞`` in the spectral norm.

*Signs.* Q and Λ come from LAPACK, of which nothing is assumed. Let ``‖QᵀQ − I‖ ≤ f < 1`` and ``‖H̃Q − QΛ‖ ≤ ε``. Then Q is invertible, ``‖Q‖² ≤ 1 + f``, and
``QᵀH̃Q = QᵀQΛ + Qᵀ(H̃Q − QΛ)`` differs from Λ by at most ``g = f max|Λ| + ε√(1 + f)``. If ``g < min|Λ|``, H̃ has by Sylvester's law as many negative
eigenvalues as Λ has negative entries, and the others are positive. As ``σ_min(QᵀH̃Q) ≤ ‖Q‖² σ_min(H̃)``, no eigenvalue of H̃ is smaller in size than
``(min|Λ| − g)/(1 + f)``. The computed products are wrong by ``γ_{n+3}`` times products of Frobenius norms at most.

*Eigenvalues*, all in ascending order. By Weyl's theorem the k-th of ``QᵀH̃Q`` is within g of ``Λ_k``; by Ostrowski's it is ``θ λ_k(H̃)``, θ between the least
and the largest eigenvalue of ``QᵀQ``, so ``|θ − 1| ≤ f``: ``|λ_k(H̃) − Λ_k| = |(1 − θ)Λ_k + (θλ_k − Λ_k)|/θ ≤ (f max|Λ| + g)/(1 − f)``, one eigenvalue for
each k. Those of every ``T H`` of the box differ from these by e at most, again by Weyl's theorem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb

from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, PRECISION, TINY, UNIT, DoubleRing, Enclosed, as_balls, gamma, of_balls
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.arithmetic.series import Array, Series
from lossproof.certificates.kernel.network.errors import error_gradient, unit_vectors
from lossproof.certificates.kernel.network.gram import plus
from lossproof.certificates.kernel.network.passes import Box
from lossproof.certificates.kernel.reading.parse import limit
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation


@dataclass(frozen=True)
class Signs:
    """The number of negative eigenvalues of the midpoint H̃, ``least ≤ min|λ(H̃)|`` and ``spread ≥ ‖T H − H̃‖₂`` for all T H of the box, all in some rows.

    A ``least`` of 0 or less, or NaN, says nothing, and neither does the number then. The eigenvalues of H̃ are within ``error`` of the ``values``, in
    ascending order; an ``error`` that is infinite or NaN says nothing.
    """

    negative: int
    least: float
    spread: float
    values: Array
    error: float


@dataclass(frozen=True)
class _Node:
    """What a layer gives at all samples: its inputs ``φ̃``, the slopes ``σ'(z)``, ``δ`` and ``κ``; the last two are filled in backward."""

    inputs: Enclosed
    slope: Enclosed
    delta: Enclosed
    kappa: Enclosed


def enclosed_hessian(work: Work, problem: Problem, box: Box) -> Enclosed:
    """Return the lower triangle of ``T H`` over a box; raises `Rejected` where a second derivative may not exist in it, or above a limit."""
    limit(problem.N_net, limits.MAX_HESSIAN_ROWS, "the number of weights")
    limit(problem.T * max(sum(problem.widths), problem.n_L**2), limits.MAX_GRAM_VALUES, "the number of values of activations")
    work.spend(limits.curvature_work(problem.widths, problem.T, problem.bias_rows), "the Hessian in double precision")
    return _hessian(work, problem, box)


def signs_of(H: Enclosed, parameters: Sequence[int]) -> Signs:
    """Return the signs of an enclosed Hessian, given by its lower triangle, in the rows of some parameters."""
    rows = np.ix_(parameters, parameters)
    M, R = ((np.tril(part) + np.tril(part, -1).T)[rows] for part in (H.mid, H.rad))
    return _signs(M, ENLARGE * float(np.max(np.sum(R, axis=1), initial=0.0)) + TINY)


def _signs(M: Array, spread: float) -> Signs:
    """Return what an approximate diagonalisation of H̃ shows."""
    n = len(M)
    try:
        values, Q = np.linalg.eigh(M)
    except np.linalg.LinAlgError:
        return Signs(0, 0.0, spread, np.zeros(n), np.inf)
    size_Q, top = np.linalg.norm(Q), float(np.max(np.abs(values), initial=0.0))
    f = ENLARGE * (np.linalg.norm(Q.T @ Q - np.eye(n)) + gamma(n + 3) * (size_Q**2 + n)) + TINY
    epsilon = ENLARGE * (np.linalg.norm(M @ Q - Q * values) + gamma(n + 3) * size_Q * (np.linalg.norm(M) + top)) + TINY
    g = ENLARGE * (f * top + epsilon * (1 + f))
    least = (float(np.min(np.abs(values), initial=np.inf)) - g) / (ENLARGE * (1 + f)) if f < 1 else 0.0
    error = ENLARGE * (f * top + g) / (1 - f) + TINY if f < 1 else np.inf
    return Signs(int(np.sum(values < 0)), float(least), spread, np.sort(values), float(error))


def _hessian(work: Work, problem: Problem, box: Box) -> Enclosed:
    """Return an enclosure of the lower triangle of ``T H`` over the box."""
    weights = _weights(work, problem, box)
    nodes, C = _nodes(work, problem, weights)
    total = Enclosed(*(np.zeros((problem.N_net, problem.N_net)) for _ in range(2)))
    step = max(1, min(256, limits.MAX_BATCH * 20 // (problem.N_net * max(problem.widths[1:]))))
    for start in range(0, problem.T, step):
        piece = slice(start, start + step)
        _add_samples(total, problem, weights, [_Node(*(_part(x, piece) for x in vars(node).values())) for node in nodes], _part(C, piece))
    return Enclosed(total.mid, total.rad)


def _weights(work: Work, problem: Problem, box: Box) -> list[tuple[Enclosed, Enclosed]]:
    """Return ``(W_l, b_l)`` with radii that cover the box."""
    ring, r = DoubleRing(work), float(arb(box.radius).upper()) * ENLARGE + TINY
    found = []
    for W, b in box.point.layers:
        rows, bias = ring.array(W), ring.array([b])
        wide = Enclosed(bias.mid, ENLARGE * (bias.rad + r)) if problem.bias_rows else bias
        found.append((Enclosed(rows.mid, ENLARGE * (rows.rad + r)), wide))
    return found


def _nodes(work: Work, problem: Problem, weights: list[tuple[Enclosed, Enclosed]]) -> tuple[list[_Node], Enclosed]:
    """Return the layers in their order, and ``C`` of shape ``(T, n_L, n_L)``."""
    phi, inputs, bends = DoubleRing(work).array(problem.X), [], []
    for l, (W, b) in enumerate(weights, start=1):
        inputs.append(plus(phi, problem.fan_in(l)))
        z = phi @ W + b
        if l < problem.L:
            phi, slope, bend = activated(work, problem.activation_of(l), z)
            bends.append((slope, bend))
    delta, C = output_curvature(work, problem, z)
    nodes = [_Node(inputs[-1], delta, delta, delta)]
    for l in range(problem.L - 1, 0, -1):
        slope, bend = bends[l - 1]
        push = nodes[0].delta @ weights[l][0].T
        nodes.insert(0, _Node(inputs[l - 1], slope, push * slope, push * bend))
    return nodes, C


def activated(work: Work, activation: Activation, z: Enclosed) -> tuple[Enclosed, Enclosed, Enclosed]:
    """Enclose ``σ``, ``σ'`` and ``σ''`` over each interval by Arb."""
    ring, balls = BallRing(work, PRECISION), as_balls(z)
    ring.count(0, 4 * balls.size)
    value, slope = ring.activate(activation, 0, Series([balls, np.full_like(balls, arb(1))]), slopes=True)
    rates = slope.coefficients if isinstance(slope, Series) else (slope, arb(0))
    first, second = (of_balls(part, balls.shape) for part in rates)
    return of_balls(value, balls.shape), first, second


def output_curvature(work: Work, problem: Problem, z: Enclosed) -> tuple[Enclosed, Enclosed]:
    """Enclose ``δ_L`` and ``∂δ_L/∂z_L``, the latter from its derivatives along the unit vectors."""
    ring, n, balls = BallRing(work, PRECISION), problem.n_L, as_balls(z)
    ring.count(4 * n * n * balls.size, 4 * n * balls.size)
    units = np.broadcast_to(unit_vectors(ring, range(n), n)[:, None, :], (n, *balls.shape))
    value, slope = ring.activate(problem.output_activation, problem.L, Series([balls, units]), slopes=True)
    found = error_gradient(ring, problem, value) * slope
    delta, rates = (of_balls(part, shape) for part, shape in zip(found.coefficients, (balls.shape, units.shape), strict=True))
    return delta, Enclosed(*(np.ascontiguousarray(part.transpose(1, 0, 2)) for part in (rates.mid, rates.rad)))


def _add_samples(total: Enclosed, problem: Problem, weights: list[tuple[Enclosed, Enclosed]], nodes: list[_Node], C: Enclosed) -> None:
    """Add what some samples give, layer by layer."""
    A = None
    for l, node in enumerate(nodes, start=1):
        first, m, n = problem.below(l), problem.fan_in(l), problem.widths[l]
        if l > 1:
            A = _rates(problem, l, A, nodes[l - 2], weights[l - 1][0], node.inputs)
        if l == problem.L:
            rates = _at_output(node.inputs, n) if A is None else A
            flat, bent = (Enclosed(*(part.reshape(-1, problem.N_net) for part in (x.mid, x.rad))) for x in (rates, C @ rates))
            _add(total, slice(None), slice(None), flat.T @ bent)
            return
        for a in range(n):
            rate = node.inputs if A is None else _part(A, (slice(None), a))
            columns = slice(first + a * m, first + (a + 1) * m) if A is None else slice(0, problem.below(l + 1))
            kappa, slope = (_part(x, (slice(None), slice(a, a + 1))) for x in (node.kappa, node.slope))
            _add(total, columns, columns, rate.T @ (kappa * rate))
            behind = slice(problem.below(l + 1) + a, problem.below(l + 2), problem.fan_in(l + 1))
            _add(total, behind, columns, (nodes[l].delta * slope).T @ rate)


def _at_output(inputs: Enclosed, n: int) -> Enclosed:
    """Return ``I ⊗ φ̃`` of shape ``(t, n, n m)``."""
    return Enclosed(*((np.eye(n)[:, :, None] * part[:, None, None, :]).reshape(len(part), n, -1) for part in (inputs.mid, inputs.rad)))


def _rates(problem: Problem, l: int, A: Enclosed | None, before: _Node, W: Enclosed, inputs: Enclosed) -> Enclosed:
    """Return ``A_l`` of shape ``(t, n_l, N_l)`` from ``A_{l-1}``, where None stands for ``A_1``."""
    slope, t = before.slope, len(inputs.mid)
    M = Enclosed(W.mid.T[None], W.rad.T[None]) * Enclosed(slope.mid[:, None, :], slope.rad[:, None, :])
    if A is None:
        wide = Enclosed(M.mid[..., None], M.rad[..., None]) * Enclosed(
            *(x[:, None, None, :] for x in (before.inputs.mid, before.inputs.rad))
        )
        lower = Enclosed(*(x.reshape(t, problem.widths[l], -1) for x in (wide.mid, wide.rad)))
    else:
        lower = M @ A
    own = _at_output(inputs, problem.widths[l])
    return Enclosed(*(np.concatenate(parts, axis=-1) for parts in ((lower.mid, own.mid), (lower.rad, own.rad))))


def _part(x: Enclosed, at: slice | tuple[slice | int, ...]) -> Enclosed:
    return Enclosed(x.mid[at], x.rad[at])


def _add(total: Enclosed, rows: slice, columns: slice, part: Enclosed) -> None:
    """Add a part of the matrix in place."""
    mid = total.mid[rows, columns] + part.mid
    total.rad[rows, columns] = ENLARGE * (total.rad[rows, columns] + part.rad + UNIT * np.abs(mid)) + TINY
    total.mid[rows, columns] = mid
