"""Levenberg-Marquardt steps solved with ``K = PᵀP``: as many unknowns as equations, whatever ``N_net``.

What comes back is a candidate: that an exact learner lies nearby is proved afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from lossproof.numerics.fields import Array
from lossproof.numerics.float64_field import Float64Field
from lossproof.numerics.network import Evaluation, LayerArrays, evaluate
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem import Problem

_FIRST_DAMPING = 1e-2
_LEAST_DAMPING = 1e-15
_SMALL = 1e-14
_STALLED, _WINDOW = 0.9, 8


@dataclass(frozen=True)
class GramFit:
    """Weights found by `fit_with_gram`, the largest residual there, and the number of factorisations spent."""

    layers: list[LayerArrays]
    residual: float
    factorisations: int


def fit_with_gram(problem: Problem, layers: list[LayerArrays], factorisations: int, *, hold_output: bool = False) -> GramFit | None:
    r"""Minimise ``½‖F(W) − Y‖²`` from the given weights by Levenberg-Marquardt steps ``δ = −P (K + μI)^{-1} (F − Y)``.

    With ``P = P(W)`` this equals ``−(PPᵀ + μI)^{-1} P (F − Y)``, but the system has ``T n_L`` unknowns and not ``N_net``. ``K + μI`` is
    factored by Cholesky, at most ``factorisations`` times; ``μ`` follows the ratio of the decrease to the predicted one (Nielsen). It ends
    when the residuals reach the rounding of doubles, or fall by less than a tenth in eight steps. Only the trainable weights move, and with
    ``hold_output`` only those below the output layer and the output biases. None where the way leads into a kink or out of the range of
    doubles.

    Why hold them: if the targets of all samples have the same sum, as one-hot targets do, least squares drives the sum of the output
    weights of every hidden unit to 0, where ``P`` loses rank.

    >>> from lossproof.theory.architecture import Architecture
    >>> from lossproof.theory.error_functions import error_named
    >>> from lossproof.theory.samples import Samples
    >>> problem = Problem(Architecture.of("1-1", "identity"), error_named("squared"), Samples.of([[0], [1]], [[1], [3]]))
    >>> fit = fit_with_gram(problem, [(np.zeros((1, 1)), np.zeros(1))], 20)
    >>> fit.residual < 1e-12, fit.layers[0][0].round(9).tolist()
    (True, [[2.0]])
    """
    with np.errstate(all="ignore"):
        try:
            return _Fit(problem, layers, hold_output=hold_output).run(factorisations)
        except NotDifferentiable:
            return None


class _Fit:
    def __init__(self, problem: Problem, layers: list[LayerArrays], *, hold_output: bool) -> None:
        self.problem, self.field, self.hold_output = problem, Float64Field(), hold_output
        self.inputs, self.targets = self.field.array(problem.samples.X), self.field.array(problem.samples.Y)
        self.small = _SMALL * max(1.0, float(np.abs(self.targets).max()))
        self.layers = layers

    def run(self, factorisations: int) -> GramFit | None:
        evaluation, residuals = self.evaluate(self.layers)
        if not np.isfinite(residuals).all():
            return None
        costs, spent, growth = [_cost(residuals)], 0, 2.0
        K = self.gram(evaluation)
        damping = _FIRST_DAMPING * float(np.abs(K.diagonal()).max())
        while spent < factorisations and np.abs(residuals).max() > self.small and not _stalled(costs):
            spent += 1
            solution = _solve(K, damping, residuals.ravel())
            tried, after, gain = None, None, -1.0
            if solution is not None:
                layers = self.moved(evaluation, solution.reshape(residuals.shape))
                tried, after = self.evaluate(layers)
                expected = costs[-1] - damping**2 * _cost(solution)
                gain = (costs[-1] - _cost(after)) / expected if expected > 0 else -1.0
            if tried is None or after is None or not gain > 0:
                damping, growth = max(damping * growth, _LEAST_DAMPING), growth * 2
                if growth > 2**20:
                    break
                continue
            self.layers, evaluation, residuals, growth = layers, tried, after, 2.0
            damping *= max(0.05, 1 - (2 * min(gain, 1.0) - 1) ** 3)
            costs.append(_cost(residuals))
            K = self.gram(evaluation)
        return GramFit(self.layers, float(np.abs(residuals).max()), spent)

    def evaluate(self, layers: list[LayerArrays]) -> tuple[Evaluation, Array]:
        a = self.problem.architecture
        evaluation = evaluate(a, self.inputs, layers, self.field)
        return evaluation, evaluation.phi[a.L] - self.targets

    def gram(self, evaluation: Evaluation) -> Array:
        """Return ``PᵀP`` for the weights that move, of shape ``(T n_L, T n_L)``."""
        a = self.problem.architecture
        T, n_L = self.targets.shape
        last = evaluation.slope[a.L]
        inner = np.zeros((T, T)) if self.hold_output else evaluation.phi[a.L - 1] @ evaluation.phi[a.L - 1].T
        K: Array = np.zeros((T * n_L, T * n_L))
        for j in range(n_L):
            K.reshape(T, n_L, T, n_L)[:, j, :, j] = last[:, None, j] * last[None, :, j] * (inner + a.bias_rows)
        psi: Array = last[:, :, None] * np.eye(n_L)[None]
        for l in range(a.L - 1, 0, -1):
            psi = (psi @ evaluation.layers[l][0].T) * evaluation.slope[l][:, None, :]
            columns = psi.reshape(T * n_L, -1)
            inner = evaluation.phi[l - 1] @ evaluation.phi[l - 1].T + a.bias_rows
            block = columns @ columns.T
            block.reshape(T, n_L, T, n_L)[...] *= inner[:, None, :, None]
            K += block
        return K

    def moved(self, evaluation: Evaluation, solution: Array) -> list[LayerArrays]:
        """Return the weights minus ``P s``, by one backward pass."""
        a, layers = self.problem.architecture, list(self.layers)
        delta = evaluation.slope[a.L] * solution
        for l in range(a.L, 0, -1):
            W, b = self.layers[l - 1]
            held = self.hold_output and l == a.L
            layers[l - 1] = (W if held else W - evaluation.phi[l - 1].T @ delta, b - delta.sum(axis=0) if a.bias_rows else b)
            if l > 1:
                delta = evaluation.slope[l - 1] * (delta @ W.T)
        return layers


def _cost(residuals: Array) -> float:
    return float(np.square(residuals).sum()) / 2


def _stalled(costs: list[float]) -> bool:
    return len(costs) > _WINDOW and not costs[-1] < _STALLED**2 * costs[-1 - _WINDOW]


def _solve(K: Array, damping: float, right: Array) -> Array | None:
    """Return ``(K + μI)^{-1} r``, or None where the factorisation fails."""
    shifted = K.copy()
    shifted[np.diag_indices(len(K))] += damping
    factor, info = lapack.dpotrf(shifted.T, lower=1, clean=0, overwrite_a=1)
    if info != 0:
        return None
    solution, _ = lapack.dpotrs(factor, right, lower=1)
    return np.asarray(solution)
