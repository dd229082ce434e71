"""Weights without their network: state_dicts, pytrees and lists, in the order that their names or shapes tell, or refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from cases.model_cases import X, Y, mlp, problem_of_model

import lossproof as lp

generator = np.random.default_rng(0)


def matrix(*shape):
    return generator.normal(size=shape)


def torch_like(*widths, names="layers.{}"):
    return {
        f"{names.format(l)}.{part}": matrix(m, n) if part == "weight" else matrix(m)
        for l, (n, m) in enumerate(pairwise(widths))
        for part in ("weight", "bias")
    }


def exact(W):
    return tuple(tuple(Fraction(float(x)) for x in row) for row in W)


def shuffled(held, names):
    return {key: held[key] for name in names for key in held if key.startswith(name)}


def test_a_state_dict():
    held = torch_like(2, 3, 3, 1)
    problem, weights, notes = problem_of_model(held, X, Y, "tanh")
    assert problem.architecture.widths == (2, 3, 3, 1)
    assert exact(held["layers.0.weight"].T) == weights.layers[0].W
    assert any("layers.0, layers.1, layers.2, in this order, with tanh between" in note for note in notes)


@pytest.mark.parametrize("order", [("layers.0", "layers.1", "layers.2"), ("layers.2", "layers.0", "layers.1")])
def test_numbers_in_names_are_the_order(order):
    held = torch_like(2, 2, 2, 2)
    _, weights, _ = problem_of_model(shuffled(held, order), X, np.eye(2)[[0, 1, 1, 0]], "tanh", "sigmoid")
    assert [layer.W for layer in weights.layers] == [exact(held[f"layers.{l}.weight"].T) for l in range(3)]


def test_ten_comes_after_nine():
    held = torch_like(*[2] * 12)
    _, weights, _ = problem_of_model(dict(sorted(held.items())), X, np.eye(2)[[0, 1, 1, 0]], "tanh")
    assert exact(held["layers.10.weight"].T) == weights.layers[10].W


def test_shapes_are_the_order_where_names_are_none():
    held = {"output.weight": matrix(1, 4), "hidden.weight": matrix(4, 3), "input.weight": matrix(3, 2)}
    _, weights, _ = problem_of_model(held, X, Y, "relu")
    assert exact(held["input.weight"].T) == weights.layers[0].W


@pytest.mark.parametrize(
    "held",
    [
        {"params": {"Dense_0": {"kernel": "A", "bias": "a"}, "Dense_1": {"kernel": "B", "bias": "b"}}},
        {"linear_1": {"w": "B", "b": "b"}, "linear_0": {"w": "A", "b": "a"}},
        [("A", "a"), ("B", "b")],
        [["A", "a"], ["B", "b"]],
        [{"W": "A", "b": "a"}, {"W": "B", "b": "b"}],
        [{"kernel": "A", "bias": "a"}, {"kernel": "B", "bias": "b"}],
    ],
)
def test_pytrees_hold_inputs_times_outputs(held):
    parts = {"A": matrix(2, 3), "a": matrix(3), "B": matrix(3, 1), "b": matrix(1)}

    def filled(tree):
        if isinstance(tree, dict):
            return {key: filled(value) for key, value in tree.items()}
        return parts[tree] if isinstance(tree, str) else type(tree)(filled(entry) for entry in tree)

    _, weights, _ = problem_of_model(filled(held), X, Y, "tanh")
    assert [layer.W for layer in weights.layers] == [exact(parts["A"]), exact(parts["B"])]
    assert weights.layers[1].b == exact([parts["b"]])[0]


def test_a_last_softmax_and_usual_names():
    held = torch_like(2, 3, 2)
    problem, _, _ = problem_of_model(held, X, np.eye(2)[[0, 1, 1, 0]], "logistic", "softmax")
    assert (problem.architecture.activation.name, problem.error.name) == ("sigmoid", "softmax")


def test_half_floats_are_read_exactly():
    held = {"0.weight": matrix(1, 2).astype(np.float16)}
    assert exact(held["0.weight"].T) == problem_of_model(held, X, Y, "tanh")[1].layers[0].W


def test_the_report():
    report = lp.check_model(torch_like(2, 3, 1), X, Y, activation="tanh", error="squared", search="none")
    assert any("No outputs of the network itself were compared" in note for note in report.notes)
    assert lp.verify(report.certificate.text).ok


def test_the_state_dict_of_a_model_of_torch():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    model = mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).bfloat16()
    of_model, of_weights = problem_of_model(model, X, Y), problem_of_model(model.state_dict(), X, Y, "tanh")
    assert of_model[:2] == of_weights[:2]
    tied = mlp(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    tied[2].weight = tied[0].weight
    with pytest.raises(lp.InputError, match=r"must not share weights, got 0.weight and 2.weight"):
        problem_of_model(tied.state_dict(), X, np.eye(2)[[0, 1, 1, 0]], "tanh")
    norm = mlp(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    with pytest.raises(lp.InputError, match=r"got weight, bias, running_mean.* in 1: give the model itself"):
        problem_of_model(norm.state_dict(), X, Y, "tanh")


square = matrix(2, 2)
REFUSED = {
    "no activation": (torch_like(2, 1), None, "must come with its activation, got a dict"),
    "unknown activation": (torch_like(2, 1), "tahn", "did you mean 'tanh'"),
    "empty": ({}, "tanh", "got an empty mapping"),
    "empty list": ([], "tanh", "at least one layer, got none"),
    "names that say nothing": ({"a": matrix(2, 1)}, "tanh", "must have a weight and at most a bias, got a in the mapping"),
    "bias alone": ({"0.bias": matrix(1)}, "tanh", "got bias in 0"),
    "convolution": ({"0.weight": matrix(1, 2, 3, 3)}, "tanh", r"weight of 0 must be a matrix .* got shapes"),
    "bias of another length": ({"0.weight": matrix(1, 2), "0.bias": matrix(3)}, "tanh", "got shapes"),
    "no order fits": ({"a.weight": matrix(3, 2), "b.weight": matrix(1, 4)}, "tanh", "no order of them fits"),
    "numbers that do not fit": ({"0.weight": matrix(3, 2), "1.weight": matrix(1, 4)}, "tanh", "no order of them fits"),
    "whole numbers in an array": ({"0.weight": np.ones((1, 2), dtype=int)}, "tanh", "floats of 16 to 64 bits, got int64"),
    "no numbers": ({"0.weight": "much"}, "tanh", "must be an array of floats, got 'much'"),
    "ragged": ({"0.weight": [[1.0], [1.0, 2.0]]}, "tanh", "must be an array of floats"),
    "shared": ({"0.weight": square, "1.weight": square}, "tanh", "must not share weights"),
    "too few activations": ([(matrix(2, 3), None), (matrix(3, 1), None)], ["tanh", "relu"], "or a list of 1, one for each, got 2"),
    "no pair": ([matrix(2, 1)], "tanh", "entry 1 of the weights must be a pair"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    held, activation, message = REFUSED[name]
    with pytest.raises(lp.InputError, match=message) as caught:
        lp.check_model(held, X, Y, activation=activation)
    assert "\n" not in str(caught.value)


def test_numbers_of_flax_are_no_order():
    """Flax numbers layers as they are made: the outer one first in ``Dense(2)(tanh(Dense(2)(x)))``."""
    outer, inner = {"kernel": matrix(3, 1), "bias": matrix(1)}, {"kernel": matrix(2, 3), "bias": matrix(3)}
    _, weights, notes = problem_of_model({"params": {"Dense_0": outer, "Dense_1": inner}}, X, Y, "tanh")
    assert exact(inner["kernel"]) == weights.layers[0].W
    assert any("params.Dense_1, params.Dense_0, in this order" in note for note in notes)
    squares = {f"Dense_{l}": {"kernel": matrix(2, 2)} for l in range(2)}
    with pytest.raises(lp.InputError, match=r"Dense_0 \(2, 2\), Dense_1 \(2, 2\), of which several orders fit: give a list"):
        lp.check_model(squares, X, Y, activation="tanh")
    linear = {"linear": {"w": matrix(2, 2)}, "linear_1": {"w": matrix(2, 2)}}
    with pytest.raises(lp.InputError, match="several orders fit"):
        lp.check_model(linear, X, Y, activation="tanh")


def test_layers_that_differ_are_read_as_they_are():
    held = {"0.weight": matrix(3, 2), "0.bias": matrix(3), "1.weight": matrix(2, 3), "2.weight": matrix(1, 2), "2.bias": matrix(1)}
    for activation in (["tanh", "logistic"], "tanh, sigmoid"):
        report = lp.check_model(held, X, Y, activation=activation, error="squared", search="none")
        a = report.problem.architecture
        assert (a.hidden_names, a.biases) == (["tanh", "sigmoid"], ("trainable", "none", "trainable"))
        assert any("in this order, with tanh, sigmoid between them" in note for note in report.notes)


def test_modules_of_flax():
    flax = pytest.importorskip("flax")
    pytest.importorskip("flax.nnx")
    import jax

    with pytest.raises(lp.InputError, match=r"got a Dense without any: give model.bind.*, or its parameters, with activation="):
        lp.check_model(flax.linen.Dense(1), X, Y)
    held = flax.core.freeze(flax.linen.Dense(1).init(jax.random.PRNGKey(0), X))
    assert problem_of_model(held, X, Y, "tanh")[0].architecture.widths == (2, 1)
    state = flax.nnx.state(flax.nnx.Linear(2, 1, rngs=flax.nnx.Rngs(0)))
    assert problem_of_model(state, X, Y, "tanh")[0].architecture.widths == (2, 1)


def test_an_order_that_nothing_tells_is_refused_where_the_mapping_has_none():
    from lossproof.certificates.inputs.parameters import read_parameters

    held = {"b.weight": matrix(2, 2), "a.weight": matrix(2, 2)}
    assert read_parameters(held, "tanh", None).widths == (2, 2, 2)
    with pytest.raises(lp.InputError, match="several orders fit"):
        read_parameters(held, "tanh", None, ordered=False)


def test_activations_are_for_weights_alone():
    from sklearn.neural_network import MLPRegressor

    with pytest.raises(lp.InputError, match="must be left out for a model that has its own"):
        lp.check_model(MLPRegressor(max_iter=200, solver="lbfgs").fit(X, Y), X, Y, activation="tanh")


def test_checkpoints_hold_weights_among_other_things():
    held, other = torch_like(2, 3, 1), torch_like(2, 4, 1)
    plain, _, _ = problem_of_model(held, X, Y, "tanh")
    for checkpoint, name in (
        ({"epoch": 3, "net": held, "optimizer": {"state": {}, "param_groups": []}}, "net"),
        ({"ema": other, "state_dict": held, "lr": 0.1}, "state_dict"),
    ):
        problem, _, notes = problem_of_model(checkpoint, X, Y, "tanh")
        assert problem == plain
        assert any(f"without their network, as '{name}' of a checkpoint: its layers" in note for note in notes)
    with pytest.raises(lp.InputError, match="weights of one network, got 'student', 'teacher': give the one"):
        problem_of_model({"student": held, "teacher": other}, X, Y, "tanh")


def test_statistics_among_the_weights():
    held = {
        **torch_like(2, 3, 1),
        "norm.weight": matrix(3),
        "norm.bias": matrix(3),
        "norm.running_mean": matrix(3),
        "norm.running_var": matrix(3),
    }
    with pytest.raises(lp.InputError, match="got weight, bias, running_mean, running_var in norm: give the model itself, into which"):
        problem_of_model(held, X, Y, "tanh")


def test_samples_of_several_sizes_are_rows():
    held = torch_like(6, 3, 1)
    images = np.arange(24.0).reshape(4, 2, 3)
    assert problem_of_model(held, images, Y, "tanh")[0] == problem_of_model(held, images.reshape(4, 6), Y, "tanh")[0]
    with pytest.raises(lp.InputError, match=r"got an array of shape \(4, 2, 3\): write X.reshape\(len\(X\), -1\)"):
        problem_of_model(torch_like(3, 3, 1), images, Y, "tanh")
