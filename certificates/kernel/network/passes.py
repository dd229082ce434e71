"""The kernel's one forward and backward pass, over any of its rings, along curves of weights, and what is read off it.

``z_l = φ_{l-1} W_l + b_l``, ``φ_l = σ(z_l)``; backward ``δ_L = e ∘ σ_out'(z_L)``, ``δ_l = (δ_{l+1} W_{l+1}ᵀ) ∘ σ'(z_l)``. With the unit vectors for e
these are the ``Ψ_l``, with ``∇E`` the gradient of ``T J``. Arrays have samples first: ``φ_l`` is ``(T, n_l)``. Weights are ``W(t) = W + Σ_k t^k δ_k``, their
directions vectors of ``N_net`` entries in the order of the rows of P; everything is a power series in t, of order 0 at a point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ball_precision
from lossproof.certificates.kernel.arithmetic.functions import ZERO, function_of
from lossproof.certificates.kernel.arithmetic.rings import BallRing, Element, FormalRing, Ring, side_of
from lossproof.certificates.kernel.arithmetic.series import Array, Series
from lossproof.certificates.kernel.network.errors import error_gradient
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.limits import SIGN_PRECISION
from lossproof.theory.verdicts import Rigor

Curve: TypeAlias = "list[tuple[Any, Any]]"

MAX_BATCH = 2 * 10**5


@dataclass(frozen=True)
class Box:
    """All weights that differ from a point by at most the radius in each of the parameters given (rows of P; None: all of them)."""

    point: Point
    radius: fmpq = ZERO
    free: frozenset[int] | None = None


@dataclass(frozen=True)
class Passed:
    """``z[l]``, ``phi[l]`` and the slopes ``σ'(z_l)`` of the layers ``0..depth``; ``z[0]`` and ``slopes[0]`` are unused."""

    z: list[Any]
    phi: list[Any]
    slopes: list[Any]


def weights(ring: Ring, problem: Problem, box: Box) -> list[tuple[Array, Array]]:
    """Return ``(W_l, b_l)`` over a ring, ``b_l`` as one row; over a box with a radius they are balls."""
    found = []
    ball = arb(0, arb(box.radius).upper())
    for l, (W, b) in enumerate(box.point.layers, start=1):
        rows, first, m = ring.array([*W, b]), problem.below(l), problem.fan_in(l)
        for i, a in np.ndindex(m, problem.widths[l]) if box.radius != 0 else ():
            if box.free is None or first + a * m + i in box.free:
                rows[i, a] = rows[i, a] + ball
        found.append((rows[:-1], rows[-1:]))
    return found


def curve_of(ring: Ring, problem: Problem, box: Box, terms: Mapping[int, Array] | None = None, order: int = 0) -> Curve:
    """Return ``(W_l(t), b_l(t))``; a term is an array of directions ``(…, N_net)``."""
    found: Curve = []
    for l, (W, b) in enumerate(weights(ring, problem, box), start=1):
        zero, m, n, first = ring.embed(fmpq(0)), problem.fan_in(l), problem.widths[l], problem.below(l)
        parts = ([W], [b])
        for k in range(1, order + 1):
            if terms is None or k not in terms:
                block = np.full((m, n), zero, dtype=object)
            else:
                block = np.swapaxes(terms[k][..., first : first + m * n].reshape(*terms[k].shape[:-1], n, m), -1, -2)
            parts[0].append(block[..., : len(W), :])
            parts[1].append(block[..., len(W) :, :] if problem.bias_rows else np.full_like(b, zero))
        found.append((Series(parts[0]), Series(parts[1])))
    return found


