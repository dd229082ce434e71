"""A search for local minima of networks with one hidden layer, in doubles, from a thousand starts at once.

It is written apart from the library, with derivatives by hand, so that it can attack what the library claims. Nothing here proves anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import erf, expit

Array = np.ndarray
Jet = Callable[[Array], tuple[Array, Array, Array]]
"""A function of one variable with its first two derivatives."""


def _tanh(z: Array) -> tuple[Array, Array, Array]:
    h = np.tanh(z)
    return h, 1 - h * h, -2 * h * (1 - h * h)


def _sigmoid(z: Array) -> tuple[Array, Array, Array]:
    h = expit(z)
    return h, h * (1 - h), h * (1 - h) * (1 - 2 * h)


def _softplus(z: Array) -> tuple[Array, Array, Array]:
    return np.logaddexp(0, z), expit(z), expit(z) * expit(-z)


def _erf(z: Array) -> tuple[Array, Array, Array]:
    slope = 2 / np.sqrt(np.pi) * np.exp(-z * z)
    return erf(z), slope, -2 * z * slope


def _bent_identity(z: Array) -> tuple[Array, Array, Array]:
    root = np.sqrt(z * z + 1)
    return (root - 1) / 2 + z, z / (2 * root) + 1, 1 / (2 * root**3)


ACTIVATIONS: dict[str, Jet] = {
    "identity": lambda z: (z, np.ones_like(z), np.zeros_like(z)),
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "arctan": lambda z: (np.arctan(z), 1 / (1 + z * z), -2 * z / (1 + z * z) ** 2),
    "erf": _erf,
    "bent-identity": _bent_identity,
}
ERRORS: dict[str, Callable[[Array, Array], tuple[Array, Array, Array]]] = {
    "squared": lambda f, y: ((f - y) ** 2 / 2, f - y, np.ones_like(f)),
    "logistic": lambda f, y: (np.logaddexp(0, f) - y * f, expit(f) - y, expit(f) * expit(-f)),
    "cauchy:1": lambda f, y: (np.log1p((f - y) ** 2), 2 * (f - y) / (1 + (f - y) ** 2), 2 * (1 - (f - y) ** 2) / (1 + (f - y) ** 2) ** 2),
}


@dataclass(frozen=True)
class Network:
    """``n_0-n_1-n_L`` with trainable biases on samples ``X, Y``; weights are vectors ``(W_1; b_1; W_2; b_2)``, ``W_l`` row by row, many of them as rows."""

    X: Array
    Y: Array
    units: int
    activation: str
    output_activation: str = "identity"
    error: str = "squared"

    @property
    def inputs(self) -> Array:
        """The inputs with a 1 appended to each."""
        return np.hstack([self.X, np.ones((len(self.X), 1))])

    @property
    def size(self) -> int:
        """How many weights there are."""
        return self.inputs.shape[1] * self.units + (self.units + 1) * self.Y.shape[1]

    def split(self, weights: Array) -> tuple[Array, Array]:
        """Return ``W_1`` and ``W_2`` with their biases in the last rows, for each row of weights."""
        width, n_L = self.inputs.shape[1], self.Y.shape[1]
        first = width * self.units
        return weights[:, :first].reshape(len(weights), width, self.units), weights[:, first:].reshape(len(weights), self.units + 1, n_L)

    def _passed(self, weights: Array) -> tuple[tuple[Array, Array, Array], Array, tuple[Array, Array, Array]]:
        """Return σ, σ', σ'' of the hidden layer, the output weights, and the errors of the samples with two derivatives by z_L."""
        W, V = self.split(weights)
        hidden = ACTIVATIONS[self.activation](self.inputs @ W)
        output, slope, bend = ACTIVATIONS[self.output_activation](hidden[0] @ V[:, :-1] + V[:, -1:])
        value, first, second = ERRORS[self.error](output, self.Y)
        return hidden, V[:, :-1], (value, first * slope, second * slope**2 + first * bend)

    def loss(self, weights: Array) -> Array:
        """Return the loss of each row of weights."""
        return np.asarray(self._passed(weights)[2][0].sum(axis=(1, 2)) / len(self.X))

    def is_in_reach(self, weights: Array) -> Array:
        """Tell whether all hidden ``|z| < 6`` and all slopes, of the outputs too, are above 1/100: beyond, doubles see a plateau or a line."""
        W, V = self.split(weights)
        z = self.inputs @ W
        h, slope, _ = ACTIVATIONS[self.activation](z)
        last = ACTIVATIONS[self.output_activation](h @ V[:, :-1] + V[:, -1:])[1]
        near = np.abs(z).max(axis=(1, 2)) < 6
        return np.asarray(near & (np.abs(slope).min(axis=(1, 2)) > 0.01) & (np.abs(last).min(axis=(1, 2)) > 0.01))

    def derivatives(self, weights: Array) -> tuple[Array, Array, Array]:
        """Return the losses, the gradients and the Hessians."""
        (h, slope, bend), V, (value, eps, curvature) = self._passed(weights)
        count, T, n_L, n_1, x = len(weights), len(self.X), self.Y.shape[1], self.units, self.inputs
        width = x.shape[1]
        features = np.concatenate([h, np.ones((count, T, 1))], axis=2)
        jacobian = np.zeros((count, T, n_L, self.size))
        first = np.einsum("btk,bko,tj->btojk", slope, V, x, optimize=True)
        jacobian[..., : width * n_1] = first.reshape(count, T, n_L, -1)
        for o in range(n_L):
            jacobian[:, :, o, width * n_1 + o :: n_L] = features
        flat = jacobian.reshape(count, T * n_L, -1)
        H = np.swapaxes(flat * curvature.reshape(count, -1, 1), 1, 2) @ flat
        second = np.einsum("bto,bko,btk,ti,tj->bkij", eps, V, bend, x, x, optimize=True)
        mixed = np.einsum("bto,btk,tj->bkoj", eps, slope, x, optimize=True)
        for k in range(n_1):
            own = slice(k, width * n_1, n_1)
            H[:, own, own] += second[:, k]
            for o in range(n_L):
                place = width * n_1 + k * n_L + o
                H[:, own, place] += mixed[:, k, o]
                H[:, place, own] += mixed[:, k, o]
        gradient = np.einsum("bt,btn->bn", eps.reshape(count, -1), flat)
        return value.sum(axis=(1, 2)) / T, gradient / T, H / T


