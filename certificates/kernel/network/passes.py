"""The kernel's one forward and backward pass, over any of its rings, along curves of weights, and what is read off it.

``z_l = φ_{l-1} W_l + b_l``, ``φ_l = σ(z_l)``; backward ``δ_L = e ∘ σ_out'(z_L)``, ``δ_l = (δ_{l+1} W_{l+1}ᵀ) ∘ σ'(z_l)``. With the unit vectors for e
these are the ``Ψ_l``, with ``∇E`` the gradient of ``T J``. Arrays have samples first: ``φ_l`` is ``(T, n_l)``. Weights are ``W(t) = W + Σ_k t^k δ_k``, their
directions vectors of ``N_net`` entries in the order of the rows of P; everything is a power series in t, of order 0 at a point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from flint import arb, fmpq

from lossproof.certificates.kernel.arithmetic.balls import ZERO, ball_precision
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.functions import function_of
from lossproof.certificates.kernel.arithmetic.rings import BallRing, Element, Ring, side_of
from lossproof.certificates.kernel.arithmetic.series import Array, Series
from lossproof.certificates.kernel.network.errors import error_gradient, unit_vectors
from lossproof.certificates.kernel.network.orbits import at_rest
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory.limits import MAX_BATCH, SIGN_PRECISION
from lossproof.theory.verdicts import Rigor

Curve: TypeAlias = "list[tuple[Any, Any]]"


class Box(NamedTuple):
    """All weights that differ from a point by at most the radius in each of the parameters given (rows of P; None: all of them)."""

    point: Point
    radius: fmpq = ZERO
    free: frozenset[int] | None = None


class Passed(NamedTuple):
    """``z[l]``, ``phi[l]`` and the slopes ``σ'(z_l)`` of the layers ``0..depth``; ``z[0]`` and ``slopes[0]`` are unused."""

    z: list[Any]
    phi: list[Any]
    slopes: list[Any]


def weights(ring: Ring, problem: Problem, box: Box) -> list[tuple[Array, Array]]:
    """Return ``(W_l, b_l)`` over a ring, ``b_l`` as one row; over a box with a radius they are balls."""
    found, ball = [], arb(0, arb(box.radius).upper())
    for l, (W, b) in enumerate(box.point.layers, start=1):
        rows, first, m = ring.array([*W, b]), problem.below(l), problem.fan_in(l)
        for i, a in np.ndindex(m, problem.widths[l]) if box.radius != 0 else ():
            if box.free is None or first + a * m + i in box.free:
                rows[i, a] = rows[i, a] + ball
        found.append((rows[:-1], rows[-1:]))
    return found


def weight_vector(ring: Ring, problem: Problem, box: Box) -> Array:
    """Return the trainable weights of a box in the order of the rows of P."""
    layers = enumerate(weights(ring, problem, box), start=1)
    return np.concatenate([np.concatenate([W, b])[: problem.fan_in(l)].T.reshape(-1) for l, (W, b) in layers])


def box_at(problem: Problem, values: Array, constants: Sequence[tuple[Any, ...]]) -> Box:
    """Return the weights of a vector in the order of the rows of P, elements of a ring; ``constants`` are the ``b_l`` that are not trainable."""
    layers = []
    for l, b in enumerate(constants, start=1):
        if problem.frozen and (constant := problem.frozen[l - 1]):
            layers.append(constant)
            continue
        block = values[problem.below(l) : problem.below(l + 1)].reshape(problem.widths[l], problem.fan_in(l)).T
        layers.append((tuple(map(tuple, block[: problem.widths[l - 1]])), tuple(block[-1]) if problem.bias_rows_of(l) else b))
    return Box(Point(tuple(layers)))


def curve_of(ring: Ring, problem: Problem, box: Box, terms: Sequence[Array] = ()) -> Curve:
    """Return ``(W_l(t), b_l(t))`` from the arrays of directions ``δ_1, δ_2, …``, each of shape ``(…, N_net)``."""
    found, zero = [], ring.embed(fmpq(0))
    for l, (W, b) in enumerate(weights(ring, problem, box), start=1):
        first, end, shape = problem.below(l), problem.below(l + 1), (problem.widths[l], problem.fan_in(l))
        if end == first:
            found.append((Series([W, *[np.full_like(W, zero)] * len(terms)]), Series([b, *[np.full_like(b, zero)] * len(terms)])))
            continue
        blocks = [np.swapaxes(d[..., first:end].reshape(*d.shape[:-1], *shape), -1, -2) for d in terms]
        biases = [block[..., len(W) :, :] if problem.bias_rows_of(l) else np.full_like(b, zero) for block in blocks]
        found.append((Series([W, *(block[..., : len(W), :] for block in blocks)]), Series([b, *biases])))
    return found