def forward(
    ring: Ring, problem: Problem, curve: Curve, depth: int | None = None, *, slopes: bool = True, passes: int = 1, with_last: bool = True
) -> Passed:
    """Pass all samples through the layers up to ``depth``, by default all; without ``with_last`` the last activation is left out.

    ``passes`` is how many plain passes the series amount to.
    """
    X = ring.array(problem.X)
    passed = Passed([X], [X], [X])
    last = problem.L if depth is None else depth
    for l, (W, b) in enumerate(curve[:last], start=1):
        n = problem.widths
        ring.count(passes * problem.T * (n[l - 1] + 1) * n[l], problem.T * n[l], W, passed.phi[-1], inner=n[l - 1] + 1)
        z = passed.phi[-1] @ W + b
        passed.z.append(z)
        if l < last or with_last:
            value, slope = ring.activate(problem.activation_of(l), l, z, slopes=slopes)
            passed.phi.append(value)
            passed.slopes.append(slope)
    return passed


def backward(ring: Ring, problem: Problem, curve: Curve, slopes: list[Any], delta: Any, lowest: int = 1, passes: int = 1) -> dict[int, Any]:
    """Return ``{l: δ_l}`` for ``l = lowest..L`` from ``δ_L``; leading axes of the deltas are several passes at once."""
    found, n = {problem.L: delta}, problem.widths
    for l in range(problem.L - 1, lowest - 1, -1):
        ring.count(passes * problem.T * (n[l + 1] + 1) * n[l], 0, curve[l][0], found[l + 1], inner=n[l + 1] + 1)
        found[l] = (found[l + 1] @ curve[l][0].T) * slopes[l]
    return found


def psi(ring: Ring, problem: Problem, curve: Curve, lowest: int = 1) -> tuple[Passed, dict[int, Any]]:
    """Return the forward pass, without the output where columns are taken up to non-zero factors, and ``{l: Ψ_l}`` of shape ``(n_L, T, n_l)``."""
    n = problem.n_L
    passed = forward(ring, problem, curve, problem.L - 1 if problem.strip else problem.L)
    units = np.broadcast_to(ring.array([[fmpq(int(j == k)) for k in range(n)] for j in range(n)])[:, None, :], (n, problem.T, n))
    delta = Series([units]) if problem.strip else Series([units]) * passed.slopes[-1]
    return passed, backward(ring, problem, curve, passed.slopes, delta, lowest, passes=n)


def _gradient(ring: Ring, problem: Problem, curve: Curve, passes: int) -> Series:
    """Return ``T ∇J`` along a curve: layer l's part is ``φ_{l-1}ᵀ δ_l`` and ``Σ_i δ_l(i)``."""
    passed = forward(ring, problem, curve, passes=passes)
    delta = error_gradient(ring, problem, passed.phi[-1]) * passed.slopes[-1]
    deltas = backward(ring, problem, curve, passed.slopes, delta, passes=passes)
    blocks = []
    for l in range(1, problem.L + 1):
        before = passed.phi[l - 1].T
        ring.count(passes * problem.T * (problem.widths[l - 1] + 1) * problem.widths[l], 0, before, deltas[l], inner=problem.T)
        parts = [before @ deltas[l]] + ([deltas[l].total(-2)] if problem.bias_rows else [])
        columns = [np.concatenate(pieces, axis=-2) for pieces in zip(*(p.coefficients for p in parts), strict=True)]
        blocks.append([np.swapaxes(c, -1, -2).reshape(*c.shape[:-2], -1) for c in columns])
    return Series([np.concatenate(pieces, axis=-1) for pieces in zip(*blocks, strict=True)])


def gradient(ring: Ring, problem: Problem, box: Box) -> Array:
    """Return ``T ∇J`` at a point (or over a box), a vector of ``N_net`` entries."""
    return _gradient(ring, problem, curve_of(ring, problem, box), 1).coefficients[0].reshape(-1)


def gradient_component(ring: Ring, problem: Problem, box: Box, k: int) -> Element:
    """Return entry k of ``T ∇J``. By a weight of the last layer it is ``Σ_i δ_L(i)_j φ_{L-1}(i)_b``, and by a bias ``Σ_i δ_L(i)_j``: no pass backwards."""
    j, b = divmod(k - problem.below(problem.L), problem.fan_in(problem.L))
    if j < 0:
        return gradient(ring, problem, box)[k]
    passed = forward(ring, problem, curve_of(ring, problem, box))
    delta = error_gradient(ring, problem, passed.phi[-1]) * passed.slopes[-1]
    before = Series([passed.phi[-2]]) if problem.L == 1 else passed.phi[-2]
    ring.count(problem.T, 0, before, delta, inner=problem.T)
    return np.sum((delta * before.map(lambda c: c[:, b : b + 1]) if b < problem.widths[-2] else delta).coefficients[0][:, j])


