"""The gradient of ``T J`` along curves of weights: gradients, Hessian times vectors, Taylor coefficients of the loss, over any ring with states.

Weights are ``W(t) = W + Σ_k t^k δ_k``, their directions vectors of ``N_net`` entries in the order of the rows of P. Everything is one forward pass and one
backward pass over power series in t.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from lossproof.certificates.kernel.arithmetic.rings import Element, Ring
from lossproof.certificates.kernel.arithmetic.series import Series
from lossproof.certificates.kernel.arithmetic.states import activate
from lossproof.certificates.kernel.network.errors import error_gradient
from lossproof.certificates.kernel.network.passes import apply, embed, forward, weights
from lossproof.certificates.kernel.reading.limits import MAX_BIT_WORK, MAX_WORK, Array, limit
from lossproof.certificates.kernel.reading.problem import Point, Problem

Curve: TypeAlias = list[tuple[Series, Series]]

MAX_SERIES_WORK = MAX_WORK // 5
MAX_VALUE_BITS = 2**28
MAX_BATCH = 2 * 10**5


def gradient(ring: Ring, problem: Problem, point: Point, bits: int = 64) -> Array:
    """Return ``T ∇J`` at a point (or over a box), a vector of ``N_net`` entries."""
    _limit_work(problem, 1, bits)
    found: Array = _gradient(ring, problem, _curve(ring, problem, point, {}, 0)).coefficients[0].reshape(-1)
    return found


def gradient_component(ring: Ring, problem: Problem, point: Point, k: int, bits: int = 64) -> Element:
    """Return entry k of ``T ∇J``. By a weight of the last layer it is ``Σ_i δ_L(i)_j φ_{L-1}(i)_b``, and by a bias ``Σ_i δ_L(i)_j``: no pass backwards."""
    m = problem.fan_in(problem.L)
    j, b = divmod(k - (problem.N_net - m * problem.n_L), m)
    if j < 0:
        return gradient(ring, problem, point, bits)[k]
    z, phi = forward(ring, problem, point, problem.L, bits)
    errors = error_gradient(ring, problem, Series([phi[-1]])).coefficients[0][:, j] * apply(ring, problem.output_activation, 1, z[-1][:, j])
    return np.sum(errors * phi[-2][:, b] if b < problem.widths[-2] else errors)


def hessian_times(ring: Ring, problem: Problem, point: Point, directions: Array, bits: int = 64) -> Array:
    """Return ``T H δ`` for each row δ of ``directions``, as rows: the coefficients of t in ``T ∇J(W + tδ)``. Over a box each encloses those at its points."""
    _limit_work(problem, 4 * len(directions), bits)
    step = max(1, MAX_BATCH // (problem.T * sum(problem.widths)))
    rows = []
    for first in range(0, len(directions), step):
        batch = _curve(ring, problem, point, {1: directions[first : first + step]}, 1)
        rows.append(_gradient(ring, problem, batch).coefficients[1])
    return np.concatenate([np.broadcast_to(r, (*r.shape[:-1], problem.N_net)).reshape(-1, problem.N_net) for r in rows])


def hessian(ring: Ring, problem: Problem, point: Point, rows: list[int], bits: int = 64, columns: list[int] | None = None) -> Array:
    """Return the rows and columns of ``T H`` of the given parameters; by default the columns are those of the rows."""
    units = embed(ring, [[fmpq(int(k == n)) for n in range(problem.N_net)] for k in rows])
    found: Array = hessian_times(ring, problem, point, units, bits)[:, rows if columns is None else columns]
    return found


def loss_coefficients(ring: Ring, problem: Problem, point: Point, terms: Mapping[int, Array], order: int, bits: int = 64) -> list[Element]:
    """Return the coefficients of ``t^1, …, t^order`` of ``J(W(t))``: ``J' = (1/T) Σ_i ∇E(F_i)·F_i'``, integrated term by term."""
    _limit_work(problem, (order + 1) ** 2, bits)
    output = _forward(ring, problem, _curve(ring, problem, point, terms, order))[1][-1]
    rates = error_gradient(ring, problem, output).head(order - 1) * output.derivative()
    return [np.sum(c) * fmpq(1, (k + 1) * problem.T) for k, c in enumerate(rates.coefficients)]


def _limit_work(problem: Problem, passes: int, bits: int) -> None:
    work = passes * problem.T * problem.N_net
    limit(work, MAX_SERIES_WORK, "the work of passes over power series")
    limit(work * bits, MAX_BIT_WORK, "the work of passes over power series, times the precision,")
    limit_values(problem, bits)


def limit_values(problem: Problem, bits: int) -> None:
    """Raise `Rejected` with the code ``limit`` if activations at all units and samples take too long at a precision."""
    limit(problem.T * sum(problem.widths[1:]) * bits, MAX_VALUE_BITS, "the number of values of activations, times the precision,")


def _curve(ring: Ring, problem: Problem, point: Point, terms: Mapping[int, Array], order: int) -> Curve:
    """Return ``(W_l(t), b_l(t))``; a term is an array of directions ``(…, N_net)``."""
    found, offset = [], 0
    for l in range(1, problem.L + 1):
        m, n = problem.fan_in(l), problem.widths[l]
        W, b = weights(ring, point, l)
        zero = [np.full_like(part, ring.embed(fmpq(0))) for part in (W, b)]
        parts: list[list[Array]] = [[W], [b]]
        for k in range(1, order + 1):
            if k in terms:
                block = np.swapaxes(terms[k][..., offset : offset + m * n].reshape(*terms[k].shape[:-1], n, m), -1, -2)
                split = problem.widths[l - 1]
                parts[0].append(block[..., :split, :])
                parts[1].append(block[..., split:, :] if problem.bias_rows else zero[1])
            else:
                parts[0].append(zero[0])
                parts[1].append(zero[1])
        found.append((Series(parts[0]), Series(parts[1])))
        offset += m * n
    return found


def _forward(ring: Ring, problem: Problem, curve: Curve) -> tuple[list[Any], list[Series]]:
    """Return ``σ'(z_l)`` and ``φ_l`` for ``l = 1..L``."""
    phi: Any = embed(ring, problem.X)
    slopes: list[Any] = []
    values: list[Series] = []
    for l, (W, b) in enumerate(curve, start=1):
        phi, slope = activate(ring, problem.activation_of(l), phi @ W + b)
        slopes.append(slope)
        values.append(phi)
    return slopes, values


