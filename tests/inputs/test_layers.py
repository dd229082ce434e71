"""Scalings are folded into linear layers exactly, and what is no MLP is refused with the layers' names."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest

import lossproof as lp
from lossproof.certificates.inputs.layered_mlp import mlp_of
from lossproof.certificates.inputs.layers import Affine, Elementwise, Scaling


def rational(chance):
    return Fraction(chance.randint(-9, 9), chance.randint(1, 9))


def vector(chance, n):
    return [rational(chance) for _ in range(n)]


def scaling(chance, n, name="s"):
    shift = vector(chance, n)
    return Scaling(name, vector(chance, n), shift, [abs(t) for t in shift], free=True)


def affine(chance, n, m, name="a"):
    return Affine(name, [vector(chance, m) for _ in range(n)], vector(chance, m))


def applied(layers, x):
    """The layers one after another, with the square as activation, written out."""
    for layer in layers:
        if isinstance(layer, Affine):
            x = [
                sum((w * v for w, v in zip(column, x, strict=True)), Fraction(b))
                for column, b in zip(zip(*layer.W, strict=True), layer.b, strict=True)
            ]
        elif isinstance(layer, Scaling):
            x = [s * v + t for s, v, t in zip(layer.scale, x, layer.shift, strict=True)]
        elif layer.activation == "power:2":
            x = [v * v for v in x]
    return x


@pytest.mark.parametrize("seed", range(60))
def test_folding_changes_no_output(seed):
    chance = random.Random(seed)
    widths = [chance.randint(1, 3) for _ in range(chance.randint(2, 4))]
    layers = []
    for l, (n, m) in enumerate(pairwise(widths)):
        layers += [scaling(chance, n, f"before {l}.{k}") for k in range(chance.randint(0, 2))]
        layers.append(affine(chance, n, m, f"layer {l}"))
        layers += [scaling(chance, m, f"after {l}.{k}") for k in range(chance.randint(0, 2))]
        layers.append(Elementwise(f"act {l}", "power:2" if l < len(widths) - 2 else "identity"))
    mlp = mlp_of(layers, "a model")
    folded = []
    for l, (W, b) in enumerate(mlp.weights):
        folded += [Affine("f", W, b), Elementwise("g", "power:2" if l < len(mlp.linear) - 1 else "identity")]
    for _ in range(3):
        x = vector(chance, widths[0])
        assert applied(layers, x) == applied(folded, x)
    assert mlp.widths == tuple(widths)
    for layer in mlp.linear:
        assert layer.sizes is None or all(abs(b) <= size for b, size in zip(layer.b, layer.sizes, strict=True))


A, B = Affine("first", [[1]], [0]), Affine("second", [[1]], [0])
TANH, RELU = Elementwise("t", "tanh"), Elementwise("r", "relu")
C = Affine("third", [[1]], None)
ONE_A_LAYER = {
    "mixed": ([A, TANH, B, RELU, A], ("tanh", "relu"), "trainable"),
    "nothing in one place": ([A, B, RELU, A], ("identity", "relu"), "trainable"),
    "nothing in all places": ([A, B, A, RELU], "identity", "trainable"),
    "no bias in one place": ([A, TANH, C], "tanh", ("trainable", "none")),
    "all at once": ([C, RELU, B, C, TANH], ("relu", "identity"), ("none", "trainable", "none")),
    "a normalisation gives a bias": ([C, Scaling("n", [2], [1], [1], True), TANH, C], "tanh", ("trainable", "none")),
}


@pytest.mark.parametrize("name", ONE_A_LAYER)
def test_layers_that_differ_are_read_as_they_are(name):
    layers, activation, bias = ONE_A_LAYER[name]
    mlp = mlp_of(layers, "a model")
    assert (mlp.activation, mlp.bias) == (activation, bias)


REFUSED = {
    "no layers": ([], "at least one linear layer"),
    "activation first": ([TANH, A], "got t elsewhere"),
    "two activations": ([A, TANH, RELU], "got r elsewhere"),
    "softmax inside": ([A, Elementwise("p", "softmax"), B], "must be its last layer, got softmax of p"),
    "normalised last": ([A, TANH, Scaling("n", [1], [0], [0], True)], "must not be the last after an activation, got n"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    layers, message = REFUSED[name]
    with pytest.raises(lp.InputError, match=message):
        mlp_of(layers, "a model")
