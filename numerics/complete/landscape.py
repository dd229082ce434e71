r"""The landscapes of which complete lists are searched, as arrays, and the box that holds all their critical points.

With one output, the squared error and rates ``Λ = T λ`` of the weight decay, ``T J = ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``. ``θ_k`` are the weights of unit k from
``x̃_i``, its bias last; ``z_ik = θ_k·x̃_i``. A neuron has ``ε_i = σ(z_i) − y_i``; a network with one hidden layer ``ε = Σ_l v_l φ_l − y`` with ``φ_il =
σ(z_il)`` and ``φ = 1`` for the bias of the output.

*All critical points*, where every rate is positive. Hidden layer: ``∂J/∂v = 0`` makes v the minimum of a convex function, and by ``Σ_l v_l ∂(TJ)/∂v_l = 0``,
``|ε|² + Σ Λ_l v_l² = −Σ ε_i y_i ≤ |ε||y|`` gives ``|ε| ≤ |y|``; the value of that function at ``v = 0`` gives ``|ε|² + Σ Λ_l v_l² ≤ |y|²``. So ``|v_l| ≤
|y|/√Λ_l`` and ``|ε||v_k| ≤ P_k = |y|²/(2√Λ_k)``. From ``θ_k·∂(TJ)/∂θ_k = 0``, ``Λ_θ |θ_k|² ≤ −Σ_i ε_i v_k σ'(z_ik) z_ik ≤ P_k √T s`` with ``s ≥ sup |z
σ'(z)|`` and ``Λ_θ`` the least rate of the unit. For a neuron likewise ``Λ |θ|² ≤ s Σ_i (|y_i| + 1)``, as ``|σ| ≤ 1``. For tanh ``s = 0.4478``, for sigmoid
half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.theory.limits import MAX_COMPLETE_UNITS, MAX_COMPLETE_WEIGHTS
from lossproof.theory.problem.problem import Problem

_STEEPEST, _ABOVE, _SMALLEST = 0.4478, 1 + 1e-4, 2.0**-60


@dataclass(frozen=True)
class Landscape:
    """Inputs ``x̃`` of shape ``(T, m)``, targets, the rates ``Λ`` of all weights, ``units`` of the hidden layer, or 0 for a neuron, and ``σ = low + k s(kz)``.

    The weights are those of `Problem` in the order of the rows of P: ``θ_1, …, θ_n``, then v.
    """

    inputs: Floats
    targets: Floats
    rates: Floats
    units: int
    low: int
    rate: int
    biases: int

    @property
    def rows(self) -> int:
        """The number of vectors θ."""
        return max(self.units, 1)

    @property
    def inner(self) -> int:
        """The number of weights in all ``θ_k``."""
        return int(self.rows * self.inputs.shape[1])

    @property
    def norm(self) -> float:
        """``|y|``."""
        return float(np.sqrt(np.sum(self.targets**2)))

    @property
    def bounded(self) -> bool:
        """Whether v is determined by θ, and all is bounded: every rate is positive."""
        return bool(self.rates.min() > 0)

    @property
    def splits(self) -> int:
        """How many weights are split: the inner ones, where the others are determined by them."""
        return self.inner if self.bounded else len(self.rates)

    def bounds(self) -> Floats:
        """Return bounds of all weights at critical points, a little above those of the head of this module; all rates must be positive."""
        T, s = len(self.targets), _STEEPEST * self.rate / 2
        theta, outer = self.rates[: self.inner].reshape(self.rows, -1), self.rates[self.inner :]
        if self.units:
            push = self.norm**2 / (2 * np.sqrt(outer[: self.units])) * math.sqrt(T) * s
        else:
            push = np.array([s * np.sum(np.abs(self.targets) + 1)])
        sizes = np.sqrt(push[:, None] / theta.min(axis=1, keepdims=True)) * np.ones_like(theta)
        return np.maximum(np.concatenate([sizes.ravel(), self.norm / np.sqrt(outer)]) * _ABOVE, _SMALLEST)


def obstacle(problem: Problem) -> str:
    """Return why no complete list is searched, in words that follow "as"; empty where it can be."""
    a = problem.architecture
    if problem.error.name != "squared" or a.n_L != 1:
        return "the error must be squared and the output one number"
    if a.L > 2 or (a.L == 2 and not a.output_activation.is_identity):
        return "the network must be a neuron, or have one hidden layer and identity output"
    if (a.activation if a.L == 2 else a.output_activation).logistic is None:
        return "the activation must be tanh or sigmoid"
    if a.bias == "fixed":
        return "fixed biases are not covered"
    if a.N_net > MAX_COMPLETE_WEIGHTS or (a.L == 2 and a.widths[1] > MAX_COMPLETE_UNITS):
        return f"at most {MAX_COMPLETE_WEIGHTS} weights and {MAX_COMPLETE_UNITS} hidden units are covered"
    return ""


def landscape_of(problem: Problem) -> Landscape:
    """Return the arrays of a problem that `obstacle` finds nothing against; numbers are rounded to doubles."""
    a, T = problem.architecture, problem.T
    form = (a.activation if a.L == 2 else a.output_activation).logistic
    if form is None:
        raise ValueError("the activation must be tanh or sigmoid")
    X = np.array([[float(x) for x in row] for row in problem.samples.X])
    rates = [Fraction(0)] * a.N_net if problem.decay is None else problem.decay.rates(a)
    return Landscape(
        np.hstack([X, np.ones((T, a.bias_rows_of(1)))]),
        np.array([float(row[0]) for row in problem.samples.Y]),
        np.array([float(rate * T) for rate in rates]),
        a.widths[1] if a.L == 2 else 0,
        form.low,
        form.rate,
        a.bias_rows_of(1),
    )
