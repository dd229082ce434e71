"""Small random problems of mixed families: the same for the same number."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

ACTIVATIONS = ("relu", "leaky-relu", "elu", "tanh", "sigmoid", "softplus", "sin", "gelu", "power:2", "identity")
WIDTHS = (
    (1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 2, 1), (1, 3, 1), (1, 2, 2), (2, 2, 2), (1, 1, 1, 1), (1, 2, 2, 1), (2, 1), (1, 1), (2, 3, 1),
)  # fmt: skip
ENDS = (
    {}, {}, {"error": "softmax"}, {}, {"bias": "none"}, {"error": "logistic"}, {}, {"error": "cauchy:1"}, {"bias": "none"},
    {"output_activation": "sigmoid"}, {"error": "softmax", "soft": "yes"}, {"output_activation": "tanh"},
)  # fmt: skip
"""What else a problem may have: an error, no bias, an output activation."""


def mixed_problem(number: int) -> tuple[tuple[int, ...], Any, Any, dict[str, str]]:
    """Return widths, inputs, targets and options of problem number ``number``; a quarter of them have repeated inputs."""
    rng = random.Random(number)
    widths, options = rng.choice(WIDTHS), dict(ENDS[number % len(ENDS)])
    options["activation"] = ACTIVATIONS[number % len(ACTIVATIONS)]
    soft = options.pop("soft", "") == "yes"
    if options.get("error") == "softmax":
        widths = (*widths[:-1], 2)
    T = rng.randint(2, 6)
    X = [[Fraction(rng.randint(-8, 8), 4) for _ in range(widths[0])] for _ in range(T)]
    if rng.randrange(4) == 0:
        X[-1] = X[0]
    Y = [_target(rng, widths[-1], options, soft=soft) for _ in X]
    return widths, X, Y, options


def _target(rng: random.Random, n: int, options: dict[str, str], *, soft: bool) -> list[Fraction]:
    if options.get("error") == "softmax":
        share = Fraction(rng.randint(1, 7), 8) if soft else Fraction(rng.randint(0, 1))
        return [share, 1 - share]
    if options.get("error") == "logistic" or options.get("output_activation") == "sigmoid":
        return [Fraction(rng.randint(0, 4), 4) for _ in range(n)]
    return [Fraction(rng.randint(-8, 8), 8) for _ in range(n)]
