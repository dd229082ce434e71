"""One point of a landscape in doubles, with what an optimiser asks for: the loss, its gradient, products with ``P``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import Evaluation, LayerArrays, evaluate
from lossproof.numerics.network.float_derivatives import error_values
from lossproof.numerics.network.weight_vectors import Step
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.weights import Weights


@dataclass(frozen=True, eq=False)
class TrainingPoint:
    """The network at one point and all samples: values are computed when first asked for and kept. Kinks raise `NotDifferentiable`."""

    problem: Problem
    targets: Array
    layers: list[LayerArrays]
    evaluation: Evaluation

    @cached_property
    def outputs(self) -> Array:
        """``φ_L`` of shape ``(T, n_L)``."""
        return self.evaluation.phi[self.problem.architecture.L]

    @cached_property
    def loss(self) -> float:
        """``J(W) = (1/T) Σ_i E(φ_L(i), y_i)``, plus the penalty of a weight decay; infinite where it is no number."""
        loss = float(error_values(self.problem.error, self.outputs, self.targets).mean())
        loss += sum(float(rate) / 2 * float(np.vdot(x, x)) for pair, rates in self._decays() for x, rate in zip(pair, rates, strict=True))
        return loss if np.isfinite(loss) else np.inf

    @cached_property
    def eps(self) -> Array:
        """``ε = ∇E`` of shape ``(T, n_L)``."""
        return self.evaluation.field.error_derivative(self.problem.error, 1, self.outputs, self.targets)

    @cached_property
    def descent(self) -> Step:
        """``T ∇J(W) = P ε``, plus ``T λ W`` with weight decay, as a step."""
        found = self.times_P(self.eps)
        shares = [tuple(len(self.targets) * float(rate) * x for x, rate in zip(pair, rates, strict=True)) for pair, rates in self._decays()]
        return [(W + V, b + c) for (W, b), (V, c) in zip(found, shares, strict=True)] if shares else found

    def _decays(self) -> Iterator[tuple[LayerArrays, tuple[Fraction, Fraction]]]:
        """Yield the layers, each with its rates; nothing without weight decay."""
        if self.problem.decay is not None:
            yield from zip(self.layers, self.problem.decay.layers, strict=True)

    @cached_property
    def gradient_norm(self) -> float:
        """``‖∇J(W)‖``."""
        return norm(self.descent) / len(self.targets)

    def times_P(self, s: Array, *, hold_output: bool = False) -> Step:
        """Return ``P s`` for ``s`` of shape ``(T, n_L)`` by one backward pass, at a cost of ``O(T N_net)``; with ``hold_output`` no change of ``W_L``."""
        a, evaluation = self.problem.architecture, self.evaluation
        delta = evaluation.slope[a.L] * s
        step: Step = []
        for l in range(a.L, 0, -1):
            W, b = self.layers[l - 1]
            held = (hold_output and l == a.L) or not a.fan_in(l)
            change = np.zeros_like(W) if held else evaluation.phi[l - 1].T @ delta
            step.insert(0, (change, delta.sum(axis=0) if a.bias_rows_of(l) else np.zeros_like(b)))
            if l > 1:
                delta = evaluation.slope[l - 1] * (delta @ W.T)
        return step

    def times_P_transposed(self, step: Step, *, hold_output: bool = False) -> Array:
        """Return ``Pᵀ δ`` of shape ``(T, n_L)``: the change of the outputs along a step, by one forward pass; with ``hold_output`` without that of ``W_L``."""
        a, evaluation = self.problem.architecture, self.evaluation
        change: Array | None = None
        for l, (dW, db) in enumerate(step, start=1):
            held = hold_output and l == a.L
            own = db if held else evaluation.phi[l - 1] @ dW + db
            carried = own if change is None else own + change @ self.layers[l - 1][0]
            change = evaluation.slope[l] * carried
        return np.broadcast_to(np.asarray(change), (len(self.targets), a.n_L))

    def moved(self, step: Step, factor: float) -> TrainingPoint:
        """Return the point ``W + factor · step``; biases that are not trainable stay as they are."""
        a, pairs = self.problem.architecture, enumerate(zip(self.layers, step, strict=True), start=1)
        layers = [(W + factor * dW, b + factor * db if a.bias_rows_of(l) else b) for l, ((W, b), (dW, db)) in pairs]
        return self.at(layers)

    def at(self, layers: list[LayerArrays]) -> TrainingPoint:
        """Return the point with these weights."""
        return TrainingPoint(self.problem, self.targets, layers, replace(self.evaluation, layers=tuple(layers)))


def training_point(problem: Problem, weights: Weights | Sequence[LayerArrays]) -> TrainingPoint:
    """Embed a problem and its weights in doubles.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> problem = Problem(Architecture.of("1-1", "identity"), error_named("squared"), Samples.of([[0], [1]], [[1], [3]]))
    >>> point = training_point(problem, [(np.zeros((1, 1)), np.zeros(1))])
    >>> point.loss, [part.tolist() for part in point.descent[0]]
    (2.5, [[[-3.0]], [-4.0]])
    """
    field = Float64Field()
    pairs = [(layer.W, layer.b) for layer in weights.layers] if isinstance(weights, Weights) else list(weights)
    layers = [(field.array(W), field.array(b)) for W, b in pairs]
    evaluation = evaluate(problem.architecture, field.array(problem.samples.X), layers, field)
    return TrainingPoint(problem, field.array(problem.samples.Y), layers, evaluation)


def norm(step: Sequence[LayerArrays]) -> float:
    """Return the Frobenius norm over all layers."""
    return float(np.sqrt(inner(step, step)))


def inner(one: Sequence[LayerArrays], other: Sequence[LayerArrays]) -> float:
    """Return the inner product of two steps."""
    return float(sum(np.vdot(W, V) + np.vdot(b, c) for (W, b), (V, c) in zip(one, other, strict=True)))