def starts(network: Network, count: int, rng: np.random.Generator) -> Array:
    """Return weights of several sizes, a third of them with hidden units that are nearly constant on the samples."""
    W = rng.normal(size=(count, network.size)) * rng.choice([0.5, 1.0, 2.0], size=(count, 1))
    block = (network.inputs.shape[1] - 1) * network.units
    W[: count // 3, :block] *= 0.05
    return W


def descend(network: Network, weights: Array, iterations: int = 150) -> tuple[Array, Array, Array]:
    """Follow Newton steps with the absolute values of the eigenvalues, each with a damping of its own, always downwards.

    Returns the weights, their losses and the norms of the gradients. Rows that leave ``|W| ≤ 1000`` or have met ``|∇J| < 1e-12`` are left as they are.
    """
    W, damping = weights.copy(), np.full(len(weights), 1e-2)
    active = np.arange(len(W))
    losses, norms = np.full(len(W), np.inf), np.full(len(W), np.inf)
    for _ in range(iterations):
        J, g, H = network.derivatives(W[active])
        losses[active], norms[active] = J, np.linalg.norm(g, axis=1)
        going = (norms[active] > 1e-12) & (np.abs(W[active]).max(axis=1) < 1000) & (damping[active] < 1e12) & (J > 1e-14)
        active, J, g, H = active[going], J[going], g[going], H[going]
        if not active.size:
            break
        values, vectors = np.linalg.eigh(H)
        parts = np.einsum("bij,bi->bj", vectors, g) / (np.abs(values) + damping[active, None])
        tried = W[active] - np.einsum("bij,bj->bi", vectors, parts)
        better = network.loss(tried) < J
        W[active[better]] = tried[better]
        damping[active] = np.where(better, np.maximum(damping[active] / 5, 1e-14), damping[active] * 7)
    return W, losses, norms


@dataclass(frozen=True)
class Found:
    """What a search came to: the least loss, weights of the local minima looked for, and how many starts were left undone (flat or on the way to infinity)."""

    least: float
    minima: Array
    losses: Array
    undone: int


def search_bad_minima(network: Network, count: int, seed: int, iterations: int = 150) -> Found:
    """Look for local minima whose loss is clearly above the least one met, by 1e-4 and by 1 %."""
    return _search(network, count, seed, iterations, lambda least: max(least + 1e-4, 1.01 * least))


def search_minima(network: Network, count: int, seed: int, iterations: int = 150) -> Found:
    """Look for local minima of any loss above 1e-4, the least one met among them, where there should be none; below it doubles take a tail for a minimum."""
    return _search(network, count, seed, iterations, lambda least: 1e-4)


def _search(network: Network, count: int, seed: int, iterations: int, floor: Callable[[float], float]) -> Found:
    """Look for local minima above a loss that may depend on the least one met.

    A candidate has ``|∇J| < 1e-9``, no eigenvalue of the Hessian below ``−1e-7``, and weights `Network.is_in_reach`. As the Hessian may be singular, each is
    then disturbed by 1e-3 and 1e-2, forty times, and followed downwards: it is kept if no path ends clearly lower.
    """
    rng = np.random.default_rng(seed)
    W, losses, norms = descend(network, starts(network, count, rng), iterations)
    least = float(losses.min())
    above = losses > floor(least)
    settled = (norms < 1e-9) & network.is_in_reach(W)
    candidates = W[above & settled]
    if len(candidates):
        candidates = candidates[np.linalg.eigvalsh(network.derivatives(candidates)[2])[:, 0] > -1e-7]
    minima = [row for row in candidates[:20] if _stays(network, row, rng)]
    kept = np.array(minima).reshape(-1, network.size)
    return Found(least, kept, network.loss(kept), int((above & ~settled).sum()))


def _stays(network: Network, weights: Array, rng: np.random.Generator) -> bool:
    """Tell whether nothing lower is met from forty points nearby."""
    sizes = np.repeat([[1e-3], [1e-2]], 20, axis=0)
    near = weights + sizes * rng.normal(size=(40, network.size))
    _, losses, _ = descend(network, near, 100)
    return bool(losses.min() > network.loss(weights[None])[0] - 1e-6)
