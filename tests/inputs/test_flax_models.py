"""Modules of Flax are read in the graph that JAX traces of them, and compared with their own outputs."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from cases.model_cases import X, Y, check_refusal, problem_of_model, read_and_compare

import lossproof as lp
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate

jax = pytest.importorskip("jax")
nnx = pytest.importorskip("flax.nnx")
linen = pytest.importorskip("flax.linen")
jnp = jax.numpy

ACTIVATIONS = {
    "tanh": nnx.tanh,
    "relu": nnx.relu,
    "sigmoid": nnx.sigmoid,
    "silu": nnx.swish,
    "softplus": nnx.softplus,
    "softsign": nnx.soft_sign,
    "elu": nnx.elu,
    "mish": jax.nn.mish,
    "hard-tanh": nnx.hard_tanh,
    "sin": jnp.sin,
    "arctan": jnp.arctan,
    "erf": jax.scipy.special.erf,
    "power:2": jnp.square,
    "power:3": lambda z: z**3,
    f"leaky-relu:{Fraction(float(np.float32(0.01)))}": nnx.leaky_relu,
    "leaky-relu:1/4": lambda z: nnx.leaky_relu(z, 0.25),
    "gelu": lambda z: nnx.gelu(z, approximate=False),
    "swish:3/2": lambda z: z * nnx.sigmoid(1.5 * z),
    "silu ": lambda z: z * nnx.sigmoid(z),
    "elu ": lambda z: nnx.elu(z, 1.0),
    "relu ": lambda z: jnp.maximum(z, 0),
    "softplus ": lambda z: jnp.logaddexp(z, 0.0),
}


class Net(nnx.Module):
    """An MLP as users write it."""

    def __init__(self, activation=nnx.tanh, widths=(2, 3, 1), kind=jnp.float32, use_bias=True):
        rngs = nnx.Rngs(0)
        self.activation, self.drop = activation, nnx.Dropout(0.5, rngs=rngs)
        make = lambda n, m: nnx.Linear(n, m, use_bias=use_bias, dtype=kind, param_dtype=kind, rngs=rngs)  # noqa: E731
        self.last, self.first = make(*widths[1:]), make(*widths[:2])

    def __call__(self, x):
        return self.last(self.drop(self.activation(self.first(x))))


def net(*given, **options):
    model = Net(*given, **options)
    model.eval()
    return model


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_modules_of_a_user(name):
    model = net(ACTIVATIONS[name])
    network, _, weights = read_and_compare(model)
    assert (network.widths, network.activation, network.output_activation, network.bias) == (
        (2, 3, 1),
        name.strip(),
        "identity",
        "trainable",
    )
    assert tuple(tuple(Fraction(float(x)) for x in row) for row in np.asarray(model.first.kernel[...])) == weights.layers[0].W


@pytest.mark.parametrize("widths", [(1, 1, 1), (7, 7, 7), (2, 7, 2), (1, 7, 1), (3, 2, 1)])
def test_widths_that_rows_could_be_taken_for(widths):
    model = net(widths=widths)
    model.first.bias[...] = jnp.arange(1.0, widths[1] + 1)
    assert read_and_compare(model, np.arange(4.0 * widths[0]).reshape(4, widths[0]) / 8)[0].widths == widths


@pytest.mark.parametrize("kind", [jnp.float16, jnp.bfloat16])
def test_precisions_and_layers_without_bias(kind):
    network = read_and_compare(net(kind=kind, use_bias=False))[0]
    assert (network.bias, network.unit) == ("none", {"float16": 2.0**-11, "bfloat16": 2.0**-8}[jnp.dtype(kind).name])


def test_sequences_and_compiled_calls():
    rngs = nnx.Rngs(0)
    inner = nnx.Sequential(nnx.Linear(2, 3, rngs=rngs), nnx.tanh, nnx.Linear(3, 2, use_bias=False, rngs=rngs))
    model = nnx.Sequential(inner, jax.jit(lambda z: jax.nn.relu(z)), nnx.Linear(2, 1, rngs=rngs), nnx.sigmoid)
    network = read_and_compare(model)[0]
    assert (network.activation, network.output_activation) == (("tanh", "relu"), "sigmoid")
    assert network.bias == ("trainable", "none", "trainable")
    assert problem_of_model(model, X, Y, error="bce")[0].architecture.output_activation.name == "identity"
    assert read_and_compare(nnx.Linear(2, 1, rngs=rngs))[0].widths == (2, 1)


def normalised(kind, train=False, **settings):
    """Return a model whose batch normalisation has statistics, gains and shifts of its own."""
    rngs, numbers = nnx.Rngs(0), np.random.default_rng(0)
    make = lambda n, m: nnx.Linear(n, m, dtype=kind, param_dtype=kind, rngs=rngs)  # noqa: E731
    norm = nnx.BatchNorm(3, dtype=kind, param_dtype=kind, epsilon=1e-3, rngs=rngs, **settings)
    for part in (norm.mean, norm.var, *(part for part in (norm.scale, norm.bias) if part is not None)):
        part[...] = jnp.asarray(numbers.uniform(0.5, 2, 3), part.dtype)
    model = nnx.Sequential(make(2, 3), norm, nnx.tanh, make(3, 1))
    if not train:
        model.eval()
    return model


@pytest.mark.parametrize("kind", [jnp.float32, jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("settings", [{}, {"use_scale": False}, {"use_bias": False}, {"use_scale": False, "use_bias": False}], ids=str)
def test_batch_normalisation(kind, settings):
    model = normalised(kind, **settings)
    network, _, weights = read_and_compare(model)
    norm, first = model.layers[1], model.layers[0]
    exact = lambda part, default: [default] * 3 if part is None else [Fraction(float(x)) for x in part[...].astype(kind)]  # noqa: E731
    gain, shift, mean, var = exact(norm.scale, 1), exact(norm.bias, 0), exact(norm.mean, 0), exact(norm.var, 0)
    scale = [g * Fraction(1 / sqrt(v + Fraction(float(jnp.asarray(1e-3, kind))))) for g, v in zip(gain, var, strict=True)]
    bias = tuple((b - m) * s + t for b, m, s, t in zip(exact(first.bias, 0), mean, scale, shift, strict=True))
    assert (network.bias, weights.layers[0].b) == ("trainable", bias)
    assert weights.layers[0].W[0] == tuple(Fraction(float(w)) * s for w, s in zip(first.kernel[...][0], scale, strict=True))


def test_batch_normalisation_elsewhere_and_of_linen():
    rngs = nnx.Rngs(0)
    model = nnx.Sequential(
        nnx.BatchNorm(2, rngs=rngs), nnx.Linear(2, 3, rngs=rngs), nnx.tanh, nnx.BatchNorm(3, rngs=rngs), nnx.Linear(3, 1, rngs=rngs)
    )
    model.eval()
    model.layers[3].var[...] = jnp.array([1.0, 2.0, 3.0])
    assert read_and_compare(model)[0].widths == (2, 3, 1)
    model = bound(linen.Sequential([linen.Dense(3), linen.BatchNorm(use_running_average=True), linen.tanh, linen.Dense(1)]))
    statistics = {"mean": jnp.array([1.0, 2.0, 3.0]), "var": jnp.array([0.5, 2.0, 3.0])}
    model = model.clone(parent=None).bind({**model.variables, "batch_stats": {"layers_1": statistics}})
    assert read_and_compare(model)[0].activation == "tanh"


CONSTANTS = {
    "standardised": lambda m, x: m.last(jnp.tanh(m.first((x - jnp.array([1.0, 2.0])) / jnp.array([[2.0, 0.1]])))),
    "numbers": lambda m, x: m.last(jnp.tanh(m.first(2 * x - 0.1))),
    "reflected": lambda m, x: m.last(jnp.tanh(1 - m.first(-x))),
    "inside": lambda m, x: m.last(jnp.sin(30 * m.first(x) + jnp.array([1.0, 2.0, 3.0]))),
    "outputs": lambda m, x: 3 * m.last(jnp.tanh(m.first(x))) + 0.25,
    "one output": lambda m, x: m.last(jnp.tanh(m.first(x)))[:, 0],
    "one output and more": lambda m, x: jax.nn.sigmoid(m.last(jnp.tanh(m.first(x))).squeeze(-1) / 2),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_beside_the_value(name):
    model = applied(CONSTANTS[name])()
    problem, weights, _ = problem_of_model(model, X, Y)
    found = evaluate(problem.architecture, problem.samples, weights, Float64Field()).phi[2]
    assert np.abs(found - np.asarray(model(jnp.asarray(X, jnp.float32))).reshape(-1, 1)).max() < 1e-5


def test_statistics_in_32_bits_beside_weights_in_64():
    with jax.enable_x64(True):
        kind = {"dtype": jnp.float64, "param_dtype": jnp.float64}
        norm = linen.BatchNorm(use_running_average=True, **kind)
        model = linen.Sequential([linen.Dense(3, **kind), norm, linen.tanh, linen.Dense(1, **kind)])
        variables = model.init(jax.random.key(0), jnp.asarray(X))
        statistics = {"mean": jnp.float32([0.1, 2, -3]), "var": jnp.float32([0.3, 2, 7])}
        held = {**variables, "batch_stats": {"layers_1": statistics}}
        network, _, weights = read_and_compare(model.bind(held))
        root = Fraction(float(jax.lax.rsqrt(statistics["var"] + jnp.float32(1e-5))[1]))
        first = Fraction(float(variables["params"]["layers_0"]["kernel"][0, 1]))
    assert network.unit == 2.0**-53
    assert weights.layers[0].W[0][1] == first * root
    assert "is folded into the linear layer beside it" in network.notes[0]


class Constant(nnx.Variable):
    """What is not trained."""


class RandomFeatures(nnx.Module):
    """A network whose first layer was drawn once."""

    def __init__(self):
        self.B, self.c = Constant(jnp.arange(10.0).reshape(2, 5) / 8), Constant(jnp.arange(5.0))
        self.last = nnx.Linear(5, 1, rngs=nnx.Rngs(0))

    def __call__(self, x):
        return self.last(jnp.tanh(x @ self.B[...] + self.c[...]))


def test_constant_matrices_are_frozen_layers():
    model = RandomFeatures()
    problem, weights, notes = problem_of_model(model, X, Y)
    assert (problem.architecture.widths, problem.architecture.N_net) == ((5, 1), 6)
    assert "The first layer is frozen" in notes[0]
    found = evaluate(problem.architecture, problem.samples, weights, Float64Field()).phi[1]
    assert np.abs(found - np.asarray(model(jnp.asarray(X, jnp.float32)))).max() < 1e-5


def test_a_last_softmax():
    rngs = nnx.Rngs(0)
    for function in (nnx.softmax, nnx.log_softmax):
        model = nnx.Sequential(nnx.Linear(2, 3, rngs=rngs), nnx.tanh, nnx.Linear(3, 2, rngs=rngs), function)
        problem = problem_of_model(model, X, ["a", "b", "b", "a"])[0]
        assert (problem.error.name, problem.architecture.output_activation.name) == ("softmax", "identity")


class Compact(linen.Module):
    """An MLP of linen whose last layer is made first."""

    drop: bool = False

    @linen.compact
    def __call__(self, x):
        return linen.Dense(1)(linen.Dropout(0.5, deterministic=not self.drop)(linen.relu(linen.Dense(3)(linen.tanh(linen.Dense(3)(x))))))


def bound(model):
    return model.bind(model.init({"params": jax.random.PRNGKey(0), "dropout": jax.random.PRNGKey(1)}, jnp.zeros((1, 2))))


def test_bound_modules_of_linen():
    model = bound(Compact())
    network, _, weights = read_and_compare(model)
    assert (network.widths, network.activation) == ((2, 3, 3, 1), ("tanh", "relu"))
    report = lp.check_model(model, X, Y, error="mse", search="none")
    assert lp.verify(report.certificate.text).ok
    held = jax.tree.map(np.asarray, model.variables["params"])
    assert weights == problem_of_model([held[f"Dense_{k}"] for k in (2, 1, 0)], X, Y, ["tanh", "relu"])[1]


class Skip(Net):
    """A network with a skip connection."""

    def __call__(self, x):
        z = self.activation(self.first(x))
        return self.last(z + self.first(x))


class Tied(Net):
    """A network that applies a layer twice."""

    def __call__(self, x):
        return self.last(self.first(self.activation(self.first(x))))


class Applied(Net):
    """A network with another call."""

    def __init__(self, call, widths=(2, 3, 1)):
        super().__init__(widths=widths)
        self.call = call

    def __call__(self, x):
        return self.call(self, x)


def applied(call, **options):
    return lambda: Applied(call, **options)


rows = lambda model, x: model.last(jnp.tanh(x @ model.first.kernel[...] + model.first.bias[...][:, None]))  # noqa: E731
REFUSED = {
    "dropout in training": (Net, "that JAX can trace, got: Cannot mutate RngCount|got the step random"),
    "dropout in training of linen": (lambda: bound(Compact(drop=True)), "that JAX can trace, got"),
    "unbound": (Compact, r"must be bound to its weights, got a Compact without any: give model.bind\(variables\)"),
    "gelu": (lambda: net(nnx.gelu), r"got gelu in its approximation by tanh.*approximate=False"),
    "selu": (lambda: net(nnx.selu), "lossproof has, got the step selu after first.kernel and before last.kernel"),
    "elu of another parameter": (lambda: net(lambda z: nnx.elu(z, 0.5)), "got the step elu"),
    "nearly gelu": (lambda: net(lambda z: 0.5 * z * jax.scipy.special.erfc(-z * 0.7071)), "got the step neg after mul after first.kernel"),
    "nearly silu": (lambda: net(lambda z: z * nnx.sigmoid(0 - z)), "got the step mul after sigmoid"),
    "norm": (lambda: nnx.Sequential(nnx.Linear(2, 3, rngs=nnx.Rngs(0)), nnx.LayerNorm(3, rngs=nnx.Rngs(0))), "and before layers.1.scale"),
    "norm of linen": (lambda: bound(linen.Sequential([linen.Dense(3), linen.LayerNorm(), linen.Dense(1)])), "in layers_1 after|on all units"),
    "normalisation in training": (lambda: normalised(jnp.float32, train=True), "that JAX can trace"),
    "statistics of the batch": (lambda: nnx.Sequential(nnx.Linear(2, 3, rngs=nnx.Rngs(0)), lambda z: (z - z.mean(0)) / z.std(0)), "got the step"),
    "skip": (lambda: Skip(), "without skip connections"),
    "tied": (lambda: Tied(widths=(2, 2, 1)), "must not share weights, got first.kernel applied twice"),
    "weight squared": (applied(lambda m, x: m.last(jnp.tanh(x @ m.first.kernel[...] ** 2))), "first.kernel must be applied as it is"),
    "switched off": (applied(lambda m, x: m.last(jnp.tanh(m.first(x) * 0))), "factors other than 0, got 0 in mul after first.kernel"),
    "divided by the value": (applied(lambda m, x: m.last(1 / m.first(x))), "got the step div after first.kernel"),
    "a constant a sample": (applied(lambda m, x: m.last(m.first(x) + jnp.arange(7.0)[:, None])), "got the step"),
    "a layer after one output": (applied(lambda m, x: m.last(x)[:, 0] @ jnp.ones((7, 1)), widths=(2, 2, 1)), "got the step dot_general"),
    "bias a sample": (applied(rows, widths=(2, 7, 1)), "first.bias must be applied as it is"),
    "bias first": (applied(lambda m, x: m.last(jnp.tanh((x + m.first.bias[...]) @ m.first.kernel[...])), widths=(2, 2, 1)), "before the first layer"),
    "two biases": (applied(lambda m, x: m.last(m.first(x) + m.first.bias[...])), "got first.bias applied twice"),
    "bias of another layer": (applied(lambda m, x: m.last(m.first(x)) + m.first.bias[...], widths=(2, 1, 1)), "got first.bias applied twice"),
    "mean of the samples": (applied(lambda m, x: m.last(m.first(x) - m.first(x).mean(0))), "got the step"),
    "gradient cut": (applied(lambda m, x: m.last(jax.lax.stop_gradient(m.first(x)))), "got the step stop_gradient"),
    "two outputs": (applied(lambda m, x: (m.last(m.first(x)), x)), "must return one array, got 2"),
    "not the last": (applied(lambda m, x: (m.last(m.first(x)), x)[1]), "must return its last layer"),
    "another precision": (applied(lambda m, x: m.last(m.first(x).astype(jnp.float16))), "got the step convert_element_type after first.kernel"),
    "no layer": (lambda: nnx.Dropout(0.5, deterministic=True, rngs=nnx.Rngs(0)), "must be floats of one type, got none|uint32"),
    "a power that is none": (lambda: net(lambda z: 1 / z), "got the step"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    check_refusal(*REFUSED[name], X, Y)


def test_a_model_is_not_changed():
    model = net()
    before = jax.tree.leaves(nnx.state(model))
    read_and_compare(model)
    assert all((old == new).all() for old, new in zip(before, jax.tree.leaves(nnx.state(model)), strict=True))
