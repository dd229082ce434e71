"""Networks by hand for attacks on bad local minima: the loss in doubles and in 100 digits, apart from the library's own passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
from scipy.special import ndtr

Layers = list[tuple[np.ndarray, np.ndarray]]
DIGITS = 100
FUNCTIONS = {
    "identity": (lambda z: z, lambda z: z),
    "tanh": (np.tanh, mpmath.tanh),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (1 + mpmath.exp(-z))),
    "softplus": (lambda z: np.logaddexp(0, z), lambda z: mpmath.log1p(mpmath.exp(z))),
    "arctan": (np.arctan, mpmath.atan),
    "erf": (np.vectorize(lambda z: float(mpmath.erf(z))), mpmath.erf),
    "relu": (lambda z: np.maximum(z, 0), lambda z: max(z, mpmath.mpf(0))),
    "leaky-relu": (lambda z: np.where(z > 0, z, z / 100), lambda z: z if z > 0 else z / 100),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))), lambda z: z if z > 0 else mpmath.expm1(z)),
    "gelu": (lambda z: z * ndtr(z), lambda z: z * mpmath.ncdf(z)),
    "silu": (lambda z: z / (1 + np.exp(-z)), lambda z: z / (1 + mpmath.exp(-z))),
    "sin": (np.sin, mpmath.sin),
    "softsign": (lambda z: z / (1 + np.abs(z)), lambda z: z / (1 + abs(z))),
    "hard-tanh": (lambda z: np.clip(z, -1, 1), lambda z: max(min(z, mpmath.mpf(1)), mpmath.mpf(-1))),
}
"""Activations in doubles and in mpmath."""


ERRORS = {
    "squared": (lambda r: r * r / 2, lambda r: r * r / 2),
    "cauchy": (lambda r: np.log1p(r * r), lambda r: mpmath.log1p(r * r)),
}
"""Errors of one residual in doubles and in mpmath."""


def loss_in_doubles(X: Any, Y: Any, layers: Layers, activation: str) -> float:
    """The squared loss of a network with identity output."""
    phi = np.array(X, dtype=float)
    for k, (W, b) in enumerate(layers):
        z = phi @ W + b
        phi = z if k == len(layers) - 1 else FUNCTIONS[activation][0](z)
    return float(((phi - np.array(Y, dtype=float)) ** 2).sum() / (2 * len(phi)))


def exact(x: Any) -> mpmath.mpf:
    """A rational number, or a double, in the working precision."""
    return mpmath.mpf(x.numerator) / x.denominator if hasattr(x, "numerator") else mpmath.mpf(float(x))


def loss_in_digits(X: Any, Y: Any, layers: Sequence[Any], activation: str, error: str = "squared") -> mpmath.mpf:
    """The loss with 100 digits; weights may be exact numbers."""
    with mpmath.workdps(DIGITS):
        total = mpmath.mpf(0)
        for x, y in zip(X, Y, strict=True):
            phi = [exact(q) for q in x]
            for k, (W, b) in enumerate(layers):
                z = [sum((p * exact(row[j]) for p, row in zip(phi, W, strict=True)), exact(b[j])) for j in range(len(b))]
                phi = z if k == len(layers) - 1 else [FUNCTIONS[activation][1](q) for q in z]
            total += sum(ERRORS[error][1](p - exact(q)) for p, q in zip(phi, y, strict=True))
        return total / len(X)


def with_best_output_bias(X: Any, Y: Any, layers: Layers, activation: str) -> Layers:
    """The same weights with the output biases that make the mean of the outputs that of the targets."""
    phi = np.array(X, dtype=float)
    for W, b in layers[:-1]:
        phi = FUNCTIONS[activation][0](phi @ W + b)
    W, _ = layers[-1]
    return [*layers[:-1], (W, (np.array(Y, dtype=float) - phi @ W).mean(axis=0))]


def disturbed(layers: Layers, size: float, rng: np.random.Generator) -> Layers:
    """Weights nearby, in a random direction."""
    return [(W + size * rng.normal(size=W.shape), b + size * rng.normal(size=b.shape)) for W, b in layers]


def rise_nearby(X: Any, Y: Any, layers: Layers, activation: str, *, size: float, count: int, seed: int = 0) -> float:
    """The least change of the loss at so many random points nearby, of several distances up to a size."""
    rng, here = np.random.default_rng(seed), loss_in_doubles(X, Y, layers, activation)
    sizes = size * 10.0 ** -rng.uniform(0, 3, size=count)
    return min(loss_in_doubles(X, Y, disturbed(layers, r, rng), activation) - here for r in sizes)


def losses_in_doubles(X: Any, Y: Any, layers: Layers, activation: str, error: str) -> np.ndarray:
    """The losses of many networks at once: weights have a first axis for these."""
    phi = np.array(X, dtype=float)
    for k, (W, b) in enumerate(layers):
        z = phi @ W + b[:, None, :]
        phi = z if k == len(layers) - 1 else FUNCTIONS[activation][0](z)
    return ERRORS[error][0](phi - np.array(Y, dtype=float)).sum(axis=-1).mean(axis=-1)


def least_nearby(X: Any, Y: Any, layers: Layers, activation: str, error: str, radii: Sequence[float], count: int, *, biases: bool) -> float:
    """The least loss of so many networks around one, at several distances in random directions."""
    rng, n = np.random.default_rng(0), count // len(radii)
    shapes = [part.shape for layer in layers for part in layer]
    steps = [rng.normal(size=(len(radii) * n, *shape)) for shape in shapes]
    for step in () if biases else steps[1::2]:
        step[:] = 0
    lengths = np.sqrt(sum((step**2).reshape(len(step), -1).sum(axis=1) for step in steps))
    scale = np.repeat(np.array(radii), n) / lengths
    moved = [
        part + step * scale.reshape(-1, *[1] * part.ndim) for part, step in zip([p for layer in layers for p in layer], steps, strict=True)
    ]
    pairs = list(zip(moved[::2], moved[1::2], strict=True))
    return float(losses_in_doubles(X, Y, pairs, activation, error).min())
