r"""The Hessian of ``T J`` over a box of weights in double precision.

`Enclosed` arrays, ``u`` and ``γ_k`` are those of `doubles`. The weights are doubles with radii that cover the box, so that all that follows encloses what
occurs at any weights in it. For a sample let ``δ_l`` and ``M_l`` be the gradient and the Hessian of its error by ``z_l``; for ``l < k`` let ``V_lk``, of shape
``(n_l, n_{k-1})``, hold the derivatives of ``φ_{k-1}`` by ``z_l``, and ``R_lk = V_lk W_k`` those of ``z_k``. From ``z_{l+1} = W_{l+1}ᵀ φ_l + b``:

1. ``V_{l,l+1} = diag(σ'(z_l))`` and ``V_{l,k+1} = R_lk diag(σ'(z_k))``.
2. ``M_L = ∂δ_L/∂z_L`` and ``M_l = R_{l,l+1} M_{l+1} R_{l,l+1}ᵀ + diag(κ_l)``, with ``κ_l = (W_{l+1} δ_{l+1}) ∘ σ''(z_l)``.
3. The derivative of E by the weight from input j to unit c of layer k is ``δ_kc φ̃_{k-1,j}``. So the second derivative by it and the weight from input i to
   unit a of layer ``l ≤ k`` is ``X_ac φ̃_{l-1,i} φ̃_{k-1,j}``, with ``X = M_l`` for ``l = k`` and ``X = R_lk M_k`` for ``l < k``, where there is besides, for j
   not the unit of the bias, ``V_{lk,aj} φ̃_{l-1,i} δ_kc``.

All these *terms* are sums ``Σ_samples X_ac p_i q_d``, each one product of two matrices, with rows ``(a, c)`` and columns ``(i, d)``. For ``l = k`` they are
symmetric in ``a, c`` and in ``i, d``, and half of both is taken: the other half is its mirror image, and X is mirrored likewise. So H̃, made of the midpoints,
is symmetric. With weight decay ``T λ_k`` is added on the diagonal, whose radius and rounding count as a term of their own.

*Spread.* An entry of H̃ takes ``T + 2`` roundings at most: two products, a sum of T, and a sum of two terms. So it differs from the entry of ``T H`` by at most
``Σ_samples ((|X̂|(1 + γ) + r_X)(|p̂| + r_p)(|q̂| + r_q) − |X̂||p̂||q̂|)`` in all terms, ``γ = γ_{T+4}``. A sum of these over columns with factors ``f ≥ 0`` is U − B:
``B = Σ |p̂|(|X̂|(|q̂|f))``, and U the same with upper bounds in place. It is at most the radius of this product as `Enclosed` arrays of ``(|p̂|, r_p)``,
``(|X̂|, r_X + γ|X̂|)``, ``(|q̂|, r_q)`` and f. For let ``(m, r)`` stand for ``b ≤ v``, with ``v − b + |m − b| ≤ r``; then ``(|A|m, |A|r + r_A(m + r) +
γ_{k+2}|A|m)`` does so for ``|A|b ≤ (|A| + r_A)v``, as ``v ≤ m + r`` and the product is computed up to ``γ_k|A|m``. With f the indicator of some parameters,
the largest of these sums bounds ``‖T H − H̃‖_∞`` by them, and so the spectral norm, both matrices being symmetric.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from flint import arb

from lossproof.certificates.kernel.arithmetic.doubles import (
    ENLARGE,
    PRECISION,
    TINY,
    DoubleRing,
    Enclosed,
    as_balls,
    derivatives,
    gamma,
    of_balls,
)
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.arithmetic.series import Array, Series
from lossproof.certificates.kernel.network.errors import error_gradient, shares
from lossproof.certificates.kernel.network.gram import plus
from lossproof.certificates.kernel.network.orbits import at_rest
from lossproof.certificates.kernel.network.passes import Box
from lossproof.certificates.kernel.reading.parse import limit
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits

_SAMPLES, _COLUMNS, _ENTRIES = 256, 2**14, 2**22


@dataclass(frozen=True)
class _Node:
    """What a layer gives at all samples: its inputs ``φ̃``, the slopes ``σ'(z)``, ``δ`` and ``κ``; the last two are filled in backward."""

    inputs: Enclosed
    slope: Enclosed
    delta: Enclosed
    kappa: Enclosed


