"""Modules of torch are read as what they compute and what they train, and compared with their own outputs."""

from __future__ import annotations

import warnings
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from cases.model_cases import X, Y, mlp, plain_mlp, read_and_compare

import lossproof as lp
from lossproof.certificates.inputs import trained_network
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gradient
from lossproof.theory.problem.weights import Weights

torch = pytest.importorskip("torch")
nn = torch.nn

ACTIVATIONS = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softsign": nn.Softsign,
    "softplus": lambda: nn.Softplus(threshold=40),
    "relu": lambda: nn.ReLU(inplace=True),
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "hard-tanh": nn.Hardtanh,
    "identity": nn.Identity,
    "leaky-relu:1/4": lambda: nn.LeakyReLU(0.25),
    f"leaky-relu:{Fraction(0.01)}": nn.LeakyReLU,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("bias", [True, False])
def test_networks_are_read_exactly(name, kind, bias):
    layers = [nn.Linear(2, 4, bias=bias), nn.Linear(4, 3, bias=bias), nn.Linear(3, 2, bias=bias)]
    model = mlp(layers[0], ACTIVATIONS[name](), layers[1], ACTIVATIONS[name](), layers[2]).to(getattr(torch, kind))
    network, problem, weights = read_and_compare(model)
    assert network.widths == (2, 4, 3, 2)
    assert (network.activation, network.output_activation, network.bias) == (name, "identity", "trainable" if bias else "none")
    for layer, module in zip(weights.layers, layers, strict=True):
        transposed = module.weight.detach().double().T.tolist()
        assert [list(row) for row in layer.W] == [[Fraction(x) for x in row] for row in transposed]
        assert layer.b == (tuple(Fraction(x) for x in module.bias.detach().double().tolist()) if bias else (0,) * module.out_features)
    assert problem.architecture.activation.name == name


def test_a_report_on_a_module():
    report = lp.check_model(mlp(nn.Sequential(nn.Linear(2, 2), nn.Tanh()), nn.Linear(2, 1)), X, Y, error="squared", data_name="xor")
    architecture = report.problem.architecture
    assert (architecture.widths, architecture.activation.name, architecture.bias, report.problem.error.name) == (
        (2, 2, 1),
        "tanh",
        "trainable",
        "squared",
    )
    assert lp.verify(report.certificate.text).ok
    classes = mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3))
    assert lp.check_model(classes, X, np.eye(3)[[0, 1, 2, 0]], error="softmax").problem.error.name == "softmax"


def test_what_changes_nothing_is_passed_over():
    for model in (
        mlp(nn.Flatten(), nn.Linear(2, 3), nn.Identity(), nn.Tanh(), nn.Dropout(0.0), nn.Linear(3, 1)),
        mlp(nn.Dropout(0.5), nn.Linear(2, 3), nn.Tanh(), nn.Dropout(0.5, inplace=True), nn.Linear(3, 1), nn.Identity()).eval(),
        mlp(nn.Sequential(nn.Sequential(), nn.Linear(2, 3)), nn.Tanh(), nn.Sequential(nn.Linear(3, 1))),
    ):
        network = read_and_compare(model)[0]
        assert (network.widths, network.activation, network.output_activation) == ((2, 3, 1), "tanh", "identity")
    assert read_and_compare(nn.Linear(2, 1))[0].widths == (2, 1)
    assert read_and_compare(mlp(nn.Linear(2, 1), nn.Sigmoid()))[0].output_activation == "sigmoid"


def test_layers_that_differ_are_read_as_they_are():
    torch.manual_seed(0)
    network = read_and_compare(mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3, bias=False), nn.ReLU(), nn.Linear(3, 1)))[0]
    assert (network.activation, network.bias) == (("tanh", "relu"), ("trainable", "none", "trainable"))
    assert read_and_compare(mlp(nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)))[0].activation == ("identity", "relu")
    report = lp.check_model(
        mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2), nn.GELU(), nn.Linear(2, 1, bias=False)), X, Y, error="squared", search="none"
    )
    assert (report.problem.architecture.hidden_names, report.problem.architecture.biases[-1]) == (["tanh", "gelu"], "none")
    assert lp.verify(report.certificate.text).ok


def test_modules_without_weights_may_appear_twice():
    act = nn.Tanh()
    assert read_and_compare(mlp(nn.Linear(2, 3), act, nn.Linear(3, 3), act, nn.Linear(3, 1)))[0].widths == (2, 3, 3, 1)


def test_weights_in_one_storage_that_do_not_overlap_are_their_own():
    model = plain_mlp()
    nn.utils.vector_to_parameters(nn.utils.parameters_to_vector(model.parameters()), model.parameters())
    read_and_compare(model)
    model[0].weight = nn.Parameter(torch.ones(2, 3).T)
    read_and_compare(model)


