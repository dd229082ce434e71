r"""Derivatives over a ball of weights, in double precision: bounds of that of all outputs, of its Lipschitz constant, and the second of ``T J`` along a line.

Let B be the closed ball of radius R around the point, in the Euclidean norm of all trainable weights. ``φ̃`` is ``φ`` with the unit of a
trainable bias, capitals stack all samples. For layer l, given for layer ``l − 1`` and all weights in B: ``p_i ≥ ‖Dφ_{l-1}(i)‖``, ``P ≥
‖DΦ_{l-1}‖`` and a Lipschitz constant Q of ``DΦ_{l-1}`` (all 0 for ``l = 1``).

1. ``Dz_l`` in the direction u is ``u_lᵀφ̃_{l-1} + W_lᵀDφ_{l-1}[u_<]``, with ``u_l`` the part of layer l and ``u_<`` that of the layers
   below. Over B the norms of ``φ̃_{l-1}(i)``, of ``Φ̃_{l-1}``, of ``W_l`` and of its columns exceed those at the point by at most
   ``p_i R``, ``P R``, ``R`` and ``R``. By Cauchy-Schwarz ``‖Dz_{l,a}(i)‖ ≤ d_ia = √(‖φ̃(i)‖² + (‖w_a‖ p_i)²)``, and so with ``‖W_l‖₂`` for
   all units at once, and with ``‖Φ̃‖₂, ‖W_l‖₂, P`` for all samples at once: ``‖DZ_l‖ ≤ S``.
2. The change of ``DZ_l[u]`` between two weights that differ by v is at most ``P(|u_l||v_<| + |u_<||v_l|) + ‖W_l‖₂ Q |u_<||v_<|``, so
   ``DZ_l`` has the Lipschitz constant ``Q_z = c + √(c² + P²)`` with ``c = ‖W_l‖₂ Q/2``: the norm of ``[[2c, P], [P, 0]]``.
3. ``z_{l,a}(i)`` stays within ``d_ia R`` of its value at the point. Let there ``|σ'| ≤ s_ia``, and ``t_ia`` be a Lipschitz constant of
   ``σ'``. Then ``Dφ_l = σ'(z)Dz`` has the norm ``p_i' = max_a s_ia ‖Dz_l(i)‖``, ``P' = max s · S``, and by
   ``σ'(z)Dz − σ'(z')Dz' = (σ'(z) − σ'(z'))Dz + σ'(z')(Dz − Dz')`` the Lipschitz constant ``Q' = max(t d)·S + max s · Q_z``. At the output
   s and t are multiplied by the scales of the equations.

``‖A‖₂`` is at most the Frobenius norm and ``√‖AᵀA‖_∞``. Every line is a chain of fewer than 2^20 roundings of non-negative doubles and is
enlarged by ``1 + 2^{-20}``, and by ``2^{-400}`` for underflow.

*Along a direction* v, with the parts ``V_l``, as ``W_l`` with the row of a trainable bias. At any W of B let dots be derivatives by t along ``W + tv``, at
``t = 0``:

    ż_l = φ̃_{l-1} V_l + φ̇_{l-1} W_l,   z̈_l = 2 φ̇_{l-1} V_l + φ̈_{l-1} W_l,   φ̇ = σ'(z) ż,   φ̈ = σ''(z) ż² + σ'(z) z̈,

where the bias has no part in ``φ̇`` and ``φ̈``, and ``φ̇_0 = φ̈_0 = 0``. With ``δ = ∂E/∂z_L`` and ``C = ∂δ/∂z_L``, ``T vᵀH(W)v = Σ_i (żᵀCż + δᵀz̈)`` at the
last layer. Every column of ``W_l``, its bias included, differs from that at the point by a vector of length R at most: by Cauchy-Schwarz an entry of a product
of a row m with it differs by ``|m| R`` at most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, TINY, UNIT, DoubleRing, Enclosed, derivatives, gamma
from lossproof.certificates.kernel.arithmetic.functions import function_of
from lossproof.certificates.kernel.arithmetic.rings import Rows
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.network.curvature import output_curvature
from lossproof.certificates.kernel.network.gram import plus
from lossproof.certificates.kernel.network.orbits import at_rest
from lossproof.certificates.kernel.network.passes import Passed
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits
from lossproof.theory.functions.activations import Activation

_TINY, _SHARED = 2.0**-400, 4


def derivative_bounds(
    work: Work, problem: Problem, curve: Sequence[tuple[Enclosed, Enclosed]], passed: Passed, scale: Array, radius: float
) -> tuple[float, float]:
    """Return bounds on the ball around the point of ``‖S·DF‖`` and of its Lipschitz constant; infinite or NaN if none is seen. Raises `Rejected` at a kink.

    A frozen layer counts as if its weights could move, too: that only adds rows to DF, and weights to the ball.
    """
    p: Array = np.zeros(problem.T)
    P = Q = 0.0
    for l in range(1, problem.L + 1):
        inputs_of, W, z = plus(passed.phi[l - 1], problem.bias_rows_of(l)), curve[l - 1][0], passed.z[l]
        work.spend(limits.flops_work(sum(2 * A.mid.size * min(A.mid.shape) for A in (inputs_of, W))), "norms of matrices")
        inputs, units = _norms(inputs_of, 1) + up(p * radius), _norms(W, 0) + radius
        norm_W, norm_inputs = _norm(W) + radius, _norm(inputs_of) + float(up(P * radius))
        d = root(up(inputs)[:, None], up(up(units)[None, :] * p[:, None]))
        S, c = float(root(up(norm_inputs), up(up(norm_W) * P))), float(up(up(norm_W) * Q / 2))
        Q_z = float(up(c + root(c, P)))
        s, t = _slopes(work, problem.activation_of(l), z.mid, up(z.rad + up(d * radius)), at_rest(problem, l))
        if l == problem.L:
            s, t = up(s * scale), up(t * scale)
        most = float(np.max(s))
        p = up(np.max(s, axis=1) * root(up(inputs), up(up(norm_W) * p)))
        P, Q = float(up(most * S)), float(up(up(np.max(up(t * d)) * S) + up(most * Q_z)))
    return P, Q


def _slopes(work: Work, activation: Activation, mid: Array, rad: Array, rest: Rows = frozenset()) -> tuple[Array, Array]:
    """Return bounds of ``|σ'|`` and of the Lipschitz constant of ``σ'``, which is the largest ``|σ''|``, over each interval.

    Of very many, the ends are moved outwards to multiples of a step of at most 1/16 of the least radius, and each pair that occurs serves once.
    """
    function, shape, where = function_of(activation), mid.shape, None
    if mid.size > limits.MAX_SINGLE_INTERVALS and not function.kinks:
        wider = up(rad + 2 * UNIT * np.abs(mid))
        step = 2.0 ** np.floor(np.log2(np.min(wider)) - 4)
        ends, places = np.unique(np.floor((mid - wider) / step) + 1j * np.ceil((mid + wider) / step), return_inverse=True)
        if _SHARED * ends.size < mid.size:
            mid, rad, where = step * (ends.real + ends.imag) / 2, step * (ends.imag - ends.real) / 2, places.ravel()
    parts = derivatives(work, activation, Enclosed(mid, rad), 1, rest)[1:]
    bounds = (np.fmin(up(np.abs(x.mid) + x.rad), most) for x, most in zip(parts, function.suprema, strict=True))
    s, t = (x if where is None else x[where].reshape(shape) for x in bounds)
    return s, t


def frobenius(x: Array) -> float:
    """Return an upper bound of the Euclidean norm of all entries."""
    return float(up(np.sqrt(up(np.sum(x**2)))))


def _norms(A: Enclosed, axis: int) -> Array:
    """Return upper bounds of the norms of the rows (axis 1) or columns (axis 0)."""
    return up(np.sqrt(up(np.sum((np.abs(A.mid) + A.rad) ** 2, axis=axis))))


def _norm(A: Enclosed) -> float:
    """Return an upper bound of ``‖A‖₂``, from ``AᵀA`` for a tall matrix and from ``AAᵀ`` for any other."""
    B = A.mid if A.mid.shape[0] > A.mid.shape[1] else A.mid.T
    size = np.abs(B)
    sums = np.sum(np.abs(B.T @ B), axis=1) + gamma(B.shape[0] + 8) * (size.T @ np.sum(size, axis=1))
    largest = float(up(np.sqrt(up(np.max(sums)))))
    return min(float(up(largest + frobenius(A.rad))), frobenius(np.abs(A.mid) + A.rad))


def up(x: Array | float) -> Array:
    """Return a number or array enlarged by what a chain of roundings may have lost."""
    return np.asarray(x) * ENLARGE + _TINY


def root(x: Array | float, y: Array | float) -> Array:
    """Return an upper bound of ``√(x² + y²)``."""
    return up(np.sqrt(up(np.asarray(x) ** 2 + np.asarray(y) ** 2)))


def second_derivative(work: Work, problem: Problem, point: Point, direction: Sequence[fmpq], radius: float) -> Enclosed:
    """Return an enclosure, of shape ``(1, 1)``, of ``T vᵀH(W)v`` at all W of the ball; raises `Rejected` where it may not exist in it."""
    ring, T = DoubleRing(work), problem.T
    phi, V, nothing = ring.array(problem.X), ring.array([direction]), np.zeros((T, problem.widths[0]))
    rate = bend = Enclosed(nothing, nothing)
    for l, (rows, bias) in enumerate(point.layers, start=1):
        first, m, n, inner = problem.below(l), problem.fan_in(l), problem.widths[l], problem.widths[l - 1]
        ring.count(5 * T * m * n, 0)
        along = Enclosed(*(x[0, first : first + m * n].reshape(n, m).T if m else np.zeros((inner, n)) for x in (V.mid, V.rad)))
        lower = Enclosed(along.mid[:inner], along.rad[:inner])
        W, inputs, twice = ring.array(rows), plus(phi, problem.bias_rows_of(l)), rate @ lower
        z = _moved(phi @ W + ring.array([bias]), inputs, radius)
        rates, bends = inputs @ along + _moved(rate @ W, rate, radius), twice + twice + _moved(bend @ W, bend, radius)
        if l < problem.L:
            phi, slope, curvature = derivatives(work, problem.activation_of(l), z, 2, at_rest(problem, l))
            rate, bend = slope * rates, curvature * (rates * rates) + slope * bends
    delta, C = output_curvature(work, problem, z)
    turned = C @ Enclosed(rates.mid[:, :, None], rates.rad[:, :, None])
    terms = rates * Enclosed(turned.mid[:, :, 0], turned.rad[:, :, 0]) + delta * bends
    ones = [Enclosed(np.ones(shape), np.zeros(shape)) for shape in ((1, T), (problem.n_L, 1))]
    return ones[0] @ terms @ ones[1]


def _moved(product: Enclosed, rows: Enclosed, radius: float) -> Enclosed:
    """Return the product of rows with a matrix each of whose columns may move by the radius, from that with the matrix itself."""
    lengths = np.sqrt(np.sum((np.abs(rows.mid) + rows.rad) ** 2, axis=1, keepdims=True))
    return Enclosed(product.mid, ENLARGE * (product.rad + ENLARGE * lengths * radius) + TINY)