class _Term(NamedTuple):
    """``Σ X_ac p_i q_d`` for the weights of layers l and k: at ``(a, i)`` and ``(c, d)``, or where ``crossed`` at ``(a, i)`` and ``(d, c)``."""

    l: int
    k: int
    crossed: bool
    X: Enclosed
    p: Enclosed
    q: Enclosed


def hessian(work: Work, problem: Problem, box: Box, parameters: Sequence[int]) -> tuple[Array, float]:
    """Return a symmetric H̃ and a bound of ``‖T H − H̃‖₂`` over a box, both by some parameters.

    Raises `Rejected` where a second derivative may not exist in it, or above a limit.
    """
    limit(problem.N_net, limits.MAX_HESSIAN_ROWS, "the number of weights")
    limit(problem.T * max(sum(problem.widths), problem.n_L**2), limits.MAX_GRAM_VALUES, "the number of values of activations")
    fan_in = [problem.fan_in(l) for l in range(1, problem.L + 1)]
    work.spend(limits.curvature_work(problem.widths, problem.T, fan_in), "the Hessian in double precision")
    factors = np.zeros(problem.N_net)
    factors[list(parameters)] = 1
    H, radii = _midpoints_and_radii(work, problem, box, factors)
    spread = ENLARGE * float(np.max(radii[list(parameters)], initial=0.0)) + TINY
    found = Enclosed(H if len(parameters) == len(H) else H[np.ix_(parameters, parameters)], np.full((1, 1), spread))
    return found.mid, spread


