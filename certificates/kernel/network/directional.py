r"""The second derivative of ``T J`` along one direction, all over a ball of weights, in double precision.

`Enclosed` arrays are those of `doubles`. B is the closed ball of radius r around the point, in the Euclidean norm of all trainable weights, v a direction with
the parts ``V_l``, both with the row of a trainable bias; ``φ̃`` is φ with its unit. At any W of B let dots be derivatives by t along ``W + tv``, at ``t = 0``:

    ż_l = φ̃_{l-1} V_l + φ̇_{l-1} W_l,   z̈_l = 2 φ̇_{l-1} V_l + φ̈_{l-1} W_l,   φ̇ = σ'(z) ż,   φ̈ = σ''(z) ż² + σ'(z) z̈,

where the bias has no part in ``φ̇`` and ``φ̈``, and ``φ̇_0 = φ̈_0 = 0``. With ``δ = ∂E/∂z_L`` and ``C = ∂δ/∂z_L``, ``T vᵀH(W)v = Σ_i (żᵀCż + δᵀz̈)`` at the
last layer. Every column of ``W_l``, its bias included, differs from that at the point by a vector of length r at most: by Cauchy-Schwarz an entry of a product
of a row m with it differs by ``|m| r`` at most. A frozen layer has no part in v, and counts as if its weights could move, too, which only enlarges the bounds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.doubles import ENLARGE, TINY, DoubleRing, Enclosed, derivatives
from lossproof.certificates.kernel.network.curvature import output_curvature
from lossproof.certificates.kernel.network.gram import plus
from lossproof.certificates.kernel.network.orbits import at_rest
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.certificates.kernel.reading.work import Work


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
        W, inputs, twice = ring.array(rows), plus(phi, m or inner), rate @ lower
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
