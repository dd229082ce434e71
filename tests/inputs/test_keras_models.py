"""Keras models are read exactly with the loss and the l2 penalty that they were compiled with, or refused by layer."""

from __future__ import annotations

import importlib.util
import os
from fractions import Fraction

import numpy as np
import pytest
from cases.model_cases import X, Y, check_refusal, problem_of_model, read_and_compare

import lossproof as lp
from lossproof.certificates.notes import assumed_notes
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gradient

os.environ.setdefault("KERAS_BACKEND", "jax" if importlib.util.find_spec("jax") else "torch")
keras = pytest.importorskip("keras")
layers = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ACTIVATIONS = ["tanh", "relu", "sigmoid", "softplus", "softsign", "elu", "gelu", "silu", "mish", "hard_tanh", "linear"]


def mlp(*inner, **options):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((2,)), *inner], **options)


def two_layers(activation="tanh", n=1, last=None, **options):
    return mlp(layers.Dense(3, activation=activation, **options), layers.Dense(n, activation=last, **options))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_sequential_models(name):
    model = two_layers(name)
    network, _, weights = read_and_compare(model)
    ours = {"hard_tanh": "hard-tanh", "linear": "identity"}.get(name, name)
    assert (network.widths, network.activation, network.output_activation) == ((2, 3, 1), ours, "identity")
    kernel = np.asarray(keras.ops.convert_to_numpy(model.layers[0].kernel))
    assert tuple(tuple(Fraction(float(x)) for x in row) for row in kernel) == weights.layers[0].W


@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_precisions_and_biases(kind):
    network = read_and_compare(mlp(layers.Dense(3, "tanh", use_bias=False, dtype=kind), layers.Dense(1, use_bias=False, dtype=kind)))[0]
    assert (network.bias, network.unit) == ("none", np.finfo(kind).eps / 2)


def test_layers_that_differ_are_read_as_they_are():
    network = read_and_compare(mlp(layers.Dense(2, "tanh"), layers.Dense(2, "relu", use_bias=False), layers.Dense(1)))[0]
    assert (network.activation, network.bias) == (("tanh", "relu"), ("trainable", "none", "trainable"))


def test_functional_models_and_layers_without_effect():
    given = keras.Input((2,))
    value = layers.Dropout(0.5)(layers.Flatten()(given))
    value = layers.Activation("relu")(layers.Dense(3)(value))
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(4, "relu")])
    model = keras.Model(given, layers.Dense(1)(inner(value)))
    assert read_and_compare(model)[0].widths == (2, 3, 4, 1)
    for act, name in ((layers.LeakyReLU(0.25), "leaky-relu:1/4"), (layers.ReLU(), "relu"), (layers.ELU(), "elu")):
        assert read_and_compare(mlp(layers.Dense(3), act, layers.Dense(1)))[0].activation == name


def test_normalisations_are_folded():
    model = mlp(layers.Normalization(), layers.Dense(3), layers.BatchNormalization(), layers.Activation("tanh"), layers.Dense(1))
    model.layers[0].adapt(X + np.array([3, 50]))
    norm = model.layers[2]
    norm.set_weights([np.float32(value) for value in ([1, 2, 3], [0.5, 0, -1], [1, -1, 2], [0.1, 2, 3])])
    network, _, weights = read_and_compare(model, X + np.array([3, 50]))
    assert network.widths == (2, 3, 1)
    kernel = np.asarray(keras.ops.convert_to_numpy(model.layers[1].kernel), dtype=float)
    r = 1 / np.sqrt(np.float32([0.1, 2, 3]).astype(float) + norm.epsilon)
    assert np.allclose(np.array(weights.layers[0].W, dtype=float), kernel * r * [1, 2, 3], rtol=1e-12)
    problem, _, notes = problem_of_model(model, X, Y)
    scaled = keras.ops.convert_to_numpy(model.layers[0](X.astype("float32")))
    assert np.allclose(np.array(problem.samples.X, dtype=float), scaled, rtol=1e-5)
    assert any(
        "are X after 'normalization" in note and "exactly in rational numbers, roots that are not rational rounded." in note
        for note in notes
    )
    assert any("is folded into the linear layer beside it" in note for note in notes)


def test_a_penalty_beside_a_scale_of_the_outputs():
    model = two_layers("tanh", 1, "tanh", kernel_regularizer=keras.regularizers.L2(0.25))
    model.add(layers.Rescaling(4.0, 1.0))
    problem, _, notes = problem_of_model(compiled(model, "mse"), X, Y)
    assert problem.decay.layers == ((Fraction(1, 2) / 32, 0),) * 2
    assert problem.samples.Y[1] == (0,)
    assert any("at rates 2·l2/(32), as its loss is 32 times the error in J" in note for note in notes)