def forward(
    ring: Ring, problem: Problem, curve: Curve, depth: int | None = None, *, slopes: bool = True, passes: int = 1, with_last: bool = True
) -> Passed:
    """Pass all samples through the layers up to ``depth``, by default all; without ``with_last`` the last activation is left out.

    ``passes`` is how many plain passes the series amount to.
    """
    X = ring.array(problem.X)
    passed, n, last = Passed([X], [X], [X]), problem.widths, problem.L if depth is None else depth
    for l, (W, b) in enumerate(curve[:last], start=1):
        ring.count(passes * problem.T * (n[l - 1] + 1) * n[l], problem.T * n[l], W, passed.phi[-1], inner=n[l - 1] + 1)
        z = passed.phi[-1] @ W + b
        passed.z.append(z)
        if l < last or with_last:
            value, slope = ring.activate(problem.activation_of(l), l, z, slopes=slopes, rest=at_rest(problem, l))
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


def psi(ring: Ring, problem: Problem, curve: Curve, lowest: int = 1) -> tuple[Passed, dict[int, Array]]:
    """Return the forward pass, without the output where columns are taken up to non-zero factors, and ``{l: Ψ_l}`` of shape ``(n_L, T, n_l)`` at ``t = 0``."""
    n = problem.n_L
    passed = forward(ring, problem, curve, problem.L - 1 if problem.strip else problem.L)
    units = Series([np.broadcast_to(unit_vectors(ring, range(n), n)[:, None, :], (n, problem.T, n))])
    ring.count(0 if problem.strip else n * n * problem.T, 0)
    deltas = backward(ring, problem, curve, passed.slopes, units if problem.strip else units * passed.slopes[-1], lowest, passes=n)
    return passed, {l: delta.coefficients[0] for l, delta in deltas.items()}


def _gradient(ring: Ring, problem: Problem, curve: Curve, passes: int = 1, lowest: int = 1) -> Series:
    """Return ``T ∇J`` along a curve, from a layer on: layer l's part is ``φ_{l-1}ᵀ δ_l`` and ``Σ_i δ_l(i)``, with decay and ``T λ_l W_l``, ``T μ_l b_l``."""
    passed, n = forward(ring, problem, curve, passes=passes), problem.widths
    delta = error_gradient(ring, problem, passed.phi[-1]) * passed.slopes[-1]
    deltas = backward(ring, problem, curve, passed.slopes, delta, lowest, passes)
    blocks = []
    for l in (l for l in problem.trained if l >= lowest):
        before = passed.phi[l - 1].T
        ring.count(passes * problem.T * (n[l - 1] + 1) * n[l], 0, before, deltas[l], inner=problem.T)
        parts = [before @ deltas[l]] + ([deltas[l].total(-2)] if problem.bias_rows_of(l) else [])
        if problem.decay is not None:
            ring.count(passes * problem.fan_in(l) * n[l], 0, *curve[l - 1])
            parts = [part + w * (rate * problem.T) for part, w, rate in zip(parts, curve[l - 1], problem.decay[l - 1], strict=False)]
        columns = [np.concatenate(pieces, axis=-2) for pieces in zip(*(p.coefficients for p in parts), strict=True)]
        blocks.append([np.swapaxes(c, -1, -2).reshape(*c.shape[:-2], -1) for c in columns])
    return Series([np.concatenate(pieces, axis=-1) for pieces in zip(*blocks, strict=True)])


def gradient(ring: Ring, problem: Problem, box: Box) -> Array:
    """Return ``T ∇J`` at a point (or over a box), a vector of ``N_net`` entries."""
    return _gradient(ring, problem, curve_of(ring, problem, box)).coefficients[0].reshape(-1)


def gradient_component(ring: Ring, problem: Problem, box: Box, k: int) -> Element:
    """Return entry k of ``T ∇J``, by passes back to its own layer only."""
    layer = next(l for l in range(problem.L, 0, -1) if problem.below(l) <= k)
    return _gradient(ring, problem, curve_of(ring, problem, box), lowest=layer).coefficients[0].flat[k - problem.below(layer)]


