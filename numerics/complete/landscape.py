r"""The landscapes of which complete lists are searched, as arrays, and the box that holds all their critical points.

With one output, the squared error and rates ``Λ = T λ`` of the weight decay, ``T J = ½ Σ_i ε_i² + ½ Σ_w Λ_w w²``. ``θ_k`` are the weights of unit k from
``x̃_i``, its bias last; ``z_ik = θ_k·x̃_i``. A neuron has ``ε_i = σ(z_i) − y_i``; a network with one hidden layer ``ε = Σ_l v_l φ_l − y`` with ``φ_il =
σ(z_il)`` and ``φ = 1`` for the bias of the output.

*All critical points*, where every rate is positive. Hidden layer: with ``a² = Σ Λ_l v_l²``, ``Σ_l v_l ∂(TJ)/∂v_l = 0`` says ``a² = −ε·y − |ε|² ≤ |ε||y| −
|ε|²``, so ``|ε| ≤ |y|``, ``|v_l| ≤ |y|/(2√Λ_l)`` and ``|ε||v_k| ≤ P_k = 3√3|y|²/(16√Λ_k)``. ``θ_k·∂(TJ)/∂θ_k = 0`` says ``Σ_w Λ_w θ_kw² = −Σ_i ε_i v_k
σ'(z_ik) z_ik``; let ``Λ_θ`` be the least rate of the unit. With ``s ≥ sup |z σ'(z)|``, ``Λ_θ |θ_k|² ≤ P_k √T s``, and for a neuron ``s Σ_i (|y_i| + sup
|σ|)``. With ``κ ≥ sup |σ(z) − zσ'(z)|``, ``Λ_θ |θ_k|² ≤ |y|²/4 + P_k √T κ``, for a neuron ``Σ_i (|y_i| + κ)²/4``. With neither, for the sine, ``Λ_θ |θ_k| ≤
P_k |X̃|``, for a neuron ``Σ_i (|y_i| + 1)|x̃_i|``. The kernel's rule has the proofs, and those of the numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import numpy as np

from lossproof.numerics.algebra.products import Floats
from lossproof.numerics.complete.curves import TABLED
from lossproof.theory.functions.activation import Activation
from lossproof.theory.limits import MAX_COMPLETE_UNITS, MAX_COMPLETE_WEIGHTS
from lossproof.theory.problem.problem import Problem

_ABOVE, _SMALLEST, _PUSH, _LARGEST = 1 + 1e-4, 2.0**-60, 0.3248, 2**100
_SLOPES = {"tanh": (0.4478, 1.0), "sigmoid": (0.2239, 1.0), "arctan": (0.5, 1.5708), "erf": (0.484, 1.0)}
_TANGENTS = {"softplus": 0.6932, "silu": 0.4394, "swish": 0.4394, "mish": 0.5414, "bent-identity": 0.5, "gelu": 0.2936}


@dataclass(frozen=True)
class Landscape:
    """Inputs ``x̃`` of shape ``(T, m)``, targets, the rates ``Λ`` of all weights, ``units`` of the hidden layer, or 0 for a neuron, and σ.

    The weights are those of `Problem` in the order of the rows of P: ``θ_1, …, θ_n``, then v.
    """

    inputs: Floats
    targets: Floats
    rates: Floats
    units: int
    activation: Activation
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
    def odd(self) -> bool:
        """Whether ``σ(−z) = −σ(z)``, so that a change of all signs of a unit changes no loss."""
        return self.activation.reflection == (-1, 0, 0)

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
        y, x, n, family = np.abs(self.targets), np.linalg.norm(self.inputs, axis=1), self.units, self.activation.family
        theta, outer = self.rates[: self.inner].reshape(self.rows, -1), self.rates[self.inner :]
        least, push = theta.min(axis=1), _PUSH * self.norm**2 / np.sqrt(outer[:n])
        if family in _SLOPES:
            s, most = _SLOPES[family]
            sizes = np.sqrt((push * math.sqrt(len(y)) * s if n else np.array([s * np.sum(y + most)])) / least)
        elif family in _TANGENTS:
            kappa = _TANGENTS[family] / float(self.activation.parameter or 1)
            sizes = np.sqrt(
                (self.norm**2 / 4 + push * math.sqrt(len(y)) * kappa if n else np.array([np.sum((y + kappa) ** 2) / 4])) / least
            )
        else:
            sizes = (push * np.linalg.norm(x) if n else np.array([np.sum((y + 1) * x)])) / least
        inner = sizes[:, None] * np.ones_like(theta)
        return np.maximum(np.concatenate([inner.ravel(), self.norm / (2 * np.sqrt(outer))]) * _ABOVE, _SMALLEST)


def obstacle(problem: Problem) -> str:
    """Return why no complete list is searched, in words that follow "as"; empty where it can be."""
    a = problem.architecture
    if a.frozen:
        return "frozen layers are not covered"
    if problem.error.name != "squared" or a.n_L != 1:
        return "the error must be squared and the output one number"
    if a.L > 2 or (a.L == 2 and not a.output_activation.is_identity):
        return "the network must be a neuron, or have one hidden layer and identity output"
    sigma = a.activation if a.L == 2 else a.output_activation
    if sigma.logistic is None and sigma.family not in TABLED:
        return f"the activation must be tanh, sigmoid, {', '.join(TABLED[:-1])} or {TABLED[-1]}"
    if a.bias == "fixed":
        return "fixed biases are not covered"
    if a.N_net > MAX_COMPLETE_WEIGHTS or (a.L == 2 and a.widths[1] > MAX_COMPLETE_UNITS):
        return f"at most {MAX_COMPLETE_WEIGHTS} weights and {MAX_COMPLETE_UNITS} hidden units are covered"
    rates = [] if problem.decay is None else problem.decay.rates(a)
    if max(map(abs, chain(*problem.samples.X, *problem.samples.Y, (rate * problem.T for rate in rates)))) > _LARGEST:
        return "inputs, targets and rates of decay times the number of samples must be at most 2^100"
    return ""


def landscape_of(problem: Problem) -> Landscape:
    """Return the arrays of a problem that `obstacle` finds nothing against; numbers are rounded to doubles."""
    a, T = problem.architecture, problem.T
    X = np.array([[float(x) for x in row] for row in problem.samples.X])
    rates = [Fraction(0)] * a.N_net if problem.decay is None else problem.decay.rates(a)
    return Landscape(
        np.hstack([X, np.ones((T, a.bias_rows_of(1)))]),
        np.array([float(row[0]) for row in problem.samples.Y]),
        np.array([float(rate * T) for rate in rates]),
        a.widths[1] if a.L == 2 else 0,
        a.activation if a.L == 2 else a.output_activation,
        a.bias_rows_of(1),
    )