LOSSES = {
    "mse": (keras.losses.MeanSquaredError(), None, 2, "squared"),
    "bce": (keras.losses.BinaryCrossentropy(from_logits=True), None, 2, "logistic"),
    "bce of a sigmoid": ("binary_crossentropy", "sigmoid", 1, "logistic"),
    "cross-entropy": (keras.losses.CategoricalCrossentropy(from_logits=True), None, 3, "softmax"),
    "cross-entropy of a softmax": ("categorical_crossentropy", "softmax", 3, "softmax"),
    "sparse": ("sparse_categorical_crossentropy", "softmax", 3, "softmax"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_and_the_penalty_are_those_of_compile(name):
    loss, last, n, error = LOSSES[name]
    model = two_layers("tanh", n, last, kernel_regularizer=keras.regularizers.L2(0.25), bias_regularizer=keras.regularizers.L2(0.125))
    model.compile(loss=loss)
    targets = [0, 1, 2, 0] if name == "sparse" else np.eye(n)[[0, 1, n - 1, 0]] if n > 1 else Y
    problem, _, notes = problem_of_model(model, X, targets)
    factor = {"squared": Fraction(2, n), "logistic": Fraction(1, n), "softmax": 1}[error]
    assert problem.error.name == error
    assert problem.architecture.output_activation.name == "identity"
    assert problem.decay.layers == ((Fraction(1, 2) / factor, Fraction(1, 4) / factor),) * 2
    assert any("l2 regularizers" in note for note in notes)
    assert not any("No error was named" in note for note in notes)


def test_a_last_function_in_a_layer_of_its_own():
    for last in (layers.Activation("sigmoid"), layers.Softmax()):
        n = 3 if isinstance(last, layers.Softmax) else 1
        model = mlp(layers.Dense(3, "tanh"), layers.Dense(n, kernel_regularizer=keras.regularizers.L2(0.25)), last)
        model.compile(loss="binary_crossentropy" if n == 1 else "categorical_crossentropy")
        problem, _, _ = problem_of_model(model, X, Y if n == 1 else np.eye(3)[[0, 1, 2, 0]])
        assert problem.decay.layers == ((0, 0), (Fraction(1, 2), 0))
        assert problem.error.name == ("logistic" if n == 1 else "softmax")


def test_the_gradient_is_that_of_keras():
    """Central differences of the number that Keras minimises, in single precision."""
    model = two_layers("tanh", 2, kernel_regularizer=keras.regularizers.L2(0.25))
    model.compile(loss="mse")
    targets = np.eye(2)[[0, 1, 1, 0]]
    problem, weights, _ = problem_of_model(model, X, targets)
    found = gradient(problem, evaluate(problem.architecture, problem.samples, weights, Float64Field()))

    def number(step):
        kernel = np.asarray(keras.ops.convert_to_numpy(model.layers[0].kernel)).copy()
        moved = kernel + np.float32([[step, 0, 0], [0, 0, 0]])
        model.layers[0].kernel.assign(moved)
        value = model.evaluate(X.astype(np.float32), targets.astype(np.float32), verbose=0)
        model.layers[0].kernel.assign(kernel)
        return float(value)

    slope = (number(0.03125) - number(-0.03125)) / 0.0625
    assert slope == pytest.approx(found[0], abs=2e-3)


def test_another_error_may_be_named():
    model = two_layers()
    model.compile(loss="huber")
    assert problem_of_model(model, X, Y, error="smooth-l1")[0].error.family == "smooth-l1"


def test_a_loss_given_as_its_function_is_known():
    losses = keras.losses
    for loss, last, error in ((losses.mean_squared_error, None, "squared"), (losses.binary_crossentropy, "sigmoid", "logistic")):
        assert problem_of_model(compiled(two_layers(last=last), loss), X, Y)[0].error.name == error
    sparse = compiled(two_layers(n=3, last="softmax"), losses.sparse_categorical_crossentropy)
    assert problem_of_model(sparse, X, [0, 1, 2, 0])[0].samples.Y[2] == (0, 0, 1)


def test_the_report_and_the_model_stays_as_it_was():
    model = two_layers()
    before = [np.asarray(w).copy() for w in model.get_weights()]
    report = lp.check_model(model, X, Y + 0.5, search="none")
    assert assumed_notes(report.notes) == ("error: squared (assumed: the model does not say; name it with error=)",)
    assert lp.verify(report.certificate.text).ok
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))


