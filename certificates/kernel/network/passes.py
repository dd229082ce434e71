"""The kernel's own forward and backward pass, over any of its rings, and whether derivatives exist at a point.

``z_l = φ_{l-1} W_l + b_l``, ``φ_l = σ(z_l)``, ``Ψ_L = σ_out'(z_L)`` or the identity, ``Ψ_l = σ'(z_l) W_{l+1} Ψ_{l+1}``. Arrays are numpy
object arrays with samples first: ``φ_l`` is ``(T, n_l)``, ``Ψ_l`` is ``(T, n_l, n_L)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat, fmpz

from lossproof.certificates.kernel.arithmetic.balls import BallRing, ball_precision
from lossproof.certificates.kernel.arithmetic.rings import MAX_BITS, FormalRing, Ring
from lossproof.certificates.kernel.reading.limits import MAX_BIT_WORK, MAX_FORWARD_WORK, MAX_WORK, SIGN_PRECISION, Array, limit
from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.theory.functions.activations import Activation
from lossproof.theory.verdicts import Rigor


def embed(ring: Ring, rows: Sequence[Sequence[Any]]) -> Array:
    """Return a matrix of numbers as an array over a ring."""
    return np.array([[ring.embed(x) for x in row] for row in rows], dtype=object)


def weights(ring: Ring, point: Point, layer: int) -> tuple[Array, Array]:
    """Return ``(W_l, b_l)`` over a ring, ``b_l`` as one row."""
    W, b = point.layers[layer - 1]
    return embed(ring, W), embed(ring, [b])


def apply(ring: Ring, activation: Activation, order: int, z: Array) -> Array:
    """Apply ``σ`` or ``σ'`` to each entry."""
    values: Array = np.frompyfunc(lambda entry: ring.sigma(activation, order, entry), 1, 1)(z)
    return values


def product(A: Array, B: Array) -> Array:
    """Return ``A B``, by FLINT where all entries are rationals or all are balls."""
    tables: tuple[tuple[type, Any], ...] = ((fmpq, fmpq_mat), (arb, arb_mat))
    for kind, table in tables:
        if all(type(x) is kind for M in (A, B) for x in M.flat):
            return np.array((table(A.tolist()) * table(B.tolist())).tolist(), dtype=object)
    return np.asarray(A @ B)


def forward(
    ring: Ring, problem: Problem, point: Point | None, depth: int, bits: int = 64, *, with_last: bool = True
) -> tuple[list[Array], list[Array]]:
    """Return the lists ``z`` (``z[0]`` unused) and ``φ`` for the layers ``0..depth``, without ``φ_depth`` if that is not wanted.

    ``point`` may be None at depth 0.
    """
    widths = problem.widths
    work = problem.T * sum((widths[l - 1] + 1) * widths[l] for l in range(1, depth + 1))
    limit(work, MAX_FORWARD_WORK, "the work of a forward pass")
    limit(work * bits, MAX_BIT_WORK, "the work of a forward pass, times the precision,")
    phi = [embed(ring, problem.X)]
    z: list[Array] = [phi[0]]
    for l in range(1, depth + 1):
        if point is None:
            raise Rejected("conclusion.point", "conclusion", "this matrix depends on the weights, so a point is needed")
        W, b = weights(ring, point, l)
        z.append(product(phi[l - 1], W) + b)
        if l < depth or with_last:
            phi.append(apply(ring, problem.activation_of(l), 0, z[l]))
    return z, phi


def backward(ring: Ring, problem: Problem, point: Point, z: list[Array], lowest: int) -> dict[int, Array]:
    """Return ``{l: Ψ_l}`` for ``l = lowest..L``, with the identity for ``Ψ_L`` where columns are taken up to non-zero factors."""
    widths, L = problem.widths, problem.L
    work = problem.T * problem.n_L * sum((widths[l + 1] + 1) * widths[l] for l in range(lowest, L))
    limit(work, MAX_WORK, "the work of a backward pass")
    one = np.array([[fmpq(int(a == j)) for j in range(problem.n_L)] for a in range(problem.n_L)], dtype=object)
    if problem.strip:
        psi = {L: np.broadcast_to(one, (problem.T, *one.shape))}
    else:
        psi = {L: apply(ring, problem.output_activation, 1, z[L])[:, :, None] * one}
    for l in range(L - 1, lowest - 1, -1):
        W, _ = weights(ring, point, l + 1)
        psi[l] = apply(ring, problem.activation, 1, z[l])[:, :, None] * (W @ psi[l + 1])
    return psi


def common_denominator(problem: Problem, point: Point) -> int:
    """Return the least ``D`` with ``D z_1`` integer for all samples and units of a rational point: the ``D`` of ``u = e^{1/D}``."""
    if not point.is_rational():
        raise Rejected("conclusion.point", "evidence", "all weights must be rational for this rule")
    limit(problem.T * problem.widths[0] * problem.widths[1], MAX_FORWARD_WORK, "the work of a forward pass")
    W, b = point.layers[0]
    z = fmpq_mat([[*x, fmpq(1)] for x in problem.X]) * fmpq_mat(embed(FormalRing(), (*W, b)).tolist())
    D = fmpz(1)
    for q in {entry.q for entry in z.entries()}:
        D = D.lcm(q)
        limit(D.bit_length(), MAX_BITS, "the length of the common denominator of z_1 in bits")
    return int(D)


def derivatives_exist(problem: Problem, point: Point, order: int) -> Rigor:
    """Check that every activation is differentiable ``order`` times at every ``z`` it meets; raises `Rejected` when that is not seen.

    By the records a derivative can fail at ``z = 0`` only. If no activation has such a point there is nothing to see. Otherwise the layers
    concerned must have no ``z = 0``: seen exactly if the weights and all activations before the last of them are rational, and in balls of 1024 bits if not.
    The rigor of what was done is returned.
    """
    layers = range(1, problem.L + 1)
    settled = [(a.differentiable if order == 1 else a.twice_differentiable).holds for a in map(problem.activation_of, layers)]
    concerned = [l for l, holds in zip(layers, settled, strict=True) if not holds]
    if not concerned:
        return Rigor.EXACT
    last = max(concerned)
    exact = point.is_rational() and all(problem.activation_of(l).rational.holds for l in range(1, last))
    ring: Ring = FormalRing() if exact else BallRing()
    with ball_precision(SIGN_PRECISION):
        z, _ = forward(ring, problem, point, last, 64 if exact else SIGN_PRECISION, with_last=False)
        for l in concerned:
            if not all(not_zero(entry) for entry in z[l].flat):
                raise Rejected("conclusion.point", "evidence", f"a unit of layer {l} is not seen to have z ≠ 0, where derivatives fail")
    return Rigor.EXACT if exact else Rigor.BALL


def not_zero(z: fmpq | arb) -> bool:
    """Tell whether a rational or a ball is certainly not 0."""
    return bool(z > 0) or bool(z < 0)
