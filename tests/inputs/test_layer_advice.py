"""What is no part of an MLP is refused with its name, its place and what would help in that case; no message tells a user to rewrite it, and no more."""

from __future__ import annotations

import importlib.util
import os
import warnings

import numpy as np
import pytest
from cases.model_cases import X, Y, mlp

import lossproof as lp

os.environ.setdefault("KERAS_BACKEND", "jax" if importlib.util.find_spec("jax") else "torch")
KERNEL, TIMES, CHAIN = "where its kernel covers the whole input", "applies its weights again and again", "an MLP is one chain"
SKIP, UNITS, GIVE = "an MLP has no skip connections", "depends on all units, or a group of them", "give the part of the model that is one"


def refusal(model, message):
    with pytest.raises(lp.InputError) as caught:
        lp.check_model(model, X, Y)
    said = str(caught.value)
    assert message in said
    assert "\n" not in said
    assert "rewrite it as an MLP" not in said
    return said


def torch_layers():
    nn = pytest.importorskip("torch").nn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "Conv1d": (nn.Conv1d(1, 1, 1), KERNEL),
            "ConvTranspose2d": (nn.ConvTranspose2d(1, 1, 1), KERNEL),
            "MaxPool1d": (nn.MaxPool1d(1), "it mixes units of one layer"),
            "GLU": (nn.GLU(), "it mixes units of one layer"),
            "Embedding": (nn.Embedding(2, 3), "a linear layer without bias on rows with a single 1"),
            "LSTM": (nn.LSTM(3, 3), TIMES),
            "GRUCell": (nn.GRUCell(3, 3), TIMES),
            "MultiheadAttention": (nn.MultiheadAttention(3, 1), "multiplies functions of its inputs by each other"),
            "TransformerEncoderLayer": (nn.TransformerEncoderLayer(4, 2), "multiplies functions of its inputs by each other"),
            "Bilinear": (nn.Bilinear(3, 3, 3), "multiplies its inputs by each other"),
            "LayerNorm": (nn.LayerNorm(3), UNITS),
            "GroupNorm": (nn.GroupNorm(1, 3), UNITS),
            "RMSNorm": (nn.RMSNorm(3), UNITS),
            "BatchNorm2d": (nn.BatchNorm2d(3), "normalises other axes than single units"),
            "AlphaDropout": (nn.AlphaDropout(), "in evaluation it changes nothing: leave it out"),
            "PReLU": (nn.PReLU(), "a leaky relu with this slope is read"),
            "Hardswish": (nn.Hardswish(), "lossproof has no such activation, but"),
            "ModuleList": (nn.ModuleList(), "give the module whose forward calls them"),
            "Unflatten": (nn.Unflatten(1, (3, 1)), GIVE),
        }


@pytest.mark.parametrize("name", [
    "Conv1d", "ConvTranspose2d", "MaxPool1d", "GLU", "Embedding", "LSTM", "GRUCell", "MultiheadAttention", "TransformerEncoderLayer", "Bilinear", "LayerNorm",
    "GroupNorm", "RMSNorm", "BatchNorm2d", "AlphaDropout", "PReLU", "Hardswish", "ModuleList", "Unflatten",
])  # fmt: skip
def test_layers_of_torch(name):
    layer, message = torch_layers()[name]
    nn = pytest.importorskip("torch").nn
    said = refusal(mlp(nn.Linear(2, 3), layer, nn.Linear(3, 1)).eval(), message)
    assert f" {name} in it at '1': " in said


def of_torch(call):
    torch = pytest.importorskip("torch")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.first, self.other, self.last = (torch.nn.Linear(m, n) for m, n in ((2, 3), (2, 3), (3, 1)))

        def forward(self, x):
            return call(torch, self, x)

    return Net()


