"""Activations of all families, by how often they can be differentiated everywhere."""

from __future__ import annotations

SMOOTH = (
    "identity", "power:1", "power:2", "power:3", "power:16", "tanh", "sigmoid", "softplus", "silu", "swish:3/2", "mish", "bent-identity", "gelu", "arctan",
    "erf", "sin",
)  # fmt: skip
ONCE = ("softsign", "elu")
KINKED = ("relu", "leaky-relu:1/10", "hard-tanh")
NAMES = (*SMOOTH, *ONCE, *KINKED)