class OwnDense(layers.Dense):
    """A layer that may compute something else."""


class OwnModel(keras.Model):
    """A model that may compute something else."""


def branches():
    given = keras.Input((2,))
    value = layers.Dense(2)(given)
    return keras.Model(given, layers.Dense(1)(layers.Add()([value, given])))


def shared():
    layer = layers.Dense(2, activation="tanh")
    return mlp(layer, layers.Activation("linear"), keras.Sequential([keras.Input((2,)), layer]))


def compiled(model, loss):
    model.compile(loss=loss)
    return model


def frozen(model, layer=0):
    model.layers[layer].trainable = False
    return model


def weighted(model):
    model.compile(loss="mse", loss_weights=[2.0])
    return model


REFUSED = {
    "not built": (lambda: keras.Sequential([layers.Dense(1)]), "must be built"),
    "subclass of a layer": (lambda: mlp(OwnDense(1)), "got a OwnDense named"),
    "subclass of Model": (OwnModel, "must be built|Sequential or functional"),
    "skip connection": (branches, "got a Add named 'add.*an MLP has no skip connections"),
    "layer norm": (lambda: mlp(layers.Dense(2), layers.LayerNormalization()), "got a LayerNormalization named .* depends on all units"),
    "shared": (shared, "must not share weights"),
    "folded penalty": (
        lambda: compiled(mlp(layers.Dense(2, kernel_regularizer="l2"), layers.BatchNormalization(), layers.Dense(1)), "mse"),
        "got weights that 'batch_norm.*' is folded into: give weight_decay=",
    ),
    "weighted loss": (lambda: weighted(two_layers(kernel_regularizer="l2")), "got loss_weights from compile"),
    "normalised frozen layer": (
        lambda: frozen(mlp(layers.Dense(2), layers.BatchNormalization(), layers.Dense(1))),
        "beside a frozen layer must be frozen, got 'batch_norm.*' beside 'dense",
    ),
    "constrained": (lambda: mlp(layers.Dense(1, kernel_constraint="non_neg")), "must be a plain Dense layer"),
    "mixed precision": (lambda: mlp(layers.Dense(1, dtype="mixed_float16")), "with float32 in float16"),
    "another activation": (lambda: two_layers("exponential"), "got exponential"),
    "own activation": (lambda: two_layers(lambda z: z), "got <lambda>"),
    "clipped and shifted": (lambda: mlp(layers.Dense(2), layers.ReLU(6.0, threshold=1.0), layers.Dense(1)), "must have max_value=None, got 6.0"),
    "l1": (lambda: compiled(two_layers(kernel_regularizer="l1"), "mse"), "must be an l2 regularizer, got L1"),
    "penalty of no loss": (lambda: two_layers(last="tanh", kernel_regularizer="l2"), "got no loss from compile"),
    "huber": (lambda: compiled(two_layers(), "huber"), "got huber after no function: it is no smooth function; .* and another loss"),
    "sums under a loss of probabilities": (lambda: compiled(two_layers(), "binary_crossentropy"), "got binary_crossentropy without .* compile it with"),
    "probabilities under a loss of sums": (
        lambda: compiled(two_layers(last="sigmoid"), keras.losses.BinaryCrossentropy(from_logits=True)),
        "after sigmoid",
    ),
    "smoothed labels": (
        lambda: compiled(two_layers(last="sigmoid"), keras.losses.BinaryCrossentropy(label_smoothing=0.1)),
        "label_smoothing=0.1: give error='logistic' and targets .*, which is the same",
    ),
    "own loss": (lambda: compiled(two_layers(), lambda y, z: z - y), "got <lambda> after no function"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    check_refusal(*REFUSED[name], X, Y)


def test_frozen_layers_are_constants_of_the_problem():
    normalised = layers.BatchNormalization(trainable=False)
    inner = [
        layers.Dense(3, kernel_regularizer="l2"),
        normalised,
        layers.ReLU(),
        layers.Dense(2, "tanh"),
        layers.Dense(1, kernel_regularizer="l2"),
    ]
    model = compiled(frozen(mlp(*inner)), "mse")
    problem, weights, notes = problem_of_model(model, X, Y)
    assert (problem.architecture.widths, notes[0][:27]) == ((3, 2, 1), "The first layer is frozen a")
    assert [rates[0] > 0 for rates in problem.decay.layers] == [False, True]
    values = evaluate(problem.architecture, problem.samples, weights, Float64Field()).phi[2]
    assert np.abs(values - keras.ops.convert_to_numpy(model(X.astype("float32")))).max() < 1e-6
