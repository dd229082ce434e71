"""The kinds of critical points, and the signs of eigenvalues, in words."""

from __future__ import annotations

KIND_WORDS = {
    "global": "global minimum",
    "strict-minimum": "strict local minimum",
    "local-minimum": "local minimum",
    "saddle": "saddle",
    "higher-order-descent": "no minimum: higher-order descent",
    "undecided": "kind undecided",
    "not-critical": "not critical",
}
MINIMA = ("strict-minimum", "local-minimum")
SIGNS = ("negative", "zero", "positive", "undecided")
"""The signs of eigenvalues that an inertia counts."""
