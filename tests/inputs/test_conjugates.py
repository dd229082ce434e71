"""Functions that are one of lossproof's between constants are what they say, and are read so of Keras, ONNX and JAX."""

from __future__ import annotations

import importlib.util
import os
from fractions import Fraction

import numpy as np
import pytest
from cases.model_cases import read_and_compare

import lossproof as lp
from lossproof.certificates.inputs import conjugates
from lossproof.certificates.inputs.layers import Elementwise, Scaling
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.theory.functions.activations import activation_named

os.environ.setdefault("KERAS_BACKEND", "jax" if importlib.util.find_spec("jax") else "torch")
Z = np.linspace(-9, 9, 145)
ROWS = 3 * np.random.default_rng(5).normal(size=(30, 2))
half, two = Fraction(1, 2), Fraction(2)
TWINS = {
    "softplus": (lambda: conjugates.softplus("f"), lambda z: np.logaddexp(0, z)),
    "softplus, 2": (lambda: conjugates.softplus("f", two), lambda z: np.logaddexp(0, 2 * z) / 2),
    "celu": (lambda: conjugates.celu("f"), lambda z: np.maximum(z, 0) + np.minimum(0, np.expm1(z))),
    "celu, 1/2": (lambda: conjugates.celu("f", half), lambda z: np.maximum(z, 0) + np.minimum(0, np.expm1(2 * z) / 2)),
    "relu6": (lambda: conjugates.clipped("f", Fraction(0), Fraction(6)), lambda z: np.clip(z, 0, 6)),
    "from -1 to 1": (lambda: conjugates.clipped("f", Fraction(-1), Fraction(1)), lambda z: np.clip(z, -1, 1)),
    "falling": (lambda: conjugates.clipped("f", Fraction(-2), two, -half, half), lambda z: np.clip((1 - z) / 2, -2, 2)),
    "log-sigmoid": (lambda: conjugates.log_sigmoid("f"), lambda z: -np.logaddexp(0, -z)),
    "hard sigmoid": (lambda: conjugates.hard_sigmoid("f"), lambda z: np.clip(z / 6 + 0.5, 0, 1)),
}


def value(layers, z):
    for layer in layers:
        if isinstance(layer, Scaling):
            z = float(layer.scale[0]) * z + float(layer.shift[0])
            assert not layer.trained
        else:
            assert isinstance(layer, Elementwise)
            z = Float64Field().activate(activation_named(layer.activation), 0, z)
    return z


@pytest.mark.parametrize("name", TWINS)
def test_the_layers_compute_the_function(name):
    layers, twin = TWINS[name]
    assert np.abs(value(layers(), Z) - twin(Z)).max() < 1e-14
    assert len(layers()) == (1 if name in ("softplus", "celu", "from -1 to 1") else 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: conjugates.softplus("f", Fraction(0)),
        lambda: conjugates.celu("f", Fraction(-1)),
        lambda: conjugates.clipped("f", two, two),
        lambda: conjugates.clipped("f", two, half),
        lambda: conjugates.clipped("f", half, two, Fraction(0)),
    ],
)
def test_settings_that_make_no_such_function(make):
    with pytest.raises(lp.InputError, match=r"f must .*: build it anew"):
        make()


@pytest.mark.parametrize(
    ("name", "ours"), [("relu6", "hard-tanh"), ("hard_sigmoid", "hard-tanh"), ("celu", "elu"), ("log_sigmoid", "softplus")]
)
def test_activations_of_keras(name, ours):
    keras = pytest.importorskip("keras")
    layers = keras.layers
    keras.utils.set_random_seed(0)
    assert read_and_compare(keras.Sequential([keras.Input((2,)), layers.Dense(4, name), layers.Dense(1)]), ROWS)[0].activation == ours
    given = keras.Input((2,))
    model = keras.Model(given, layers.Dense(1)(getattr(keras.ops, name)(layers.Dense(4)(given))))
    assert read_and_compare(model, ROWS)[0].activation == ours


def test_settings_of_keras():
    keras = pytest.importorskip("keras")
    layers, given = keras.layers, keras.Input((2,))
    for function in (lambda z: keras.ops.celu(z, 2.0), layers.ReLU(max_value=5.0)):
        assert read_and_compare(keras.Model(given, layers.Dense(1)(function(layers.Dense(4)(given)))), ROWS)[0].activation in (
            "elu",
            "hard-tanh",
        )
    with pytest.raises(lp.InputError, match=r"ReLU must have max_value=None, got 5\.0"):
        read_and_compare(keras.Model(given, layers.Dense(1)(layers.ReLU(max_value=5.0, threshold=1.0)(layers.Dense(4)(given)))), ROWS)


ONNX = {
    "celu": ("Celu", (), {}, "elu"),
    "celu, 2": ("Celu", (), {"alpha": 2.0}, "elu"),
    "hard sigmoid": ("HardSigmoid", (), {}, "hard-tanh"),
    "hard sigmoid of torch": ("HardSigmoid", (), {"alpha": 1 / 6}, "hard-tanh"),
    "relu6": ("Clip", (0, 6), {}, "hard-tanh"),
    "bounds that are no dyadic numbers": ("Clip", (-0.3, 0.7), {}, "hard-tanh"),
    "clip from above": ("Clip", (None, 1), {}, None),
    "clip to nothing": ("Clip", (6, 0), {}, None),
    "hard swish": ("HardSwish", (), {}, None),
}


@pytest.mark.parametrize("name", ONNX)
def test_nodes_of_onnx(name):
    onnx = pytest.importorskip("onnx")
    helper, array = onnx.helper, onnx.numpy_helper.from_array
    op, bounds, settings, ours = ONNX[name]
    generator = np.random.default_rng(1)
    shapes = {"W": (2, 4), "c": (4,), "V": (4, 1), "d": (1,)}
    values = [array(generator.normal(size=shape).astype(np.float32), key) for key, shape in shapes.items()]
    values += [array(np.array(bound, np.float32), f"k{i}") for i, bound in enumerate(bounds) if bound is not None]
    given = ["z", *("" if bound is None else f"k{i}" for i, bound in enumerate(bounds))]
    nodes = [
        helper.make_node("Gemm", ["x", "W", "c"], ["z"]),
        helper.make_node(op, given, ["h"], **settings),
        helper.make_node("Gemm", ["h", "V", "d"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(key, 1, [None, k]) for key, k in (("x", 2), ("y", 1))]
    model = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], values))
    if ours is None:
        with pytest.raises(lp.InputError, match=op):
            read_and_compare(model, ROWS)
    else:
        assert read_and_compare(model, ROWS)[0].activation == ours


@pytest.mark.parametrize(
    ("name", "ours"), [("relu6", "hard-tanh"), ("hard_sigmoid", "hard-tanh"), ("celu", "elu"), ("log_sigmoid", "softplus")]
)
def test_activations_of_jax(name, ours):
    jax, equinox = pytest.importorskip("jax"), pytest.importorskip("equinox")
    model = equinox.nn.MLP(2, 1, 4, 1, activation=getattr(jax.nn, name), key=jax.random.key(0))
    assert read_and_compare(model, ROWS)[0].activation == ours
