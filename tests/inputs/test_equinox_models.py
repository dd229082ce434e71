"""MLPs of Equinox are read exactly and compared with their own outputs."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.model_cases import X, Y, problem_of_model, read_and_compare

import lossproof as lp

jax = pytest.importorskip("jax")
eqx = pytest.importorskip("equinox")
jnp = jax.numpy
KEYS = jax.random.split(jax.random.PRNGKey(0), 3)

ACTIVATIONS = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "sin": jnp.sin,
}


def mlp(activation=jnp.tanh, **options):
    return eqx.nn.MLP(2, 1, 3, 2, activation=activation, key=KEYS[0], **options)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_mlp(name):
    model = mlp(ACTIVATIONS[name])
    network, _, weights = read_and_compare(model)
    assert (network.widths, network.activation, network.output_activation) == ((2, 3, 3, 1), name, "identity")
    for layer, read in zip(model.layers, weights.layers, strict=True):
        assert tuple(tuple(Fraction(float(x)) for x in row) for row in np.asarray(layer.weight).T) == read.W


def test_a_sequential_and_a_last_function():
    nn = eqx.nn
    layers = [nn.Linear(2, 3, key=KEYS[0]), nn.Lambda(jnp.tanh), nn.Identity(), nn.Linear(3, 1, key=KEYS[1])]
    assert read_and_compare(nn.Sequential(layers))[0].widths == (2, 3, 1)
    assert read_and_compare(nn.Sequential([nn.Sequential(layers[:2]), layers[3]]))[0].widths == (2, 3, 1)
    problem, _, _ = problem_of_model(mlp(final_activation=jax.nn.sigmoid), X, Y, error="bce")
    assert problem.architecture.output_activation.name == "identity"
    assert read_and_compare(mlp(use_bias=False, use_final_bias=False))[0].bias == "none"


def test_layers_that_differ_are_read_as_they_are():
    nn = eqx.nn
    assert read_and_compare(mlp(use_bias=False))[0].bias == ("none", "none", "trainable")
    layers = [
        nn.Linear(2, 3, key=KEYS[0]),
        nn.Lambda(jnp.tanh),
        nn.Linear(3, 3, key=KEYS[1]),
        nn.Lambda(jax.nn.relu),
        nn.Linear(3, 1, key=KEYS[0]),
    ]
    assert read_and_compare(nn.Sequential(layers))[0].activation == ("tanh", "relu")


def test_its_arrays_as_a_pytree():
    model = mlp()
    held = [(layer.weight.T, layer.bias) for layer in model.layers]
    assert problem_of_model(held, X, Y, "tanh")[:2] == problem_of_model(model, X, Y)[:2]
    half = [(W.astype(jnp.bfloat16), b.astype(jnp.bfloat16)) for W, b in held]
    assert problem_of_model(half, X, Y, "tanh")[1].layers[0].b == tuple(Fraction(float(x)) for x in half[0][1])


nn = eqx.nn
layer = nn.Linear(2, 2, key=KEYS[0])
REFUSED = {
    "gelu": (lambda: mlp(jax.nn.gelu), "must be a function of jax.nn or jax.numpy that lossproof has, got gelu"),
    "lambda": (lambda: mlp(lambda z: jnp.tanh(z)), "got <lambda>"),
    "norm": (lambda: nn.Sequential([nn.Linear(2, 3, key=KEYS[0]), nn.LayerNorm(3)]), "got a LayerNorm as layer 2"),
    "tied": (lambda: nn.Sequential([layer, nn.Lambda(jnp.tanh), layer]), "must not share weights"),
    "scalars": (lambda: nn.MLP("scalar", 1, 3, 1, key=KEYS[0]), "Linear of scalars"),
    "mixed": (lambda: nn.Sequential([nn.Linear(2, 2, key=KEYS[0]), nn.Linear(2, 1, dtype=jnp.float16, key=KEYS[1])]), "float16, float32"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    make, message = REFUSED[name]
    with pytest.raises(lp.InputError, match=message):
        lp.check_model(make(), X, Y)