def test_a_lazy_module_that_ran_is_a_linear_one():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nn.Sequential(nn.LazyLinear(3), nn.Tanh(), nn.Linear(3, 1))
    model(torch.ones(1, 2))
    assert read_and_compare(model)[0].widths == (2, 3, 1)


def test_reading_leaves_the_model_as_it_was():
    model = mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    read_and_compare(model)
    assert all(module.training for module in model.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    with torch.device("meta"):
        read_and_compare(model)


def test_outputs_are_compared(monkeypatch):
    """Whatever a reader of modules cannot see shows in the outputs."""
    model = plain_mlp()
    right = nn.functional.linear
    monkeypatch.setattr(nn.functional, "linear", lambda given, weight, bias: right(given, weight, bias) + 1e-4)
    with pytest.raises(lp.InputError, match="must compute what its layers say, got output 0 of sample 0"):
        read_and_compare(model)
    monkeypatch.setattr(nn.functional, "linear", lambda given, weight, bias: right(given, weight, bias)[:1])
    with pytest.raises(lp.InputError, match="must give outputs of shape"):
        read_and_compare(model)


def test_a_lower_precision_around_the_model_is_noticed():
    with torch.autocast("cpu", dtype=torch.bfloat16), pytest.raises(lp.InputError, match="must compute what its layers say"):
        read_and_compare(plain_mlp())


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("sizes", [(2, 1), (2, 300, 1), (2, 8, 8, 8, 8, 8, 1)])
@pytest.mark.parametrize("spread", [1, 30])
def test_the_difference_allowed_is_what_rounding_explains(kind, sizes, spread):
    """Honest networks pass, with large inputs and weights too; outputs that are a little off do not."""
    kind = getattr(torch, kind)
    generator = np.random.default_rng(5)
    inputs = generator.normal(size=(20, 2)) * spread
    layers = [module for n, m in pairwise(sizes) for module in (nn.Linear(n, m), nn.Tanh())][:-1]
    model = mlp(*layers).to(kind)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    network, problem, weights = read_and_compare(model, inputs)
    off = 20_000 * network.unit if spread == 1 else 0.5 if network.unit < 1e-6 else 500.0
    other = replace(network, outputs=lambda given: network.outputs(given) + off)
    with pytest.raises(lp.InputError, match="must compute what its layers say"):
        trained_network.require_same_outputs(other, problem, weights)


@pytest.mark.parametrize(("value", "message"), [(1e39, "finite in its own precision"), (10**400, "within the range of doubles")])
def test_samples_beyond_the_range_of_the_model(value, message):
    with pytest.raises(lp.InputError, match=message):
        read_and_compare(plain_mlp(), [[value, 0.0], [1.0, 1.0]])


def test_frozen_layers_are_constants_of_the_problem():
    model = mlp(
        nn.Linear(2, 4), nn.LeakyReLU(0.25), nn.Linear(4, 3, bias=False), nn.ReLU(), nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1)
    ).double()
    model[0].requires_grad_(False)
    model[2].requires_grad_(False)
    model[4].bias.requires_grad_(False)
    report = lp.check_model(model, X, Y, weight_decay=["0", "1", "1/100", "1/50"], error="squared", search="none")
    problem = report.problem
    assert (problem.architecture.widths, problem.architecture.biases) == ((3, 2, 1), ("fixed", "trainable"))
    assert [rates[0] for rates in problem.decay.layers] == [Fraction(1, 100), Fraction(1, 50)]
    assert [note[:18] for note in report.notes[:2]] == ["The first 2 layers", "Frozen biases are "]
    assert lp.verify(report.certificate.text).ok
    loss = ((model(torch.tensor(X)).reshape(-1) - torch.tensor(Y)) ** 2).mean() / 2
    loss = loss + sum(
        rate / 2 * (part**2).sum() for rate, part in ((0.01, model[4].weight), (0.02, model[6].weight), (0.02, model[6].bias))
    )
    loss.backward()
    own = torch.cat([model[4].weight.grad.reshape(-1), model[6].weight.grad.reshape(-1), model[6].bias.grad]).numpy()
    weights = Weights.of(problem.architecture, [(part.weight.detach().T, part.bias) for part in (model[4], model[6])])
    ours = gradient(problem, evaluate(problem.architecture, problem.samples, weights, Float64Field())).ravel()
    assert np.abs(ours - own).max() < 1e-14 < np.abs(own).max()


def test_a_frozen_normalisation_is_folded_into_either_kind_of_layer():
    for frozen in (True, False):
        model = mlp(nn.Linear(2, 3).requires_grad_(not frozen), nn.BatchNorm1d(3).requires_grad_(False), nn.ReLU(), nn.Linear(3, 1)).eval()
        model[1].running_mean += torch.arange(3)
        network, _, _ = read_and_compare(model)
        assert (network.frozen, network.bias) == ((1, ("fixed", "trainable")) if frozen else (0, "trainable"))
