"""ONNX graphs that are MLPs are read exactly and compared with the reference evaluator; others are refused by node."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest
from cases.model_cases import X, Y, check_refusal, problem_of_model, read_and_compare

import lossproof as lp
from lossproof.certificates.notes import assumed_notes

pytest.importorskip("onnx")
from cases.onnx_cases import array, graph, two_layers

ACTIVATIONS = {
    "Tanh": ("tanh", {}),
    "Relu": ("relu", {}),
    "Sigmoid": ("sigmoid", {}),
    "Softplus": ("softplus", {}),
    "Softsign": ("softsign", {}),
    "Elu": ("elu", {}),
    "Gelu": ("gelu", {}),
    "Mish": ("mish", {}),
    "Sin": ("sin", {}),
    "Erf": ("erf", {}),
    "Atan": ("arctan", {}),
    "LeakyRelu": ("leaky-relu:1/4", {"alpha": 0.25}),
}


@pytest.mark.parametrize("op", ACTIVATIONS)
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_graphs_are_read_exactly(op, kind):
    if kind is np.float64 and op in ("Erf", "Gelu"):
        pytest.skip("the reference evaluator computes erf in single precision")
    name, settings = ACTIVATIONS[op]
    model, parts = two_layers(op, settings, kind=kind)
    network, _, weights = read_and_compare(model)
    assert (network.widths, network.activation, network.output_activation, network.bias) == ((2, 3, 1), name, "identity", "trainable")
    assert tuple(tuple(Fraction(float(x)) for x in row) for row in parts["W"].T) == weights.layers[0].W
    assert weights.layers[1].b == (Fraction(float(parts["c"][0])),)


def test_the_default_slope_of_leaky_relu_is_a_single_float():
    assert read_and_compare(two_layers("LeakyRelu")[0])[0].activation == f"leaky-relu:{Fraction(float(np.float32(0.01)))}"


def test_what_changes_nothing_is_passed_over():
    parts = {"shape": np.array([-1, 1]), "W": array(2, 1), "axes": np.array([1])}
    nodes = [("Identity", (), {}), ("Flatten", (), {}), ("MatMul", ("W",), {}), ("Dropout", (), {}), ("Reshape", ("shape",), {})]
    network = read_and_compare(graph(*nodes, **parts))[0]
    assert (network.widths, network.bias) == ((2, 1), "none")
    assert read_and_compare(graph(("MatMul", ("W",), {}), ("Squeeze", ("axes",), {}), **parts))[0].widths == (2, 1)


def test_layers_that_differ_are_read_as_they_are():
    parts = {"W": array(2, 2), "U": array(2, 3), "b": array(3), "V": array(3, 1)}
    nodes = [("MatMul", ("W",), {}), ("Tanh", (), {}), ("Gemm", ("U", "b"), {}), ("Relu", (), {}), ("MatMul", ("V",), {})]
    network = read_and_compare(graph(*nodes, **parts))[0]
    assert (network.activation, network.bias) == (("tanh", "relu"), ("none", "trainable", "none"))


def test_factors_of_gemm_are_multiplied_in():
    parts = {"W": array(2, 1), "b": array(1)}
    _, _, weights = read_and_compare(graph(("Gemm", ("W", "b"), {"alpha": 0.5, "beta": 3.0}), **parts))
    assert tuple((Fraction(float(x)) / 2,) for x in parts["W"].ravel()) == weights.layers[0].W
    assert weights.layers[0].b == (3 * Fraction(float(parts["b"][0])),)


def test_scalings_are_folded_exactly():
    parts = {"mean": np.float32([3, -7]), "three": np.float32(3), "W": array(2, 3), "b": array(3), "s": array(3), "t": array(1, 3)}
    nodes = [
        ("Sub", ("mean",), {}),
        ("Div", ("three",), {}),
        ("Gemm", ("W", "b"), {}),
        ("Mul", ("s", "*"), {}),
        ("Add", ("t",), {}),
    ]
    problem, weights, notes = problem_of_model(graph(*nodes, outputs=3, **parts), X, np.zeros((4, 3)))
    W, b, s, t = ([[Fraction(float(x)) for x in row] for row in np.atleast_2d(parts[name])] for name in "Wbst")
    assert tuple(tuple(w * y for w, y in zip(row, s[0], strict=True)) for row in W) == weights.layers[0].W
    assert weights.layers[0].b == tuple(b[0][j] * s[0][j] + t[0][j] for j in range(3))
    assert problem.samples.X[1] == (-1, Fraction(8, 3))
    assert "are X after Sub 'node0' and Div 'node1', exactly" in notes[0]
    assert "Mul 'node3', Add 'node4' are folded into the linear layers beside them" in notes[1]


def test_batch_normalisation():
    parts = {name: np.abs(array(3)) for name in ("gain", "beta", "mean", "var")}
    model = graph(("Gemm", ("W", "b"), {}), ("BatchNormalization", tuple(parts), {}), outputs=3, W=array(2, 3), b=array(3), **parts)
    assert read_and_compare(model)[0].widths == (2, 3)


def written(*nodes, kind=np.float32, **constants):
    """A network with an activation that is written in several nodes, from the sums ``z`` to the values ``a``."""
    from onnx import helper

    parts = {"W": array(2, 3, kind=kind), "b": array(3, kind=kind), "V": array(3, 1, kind=kind), "c": array(1, kind=kind)}
    model = graph(("Gemm", ("W", "b"), {}), ("Gemm", ("V", "c"), {}), kind=kind, **parts, **constants)
    first, last = (model.graph.node[0], model.graph.node[1])
    first.output[0], last.input[0] = "z", "a"
    inner = [helper.make_node(op, list(given), [out], name=out) for op, given, out in nodes]
    kept = [first, *inner, last]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return model


ROOT = np.float32(np.sqrt(2))
WRITTEN = {
    "silu": ((("Sigmoid", "z", "s"), ("Mul", "sz", "a")), {}),
    "swish:3/2": ((("Mul", "kz", "y"), ("Sigmoid", "y", "s"), ("Mul", "zs", "a")), {"k": np.float32(1.5)}),
    "mish": ((("Softplus", "z", "p"), ("Tanh", "p", "t"), ("Mul", "zt", "a")), {}),
    "gelu": (
        (("Div", "zr", "d"), ("Erf", "d", "e"), ("Add", "eo", "f"), ("Mul", "zf", "g"), ("Mul", "gh", "a")),
        {"r": ROOT, "o": np.float32(1), "h": np.float32(0.5)},
    ),
    "gelu of a half": (
        (("Mul", "hz", "y"), ("Div", "zr", "d"), ("Erf", "d", "e"), ("Add", "oe", "f"), ("Mul", "fy", "a")),
        {"r": ROOT, "o": np.float32(1), "h": np.float32(0.5)},
    ),
    "softsign": ((("Abs", "z", "y"), ("Add", "yo", "d"), ("Div", "zd", "a")), {"o": np.float32(1)}),
    "leaky-relu:1/4": ((("Mul", "zk", "y"), ("Max", "yz", "a")), {"k": np.float32(0.25)}),
    "power:2": ((("Mul", "zz", "a"),), {}),
    "power:3": ((("Pow", "zk", "a"),), {"k": np.float32(3)}),
    "relu": ((("Max", "zo", "a"),), {"o": np.float32(0)}),
    "hard-tanh": ((("Clip", "zlh", "a"),), {"l": np.float32(-1), "h": np.float32(1)}),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_activations_written_in_several_nodes(name):
    nodes, constants = WRITTEN[name]
    network, _, _ = read_and_compare(written(*nodes, **constants))
    assert network.activation == name.split(" ")[0]


NEARLY = {
    "gelu with another root": ((("Div", "zr", "d"), ("Erf", "d", "e"), ("Add", "eo", "f"), ("Mul", "zf", "g"), ("Mul", "gh", "a")), 1.4142),
    "a slope above 1": ((("Mul", "zr", "y"), ("Max", "zy", "a")), 1.5),
    "sigmoid times another": ((("Sigmoid", "z", "s"), ("Mul", "ss", "a")), 1.0),
    "a power that is not whole": ((("Pow", "zr", "a"),), 2.5),
}  # fmt: skip


@pytest.mark.parametrize("name", NEARLY)
def test_what_is_nearly_an_activation(name):
    nodes, r = NEARLY[name]
    constants = {"r": np.float32(r), "o": np.float32(1), "h": np.float32(0.5)}
    check_refusal(lambda: written(*nodes, **constants), "got (the node )?(Mul|Max|Clip|Pow) ", X, Y)


def test_shapes_and_constants_that_are_computed():
    from onnx import helper

    turned = graph(("Gemm", ("W", "b"), {}), W=array(2, 1), b=array(1))
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "first"], ["rows"]),
        helper.make_node("Concat", ["rows", "rest"], ["size"], axis=0),
        helper.make_node("Reshape", ["x", "size"], ["r"]),
        helper.make_node("Identity", ["W"], ["U"]),
        helper.make_node("Gemm", ["r", "U", "b"], ["v0"]),
    ]
    other = graph(("Gemm", ("W", "b"), {}), W=array(2, 1), b=array(1), first=np.array([0]), rest=np.array([-1]))
    for model in (turned, other):
        del model.graph.node[:]
    other.graph.node.extend(nodes)
    turned.graph.node.extend([helper.make_node("Identity", ["b"], ["c"]), helper.make_node("Gemm", ["x", "W", "c"], ["v0"])])
    for model in (turned, other):
        assert read_and_compare(model)[0].widths == (2, 1)


def test_equal_constants_that_an_exporter_put_together():
    parts = {"W": array(2, 3), "b": np.zeros(3, np.float32), "one": np.ones(3, np.float32), "V": array(3, 3)}
    nodes = [("Gemm", ("W", "b"), {}), ("BatchNormalization", ("one", "b", "b", "one"), {}), ("Tanh", (), {}), ("Gemm", ("V", "b"), {})]
    assert read_and_compare(graph(*nodes, outputs=3, **parts))[0].widths == (2, 3, 3)
    parts["b"] = array(3)
    check_refusal(lambda: graph(*nodes, outputs=3, **parts), "must not share weights, got the constant 'b' in two nodes", X, Y)


def test_samples_of_several_sizes():
    from onnx import helper

    model = graph(("Flatten", (), {}), ("Gemm", ("W", "b"), {}), W=array(6, 1), b=array(1))
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", 1, [None, 2, 3]))
    assert read_and_compare(model, np.arange(24.0).reshape(4, 6))[0].widths == (6, 1)


@pytest.mark.parametrize(("op", "error"), [("Sigmoid", "bce"), ("Softmax", "cross-entropy"), ("LogSoftmax", None)])
def test_last_functions(op, error):
    n = 1 if op == "Sigmoid" else 3
    model = graph(("Gemm", ("W", "b"), {}), (op, (), {}), outputs=n, W=array(2, n), b=array(n))
    problem, _, _ = problem_of_model(model, X, Y if n == 1 else np.eye(3)[[0, 1, 2, 0]], error=error)
    assert problem.architecture.output_activation.name == "identity"
    assert problem.error.name == ("logistic" if n == 1 else "softmax")


def test_the_report():
    report = lp.check_model(two_layers()[0], X, Y + 0.5, search="none")
    assert [note[:14] for note in assumed_notes(report.notes)] == ["error: squared", "weight decay: "]
    assert lp.verify(report.certificate.text).ok


def test_an_export_of_scikit_learn():
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.neural_network import MLPRegressor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", max_iter=5, random_state=0).fit(X, Y)
        exported = skl2onnx.to_onnx(model, X.astype(np.float32))
    network, _, weights = read_and_compare(exported)
    assert network.widths == (2, 3, 1)
    assert weights.layers[0].W[0][0] == Fraction(float(np.float32(model.coefs_[0][0, 0])))


W, V = array(2, 2), array(2, 1)
REFUSED = {
    "a node of another kind": (lambda: graph(("Cos", (), {})), "got the node Cos 'node0'"),
    "layer norm": (lambda: graph(("LayerNormalization", ("s",), {}), s=array(2)), "LayerNormalization 'node0': each of its outputs"),
    "a skip connection": (lambda: graph(("MatMul", ("W",), {}), ("Add", ("x",), {}), W=W), "got the node Add 'node1'"),
    "samples on the right": (lambda: graph(("MatMul", ("W", "*"), {}), W=W), "got the node MatMul"),
    "transposed samples": (lambda: graph(("Gemm", ("W",), {"transA": 1}), W=W), "got the node Gemm"),
    "no constant": (lambda: graph(("Gemm", ("x",), {})), "got the node Gemm"),
    "a quotient": (lambda: graph(("Div", ("W", "*"), {}), W=np.float32(1)), "got the node Div"),
    "division by zero": (lambda: graph(("Div", ("W",), {}), ("MatMul", ("V",), {}), W=np.float32(0), V=V), "got the node Div"),
    "softmax over samples": (lambda: graph(("MatMul", ("W",), {}), ("Softmax", (), {"axis": 0}), W=W, outputs=2), "got the node Softmax"),
    "gelu by tanh": (lambda: graph(("MatMul", ("W",), {}), ("Gelu", (), {"approximate": "tanh"}), W=W), "got the node Gelu"),
    "another alpha": (lambda: graph(("MatMul", ("W",), {}), ("Elu", (), {"alpha": 2.0}), W=W), "got the node Elu"),
    "tied": (lambda: graph(("MatMul", ("W",), {}), ("Tanh", (), {}), ("MatMul", ("W",), {}), W=W, outputs=2), "got the constant 'W' in two nodes"),
    "whole numbers": (lambda: graph(("MatMul", ("W",), {}), W=np.ones((2, 1), dtype=np.int64)), "floats of one type"),
    "no layers": (lambda: graph(("Tanh", (), {})), "floats of one type"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    check_refusal(*REFUSED[name], X, Y)


def test_labels_beside_probabilities_are_refused():
    model, _ = two_layers()
    model.graph.output.append(model.graph.output[0])
    with pytest.raises(lp.InputError, match="one input and one output, got 1 and 2"):
        lp.check_model(model, X, Y)