def _gradient(ring: Ring, problem: Problem, curve: Curve) -> Series:
    """Backpropagation: ``δ_L = ∇E ∘ σ'(z_L)``, ``δ_l = (δ_{l+1} W_{l+1}ᵀ) ∘ σ'(z_l)``; layer l's part of ``T ∇J`` is ``φ_{l-1}ᵀ δ_l`` and ``Σ_i δ_l(i)``."""
    slopes, values = _forward(ring, problem, curve)
    before: list[Any] = [embed(ring, problem.X).T, *(phi.T for phi in values[:-1])]
    delta = error_gradient(ring, problem, values[-1]) * slopes[-1]
    blocks: list[list[Array]] = []
    for l in range(problem.L, 0, -1):
        parts = [before[l - 1] @ delta] + ([delta.total(-2)] if problem.bias_rows else [])
        columns = [np.concatenate(pieces, axis=-2) for pieces in zip(*(p.coefficients for p in parts), strict=True)]
        blocks.insert(0, [np.swapaxes(c, -1, -2).reshape(*c.shape[:-2], -1) for c in columns])
        if l > 1:
            delta = (delta @ curve[l - 1][0].T) * slopes[l - 2]
    return Series([np.concatenate(pieces, axis=-1) for pieces in zip(*blocks, strict=True)])
