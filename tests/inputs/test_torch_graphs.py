"""Modules of a user are traced by torch.fx and read as what they compute; batch normalisation is folded exactly."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
from cases.model_cases import X, Y, mlp, problem_of_model, read_and_compare

import lossproof as lp
from lossproof.certificates.notes import assumed_notes

torch = pytest.importorskip("torch")
nn = torch.nn
functional = nn.functional


class Net(nn.Module):
    """An MLP as users write it; ``steps`` are what its forward pass does between and after the layers."""

    between: ClassVar = staticmethod(torch.tanh)
    after: ClassVar = staticmethod(lambda z: z)

    def __init__(self, n0=2, n1=3, n2=1, **options):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(n0, n1, **options))
        self.head = nn.Linear(n1, n2, **options)

    def forward(self, x):
        return self.after(self.head(self.between(self.body(x))))


def net(between=torch.tanh, after=lambda z: z, **options):
    kind = type("Net", (Net,), {"between": staticmethod(between), "after": staticmethod(after)})
    return kind(**options)


BETWEEN = {
    "torch.relu": (torch.relu, "relu"),
    "F.relu in place": (lambda z: functional.relu(z, inplace=True), "relu"),
    "method": (lambda z: z.sigmoid(), "sigmoid"),
    "F.silu": (functional.silu, "silu"),
    "F.gelu": (functional.gelu, "gelu"),
    "F.leaky_relu": (lambda z: functional.leaky_relu(z, 0.25), "leaky-relu:1/4"),
    "F.leaky_relu by name": (lambda z: functional.leaky_relu(z, negative_slope=0.25), "leaky-relu:1/4"),
    "F.softplus": (lambda z: functional.softplus(z, threshold=40), "softplus"),
    "F.hardtanh": (functional.hardtanh, "hard-tanh"),
    "sin": (torch.sin, "sin"),
    "erf": (torch.erf, "erf"),
    "atan": (torch.atan, "arctan"),
    "square": (torch.square, "power:2"),
    "power": (lambda z: z**3, "power:3"),
    "dropout": (lambda z: torch.tanh(functional.dropout(z, 0.5, training=False)), "tanh"),
    "flatten": (lambda z: torch.tanh(torch.flatten(z, 1)), "tanh"),
    "view": (lambda z: torch.tanh(z.view(z.size(0), -1)), "tanh"),
    "shape": (lambda z: torch.tanh(z.reshape(z.shape[0], -1)), "tanh"),
    "nothing": (lambda z: z, "identity"),
}


@pytest.mark.parametrize("name", BETWEEN)
def test_functions_between_layers(name):
    function, activation = BETWEEN[name]
    network, _, weights = read_and_compare(net(function))
    assert (network.widths, network.activation, network.output_activation) == ((2, 3, 1), activation, "identity")
    assert len(weights.layers) == 2


def test_modules_that_hold_others():
    class Block(nn.Module):
        def __init__(self, n, m):
            super().__init__()
            self.linear, self.act = nn.Linear(n, m), nn.Tanh()

        def forward(self, x):
            return self.act(self.linear(x))

    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks, self.last = nn.ModuleList([Block(2, 3), Block(3, 3)]), nn.Linear(3, 1)

        def forward(self, x):
            for block in self.blocks:
                x = block(x)
            return self.last(x).squeeze(-1)

    network, problem, _ = read_and_compare(Deep())
    assert network.widths == (2, 3, 3, 1)
    assert read_and_compare(nn.Sequential(Block(2, 4), nn.Sequential(Block(4, 2)), nn.Linear(2, 1)))[0].widths == (2, 4, 2, 1)
    assert read_and_compare(torch.fx.symbolic_trace(net()))[0].widths == (2, 3, 1)
    assert problem.architecture.activation.name == "tanh"


def test_parameters_used_by_functions():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.W, self.b = nn.Parameter(torch.randn(3, 2)), nn.Parameter(torch.randn(3))
            self.V = nn.Parameter(torch.randn(1, 3))
            self.c = nn.Parameter(torch.randn(1))

        def forward(self, x):
            return functional.linear(torch.tanh(functional.linear(x, self.W, bias=self.b)), self.V, self.c)

    model = Plain()
    _, _, weights = read_and_compare(model)
    assert [list(row) for row in weights.layers[0].W] == [[Fraction(x) for x in row] for row in model.W.T.tolist()]


class SameLinear(nn.Linear):
    """A Linear under another name."""


class Tanh(nn.Module):
    """A module that is called like another one, and changes nothing."""

    def forward(self, given):
        return given


def test_what_a_module_computes_counts_and_not_its_name():
    assert read_and_compare(mlp(SameLinear(2, 1)))[0].widths == (2, 1)
    assert read_and_compare(mlp(nn.Linear(2, 3), Tanh(), nn.Linear(3, 1)))[0].activation == "identity"


class Branching(Net):
    """A module that looks at its values."""

    def forward(self, x):
        return self.head(x) if x.sum() > 0 else -self.head(x)


REFUSED = {
    "skip connection": (lambda: net(lambda z: torch.tanh(z) + z), "got the function add in it after tanh: an MLP has no skip connections"),
    "switched off": (lambda: net(after=lambda z: 0 * z), "factors other than 0, got 0 in mul 'mul'"),
    "divided by 0": (lambda: net(after=lambda z: z / 0), "divide by numbers other than 0, got 0 in truediv 'truediv'"),
    "divided": (lambda: net(after=lambda z: 1 / z), "got the function truediv in it"),
    "scaled probabilities": (lambda: net(after=lambda z: 2 * torch.softmax(z, 1), n2=2), "must be its last layer, got mul 'mul' after it"),
    "a constant for each sample": (lambda: net(after=lambda z: z + torch.ones(4, 1)), "got the function add in it"),
    "sum of all": (lambda: net(after=lambda z: z.sum()), "a sum is read over the units of each sample"),
    "sum of samples": (lambda: net(after=lambda z: z.sum(0)), "a sum is read over the units of each sample"),
    "mean in another type": (lambda: net(after=lambda z: z.mean(1, dtype=torch.float64)), "a mean is read over the units of each sample"),
    "unknown function": (lambda: net(torch.cos), "got the function cos in it"),
    "norm": (lambda: net(lambda z: functional.layer_norm(z, (3,))), "got the function layer_norm in it"),
    "concatenated": (lambda: net(lambda z: torch.cat([z, z], 1)), "got the function cat in it"),
    "several outputs": (lambda: net(after=lambda z: (z, z)), "must return its last layer"),
    "constant": (lambda: net(after=lambda z: 0), "must return its last layer"),
    "looks at values": (Branching, "must be one that torch.fx can trace, got a .*Branching that it cannot"),
    "random": (lambda: net(lambda z: functional.dropout(torch.tanh(z))), "dropout must be off"),
    "unusual gelu": (lambda: net(lambda z: functional.gelu(z, approximate="tanh")), "with approximate='none', got"),
    "softmax of another type": (lambda: net(after=lambda z: functional.softmax(z, 1, dtype=torch.float64)), "the function softmax with unusual"),
    "hook inside": (lambda: hooked(net()), "a forward hook on a Linear"),
}  # fmt: skip


def hooked(model):
    model.head.register_forward_hook(lambda *given: None)
    return model


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    make, message = REFUSED[name]
    with pytest.raises(lp.InputError, match=message) as caught:
        read_and_compare(make())
    assert "\n" not in str(caught.value)


def normalised(n, seed=3, **options):
    """A BatchNorm1d with statistics and parameters that are nothing special."""
    norm, g = nn.BatchNorm1d(n, **options), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part, least in ((norm.running_mean, -5), (norm.running_var, 0.1), (norm.weight, -1), (norm.bias, -1)):
            if part is not None:
                part.copy_(torch.rand(n, generator=g) + least)
    return norm


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("place", ["after", "before", "after an activation"])
def test_batch_normalisation_is_folded_exactly(kind, place):
    layers = [nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)]
    layers.insert({"before": 0, "after": 1, "after an activation": 2}[place], normalised(2 if place == "before" else 3))
    model = mlp(*layers).to(kind).eval()
    for module in model:
        if isinstance(module, nn.BatchNorm1d):
            norm = module
            norm.load_state_dict(normalised(norm.num_features).to(kind).state_dict())
    _, _, weights = read_and_compare(model)
    r = [Fraction(1 / math.sqrt(Fraction(v) + Fraction(norm.eps))) for v in norm.running_var.double().tolist()]
    gain, mean, shift = (
        [Fraction(x) for x in part.tolist()] for part in (norm.weight.double(), norm.running_mean.double(), norm.bias.double())
    )
    linear = model[1 if place == "before" else 0 if place == "after" else 3]
    W = [[Fraction(x) for x in row] for row in linear.weight.double().T.tolist()]
    b = [Fraction(x) for x in linear.bias.double().tolist()]
    found = weights.layers[1 if place == "after an activation" else 0]
    s = [g * x for g, x in zip(gain, r, strict=True)]
    if place == "after":
        assert [list(row) for row in found.W] == [[w * x for w, x in zip(row, s, strict=True)] for row in W]
        assert list(found.b) == [(x - m) * y + t for x, m, y, t in zip(b, mean, s, shift, strict=True)]
    else:
        assert [list(row) for row in found.W] == [[w * x for w in row] for row, x in zip(W, s, strict=True)]
        assert list(found.b) == [
            x + sum(row[j] * (t - m * y) for row, t, m, y in zip(W, shift, mean, s, strict=True)) for j, x in enumerate(b)
        ]


def test_normalisations_one_after_another():
    for layers in ((normalised(2), normalised(2, 4), nn.Linear(2, 1)), (nn.Linear(2, 3), normalised(3), normalised(3, 5))):
        read_and_compare(
            mlp(
                *layers,
            )
            .double()
            .eval()
        )


def test_batch_normalisation_makes_up_for_a_missing_bias():
    model = mlp(nn.Linear(2, 3, bias=False), nn.Tanh(), nn.Linear(3, 1))
    model.insert(1, normalised(3))
    problem, _, notes = problem_of_model(model.eval(), X, Y)
    assert problem.architecture.bias == "trainable"
    assert any("BatchNorm1d '1' is folded into the linear layer beside it" in note for note in notes)


def test_large_means_that_cancel_do_not_look_like_another_function():
    model = mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    model.insert(1, normalised(3))
    with torch.no_grad():
        model[0].bias.add_(1000)
        model[1].running_mean.add_(1005)
        model[1].running_var.mul_(1e-4)
    read_and_compare(model.eval())


LAST = {
    "sigmoid": (nn.Sigmoid(), "logistic", 1),
    "softmax": (nn.Softmax(dim=1), "softmax", 3),
    "softmax, named": (nn.Softmax(dim=-1), "cross-entropy", 3),
    "log-softmax": (nn.LogSoftmax(dim=1), "nll", 3),
}


@pytest.mark.parametrize("name", LAST)
@pytest.mark.parametrize("kind", [torch.float16, torch.float32, torch.float64])
def test_a_last_function_is_not_applied_twice(name, kind):
    last, error, n = LAST[name]
    with_it = mlp(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, n), last).to(kind)
    targets = np.eye(n)[[0, 1, 1, 0]] if n > 1 else Y
    problem, weights, _ = problem_of_model(with_it, X, targets, error=error)
    without, same, _ = problem_of_model(with_it[:3], X, targets, error="logistic" if n == 1 else "softmax")
    assert problem == without
    assert weights == same
    assert problem.architecture.output_activation.name == "identity"


def test_a_last_sigmoid_under_the_squared_error_stays():
    model = mlp(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid())
    problem, _, notes = problem_of_model(model, X, Y, error="mse")
    assert (problem.architecture.output_activation.name, problem.error.name) == ("sigmoid", "squared")
    assert not assumed_notes(notes)[0].startswith("error")
    with pytest.raises(lp.InputError, match="ends in a softmax must be judged by the error softmax, got squared"):
        problem_of_model(mlp(nn.Linear(2, 3), nn.Softmax(1)), X, np.eye(3)[[0, 1, 1, 0]], error="mse")


LOSSES = {
    "mse": (nn.MSELoss(), 3, "MSELoss of torch.* is 2/3 times"),
    "bce": (nn.BCEWithLogitsLoss(), 3, "is 1/3 times"),
    "cross-entropy": (nn.CrossEntropyLoss(), 3, "CrossEntropyLoss of torch.* equals"),
}


@pytest.mark.parametrize("error", LOSSES)
def test_notes_say_how_the_loss_of_torch_relates(error):
    """Decay of an optimizer on the loss of torch is stationary where our problem with the rate of the note is."""
    from lossproof.numerics.fields.float64 import Float64Field
    from lossproof.numerics.network.evaluation import evaluate
    from lossproof.numerics.network.jacobian import gradient

    loss, n, message = LOSSES[error]
    model = mlp(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, n)).double()
    targets = np.eye(n)[[0, 1, 2, 0]]
    factor = {"mse": Fraction(2, n), "bce": Fraction(1, n), "cross-entropy": Fraction(1)}[error]
    problem, weights, notes = problem_of_model(model, X, targets, error=error, weight_decay=Fraction(1, 8) / factor)
    (note,) = [note for note in notes if "of torch" in note]
    assert re.search(message, note)
    found = float(factor) * gradient(problem, evaluate(problem.architecture, problem.samples, weights, Float64Field()))
    loss(model(torch.tensor(X)), torch.tensor(targets)).backward()
    own = [torch.cat([m.weight.grad + m.weight / 8, (m.bias.grad + m.bias / 8)[:, None]], dim=1).ravel() for m in (model[0], model[2])]
    assert np.abs(found - torch.cat(own).detach().numpy()).max() < 1e-15