FUNCTIONS = {
    "gate": (lambda t, m, x: m.last(m.first(x) * t.sigmoid(m.other(x))), f"got the module other in it after Linear 'first': {CHAIN}"),
    "product of units": (lambda t, m, x: (lambda h: m.last(h * t.tanh(h)))(m.first(x)), "an MLP has no products of units"),
    "skip": (lambda t, m, x: (lambda h: m.last(h + t.tanh(h)))(m.first(x)), f"the function add in it after tanh: {SKIP}"),
    "cat": (lambda t, m, x: (lambda h: m.last(t.cat([h, t.tanh(h)], 1)))(m.first(x)), SKIP),
    "columns": (
        lambda t, m, x: m.last(t.tanh(m.first(x[:, [1, 0]]))),
        "getitem in it after the samples: each layer of an MLP takes all units",
    ),
    "exp": (lambda t, m, x: m.last(t.exp(m.first(x))), "the function exp in it after Linear 'first': lossproof has no such function"),
    "where": (lambda t, m, x: (lambda h: m.last(t.where(h > 0, h, 0 * h)))(m.first(x)), "lossproof has no such function of single units"),
    "maximum": (lambda t, m, x: m.last(t.maximum(m.first(x), t.zeros(1))), "lossproof reads torch.relu(z), or z.clamp(min=0)"),
    "clamp from above": (lambda t, m, x: m.last(m.first(x).clamp(max=0)), "the function clamp with unusual arguments"),
    "layer norm": (lambda t, m, x: m.last(t.nn.functional.layer_norm(m.first(x), (3,))), UNITS),
    "shape": (
        lambda t, m, x: m.last(m.first(x)) if x.dim() == 2 else x,
        "give torch.export.export(model, (X,)) with a tensor X of samples",
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_torch(name):
    call, message = FUNCTIONS[name]
    refusal(of_torch(call), message)


def test_a_model_that_torch_fx_cannot_trace_is_read_as_a_program():
    torch = pytest.importorskip("torch")
    model = of_torch(lambda t, m, x: m.last(t.tanh(m.first(x if x.dim() == 2 else x[None]))) if x.dim() else x)
    refusal(model, "give torch.export.export(model, (X,))")
    program = torch.export.export(model, (torch.tensor(X, dtype=torch.float32),))
    assert lp.check_model(program, X, Y, error="mse", search="none").problem.architecture.widths == (2, 3, 1)


def test_a_frozen_weight_with_a_trainable_bias():
    nn = pytest.importorskip("torch").nn
    model = mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    model[0].weight.requires_grad_(False)
    refusal(model, "mark both as trainable, as a critical point of all weights is one of the trainable ones alone, or freeze both")


@pytest.mark.parametrize(("layer", "message"), [
    ("Conv1D", KERNEL), ("LayerNormalization", UNITS), ("MultiHeadAttention", "multiplies functions"), ("Lambda", "does not stand in the model"),
    ("UnitNormalization", UNITS), ("PReLU", "a leaky relu with this slope is read"), ("Permute", GIVE),
])  # fmt: skip
def test_layers_of_keras(layer, message):
    layers = pytest.importorskip("keras").layers
    keras = pytest.importorskip("keras")
    made = {"Lambda": lambda: layers.Lambda(lambda z: z), "Permute": lambda: layers.Permute((1,))}
    given = keras.Input((2, 1) if layer in ("Conv1D", "MultiHeadAttention") else (2,))
    if layer == "Conv1D":
        value = layers.Flatten()(layers.Conv1D(2, 1)(given))
    elif layer == "MultiHeadAttention":
        value = layers.Flatten()(layers.MultiHeadAttention(1, 1)(given, given))
    else:
        value = made.get(layer, getattr(layers, layer))()(layers.Dense(3)(given))
    refusal(keras.Model(given, layers.Dense(1)(value)), message)


@pytest.mark.parametrize(("op", "message"), [
    ("Conv", KERNEL), ("LSTM", TIMES), ("LayerNormalization", UNITS), ("QuantizeLinear", "rounds between layers"), ("MaxPool", "mixes units"),
    ("HardSwish", GIVE), ("Concat", SKIP),
])  # fmt: skip
def test_nodes_of_onnx(op, message):
    helper = pytest.importorskip("onnx").helper
    numpy_helper = pytest.importorskip("onnx").numpy_helper
    nodes = [helper.make_node("Gemm", ["x", "W"], ["z"]), helper.make_node(op, ["z"], ["h"], axis=1) if op == "Concat" else helper.make_node(op, ["z"], ["h"]),
             helper.make_node("Gemm", ["h", "V"], ["y"])]  # fmt: skip
    values = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in (("W", (2, 3)), ("V", (3, 1)))]
    ends = [helper.make_tensor_value_info(name, 1, [None, n]) for name, n in (("x", 2), ("y", 1))]
    refusal(helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], values)), message)