def hessian_times(ring: Ring, problem: Problem, box: Box, directions: Array) -> Array:
    """Return ``T H δ`` for each row δ of ``directions``, as rows: the coefficients of t in ``T ∇J(W + tδ)``. Over a box each encloses those at its points."""
    step = max(1, MAX_BATCH // (problem.T * sum(problem.widths)))
    rows = []
    for batch in (directions[first : first + step] for first in range(0, len(directions), step)):
        found = _gradient(ring, problem, curve_of(ring, problem, box, [batch]), 2 * len(batch) + 1).coefficients[1]
        rows.append(found.reshape(-1, problem.N_net))
    return np.concatenate(rows)


def hessian(ring: Ring, problem: Problem, box: Box, rows: Sequence[int], columns: Sequence[int] | None = None) -> Array:
    """Return the rows and columns of ``T H`` of the given parameters; by default the columns are those of the rows."""
    return hessian_times(ring, problem, box, unit_vectors(ring, rows, problem.N_net))[:, rows if columns is None else columns]


def loss_coefficients(ring: Ring, problem: Problem, box: Box, terms: Mapping[int, Array], order: int) -> list[Element]:
    """Return the coefficients of ``t^1, …, t^order`` of J: ``(1/T) Σ_i ∇E(F_i)·F_i'``, integrated term by term, and with decay ``½ Σ_k λ_k w_k(t)²``."""
    zero = np.full(problem.N_net, ring.embed(fmpq(0)), dtype=object)
    curve = curve_of(ring, problem, box, [terms.get(k, zero) for k in range(1, order + 1)])
    output = forward(ring, problem, curve, passes=(order + 1) ** 2).phi[-1]
    rates = error_gradient(ring, problem, output).head(order - 1) * output.derivative()
    ring.count((order + 1) * problem.T * problem.n_L, 0, rates, inner=problem.T * problem.n_L)
    found = [np.sum(c) * fmpq(1, (k + 1) * problem.T) for k, c in enumerate(rates.coefficients)]
    return [c + p for c, p in zip(found, _penalties(ring, problem, curve)[1:], strict=True)]


def _penalties(ring: Ring, problem: Problem, curve: Curve) -> list[Element]:
    """Return the coefficients of the penalty of the weight decay, ``½ Σ_l (λ_l |W_l|² + μ_l |b_l|²)``, along a curve; zeros without."""
    order = curve[0][0].order
    found: list[Element] = [ZERO] * (order + 1)
    for weighed, pair in zip(curve, problem.decay or [()] * len(curve), strict=True):
        for series, rate in zip(weighed, pair, strict=False):
            ring.count((order + 1) ** 2 * problem.N_net, 0, series, inner=problem.N_net)
            found = [c + np.sum(square) * (rate / 2) for c, square in zip(found, (series * series).coefficients, strict=True)]
    return found


def penalty(ring: Ring, problem: Problem, box: Box) -> Element:
    """Return the penalty of the weight decay at a point (or over a box); 0 without."""
    return _penalties(ring, problem, curve_of(ring, problem, box))[0]


def outputs(ring: Ring, problem: Problem, box: Box) -> Array:
    """Return ``F(W, x_i)``, shape ``(T, n_L)``."""
    return np.asarray(forward(ring, problem, curve_of(ring, problem, box), slopes=False).phi[-1].coefficients[0])


def layer_inputs(ring: Ring, problem: Problem, box: Box, layer: int) -> Array:
    """Return ``z_layer``, shape ``(T, n_layer)``."""
    return np.asarray(forward(ring, problem, curve_of(ring, problem, box), layer, slopes=False, with_last=False).z[-1].coefficients[0])


def derivatives_exist(work: Work, problem: Problem, box: Box, order: int) -> Rigor:
    """Check that every activation is differentiable ``order`` times at every ``z`` it meets; raises `Rejected` when that is not seen.

    The layers concerned must have no z at a kink, but at samples at rest: seen exactly if the weights and all activations before the last of them are
    rational, and in balls of 1024 bits if not. The rigor of what was done is returned.
    """
    concerned = [l for l in range(1, problem.L + 1) if not problem.activation_of(l).differentiable_times(order).holds]
    if not concerned:
        return Rigor.EXACT
    exact = box.radius == 0 and box.point.is_rational() and all(problem.activation_of(l).rational.holds for l in range(1, concerned[-1]))
    ring: Ring = FormalRing(work) if exact else BallRing(work, SIGN_PRECISION)
    with ball_precision(SIGN_PRECISION):
        passed = forward(ring, problem, curve_of(ring, problem, box), concerned[-1], slopes=False, with_last=False)
        for l in concerned:
            for z in np.delete(passed.z[l].coefficients[0], list(at_rest(problem, l)), axis=0).flat:
                side_of(z, function_of(problem.activation_of(l)), order)
    return Rigor.EXACT if exact else Rigor.BALL
