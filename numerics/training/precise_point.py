"""One point of a landscape at many digits, in Arb's arithmetic without use of its bounds: estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import mpmath
import numpy as np
from flint import arb, ctx

from lossproof.numerics.fields.ball import BallField
from lossproof.numerics.fields.field import Array, elementwise
from lossproof.numerics.network.evaluation import Evaluation, LayerArrays, carry_back, evaluate
from lossproof.numerics.network.jacobian import output_residuals
from lossproof.numerics.network.loss_value import total_error
from lossproof.numerics.network.weight_vectors import Step
from lossproof.theory.problem.problem import Problem


@dataclass(frozen=True, eq=False)
class PrecisePoint:
    """The network at one point, its entries exact ``arb`` numbers. The precision in force must be that of the field."""

    problem: Problem
    targets: Array
    layers: list[LayerArrays]
    evaluation: Evaluation

    @cached_property
    def loss(self) -> arb:
        """``J(W)``."""
        outputs = self.evaluation.phi[self.problem.architecture.L]
        return (total_error(self.problem.error, outputs, self.targets) / self.problem.T).mid()

    @cached_property
    def eps(self) -> Array:
        """``ε = ∇E`` of shape ``(T, n_L)``."""
        return midpoints(output_residuals(self.problem, self.evaluation))

    @cached_property
    def descent(self) -> Step:
        """``P ε = T ∇J(W)``."""
        return self.times_P(self.eps)

    def times_P(self, s: Array) -> Step:
        """Return ``P s`` for ``s`` of shape ``(T, n_L)`` by one backward pass."""
        a, field, evaluation = self.problem.architecture, self.evaluation.field, self.evaluation
        delta = field.mul(evaluation.slope[a.L], s)
        step: Step = []
        for l in range(a.L, 0, -1):
            W, b = self.layers[l - 1]
            push = np.array([[arb(1)] * len(delta)], dtype=object)
            db = field.matmul(push, delta)[0] if a.bias_rows_of(l) else elementwise(lambda _: arb(0), b)
            dW = field.matmul(evaluation.phi[l - 1].T, delta) if a.fan_in(l) else elementwise(lambda _: arb(0), W)
            step.insert(0, (midpoints(dW), midpoints(db)))
            if l > 1:
                delta = field.mul(evaluation.slope[l - 1], carry_back(field, W, delta[:, :, None])[:, :, 0])
        return step

    def moved(self, step: Step, factor: arb) -> PrecisePoint:
        """Return the point ``W + factor · step``."""
        a, pairs = self.problem.architecture, enumerate(zip(self.layers, step, strict=True), start=1)
        layers = [(midpoints(W + dW * factor), midpoints(b + db * factor) if a.bias_rows_of(l) else b) for l, ((W, b), (dW, db)) in pairs]
        evaluation = evaluate(self.problem.architecture, self.evaluation.inputs, layers, self.evaluation.field)
        return PrecisePoint(self.problem, self.targets, layers, evaluation)


def precise_point(problem: Problem, layers: Sequence[tuple[object, object]]) -> PrecisePoint:
    """Embed a problem and weights at the precision in force."""
    field = BallField(ctx.prec)
    arrays = [(midpoints(field.array(W)), midpoints(field.array(b))) for W, b in layers]
    evaluation = evaluate(problem.architecture, midpoints(field.array(problem.samples.X)), arrays, field)
    return PrecisePoint(problem, midpoints(field.array(problem.samples.Y)), arrays, evaluation)


def midpoints(A: Array) -> Array:
    """Return the midpoints: numbers without bounds."""
    return elementwise(lambda entry: entry.mid(), A)


def length(step: Sequence[LayerArrays]) -> arb:
    """Return the Frobenius norm over all layers."""
    return sum((entry * entry for layer in step for part in layer for entry in part.ravel()), arb(0)).sqrt().mid()


def slope_along(one: Step, other: Step) -> arb:
    """Return the inner product of two steps."""
    pairs = ((p, q) for a, b in zip(one, other, strict=True) for p, q in zip(a, b, strict=True))
    return sum((x * y for p, q in pairs for x, y in zip(p.ravel(), q.ravel(), strict=True)), arb(0)).mid()


def figure(value: arb) -> mpmath.mpf:
    """Return a number in 15 digits with an exponent of any size.

    >>> figure(arb(10) ** -400) < mpmath.mpf(10) ** -399
    True
    """
    if not value.is_finite():
        return mpmath.mpf("inf")
    mantissa, exponent = value.mid().man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))
