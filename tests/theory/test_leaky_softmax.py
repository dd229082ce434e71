"""The inequality by which leaky-relu with softmax has few local minima on separable samples (docs/deciding.md), on random problems."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize("seed", range(8))
def test_the_gradient_by_a_pattern_is_not_0(seed):
    """``⟨Σ_i s(i) x̃_i ε_iᵀ, U⟩ = Σ_i s(i) Σ_j p_j (u_j − u_c)·x̃_i < 0`` for logits U that separate the samples, whatever the network gives."""
    rng, T, n, classes = np.random.default_rng(seed), 30, 4, 3 + seed % 3
    x = np.hstack([rng.normal(size=(T, n)), np.ones((T, 1))])
    U = rng.normal(size=(n + 1, classes))
    c = np.argmax(x @ U, axis=1)
    logits, s = 3 * rng.normal(size=(T, classes)), np.where(rng.random(T) < 0.5, 0.01, 1.0)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    G = (s[:, None] * x).T @ (p - np.eye(classes)[c])
    gaps = x @ U - (x @ U)[np.arange(T), c][:, None]
    assert np.sum(G * U) == pytest.approx(np.sum(s[:, None] * p * gaps))
    assert np.sum(G * U) < 0
    assert np.allclose(G.sum(axis=1), 0)
