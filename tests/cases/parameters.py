"""The parameters of a network in the order of the rows of ``P``."""

from __future__ import annotations


def perturbed(weights, place, step, field):
    """Return the weights with one entry of the parameter vector moved; ``place`` is ``(l, a, b)``, the bias last."""
    pairs = [(field.array(layer.W).copy(), field.array(layer.b).copy()) for layer in weights.layers]
    l, a, b = place
    W, bias = pairs[l - 1]
    if b < W.shape[0]:
        W[b, a] += step
    else:
        bias[a] += step
    return pairs


def places(architecture):
    """Return all parameters in the order of the rows of ``P``."""
    return [(l, a, b) for l in range(1, architecture.L + 1) for a in range(architecture.widths[l]) for b in range(architecture.fan_in(l))]
