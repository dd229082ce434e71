"""A naive twin of the kernel's losses: plain loops over mpmath numbers, written apart from it; derivatives are taken by differences."""

from __future__ import annotations

import mpmath

from cases.kernel_twin import activations, biases, number, value


def error_value(name, phi, y):
    """``E(φ, y)`` of one sample."""
    family, _, parameter = name.partition(":")
    beta = number(parameter) if parameter else None
    if family == "softmax":
        top = max(phi)
        return top + mpmath.log(sum(mpmath.exp(x - top) for x in phi)) - sum(t * x for t, x in zip(y, phi, strict=True))
    one = {
        "squared": lambda x, t: (x - t) ** 2 / 2,
        "smooth-l1": lambda x, t: mpmath.sqrt((x - t) ** 2 + beta),
        "blake-zisserman": lambda x, t: -mpmath.log1p(mpmath.exp(-((x - t) ** 2)) + (beta - 1)),
        "cauchy": lambda x, t: mpmath.log1p((x - t) ** 2 / beta),
        "logistic": lambda x, t: max(x, mpmath.mpf(0)) + mpmath.log1p(mpmath.exp(-abs(x))) - t * x,
    }[family]
    return sum(one(x, t) for x, t in zip(phi, y, strict=True))


def loss_along(document, shift):
    """``J`` at the point moved by ``shift``, a list in the order of the rows of P."""
    problem = document["problem"]
    n, moves = problem["widths"], iter(shift)
    layers = []
    for l, part in enumerate(document["points"][0], start=1):
        W = [[number(x) for x in row] for row in part["W"]]
        b = [number(x) for x in part["b"]]
        for a in range(n[l]):
            for row in W:
                row[a] += next(moves)
            if biases(problem)[l - 1] == "trainable":
                b[a] += next(moves)
        layers.append((W, b))
    total = mpmath.mpf(0)
    for x, y in zip(problem["X"], problem["Y"], strict=True):
        phi = [number(q) for q in x]
        for l, (W, b) in enumerate(layers, start=1):
            name = activations(problem)[l - 1]
            phi = [value(name, sum(p * row[a] for p, row in zip(phi, W, strict=True)) + b[a]) for a in range(n[l])]
        total += error_value(problem["error"], phi, [number(q) for q in y])
    return total / len(problem["X"])


def along(document, curve):
    """``t ↦ J(W + Σ_k t^k δ_k)``."""
    return lambda t: loss_along(document, [sum(t**k * v[p] for k, v in curve.items()) for p in range(len(next(iter(curve.values()))))])


def weight_count(problem):
    """``N_net``."""
    n = problem["widths"]
    return sum((n[l - 1] + (biases(problem)[l - 1] == "trainable")) * n[l] for l in range(1, len(n)))
