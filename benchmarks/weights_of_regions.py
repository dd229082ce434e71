"""The weights of the proofs about regions, in doubles: networks that are affine or constant in their inputs, and local minima."""

from __future__ import annotations

import itertools

import numpy as np

from benchmarks.networks_by_hand import ACTIVATIONS, Array, Layers, Network, best_constant, probabilities

_REST = 1.0
_SMALL = 0.02
_CURVED = 0.5


def affine_network(network: Network) -> Layers:
    """Return weights with which all units stay near 1, where σ is the identity, and the network is the best affine map; its hidden layers are no narrower."""
    inputs = np.column_stack([network.X, np.ones(len(network.X))])
    fit = np.linalg.lstsq(inputs, network.Y, rcond=None)[0] if network.error == "squared" else best_affine_logits(network, inputs)
    n_L, scale = fit.shape[1], 0.5 / max(1.0, float(np.abs(inputs @ fit).max()))
    layers = []
    for k, (m, n) in enumerate(itertools.pairwise(network.widths)):
        W, b = np.zeros((m, n)), np.full(n, _REST)
        W[:, :n_L] = scale * fit[:-1] if k == 0 else np.eye(m, n_L)
        b[:n_L] = _REST + scale * fit[-1] if k == 0 else 0.0
        layers.append((W, b))
    layers[-1] = (np.eye(network.widths[-2], n_L) / scale, np.full(n_L, -_REST / scale))
    return layers


def gated_network(network: Network, direction: Array) -> Layers:
    """Return weights without biases, all of whose hidden units lie near a direction, so that they share their signs, with the best map of such weights."""
    u = direction / np.abs(direction).max()
    slopes = ACTIVATIONS[network.activation][0](np.array([1.0, -1.0])) * [1.0, -1.0]
    gated = network.X * np.where(network.X @ u > 0, slopes[0], slopes[1])[:, None]
    B = np.linalg.lstsq(gated, network.Y, rcond=None)[0]
    left, sizes, right = np.linalg.svd(B, full_matrices=False)
    far = [abs(x @ u) / np.abs(x).sum() for x in network.X if np.any(x)]
    eta, r = 0.5 * min(far), len(sizes)
    W = np.tile(u[:, None], (1, network.widths[1]))
    W[:, 1 : r + 1] += eta * left
    V = np.zeros((network.widths[1], B.shape[1]))
    V[1 : r + 1] = sizes[:, None] * right / eta
    V[0] = -V[1 : r + 1].sum(axis=0)
    return [(W, np.zeros(network.widths[1])), (V, np.zeros(B.shape[1]))]


def best_affine_logits(network: Network, inputs: Array) -> Array:
    """Return the affine logits of least loss by Newton's method; they are attained where the samples are not separable, even weakly."""
    n_L = network.Y.shape[1]
    A = np.zeros((inputs.shape[1], n_L))
    for _ in range(100):
        P = probabilities(inputs @ A, network.error)
        curvature = np.einsum("ti,ij->tij", P, np.eye(n_L)) - np.einsum("ti,tj->tij", P, P)
        if network.error == "logistic":
            curvature = np.einsum("ti,ij->tij", P * (1 - P), np.eye(n_L))
        H = np.einsum("ta,tb,tij->aibj", inputs, inputs, curvature).reshape(A.size, A.size)
        step = np.linalg.lstsq(H, (inputs.T @ (P - network.Y)).ravel(), rcond=1e-12)[0].reshape(A.shape)
        A -= step * min(1.0, 1.0 / max(1e-300, float(np.abs(inputs @ step).max())))
    return A


def dead_network(network: Network, rng: np.random.Generator) -> Layers:
    """Return random weights but for one hidden layer, whose units rest where σ is constant, and the best constant output."""
    layers = [(rng.normal(size=(m, n)), rng.normal(size=n)) for m, n in itertools.pairwise(network.widths)]
    place = int(rng.integers(len(layers) - 1))
    layers[place] = (np.zeros_like(layers[place][0]), np.full(network.widths[place + 1], -2.0))
    phi = network.X
    for W, b in layers[:-1]:
        phi = ACTIVATIONS[network.activation][0](phi @ W + b)
    W = layers[-1][0]
    return [*layers[:-1], (W, best_constant(network) - (phi @ W)[0])]


def silent_network(network: Network, direction: Array, rng: np.random.Generator) -> Layers:
    """Return random weights without biases but for the first layer, all of whose units lead along a direction that all inputs are against."""
    layers = [(rng.normal(size=(m, n)), np.zeros(n)) for m, n in itertools.pairwise(network.widths)]
    layers[0] = (np.tile((direction / np.abs(direction).max())[:, None], network.widths[1]), layers[0][1])
    return layers


def constant_networks(network: Network, u: Array) -> list[Layers]:
    """Return the two constant networks of the proof, one for each sign of the last layer: ``W_1 = 0``, entries η between, rows ``±u`` at the end."""
    value = float(ACTIVATIONS[network.activation][0](np.array(_CURVED)))
    found = []
    for sign in (1.0, -1.0):
        layers = [(np.zeros((network.widths[0], network.widths[1])), np.full(network.widths[1], _CURVED))]
        for l, (m, n) in enumerate(itertools.pairwise(network.widths[1:]), start=2):
            last = l == len(network.widths) - 1
            W = np.tile(sign * u, (m, 1)) if last else np.full((m, n), _SMALL)
            layers.append((W, (best_constant(network) if last else np.full(n, _CURVED)) - value * W.sum(axis=0)))
        found.append(layers)
    return found