def hessian_times(ring: Ring, problem: Problem, box: Box, directions: Array) -> Array:
    """Return ``T H δ`` for each row δ of ``directions``, as rows: the coefficients of t in ``T ∇J(W + tδ)``. Over a box each encloses those at its points."""
    step = max(1, MAX_BATCH // (problem.T * sum(problem.widths)))
    rows = []
    for first in range(0, len(directions), step):
        batch = directions[first : first + step]
        found = _gradient(ring, problem, curve_of(ring, problem, box, {1: batch}, 1), 2 * len(batch) + 1).coefficients[1]
        rows.append(found.reshape(-1, problem.N_net))
    return np.concatenate(rows)


def hessian(ring: Ring, problem: Problem, box: Box, rows: list[int], columns: list[int] | None = None) -> Array:
    """Return the rows and columns of ``T H`` of the given parameters; by default the columns are those of the rows."""
    units = ring.array([[fmpq(int(k == n)) for n in range(problem.N_net)] for k in rows])
    return hessian_times(ring, problem, box, units)[:, rows if columns is None else columns]


def loss_coefficients(ring: Ring, problem: Problem, box: Box, terms: Mapping[int, Array], order: int) -> list[Element]:
    """Return the coefficients of ``t^1, …, t^order`` of ``J(W(t))``: ``J' = (1/T) Σ_i ∇E(F_i)·F_i'``, integrated term by term."""
    output = forward(ring, problem, curve_of(ring, problem, box, terms, order), passes=(order + 1) ** 2).phi[-1]
    rates = error_gradient(ring, problem, output).head(order - 1) * output.derivative()
    ring.count((order + 1) * problem.T * problem.n_L, 0, rates, inner=problem.T * problem.n_L)
    return [np.sum(c) * fmpq(1, (k + 1) * problem.T) for k, c in enumerate(rates.coefficients)]


def outputs(ring: Ring, problem: Problem, box: Box) -> Array:
    """Return ``F(W, x_i)``, shape ``(T, n_L)``."""
    found: Array = forward(ring, problem, curve_of(ring, problem, box), slopes=False).phi[-1].coefficients[0]
    return found


def layer_inputs(ring: Ring, problem: Problem, box: Box, layer: int) -> Array:
    """Return ``z_layer``, shape ``(T, n_layer)``."""
    found: Array = forward(ring, problem, curve_of(ring, problem, box), layer, slopes=False, with_last=False).z[-1].coefficients[0]
    return found


def derivatives_exist(work: Work, problem: Problem, box: Box, order: int) -> Rigor:
    """Check that every activation is differentiable ``order`` times at every ``z`` it meets; raises `Rejected` when that is not seen.

    The layers concerned must have no z at a kink: seen exactly if the weights and all activations before the last of them are rational, and in balls of 1024
    bits if not. The rigor of what was done is returned.
    """
    concerned = [l for l in range(1, problem.L + 1) if not problem.activation_of(l).differentiable_times(order).holds]
    if not concerned:
        return Rigor.EXACT
    rational = box.radius == 0 and box.point.is_rational()
    exact = rational and all(problem.activation_of(l).rational.holds for l in range(1, concerned[-1]))
    ring: Ring = FormalRing(work) if exact else BallRing(work, SIGN_PRECISION)
    with ball_precision(SIGN_PRECISION):
        passed = forward(ring, problem, curve_of(ring, problem, box), concerned[-1], slopes=False, with_last=False)
        for l in concerned:
            for z in passed.z[l].coefficients[0].flat:
                side_of(z, function_of(problem.activation_of(l)), order)
    return Rigor.EXACT if exact else Rigor.BALL