@pytest.mark.parametrize("kind", ["RandomForestRegressor", "SVC", "PoissonRegressor", "KMeans", "LinearRegression", "LogisticRegression"])
def test_estimators_of_scikit_learn_that_are_no_networks(kind):
    from sklearn import cluster, ensemble, linear_model, svm

    home = next(home for home in (cluster, ensemble, linear_model, svm) if hasattr(home, kind))
    said = refusal(getattr(home, kind)(), f"got {'an' if kind[0] in 'AEIO' else 'a'} {kind}: ")
    linear = kind.startswith("L")
    assert ("it has no hidden layer: check_architecture" if linear else "MLPRegressor and MLPClassifier are read") in said
    assert ("weights=" in said) == linear


def of_flax(name):
    jax, nnx = pytest.importorskip("jax"), pytest.importorskip("flax.nnx")
    jnp, rngs = jax.numpy, nnx.Rngs(0)
    layers = {
        "convolution": lambda: nnx.Conv(1, 1, (2,), rngs=rngs), "embedding": lambda: nnx.Embed(3, 3, rngs=rngs), "norm": lambda: nnx.LayerNorm(3, rngs=rngs),
        "attention": lambda: nnx.MultiHeadAttention(1, 3, rngs=rngs), "slope": nnx.PReLU,
    }  # fmt: skip
    calls = {
        "convolution": lambda m, x: m.last(m.first(m.part(x[:, :, None])[:, :, 0])),
        "embedding": lambda m, x: m.last(m.part((x[:, 0] > 0).astype(int))),
        "norm": lambda m, x: m.last(m.part(m.first(x))),
        "attention": lambda m, x: m.last(m.part(m.first(x)[:, None], decode=False)[:, 0]),
        "slope": lambda m, x: m.last(m.part(m.first(x))),
        "skip": lambda m, x: (lambda h: m.last(h + jnp.tanh(h)))(m.first(x)),
        "exp": lambda m, x: m.last(jnp.exp(m.first(x))),
        "signs": lambda m, x: (lambda h: m.last(jnp.where(h > 0, h, h / 2)))(m.first(x)),
        "columns": lambda m, x: m.last(m.first(x[:, ::-1])),
        "value": lambda m, x: m.last(m.first(x)) if x.sum() > 0 else x,
    }

    class Net(nnx.Module):
        def __init__(self):
            self.first, self.last = nnx.Linear(2, 3, rngs=rngs), nnx.Linear(3, 1, rngs=rngs)
            self.part = layers[name]() if name in layers else None

        def __call__(self, x):
            return calls[name](self, x)

    return Net()


@pytest.mark.parametrize(("name", "message"), [
    ("convolution", KERNEL), ("embedding", "rows with a single 1"), ("norm", UNITS), ("attention", "multiplies functions of its inputs"),
    ("slope", "a leaky relu with this slope is read"), ("skip", "an MLP is a chain, without skip connections"),
    ("exp", "the step exp after first.kernel and before last.kernel: lossproof has no such function"), ("signs", "such as jax.nn.relu"),
    ("columns", "choose and order columns of X first"), ("value", "must be a function of samples that JAX can trace"),
])  # fmt: skip
def test_steps_of_flax(name, message):
    refusal(of_flax(name), message)
