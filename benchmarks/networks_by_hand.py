"""Networks written apart from the library, with identity output: their losses in doubles, for many weights at once, and in 100 digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from scipy.special import erf, expit, logsumexp

Array = np.ndarray
Layers = list[tuple[Array, Array]]
"""Weights of shape ``(…, n_{l-1}, n_l)`` and biases ``(…, n_l)``, layer by layer."""
DIGITS = 100

ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Any], Any]]] = {
    "tanh": (np.tanh, mpmath.tanh),
    "sigmoid": (expit, lambda z: 1 / (1 + mpmath.exp(-z))),
    "softplus": (lambda z: np.logaddexp(0, z), lambda z: mpmath.log1p(mpmath.exp(z))),
    "arctan": (np.arctan, mpmath.atan),
    "gelu": (lambda z: z * (1 + erf(z / np.sqrt(2))) / 2, lambda z: z * mpmath.ncdf(z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z: max(z, mpmath.mpf(0))),
    "leaky-relu": (lambda z: np.where(z > 0, z, z / 100), lambda z: z if z > 0 else z / 100),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))), lambda z: z if z > 0 else mpmath.expm1(z)),
    "hard-tanh": (lambda z: np.clip(z, -1, 1), lambda z: max(min(z, mpmath.mpf(1)), mpmath.mpf(-1))),
}
"""Activations in doubles and in mpmath."""


@dataclass(frozen=True)
class Network:
    """An architecture, an error and samples; ``bias`` is ``"trainable"`` or ``"none"`` (then all biases are 0)."""

    X: Array
    Y: Array
    widths: tuple[int, ...]
    activation: str
    error: str
    bias: str = "trainable"

    def outputs(self, layers: Layers) -> Array:
        """Return the outputs on the samples for each choice of weights, in doubles."""
        phi = self.X
        for k, (W, b) in enumerate(layers):
            z = phi @ W + b[..., None, :]
            phi = z if k == len(layers) - 1 else ACTIVATIONS[self.activation][0](z)
        return phi

    def loss(self, layers: Layers) -> Array:
        """Return the loss of each choice of weights."""
        return self.loss_of(self.outputs(layers))

    def loss_of(self, outputs: Array) -> Array:
        """Return the loss of outputs."""
        return np.asarray(errors(outputs, self.Y, self.error).sum(axis=-1) / len(self.X))

    def centred(self, outputs: Array) -> Array:
        """Return outputs after Newton's steps of the output biases, which take back what changes the mean."""
        Z = outputs
        for _ in range(20):
            P = probabilities(Z, self.error)
            slope = np.ones_like(P) if self.error == "squared" else P * (1 - P)
            Z = Z - (P - self.Y).mean(axis=-2, keepdims=True) / slope.mean(axis=-2, keepdims=True)
        return Z


def errors(Z: Array, Y: Array, error: str) -> Array:
    """Return the error of each sample, outputs and targets in the last axis."""
    if error == "squared":
        return np.asarray(((Z - Y) ** 2).sum(axis=-1) / 2)
    if error == "logistic":
        return np.asarray((np.logaddexp(0, Z) - Y * Z).sum(axis=-1))
    return np.asarray(logsumexp(Z, axis=-1) - (Y * Z).sum(axis=-1))


def probabilities(Z: Array, error: str) -> Array:
    """Return the outputs, or the probabilities of logits: ``∇E`` is their difference to the targets."""
    if error == "squared":
        return Z
    return np.asarray(expit(Z) if error == "logistic" else np.exp(Z - logsumexp(Z, axis=-1, keepdims=True)))


def best_constant(network: Network) -> Array:
    """Return the constant output of least loss: the mean of the targets, or its logits; without biases 0."""
    if network.bias == "none":
        return np.zeros(network.Y.shape[1])
    mean = network.Y.mean(axis=0)
    if network.error == "squared":
        return np.asarray(mean)
    return np.asarray(np.log(mean / (1 - mean)) if network.error == "logistic" else np.log(mean))


def rise_nearby(network: Network, layers: Layers, size: float, count: int, rng: np.random.Generator) -> float:
    """Return the least change of the loss at so many random weights nearby, at distances from a size to a thousandth of it.

    The first layer is moved, and every other one half the time; output biases, if there are any, are taken as moved and as the best ones.
    """
    sizes, free = size * 10.0 ** -rng.uniform(0, 3, size=count), float(network.bias == "trainable")
    here, near = network.loss(layers), []
    for k, (W, b) in enumerate(layers):
        moving = np.where((rng.random(count) < 0.5) | (k == 0), sizes, 0.0)
        moved = W + moving[:, None, None] * rng.normal(size=(count, *W.shape))
        near.append((moved, b + free * moving[:, None] * rng.normal(size=(count, *b.shape))))
    outputs = network.outputs(near)
    losses = [network.loss_of(outputs)] + ([network.loss_of(network.centred(outputs))] if free else [])
    return float((np.minimum.reduce(losses) - here).min())


def exact(x: Any) -> mpmath.mpf:
    """Return a rational number, or a double, in the working precision."""
    return mpmath.mpf(x.numerator) / x.denominator if hasattr(x, "numerator") else mpmath.mpf(float(x))


@dataclass(frozen=True)
class Digits:
    """A number with 100 digits, which may be compared with a rational one."""

    value: mpmath.mpf

    def __lt__(self, other: Any) -> bool:
        with mpmath.workdps(DIGITS):
            return bool(self.value < exact(other))


def loss_in_digits(network: Network, layers: Sequence[Any]) -> Digits:
    """Return the loss with 100 digits, of layers with exact entries ``W`` and ``b``."""
    with mpmath.workdps(DIGITS):
        total = mpmath.mpf(0)
        for x, y in zip(network.X.tolist(), network.Y.tolist(), strict=True):
            phi = [exact(q) for q in x]
            for k, layer in enumerate(layers):
                z = [sum((p * exact(row[j]) for p, row in zip(phi, layer.W, strict=True)), _bias(layer, j)) for j in range(len(layer.W[0]))]
                phi = z if k == len(layers) - 1 else [ACTIVATIONS[network.activation][1](q) for q in z]
            total += _error_in_digits(phi, [exact(q) for q in y], network.error)
        return Digits(total / len(network.X))


def _bias(layer: Any, j: int) -> mpmath.mpf:
    return mpmath.mpf(0) if layer.b is None else exact(layer.b[j])


def _error_in_digits(z: Sequence[Any], y: Sequence[Any], error: str) -> mpmath.mpf:
    pairs = list(zip(z, y, strict=True))
    if error == "squared":
        return sum((p - q) ** 2 for p, q in pairs) / 2
    if error == "logistic":
        return sum(mpmath.log1p(mpmath.exp(p)) - q * p for p, q in pairs)
    return mpmath.log(sum(mpmath.exp(p) for p in z)) - sum(q * p for p, q in pairs)
