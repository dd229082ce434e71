"""Weights with a loss below a given one, by a short training: where a proof only needs some better point."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import log

import numpy as np

from lossproof.numerics.fields.field import Array
from lossproof.numerics.network.double_range import beyond_doubles
from lossproof.numerics.network.evaluation import LayerArrays
from lossproof.numerics.network.points import random_weights
from lossproof.numerics.network.weight_vectors import float_layers, weights_of_layers
from lossproof.numerics.training.point import training_point
from lossproof.numerics.training.run_doubles import run_training
from lossproof.numerics.training.settings import Progress, Settings
from lossproof.theory.exceptions import NotDifferentiable
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

_STARTS = 4
_FEWEST, _MOST = 50, 1000
_OPERATIONS = 5e8
_CLEARLY = 1 - 2.0**-6
_OFF_GRID = 2.0**-10
_LARGEST = 2**100
_BITS = (6, 9, 12, 18, 26)


@np.errstate(all="ignore")
def weights_below(problem: Problem, loss: float, seed: int, progress: Progress | None = None) -> Weights | None:
    """Return weights whose loss, in doubles, is clearly below a positive one: from a few seeded starts by L-BFGS, about 10^10 operations in all; or None.

    Without weight decay the network is trained on inputs, and for the squared error at an identity output on targets, of mean 0 and size 1 where the biases
    are trainable. The entries keep as few significant bits as the loss allows, so that exact arithmetic with them is cheap. Nothing is proved by it.
    """
    if beyond_doubles(problem) is not None:
        return None
    problem, loss = _where_outputs_vary(problem, loss)
    if not loss > 0:
        return None
    scaling = _Scaling.of(problem)
    iterations = int(min(max(_OPERATIONS / (problem.T * problem.architecture.N_net), _FEWEST), _MOST))
    settings = Settings("lbfgs", max_iterations=iterations, target_loss=loss / 2 / scaling.size**2, progress=progress)
    starts = int(min(max(_STARTS * _OPERATIONS / (iterations * problem.T * problem.architecture.N_net), 1), _STARTS))
    for start in range(starts):
        found = run_training(scaling.problem, _start(scaling.problem, seed + start), settings)
        if found.interrupted:
            raise KeyboardInterrupt
        layers = scaling.undone(float_layers(found.weights))
        rounded = (_rounded(problem, layers, bits) for bits in _BITS)
        below = next((weights for weights in rounded if _is_below(problem, weights, loss)), None)
        if below is not None:
            return below
    return None


def _start(problem: Problem, seed: int) -> Weights:
    """Return seeded weights; with weight decay, whose inputs are not scaled, off the grid on which units may meet a kink by chance.

    For inputs so small that weights which make units see numbers of order one have no doubles, or with decay a penalty of no double, those of the first layer
    are of order one instead.
    """
    weights = random_weights(problem, seed)
    largest = max(abs(x) for row in weights.layers[0].W for x in row if isinstance(x, Fraction))
    if beyond_doubles(problem, weights) is not None or (problem.decay is not None and largest > _LARGEST):
        first = tuple(tuple(x / largest for x in row if isinstance(x, Fraction)) for row in weights.layers[0].W)
        weights = Weights((replace(weights.layers[0], W=first), *weights.layers[1:]))
    if problem.decay is None:
        return weights
    g = np.random.default_rng(seed)
    return weights_of_layers(problem, [(W * (1 + _OFF_GRID * g.random(W.shape)), b) for W, b in float_layers(weights)])


def _where_outputs_vary(problem: Problem, loss: float) -> tuple[Problem, float]:
    """Return the problem and a loss of it, without samples at the input 0 if all units have a kink there and so an output of 0, whatever the weights are."""
    a, error, targets = problem.architecture, problem.error, problem.samples.Y
    silent = problem.decay is None and a.bias == "none" and all(s.homogeneity == 1 for s in a.hidden) and a.output_activation.is_identity
    kept = [i for i, x in enumerate(problem.samples.X) if any(x)]
    if not silent or not a.kinked_layers(1) or len(kept) in (0, problem.T) or not (error.name == "squared" or error.is_cross_entropy):
        return problem, loss
    rest = [[float(y) for y in targets[i]] for i in range(problem.T) if i not in set(kept)]
    if error.name == "squared":
        constant = sum(y * y for row in rest for y in row) / 2
    else:
        constant = len(rest) * (log(a.n_L) if error.family == "softmax" else a.n_L * log(2))
    samples = Samples.of([problem.samples.X[i] for i in kept], [targets[i] for i in kept])
    return replace(problem, samples=samples), (loss * problem.T - constant) / len(kept)


def _is_below(problem: Problem, weights: Weights, loss: float) -> bool:
    try:
        return bool(training_point(problem, weights).loss < _CLEARLY * loss)
    except NotDifferentiable:
        return False


def _rounded(problem: Problem, layers: list[LayerArrays], bits: int) -> Weights:
    """Return weights with so many significant bits in each entry."""

    def short(A: Array) -> Array:
        mantissa, exponent = np.frexp(A)
        return np.asarray(np.ldexp(np.round(mantissa * 2.0**bits), exponent - bits))

    return weights_of_layers(problem, [(short(W), short(b)) for W, b in layers])


@dataclass(frozen=True)
class _Scaling:
    """The problem with inputs ``(x − centre)/spread`` and targets ``(y − shift)/size``, as doubles."""

    problem: Problem
    centre: Array
    spread: Array
    shift: Array
    size: float

    @staticmethod
    def of(problem: Problem) -> _Scaling:
        a = problem.architecture
        if problem.decay is not None:
            return _Scaling(problem, np.zeros(a.widths[0]), np.ones(a.widths[0]), np.zeros(a.n_L), 1.0)
        X, Y = (np.array(table, dtype=float) for table in (problem.samples.X, problem.samples.Y))
        centre, spread, shift, size = np.zeros(X.shape[1]), np.ones(X.shape[1]), np.zeros(Y.shape[1]), 1.0
        if a.bias_rows_of(1) and a.bias_rows_of(a.L):
            centre, deviation = X.mean(axis=0), X.std(axis=0)
            spread = np.where(deviation > 0, deviation, 1.0)
            if a.output_activation.is_identity and problem.error.name == "squared" and Y.std() > 0:
                shift, size = Y.mean(axis=0), float(Y.std())
        inputs, targets = (X - centre) / spread, (Y - shift) / size
        if not (np.isfinite(inputs).all() and np.isfinite(targets).all() and np.isfinite(spread).all()):
            return _Scaling(problem, np.zeros(X.shape[1]), np.ones(X.shape[1]), np.zeros(Y.shape[1]), 1.0)
        scaled = size != 1 or bool(np.any(shift))
        samples = Samples.of(inputs.tolist(), targets.tolist() if scaled else problem.samples.Y)
        return _Scaling(replace(problem, samples=samples), centre, spread, shift, size)

    def undone(self, layers: list[LayerArrays]) -> list[LayerArrays]:
        """Return layers for the original samples from those for the scaled ones."""
        (first, bias), last = layers[0], len(layers) - 1
        found = [(first / self.spread[:, None], bias - (self.centre / self.spread) @ first), *layers[1:]]
        found[last] = (found[last][0] * self.size, found[last][1] * self.size + self.shift)
        return found
