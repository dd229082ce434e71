r"""Taylor coefficients of ``J(W(t)) − J(W)`` along a curve ``W(t) = W + Σ_k t^k δ_k``.

Every ``z_l`` starts at its value at ``W``, so that the activations enter only with their Taylor coefficients there, taken once for all
curves; what remains are sums and products of truncated series. With ``ε(t) = ∇E(φ_L(t))``,

    d/dt J(W(t)) = (1/T) Σ_i ε_i(t) · φ_L'(t)_i = ∇J(W(t)) · W'(t),

so the coefficients of the loss come without its value, and ``∂c_m/∂δ_k = G_{m−k}`` with ``∇J(W(t)) = Σ_k G_k t^k`` from a backward pass. With weight decay
``½ Σ_k λ_k w_k(t)²`` and its slopes are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from lossproof.numerics.curves.errors import separable_jet, slope_series
from lossproof.numerics.curves.products import compose, derivative_series, series_product, zeros_like
from lossproof.numerics.curves.series_field import SeriesField
from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.rest import at_rest, off_kinks
from lossproof.numerics.network.evaluation import Evaluation, evaluate
from lossproof.numerics.network.penalty import rates_over
from lossproof.numerics.network.weight_vectors import rows_of_step
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights

Terms: TypeAlias = Sequence[tuple[int, Sequence[Fraction]]]
"""Pairs ``(k, δ_k)`` with increasing ``k ≥ 1`` and ``N_net`` entries each, in the order of the rows of ``P``."""


@dataclass(frozen=True, eq=False)
class LossExpansion:
    r"""The loss near one point, ready to be expanded along curves up to ``t^order``; build one with `expand_loss`.

    Curves are arrays of shape ``(K + 1, B, N_net)`` over the field: ``B`` curves, ``curves[k] = δ_k``, ``curves[0]`` 0 (the point itself is
    not in them). ``jets[l-1]`` are the Taylor coefficients of the activation of layer ``l`` at ``z_l``, ``error_jet`` those of ``∇E``.
    """

    problem: Problem
    field: SeriesField
    order: int
    inputs: Array
    targets: Array
    layers: tuple[tuple[Array, Array], ...]
    jets: tuple[Array, ...]
    error_jet: Array

    def loss(self, curves: Array, order: int) -> Array:
        """Return the coefficients ``c_0 = 0, …, c_order`` of ``J(W(t)) − J(W)``, of shape ``(order + 1, B)``."""
        with self.field.working():
            values, _ = self._forward(curves, order, False)
            loss = self._integrate(values[-1], self._slopes(values[-1], order - 1), order)
            return loss if self.problem.decay is None else loss + self._penalty(self._moved(curves), order)

    def loss_and_gradient(self, curves: Array, order: int) -> tuple[Array, Array]:
        """Return `loss` and the coefficients ``G_0, …, G_{order−1}`` of ``∇J(W(t))``, of shape ``(order, B, N_net)``."""
        with self.field.working():
            values, rates = self._forward(curves, order, True)
            errors = self._slopes(values[-1], order - 1)
            loss = self._integrate(values[-1], errors, order)
            parts = self._backward(curves, values, rates, errors, order - 1)
            gradient = np.concatenate(parts, axis=-1) * self.field.share(self.problem.T)
            if self.problem.decay is None:
                return loss, gradient
            moved = self._moved(curves)
            return loss + self._penalty(moved, order), gradient + moved[:order] * self._decay

    def values(self, curves: Array, order: int) -> list[Array]:
        """Return the series of ``φ_0, …, φ_L`` up to ``t^order``, each of shape ``(order + 1, B, T, n_l)``, that of ``φ_0`` without its zeros."""
        with self.field.working():
            return self._forward(curves, order, False)[0]

    def _forward(self, curves: Array, order: int, with_rates: bool) -> tuple[list[Array], list[Array]]:
        """Return the series of ``φ_0, …, φ_L`` and, if asked for, of ``σ'(z_1), …, σ'(z_L)`` up to ``t^{order−1}``."""
        values: list[Array] = [self.inputs[None, None]]
        rates: list[Array] = []
        for l, (W, b) in enumerate(self.weights(curves), start=1):
            z = series_product(values[-1], W, order, np.matmul)
            if b is not None:
                z[: b.shape[0]] += b[: order + 1]
            z[0] = z[0] * 0
            jet = self.jets[l - 1][: order + 1]
            outer = [jet, derivative_series(jet)] if with_rates else [jet]
            found = compose(outer, z, order)
            values.append(self.field.checked(found[0]))
            rates.extend(series[:order] for series in found[1:])
        return values, rates

    def _backward(self, curves: Array, values: list[Array], rates: list[Array], errors: Array, order: int) -> list[Array]:
        """Return the gradient of ``T·J`` layer by layer, each of shape ``(order + 1, B, fan_in · n_l)``."""
        a = self.problem.architecture
        parts: list[Array] = []
        delta = series_product(rates[-1], errors, order)
        for l in range(a.L, a.trained[0] - 1, -1):
            if a.fan_in(l):
                gradient = series_product(values[l - 1][: order + 1].swapaxes(-1, -2), delta, order, np.matmul)
                if a.bias_rows_of(l):
                    gradient = np.concatenate([gradient, delta.sum(axis=-2, keepdims=True)], axis=-2)
                parts.insert(0, gradient.swapaxes(-1, -2).reshape(*gradient.shape[:2], -1))
            if l > a.trained[0]:
                W = self.weights(curves)[l - 1][0]
                carried = series_product(delta, W.swapaxes(-1, -2), order, np.matmul)
                delta = series_product(rates[l - 2], carried, order)
        return parts

    def _integrate(self, phi: Array, errors: Array, order: int) -> Array:
        growth = series_product(derivative_series(phi), errors, order - 1).sum(axis=(-1, -2))
        shares = [growth[k - 1] * self.field.share(k * self.problem.T) for k in range(1, order + 1)]
        return np.stack([growth[0] * 0, *shares])

    @cached_property
    def _decay(self) -> Array:
        """The rates of the weights."""
        return rates_over(self.problem, self.field)

    def _moved(self, curves: Array) -> Array:
        """Return the series of all trainable weights."""
        moved = curves.copy()
        moved[0] = moved[0] + rows_of_step(self.problem.architecture, self.layers)
        return moved

    def _penalty(self, moved: Array, order: int) -> Array:
        """Return the coefficients of ``½ Σ_k λ_k (w_k(t)² − w_k(0)²)``, from the series of the weights."""
        squares = (series_product(moved, moved, order) * self._decay).sum(axis=-1) * self.field.share(2)
        squares[0] = squares[0] * 0
        return np.asarray(squares)

    def _slopes(self, phi: Array, order: int) -> Array:
        return slope_series(self.problem.error, self.error_jet, phi, self.targets, order)

    def rates(self, curves: Array, order: int) -> Array:
        """Return the coefficients of ``t^0, …, t^{order−1}`` of the summands of ``T dJ/dt``, of shape ``(order, B, T, n_L)``."""
        with self.field.working():
            phi = self._forward(curves, order, False)[0][-1]
            return series_product(derivative_series(phi), self._slopes(phi, order - 1), order - 1)

    def weights(self, curves: Array) -> list[tuple[Array, Array | None]]:
        """Return the series of ``W_l``, of shape ``(K + 1, B, n_{l-1}, n_l)``, and of ``b_l − b_l(0)``, ``(K + 1, B, 1, n_l)``; frozen ``W_l`` stand alone."""
        a, offset, result = self.problem.architecture, 0, list[tuple[Array, Array | None]]()
        for l, (base, _) in enumerate(self.layers, start=1):
            rows, n = a.fan_in(l), a.widths[l]
            block = curves[..., offset : offset + rows * n].reshape(*curves.shape[:2], n, rows).swapaxes(-1, -2)
            offset += rows * n
            if not rows:
                result.append((base[None, None], None))
                continue
            W = block[..., : a.widths[l - 1], :].copy()
            W[0] = W[0] + base
            result.append((W, block[..., -1:, :] if a.bias_rows_of(l) else None))
        return result


def _jet(evaluation: Evaluation, field: SeriesField, l: int, order: int) -> Array:
    """Return the Taylor coefficients of σ at ``z_l``, beside a kink where the layer is at rest, but for the values themselves."""
    a, z = evaluation.architecture, evaluation.z[l]
    rest = at_rest(a, evaluation.inputs, [b for _, b in evaluation.layers], l) if a.activation_of(l).kinks(2) else []
    jet = field.jet(a.activation_of(l), order, off_kinks(field, a.activation_of(l), 2, z, rest))
    if rest:
        jet[0, rest] = evaluation.phi[l][rest]
    return jet


def expand_loss(problem: Problem, weights: Weights, field: SeriesField, order: int) -> LossExpansion:
    """Prepare the expansion of ``J`` near ``weights`` up to ``t^order`` over one field.

    Raises `NotDifferentiable` where a ``z_l`` is 0 at a kink of its activation (`KinkInBall` in balls, where a higher precision may
    decide), `NotInField` where formal polynomials do not suffice, and `InputError` unless ``order ≥ 1``.
    """
    if order < 1:
        raise InputError(f"the order of an expansion must be at least 1, got {order}: ask for a coefficient beyond the value")
    a = problem.architecture
    evaluation = evaluate(a, problem.samples, weights, field)
    targets = field.array(problem.samples.Y)
    jets = tuple(_jet(evaluation, field, l, order) for l in range(1, a.L + 1))
    with field.working():
        phi = jets[-1][0]
        softmax = problem.error.family == "softmax"
        error_jet = field.softmax(phi) if softmax else separable_jet(problem.error, order, phi, targets, field)
    return LossExpansion(problem, field, order, evaluation.inputs, targets, evaluation.layers, jets, error_jet)


def taylor_coefficients(problem: Problem, weights: Weights, terms: Terms, order: int, field: SeriesField) -> list[Any]:
    r"""Return ``[0, c_1, …, c_order]`` with ``J(W + Σ_k t^k δ_k) − J(W) = Σ_k c_k t^k + O(t^{order+1})`` over one field.

    Estimates over `FloatSeries`, enclosures over `BallSeries`, exact over `FormalSeries`: what is formally 0 is 0. ``terms`` are the pairs
    ``(k, δ_k)``. Raises as `expand_loss` does.

    >>> from lossproof.numerics.curves.fields import FormalSeries
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> a = Architecture.of("1-1-1", "identity", bias="none")
    >>> problem = Problem(a, error_named("squared"), Samples.of([[1]], [[1]]))
    >>> zero = Weights.of(a, [([[0]], None), ([[0]], None)])
    >>> taylor_coefficients(problem, zero, [(1, (Fraction(1), Fraction(2)))], 4, FormalSeries())  # J = (vw − 1)²/2
    [0, 0, -2, 0, 2]
    """
    expansion = expand_loss(problem, weights, field, order)
    return [field.embed(entry) for entry in expansion.loss(curve_array(problem, terms, order, field), order)[:, 0]]


def curve_array(problem: Problem, terms: Terms, order: int, field: SeriesField) -> Array:
    """Return one curve as an array of shape ``(order + 1, 1, N_net)``; terms beyond ``t^order`` have no effect there and are left out.

    Raises `InputError` on exponents below 1 or vectors of another length.
    """
    N_net = problem.architecture.N_net
    sample = field.array([Fraction(0)])
    curves = zeros_like((order + 1, 1, N_net), sample)
    for k, vector in terms:
        if k < 1 or len(vector) != N_net:
            raise InputError(
                f"a term of a curve must have an exponent of at least 1 and {N_net} entries, got exponent {k} and {len(vector)} entries: "
                "give one entry a trainable weight"
            )
        if k <= order:
            curves[k, 0] = field.array(list(vector))
    return curves