def _midpoints_and_radii(work: Work, problem: Problem, box: Box, factors: Array) -> tuple[Array, Array]:
    """Return H̃, and for each row a bound of ``Σ_k |T H − H̃|_k f_k`` over the box with factors f."""
    weights = _weights(work, problem, box)
    nodes, C = _nodes(work, problem, weights)
    free = [factors[at].reshape(shape) for at, shape in (_block(problem, l) for l in range(1, problem.L + 1))]
    sums, radii = dict[tuple[int, int, bool], Array](), [np.zeros_like(part) for part in free]
    step = max(1, min(_SAMPLES, limits.MAX_BATCH * 20 // max(problem.widths[1:]) ** 2))
    for start in range(0, problem.T, step):
        piece = slice(start, start + step)
        for term in _terms(problem, weights, [_Node(*(x[piece] for x in vars(node).values())) for node in nodes], C[piece]):
            _add(sums, term)
            _add_radii(radii, free, term, problem.T)
    H, rows = _assembled(problem, sums), np.concatenate([part.ravel() for part in radii])
    if problem.decay is not None:
        rates = DoubleRing(work).array([[rate * problem.T for rate in problem.rates]])
        diagonal = Enclosed(H.diagonal()[None], np.zeros_like(rates.mid)) + rates
        H[np.diag_indices(len(H))] = diagonal.mid[0]
        rows += diagonal.rad[0] * factors
    return H, rows


def _block(problem: Problem, l: int) -> tuple[slice, tuple[int, int]]:
    """Return the rows of the weights of a layer, and their shape ``(n_l, m_l)``."""
    return slice(problem.below(l), problem.below(l + 1)), (problem.widths[l], problem.fan_in(l))


def _weights(work: Work, problem: Problem, box: Box) -> list[tuple[Enclosed, Enclosed]]:
    """Return ``(W_l, b_l)`` with radii that cover the box."""
    ring, r = DoubleRing(work), float(arb(box.radius).upper()) * ENLARGE + TINY
    found = []
    for l, (W, b) in enumerate(box.point.layers, start=1):
        rows, bias = ring.array(W), ring.array([b])
        if not problem.fan_in(l):
            found.append((Enclosed(rows.mid, rows.rad), bias))
            continue
        wide = Enclosed(bias.mid, ENLARGE * (bias.rad + r)) if problem.bias_rows_of(l) else bias
        found.append((Enclosed(rows.mid, ENLARGE * (rows.rad + r)), wide))
    return found


def _nodes(work: Work, problem: Problem, weights: list[tuple[Enclosed, Enclosed]]) -> tuple[list[_Node], Enclosed]:
    """Return the layers in their order, and ``C`` of shape ``(T, n_L, n_L)``."""
    phi, inputs, bends = DoubleRing(work).array(problem.X), [], []
    for l, (W, b) in enumerate(weights, start=1):
        inputs.append(plus(phi, problem.bias_rows_of(l)))
        z = phi @ W + b
        if l < problem.L:
            phi, slope, bend = derivatives(work, problem.activation_of(l), z, 2, at_rest(problem, l))
            bends.append((slope, bend))
    delta, C = output_curvature(work, problem, z)
    nodes = [_Node(inputs[-1], delta, delta, delta)]
    for l in range(problem.L - 1, 0, -1):
        slope, bend = bends[l - 1]
        push = nodes[0].delta @ weights[l][0].T
        nodes.insert(0, _Node(inputs[l - 1], slope, push * slope, push * bend))
    return nodes, C


def output_curvature(work: Work, problem: Problem, z: Enclosed) -> tuple[Enclosed, Enclosed]:
    """Enclose ``δ_L`` and ``∂δ_L/∂z_L``, which is diagonal for all errors but softmax: from its derivatives along the vector of ones."""
    ring, balls = BallRing(work, PRECISION), as_balls(z)
    ring.count(0, 4 * balls.size)
    along, rest = Series([balls, np.full_like(balls, arb(1))]), at_rest(problem, problem.L)
    value, slope = ring.activate(problem.output_activation, problem.L, along, slopes=True, rest=rest)
    if problem.error.family != "softmax":
        found = error_gradient(ring, problem, value) * slope
        delta, rate = (of_balls(part, balls.shape) for part in found.coefficients)
        return delta, _diagonal(rate)
    first, second = (of_balls(part, balls.shape) for part in (slope.coefficients if isinstance(slope, Series) else (slope, arb(0))))
    ring.count(0, problem.n_L * balls.size)
    gradient, H = _softmax(work, problem, of_balls(shares(ring, value.coefficients[0]), balls.shape))
    bent = first[..., None] * H * first[:, None]
    return gradient * first, bent + _diagonal(gradient * second)


def _softmax(work: Work, problem: Problem, p: Enclosed) -> tuple[Enclosed, Enclosed]:
    """Return ``p − y``, as ``(1 − y_j) p_j − y_j Σ_{k≠j} p_k``, and ``diag(p) − ppᵀ``, with ``p_j Σ_{k≠j} p_k`` on the diagonal: nothing cancels."""
    ring, apart = DoubleRing(work), 1 - np.eye(problem.n_L)
    others = p @ Enclosed(apart, np.zeros_like(apart))
    gradient = ring.array([[1 - y for y in row] for row in problem.Y]) * p + ring.array([[-y for y in row] for row in problem.Y]) * others
    outer = p[..., None] * p[:, None]
    return gradient, _diagonal(p * others) + Enclosed(-outer.mid * apart, outer.rad * apart)


def _terms(problem: Problem, weights: list[tuple[Enclosed, Enclosed]], nodes: list[_Node], C: Enclosed) -> Iterator[_Term]:
    """Yield all terms of some samples by trainable weights, from the last layer to the first."""
    M, trained = {problem.L: _mirrored(C)}, set(problem.trained)
    for l in range(problem.L, 0, -1):
        node, V = nodes[l - 1], _diagonal(nodes[l - 1].slope)
        for k in range(l + 1, problem.L + 1):
            R, behind = V @ weights[k - 1][0], nodes[k - 1]
            if k == l + 1:
                M[l] = _mirrored(R @ M[k] @ R.T + _diagonal(node.kappa))
            if {l, k} <= trained:
                yield _Term(l, k, False, R @ M[k], node.inputs, behind.inputs)
                yield _Term(l, k, True, V, node.inputs, behind.delta)
            V = R * behind.slope[:, None]
        if l in trained:
            yield _Term(l, l, False, M[l], node.inputs, node.inputs)


def _diagonal(x: Enclosed) -> Enclosed:
    return x[..., None] * Enclosed(np.eye(x.mid.shape[1]), np.zeros((1, 1)))


def _mirrored(x: Enclosed) -> Enclosed:
    """Return what is symmetric in the last two axes, as its lower triangle says."""
    return Enclosed(*(np.tril(part) + np.swapaxes(np.tril(part, -1), -1, -2) for part in (x.mid, x.rad)))


def _pairs(m: int, n: int, *, symmetric: bool) -> tuple[Array, Array]:
    """Return all pairs of indices below m and n, or where a symmetric matrix has them, the first at least the second."""
    rows, columns = np.tril_indices(m) if symmetric else np.indices((m, n)).reshape(2, -1)
    return rows, columns


def _add(sums: dict[tuple[int, int, bool], Array], term: _Term) -> None:
    """Add the product of the midpoints of a term."""
    X, p, q, same = term.X.mid, term.p.mid, term.q.mid, term.l == term.k
    (a, c), (i, d) = _pairs(*X.shape[1:], symmetric=same), _pairs(p.shape[1], q.shape[1], symmetric=same)
    total, left = sums.setdefault((term.l, term.k, term.crossed), np.zeros((len(a), len(i)))), X[:, a, c].T
    step = max(1, min(_COLUMNS, _ENTRIES // len(a)))
    for start in range(0, len(i), step):
        at = slice(start, start + step)
        total[:, at] += left @ (p[:, i[at]] * q[:, d[at]])


def _add_radii(radii: list[Array], free: list[Array], term: _Term, T: int) -> None:
    """Add the radii of a term, summed over columns that are free, at its rows; and at those of its mirror image."""
    l, k, crossed, *parts = term
    X, p, q = (Enclosed(np.abs(x.mid), x.rad) for x in parts)
    X = Enclosed(X.mid, ENLARGE * (X.rad + gamma(T + 4) * X.mid))
    ahead, behind = free[l - 1], free[k - 1][:, : X.mid.shape[2]].T if crossed else free[k - 1]
    radii[l - 1] += _contracted(p, X, q, behind)
    if k > l:
        mirrored = _contracted(q, X.T, p, ahead)
        radii[k - 1][:, : mirrored.shape[0 if crossed else 1]] += mirrored.T if crossed else mirrored


def _contracted(p: Enclosed, X: Enclosed, q: Enclosed, factors: Array) -> Array:
    """Return the radii of ``Σ X_ac p_i q_d f_cd``, of shape ``(a, i)``."""
    inner = q @ Enclosed(factors.T, np.zeros_like(factors.T))
    return ((X @ inner[..., None])[..., 0].T @ p).rad


def _assembled(problem: Problem, sums: dict[tuple[int, int, bool], Array]) -> Array:
    """Return H̃ from the sums of all terms."""
    H = np.zeros((problem.N_net, problem.N_net))
    for (l, k, crossed), total in sums.items():
        (rows, (n, m)), (columns, (n_k, m_k)) = _block(problem, l), _block(problem, k)
        block = H[rows, columns].reshape(n, m, n_k, m_k)
        if l == k:
            (a, c), (i, d) = (_pairs(size, size, symmetric=True) for size in (n, m))
            for p, q in ((a[:, None], c[:, None]), (c[:, None], a[:, None])):
                block[p, i, q, d] = block[p, d, q, i] = total
        elif crossed:
            block[..., : problem.widths[k - 1]] += total.reshape(n, -1, m, n_k).transpose(0, 2, 3, 1)
        else:
            block += total.reshape(n, n_k, m, m_k).transpose(0, 2, 1, 3)
    for l in range(1, problem.L):
        rows, behind = _block(problem, l)[0], slice(problem.below(l + 1), None)
        H[behind, rows] = H[rows, behind].T
    return H
