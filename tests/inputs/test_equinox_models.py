"""MLPs of Equinox are read exactly and compared with their own outputs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

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
    "tanh ": lambda z: jnp.tanh(z),
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "elu": jax.nn.elu,
    "mish": jax.nn.mish,
    "hard-tanh": jax.nn.hard_tanh,
    "leaky-relu:1/4": lambda z: jax.nn.leaky_relu(z, 0.25),
}


def mlp(activation=jnp.tanh, **options):
    return eqx.nn.MLP(2, 1, 3, 2, activation=activation, key=KEYS[0], **options)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_mlp(name):
    model = mlp(ACTIVATIONS[name])
    network, _, weights = read_and_compare(model)
    assert (network.widths, network.activation, network.output_activation) == ((2, 3, 3, 1), name.strip(), "identity")
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


class Written(eqx.Module):
    """A model of a user: its call for one sample is a field."""

    call: Callable[..., Any] = eqx.field(static=True)
    A: jax.Array
    b: jax.Array
    C: jax.Array

    def __call__(self, x):
        return self.call(self, x)


def written(call, *shapes):
    return Written(call, *(jax.random.normal(key, shape) for key, shape in zip(KEYS, shapes or ((3, 2), (3,), (1, 3)), strict=True)))


WRITTEN = {
    "matrix first": (lambda m, x: m.C @ jnp.tanh(m.A @ x + m.b),),
    "bias first": (lambda m, x: m.C @ jnp.tanh(m.b + m.A @ x),),
    "sample first": (lambda m, x: jnp.tanh(x @ m.A + m.b) @ m.C, (2, 3), (3,), (3, 1)),
    "transposed": (lambda m, x: jnp.tanh(x @ m.A.T + m.b) @ m.C.T,),
    "transposed matrix first": (lambda m, x: m.C.T @ jnp.tanh(m.A.T @ x + m.b), (2, 3), (3,), (3, 1)),
    "square": (lambda m, x: m.C @ jnp.tanh(m.A @ x + m.b), (2, 2), (2,), (1, 2)),
    "square transposed": (lambda m, x: m.C @ jnp.tanh(m.A.T @ x + m.b), (2, 2), (2,), (1, 2)),
    "one number": (lambda m, x: (m.C @ jnp.tanh(m.A @ x + m.b))[0],),
    "scaled": (lambda m, x: 2 * (m.C @ jnp.tanh(m.A @ x + m.b)) / 3,),
    "compiled": (jax.jit(lambda m, x: m.C @ jnp.tanh(m.A @ x + m.b)),),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_modules_of_a_user(name):
    model = written(*WRITTEN[name])
    network, _, weights = read_and_compare(model)
    assert (network.activation, network.bias, network.widths[::2]) == ("tanh", ("trainable", "none"), (2, 1))
    assert {abs(x) for row in weights.layers[0].W for x in row} == {abs(Fraction(float(x))) for x in np.asarray(model.A).flat}


def test_a_module_of_layers_and_its_check():
    class Net(eqx.Module):
        inner: list
        name: str
        drop: eqx.nn.Dropout

        def __call__(self, x):
            return self.inner[1](self.drop(jax.nn.silu(self.inner[0](x))))

    model = Net([nn.Linear(2, 3, key=KEYS[0]), nn.Linear(3, 1, key=KEYS[1])], "net", nn.Dropout(0.5, inference=True))
    report = lp.check_model(model, X, Y, error="mse", search="none")
    assert lp.verify(report.certificate.text).ok
    assert report.problem.architecture.activation.name == "silu"


@jax.custom_jvp
def straight(z):
    return jnp.tanh(z)


straight.defjvp(lambda z, t: (jnp.tanh(z[0]), t[0]))
tied = written(WRITTEN["matrix first"][0], (2, 2), (2,), (2, 2))


def test_weights_behind_a_stopped_gradient_are_frozen():
    stop = jax.lax.stop_gradient
    model = written(lambda m, x: m.C @ jnp.tanh(stop(m.A) @ x + stop(m.b)))
    problem, _, notes = problem_of_model(model, X, Y)
    assert (problem.architecture.widths, problem.architecture.bias) == ((3, 1), "none")
    assert "The first layer is frozen" in notes[0]
    with pytest.raises(lp.InputError, match="a frozen weight of an Equinox model must come with a frozen bias, got A"):
        problem_of_model(written(lambda m, x: m.C @ jnp.tanh(stop(m.A) @ x + m.b)), X, Y)


REFUSED = {
    "skip": (lambda: written(lambda m, x: m.A @ x + jnp.tanh(m.A @ x)), "got the step dot_general after A.*without skip connections"),
    "chain": (lambda: written(lambda m, x: m.C @ ((z := m.A @ x) + jnp.tanh(z))), "got the step add after tanh.*without skip connections"),
    "one array twice": (lambda: eqx.tree_at(lambda m: m.C, tied, tied.A), "must not share weights"),
    "own derivative": (
        lambda: written(lambda m, x: m.C @ straight(m.A @ x)),
        "got the step tanh after A and before C: a derivative that is defined apart",
    ),
    "scaled between activations": (
        lambda: written(lambda m, x: jnp.tanh(2 * jnp.tanh(m.C @ jnp.tanh(m.A @ x)))),
        "a normalisation of an Equinox model must come before or after a linear layer, got mul after tanh",
    ),
    "a layer after a number": (lambda: written(lambda m, x: m.b * (m.C @ jnp.tanh(m.A @ x))[0]), "got the step mul"),
    "statistics": (
        lambda: nn.Sequential([layer, nn.BatchNorm(2, axis_name="batch", mode="batch")]),
        "a layer in it whose statistics are kept apart, such as BatchNorm",
    ),
    "batch": (lambda: written(lambda m, X: jax.vmap(lambda x: m.C @ jnp.tanh(m.A @ x))(X)), "a function of one sample that JAX can trace"),
    "no weights": (lambda: nn.Identity(), "floats of one type, of 16 to 64 bits, got none"),
    "norm": (
        lambda: nn.Sequential([nn.Linear(2, 3, key=KEYS[0]), nn.LayerNorm(3)]),
        "in eqx.nn.LayerNorm after layers.0.weight.*on all units",
    ),
    "a dropout in training": (
        lambda: nn.Sequential([layer, nn.Dropout(0.5)]),
        r"Dropout requires a key.*call eqx.nn.inference_mode\(model\) first",
    ),
    "tied": (lambda: nn.Sequential([layer, nn.Lambda(jnp.tanh), layer]), "must not share weights"),
    "scalars": (lambda: nn.MLP("scalar", 1, 3, 1, key=KEYS[0]), "must have scalar shape"),
    "mixed": (lambda: nn.Sequential([nn.Linear(2, 2, key=KEYS[0]), nn.Linear(2, 1, dtype=jnp.float16, key=KEYS[1])]), "float16, float32"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    make, message = REFUSED[name]
    with pytest.raises(lp.InputError, match=message):
        lp.check_model(make(), X, Y)


def test_primitives_of_activations_depend_on_the_number_of_axes_alone():
    from lossproof.certificates.inputs.jax_activations import _functions, _pattern, _primitives

    kind = jnp.dtype("float32")
    wide = bool(jax.config.jax_enable_x64)
    for axes in (1, 2):
        known = dict(_primitives(axes, kind, wide=wide))
        assert len(known) == len(_functions(kind))
        for place, primitives in known.items():
            for shape in ((1,) * axes, (2,) * axes, (7, 1)[-axes:], (9,) * axes):
                steps = _pattern(place, shape, kind, wide=wide)[1].graph.steps
                assert tuple(step.primitive for step in steps) == primitives


def test_widths_that_all_differ_trace_no_more_than_the_activation_that_is_there():
    from lossproof.certificates.inputs.jax_activations import _pattern, _primitives

    class Pyramid(eqx.Module):
        layers: list[Any]

        def __call__(self, x):
            for layer in self.layers[:-1]:
                x = jax.nn.silu(layer(x))
            return self.layers[-1](x)

    widths = (2, 17, 16, 15, 14, 13, 12, 1)
    model = Pyramid([eqx.nn.Linear(*pair, key=KEYS[0]) for pair in itertools.pairwise(widths)])
    _primitives(1, model.layers[0].weight.dtype, wide=bool(jax.config.jax_enable_x64))
    before = _pattern.cache_info().misses
    assert read_and_compare(model)[0].widths == widths
    assert _pattern.cache_info().misses - before <= len(widths)


def test_an_activation_of_a_single_number():
    class Net(eqx.Module):
        first: Any

        def __call__(self, x):
            return jax.nn.softplus(jnp.squeeze(self.first(x)))

    assert read_and_compare(Net(eqx.nn.Linear(2, 1, key=KEYS[0])))[0].output_activation == "softplus"


@pytest.mark.parametrize("divided", [False, True])
def test_a_sum_of_units_is_a_layer_of_constants(divided):
    class Committee(eqx.Module):
        first: Any

        def __call__(self, x):
            return (jnp.mean if divided else jnp.sum)(jnp.tanh(self.first(x)))

    problem, _, _ = problem_of_model(Committee(eqx.nn.Linear(2, 4, key=KEYS[0])), X, Y, error="mse")
    assert (str(problem.architecture), problem.architecture.frozen) == ("2-4-1", (2,))
    assert ((Fraction(1, 4 if divided else 1),),) * 4 == problem.frozen[1].W
